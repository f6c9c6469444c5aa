"""Another bundle in the place of the one that decides: made ready beside it, and switched between two batches.

What takes time (reading, compiling, taking in the log for features that need more than is kept) is done by whoever asks
for it. What is left for the deciding thread is a record in the log and some assignments.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from bonafide.core.door import decode_event, decode_events
from bonafide.core.errors import InputError, StateError
from bonafide.core.events import BundleActivated, Fact
from bonafide.engine.bundle import Bundle
from bonafide.engine.compiled import Compiled
from bonafide.engine.engine import Engine, Warming
from bonafide.engine.swap import NotSwappableError
from bonafide.office.journal.journal import Journal
from bonafide.office.journal.records import Record

TAKEN_AT_ONCE: Final = 8_192
"""Events in one call of the engine: enough to forget what a call costs."""
WARMED_AT_ONCE: Final = 1_024
"""Fewer beside a service that decides, since Python's lock is held while they are read."""
CLOSE_EVENTS: Final = 256
"""So many events are left to the deciding thread: a millisecond or two."""
GIVEN_UP_S: Final = 0.0005
"""How long a thread holds Python's lock while others wait, instead of Python's own 5 ms."""
Activations = Sequence[tuple[int, str]]


class StaleError(StateError):
    """What was made ready does not fit the engine any more; nothing was written."""


class NotNowError(StateError):
    """The bundle cannot take over; nothing was written, and the old one decides on."""


class Prepared(NamedTuple):
    """A bundle that is ready to decide: compiled onto what an engine keeps, or with a state of its own."""

    bundle: Bundle
    fitted: Compiled | None
    warmed: Warming | None


@contextmanager
def giving_way() -> Iterator[None]:
    """While a bundle is read and compiled beside threads that decide: Python hands its lock on sooner than it would.

    The deciding thread lets go of the lock many times in a batch, and would wait GIVEN_UP_S x 10 for it each time.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(GIVEN_UP_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def bundle_at(activations: Activations, seq: int) -> str | None:
    """The hash of the bundle that decides an event; None where the log does not say.

    >>> bundle_at([(0, "a"), (7, "b")], 6), bundle_at([(0, "a"), (7, "b")], 7)
    ('a', 'b')
    """
    return next((content for place, content in reversed(activations) if place <= seq), None)


def prepare(
    engine: Engine, bundle: Bundle, journal: Journal, go_on: Callable[[], None] = lambda: None
) -> Prepared:  # fmt: skip
    """Make a bundle ready beside an engine that goes on deciding. `go_on` is asked again and again, and raises where
    that is not wanted any more."""
    try:
        return Prepared(bundle, engine.fitted(bundle), None)
    except NotSwappableError:
        warming = Warming(engine, bundle)
        catch_up(warming, journal, CLOSE_EVENTS, WARMED_AT_ONCE, go_on)
        return Prepared(bundle, None, warming)


def make_sure(prepared: Prepared, engine: Engine, journal: Journal) -> None:
    """Before anything is written: it can take over now, with nothing left that may fail. Raises StaleError where it
    must be made ready anew, NotNowError where it cannot take over at all."""
    if prepared.warmed is not None:
        catch_up(prepared.warmed, journal, 0, TAKEN_AT_ONCE)
        if prepared.warmed.state.mark != engine.state.mark:
            raise NotNowError(
                f"the bundle {prepared.bundle.hash} cannot take over: under its settings other events would have been "
                f"taken in before; keep lateness as it is"
            )
    elif prepared.fitted is not None:
        now, made = engine.state.compiled, prepared.fitted
        if (now.features.layout, now.settings) != (made.features.layout, made.settings):
            raise StaleError("what is kept has another shape than when the bundle was made ready")


def take_over(prepared: Prepared, engine: Engine, record: BundleActivated) -> None:
    """Decide with it from the event behind the record on, which is durable."""
    if prepared.warmed is None:
        engine.swap(prepared.bundle, prepared.fitted)
    else:
        prepared.warmed.absorb((record,))
        engine.adopt(prepared.warmed)


def go_on_with(engine: Engine, bundle: Bundle, journal: Journal) -> None:
    """Let an engine that recovers go on with another bundle, where the log says so: at once where what it keeps is
    enough, else from a state that takes the log in anew."""
    if bundle.hash == engine.bundle.hash:
        return
    try:
        engine.swap(bundle)
    except NotSwappableError:
        warming = Warming(engine, bundle)
        for some in stretches(journal, 0, engine.state.seq):
            warming.absorb(some)
        engine.adopt(warming)


def catch_up(
    warming: Warming, journal: Journal, left: int, at_once: int, go_on: Callable[[], None] = lambda: None
) -> None:  # fmt: skip
    """Take in what the journal has beyond a state, until at most `left` events are missing."""
    while (missing := journal.next_seq - warming.state.seq) > left:
        before = warming.state.seq
        for some in stretches(journal, before, before + missing, at_once):
            go_on()
            warming.absorb(some)
        if warming.state.seq < before + missing:
            return  # it refuses what was taken in before; whoever compares the marks says so


def stretches(journal: Journal, first: int, until: int, at_once: int = TAKEN_AT_ONCE) -> Iterator[list[Fact]]:
    """The events of the log between two places, some at a time. Raises StateError for what cannot be read."""
    waiting: list[Record] = []
    for seq, records in journal.commits(first):
        waiting += records[: max(until - seq, 0)]
        while len(waiting) >= at_once:
            yield _events(waiting[:at_once])
            waiting = waiting[at_once:]
        if seq + len(records) >= until:
            break
    if waiting:
        yield _events(waiting)


def _events(records: Sequence[Record]) -> list[Fact]:
    contents = [record.content for record in records]
    try:
        return list(decode_events(contents) or [decode_event(content) for content in contents])
    except InputError as error:
        raise StateError(f"the journal holds an event that this version cannot read: {error}") from None
