"""The field table: every field of every event type, once, with its kind, its place and its legal origin.

It is read off the structs of `events`, so that the schema is said in one place. A field's *place* is its column in
the row of integers that the engine reads; the same name has the same kind in every type. Words (values of closed
sets) share one vocabulary, so that 'completed' is one number wherever it stands. Beside its origin stands whether a
field is *personal*: the journal holds tokens in place of its texts (`core.pseudonym`).
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

import msgspec

from bonafide.core.events import DERIVED_CLASS, EVENT_CLASS

Kind = Literal["text", "word", "money", "integer", "fraction", "flag", "moment", "list"]
Origin = Literal["contract", "credit", "anti_fraud_duty", "consent", "public"]

_MONEY: Final = frozenset({"amount", "credit_limit", "credit_used", "limit"})
_ORIGIN: Final[dict[Origin, str]] = {
    "credit": "credit_limit credit_used limit instalments due_time days_past_due",
    "anti_fraud_duty": "device_id ip phone_id success method group_id score indicator_id confidence typology via "
    "shared returned_share return_hops return_delay_s one_to_one recycled_share",
    "public": "legal_name registration_no representative_id opened_on",
    "consent": "invited_by",
}
_PERSONAL: Final = {
    "user": "user_id invited_by",
    "merchant": "merchant_id",
    "device": "device_id",
    "account": "account_id from_account_id to_account_id",
    "address": "address_id",
    "phone": "phone_id",
    "ip": "ip",
    "person": "representative_id",
    "legal_name": "legal_name",
    "registration_no": "registration_no",
    "street": "address",
    "tracking_no": "tracking_no",
    "document": "documents",
    "entry": "entry",
    "owner_type": "owner_id",
    "subject_type": "subject_id",
}
"""What the texts of a field name, or the field that says so. Of `documents` the ids are personal; an `entry` of a list
may be anybody's. `by` says which member of staff did something: who is answerable is not hidden."""
DATES: Final = frozenset({"opened_on"})
"""Moments that are written as dates: the midnight (UTC) that begins one."""
KIND_FIELDS: Final = ("owner_type", "subject_type")
NO_PERSON: Final = "event"
"""The one kind of subject that is nobody: a `subject_id` that names an event stays as it is, as every event_id does."""


class Field(NamedTuple):
    """One field of the schema."""

    name: str
    place: int
    kind: Kind
    types: tuple[str, ...]
    """The event types that have it."""
    derived: tuple[str, ...]
    """The derived types that have it."""
    required: frozenset[str]
    """The types that must have it."""
    words: tuple[str, ...]
    """For a word: the values that some type accepts."""
    origin: Origin
    personal: str | None
    """What its texts name, or the one of KIND_FIELDS that says so; None: it is not personal."""

    @property
    def every_type(self) -> tuple[str, ...]:
        """The types that have it, read and derived."""
        return self.types + self.derived

    @property
    def is_date(self) -> bool:
        """Whether it is a moment that is written as a date."""
        return self.name in DATES

    @property
    def is_number(self) -> bool:
        """Whether sums and comparisons by size make sense."""
        return self.kind in {"money", "integer", "fraction", "moment"}


def _kind_of(name: str, info: msgspec.inspect.Type) -> tuple[Kind, tuple[str, ...]]:
    parts = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    given = [p for p in parts if not isinstance(p, msgspec.inspect.NoneType)]
    for part in given:
        match part:
            case msgspec.inspect.LiteralType(values=values):
                return "word", tuple(str(v) for v in values)
            case msgspec.inspect.DateTimeType() | msgspec.inspect.DateType():
                return "moment", ()
            case msgspec.inspect.BoolType():
                return "flag", ()
            case msgspec.inspect.FloatType():
                return "fraction", ()
            case msgspec.inspect.StrType():
                return "text", ()
            case msgspec.inspect.VarTupleType():
                return "list", ()
            case _:
                pass
    return ("money" if name in _MONEY else "integer"), ()


def _read_schema() -> dict[str, Field]:
    kinds: dict[str, Kind] = {}
    types: dict[str, list[str]] = {}
    required: dict[str, set[str]] = {}
    words: dict[str, dict[str, None]] = {}
    origin = {name: source for source, names in _ORIGIN.items() for name in names.split()}
    personal = {name: kind for kind, names in _PERSONAL.items() for name in names.split()}
    for type_name, cls in (EVENT_CLASS | DERIVED_CLASS).items():
        info: Any = msgspec.inspect.type_info(cls)
        for field in info.fields:
            kind, values = _kind_of(field.name, field.type)
            if kinds.setdefault(field.name, kind) != kind:
                raise AssertionError(f"{field.name} has two kinds: {kind} and {kinds[field.name]}")
            types.setdefault(field.name, []).append(type_name)
            words.setdefault(field.name, {}).update(dict.fromkeys(values))
            required.setdefault(field.name, set()).update([type_name] if field.required else [])
    return {
        name: Field(
            name, place, kinds[name], tuple(t for t in types[name] if t in EVENT_CLASS),
            tuple(t for t in types[name] if t in DERIVED_CLASS), frozenset(required[name]), tuple(words[name]),
            origin.get(name, "contract"), personal.get(name),
        )
        for place, name in enumerate(kinds)
    }  # fmt: skip


FIELDS: Final = _read_schema()
TYPE_NAMES: Final = tuple(EVENT_CLASS)
COMPLETED_CODE: Final = len(TYPE_NAMES)
"""The type code of a payment that its payment_status completed, at the payment's own time."""
TYPE_CODE: Final = {name: code for code, name in enumerate(TYPE_NAMES)} | {
    name: COMPLETED_CODE + 1 + i for i, name in enumerate(DERIVED_CLASS)
}
"""The codes of the types that are read, then those of derived events."""
WORDS: Final = tuple(sorted({word for field in FIELDS.values() for word in field.words}))
WORD_CODE: Final = {word: code for code, word in enumerate(WORDS)}
PERSONAL_KINDS: Final = tuple(
    dict.fromkeys(
        kind for said in _PERSONAL for kind in (FIELDS[said].words if said in KIND_FIELDS else (said,))
        if kind != NO_PERSON
    )
)  # fmt: skip
"""What personal texts name."""
ABSENT: Final = -(2**63)
"""How an absent field stands in a row of integers; no accepted value can equal it."""
FRACTION_UNIT: Final = 10**9
"""Numbers from 0 to 1 stand in a row as billionths, so that their sums are exact too."""
