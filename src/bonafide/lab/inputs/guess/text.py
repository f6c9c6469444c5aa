"""A guessed mapping as people read it: each field with its reason, what is missing, ten rows as events."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from bonafide.core.fields import FIELDS
from bonafide.core.lines import WIDTH_MAX, WIDTH_MIN, cut, indented, pad, table, wide, wrap
from bonafide.core.moment import show_moment
from bonafide.core.money import show_money
from bonafide.core.text import shorten
from bonafide.lab.inputs.guess.file import Preview
from bonafide.lab.inputs.guess.mapping import Guess, Guessed

_CELL_MAX: Final = 24
_UNUSED_SHOWN_MAX: Final = 12
_REFUSED_SHOWN_MAX: Final = 3
_ONE_COLUMN: Final = (
    "The file has one column: neither comma, tab, semicolon, bar nor blank divides its rows. Where another character "
    "does, save the file with commas."
)


def guess_text(guess: Guess, seen: Preview, width: int) -> str:
    """Everything there is to say about a guess, in lines of at most `width` columns."""
    width = min(max(width, WIDTH_MIN), WIDTH_MAX)
    sample = guess.sample
    parts = [
        wrap(f"{sample.path}: {sample.form}; {sample.rows:,} rows looked at. Read as {guess.event}.", width),
        _fields(guess, width),
        _missing(guess, seen, width),
        _unused(guess, width),
        _rows(guess, seen, width),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def preview_rows(seen: Preview) -> list[dict[str, Any]]:
    """The events of a preview as records for JSON: fields that are there, times as text."""
    rows = []
    for row in seen.frame.drop("file", "line", strict=False).iter_rows(named=True):
        given = {name: value for name, value in row.items() if value is not None}
        rows.append({n: show_moment(v) if n in FIELDS and FIELDS[n].kind == "moment" else v for n, v in given.items()})
    return rows


def _fields(guess: Guess, width: int) -> list[str]:
    told = [*guess.fields, *([guess.truth] if guess.truth else [])]
    names = max((wide(g.field) for g in told), default=5)
    origins = min(max((wide(_origin(guess, g)) for g in told), default=4), 30)
    lines = [f"{pad('field', names)}  {pad('from', origins)}  {'':7}  why"]
    for g in told:
        first = f"{pad(g.field, names)}  {pad(cut(_origin(guess, g), origins), origins)}  {g.sure:<7}  "
        lines += indented(first, g.why, width)
    return lines


def _origin(guess: Guess, guessed: Guessed) -> str:
    source = guessed.source
    if "column" in source:
        pieces = guess.joins.get(source["column"])
        return shorten(source["column"]) + (f" ({' + '.join(map(shorten, pieces))})" if pieces else "")
    return "the row's number" if source.get("row") else f"always {source['value']}"


def _missing(guess: Guess, seen: Preview, width: int) -> list[str]:
    lines: list[str] = []
    if len(guess.sample.names) == 1:
        lines += wrap(_ONE_COLUMN, width)
    for gap in guess.gaps:
        lines += indented(f"missing: {gap.field}: ", f"{gap.told}; write {gap.instead}", width, later="         ")
    if seen.fault is not None and not guess.gaps:
        lines += indented("the mapping cannot be used yet: ", seen.fault, width, later="         ")
    return lines


def _unused(guess: Guess, width: int) -> list[str]:
    names = list(guess.unused)
    if not names:
        return []
    shown = [shorten(n) + (f" ({guess.unused[n]})" if guess.unused[n] else "") for n in names[:_UNUSED_SHOWN_MAX]]
    more = len(names) - len(shown)
    return indented("left unused: ", ", ".join(shown) + (f" and {more:,} more" if more else ""), width)


def _rows(guess: Guess, seen: Preview, width: int) -> list[str]:
    """The first rows as events, as many fields as fit."""
    if seen.fault is not None:
        return []
    if not seen.read:
        return ["The file has no rows below its header."]
    lines = [f"The first {seen.read:,} rows as events:" if seen.read > 1 else "The one row as an event:"]
    if seen.frame.height:
        lines += _event_table(guess, seen.frame, width)
    for refused in seen.refused[:_REFUSED_SHOWN_MAX]:
        lines += indented(f"refused, line {refused['line']}: ", refused["message"], width, later="  ")
    more = len(seen.refused) - _REFUSED_SHOWN_MAX
    return [*lines, f"and {more} more refused"] if more > 0 else lines


def _event_table(guess: Guess, frame: pl.DataFrame, width: int) -> list[str]:
    constant = {"currency", *(g.field for g in guess.fields if "value" in g.source)}
    mapped = [g.field for g in guess.fields if g.field in frame.columns and g.field not in constant]
    rows = list(frame.iter_rows(named=True))
    shown: list[str] = []
    for name in mapped:
        if shown and max(wide(line) for line in _table_of([*shown, name], rows)) > width:
            break
        shown.append(name)
    lines = _table_of(shown, rows)
    more = mapped[len(shown) :]
    return [*lines, *wrap(f"and {', '.join(more)}", width)] if more else lines


def _table_of(names: list[str], rows: list[dict[str, Any]]) -> list[str]:
    cells = [[cut(_cell(name, row), _CELL_MAX) for name in names] for row in rows]
    return table(names, cells, [FIELDS[name].is_number and FIELDS[name].kind != "moment" for name in names])


def _cell(name: str, row: dict[str, Any]) -> str:
    value = row[name]
    if value is None:
        return "-"
    match FIELDS[name].kind:
        case "moment":
            return show_moment(value).replace(".000Z", "Z")
        case "money":
            return show_money(value, row["currency"]) if row.get("currency") else str(value)
        case _:
            return shorten(str(value))
