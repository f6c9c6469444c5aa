"""An index of names that finds every name near enough to one asked for, without comparing it with all.

Two names are near by `similarity` = 1 - edits / length of the longer (Levenshtein). A name of n signs may then be
`edits_max(n)` edits away. k edits change at most k single signs and 2k pairs of signs, so that a near name has one of
any k + 1 signs, and one of any 2k + 1 pairs: those are looked up that the fewest names have. Nothing near is passed
over (its twin, which compares with all, is `testing.applications.twin`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import extract

SIMILARITY_MIN: Final = 0.8
Key = TypeVar("Key", bound="str | int")
Gram = tuple[str, int, int]
"""Signs, how many of the same stand before it in the name, and the name's length."""


class Near(NamedTuple, Generic[Key]):
    """A name that was found."""

    key: Key
    similarity: float


def similarity(one: str, other: str) -> float:
    """How alike two folded names are, 0..1; 0 where one of them is empty.

    >>> similarity("abcde", "abXde"), similarity("", "")
    (0.8, 0.0)
    """
    return Levenshtein.normalized_similarity(one, other) if one and other else 0.0


def edits_max(length: int) -> int:
    """The most edits that lead from a name of some length to a near one: e <= (1 - m)(n + e).

    >>> edits_max(3), edits_max(4), edits_max(10)
    (0, 1, 2)
    """
    return int(length * (1 - SIMILARITY_MIN) / SIMILARITY_MIN + 1e-9)


class NameIndex(Generic[Key]):
    """Names by key; one key may have several."""

    def __init__(self) -> None:
        self._names: dict[str, dict[Key, None]] = {}
        self._postings: dict[Gram, list[str]] = {}
        self._lengths: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self._names)

    def add(self, key: Key, name: str) -> None:
        """Take in a folded name; an empty one is nobody's."""
        if not name:
            return
        if name not in self._names:
            self._names[name] = {}
            self._lengths.setdefault(len(name), []).append(name)
            for gram in _grams(name):
                self._postings.setdefault((*gram, len(name)), []).append(name)
        self._names[name][key] = None

    def discard(self, key: Key, name: str) -> None:
        """Let a name of a key go. What is left of it in the index finds nobody."""
        self._names.get(name, {}).pop(key, None)

    def near(self, name: str) -> Iterator[Near[Key]]:
        """Everybody with a name at least SIMILARITY_MIN like this one, in the order of names and keys."""
        if not name:
            return
        scorer = Levenshtein.normalized_similarity
        found = extract(name, self._candidates(name), scorer=scorer, score_cutoff=SIMILARITY_MIN, limit=None)
        for other, likeness, _ in sorted(found):
            yield from (Near(key, likeness) for key in self._names[other])

    def _candidates(self, name: str) -> list[str]:
        edits = edits_max(len(name))
        lengths = range(max(1, len(name) - edits), len(name) + edits + 1)
        ways = [self._rarest(name, size, edits * size + 1, lengths) for size in (1, 2)]
        possible = [way for way in ways if way is not None]
        chosen = min(possible, key=lambda way: sum(map(len, way)))
        return list(dict.fromkeys(name for names in chosen for name in names))

    def _rarest(self, name: str, size: int, wanted: int, lengths: range) -> list[list[str]] | None:
        """The names of the `wanted` grams of a size that the fewest have; None where there are not so many grams."""
        grams = [gram for gram in _grams(name) if len(gram[0]) == size]
        if len(grams) < wanted:
            return None
        cost = {gram: sum(len(self._postings.get((*gram, n), ())) for n in lengths) for gram in grams}
        best = sorted(grams, key=lambda gram: (cost[gram], gram))[:wanted]
        return [self._postings[gram_n] for gram in best for n in lengths if (gram_n := (*gram, n)) in self._postings]


def _grams(name: str) -> list[tuple[str, int]]:
    """Single signs and pairs, each with how many of the same came before it."""
    seen: Counter[str] = Counter()
    found = []
    for gram in (*name, *(name[at : at + 2] for at in range(len(name) - 1))):
        found.append((gram, seen[gram]))
        seen[gram] += 1
    return found
