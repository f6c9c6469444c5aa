"""The last day on which a key was used, written at most once a day for each, by a thread of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from sqlalchemy import or_, update

from bonafide.core.moment import DAY_MS, SECOND_MS
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import machine_keys

THREADS: Final = 1


class LastUsed:
    """Takes note of uses at once and writes them soon; it holds at most one day for each key that the store has."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._days: dict[str, int] = {}
        self._lock = Lock()
        self._thread: ThreadPoolExecutor | None = None
        self.writes_failed = 0
        """How often nothing could be written; what was to be written is kept for the next time."""

    def note(self, key_id: str, now_ms: int) -> int:
        """Take note that a key was used now; returns the end of the day, before which there is no more to note."""
        day = now_ms // DAY_MS
        with self._lock:
            self._days[key_id] = day
            if self._thread is None:
                self._thread = ThreadPoolExecutor(THREADS, thread_name_prefix="bonafide-last-used")
            self._thread.submit(self.write)
        return (day + 1) * DAY_MS

    def write(self) -> None:
        """Write what was noted. Who uses a key is not stopped where this fails."""
        with self._lock:
            days, self._days = self._days, {}
        if not days:
            return
        try:
            with self._store.writing() as connection:
                for key_id, number in days.items():
                    day = datetime.fromtimestamp(number * DAY_MS / SECOND_MS, UTC).date()
                    older = or_(machine_keys.c.last_used.is_(None), machine_keys.c.last_used < day)
                    ours = (machine_keys.c.key_id == key_id) & older
                    connection.execute(update(machine_keys).where(ours).values(last_used=day))
        except StoreError:
            with self._lock:
                self._days = days | self._days
                self.writes_failed += 1

    def close(self) -> None:
        """Write what is left and end the thread."""
        if self._thread is not None:
            self._thread.shutdown(wait=True)
            self._thread = None
        self.write()
