"""The law of a feature read, obeyed the obvious way: keep the whole log and scan it for every answer.

The twin of the window kernel. It knows nothing of rings, prefix sums or eviction; it is slow and meant to be read.

Features of derived events obey the same law with a moment of their own. All that are `by` one key share a row for each
of its values: it begins with the first derived event that one of them counts, and ends when the log's latest time has
left the row's moment behind by more than the lateness and what they look back on. In between its moment is the latest
time of any event, read or derived, that names the key; before and after, a key has an empty row as of the event's time.

A feature that names others takes their answers on the event that it counts, as integers: what is whole as it is, means
and deviations of money and moments as whole units, all else in millionths, halves up, within CARRIED_MOST either way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import floor, isqrt, log2
from typing import Any, Final, NamedTuple

from bonafide.core.events import Fact, Group, Grouped, Payment
from bonafide.core.fields import FIELDS, FRACTION_UNIT
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.features.family import TERM_MS
from bonafide.engine.features.layout import FOREVER
from bonafide.engine.features.plan import families_of
from bonafide.engine.features.spec import Feature
from bonafide.engine.rules.language import unit_of_field
from bonafide.testing.rules_twin import evaluate

LATENESS_MS: Final = 30 * DAY_MS
KNOWN_MS: Final = 90 * DAY_MS
CARRIED_UNIT: Final = 10**6
CARRIED_MOST: Final = 10**14
_ROOT_BITS: Final = 200
"""Extra bits for a square root, so that rounding it to a float64 is right."""

Record = dict[str, Any]
Answer = float | None


def record_of(event: Fact, offset_ms: int = 0) -> Record:
    """An event's present fields by name, with its type and derived fields; fractions as whole billionths."""
    record: Record = {"type": event.type}
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if value is not None:
            record[name] = round(value * FRACTION_UNIT) if FIELDS[name].kind == "fraction" else value
    if isinstance(event, Payment) and event.credit_used is not None and event.credit_limit:
        record["line_in_use"] = round(min(event.credit_used / event.credit_limit, 1_000) * FRACTION_UNIT)
    local = event.time + offset_ms
    record["local_day"] = local // DAY_MS
    record["local_hour"] = local % DAY_MS // HOUR_MS
    return record


def grouped(event: Group) -> Grouped | None:
    """What a `group` event establishes, of a subject that is a key."""
    if event.subject_type not in {"user", "merchant", "device", "account"}:
        return None
    subject: Any = {f"{event.subject_type}_id": event.subject_id}
    return Grouped(
        event_id=event.event_id, time=event.time, group_id=event.group_id, method=event.method, score=event.score,
        valid_until=event.valid_until, **subject,
    )  # fmt: skip


class _Row(NamedTuple):
    """Features of derived events that share a key."""

    by: tuple[str, ...]
    types: frozenset[str]
    idle_ms: int
    named: dict[tuple[Any, ...], list[Record]]
    """By the value of the key: the events, read and derived, that named it since its row began."""


