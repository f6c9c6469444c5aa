"""The runtime as the doors see it: it starts from disk, decides what is given to it, and stops without losing any."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from bonafide.apps.problems import Reply, problem_reply, reply_of
from bonafide.apps.runtime.activation import prepare
from bonafide.apps.runtime.advice import Advisor
from bonafide.apps.runtime.control import Control, Deciding
from bonafide.apps.runtime.decider import CONTROL_SENDER, POISON_A_BATCH_MAX, Batch, Decider, EngineFailedError
from bonafide.apps.runtime.figures import Figures
from bonafide.apps.runtime.intake import HandOver, Vault, waiting_text
from bonafide.apps.runtime.jobs import Job, Line, Overloaded, ReadOnly, SentBy
from bonafide.apps.runtime.recovery import Recovered, recover
from bonafide.apps.runtime.snapshots import Snapshots
from bonafide.apps.runtime.subjects import with_subject
from bonafide.core.errors import BonafideError, InputError
from bonafide.core.events import Degraded, Fact
from bonafide.core.moment import DAY_MS, SECOND_MS
from bonafide.engine.bundle import Bundle
from bonafide.engine.engine import Engine
from bonafide.engine.pseudonyms import Known
from bonafide.office.bundles.kept import load_kept
from bonafide.office.journal.errors import JournalFullError
from bonafide.office.journal.journal import Journal
from bonafide.office.journal.letters import DROPPED_AT_ONCE
from bonafide.office.journal.records import Found

State = Literal["starting", "ready", "read-only", "stopping", "failed"]
WAIT_FRACTION: Final = 0.5
"""Of the deadline: when the oldest request has waited so long, a new one would hardly be answered in time, and is
turned away at once instead of being decided for nobody."""
SWEEP_S: Final = 0.02
"""How often it is looked for jobs whose deadline has passed."""
SNAPSHOT_AT_STOP_BYTES_MAX: Final = 2**30
"""A state larger than this is not written when the service stops: a stop takes seconds, not as long as a disk does."""
SETTLED_EVENTS: Final = 10_000
"""So long after a bundle brought a state of its own its snapshot waits, so that one pause does not follow another."""
RETRY_S: Final = 1.0
"""How long after a full disk it is tried again."""
EXIT_STOPPED: Final = 4
HTTP_REFUSED: Final = 400
"""From this status on, an event was not taken in."""
BUNDLES_AT_HAND: Final = 4
"""Bundles from before that stay in memory once somebody asked why they decided as they did."""
EXPIRE_EVERY_S: Final = 600.0
"""How often dead letters past their time are dropped."""


class Limits(NamedTuple):
    """What the settings say of the runtime."""

    queue_events_max: int = 16_384
    batch_events_max: int = 2_048
    snapshot_every_events: int = 500_000
    dead_letter_days: int = 30
    basis_days: int = 180
    """0: none are kept."""
    deadline_ms: int | None = None
    """None: the bundle's own."""


