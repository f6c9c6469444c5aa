"""Bases of decisions: a row for each that people look at, written in the transaction of the decision itself.

So no crash loses one or doubles it. A row holds no text: numbers that were read of the event, and the hashes of its
subjects, by which it goes when one of them is forgotten. There is no index by subject: deciding would pay for it with
every row, and forgetting is rare enough to look through all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from math import nan
from typing import Any, Final, NamedTuple

import msgspec

from bonafide.engine.basis import Basis, pack_all
from bonafide.engine.kernels import load_kernels
from bonafide.office.journal.errors import damaged
from bonafide.office.journal.reading import Reader
from bonafide.office.journal.records import seal

DROPPED_AT_ONCE: Final = 1_000
"""Rows that one transaction deletes at most, so that no decision waits for long."""
LOOKED_AT_ONCE: Final = 5_000
_ROWS: Final = "SELECT seq, user, merchant FROM bases WHERE seq > ? ORDER BY seq LIMIT ?"
_LEAST: Final = -(2**63)
Execute = Callable[..., Any]
_unpack: Final = msgspec.msgpack.Decoder(list[float | int | None]).decode


class KeptBasis(NamedTuple):
    """The basis of one record of a commit."""

    place: int
    """Among the records, from 0."""
    received_ms: int
    basis: Basis


def pack_inputs(inputs: Sequence[float]) -> bytes:
    """Inputs as they are kept: whole numbers as such, and nothing for what is missing.

    >>> unpack_inputs(pack_inputs([1.0, 0.25, float("nan"), 1e300]))
    [1.0, 0.25, nan, 1e+300]
    """
    (packed,) = pack_all([inputs], load_kernels())
    return packed


def unpack_inputs(packed: bytes) -> list[float]:
    """What `pack_inputs` was given; NaN is missing, and there is one zero."""
    return [nan if v is None else float(v) for v in _unpack(packed)]


def write_bases(execute: Execute, next_seq: int, bases: Sequence[KeptBasis]) -> None:
    """Write the rows of a commit whose first record takes the place `next_seq`, inside its transaction."""
    if not bases:
        return
    packed = pack_all([one.basis.inputs for one in bases], load_kernels())
    for (place, received_ms, basis), inputs in zip(bases, packed, strict=True):
        row = (next_seq + place, received_ms, basis.user, basis.merchant, inputs)
        execute("INSERT INTO bases VALUES (?, ?, ?, ?, ?, ?)", (*row, seal(*row)))


def read_inputs(reader: Reader, seq: int) -> list[float] | None:
    """The inputs of the decision at a place, checked; None where none are kept."""
    rows = reader.query("SELECT * FROM bases WHERE seq = ?", seq)
    return unpack_inputs(_checked(reader, rows[0])[4]) if rows else None


def oldest_bases(reader: Reader, kept_from_ms: int) -> list[int]:
    """The places of the oldest rows, as far as they came before a moment, at most DROPPED_AT_ONCE of them."""
    rows = reader.query("SELECT seq, received_ms FROM bases ORDER BY seq LIMIT ?", DROPPED_AT_ONCE)
    return [seq for seq, received_ms in rows if received_ms < kept_from_ms]


def bases_about(reader: Reader, gone: Collection[tuple[str, int]]) -> Iterator[list[int]]:
    """The places of rows about some subjects, a type and a hash each, by so many as are deleted at once."""
    users = {value for kind, value in gone if kind == "user"}
    merchants = {value for kind, value in gone if kind == "merchant"}
    after, found = _LEAST, list[int]()
    while (users or merchants) and (rows := reader.query(_ROWS, after, LOOKED_AT_ONCE)):
        found += [seq for seq, user, merchant in rows if user in users or merchant in merchants]
        after = rows[-1][0]
        while len(found) >= DROPPED_AT_ONCE:
            yield found[:DROPPED_AT_ONCE]
            found = found[DROPPED_AT_ONCE:]
    if found:
        yield found


def delete_bases(execute: Execute, seqs: Sequence[int]) -> None:
    """Delete rows by their places, inside a transaction."""
    marks = ", ".join("?" * len(seqs))
    execute(f"DELETE FROM bases WHERE seq IN ({marks})", tuple(seqs))


def check_bases(reader: Reader) -> int:
    """Check every row; returns how many there are. Raises JournalDamagedError."""
    after, count = _LEAST, 0
    while rows := reader.query("SELECT * FROM bases WHERE seq > ? ORDER BY seq LIMIT ?", after, DROPPED_AT_ONCE):
        for row in rows:
            _checked(reader, row)
        after, count = rows[-1][0], count + len(rows)
    return count


def _checked(reader: Reader, row: tuple[Any, ...]) -> tuple[Any, ...]:
    *told, sealed = row
    if sealed != seal(*told):
        raise damaged(reader.path, f"the basis of event {row[0]} is not what was written")
    return row
