"""Features as they are declared: a name, which events, by which key, what is taken, over how long.

The law of a read is PRODUCT.md's: for an event e that names key k, as_of = max(e.time, the latest time of any earlier
event that names k), and the answer covers the matching events with that key that stand before e in the log and whose
time lies in (as_of - over, as_of].
"""

from __future__ import annotations

import re
from keyword import kwlist
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

from bonafide.core.errors import ConfigError
from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import FIELDS
from bonafide.core.moment import DAY_MS, MINUTE_MS, parse_span
from bonafide.core.text import did_you_mean, shorten, show_value
from bonafide.engine.rules.language import DERIVED, FUNCTIONS, ExpressionError, Node, parse
from bonafide.engine.rules.utilisation import UTILISATION

Take = Literal[
    "count", "sum", "mean", "std", "min", "max", "distinct", "share", "entropy", "zscore", "last",
    "seconds_since_last", "seconds_since_first",
]  # fmt: skip

WINDOW_MIN_MS: Final = MINUTE_MS
WINDOW_MAX_MS: Final = 90 * DAY_MS
FEATURES_MAX: Final = 2_000
KEY_PARTS_MAX: Final = 3
_NAME: Final = re.compile("[a-z][a-z0-9_]{0,63}")
_TAKEN: Final = frozenset({*FIELDS, *DERIVED, *FUNCTIONS, *kwlist, "type", "missing", "seq", UTILISATION})
"""Names that mean something else in an expression."""
NUMERIC_TAKES: Final = frozenset({"sum", "mean", "std", "min", "max", "zscore"})
VALUE_TAKES: Final = NUMERIC_TAKES | {"distinct", "entropy", "last"}
"""Takes that need an `of`."""


class Feature(NamedTuple):
    """One checked feature."""

    name: str
    types: tuple[str, ...]
    """Event types that it counts."""
    by: tuple[str, ...]
    take: Take
    of: str | None
    where: Node | None
    over_ms: int | None
    """None: everything kept."""
    completed: bool
    """Counts payments only once their payment_status said completed."""


_Word = Annotated[str, Meta(max_length=128)]


class _Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: _Word
    event: _Word | Annotated[list[_Word], Meta(max_length=len(EVENT_CLASS))]
    by: _Word | list[_Word]
    take: _Word
    of: _Word | None = None
    where: str | None = None
    over: _Word | None = None
    completed: bool = False
    note: str | None = None


def parse_features(declared: Any, source: str, *, hidden: bool = False) -> tuple[Feature, ...]:
    """Check a list of declared features, as it comes out of YAML.

    `source` names the file in messages; `hidden` is for the engine's own, whose names begin with `_`.
    Raises ConfigError with every mistake of every feature, a line each.
    """
    if not isinstance(declared, list) or not declared:
        raise ConfigError(source, "expected a list of features, each with name, event, by and take")
    if len(declared) > FEATURES_MAX:
        raise ConfigError(source, f"{len(declared)} features; at most {FEATURES_MAX}")
    mistakes: list[str] = []
    features: dict[str, Feature] = {}
    for number, item in enumerate(declared, 1):
        name = item.get("name") if isinstance(item, dict) else None
        where = f"feature {shorten(name)}" if isinstance(name, str) else f"feature number {number}"
        found: list[str] = []
        feature = _check(item, hidden, found)
        mistakes += [f"{where}: {m}" for m in found]
        if feature is not None:
            if feature.name in features:
                mistakes.append(f"{where}: the name is taken already")
            features[feature.name] = feature
    if mistakes:
        raise ConfigError(source, "\n".join(mistakes))
    return tuple(features.values())


def _check(item: Any, hidden: bool, mistakes: list[str]) -> Feature | None:
    if isinstance(item, dict):
        known = list(_Declared.__struct_fields__)
        unknown = [k for k in item if k not in known]
        mistakes += [f"unknown key {shorten(str(k))}{did_you_mean(str(k), known)}" for k in unknown]
        item = {k: v for k, v in item.items() if k in known}
    try:
        told = msgspec.convert(item, _Declared)
    except msgspec.ValidationError as error:
        mistakes.append(str(error))
        return None
    if not _NAME.fullmatch(told.name.removeprefix("_") if hidden else told.name):
        mistakes.append("a name has small letters, digits and _ only, at most 64, and begins with a letter")
    elif told.name in _TAKEN:
        mistakes.append("the name means something else in an expression; choose another")
    types = _check_types(told, mistakes)
    by = _check_key(told, types, mistakes)
    take = _check_take(told, types, mistakes)
    where = _check_where(told, mistakes)
    over = _check_over(told, mistakes)
    if mistakes or take is None:
        return None
    return Feature(told.name, types, by, take, told.of, where, over, told.completed)


