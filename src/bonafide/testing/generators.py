"""Random events for Hypothesis, read off the schema: valid, of every type, few ids and few moments, so that they meet.

Needs the `dev` extra. For tests of what stands behind the door, in this project and in those that build on it:

>>> from hypothesis import given, strategies as st
>>> @given(st.lists(events({"payment", "refund"})))
... def test_something(log): ...
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final, cast, get_args

from hypothesis import strategies as st
from msgspec import inspect

from bonafide.core.events import EVENT_CLASS, ID_LENGTH_MAX, Event, Fact, MeasureStatus, Verdict
from bonafide.core.fields import FIELDS
from bonafide.core.moment import DAY_MS, MINUTE_MS
from bonafide.core.money import Currency
from bonafide.core.text import is_tidy

START_MS: Final = 1_767_225_600_000
"""2026-01-01 UTC, where the moments of generated events begin."""
SPAN_MS: Final = 30 * DAY_MS
POOL: Final = 4
"""Ids of each kind of entity, unless told otherwise."""
EVENT_IDS_PER_ID: Final = 16
"""Event ids repeat too (duplicates, conflicts), but less often than the ids of entities."""

STRATEGIES_MAX: Final = 256
"""How many are kept for whoever asks again, such as a test that asks within each example."""

_MINUTES: Final = st.integers(0, SPAN_MS // MINUTE_MS).map(lambda minute: START_MS + minute * MINUTE_MS)
_SMALL: Final = 1_000
_ITEMS_MAX: Final = 3
_CURRENCIES: Final = ("CNY", "CNY", "CNY", *get_args(Currency))
_PREFIXES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("user_id", "invited_by"), ("u",)),
    **dict.fromkeys(("event_id", "payment_id"), ("e",)),
    **dict.fromkeys(("account_id", "from_account_id", "to_account_id"), ("a",)),
    "merchant_id": ("m",),
    "order_id": ("o",),
    "device_id": ("d",),
    "ip": ("10.0.0.",),
    "owner_id": ("u", "m"),
    "subject_id": ("u", "m", "e", "d", "a"),
}
"""How the ids of an entity begin, so that fields that name the same kind of entity name the same entities."""


def events(
    types: Collection[str] | None = None,
    *,
    pool: int = POOL,
    times: st.SearchStrategy[int] | None = None,
    awkward: bool = False,
) -> st.SearchStrategy[Event]:
    """Valid events of the given types (all when None), each field within its bounds, optional ones often absent.

    `pool` is the number of ids of each kind of entity; `times` gives the moments in ms since 1970 UTC (default: whole
    minutes of thirty days, so that ties happen); with `awkward`, ids and texts are also arbitrary Unicode up to their
    full length. An unknown type raises KeyError.
    """
    kinds = tuple(name for name in EVENT_CLASS if types is None or name in types)
    unknown = set(types or ()) - set(kinds)
    if unknown:
        raise KeyError(f"unknown event types: {', '.join(sorted(unknown))}")
    return _events(kinds, pool, _MINUTES if times is None else times, awkward)


def texts(length_max: int = ID_LENGTH_MAX) -> st.SearchStrategy[str]:
    """Text that the door takes as it is: 1 to `length_max` characters, in NFC, without control characters."""
    characters = st.characters(exclude_categories=("Cc", "Cs"))
    composed = st.text(characters, min_size=1, max_size=length_max).map(lambda text: unicodedata.normalize("NFC", text))
    return composed.map(lambda text: text[:length_max]).filter(is_tidy)


@lru_cache(STRATEGIES_MAX)
def _events(
    kinds: tuple[str, ...], pool: int, times: st.SearchStrategy[int], awkward: bool
) -> st.SearchStrategy[Event]:
    return st.one_of([_events_of(EVENT_CLASS[name], pool, times, awkward) for name in kinds])


def _events_of(cls: type[Fact], pool: int, times: st.SearchStrategy[int], awkward: bool) -> st.SearchStrategy[Event]:
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        into = required if field.required else optional
        into[field.name] = _values(field.name, field.type, pool, times, awkward)

    def make(fields: dict[str, Any]) -> Event:
        if cls is Verdict and fields["subject_type"] == "event" and not fields.keys() & {"user_id", "merchant_id"}:
            fields["user_id"] = "u0"
        if cls is MeasureStatus and fields["measure"] == "refer" and fields["status"] in {"applied", "confirmed"}:
            fields.setdefault("by", "by-0")
        return cast(Event, cls(**fields))

    return st.fixed_dictionaries(required, optional=optional).map(make)


def _values(
    name: str, info: inspect.Type, pool: int, times: st.SearchStrategy[int], awkward: bool
) -> st.SearchStrategy[Any]:
    if name in FIELDS and FIELDS[name].kind == "moment":
        return times
    parts = info.types if isinstance(info, inspect.UnionType) else (info,)
    match next(part for part in parts if not isinstance(part, inspect.NoneType)):
        case inspect.LiteralType(values=words):
            return st.sampled_from(_CURRENCIES if name == "currency" else words)
        case inspect.IntType(ge=int(low), le=int(high)):
            return st.integers(low, min(high, low + _SMALL)) | st.integers(low, high)
        case inspect.FloatType(ge=low, le=high):
            return st.floats(low, high, width=32)
        case inspect.BoolType():
            return st.booleans()
        case inspect.StrType(max_length=int(longest)):
            ids = st.sampled_from(_ids(name, pool))
            return ids | texts(longest) if awkward else ids
        case inspect.VarTupleType(item_type=item):
            return st.lists(_values(name, item, pool, times, awkward), max_size=_ITEMS_MAX).map(tuple)
        case inspect.StructType(cls=cls, fields=fields):
            inner = {field.name: _values(field.name, field.type, pool, times, awkward) for field in fields}
            return st.fixed_dictionaries(inner).map(lambda values: cls(**values))
        case other:
            raise AssertionError(f"{name}: no values for {other}")


def _ids(name: str, pool: int) -> list[str]:
    size = pool * EVENT_IDS_PER_ID if name in {"event_id", "payment_id"} else pool
    return [f"{prefix}{number}" for prefix in _PREFIXES.get(name, (f"{name}-",)) for number in range(size)]
