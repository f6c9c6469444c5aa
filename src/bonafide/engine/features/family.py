"""A family: all features that share a key, what their rows and rings keep, and how each is answered.

Equal measures are kept once, windows are sorted, row offsets are fixed: the kernels only follow numbers. What is kept
is a value of its own (`Kept`), so that other features can be answered from the same rows while an engine runs.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from bonafide.core.fields import COMPLETED_CODE, TYPE_CODE
from bonafide.engine.arena import LINE
from bonafide.engine.features import layout as at
from bonafide.engine.features.spec import Feature, is_label, quantity_of
from bonafide.engine.rules.operations import PLACES

TERM_MS: Final = 400 * 86_400_000
"""How long the first and the last time are kept after a key falls silent, and a payment waits for its status."""

K = TypeVar("K")
_ANSWERS: Final = {
    "count": at.A_COUNT, "sum": at.A_SUM, "mean": at.A_MEAN, "std": at.A_STD, "zscore": at.A_ZSCORE,
    "share": at.A_SHARE, "distinct": at.A_DISTINCT, "entropy": at.A_ENTROPY, "min": at.A_EXTREME,
    "max": at.A_EXTREME, "last": at.A_LAST, "seconds_since_last": at.A_SINCE_LAST,
    "seconds_since_first": at.A_SINCE_FIRST,
}  # fmt: skip
_MEASURES: Final[dict[str, tuple[int, ...]]] = {
    "count": (at.M_COUNT,), "sum": (at.M_SUM,), "mean": (at.M_COUNT, at.M_SUM),
    "std": (at.M_COUNT, at.M_SUM, at.M_SQUARE), "zscore": (at.M_COUNT, at.M_SUM, at.M_SQUARE),
    "share": (at.M_COUNT,), "entropy": (at.M_COUNT,),
}  # fmt: skip
_TOTALS: Final = {
    "min": at.T_SMALLEST, "max": at.T_LARGEST, "last": at.T_LAST,
    "seconds_since_first": at.T_FIRST_TIME, "seconds_since_last": at.T_LAST_TIME,
}  # fmt: skip
_SUM, _DISTINCT, _ENTROPY, _PLAIN = "sum", "distinct", "entropy", "plain"
Operand = tuple[str, int]
"""The part of a row that an operand counts from, and its word there; a plain one is a number of its own."""


class Asked(NamedTuple):
    """A feature, and the numbers that stand for what it names."""

    feature: Feature
    where: int
    """The number of its condition, or -1."""
    place: int
    """Where in an event's row the values stand that it takes, or -1."""
    unit: int
    """By what they are divided."""
    completes: bool
    """Whether it counts payments as they are completed."""

    @property
    def types(self) -> int:
        """The types that it counts, as a mask."""
        codes = [COMPLETED_CODE] if self.completes else [TYPE_CODE[t] for t in self.feature.types]
        return sum(1 << c for c in codes)

    @property
    def how(self) -> int:
        """How its answer is carried: see `carried`."""
        take = self.feature.take
        if is_label(self.feature):
            return at.C_AS_IT_IS
        whole = take in {"count", "distinct"} or (take in {"sum", "min", "max", "last"} and self.unit == 1)
        # Money and moments have no parts worth keeping.
        money = take in {"mean", "std"} and quantity_of(self.feature).unit in {"money", "moment"}
        return at.C_WHOLE if whole or money else at.C_MILLIONTHS


class Kept(NamedTuple):
    """What the rows of one key keep: two families that keep the same can share their state."""

    by: tuple[str, ...]
    derived: bool
    """Whether it is derived events that the key's rows keep."""
    windows: tuple[int, ...]
    bits: tuple[tuple[int, int, int], ...]
    """(types as a mask, number of its where or -1, place that must be present or -1)."""
    ring_bits: int
    measures: tuple[tuple[tuple[int, int, int, int], int], ...]
    raws: tuple[int, ...]
    sets: tuple[tuple[int, int], ...]
    bags: tuple[tuple[int, int], ...]
    extremes: tuple[tuple[int, int, int], ...]
    cursors: tuple[tuple[int, int], ...]
    keeps_all: bool
    """Whether something without a window is kept as long as the key is."""
    keeps_term: bool
    """Whether first and last times are kept for TERM_MS after a key falls silent."""


