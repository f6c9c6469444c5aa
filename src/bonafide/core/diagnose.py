"""Why a record is not an event: the first fault of a refused record, told so that its sender can mend it.

What a field accepts is asked of the structs themselves (each value is converted alone), so this never disagrees with
the door; only the words are made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

import msgspec
from msgspec import inspect

from bonafide.core.errors import InputError
from bonafide.core.events import CONTROL_TYPES, DATE_RANGE_TEXT, EVENT_CLASS, MOMENT_RANGE_TEXT, Event, Id
from bonafide.core.fields import DATES, FIELDS
from bonafide.core.moment import DATE_MIN, MOMENT_MAX, moment_of, moment_of_date
from bonafide.core.money import Currency
from bonafide.core.text import SHOWN_LENGTH_MAX, is_tidy, nearest, show_value

_ELSEWHERE_SHOWN_MAX: Final = 3
"""Event types named when a field belongs to others than the one at hand."""
_MOMENT_TEXT: Final = "RFC 3339 with a zone, such as 2026-01-05T08:30:00Z, or whole milliseconds since 1970 UTC"
_DATE_TEXT: Final = "an ISO date, such as 2019-06-30, or whole milliseconds since 1970 UTC"
_TYPES_TEXT: Final = f"one of {', '.join(name for name in EVENT_CLASS if name not in CONTROL_TYPES)}"
_CURRENCIES: Final[tuple[str, ...]] = get_args(Currency)
_REFUSED: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)


class _Slot(NamedTuple):
    """A place for a value: a field of a struct, or an item of a list field."""

    name: str
    annotation: Any
    required: bool
    info: inspect.Type
    """What msgspec makes of the annotation; of a union its first member, None left out."""


def diagnose(record: Mapping[str, Any]) -> InputError:
    """The first fault of a record that `convert_event` refused; its text is in NFC and its nulls are gone already.

    It looks in this order: the type, unknown fields, missing fields, each value in the order of the schema, and
    last what holds between fields. `event_id` is set where the record has a usable one.
    """
    error = _first_fault(record)
    event_id = record.get("event_id")
    if isinstance(event_id, str) and _accepts(Id, event_id):
        error.event_id = event_id
    return error


def accepted_text(type_name: str, field: str) -> str:
    """What a field of an event type accepts, as it completes the sentence "give ..."; KeyError if it has no such field.

    >>> accepted_text("payment", "credit_used")
    'a whole number from 0 to 1000000000000 (minor units)'
    """
    return _accepted({slot.name: slot for slot in _slots(EVENT_CLASS[type_name])}[field])


def _first_fault(record: Mapping[str, Any]) -> InputError:
    if "type" not in record:
        return InputError("missing-field", f"type: missing from the event; give {_TYPES_TEXT}", "type")
    type_name = record["type"]
    cls = EVENT_CLASS.get(type_name) if isinstance(type_name, str) else None
    if cls is None:
        return InputError.of_value("type", type_name, _TYPES_TEXT + _hint(type_name, EVENT_CLASS))
    fields = {name: value for name, value in record.items() if name != "type"}
    fault = _fault_in_struct(cls, fields, type_name, "")
    if fault is not None:
        return fault
    try:
        msgspec.convert(record, Event, strict=True)
    except InputError as error:
        return error
    except _REFUSED as error:
        return InputError("malformed", f"the record is not an event: {error}")
    raise AssertionError("a record without a fault has no diagnosis")


def _fault_in_struct(
    cls: type[msgspec.Struct], fields: Mapping[str, Any], owner: str, prefix: str
) -> InputError | None:
    slots = _slots(cls)
    names = tuple(slot.name for slot in slots)
    for name, value in fields.items():
        if name not in names:
            return _unknown(name, value, names, owner, prefix)
    for slot in slots:
        if slot.required and slot.name not in fields:
            path = prefix + slot.name
            return InputError("missing-field", f"{path}: missing from {owner}; give {_accepted(slot)}", path)
    for slot in slots:
        fault = _fault_in_value(slot, fields[slot.name], prefix + slot.name) if slot.name in fields else None
        if fault is not None:
            return fault
    return None


def _fault_in_value(slot: _Slot, value: Any, path: str) -> InputError | None:
    if _accepts(slot.annotation, value):
        return None
    match slot.info, value:
        case inspect.VarTupleType(max_length=int(longest)), list() if len(value) <= longest:
            item = _item_slot(slot)
            faults = (_fault_in_value(item, part, f"{path}[{place}]") for place, part in enumerate(value))
            return next((fault for fault in faults if fault is not None), None)
        case inspect.StructType(cls=cls), dict():
            return _fault_in_struct(cls, value, path, f"{path}.")
        case inspect.LiteralType(), str():
            return InputError.of_value(path, value, _accepted(slot) + _hint(value, _words(slot.annotation)))
        case _ if _is_moment(slot) and _is_a_time(slot.annotation, value):
            return InputError.of_value(path, value, DATE_RANGE_TEXT if slot.name in DATES else MOMENT_RANGE_TEXT)
        case _:
            return InputError.of_value(path, value, _accepted(slot))


def _unknown(name: object, value: object, names: tuple[str, ...], owner: str, prefix: str) -> InputError:
    if not isinstance(name, str):
        return InputError("malformed", f"{show_value(name)} is not a field name; give text")
    bare = name.isidentifier() and len(name) <= SHOWN_LENGTH_MAX
    path = prefix + (name if bare else show_value(name))
    types = FIELDS[name].types if owner in EVENT_CLASS and name in FIELDS else ()
    near = nearest(name, names)
    if types:
        more = len(types) - _ELSEWHERE_SHOWN_MAX
        told = f"it belongs to {', '.join(types[:_ELSEWHERE_SHOWN_MAX])}" + (f" and {more} more" if more > 0 else "")
    elif near is not None:
        told = f"did you mean {near}?"
    else:
        told = f"its fields are {', '.join(names)}"
    return InputError("unknown-field", f"{path}: unknown field of {owner}; {told}", path, show_value(value))


def _accepts(annotation: Any, value: Any) -> bool:
    """Whether the door takes a value for a type, with all its conditions on text and moments."""
    try:
        taken = msgspec.convert(value, annotation, strict=True)
    except _REFUSED:
        return False
    match taken:
        case str():
            return is_tidy(taken)
        case datetime():
            return 0 <= moment_of(taken) <= MOMENT_MAX
        case date():
            return DATE_MIN <= moment_of_date(taken) <= MOMENT_MAX
        case tuple():
            return all(_accepts(_item_annotation(annotation), item) for item in value)
        case msgspec.Struct():
            return all(_accepts(slot.annotation, getattr(taken, slot.name)) for slot in _slots(type(taken)))
        case _:
            return True


def _accepted(slot: _Slot) -> str:
    """What completes the sentence "give ..." for a slot."""
    if _is_moment(slot):
        return _DATE_TEXT if isinstance(slot.info, inspect.DateType) else _MOMENT_TEXT
    match slot.info:
        case inspect.LiteralType():
            words = _words(slot.annotation)
            return "an ISO 4217 code such as CNY" if words == _CURRENCIES else f"one of {', '.join(words)}"
        case inspect.IntType(ge=low, le=high):
            unit = " (minor units)" if slot.name in FIELDS and FIELDS[slot.name].kind == "money" else ""
            return f"a whole number from {low} to {high}{unit}"
        case inspect.FloatType(ge=low, le=high):
            return f"a number from {low} to {high}"
        case inspect.StrType(min_length=shortest, max_length=longest):
            return f"text of {shortest} to {longest} characters without control characters"
        case inspect.BoolType():
            return "true or false"
        case inspect.VarTupleType(max_length=longest):
            return f"a list of at most {longest}, each {_accepted(_item_slot(slot))}"
        case inspect.StructType(fields=fields):
            return f"an object {{{', '.join(field.name for field in fields)}}}"
        case other:
            raise AssertionError(f"no words for {other}")


def _hint(value: object, words: Iterable[str]) -> str:
    near = nearest(value, words) if isinstance(value, str) else None
    return "" if near is None else f" (did you mean {near!r}?)"


def _is_moment(slot: _Slot) -> bool:
    return slot.name in FIELDS and FIELDS[slot.name].kind == "moment"


def _is_a_time(annotation: Any, value: Any) -> bool:
    """Whether a refused value has the form of a time, so that only its range can be wrong."""
    if isinstance(value, int):
        return not isinstance(value, bool)
    try:
        return isinstance(msgspec.convert(value, annotation, strict=True), date)
    except _REFUSED:
        return False


@cache
def _slots(cls: type[msgspec.Struct]) -> tuple[_Slot, ...]:
    return tuple(_slot(field.name, field.type, field.required) for field in msgspec.structs.fields(cls))


def _slot(name: str, annotation: Any, required: bool) -> _Slot:
    info = inspect.type_info(annotation)
    parts = info.types if isinstance(info, inspect.UnionType) else (info,)
    return _Slot(name, annotation, required, next(p for p in parts if not isinstance(p, inspect.NoneType)))


def _item_slot(slot: _Slot) -> _Slot:
    return _slot(slot.name, _item_annotation(slot.annotation), True)


def _item_annotation(annotation: Any) -> Any:
    """The type of a list's items."""
    return get_args(_bare(annotation, tuple))[0]


def _words(annotation: Any) -> tuple[str, ...]:
    """The closed set of words that a field takes, in the order of the schema."""
    return get_args(_bare(annotation, Literal))


def _bare(annotation: Any, origin: Any) -> Any:
    """A type out of its Optional and Annotated wrappings."""
    while get_origin(annotation) is not origin:
        annotation = get_args(annotation)[0]
    return annotation
