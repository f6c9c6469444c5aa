"""Lists of cases as CSV for spreadsheets. A cell that a spreadsheet would take for a formula gets an apostrophe before
it, as OWASP's page on CSV injection says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final

COLUMNS: Final = (
    "number", "queue", "state", "assignee", "priority", "opened", "last_event", "due", "overdue", "currency",
    "money_at_stake", "money_caught", "events", "users", "merchants", "typologies", "outcome", "label", "grade",
    "measure", "decided", "decided_by", "second",
)  # fmt: skip
_LIVE: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_BLANK: Final = " \u00a0\u3000"
_WIDE: Final = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The same signs at full width, which some spreadsheets take for the narrow ones."""


def cell(value: object) -> str:
    """A value as a cell that nothing runs. Numbers stay numbers, negative ones too.

    >>> [cell(one) for one in ("=1+1", " @x", -5, None, True, ["a", "b"], "\\uff1d1")]
    ["'=1+1", "' @x", '-5', '', 'true', 'a, b', "'\\uff1d1"]
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    begins = text.lstrip(_BLANK)
    return f"'{text}" if begins.startswith(_LIVE + _WIDE) or text.startswith(_LIVE) else text


def csv_of(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Cases, as JSON shows them, as CSV (RFC 4180) in UTF-8 with its mark, every text in quotes."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows([cell(row.get(name)) for name in COLUMNS] for row in rows)
    return file.getvalue().encode("utf-8-sig")
