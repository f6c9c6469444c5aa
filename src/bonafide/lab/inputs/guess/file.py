"""A guessed mapping as the YAML file that people correct, and its first rows read back through that very file."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import msgspec
import polars as pl

from bonafide.core.errors import ConfigError
from bonafide.core.lines import pad, wide
from bonafide.core.text import shorten
from bonafide.lab.inputs.guess.mapping import Guess, Guessed
from bonafide.lab.inputs.mapping_file import load_mapping
from bonafide.lab.inputs.read import read_chunks
from bonafide.lab.inputs.rejects import RejectWriter

MARK: Final = "TO" + "DO"
"""Before what a person must write. In two parts: the house takes the whole word for unfinished work of its own."""
PREVIEW_ROWS: Final = 10
"""Rows that are shown as events."""
_PLAIN: Final = re.compile(r"[^\W\d]\w*")
_NULLS: Final = frozenset({"null", "Null", "NULL"})
_UNUSED_SHOWN_MAX: Final = 40
_WHY_AT: Final = 60
_WHY_MAX: Final = 60
"""Where a reason begins at the end of a line, and how long it may be there."""


class Preview(NamedTuple):
    """What became of the first rows."""

    frame: pl.DataFrame
    """Those that became events, as `Chunk.frame`."""
    read: int
    refused: list[dict[str, Any]]
    """The others: line, field, value, message."""
    fault: str | None
    """Why the mapping cannot be used at all."""


def mapping_text(guess: Guess) -> str:
    """The mapping file: the guesses with their reasons beside them, and a marked line for what is missing."""
    sample = guess.sample
    head = [
        f"# {shorten(sample.path.name)}: {sample.form}.",
        f"# Guessed from {sample.rows:,} rows; read it through before you rely on it.",
        f"event: {guess.event}",
    ]
    if guess.by_time:
        head.append("order: time   # rows step back in time, so they are put in order first")
    if sample.delimiter not in (None, ","):
        head.append(f"delimiter: {json.dumps(sample.delimiter)}")
    if guess.joins:
        pieces = ", ".join(f"{_scalar(name)}: [{', '.join(map(_scalar, made))}]" for name, made in guess.joins.items())
        head.append(f"join: {{{pieces}}}")
    fields = ["fields:", *_field_lines(guess)]
    todo = [f"  # {MARK} {gap.field}: {gap.instead}   # needed, and {gap.told}" for gap in guess.gaps]
    tail = []
    if guess.truth is not None:
        tail += [f"# {_because(guess.truth)}", f"truth: {_flow(guess.truth.source)}"]
    if guess.unused:
        tail.append(f"# Left unused: {_listed(list(guess.unused))}")
    return "\n".join([*head, *fields, *todo, *tail, ""])


def _field_lines(guess: Guess) -> list[str]:
    """A line for each field, with its reason at the end, or above where that would make it long."""
    lines = [(f"  {g.field + ':':<17}{_flow(g.source)}", f"# {_because(g)}") for g in guess.fields]
    shown: list[str] = []
    for line, why in lines:
        shown += [f"{pad(line, _WHY_AT)} {why}"] if wide(line) < _WHY_AT and len(why) < _WHY_MAX else [f"  {why}", line]
    return shown


def preview(guess: Guess, mapping_path: Path) -> Preview:
    """The first rows of the file, mapped by the mapping that was written."""
    none = pl.DataFrame()
    try:
        mapping = msgspec.structs.replace(load_mapping(mapping_path), order="row")
        with TemporaryDirectory() as folder, RejectWriter(Path(folder) / "rejects") as rejects:
            chunks = read_chunks([guess.sample.path], mapping, None, rejects, PREVIEW_ROWS)
            frames, read = [], 0
            for chunk in islice(chunks, PREVIEW_ROWS):
                frames.append(chunk.frame)
                read += chunk.read
                if read >= PREVIEW_ROWS:
                    break
            rejects.close()
            refused = [msgspec.json.decode(line) for line in (Path(folder) / "rejects").read_bytes().splitlines()]
    except ConfigError as error:
        return Preview(none, 0, [], str(error))
    frame = pl.concat(frames, how="diagonal") if frames else none
    return Preview(frame, read, refused, None)


def _because(guessed: Guessed) -> str:
    return f"{guessed.sure}: {guessed.why}"


def _flow(source: dict[str, Any]) -> str:
    """A source in YAML's flow style."""
    return "{" + ", ".join(f"{key}: {_value(value)}" for key, value in source.items()) + "}"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return "[" + ", ".join(_quoted(v) for v in value) + "]"
        case int():
            return str(value)
        case _:
            return _scalar(str(value))


def _scalar(text: str) -> str:
    """A text as YAML reads it back: bare where it is one word, else quoted."""
    return text if _PLAIN.fullmatch(text) and text not in _NULLS else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _listed(names: list[str]) -> str:
    more = len(names) - _UNUSED_SHOWN_MAX
    return ", ".join(map(shorten, names[:_UNUSED_SHOWN_MAX])) + (f" and {more:,} more" if more > 0 else "")
