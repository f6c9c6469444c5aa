"""Recovery: the newest snapshot that is sound, and the journal's events since it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from bonafide.apps.runtime.activation import Activations, bundle_at, go_on_with, stretches
from bonafide.apps.runtime.snapshots import Snapshots
from bonafide.core.errors import ConfigError, StateError
from bonafide.engine.bundle import Bundle
from bonafide.engine.engine import Engine
from bonafide.office.journal.journal import Journal

SHAPES_TRIED_MAX: Final = 4
"""Earlier bundles whose layout a snapshot may have; beyond these the log is replayed."""


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
    start: Engine,
    journal: Journal,
    snapshots: Snapshots,
    find: Callable[[str], Bundle],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Engine, Recovered]:
    """An engine where the journal ends, which took in each event under the bundle that decided it.

    start: a fresh engine, under the bundle of logs that do not say which; find: a bundle by its hash; progress: told
    (events known, events in the journal). Raises JournalDamagedError where the journal is not what was written,
    StateError where it does not fit the engine or a bundle that it names is not kept.
    """
    begun = time.monotonic()
    activations = journal.head.activations
    loaded, known, refused = snapshots.load_newest(lambda seq: _shaped(start, activations, seq, find), journal)
    engine = loaded or _under(start, activations, 0, find)
    first, places = known, {seq: content for seq, content in activations if seq > known}
    for last in (*sorted(places), journal.next_seq):
        known = _take_in_until(engine, journal, known, last, progress)
        if last in places:
            go_on_with(engine, find(places[last]), journal)
    if not known == engine.state.seq == journal.next_seq:
        raise StateError(
            f"the journal holds {journal.next_seq} events and the engine took {engine.state.seq} in: they do not "
            f"belong together; look at it with bonafide journal verify, and restore a backup if it finds damage"
        )
    return engine, Recovered(first, known - first, time.monotonic() - begun, refused)


def _under(
    start: Engine, activations: Activations, seq: int, find: Callable[[str], Bundle], shaped_by: str | None = None
) -> Engine:  # fmt: skip
    """A fresh engine under the bundle that decides event `seq`, perhaps with the layout of an earlier one."""
    decides = bundle_at(activations, seq) or start.bundle.hash
    engine = start if start.bundle.hash == (shaped_by or decides) else start.fresh(find(shaped_by or decides))
    if engine.bundle.hash != decides:
        engine.swap(find(decides))
    return engine


def _shaped(start: Engine, activations: Activations, seq: int, find: Callable[[str], Bundle]) -> Iterator[Engine]:
    """Engines that a snapshot at `seq` may fit: what is kept has the shape of the bundle that decides there, or of one
    before it, from which the engine went on at once."""
    before = [content for place, content in reversed(activations) if place <= seq] or [start.bundle.hash]
    tried: list[object] = []
    for content in list(dict.fromkeys(before))[:SHAPES_TRIED_MAX]:
        try:
            engine = _under(start.fresh(start.bundle), activations, seq, find, content)
        except (StateError, ConfigError):
            continue
        layout = engine.state.compiled.features.layout
        if layout not in tried:
            tried.append(layout)
            yield engine


def _take_in_until(
    engine: Engine, journal: Journal, known: int, until: int, progress: Callable[[int, int], None]
) -> int:  # fmt: skip
    for some in stretches(journal, known, until):
        engine.take_in(some)
        known += len(some)
        progress(known, journal.next_seq)
    return known
