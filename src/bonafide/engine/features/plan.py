"""Declared features compiled to a plan: flat arrays that say what every key keeps and how every answer is read.

Everything that can be decided once is decided here: equal measures are kept once, windows are sorted, row offsets
are fixed. The kernels only follow numbers.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from bonafide.core.errors import ConfigError
from bonafide.core.fields import FIELDS, FRACTION_UNIT, TYPE_CODE
from bonafide.engine.arena import FAMILIES_MAX, LINE
from bonafide.engine.features import layout as at
from bonafide.engine.features.spec import Feature
from bonafide.engine.index import SEGMENT_WORDS_MAX
from bonafide.engine.rules.language import Node, names_in
from bonafide.engine.rules.program import PLACES, Builder

COMPLETED_CODE: Final = len(TYPE_CODE)
"""The type code of a derived event: a payment that its payment_status completed, at the payment's own time."""
SLACK_WORDS: Final = 8_192
"""Words for what one event can open besides keys: two segments each for its id and for what it waits for."""
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


def unit_of(field: str | None) -> int:
    """By what a field's integers are divided to give its number."""
    return FRACTION_UNIT if field in FIELDS and FIELDS[field].kind == "fraction" else 1


class Family:
    """What one key keeps, and how each of its features is answered."""

    def __init__(self, by: tuple[str, ...], seed: int, features: Sequence[Feature]) -> None:
        self.by = by
        self.seed = seed
        self.windows = sorted({_length(f) for f in features if _has_window(f)})
        self.bits: dict[tuple[int, int, int], int] = {}
        self.ring_bits = 0
        self.measures: dict[tuple[int, int, int, int], int] = {}
        """(window, or -1 for what is kept without one; bit; kind; place) -> word."""
        self.raws: dict[int, int] = {}
        self.sets: dict[tuple[int, int], int] = {}
        self.bags: dict[tuple[int, int], int] = {}
        self.extremes: dict[tuple[int, int, int], int] = {}
        self.cursors: dict[tuple[int, int], int] = {}
        self.answers: list[tuple[int, int, int, tuple[Operand, ...], int, int]] = []
        self.keeps_all = any(f.over_ms is None and not f.take.startswith("seconds_since") for f in features)
        self.keeps_term = any(f.over_ms is None and f.take.startswith("seconds_since") for f in features)

    def add(self, feature: Feature, column: int, where: int, completes: bool) -> None:
        """Add a feature that answers in `column`; `where` is the number of its condition or -1."""
        codes = [COMPLETED_CODE] if completes else [TYPE_CODE[t] for t in feature.types]
        types = sum(1 << c for c in codes)
        place = PLACES[feature.of] if feature.of else -1
        bit = _number(self.bits, (types, where, place))
        window = self.windows.index(_length(feature)) if _has_window(feature) else -1
        operands = self._operands(feature, bit, types, place, window)
        self.answers.append((_ANSWERS[feature.take], column, window, operands, place, unit_of(feature.of)))

    def _operands(self, feature: Feature, bit: int, types: int, place: int, window: int) -> tuple[Operand, ...]:
        take = feature.take
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

        windows, entry = len(self.windows), at.E_RAW + len(self.raws)
        inline = 0 if not windows else 4 if entry <= 6 else 2
        starts = self._starts(inline * entry)
        totals = [(bit, kind, place, word) for (w, bit, kind, place), word in self.measures.items() if w < 0]
        longest = max([w for w in self.windows if w != at.FOREVER], default=0)
        idle = at.FOREVER if self.keeps_all else max(longest, TERM_MS if self.keeps_term else 0)
        types = functools.reduce(operator.or_, (mask for mask, _, _ in self.bits))
        return [
            self.seed, len(self.by), table([[PLACES[b] for b in self.by]]),
            windows, table([(length, *self._measures_of(w, table)) for w, length in enumerate(self.windows)]),
            len(self.bits), table(self.bits), len(self.raws), table([list(self.raws)]),
            len(self.sets), table(self.sets), len(self.bags), table(self.bags),
            len(self.extremes), table(self.extremes), len(self.cursors), table(self.cursors),
            len(totals), table(totals), len(self.answers), table(self._answer_rows(starts)),
            TERM_MS if self.keeps_term else at.FOREVER, idle,
            -(-starts[-1] // LINE) * LINE, entry, inline, types, self.ring_bits, *starts[:-1],
        ]  # fmt: skip

    def _measures_of(self, window: int, table: Callable[[Iterable[Sequence[int]]], int]) -> tuple[int, int]:
        """How many sums a window has, and where they are told."""
        rows = [
            (bit, kind, self.raws.get(place, -1), word)
            for (w, bit, kind, place), word in self.measures.items() if w == window
        ]  # fmt: skip
        return len(rows), table(rows)

    def _starts(self, inline_words: int) -> list[int]:
        """Where each part of a row starts, in the order of the R_ constants, and where the row ends."""
        windows, sets, bags = len(self.windows), len(self.sets), len(self.bags)
        sums = sum(at.WORDS_OF[kind] for _, _, kind, _ in self.measures)
        sizes = (
            windows, sums, sets * windows, bags * windows * 2, sets + bags * windows, len(self.extremes) * 2,
            len(self.cursors), inline_words,
        )  # fmt: skip
        return list(itertools.accumulate(sizes, initial=at.ROW_FIXED))

    def _answer_rows(self, starts: list[int]) -> list[tuple[int, ...]]:
        base = {_SUM: starts[1], _DISTINCT: starts[2], _ENTROPY: starts[3], _PLAIN: 0}
        rows: list[tuple[int, ...]] = []
        for what, column, window, operands, place, unit in self.answers:
            a, b, c = [*(base[part] + word for part, word in operands), -1, -1, -1][:3]
            rows.append((what, column, window, a, b, c, place, unit))
        return rows


def _length(feature: Feature) -> int:
    return feature.over_ms or at.FOREVER


def _has_window(feature: Feature) -> bool:
    """Whether a feature needs a window; what counts distinct values of everything needs an endless one."""
    return feature.over_ms is not None or feature.take in {"distinct", "entropy"}


def _number(known: dict[K, int], key: K) -> int:
    return known.setdefault(key, len(known))


class FeaturePlan(NamedTuple):
    """What the kernels are told about a list of features."""

    tape: list[int]
    """Family records, FAMILY_STRIDE words each, then their tables; offsets count from the tape's start."""
    families: int
    columns: dict[str, int]
    """Feature name -> its column in the answers."""
    needs: tuple[int, ...]
    """Places of a payment that must be kept until it is completed; empty when no feature asks for it."""
    slack: int
    """Words that one event can need at most besides the growth of rings."""
    state: tuple[object, ...]
    """What keyed state depends on: two plans with equal `state` can share it."""


def compile_features(features: Sequence[Feature], builder: Builder, *, assume_completed: bool = False) -> FeaturePlan:
    """Compile features, adding their conditions to `builder` first of all.

    `assume_completed` counts every attempt as completed. Raises ConfigError beyond FAMILIES_MAX families.
    """
    families = _group(features)
    if len(families) > FAMILIES_MAX:
        raise ConfigError("features", f"{len(families)} groups of keys; at most {FAMILIES_MAX}")
    conditions: dict[Node | None, int] = {None: -1}
    for where in dict.fromkeys(f.where for f in features if f.where is not None):
        conditions[where] = builder.add(where)
    columns = {f.name: i for i, f in enumerate(features)}
    for family, members in families:
        for f in members:
            family.add(f, columns[f.name], conditions[f.where], f.completed and not assume_completed)
    tape = [0] * (len(families) * at.F_STRIDE)
    for i, (family, _) in enumerate(families):
        record = family.record(tape)
        tape[i * at.F_STRIDE : i * at.F_STRIDE + len(record)] = record
    completes = any(f.completed and not assume_completed for f in features)
    state = tuple((f.types, f.by, f.take, f.of, f.where, f.over_ms, f.completed) for f in features)
    needs = _needs(features) if completes else ()
    slack = _slack(tape, len(families))
    return FeaturePlan(tape, len(families), columns, needs, slack, (*state, assume_completed))


def _slack(tape: Sequence[int], families: int) -> int:
    """Words for what one event can open: for each key that it names, and each key of a payment that it completes, a
    row, a first large ring and two segments. A block may be twice as large as what it is for."""
    words = SLACK_WORDS
    for family in range(0, families * at.F_STRIDE, at.F_STRIDE):
        tables = tape[family + at.F_SETS] + tape[family + at.F_BAGS] * tape[family + at.F_WINDOWS]
        large = 2 * at.SMALL * (tape[family + at.F_ENTRY] + 4 * tables + 2 * tape[family + at.F_EXTREMES])
        words += 2 * (tape[family + at.F_ROW_WORDS] + 2 * large + 4 * SEGMENT_WORDS_MAX)
    return words


def _group(features: Sequence[Feature]) -> list[tuple[Family, list[Feature]]]:
    """Features by key; a key with more combinations than an entry's flags can tell is split over families."""
    groups: dict[tuple[str, ...], list[list[Feature]]] = {}
    for feature in features:
        parts = groups.setdefault(feature.by, [[]])
        if not _fits([*parts[-1], feature]):
            parts.append([])
        parts[-1].append(feature)
    members = [(by, part) for by, parts in groups.items() for part in parts]
    return [(Family(by, seed, part), part) for seed, (by, part) in enumerate(members)]


def _fits(members: list[Feature]) -> bool:
    bits = {(f.types, f.where, f.of, f.completed) for f in members}
    sets = {(f.types, f.where, f.of, f.completed) for f in members if f.take == "distinct"}
    bits |= {(f.types, None, f.of, f.completed) for f in members if f.take == "share"}
    return len(bits) <= at.BITS_MAX and len(sets) <= at.SETS_MAX


def _needs(features: Sequence[Feature]) -> tuple[int, ...]:
    """Places of a payment that completed features read: keys, values, and what their conditions name."""
    names = {"event_id", "time"}
    for f in features:
        if f.completed:
            names |= {*f.by, *([f.of] if f.of else []), *(names_in(f.where) if f.where is not None else ())}
    return tuple(sorted({PLACES[n] for n in names}))
