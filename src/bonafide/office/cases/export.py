"""Lists of cases for spreadsheets, in which nothing runs.

In CSV a cell that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP's page on CSV injection
says. In XLSX every text is a cell of type text, never a formula or a link, and what begins as a formula is marked as
quoted, so that it stays text when somebody edits the cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bonafide.core.moment import SECOND_MS

COLUMNS: Final = (
    "number", "queue", "state", "assignee", "priority", "opened", "last_event", "due", "overdue", "currency",
    "money_at_stake", "money_caught", "events", "users", "merchants", "typologies", "outcome", "label", "grade",
    "measure", "decided", "decided_by", "second",
)  # fmt: skip
_LIVE: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_BLANK: Final = " \u00a0\u3000"
_WIDE: Final = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The same signs at full width, which some spreadsheets take for the narrow ones."""


CELL_LENGTH_MAX: Final = 32_000
"""Characters of a cell; XLSX holds 32,767."""
_WHOLE_MAX: Final = 2**53
"""Numbers beyond are text in XLSX, which holds floats."""
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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
    text = _text(value)
    return f"'{text}" if is_live(text) else text


def is_live(text: str) -> bool:
    """Whether a spreadsheet could take a text for a formula.

    >>> [is_live(one) for one in ("=1", " +1", "\t=1", "\uff1d1", "1", "a=1", "")]
    [True, True, True, True, False, False, False]
    """
    begins = text.lstrip(_BLANK)
    return begins.startswith(_LIVE + _WIDE) or text.startswith(_LIVE)


def _text(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text[:CELL_LENGTH_MAX]


def csv_of(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Cases, as JSON shows them, as CSV (RFC 4180) in UTF-8 with its mark, every text in quotes."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows([cell(row.get(name)) for name in COLUMNS] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def xlsx_of(rows: Iterable[Mapping[str, Any]], now_ms: int) -> bytes:
    """Cases, as JSON shows them, as a sheet: numbers are numbers, all else is text. `now_ms`: when it says it was made.

    Loads XlsxWriter, which only writes: nothing here ever reads a spreadsheet.
    """
    import xlsxwriter

    file = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, {"in_memory": True, **plain}) as book:
        book.set_properties({"created": datetime.fromtimestamp(now_ms // SECOND_MS, UTC).replace(tzinfo=None)})
        sheet, quoted = book.add_worksheet("cases"), book.add_format({"quote_prefix": True})
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name)
        for line, row in enumerate(rows, 1):
            for column, name in enumerate(COLUMNS):
                _put(sheet, line, column, row.get(name), quoted)
    return file.getvalue()


def _put(sheet: Any, line: int, column: int, value: object, quoted: Any) -> None:
    if value is None:
        return
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _WHOLE_MAX:
        sheet.write_number(line, column, value)
        return
    text = str(value).lower() if isinstance(value, bool) else _text(value)
    sheet.write_string(line, column, text, quoted if is_live(text) else None)
