"""How well a column suits a field, by its name and its values; and the columns dealt out among the fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bonafide.core.events import EVENT_CLASS, ID_LENGTH_MAX
from bonafide.core.fields import FIELDS
from bonafide.lab.inputs.guess.names import EXACT, TRUTH, likeness
from bonafide.lab.inputs.guess.values import Column

_AMOUNT: Final = "amount"
_NAMELESS_MIN: Final = 0.9
"""From this fit on, values speak for themselves and need no name."""
_NAMELESS_AMOUNTS_MAX: Final = 2
"""Of more columns with decimals and without a telling name, none is more likely the amount than another."""


def event_of(columns: Sequence[Column]) -> str:
    """payment, or transfer where both sides are accounts of one kind."""
    found = assign("transfer", columns)
    sides = [found.get("from_account_id"), found.get("to_account_id")]
    if None in sides or "merchant_id" in assign("refund", [c for c in columns if c not in sides]):
        return "payment"
    first, second = (set(side.text) for side in sides if side is not None)
    digits = all(side is not None and side.is_whole for side in sides)
    return "transfer" if digits or first & second else "payment"


def assign(event: str, columns: Sequence[Column]) -> dict[str, Column]:
    """Field -> column, best pairs first, each column once."""
    names = (*EVENT_CLASS[event].__struct_fields__, TRUTH)
    pairs = [
        (score, -place, name, c) for name in names for place, c in enumerate(columns) if (score := _score(name, c))
    ]
    nameless = [pair for pair in pairs if pair[2] == _AMOUNT and pair[0] < 1]
    if len(nameless) > _NAMELESS_AMOUNTS_MAX:
        pairs = [pair for pair in pairs if pair not in nameless]
    found: dict[str, Column] = {}
    for _, _, name, column in sorted(pairs, key=lambda pair: pair[:2], reverse=True):
        if name not in found and column not in found.values():
            found[name] = column
    return found


def _score(field: str, column: Column) -> float:
    """How well a column's name and values suit a field; 0 where they do not."""
    fit = _fit(field, column)
    name = likeness(field, column.name)
    return name + fit if fit and (name or fit >= _NAMELESS_MIN) else 0.0


def _fit(field: str, column: Column) -> float:
    """How well values suit a field; 0 excludes it."""
    if len(column.text) == 0:
        return 0.0
    if field == TRUTH:
        return 0.8 if column.is_flag else 0.0
    if field == "ip":
        return 1.0 if column.is_ip else 0.0
    known = FIELDS[field]
    match known.kind:
        case "moment":
            return column.time.sure if column.time is not None and field == "time" else 0.0
        case "money":
            lowest = column.numbers.min()
            if not isinstance(lowest, float) or lowest < 0 or not column.is_number:
                return 0.0
            return 0.5 if column.is_whole else 0.9 if field == _AMOUNT else 0.6
        case "integer":
            return 0.5 if column.is_whole else 0.0
        case "word":
            fits = set(column.text) <= set(known.words)
            return (1.0 if field == "currency" else 0.8) if fits else 0.0
        case "text":
            return _fit_of_id(field, column)
        case _:
            return 0.0


def _fit_of_id(field: str, column: Column) -> float:
    too_long = column.text.str.len_chars().max()
    if not isinstance(too_long, int) or too_long > ID_LENGTH_MAX or (column.is_number and not column.is_whole):
        return 0.0
    if column.time is not None and column.time.sure == EXACT:
        return 0.0
    if field == "event_id":
        return 0.6 if column.is_unique else 0.0
    return 0.5
