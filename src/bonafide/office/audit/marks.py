"""Marks of the journal in the audit log: how many events it holds at a moment, and the chain that stands for them.

The journal holds each decision with its digest, chained. A mark carries that chain into the audit log, so that whoever
would change a decision of before has to write both anew, and whoever has a checkpoint of the audit log sees it.
"""

from __future__ import annotations

from typing import Final, Protocol

from bonafide.office.audit.entry import ITSELF
from bonafide.office.audit.log import AuditLog, TamperedError, append
from bonafide.office.store.database import Store

DEED: Final = "journal.mark"
ON_WHAT: Final = "journal"
PAGE: Final = 1_000


class Journal(Protocol):
    """What is asked of a journal."""

    def next_seq(self) -> int:
        """The place after its last durable event."""

    def chain_at(self, seq: int) -> bytes | None:
        """What stands for all events before a place where a commit ended; None where none did."""


class Marker:
    """Writes marks of one journal."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        newest = AuditLog(store).newest(1, what=DEED)
        self._events = int(newest[0].details["events"] or 0) if newest else 0

    def mark(self, now_ms: int) -> bool:
        """Write a mark; False where there is nothing new, or a commit has just ended and the next mark will have it."""
        events = self._journal.next_seq()
        chain = self._journal.chain_at(events)
        if events == self._events or chain is None:
            return False
        with self._store.writing() as connection:
            append(connection, ITSELF, DEED, ON_WHAT, now_ms, details={"events": events, "chain": chain.hex()})
        self._events = events
        return True


def check_marks(log: AuditLog, journal: Journal) -> int:
    """Hold every mark against the journal; returns how many there are. TamperedError names the first that fails."""
    events, after, count = journal.next_seq(), -1, 0
    while page := log.entries(after=after, limit=PAGE, what=DEED):
        for entry in page:
            marked = int(entry.details["events"] or 0)
            if marked > events:
                told = f"the journal has {events} events, and entry {entry.number} marked {marked}"
                raise TamperedError(f"{told}: it was cut, or restored from a backup that is older than the audit log")
            chain = journal.chain_at(marked)
            if chain is None or chain.hex() != entry.details["chain"]:
                told = f"the first {marked} events of the journal are not those that entry {entry.number} marked"
                raise TamperedError(f"{told}; bonafide journal verify says whether it is damaged")
            count += 1
        after = page[-1].number
    return count
