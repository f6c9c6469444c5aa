"""Declared features compiled to a plan: flat arrays that say what every key keeps and how every answer is read.

Everything that can be decided once is decided here: equal measures are kept once, windows are sorted, row offsets
are fixed. The kernels only follow numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from bonafide.core.errors import ConfigError
from bonafide.core.fields import FIELDS, FRACTION_UNIT, TYPE_CODE
from bonafide.engine.arena import FAMILIES_MAX, LINE
from bonafide.engine.features import layout as at
from bonafide.engine.features.spec import Feature
from bonafide.engine.rules.program import PLACES, Builder

COMPLETED_CODE: Final = len(TYPE_CODE)
"""The type code of a derived event: a payment that its payment_status completed, at the payment's own time."""
TERM_MS: Final = 400 * 86_400_000
"""How long the first and the last time are kept after a key falls silent."""

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
    "share": (at.M_COUNT,), "entropy": (at.M_COUNT,), "last": (at.M_COUNT,),
    "seconds_since_last": (at.M_COUNT,), "seconds_since_first": (at.M_COUNT,),
}  # fmt: skip
_TOTALS: Final = {
    "min": at.T_SMALLEST, "max": at.T_LARGEST, "last": at.T_LAST,
    "seconds_since_first": at.T_FIRST_TIME, "seconds_since_last": at.T_LAST_TIME,
}  # fmt: skip


def unit_of(field: str | None) -> int:
    """By what a field's integers are divided to give its number."""
    return FRACTION_UNIT if field in FIELDS and FIELDS[field].kind == "fraction" else 1


