"""Records as JSON text: one object a line, or one array of objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from json import JSONDecodeError
from typing import Final

import polars as pl

from bonafide.core.door import decode_event, decode_events
from bonafide.core.errors import InputError
from bonafide.core.events import Event
from bonafide.lab.inputs.chunks import CHUNK_BYTES_MAX, Batch, frame_of_events
from bonafide.lab.inputs.lines import LONG_LINE, LineFile, long_line
from bonafide.lab.inputs.rejects import Refusal
from bonafide.lab.inputs.sniff import InputFile

ARRAY_BYTES_MAX: Final = 64 << 20
"""Longest JSON array read: it must be held whole, which a line need not."""
LEAF_ROWS: Final = 4_096
"""Events after which they are turned into columns: of many more the first are out of the cache by then."""

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_decoder: Final = json.JSONDecoder(parse_int=str, parse_float=str)  # only the ends of elements are wanted


class _Pending:
    """What has been read and not yet given on."""

    def __init__(self) -> None:
        self._frames: list[pl.DataFrame] = []
        self._events: list[Event] = []
        self._lines: list[int] = []
        self._refusals: list[Refusal] = []
        self.read = 0
        """Records, accepted or refused."""

    def take(self, records: Sequence[bytes], first: int) -> None:
        """Decodes records that stand in lines from `first` on; keeps each or why it was refused, blank lines not."""
        events = decode_events(records)
        if events is None:
            self._look_closer(records, first)
        else:
            self._events += events
            self._lines += range(first, first + len(events))
            self.read += len(events)
        if len(self._events) >= LEAF_ROWS:
            self._lay_out()

    def refuse(self, line: int, error: InputError) -> None:
        self._refusals.append(Refusal(line, error))
        self.read += 1

    def batch(self, bytes_done: int) -> Batch:
        self._lay_out()
        return Batch(pl.concat(self._frames, how="diagonal", rechunk=True), self._refusals, self.read, bytes_done)

    def _look_closer(self, records: Sequence[bytes], first: int) -> None:
        for line, record in enumerate(records, first):
            try:
                self._events.append(decode_event(record))
            except InputError as error:
                if record is LONG_LINE:
                    self.refuse(line, long_line())
                elif record and not record.isspace():
                    self.refuse(line, error)
            else:
                self._lines.append(line)
                self.read += 1

    def _lay_out(self) -> None:
        """Turns the events into columns."""
        self._frames.append(frame_of_events(self._events, self._lines))
        self._events, self._lines = [], []


def read_ndjson(file: InputFile, chunk_rows: int) -> Iterator[Batch]:
    """Batches of at most `chunk_rows` records; blank lines are no records.

    A file that breaks off gives one refusal more, at the line that it breaks off in.
    """
    pending, number, before = _Pending(), 0, 0
    with LineFile(file.path) as source:
        for block in source.blocks():
            while block:
                room = chunk_rows - pending.read
                pending.take(block[:room], number + 1)
                number += len(block[:room])
                block = block[room:]
                if pending.read >= chunk_rows:
                    yield pending.batch(source.bytes_done)
                    pending, before = _Pending(), source.bytes_given
            if source.bytes_given - before >= CHUNK_BYTES_MAX:
                yield pending.batch(source.bytes_done)
                pending, before = _Pending(), source.bytes_given
        if source.fault is not None:
            pending.refuse(number + 1, InputError("malformed", source.fault))
    yield pending.batch(file.size)


def read_json_array(file: InputFile, chunk_rows: int) -> Iterator[Batch]:
    """Batches of the elements of one JSON array, numbered from 1.

    Where the text stops being JSON, or breaks off, one refusal ends the file. Raises InputError when it is too long.
    """
    with LineFile(file.path) as source:
        content, fault = source.head(ARRAY_BYTES_MAX + 1), source.fault
    if len(content) > ARRAY_BYTES_MAX:
        told = f"a JSON array longer than {ARRAY_BYTES_MAX:,} bytes is not read; write one object a line"
        raise InputError("malformed", f"{file.path}: {told}")
    pending, number = _Pending(), 0
    broken = None if fault is None else InputError("malformed", fault)
    try:
        for number, element in enumerate(_elements(content), start=1):
            pending.take([element], number)
            if pending.read >= chunk_rows:
                yield pending.batch(file.size)
                pending = _Pending()
    except InputError as error:
        broken = broken or error
    if broken is not None:
        pending.refuse(number + 1, broken)
    yield pending.batch(file.size)


def _elements(content: bytes) -> Iterator[bytes]:
    """The JSON text of each element of an array; InputError where it stops being one."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        with suppress(InputError):  # that the rest breaks off is no news
            yield from _elements(content[: error.start])
        raise _broken(f"byte {error.start} is not UTF-8; save the text as UTF-8") from None
    place = _after_space(text, _after_space(text, 0) + 1)
    if text[place : place + 1] == "]":
        return _nothing_after(text, place)
    while True:
        try:
            _, end = _decoder.raw_decode(text, place)
        except (JSONDecodeError, RecursionError):
            raise _broken("the array breaks off here or stops being JSON; what follows is not read") from None
        yield text[place:end].encode()
        end = _after_space(text, end)
        if text[end : end + 1] == "]":
            return _nothing_after(text, end)
        if text[end : end + 1] != ",":
            raise _broken(
                "after an element of the array comes a comma or the closing bracket; what follows is not read"
            )
        place = _after_space(text, end + 1)


def _nothing_after(text: str, bracket: int) -> None:
    if _after_space(text, bracket + 1) < len(text):
        raise _broken("something follows the end of the array; give one array, or one object a line")


def _after_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return place if found is None else found.end()


def _broken(message: str) -> InputError:
    return InputError("malformed", message)
