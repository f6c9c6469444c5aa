"""Unusual looking-up: entries of the audit log that say `unusual`, counted as they come from whichever process."""

from __future__ import annotations

from collections.abc import Collection
from threading import Lock
from typing import Final

import msgspec
from sqlalchemy import select

from bonafide.office.store.database import Store
from bonafide.office.store.tables import audit_entries, audit_head

UNUSUAL: Final = "unusual"
"""The detail with which whoever writes an entry says that it is one too many."""


class UnusualLooks:
    """Counts the entries of some deeds that say `unusual`, from when it was made on. Any thread may ask."""

    def __init__(self, store: Store, deeds: Collection[str]) -> None:
        self._store = store
        self._deeds = sorted(deeds)
        self._lock = Lock()
        self.total = 0
        """All that were found so far."""
        with store.reading() as connection:
            self._next = int(connection.execute(select(audit_head.c.entries)).scalar_one())

    def count(self) -> int:
        """Look at the entries that came since the last time; returns the total."""
        entries = audit_entries.c
        with self._lock, self._store.reading() as connection:
            end = int(connection.execute(select(audit_head.c.entries)).scalar_one())
            new = (entries.number >= self._next) & (entries.number < end)
            marked = entries.details.contains(f'"{UNUSUAL}":')
            asked = select(entries.details).where(new, entries.what.in_(self._deeds), marked)
            self.total += sum(UNUSUAL in msgspec.json.decode(text) for text in connection.scalars(asked))
            self._next = end
            return self.total