class Runtime:
    """One engine over one journal. `start`, then `decide` from the loop's thread, then `stop`."""

    def __init__(
        self, engine_of: Callable[[], Engine], journal: Journal, data: Path, limits: Limits, *,
        wall_ms: Callable[[], int], say: Callable[[str], None] = lambda text: None,
        end: Callable[[int], None] = os._exit, vault: Vault | None = None,
        find: Callable[[str], Bundle] | None = None,
    ) -> None:  # fmt: skip
        """engine_of makes a fresh engine under the bundle that is to decide; end is what ends the process when nothing
        else may be done any more; without a vault clear texts stay in the journal's intake, sealed. find: a bundle that
        decided before, by its hash; default: those that are kept in the data directory."""
        self._engine_of = engine_of
        self.journal = journal
        self.limits = limits
        self.figures = Figures()
        self.state: State = "starting"
        self.not_ready_because = "it is starting"
        self.recovered: Recovered | None = None
        self.deadline_s = 0.0
        """How long an answer may take."""
        self._wall_ms = wall_ms
        self._say = say
        self._end = end
        self._vault = vault
        self._find = find or (lambda content: load_kept(data, content))
        self._bundle_before = lru_cache(BUNDLES_AT_HAND)(self._find_bundle)
        self._hand_over: HandOver | None = None
        self._snapshots = Snapshots(data / "snapshots")
        self._line = Line(limits.queue_events_max)
        self._open: dict[Job, None] = {}
        self._thread = threading.Thread(target=self._run, name="decider", daemon=True)
        self._control = Control(Deciding(
            lambda: self._decider, journal, self.figures, self._line, self._thread, wall_ms, self._keep,
            self.check_open, self._changed,
        ))  # fmt: skip
        self._snapshot_at = sys.maxsize
        """A snapshot is due there, however near the last one is."""
        self._wake = threading.Event()
        self._expired_s = time.monotonic() - EXPIRE_EVERY_S

    def start(self, progress: Callable[[int, int], None] = lambda done, total: None) -> Recovered:
        """Recover from disk; raises what `recover` raises. Then call `run` from the loop."""
        start = self._engine_of()
        self._start_bundle = start.bundle
        engine, self.recovered = recover(start, self.journal, self._snapshots, self._find_bundle, progress)
        self._decider = Decider(engine, self.journal, self.figures, self.limits.dead_letter_days * DAY_MS,
                                keeps_bases=self.limits.basis_days > 0)  # fmt: skip
        self._advisor = Advisor(engine.bundle)
        self._begin_with(start.bundle)
        self._set_deadline()
        return self.recovered

    def _find_bundle(self, content: str) -> Bundle:
        return self._start_bundle if content == self._start_bundle.hash else self._find(content)

    def _begin_with(self, bundle: Bundle) -> None:
        """Have the log say which bundle decides from this start on: its head the first, a control record each later."""
        if self.journal.head.bundle is None:
            self.journal.append((), bundle=bundle.hash)
        elif self.bundle.hash != bundle.hash:
            self._control.switch(prepare(self.engine, bundle, self.journal))

    def _set_deadline(self) -> None:
        own = self.limits.deadline_ms
        self.deadline_s = (self.bundle.policy.fail_modes.deadline_ms if own is None else own) / SECOND_MS

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Be ready: jobs given in from now on are decided."""
        self._loop = loop
        if self._vault is not None:
            self._hand_over = HandOver(self.journal, self._vault, self.known, self._say)
            self._hand_over.start()
        self._become("ready")
        self._thread.start()
        self._sweeper = loop.call_later(SWEEP_S, self._sweep)

    @property
    def engine(self) -> Engine:
        """The engine, for figures only: it belongs to the decider's thread."""
        return self._decider.engine

    @property
    def known(self) -> Known:
        """Which clear texts are known to be handed on."""
        return self._decider.known

    @property
    def bundle(self) -> Bundle:
        """What decides."""
        return self._decider.engine.bundle

    @property
    def waiting_events(self) -> int:
        """Events given in and not answered yet."""
        return self._line.waiting

    async def decide(
        self, events: Sequence[Fact | InputError], raw: Sequence[bytes] | None, sender: SentBy
    ) -> list[Reply]:
        """Answer some events, in order, when they are on disk; refused ones are kept as dead letters.

        raw: what each came as, for dead letters; None: refusals are not kept. What is not on disk by the deadline gets
        a problem that says what the policy advises. Raises Overloaded or ReadOnly at once where nothing is taken in.
        """
        self.check_open(len(events))
        job = Job(events, raw, sender.key_id, self._wall_ms(), self._loop.create_future())
        try:
            self._check_wait(job.asked_s)
            self._line.put(job)
        except Overloaded:
            self.figures.turned_away["overloaded"] += job.size
            raise
        self._open[job] = None
        return await job.answers

    def _check_wait(self, now_s: float) -> None:
        oldest = next(iter(self._open), None)
        if oldest is not None and now_s - oldest.asked_s > self.deadline_s * WAIT_FRACTION:
            raise Overloaded(f"requests wait for {now_s - oldest.asked_s:.1f} s already; send it again")

    def check_open(self, events: int = 0) -> None:
        """Raises Overloaded or ReadOnly where nothing is taken in as things stand."""
        if self.state == "ready":
            return
        self.figures.turned_away[self.state] += events
        if self.state == "read-only":
            raise ReadOnly(f"nothing can be taken in: {self.not_ready_because}")
        raise Overloaded(f"nothing is taken in: {self.not_ready_because}")

    @property
    def degraded(self) -> tuple[str, ...]:
        """Parts that do not answer now."""
        return self.engine.degraded

    def bundle_of(self, content: str) -> Bundle:
        """A bundle that decides or decided, by its hash; from any thread. Raises a BonafideError where what is kept of
        it is not as it was."""
        deciding = self.bundle
        return deciding if content == deciding.hash else self._bundle_before(content)

    def find(self, event_id: str) -> Found | None:
        """An event that was answered, as the journal holds it; from any thread. Its answer says the subject's id where
        the vault knows it, else the token."""
        found = self.journal.find(event_id)
        if found is None:
            return found
        answer = with_subject(found.record.answer, self._clear_of)
        return found._replace(record=msgspec.structs.replace(found.record, answer=answer))

    def _clear_of(self, kind: str, value: int) -> str | None:
        known = None if self._vault is None else self._vault.clear_of(kind, value)
        return waiting_text(self.journal, kind, value) if known is None else known

    async def redrive(
        self, number: int, read: Callable[[bytes], Fact | InputError | Reply], sender: SentBy
    ) -> Reply | None:
        """Give a dead letter in again, as from whoever asks for it; None where there is none of this number.

        read: the door, which says what the body is to this sender. What is refused again is not kept a second time.
        """
        found = await self._loop.run_in_executor(None, self.journal.dead_letters, number - 1, 1)
        kept = next((kept for kept in found if kept.id == number), None)
        if kept is None:
            return None
        record = read(kept.letter.body)
        if isinstance(record, Reply):
            return record
        if isinstance(record, InputError):
            return reply_of(record)
        (reply,) = await self.decide((record,), None, sender)
        if reply.status < HTTP_REFUSED:
            await self._loop.run_in_executor(None, self.journal.redriven, (number,), self._wall_ms())
        return reply

    async def degrade(self, parts: Sequence[str]) -> Reply:
        """Write a control record that these parts do not answer from here on."""
        place = f"degraded:{self.journal.next_seq}:{self._wall_ms()}"
        told = Degraded(event_id=place, time=self._control.log_ms(), parts=tuple(parts))
        (reply,) = await self.decide((told,), None, _CONTROL)
        return reply

    def activate(self, bundle: Bundle, by: str | None = None) -> int:
        """Go on with another bundle, between two batches; returns the first event that it decides.

        It waits, for as long as taking in the log takes where more must be kept than is; so it is for a thread of its
        own, never the loop's. `by` is who is answerable. Raises StateError where the bundle cannot take over,
        Overloaded and ReadOnly where nothing is taken in; the old one decides on then.
        """
        return self._control.activate(bundle, by)

    def note(self, event_id: str, make: Callable[[int], Fact]) -> int:
        """Write a control record of this id, unless it is there; returns its place. It waits, as `activate` does.

        make: the record at a time, which is the latest in the log.
        """
        return self._control.note(event_id, make)

    async def stop(self) -> None:
        """Take nothing more in, answer what waits, write a snapshot and close the journal."""
        if self.state != "failed":
            self._become("stopping", "it is stopping")
        self._wake.set()
        self._line.end()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        self._line.give_up()
        self._sweeper.cancel()
        await asyncio.get_running_loop().run_in_executor(None, self._finish)

    def _finish(self) -> None:
        if self._hand_over is not None:
            self._hand_over.stop()
        state = self._decider.engine.state
        if state.used_bytes > SNAPSHOT_AT_STOP_BYTES_MAX:  # a child that still writes one goes on without us
            self._say("no snapshot was written: it would take longer than a stop may; the next start replays more")
        else:
            self._write_last_snapshot(state.seq)
        self.journal.close()

    def _write_last_snapshot(self, seq: int) -> None:
        try:
            self._snapshots.wait()
            if seq == self.journal.next_seq != self._snapshots.last_seq:
                self._snapshots.write(self._decider.engine, self.journal)
        except OSError as error:
            self._say(f"no snapshot was written ({error.strerror}); the next start replays the journal instead")

    # The decider's thread from here on.

    def _run(self) -> None:
        try:
            more = True
            while more:
                jobs, turn, more = self._line.take(self.limits.batch_events_max)
                if jobs:
                    self._serve(jobs)
                if turn is not None:
                    self._control.take(turn)
                if jobs:
                    self._snapshot_when_due()
                    self._expire_when_due()
        except JournalFullError as error:
            if self._wake.is_set():
                self._say(f"stopped while the disk was full: {error}; nothing that was acknowledged is lost")
            else:
                self._fail(error)
        except BaseException as error:  # noqa: BLE001  (whatever it is: the process ends, and says so)
            self._fail(error)

    def _serve(self, jobs: list[Job]) -> None:
        try:
            batch = self._decider.decide(jobs)
        except EngineFailedError as error:
            self._serve_apart(jobs, str(error))
            return
        self._keep(batch)
        self._hand_out(self._decider.answers(batch))

    def _changed(self, has_own_state: bool) -> None:
        """Another bundle decides from here on."""
        self._advisor.go_on_with(self.bundle)
        self._set_deadline()
        if has_own_state:  # until one is written, a start takes the log in twice
            self._snapshot_at = self.journal.next_seq + SETTLED_EVENTS

    def _serve_apart(self, jobs: list[Job], why: str) -> None:
        """After a failure of the engine: make it anew from the journal, and find the events that it fails on."""
        self._say(f"the engine failed on an event ({why}); it is made anew from the journal, and the event set apart")
        self._rebuild()
        failures = 0
        for job in jobs:
            for event in job.events:
                one = Job((event,), None, job.key_id, job.received_ms, job.answers)
                while not isinstance(event, InputError):
                    try:
                        # A conflict is recorded below, with its job; here it would be recorded twice.
                        self._keep(self._decider.decide([one])._replace(conflicts=[]))
                        break
                    except EngineFailedError as error:
                        failures += 1
                        if failures > POISON_A_BATCH_MAX:
                            raise
                        self._decider.quarantine(event, str(error))
                        self._rebuild()
                        break
        # All of them are on disk or set apart now, so this decides nothing new: it gives each job its answers.
        batch = self._decider.decide(jobs)
        self._keep(batch)
        self._hand_out(self._decider.answers(batch))

    def _rebuild(self) -> None:
        start = self._engine_of()
        self._decider.engine, _ = recover(start, self.journal, self._snapshots, self._find_bundle)
        self.known.clear()  # what the failed batch named was not written
        self.figures.rebuilt += 1

    def _keep(self, batch: Batch) -> None:
        """Have a batch on disk. Where the disk is full its clients are told at once, and it is tried until it is there:
        the engine has taken it in already, so that nothing may come before it."""
        try:
            self._decider.keep(batch)
        except JournalFullError as error:
            self._turn_away(error)
            self._keep_at_last(batch)

    def _keep_at_last(self, batch: Batch) -> None:
        while True:
            self._wake.wait(RETRY_S)
            try:
                self._decider.keep(batch)
            except JournalFullError:
                if self._wake.is_set():  # it stops; the state may say read-only, where the disk filled up meanwhile
                    raise
            else:
                if self.state == "read-only":
                    self._become("ready")
                self._say("there is room on the disk again: events are taken in")
                return

    def _turn_away(self, error: JournalFullError) -> None:
        self._become("read-only", str(error))
        self._say(f"read-only: {error}")
        self._loop.call_soon_threadsafe(self._tell_all, problem_reply("read-only", str(error)))

    def _hand_out(self, replies: list[tuple[Job, list[Reply]]]) -> None:
        self._loop.call_soon_threadsafe(self._resolve, replies)

    def _snapshot_when_due(self) -> None:
        since = self.journal.next_seq - self._snapshots.last_seq
        if since >= self.limits.snapshot_every_events or self.journal.next_seq >= self._snapshot_at:
            self._begin_snapshot()

    def _begin_snapshot(self) -> None:
        self._snapshot_at = sys.maxsize
        try:
            self.figures.snapshots += self._snapshots.begin(self._decider.engine, self.journal)
        except OSError as error:
            self._say(f"no snapshot was begun ({error.strerror}); it is tried again after as many events")

    def _expire_when_due(self) -> None:
        if time.monotonic() - self._expired_s >= EXPIRE_EVERY_S:
            try:
                now = self._wall_ms()
                bases = self.journal.expire_bases(now - self.limits.basis_days * DAY_MS)
                if self.journal.expire(now) == DROPPED_AT_ONCE or bases == DROPPED_AT_ONCE:
                    return  # the rest goes after the next commit, so that nobody waits for all of it
                self._expired_s = time.monotonic()
            except JournalFullError as error:
                self._expired_s = time.monotonic()
                self._say(f"dead letters past their time stay until there is room: {error}")

    def _fail(self, error: BaseException) -> None:
        """End the process: what is in memory is not what is on disk, and only a start from disk makes it so."""
        self._become("failed", str(error))
        told = str(error) if isinstance(error, BonafideError) else f"{type(error).__name__}: {error}"
        with suppress(Exception):  # it ends also where nobody can be told
            self._say(f"cannot go on: {told}; nothing that was acknowledged is lost, start again to recover from disk")
            sys.stderr.flush()
        self._end(EXIT_STOPPED)

    # The loop's thread from here on.

    def _resolve(self, replies: list[tuple[Job, list[Reply]]]) -> None:
        now = time.monotonic()
        for job, answers in replies:
            if self._open.pop(job, job) is None:
                self._line.leave(job.size)
                self.figures.answer_seconds.add(now - job.asked_s, job.size)
            if not job.answers.done():
                job.answers.set_result(answers)

    def _tell_all(self, reply: Reply) -> None:
        """Tell all that wait. They stay in the line, and may be decided later: whoever asks again gets that answer."""
        for job in self._open:
            if not job.answers.done():
                self.figures.turned_away["read-only"] += job.size
                job.answers.set_result([reply] * job.size)

    def _sweep(self) -> None:
        """Tell those whose deadline has passed what the policy advises. They stay in the line, and may be decided."""
        oldest = time.monotonic() - self.deadline_s
        for job in self._open:
            if job.asked_s > oldest:
                break
            if not job.answers.done():
                self.figures.turned_away["deadline"] += job.size
                job.answers.set_result(self._advisor.replies(job.events))
        self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)

    # Small things.

    def _become(self, state: State, because: str = "") -> None:
        self.state, self.not_ready_because = state, because


class _As(NamedTuple):
    key_id: str


_CONTROL: Final = _As(CONTROL_SENDER)
