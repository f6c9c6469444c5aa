"""Recovery: the newest snapshot that is sound, and the journal's events since it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from bonafide.apps.runtime.snapshots import Snapshots
from bonafide.core.door import decode_event, decode_events
from bonafide.core.errors import InputError, StateError
from bonafide.engine.engine import Engine
from bonafide.office.journal.journal import Journal
from bonafide.office.journal.records import Record

TAKEN_AT_ONCE: Final = 8_192
"""Events in one call of the engine: enough to forget what a call costs."""


class Recovered(NamedTuple):
    """What a recovery did."""

    snapshot_seq: int
    """Where the snapshot stood; 0 without one."""
    events: int
    """Taken in from the journal after it."""
    seconds: float
    refused: tuple[str, ...]
    """Snapshots that could not be used, and why."""


def recover(
    engine: Engine,
    journal: Journal,
    snapshots: Snapshots,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Recovered:
    """Bring a fresh engine to where the journal ends.

    progress: told (events known, events in the journal). Raises JournalDamagedError where the journal is not what was
    written, StateError where it does not fit the engine.
    """
    begun = time.monotonic()
    start, refused = snapshots.load_newest(engine, journal)
    known = start
    waiting: list[Record] = []
    for _, records in journal.commits(start):
        waiting += records
        if len(waiting) >= TAKEN_AT_ONCE:
            known += _take_in(engine, waiting)
            waiting = []
            progress(known, journal.next_seq)
    known += _take_in(engine, waiting)
    if not known == engine.state.seq == journal.next_seq:
        raise StateError(
            f"the journal holds {journal.next_seq} events and the engine took {engine.state.seq} in: they do not "
            f"belong together; look at it with bonafide journal verify, and restore a backup if it finds damage"
        )
    return Recovered(start, known - start, time.monotonic() - begun, refused)


def _take_in(engine: Engine, records: list[Record]) -> int:
    contents = [record.content for record in records]
    try:
        events = decode_events(contents) or [decode_event(content) for content in contents]
    except InputError as error:
        raise StateError(f"the journal holds an event that this version cannot read: {error}") from None
    engine.take_in(events)
    return len(events)
