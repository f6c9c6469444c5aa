"""What is on the named lists at a moment of the log: what the bundle says, what `list_changed` records changed since,
and what has ended by then.

Lists are compiled into conditions, so a change makes the conditions anew: some ten milliseconds, for a run of changes
as for one. A change is about a name of a list and an entry, known by their hashes; the latest counts. One that has an
end is forgotten then, and the bundle's word counts again. A list called `snooze:RULE:user` or `snooze:RULE:merchant`
holds whom a rule spares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from bonafide.core.fields import ABSENT, FIELDS, WORD_CODE, WORDS
from bonafide.engine.asked import Words, conditions, listed
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.lists import Entry
from bonafide.engine.compiled import Compiled, compile_bundle
from bonafide.engine.features.plan import Layout
from bonafide.engine.ladder.words import SUBJECTS

CHANGES_MAX: Final = 100_000
"""Changes that are remembered; of more, the oldest is forgotten, and the bundle's word counts again."""
_LIST, _ACTION, _ENTRY, _EXPIRES = (FIELDS[name].place for name in ("list", "action", "entry", "expires"))
_ADD: Final = WORD_CODE["add"]
_BEFORE: Final = -1
_NEVER: Final = 2**62
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(list[tuple[int, int, bool, int]]).decode


def snooze_list(rule: str, kind: str) -> str:
    """What the list of those is called whom a rule spares.

    >>> snooze_list("U-DRAIN", "user")
    'snooze:U-DRAIN:user'
    """
    return f"snooze:{rule}:{kind}"


class _Part(NamedTuple):
    """A bundle that reads lists, and what they hold by its own word."""

    bundle: Bundle
    entries: Mapping[str, tuple[Entry, ...]]


def _part(bundle: Bundle) -> _Part:
    entries: dict[str, tuple[Entry, ...]] = dict(bundle.entries)
    for rule in bundle.rules:
        for kind in SUBJECTS:
            spared = tuple(s.entry for s in bundle.snoozes if (s.rule, s.subject) == (rule.id, kind))
            entries[snooze_list(rule.id, kind)] = spared
    return _Part(bundle, entries)