def _check_types(told: _Declared, mistakes: list[str]) -> tuple[str, ...]:
    names = [told.event] if isinstance(told.event, str) else told.event
    for name in names:
        if name not in EVENT_CLASS:
            mistakes.append(f"event: unknown type {shorten(name)}{did_you_mean(name, list(EVENT_CLASS))}")
    if not names:
        mistakes.append("event: name at least one event type")
    if told.completed and names != ["payment"]:
        mistakes.append("completed: only payments are completed; event must be payment")
    return tuple(dict.fromkeys(n for n in names if n in EVENT_CLASS))


def _check_key(told: _Declared, types: tuple[str, ...], mistakes: list[str]) -> tuple[str, ...]:
    names = [told.by] if isinstance(told.by, str) else told.by
    if not 1 <= len(names) <= KEY_PARTS_MAX or len(set(names)) != len(names):
        mistakes.append(f"by: name 1 to {KEY_PARTS_MAX} different fields")
    for name in names:
        field = FIELDS.get(name)
        if field is None:
            mistakes.append(f"by: unknown field {shorten(name)}{did_you_mean(name, list(FIELDS))}")
        elif field.kind not in {"text", "word"} or name == "event_id":
            mistakes.append(f"by: {name} is no key; a key is a text or word field other than event_id")
        elif types and not any(t in field.types for t in types):
            mistakes.append(f"by: {', '.join(types)} has no {name}")
    return tuple(names)


def _check_take(told: _Declared, types: tuple[str, ...], mistakes: list[str]) -> Take | None:
    takes: tuple[str, ...] = Take.__args__  # type: ignore[attr-defined]
    if told.take not in takes:
        near = did_you_mean(told.take, takes)
        mistakes.append(f"take: unknown {shorten(told.take)}; one of {', '.join(takes)}{near}")
        return None
    take: Take = told.take  # type: ignore[assignment]
    if take in VALUE_TAKES and told.of is None:
        mistakes.append(f"of: {take} needs the field whose values are taken")
    if take == "count" and told.of is not None:
        mistakes.append("of: count has no of")
    if take == "share" and told.where is None:
        mistakes.append("where: share needs a condition; it is the matching part of all")
    if told.of is not None:
        _check_of(told.of, take, types, mistakes)
    return take


def _check_of(of: str, take: Take, types: tuple[str, ...], mistakes: list[str]) -> None:
    field = FIELDS.get(of)
    if field is None:
        if of not in DERIVED:
            mistakes.append(f"of: unknown field {shorten(of)}{did_you_mean(of, [*FIELDS, *DERIVED])}")
    elif types and not any(t in field.types for t in types):
        mistakes.append(f"of: {', '.join(types)} has no {of}")
    elif take in NUMERIC_TAKES and not field.is_number:
        mistakes.append(f"of: {take} takes a number, and {of} is a {field.kind}")
    elif take in {"std", "zscore"} and field.kind == "moment":
        mistakes.append(f"of: {take} of the moment {of} has no use and no exact bound")


def _check_where(told: _Declared, mistakes: list[str]) -> Node | None:
    if told.where is None:
        return None
    try:
        return parse(told.where)
    except ExpressionError as error:
        mistakes += [f"where: {p.message} (column {p.column + 1} of {show_value(told.where)})" for p in error.problems]
        return None


def _check_over(told: _Declared, mistakes: list[str]) -> int | None:
    if told.over is None:
        return None
    try:
        over = parse_span(told.over)
    except ValueError as error:
        mistakes.append(f"over: {error}")
        return None
    if not WINDOW_MIN_MS <= over <= WINDOW_MAX_MS:
        mistakes.append(f"over: {told.over} lies outside 1m..90d")
    return over
