"""Numbers that JSON does not have: NaN, Infinity, and what is larger than any number that is reckoned with.

Their record is no JSON and is refused as that; but its sender is told which field holds one, and what it accepts.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from bonafide.core.diagnose import accepted_text
from bonafide.core.errors import InputError
from bonafide.core.events import ID_LENGTH_MAX
from bonafide.core.fields import FIELDS
from bonafide.core.text import is_tidy, shorten

_DIGITS_MAX: Final = 4_000
"""Longest whole number that is read: Python itself reads no longer ones."""
_NUMBERS: Final = ("money", "integer", "fraction", "moment")


class _Written(str):
    """A number that is none, as it was written."""

    __slots__ = ()


def _float(written: str) -> object:
    return float(written) if math.isfinite(float(written)) else _Written(written)


def _whole(written: str) -> object:
    return int(written) if len(written) <= _DIGITS_MAX else _Written(written)


def diagnose_number(line: bytes) -> InputError | None:
    """The refusal of a line whose only fault is such a number in one of its event's fields that hold numbers; else
    None. `event_id` is set where the record has a usable one.

    >>> print(diagnose_number(b'{"type": "payment", "event_id": "p1", "amount": NaN}'))
    amount: NaN is not accepted; give a whole number from 1 to 1000000000000 (minor units)
    """
    try:
        record = json.loads(line.decode(), parse_constant=_Written, parse_float=_float, parse_int=_whole)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    name = next((name for name, value in record.items() if isinstance(value, _Written)), None)
    field = FIELDS.get(name) if name is not None else None
    type_name = record.get("type")
    if name is None or field is None or field.kind not in _NUMBERS or type_name not in field.types:
        return None
    shown = shorten(str(record[name]))
    message = f"{name}: {shown} is not accepted; give {accepted_text(type_name, name)}"
    return InputError("malformed", message, name, shown, _usable(record.get("event_id")))


def _usable(event_id: Any) -> str | None:
    usable = isinstance(event_id, str) and 1 <= len(event_id) <= ID_LENGTH_MAX and is_tidy(event_id)
    return event_id if usable else None