class Lists:
    """The lists of one bundle after the other, as the log's time goes on; and of what is tried beside it."""

    def __init__(self, hash_of: Callable[[str], int]) -> None:
        """hash_of: from a text to the hash that rows have of it."""
        self._hash_of = hash_of
        self._changes: dict[tuple[int, int], tuple[bool, int]] = {}
        """(list, entry) -> whether it was added, and when that ends."""
        self._words: dict[int, str] = {}
        self._is_new = False
        self._since, self._until = _BEFORE, _NEVER
        self._as_of = _BEFORE

    def follow(self, bundle: Bundle) -> None:
        """Read the lists of this bundle from now on, whose own conditions hold all entries; what was changed stays
        changed."""
        self._parts = [_part(one) for one in bundle.parts]
        self._is_new = bool(self._changes)
        self._as_of = _BEFORE
        self._hold(_BEFORE)

    def _hold(self, as_of: int) -> None:
        """Note from when until when what is on the lists as of a moment is on them."""
        ends = [entry.until for entry in self._everything() if entry.until is not None]
        ends += [end for _, end in self._changes.values()]
        self._since = max((end for end in ends if end <= as_of), default=_BEFORE)
        self._until = min((end for end in ends if end > as_of), default=_NEVER)

    @property
    def is_quiet(self) -> bool:
        """Whether the bundle's own conditions hold, whenever that is."""
        return not self._is_new and self._since == _BEFORE and self._until == _NEVER

    @property
    def hold(self) -> tuple[int, int]:
        """Since when and until when what is on the lists is on them: the last moment is not included."""
        return self._since, self._until

    def is_due(self, as_of: int) -> bool:
        """Whether the conditions must be made anew for a moment of the log."""
        return self._is_new or not self._since <= as_of < self._until

    def change(self, row: Sequence[int]) -> None:
        """Take in a `list_changed` record."""
        key = (row[_LIST], row[_ENTRY])
        self._changes.pop(key, None)
        self._changes[key] = (row[_ACTION] == _ADD, _NEVER if row[_EXPIRES] == ABSENT else row[_EXPIRES])
        if len(self._changes) > CHANGES_MAX:
            del self._changes[next(iter(self._changes))]
        self._is_new = True

    def _everything(self) -> Iterator[Entry]:
        for part in self._parts:
            for some in part.entries.values():
                yield from some

    def compiled(self, as_of: int, latest: int, layout: Layout) -> list[Compiled]:
        """The bundle's conditions with what is on the lists as of a moment, then those of what is tried beside it;
        `latest` is the latest time in the log, which is behind it where the event that it is of may not be taken."""
        self._changes = {key: told for key, told in self._changes.items() if latest < told[1]}
        self._is_new = False
        self._as_of = as_of
        self._hold(as_of)
        first, *others = self._parts
        made = [self._compiled(first, as_of, layout)]
        return made + [self._compiled(part, as_of, part.bundle.compiled.features.layout) for part in others]

    @property
    def read(self) -> dict[str, Words]:
        """What is on each list that the bundle reads, as its conditions have it now."""
        return self._read(self._parts[0], self._as_of)

    def _read(self, part: _Part, as_of: int) -> dict[str, Words]:
        changed = self._changed(as_of)
        return {name: self._on(name, some, as_of, changed) for name, some in part.entries.items()}

    def _compiled(self, part: _Part, as_of: int, layout: Layout) -> Compiled:
        bundle, scheme = part.bundle, part.bundle.compiled.scheme
        on = self._read(part, as_of)
        lists = {name: on[name] for name in bundle.lists}
        snoozed: dict[tuple[str, str], Words] = {
            (r.id, kind): on[snooze_list(r.id, kind)] for r in bundle.rules for kind in SUBJECTS
        }  # fmt: skip
        return compile_bundle(
            bundle.features, conditions(bundle.rules, bundle.policy, lists, snoozed), bundle.settings, layout,
            scheme._replace(
                model_inputs=tuple(listed(node, lists) for node in scheme.model_inputs),
                card_inputs=tuple(listed(node, lists) for node in scheme.card_inputs),
                merchant_inputs=tuple(listed(node, lists) for node in scheme.merchant_inputs),
            ),
        )  # fmt: skip

    def _changed(self, as_of: int) -> dict[int, dict[int, bool]]:
        """By list, the entries that were changed and have not ended as of a moment, and whether they were added."""
        found: dict[int, dict[int, bool]] = {}
        for (of, entry), (added, end) in self._changes.items():
            if as_of < end:
                found.setdefault(of, {})[entry] = added
        return found

    def _on(self, name: str, entries: Sequence[Entry], as_of: int, changes: Mapping[int, Mapping[int, bool]]) -> Words:
        """What is on a list as of a moment."""
        static = [one.id for one in entries if one.until is None or as_of < one.until]
        changed = changes.get(self._hash_of(name)) if changes else None
        if not changed:
            return tuple(static)
        hashes = {self._hash_of(text): text for text in static}
        kept: list[str | bool] = [text for hashed, text in hashes.items() if changed.get(hashed, True)]
        new = [self._text_of(entry) for entry, added in changed.items() if added and entry not in hashes]
        return (*kept, *new)  # type: ignore[arg-type]  # hashes stand as whole numbers

    def _text_of(self, entry: int) -> str | int:
        """A word that a field may have, where the hash is one's: words stand in rows by their codes. Else the hash."""
        if not self._words:
            self._words = {self._hash_of(word): word for word in WORDS}
        return self._words.get(entry, entry)

    def save(self, latest: int) -> bytes:
        """What was changed and has not ended by the latest time in the log, as bytes: when what has ended is let go of
        depends on events that were not taken, which a recovery never sees."""
        return _pack([(*key, *told) for key, told in self._changes.items() if latest < told[1]])

    def load(self, saved: bytes) -> None:
        """Put back what `save` gave."""
        self._changes = {(name, entry): (added, end) for name, entry, added, end in _unpack(saved)}
        self._is_new = True
        self._hold(_BEFORE)
