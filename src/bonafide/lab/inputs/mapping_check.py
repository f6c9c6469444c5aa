"""What must be true of a mapping beyond its form, and what its constants are worth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec

from bonafide.core.diagnose import accepted_text
from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS
from bonafide.core.fields import FIELDS, Field, Kind
from bonafide.core.moment import moment_of_date, parse_moment, parse_span
from bonafide.core.text import nearest, show_value
from bonafide.lab.inputs.cast import FLAG_WORDS, ISO_DATE, fault_of_format, is_zone
from bonafide.lab.inputs.mapping import NO_DELAY, EventColumn, Lookup, Mapping, Source, Truth
from bonafide.lab.inputs.tree import KeyPath, Tree

_OPTIONS: Final[dict[Kind, frozenset[str]]] = {
    "text": frozenset({"prefix"}),
    "money": frozenset({"decimals"}),
    "moment": frozenset({"format", "zone", "unit", "origin"}),
}
"""Which kinds of field may state how their column is read."""
_READINGS: Final = frozenset().union(*_OPTIONS.values())
_WORDS_SHOWN_MAX: Final = 12
_MAPPED_TYPES: Final = tuple(name for name in EVENT_CLASS if name not in CONTROL_TYPES)


def check_mapping(mapping: Mapping) -> None:
    """Raises ConfigError at the first key whose meaning does not hold."""
    tree = mapping.tree
    if mapping.delimiter in '"\r\n':
        raise tree.fail(
            ("delimiter",), f"{show_value(mapping.delimiter)} cannot divide columns; take another character"
        )
    for name, pieces in mapping.join.items():
        if len(set(pieces)) < len(pieces):
            raise tree.fail(("join", name), "a piece is named twice; name each piece once")
    _check_types(mapping)
    for name, source, where in _sources(mapping):
        _check_source(mapping, name, source, where)
    _check_coverage(mapping)
    for place, lookup in enumerate(mapping.lookup):
        _check_lookup(mapping, lookup, ("lookup", place))
    if mapping.truth is not None:
        _check_truth(tree, mapping.truth)


def constant_of(field: Field, text: str) -> str | int | float | bool:
    """A constant as its field holds it; ValueError when it is not of that kind."""
    match field.kind:
        case "money" | "integer":
            return int(text)
        case "fraction":
            return float(text)
        case "flag":
            if text.lower() not in FLAG_WORDS:
                raise ValueError(text)
            return FLAG_WORDS[text.lower()]
        case "moment" if field.is_date and re.fullmatch(ISO_DATE, text):
            return moment_of_date(date.fromisoformat(text))
        case "moment":
            return parse_moment(text)
        case _:
            return text


def _sources(mapping: Mapping) -> Iterator[tuple[str, Source, KeyPath]]:
    for name, source in mapping.fields.items():
        yield name, source, ("fields", name)
    for place, lookup in enumerate(mapping.lookup):
        for name, source in lookup.take.items():
            yield name, source, ("lookup", place, "take", name)


def _check_types(mapping: Mapping) -> None:
    named: dict[KeyPath, str] = {("event",): str(mapping.event)}
    if isinstance(mapping.event, EventColumn):
        named = {("event", "values", word): type_name for word, type_name in mapping.event.values.items()}
    for where, type_name in named.items():
        if type_name not in _MAPPED_TYPES:
            raise mapping.tree.fail(
                where, f"{show_value(type_name)} is not an event type; {_near(type_name, _MAPPED_TYPES)}"
            )


def _check_source(mapping: Mapping, name: str, source: Source, where: KeyPath) -> None:
    tree = mapping.tree
    if name == "type":
        raise tree.fail(where, "the type of an event is said by the key event, not among the fields")
    if name not in FIELDS:
        valid = {field: None for field in FIELDS if set(FIELDS[field].types) & set(mapping.types)}
        raise tree.fail(where, f"{show_value(name)} is not a field; {_near(name, tuple(valid))}")
    field = FIELDS[name]
    if not set(field.types) & set(mapping.types):
        raise tree.fail(
            where, f"{', '.join(mapping.types)} has no field {name}; it belongs to {', '.join(field.types)}"
        )
    if sum((source.column is not None, source.value is not None, source.row)) != 1:
        raise tree.fail(where, "write exactly one of column, value and row")
    if source.row and field.kind != "text":
        raise tree.fail((*where, "row"), f"only text can be a row's number, and {name} is {field.kind}")
    _check_reading(tree, field, source, where)
    if source.value is not None:
        _check_constant(mapping, field, source.value, (*where, "value"))


def _check_reading(tree: Tree, field: Field, source: Source, where: KeyPath) -> None:
    given = [key for key in sorted(_READINGS) if getattr(source, key) is not None]
    allowed = _OPTIONS.get(field.kind, frozenset())
    for key in given:
        if key not in allowed:
            raise tree.fail((*where, key), f"{field.name} is {field.kind}, which has no {key}")
    if source.value is not None and given:
        raise tree.fail((*where, given[0]), f"a constant is taken as it is; leave {given[0]} out")
    if source.unit is not None and (source.format or source.zone):
        raise tree.fail(where, "a time is either a count of units or written by a format; keep one")
    if source.origin is not None and source.unit is None:
        raise tree.fail(where, "an origin needs the unit that is counted from it; add unit: s, for example")
    if source.zone is not None and not is_zone(source.zone):
        shown = show_value(source.zone)
        raise tree.fail((*where, "zone"), f"{shown} is not a zone; write one such as UTC, +08:00 or Asia/Shanghai")
    if source.format is not None:
        fault = fault_of_format(source.format, source.zone, field.is_date)
        if fault is not None:
            raise tree.fail((*where, "format"), fault)


def _check_constant(mapping: Mapping, field: Field, text: str, where: KeyPath) -> None:
    for type_name in mapping.types:
        annotation = _annotation(type_name, field.name)
        if annotation is None:
            continue
        try:
            msgspec.convert(constant_of(field, text), annotation, strict=True)
        except (ValueError, msgspec.ValidationError):
            near = nearest(text, field.words)
            told = f"did you mean {near}?" if near else f"give {accepted_text(type_name, field.name)}"
            raise mapping.tree.fail(where, f"{show_value(text)} is not accepted as {field.name}; {told}") from None


def _annotation(type_name: str, field_name: str) -> Any:
    fields = msgspec.structs.fields(EVENT_CLASS[type_name])
    return next((field.type for field in fields if field.name == field_name), None)


def _check_coverage(mapping: Mapping) -> None:
    given = {name for name, _, _ in _sources(mapping)}
    for type_name in mapping.types:
        missing = [name for name, field in FIELDS.items() if type_name in field.required and name not in given]
        if missing:
            told = f"{type_name} cannot do without {', '.join(missing)}; say where each comes from"
            raise mapping.tree.fail(("fields",), told)


def _check_lookup(mapping: Mapping, lookup: Lookup, where: KeyPath) -> None:
    tree = mapping.tree
    earlier = set(mapping.fields).union(*(other.take for other in mapping.lookup if other is not lookup))
    for name in lookup.on:
        if name not in mapping.fields or mapping.fields[name].column is None:
            raise tree.fail(
                (*where, "on", name), f"{name} is not a field that comes from a column; join by one that does"
            )
    for name, source in lookup.take.items():
        if name in earlier:
            raise tree.fail((*where, "take", name), f"{name} has a source already; keep one")
        if source.column is None:
            raise tree.fail((*where, "take", name), "what is taken from another file is a column; write its name")


def _check_truth(tree: Tree, truth: Truth) -> None:
    both = set(truth.cash_out) & set(truth.genuine)
    if both:
        raise tree.fail(("truth",), f"{show_value(min(both))} means cash_out and genuine at once; keep one")
    if truth.delay is not None and NO_DELAY.fullmatch(truth.delay) is None:
        try:
            parse_span(truth.delay)
        except ValueError as error:
            raise tree.fail(("truth", "delay"), str(error)) from None


def _near(word: str, words: tuple[str, ...]) -> str:
    near = nearest(word, words)
    if near is not None:
        return f"did you mean {near}?"
    more = len(words) - _WORDS_SHOWN_MAX
    return f"write one of {', '.join(words[:_WORDS_SHOWN_MAX])}" + (f" and {more} more" if more > 0 else "")
