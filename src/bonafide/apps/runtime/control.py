"""What Bonafide itself writes into the log, between two batches: control records, and another bundle in force."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from bonafide.apps.runtime.activation import NotNowError, Prepared, StaleError, make_sure, prepare, take_over
from bonafide.apps.runtime.decider import Batch, Decider
from bonafide.apps.runtime.figures import Figures
from bonafide.apps.runtime.jobs import Line, Turn
from bonafide.core.errors import StateError
from bonafide.core.events import BundleActivated, Fact
from bonafide.engine.bundle import Bundle
from bonafide.office.journal.journal import Journal

PREPARED_MAX: Final = 5
"""How often a bundle is made ready for one activation, where what is kept changes meanwhile."""


class Deciding(NamedTuple):
    """What control needs of the runtime."""

    decider: Callable[[], Decider]
    journal: Journal
    figures: Figures
    line: Line
    thread: threading.Thread
    """The deciding thread, which takes turns while it lives."""
    wall_ms: Callable[[], int]
    keep: Callable[[Batch], None]
    """Has a batch on disk, whatever it takes."""
    check_open: Callable[[], None]
    """Raises Overloaded or ReadOnly where nothing is taken in."""
    changed: Callable[[bool], None]
    """Told when another bundle decides, and whether it brought a state of its own."""


class Control:
    """Control records of one runtime. `activate` and `note` wait, and are for threads of their own."""

    def __init__(self, deciding: Deciding) -> None:
        self._of = deciding
        self._activating = threading.Lock()

    def activate(self, bundle: Bundle, by: str | None) -> int:
        """As `Runtime.activate`."""
        of = self._of
        with self._activating:
            for _ in range(PREPARED_MAX):
                of.check_open()
                engine = of.decider().engine
                if engine.bundle.hash == bundle.hash:
                    return of.journal.head.activations[-1][0]
                prepared = prepare(engine, bundle, of.journal, of.check_open)
                with suppress(StaleError):
                    return self._in_turn(lambda ready=prepared: self.switch(ready, by))  # type: ignore[misc]
        raise StateError(f"the bundle {bundle.hash} did not take over: what is kept changed {PREPARED_MAX} times")

    def note(self, event_id: str, make: Callable[[int], Fact]) -> int:
        """As `Runtime.note`."""
        self._of.check_open()
        return self._in_turn(lambda: self._note(event_id, make))

    def _in_turn(self, act: Callable[[], int]) -> int:
        turn = Turn(act)
        self._of.line.put_turn(turn)
        if not self._of.thread.is_alive():  # it ended meanwhile, and has taken it or never will
            self._of.line.give_up()
        return int(turn.done.result())

    # The deciding thread from here on, or a start before there is one.

    def take(self, turn: Turn) -> None:
        """Take a turn. Raises what leaves memory unlike the disk; whoever waits is told in any case."""
        try:
            turn.done.set_result(turn.act())
        except (StaleError, NotNowError) as error:  # nothing was written
            turn.done.set_exception(error)
        except BaseException as error:
            turn.done.set_exception(StateError(f"it ended meanwhile: {error}"))
            raise

    def switch(self, prepared: Prepared, by: str | None = None) -> int:
        """Have the log say that another bundle decides, durably, and then have it decide; returns its first event.

        Raises StaleError and NotNowError with nothing written.
        """
        begun, worked, of = time.perf_counter(), time.thread_time(), self._of
        decider, content = of.decider(), prepared.bundle.hash
        make_sure(prepared, decider.engine, of.journal)
        now = of.wall_ms()
        told = BundleActivated(
            event_id=f"bundle_activated:{of.journal.next_seq}:{now}", time=self.log_ms(), bundle=content, by=by
        )  # fmt: skip
        of.keep(decider.control(told, now)._replace(bundle=content))
        take_over(prepared, decider.engine, told)
        of.figures.activations += 1
        of.figures.switch_seconds.add(time.perf_counter() - begun)
        of.figures.switch_processor_seconds.add(time.thread_time() - worked)
        of.changed(prepared.warmed is not None)
        return of.journal.next_seq

    def _note(self, event_id: str, make: Callable[[int], Fact]) -> int:
        of = self._of
        found = of.journal.find(event_id)
        if found is not None:
            return found.seq
        of.keep(of.decider().control(make(self.log_ms()), of.wall_ms()))
        return of.journal.next_seq - 1

    def log_ms(self) -> int:
        """The latest time in the log: a control record must not make events late that are not."""
        return max(self._of.decider().engine.state.latest_ms, 0)
