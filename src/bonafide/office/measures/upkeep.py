"""What time brings: measures that end, platforms that have not answered, notices whose delay is over.

All of it follows from the store and the clock alone. So whatever crashed, the next pass does what is due.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from bonafide.office.measures.changes import BY_TIME, Turn, ask_again, end
from bonafide.office.measures.measure import read_measure, read_measures
from bonafide.office.measures.taking import Taker
from bonafide.office.measures.words import OPEN
from bonafide.office.notices.notices import send_due
from bonafide.office.outbox.log import Log
from bonafide.office.store.database import Store
from bonafide.office.store.tables import measures, notices

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE: Final = 256
"""Measures that one pass ends, or asks for, in one transaction."""


class Upkeep:
    """The measures' part of the worker: what time brings, whatever the log's state; then what the log says."""

    def __init__(self, store: Store, log: Log, key: bytes, clock: Callable[[], int]) -> None:
        self._taker = Taker(store, log, key, clock)
        self._store, self._key, self._clock = store, key, clock

    def step(self) -> int:
        """One step of each; how much there was, 0 where nothing is left. StateError where something cannot be read or
        written: the same comes again then."""
        return pass_time(self._store, self._key, self._clock) + self._taker.step()


def pass_time(store: Store, key: bytes, clock: Callable[[], int]) -> int:
    """Do what is due now, some at a time; how much there was, 0 where nothing is left."""
    now = clock()
    with store.reading() as connection:
        ended = [one.measure_id for one in read_measures(connection, *_over(now), limit=AT_ONCE)]
        asked = [one.measure_id for one in read_measures(connection, measures.c.ask_ms <= now, limit=AT_ONCE)]
        waits = _notices_due(connection, now)
    if not ended and not asked and not waits:
        return 0
    with store.writing() as connection:
        turn = Turn(connection, now, key)
        for measure_id in ended:
            found = read_measure(connection, measure_id)
            if found.is_open and found.until_ms <= now:
                end(turn, found, "expired", BY_TIME)
        for measure_id in asked:
            found = read_measure(connection, measure_id)
            if found.ask_ms is not None and found.ask_ms <= now:
                ask_again(turn, found)
        sent = send_due(connection, key, now)
    return len(ended) + len(asked) + sent


def _over(now: int) -> tuple[Any, ...]:
    return measures.c.state.in_(OPEN), measures.c.until_ms <= now


def _notices_due(connection: Connection, now: int) -> bool:
    asked = select(notices.c.measure_id).where(notices.c.sent_ms.is_(None), notices.c.due_ms <= now).limit(1)
    return connection.scalar(asked) is not None