class Family:
    """What one key keeps, and how each of its features is answered."""

    def __init__(self, by: tuple[str, ...], seed: int) -> None:
        self.by = by
        self.seed = seed
        self.windows: list[int] = []
        self.bits: dict[tuple[int, int, int], int] = {}
        self.measures: dict[tuple[int, int, int], int] = {}
        self.raws: dict[int, int] = {}
        self.sets: dict[tuple[int, int], int] = {}
        self.bags: dict[tuple[int, int], int] = {}
        self.extremes: dict[tuple[int, int, int], int] = {}
        self.totals: dict[tuple[int, int, int], int] = {}
        self.answers: list[tuple[int, ...]] = []
        self.keeps_all = False
        self.keeps_term = False

    def add(self, feature: Feature, column: int, where: int, completes: bool) -> None:
        """Add a feature that answers in `column`; `where` is the register of its condition or -1."""
        codes = [COMPLETED_CODE] if completes else [TYPE_CODE[t] for t in feature.types]
        types = sum(1 << c for c in codes)
        place = PLACES[feature.of] if feature.of else -1
        bit = self._number(self.bits, (types, where, place))
        what = _ANSWERS[feature.take]
        window = -1
        if feature.over_ms is not None or feature.take in {"distinct", "entropy"}:
            window = self.windows.index(feature.over_ms or at.FOREVER)
        a, b, c = self._operands(feature, bit, types, place, window)
        self.answers.append((what, column, window, a, b, c, place, unit_of(feature.of)))
        self.keeps_term |= feature.over_ms is None and feature.take.startswith("seconds_since")
        self.keeps_all |= feature.over_ms is None and not feature.take.startswith("seconds_since")

    def _operands(self, feature: Feature, bit: int, types: int, place: int, window: int) -> tuple[int, int, int]:
        take = feature.take
        words = [self._keep(bit, kind, place, window) for kind in _MEASURES.get(take, ())]
        if take == "share":
            words.append(self._keep(self._number(self.bits, (types, -1, place)), at.M_COUNT, -1, window))
        elif take == "distinct":
            words = [self._number(self.sets, (bit, self._number(self.raws, place)))]
        elif take == "entropy":
            words = [*words, self._number(self.bags, (bit, self._number(self.raws, place)))]
        elif window < 0 and take in _TOTALS:
            words = [self._total(bit, _TOTALS[take], place)]
        elif take in {"min", "max"}:
            raw = self._number(self.raws, place)
            words = [self._number(self.extremes, (bit, raw, 1 if take == "min" else -1))]
        elif take == "last":
            words = [*words, self._number(self.raws, place)]
        a, b, c = [*words, -1, -1, -1][:3]
        return a, b, c

    def _keep(self, bit: int, kind: int, place: int, window: int) -> int:
        """The word of a measure: a prefix sum where there is a window, a total where everything is kept."""
        place = -1 if kind == at.M_COUNT else place
        if window < 0:
            return self._total(bit, kind, place)
        return self._wide(self.measures, (bit, kind, place))

    def _total(self, bit: int, kind: int, place: int) -> int:
        return self._wide(self.totals, (bit, kind, place))

    @staticmethod
    def _wide(known: dict[tuple[int, int, int], int], key: tuple[int, int, int]) -> int:
        if key not in known:
            known[key] = sum(at.TOTAL_WORDS[kind] for _, kind, _ in known)
        return known[key]

    @staticmethod
    def _number(known: dict[K, int], key: K) -> int:
        return known.setdefault(key, len(known))

    def record(self, tape: list[int]) -> list[int]:
        """The family's words in the plan; its tables are appended to `tape`, whose offsets the words hold."""

        def table(rows: Iterable[Sequence[int]]) -> int:
            start = len(tape)
            for row in rows:
                tape.extend(row)
            return start

        windows, sets, bags = len(self.windows), len(self.sets), len(self.bags)
        prefix = sum(at.TOTAL_WORDS[kind] for _, kind, _ in self.measures)
        totals = sum(at.TOTAL_WORDS[kind] for _, kind, _ in self.totals)
        entry = at.E_PREFIX + prefix + len(self.raws)
        inline = 0 if not windows else 4 if entry <= 6 else 2
        sizes = (
            windows, prefix, sets * windows, bags * windows * 2, totals, sets + bags * windows,
            len(self.extremes) * 2, inline * entry,
        )  # fmt: skip
        offsets = [at.ROW_FIXED]
        for size in sizes:
            offsets.append(offsets[-1] + size)
        longest = max([w for w in self.windows if w != at.FOREVER], default=0)
        idle = at.FOREVER if self.keeps_all else max(longest, TERM_MS if self.keeps_term else 0)
        types = 0
        for mask, _, _ in self.bits:
            types |= mask
        return [
            self.seed, len(self.by), table([[PLACES[b] for b in self.by]]),
            windows, table([self.windows]),
            len(self.bits), table(self.bits),
            len(self.measures), table((bit, kind, place, word) for (bit, kind, place), word in self.measures.items()),
            prefix, len(self.raws), table([list(self.raws)]),
            sets, table(self.sets), bags, table(self.bags), len(self.extremes), table(self.extremes),
            len(self.totals), table((bit, kind, place, word) for (bit, kind, place), word in self.totals.items()),
            len(self.answers), table(sorted(self.answers, key=lambda a: a[2])),
            TERM_MS if self.keeps_term else at.FOREVER, idle,
            -(-offsets[-1] // LINE) * LINE, entry, inline, types, *offsets[:-1],
        ]  # fmt: skip


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
    conditions = [builder.add(f.where) if f.where is not None else -1 for f in features]
    columns = {f.name: i for i, f in enumerate(features)}
    for family, members in families:
        family.windows = sorted(
            {
                f.over_ms or at.FOREVER
                for f in members
                if f.over_ms is not None or f.take in {"distinct", "entropy"}
            }
        )
        for f in members:
            family.add(f, columns[f.name], conditions[columns[f.name]], f.completed and not assume_completed)
    tape = [0] * (len(families) * at.F_STRIDE)
    for i, (family, _) in enumerate(families):
        record = family.record(tape)
        tape[i * at.F_STRIDE : i * at.F_STRIDE + len(record)] = record
    completes = any(f.completed and not assume_completed for f in features)
    slack = 4_096 + sum(tape[i * at.F_STRIDE + at.F_ROW_WORDS] for i in range(len(families)))
    state = tuple((f.types, f.by, f.take, f.of, f.where, f.over_ms, f.completed) for f in features)
    return FeaturePlan(
        tape, len(families), columns, _needs(features) if completes else (), slack, (*state, assume_completed)
    )


def _group(features: Sequence[Feature]) -> list[tuple[Family, list[Feature]]]:
    """Features by key; a key with more combinations than an entry's flags can tell is split over families."""
    groups: dict[tuple[str, ...], list[tuple[Family, list[Feature]]]] = {}
    seed = 0
    for feature in features:
        parts = groups.setdefault(feature.by, [])
        if not parts or not _fits([*parts[-1][1], feature]):
            parts.append((Family(feature.by, seed), []))
            seed += 1
        parts[-1][1].append(feature)
    return [part for parts in groups.values() for part in parts]


def _fits(members: list[Feature]) -> bool:
    bits = {(f.types, f.where, f.of, f.completed) for f in members}
    sets = {(f.types, f.where, f.of, f.completed) for f in members if f.take == "distinct"}
    bits |= {(f.types, None, f.of, f.completed) for f in members if f.take == "share"}
    return len(bits) <= at.BITS_MAX and len(sets) <= at.SETS_MAX


def _needs(features: Sequence[Feature]) -> tuple[int, ...]:
    """Places that completed features read: keys, values, conditions. Conditions may read any field, so all are kept
    where one stands."""
    if any(f.completed and f.where is not None for f in features):
        return tuple(PLACES.values())
    names = {n for f in features if f.completed for n in (*f.by, *([f.of] if f.of else []))}
    return tuple(sorted({PLACES[n] for n in names | {"event_id", "time", "local_hour", "local_day"}}))