class Family:
    """What one key keeps, and how each of its features is answered."""

    def __init__(self, kept: Kept, seed: int) -> None:
        self.by = kept.by
        self.derived = kept.derived
        self.seed = seed
        self.windows = list(kept.windows)
        self.bits = {bit: i for i, bit in enumerate(kept.bits)}
        self.ring_bits = kept.ring_bits
        self.measures = dict(kept.measures)
        """(window, or -1 for what is kept without one; bit; kind; place) -> word."""
        self.raws = {place: i for i, place in enumerate(kept.raws)}
        self.sets = {key: i for i, key in enumerate(kept.sets)}
        self.bags = {key: i for i, key in enumerate(kept.bags)}
        self.extremes = {key: i for i, key in enumerate(kept.extremes)}
        self.cursors = {key: i for i, key in enumerate(kept.cursors)}
        self.answers: list[tuple[int, int, int, tuple[Operand, ...], int, int]] = []
        self.carried: dict[int, tuple[int, tuple[int, int, int, tuple[Operand, ...], int, int]]] = {}
        """Number of a carried answer -> how it is carried, and the answer, whose column is that number."""
        self.keeps_all = kept.keeps_all
        self.keeps_term = kept.keeps_term

    @classmethod
    def of(cls, by: tuple[str, ...], seed: int, features: Sequence[Feature]) -> Family:
        """A family with the windows and terms that features need, and nothing measured yet."""
        windows = tuple(sorted({_length(f) for f in features if _has_window(f)}))
        keeps_all, keeps_term = any(map(_needs_all, features)), any(map(_needs_term, features))
        derived = any(f.derived for f in features)
        return cls(Kept(by, derived, windows, (), 0, (), (), (), (), (), (), keeps_all, keeps_term), seed)

    @property
    def kept(self) -> Kept:
        """What the rows keep as things stand."""
        return Kept(
            self.by, self.derived, tuple(self.windows), tuple(self.bits), self.ring_bits,
            tuple(self.measures.items()), tuple(self.raws), tuple(self.sets), tuple(self.bags), tuple(self.extremes),
            tuple(self.cursors), self.keeps_all, self.keeps_term,
        )  # fmt: skip

    @property
    def idle_ms(self) -> int:
        """How far a key's row looks back at most: beyond that it has nothing to say."""
        longest = max([w for w in self.windows if w != at.FOREVER], default=0)
        return at.FOREVER if self.keeps_all else max(longest, TERM_MS if self.keeps_term else 0)

    def answers_without_more(self, asked: Asked) -> bool:
        """Whether the rows already keep everything that a feature needs."""
        feature = asked.feature
        fits = (
            (feature.by, feature.derived) == (self.by, self.derived)
            and (not _has_window(feature) or _length(feature) in self.windows)
            and (self.keeps_all or not _needs_all(feature))
            and (self.keeps_term or not _needs_term(feature))
        )
        if not fits:
            return False
        tried = Family(self.kept, self.seed)
        tried.add(asked, 0)
        return tried.kept == self.kept

    def add(self, asked: Asked, column: int) -> None:
        """Add a feature that answers in `column`."""
        self.answers.append(self._answer(asked, column))

    def carry(self, asked: Asked, number: int) -> None:
        """Add a feature whose answer is carried as number `number`."""
        self.carried[number] = (asked.how, self._answer(asked, number))

    def _answer(self, asked: Asked, column: int) -> tuple[int, int, int, tuple[Operand, ...], int, int]:
        feature = asked.feature
        bit = _number(self.bits, (asked.types, asked.where, asked.place))
        window = self.windows.index(_length(feature)) if _has_window(feature) else -1
        operands = self._operands(feature.take, bit, asked.types, asked.place, window)
        return _ANSWERS[feature.take], column, window, operands, asked.place, asked.unit

    def _operands(self, take: str, bit: int, types: int, place: int, window: int) -> tuple[Operand, ...]:
        kept = [self._keep(window, bit, kind, place) for kind in _MEASURES.get(take, ())]
        if take == "share":
            return (*kept, self._keep(window, _number(self.bits, (types, -1, place)), at.M_COUNT, place))
        if take == "distinct":
            number = _number(self.sets, (self._ring(bit), _number(self.raws, place)))
            return ((_DISTINCT, number * len(self.windows) + window),)
        if take == "entropy":
            number = _number(self.bags, (self._ring(bit), _number(self.raws, place)))
            return (*kept, (_ENTROPY, 2 * (number * len(self.windows) + window)))
        if take in {"min", "max"} and window >= 0:
            sign = 1 if take == "min" else -1
            return ((_PLAIN, _number(self.extremes, (self._ring(bit), _number(self.raws, place), sign))),)
        if take == "seconds_since_first" and window >= 0:
            return ((_PLAIN, _number(self.cursors, (self._ring(bit), window))),)
        if take in _TOTALS:
            # The last of all is also the last in a window, while the window still holds it.
            return (self._keep(-1, bit, _TOTALS[take], place),)
        return tuple(kept)

    def _ring(self, bit: int) -> int:
        """A bit whose events must stand in the ring."""
        self.ring_bits |= 1 << bit
        return bit

    def _keep(self, window: int, bit: int, kind: int, place: int) -> Operand:
        if window >= 0:
            self._ring(bit)
        if kind in {at.M_COUNT, at.T_FIRST_TIME, at.T_LAST_TIME}:
            place = -1
        elif window >= 0:
            _number(self.raws, place)
        key = (window, bit, kind, place)
        if key not in self.measures:
            self.measures[key] = sum(at.WORDS_OF[known] for _, _, known, _ in self.measures)
        return _SUM, self.measures[key]

    def record(self, tape: list[int]) -> list[int]:
        """The family's words in the plan; its tables are appended to `tape`, whose offsets the words hold."""

        def table(rows: Iterable[Sequence[int]]) -> int:
            start = len(tape)
            tape.extend(value for row in rows for value in row)
            return start

        windows, entry, inline, starts = len(self.windows), self._entry, self._inline, self._starts()
        totals = [(bit, kind, place, word) for (w, bit, kind, place), word in self.measures.items() if w < 0]
        types = functools.reduce(operator.or_, (mask for mask, _, _ in self.bits))
        return [
            self.seed, len(self.by), table([[PLACES[b] for b in self.by]]),
            windows, table([(length, *self._measures_of(w, table)) for w, length in enumerate(self.windows)]),
            len(self.bits), table(self.bits), len(self.raws), table([list(self.raws)]),
            len(self.sets), table(self.sets), len(self.bags), table(self.bags),
            len(self.extremes), table(self.extremes), len(self.cursors), table(self.cursors),
            len(totals), table(totals), len(self.answers), table(map(self._answer_row, self.answers)),
            TERM_MS if self.keeps_term else at.FOREVER, self.idle_ms,
            -(-starts[-1] // LINE) * LINE, entry, inline, types, self.ring_bits, _slots(inline * entry),
            len(self.carried), table([self._answer_row(told) for _, told in self.carried.values()]), *starts[:-1],
        ]  # fmt: skip

    def _measures_of(self, window: int, table: Callable[[Iterable[Sequence[int]]], int]) -> tuple[int, int]:
        """How many sums a window has, and where they are told."""
        rows = [
            (bit, kind, self.raws.get(place, -1), word)
            for (w, bit, kind, place), word in self.measures.items() if w == window
        ]  # fmt: skip
        return len(rows), table(rows)

    def carried_rows(self, family: int) -> dict[int, list[int]]:
        """The words that tell of each carried answer, by its number; `family` is this family's."""
        rows = {n: (how, self._answer_row(told)) for n, (how, told) in self.carried.items()}
        lengths = (*self.windows, at.FOREVER)
        return {n: [how, family, a, lengths[window]] for n, (how, (_, _, window, a, *_)) in rows.items()}

    @property
    def _entry(self) -> int:
        """Words of a ring's entry."""
        return at.E_RAW + len(self.raws)

    @property
    def _inline(self) -> int:
        """Entries inside a row. A key of several fields is mostly met once: room for one, and segments after that."""
        return 0 if not self.windows else 1 if len(self.by) > 1 else 4 if self._entry <= 6 else 2

    def _starts(self) -> list[int]:
        """Where each part of a row starts, in the order of the R_ constants, and where the row ends."""
        windows, sets, bags = len(self.windows), len(self.sets), len(self.bags)
        sums = sum(at.WORDS_OF[kind] for _, _, kind, _ in self.measures)
        sizes = (
            windows, sums, sets * windows, bags * windows * 2, (sets + bags * windows) * at.TABLE_STRIDE,
            len(self.extremes), len(self.cursors), self._inline * self._entry,
        )  # fmt: skip
        return list(itertools.accumulate(sizes, initial=at.ROW_FIXED))

    def _answer_row(self, told: tuple[int, int, int, tuple[Operand, ...], int, int]) -> tuple[int, ...]:
        starts = self._starts()
        base = {_SUM: starts[1], _DISTINCT: starts[2], _ENTROPY: starts[3], _PLAIN: 0}
        what, column, window, operands, place, unit = told
        a, b, c = [*(base[part] + word for part, word in operands), -1, -1, -1][:3]
        return what, column, window, a, b, c, place, unit


def _slots(words: int) -> int:
    """How many segments so many words can tell of: a power of two, so that a mask finds them."""
    return 1 << words.bit_length() >> 1


def _needs_all(feature: Feature) -> bool:
    return feature.over_ms is None and not feature.take.startswith("seconds_since")


def _needs_term(feature: Feature) -> bool:
    return feature.over_ms is None and feature.take.startswith("seconds_since")


def _length(feature: Feature) -> int:
    return feature.over_ms or at.FOREVER


def _has_window(feature: Feature) -> bool:
    """Whether a feature needs a window; what counts distinct values of everything needs an endless one."""
    return feature.over_ms is not None or feature.take in {"distinct", "entropy"}


def _number(known: dict[K, int], key: K) -> int:
    return known.setdefault(key, len(known))