class WindowTwin:
    """Feeds events one by one and answers by scanning everything fed before."""

    def __init__(
        self,
        features: Sequence[Feature],
        *,
        currency: str | None = None,
        offset_ms: int = 0,
        lateness_ms: int = LATENESS_MS,
        assume_completed: bool = False,
    ) -> None:
        self.features = features
        self.rows = {
            f.name: row for family, members in families_of(features) if family.derived
            for row in [_Row(family.by, frozenset(t for m in members for t in m.types), family.idle_ms, {})]
            for f in members
        }  # fmt: skip
        self.carried = tuple(dict.fromkeys(c for f in features for c in f.carried))
        self.currency = currency
        self.offset_ms = offset_ms
        self.lateness_ms = lateness_ms
        self.assume_completed = assume_completed
        self.log: list[Record] = []
        self.completed: list[Record] = []
        self.latest: int | None = None
        self._order = 0
        self._known: dict[str, Fact] = {}
        self._waiting: dict[str, Record] = {}

    def feed(self, event: Fact) -> tuple[str, dict[str, Answer]]:
        """What becomes of an event (taken, duplicate, conflict, too-late), and every feature as read before it."""
        known = self._known.get(event.event_id)
        if known is not None and self.latest is not None and known.time >= self.latest - KNOWN_MS:
            return ("duplicate" if known == event else "conflict"), {}
        if self.latest is not None and event.time < self.latest - self.lateness_ms:
            return "too-late", {}
        self._known[event.event_id] = event
        self.latest = event.time if self.latest is None else max(self.latest, event.time)
        record = record_of(event, self.offset_ms)
        if self.currency is not None and record.get("currency", self.currency) != self.currency:
            record = {k: v for k, v in record.items() if k not in FIELDS or FIELDS[k].kind != "money"}
        carried = {c.name: _carried(c, self._value(c, record)) for c in self.carried}
        record |= {name: value for name, value in carried.items() if value is not None}
        answers = {f.name: self._answer(f, record) for f in self.features}
        self._place(record)
        self.log.append(record)
        self._complete(record)
        for row in self._distinct_rows():
            if (named := self._live(row, record)) is not None:
                named.append(record)
        if isinstance(event, Group) and (told := grouped(event)) is not None:
            self.establish(told)
        return "taken", answers

    def establish(self, event: Fact) -> None:
        """Take in a derived event of the event just fed; it has no id."""
        record = record_of(event, self.offset_ms)
        del record["event_id"]
        self._place(record)
        for row in self._distinct_rows():
            key = tuple(record.get(name) for name in row.by)
            named = self._live(row, record)
            if named is not None:
                named.append(record)
            elif None not in key and record["type"] in row.types:
                row.named[key] = [record]

    def _place(self, record: Record) -> None:
        record["place"] = self._order
        self._order += 1

    def _distinct_rows(self) -> list[_Row]:
        return list({id(row): row for row in self.rows.values()}.values())

    def _live(self, row: _Row, event: Record) -> list[Record] | None:
        """What named the key that an event names since its row began; None where it has none."""
        assert self.latest is not None
        named = row.named.get(tuple(event.get(name) for name in row.by))
        ended = named is not None and max(r["time"] for r in named) < self.latest - self.lateness_ms - row.idle_ms
        return None if ended and row.idle_ms != FOREVER else named

    def _complete(self, record: Record) -> None:
        """A payment is completed when the later of it and its first `completed` status comes."""
        if record["type"] == "payment":
            name = record["event_id"]
        elif record["type"] == "payment_status" and record["status"] == "completed":
            name = record["payment_id"]
        else:
            return
        assert self.latest is not None
        other = self._waiting.get(name)
        if other is None or other["time"] < self.latest - (KNOWN_MS if other.get("done") else TERM_MS):
            self._waiting[name] = {**record}
        elif other["type"] != record["type"] and not other.get("done"):
            payment = record if record["type"] == "payment" else other
            self.completed.append({**payment, "known": record["place"]})
            other["done"] = True

    def _answer(self, feature: Feature, event: Record) -> Answer:
        value = self._value(feature, event)
        return float(value) if isinstance(value, int) else value

    def _value(self, feature: Feature, event: Record) -> Any:
        """An answer: an integer where it is whole, a text where it is the last of one."""
        key = [event.get(name) for name in feature.by]
        if None in key:
            return None
        if feature.derived:
            naming = self._live(self.rows[feature.name], event) or []
        else:
            naming = [r for r in self.log if [r.get(name) for name in feature.by] == key]
        as_of: int = max([event["time"], *(r["time"] for r in naming)])
        pool = self.completed if feature.completed and not self.assume_completed else self.log
        pool = naming if feature.derived else pool
        counted = [
            r
            for r in pool
            if r["type"] in feature.types
            and [r.get(name) for name in feature.by] == key
            and (feature.of is None or r.get(feature.of) is not None)
        ]
        if feature.over_ms is not None:
            counted = [r for r in counted if as_of - feature.over_ms < r["time"] <= as_of]
        matching = [
            r for r in counted if feature.where is None or evaluate(feature.where, r, _given(feature, r)) is True
        ]
        matching.sort(key=lambda r: (r["time"], r["place"]))
        if feature.take == "share":
            return len(matching) / len(counted) if counted else 0.0
        if feature.take.startswith("seconds_since"):
            if feature.over_ms is None:
                matching = self._remembered(naming, matching, as_of)
            if not matching:
                return None
            edge: int = matching[-1 if feature.take == "seconds_since_last" else 0]["time"]
            return (as_of - edge) / 1000
        return _take(feature, matching, event)

    def _remembered(self, naming: list[Record], matching: list[Record], as_of: int) -> list[Record]:
        """What is left of first and last times after every silence longer than their term."""
        latest: int | None = None
        forgotten = 0
        for record in naming:
            if latest is not None and record["time"] - latest > TERM_MS:
                forgotten = record["place"]
            latest = record["time"] if latest is None else max(latest, record["time"])
        if latest is not None and as_of - latest > TERM_MS:
            return []
        return [r for r in matching if (r["known"] if "known" in r else r["place"]) >= forgotten]


