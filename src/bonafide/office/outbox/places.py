"""How far each of those who follow the log has read it: written with what followed from what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import select, update

from bonafide.office.outbox.log import Log
from bonafide.office.store.tables import log_places

if TYPE_CHECKING:
    from sqlalchemy import Connection


class LogPlace(NamedTuple):
    """A place in the log, and what stands for all before it."""

    next_seq: int
    chain: bytes | None

    def is_of(self, log: Log) -> bool:
        """Whether this log is the one that was read up to here: another, or one restored from a backup, is not."""
        is_there = self.next_seq <= log.next_seq()
        return is_there and (self.chain is None or log.chain_at(self.next_seq) == self.chain)


BEGINNING: Final = LogPlace(0, None)


def read_place(connection: Connection, name: str) -> LogPlace:
    """How far the follower of this name has read."""
    table = log_places.c
    row = connection.execute(select(table.next_seq, table.chain).where(table.name == name)).one_or_none()
    return BEGINNING if row is None else LogPlace(row.next_seq, None if row.chain is None else bytes(row.chain))


def put_place(connection: Connection, name: str, place: LogPlace) -> None:
    """Note how far it has read, in the transaction that writes what followed."""
    ours = update(log_places).where(log_places.c.name == name)
    if not connection.execute(ours.values(**place._asdict())).rowcount:
        connection.execute(log_places.insert().values(name=name, **place._asdict()))
