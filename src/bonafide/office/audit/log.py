"""Appending to the audit log, reading it, and finding out whether anything in it was changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import Select, select, update

from bonafide.core.errors import StateError
from bonafide.office.audit.checkpoint import Checkpoint
from bonafide.office.audit.entry import BEGINNING, Actor, Details, Entry, chained, check_entry
from bonafide.office.store.database import Store
from bonafide.office.store.tables import audit_entries, audit_head

if TYPE_CHECKING:
    from sqlalchemy import Connection

PAGE: Final = 1_000
"""Entries that are in memory at a time."""


class TamperedError(StateError):
    """The audit log is not what was written."""


def append(
    connection: Connection, actor: Actor, what: str, on_what: str, now_ms: int, *, outcome: str = "done",
    details: Details | None = None,
) -> Entry:  # fmt: skip
    """Append an entry in the transaction that `connection` has begun; it stands if and only if that one does.

    Whoever appends holds the head until the transaction ends, so write late and briefly. ValueError for an entry that
    the log does not take.
    """
    grown = update(audit_head).values(entries=audit_head.c.entries + 1).returning(audit_head.c.entries)
    number = int(connection.execute(grown).scalar_one()) - 1
    before = connection.scalar(select(audit_entries.c.chain).where(audit_entries.c.number == number - 1))
    if number and before is None:
        raise TamperedError(f"the audit log has lost entry {number - 1}; bonafide audit verify tells more")
    entry = Entry(
        number=number, made_ms=now_ms, who=actor.who, what=what, on_what=on_what, from_where=actor.origin,
        outcome=outcome, details=dict(details or {}),
    )  # fmt: skip
    check_entry(entry)
    leaf = entry.leaf()
    held = msgspec.structs.asdict(entry) | {"details": _details_text(entry)}
    chain = chained(_hash_in(before) if before is not None else BEGINNING, leaf)
    connection.execute(audit_entries.insert().values(**held, leaf=leaf, chain=chain))
    return entry


class AuditLog:
    """The audit log of one store, to be read and verified."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def entries(self, *, after: int = -1, limit: int = PAGE, **of: str | None) -> list[Entry]:
        """At most `limit` entries behind number `after`, in order; `what`, `who`, `on_what` ask for these alone."""
        with self._store.reading() as connection:
            asked = _asked(of).where(audit_entries.c.number > after).order_by(audit_entries.c.number)
            return [_entry_of(row) for row in connection.execute(asked.limit(limit))]

    def newest(self, limit: int = PAGE, **of: str | None) -> list[Entry]:
        """The last `limit` entries, in order; asked for as in `entries`."""
        with self._store.reading() as connection:
            asked = _asked(of).order_by(audit_entries.c.number.desc())
            return [_entry_of(row) for row in connection.execute(asked.limit(limit))][::-1]

    def verify(self, kept: Checkpoint | None = None) -> Checkpoint:
        """Read the whole log and hold each entry against the chain; returns the checkpoint of what is there.

        Raises TamperedError with the first place where the log is not what was written. Without a checkpoint that was
        kept elsewhere, somebody who may write the database could shorten the log or write all of it anew.
        """
        size, chain, at_kept = 0, BEGINNING, BEGINNING
        with self._store.reading() as connection:
            wanted = int(connection.execute(select(audit_head.c.entries)).scalar_one())
            for row in _rows(connection):
                chain = _followed(row, size, chain)
                size += 1
                if kept is not None and size == kept.size:
                    at_kept = chain
        if size > wanted:
            raise TamperedError(f"entry {wanted} was put in: the head counts {wanted} entries")
        if size < wanted:
            raise TamperedError(f"entry {size} is missing, and all behind it: the head counts {wanted} entries")
        if kept is not None and kept.size > size:
            raise TamperedError(f"the log has {size} entries, and the checkpoint was made of {kept.size}: it was cut")
        if kept is not None and at_kept != kept.chain:
            raise TamperedError(f"the first {kept.size} entries are not those that the checkpoint was made of")
        return Checkpoint(size, chain)


def _asked(of: dict[str, str | None]) -> Select[Any]:
    wanted = [audit_entries.c[name] == value for name, value in of.items() if value is not None]
    return select(audit_entries).where(*wanted)


def _rows(connection: Connection) -> Iterator[Any]:
    """Every row, in the order of numbers, a page at a time."""
    at = -(2**62)
    while True:
        asked: Select[Any] = select(audit_entries).where(audit_entries.c.number > at)
        page = connection.execute(asked.order_by(audit_entries.c.number).limit(PAGE)).all()
        yield from page
        if len(page) < PAGE:
            return
        at = page[-1].number


def _followed(row: Any, number: int, chain: bytes) -> bytes:
    """The chain after a row, which is to be the one of this number."""
    if row.number != number:
        raise TamperedError(f"entry {number} is missing: entry {row.number} follows entry {number - 1}")
    try:
        entry = _entry_of(row)
        leaf, told = entry.leaf(), _details_text(entry)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        leaf, told = b"", ""
    if not leaf or leaf != _hash_in(row.leaf) or told != row.details:
        raise TamperedError(f"entry {number} is not what was written")
    if chained(chain, leaf) != _hash_in(row.chain):
        raise TamperedError(f"entry {number} does not follow the entries before it: something was changed up to here")
    return _hash_in(row.chain)


def _hash_in(value: object) -> bytes:
    """A hash as a row has it; empty for what is none, which whoever may write the database can put there."""
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else b""


def _details_text(entry: Entry) -> str:
    return msgspec.json.encode(entry.details, order="sorted").decode()


def _entry_of(row: Any) -> Entry:
    held = {name: getattr(row, name) for name in Entry.__struct_fields__}
    return Entry(**held | {"details": msgspec.json.decode(row.details)})
