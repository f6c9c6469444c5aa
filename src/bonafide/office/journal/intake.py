"""The intake: clear texts that came with a commit and are on their way into the vault, sealed, a row for each commit.

They are durable with the events that named them, so that no crash loses an id; they are deleted, and overwritten, when
the vault has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from bonafide.core.errors import StateError
from bonafide.core.pseudonym import ClearText
from bonafide.office.journal.errors import damaged
from bonafide.office.journal.reading import Reader
from bonafide.office.journal.records import pack, seal
from bonafide.office.journal.sealing import Sealer

INTAKE_TEXTS_MAX: Final = 10_000_000
"""Texts that wait at most, about a gigabyte; those beyond are not kept, and come again with the next event that names
them."""
_COUNTS: Final = "SELECT count(*), coalesce(sum(texts), 0) FROM intake"
_LAST: Final = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'intake'"
_ROWS: Final = "SELECT id, texts, box, seal FROM intake WHERE id > ? ORDER BY id LIMIT ?"
Execute = Callable[..., Any]
_unpack: Final = msgspec.msgpack.Decoder(list[ClearText]).decode


class Waiting(NamedTuple):
    """What waits in the intake."""

    rows: int
    texts: int
    last_id: int
    """Of the newest row that ever was; numbers never come again."""

    @property
    def room(self) -> int:
        """How many texts may come yet."""
        return max(0, INTAKE_TEXTS_MAX - self.texts)


class IntakeRow(NamedTuple):
    """The texts that one commit brought."""

    id: int
    size: int
    """How many they are."""
    texts: tuple[ClearText, ...] | None
    """None where the key that sealed them is not at hand."""
    seal: bytes
    """What the row is checked by; it tells the row from one of the same number in another journal."""


def read_waiting(reader: Reader) -> Waiting:
    """How much waits in a journal."""
    rows, texts = reader.query(_COUNTS)[0]
    if not isinstance(texts, int):
        raise damaged(reader.path, "the count of its intake is none")
    return Waiting(rows, texts, newest_row(reader))


def newest_row(reader: Reader) -> int:
    """The number of the newest row that ever was; 0 where there was none."""
    ((last,),) = reader.query(_LAST)
    if not isinstance(last, int):
        raise damaged(reader.path, "the number of its intake is none")
    return last


def write_intake(execute: Execute, waiting: Waiting, texts: Sequence[ClearText], sealer: Sealer) -> Waiting:
    """Write the row of a commit inside its transaction; returns what waits once it is committed."""
    if not texts:
        return waiting
    number = waiting.last_id + 1
    box = sealer.seal(pack(texts), _place(number))
    execute("INSERT INTO intake VALUES (?, ?, ?, ?)", (number, len(texts), box, seal(number, len(texts), box)))
    return Waiting(waiting.rows + 1, waiting.texts + len(texts), number)


def read_intake(reader: Reader, sealer: Sealer, after_id: int, limit: int) -> list[IntakeRow]:
    """The rows numbered after `after_id`, oldest first, checked and opened."""
    found = []
    for number, size, box, sealed in reader.query(_ROWS, after_id, limit):
        if sealed != seal(number, size, box):
            raise damaged(reader.path, f"row {number} of its intake is not what was written")
        try:
            content = sealer.unseal(box, _place(number))
        except StateError:
            raise damaged(reader.path, f"row {number} of its intake does not open") from None
        found.append(IntakeRow(number, size, None if content is None else tuple(_unpack(content)), sealed))
    return found


def drop_intake(execute: Execute, waiting: Waiting, last_id: int, sealed: bytes, sealer: Sealer) -> Waiting:
    """Delete the rows up to one, if that one is still the same, inside a transaction; returns what waits once it is
    committed. Rows whose key is not at hand nobody has taken in: they stay until it is put back."""
    if not execute("SELECT count(*) FROM intake WHERE id = ? AND seal = ?", (last_id, sealed)).fetchone()[0]:
        return waiting
    starts = sealer.box_starts()
    which = f"id <= ? AND substr(box, 1, {len(starts[0])}) IN ({', '.join('?' * len(starts))})"
    (texts,) = execute(f"SELECT coalesce(sum(texts), 0) FROM intake WHERE {which}", (last_id, *starts)).fetchone()
    rows = execute(f"DELETE FROM intake WHERE {which}", (last_id, *starts)).rowcount
    return waiting._replace(rows=waiting.rows - rows, texts=waiting.texts - texts)


def check_intake(reader: Reader) -> int:
    """Check every row without opening it; returns how many there are. Raises JournalDamagedError."""
    return sum(1 for _ in _every_row(reader))


def _every_row(reader: Reader) -> Iterator[IntakeRow]:
    after, keyless = -(2**63), Sealer([])
    while some := read_intake(reader, keyless, after, 1_000):
        yield from some
        after = some[-1].id


def _place(number: int) -> str:
    """What a box is bound to."""
    return f"intake {number}"