def _take(feature: Feature, matching: list[Record], event: Record) -> Any:
    if feature.take == "count":
        return len(matching)
    assert feature.of is not None
    values = [r[feature.of] for r in matching]
    unit = _unit(feature)
    if feature.take == "distinct":
        return len(set(values))
    if feature.take == "sum":
        return sum(values) if unit == 1 else float(Fraction(sum(values), unit))
    if not values:
        return None
    match feature.take:
        case "mean":
            return _mean(values, unit)
        case "std":
            return _std(values, unit)
        case "zscore":
            own = event.get(feature.of)
            std = _std(values, unit)
            return None if own is None or std == 0 else (own / unit - _mean(values, unit)) / std
        case "min":
            return min(values) if unit == 1 else min(values) / unit
        case "max":
            return max(values) if unit == 1 else max(values) / unit
        case "last":
            return values[-1] if unit == 1 else values[-1] / unit
        case "entropy":
            return _entropy(values)
    raise AssertionError(feature.take)


def _unit(feature: Feature) -> int:
    """By what the integers are divided that a feature takes."""
    carried = next((c for c in feature.carried if c.name == feature.of), None)
    if carried is not None:
        return 1 if _is_whole(carried) else CARRIED_UNIT
    return unit_of_field(feature.of)


def _is_whole(feature: Feature) -> bool:
    """Whether an answer is carried in whole units."""
    if feature.take in {"mean", "std"}:
        return feature.of == "brought_home" or (feature.of in FIELDS and FIELDS[feature.of].kind in {"money", "moment"})
    return feature.take in {"count", "distinct"} or (
        feature.take in {"sum", "min", "max", "last"} and _unit(feature) == 1
    )


def _carried(feature: Feature, value: Any) -> Any:
    """An answer as it is carried."""
    if value is None or isinstance(value, str):
        return value
    whole = value if isinstance(value, int) else floor(value * (1 if _is_whole(feature) else CARRIED_UNIT) + 0.5)
    return max(-CARRIED_MOST, min(CARRIED_MOST, int(whole)))


def _given(feature: Feature, record: Record) -> dict[str, Answer]:
    """What a condition reads of the features that it names."""
    units = {c.name: 1 if _is_whole(c) else CARRIED_UNIT for c in feature.carried}
    return {
        name: None if name not in record else float(record[name]) if unit == 1 else record[name] / unit
        for name, unit in units.items() if not isinstance(record.get(name), str)
    }  # fmt: skip


def _mean(values: list[int], unit: int) -> float:
    return float(Fraction(sum(values), len(values) * unit))


def _std(values: list[int], unit: int) -> float:
    """sqrt(n * sum of squares - sum squared) / n, rounded to a float64 once."""
    n = len(values)
    square = n * sum(v * v for v in values) - sum(values) ** 2
    return float(Fraction(isqrt(square << (2 * _ROOT_BITS)), (n * unit) << _ROOT_BITS))


def _entropy(values: list[Any]) -> float:
    """-sum of p * log2(p), in bits."""
    counts = sorted(Counter(values).values())
    return max(0.0, -sum(c / len(values) * log2(c / len(values)) for c in counts))
