"""The engine: events in, decisions out; pure, deterministic, one place for serving, replay and recovery."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import Decision, Loop, Receipt, Status
from bonafide.core.errors import StateError
from bonafide.core.events import EVENT_CLASS, EVENT_CLASSES, Degraded, Fact
from bonafide.core.fields import TYPE_NAMES
from bonafide.core.pseudonym import show_token
from bonafide.engine.answered import Answered, Forms, taught
from bonafide.engine.batch import Batch, Decided, joined, loops_of
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import (
    CONFLICT, DUPLICATE, READ, TAKEN, TOO_LATE, V_CREDIT, V_SCORE, V_SEQ, V_STATUS,
)  # fmt: skip
from bonafide.engine.compiled import Compiled
from bonafide.engine.degraded import NO_CHANGES, Changes, changes_among, changes_in, walk_stretches
from bonafide.engine.intake import Column, read_events, rows_of_columns, rows_of_events
from bonafide.engine.kernels import Kernels, load_kernels
from bonafide.engine.pseudonyms import Known, Written, write_events
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.state import State, Walked
from bonafide.engine.swap import fit
from bonafide.engine.templates import Scores, Templates
from bonafide.engine.warming import Warming, absorb

__all__ = ["DEFAULT_SECRET", "Answered", "Batch", "Decided", "Engine", "Warming", "loops_of"]

DEFAULT_SECRET: Final = hashlib.sha256(b"bonafide: offline").digest()[:16]
"""The secret of runs that keep no data directory. Decisions never depend on a secret."""
_STATUS: Final[dict[int, Status]] = {
    TAKEN: "taught", DUPLICATE: "duplicate", CONFLICT: "conflict", TOO_LATE: "too-late"
}  # fmt: skip


class Engine:
    """One bundle over one state.

    >>> from bonafide.engine.shipped import shipped_bundle
    >>> from bonafide.core.events import Payment
    >>> engine = Engine(shipped_bundle("paylater"))
    >>> payment = Payment(event_id="p1", time=1767601800000, user_id="u1", merchant_id="m1", order_id="o1",
    ...                   amount=12_50, currency="CNY")
    >>> engine.decide_one(payment).outcome
    'allow'
    """

    def __init__(
        self, bundle: Bundle, *, secret: bytes = DEFAULT_SECRET, kernels: Kernels | None = None,
        state: State | None = None,
    ) -> None:  # fmt: skip
        self.bundle = bundle
        self._secret = secret
        self.kernels = kernels or load_kernels()
        self.state = State(bundle.compiled, secret, self.kernels) if state is None else state
        self._begin_again()

    @property
    def degraded(self) -> tuple[str, ...]:
        """The parts that do not answer now: of what `degraded` records name, all but "model" change nothing else."""
        return self.state.degraded

    def degrade(self, parts: tuple[str, ...]) -> None:
        """From the next event on these parts do not answer, as a taken `degraded` record says."""
        self.state.degrade(parts)
        self._templates = Templates(self.bundle, parts)
        self._forms = Forms(self._templates)

    def fresh(self, bundle: Bundle) -> Engine:
        """An engine that remembers nothing, under another bundle, with the same secret and kernels."""
        return Engine(bundle, secret=self._secret, kernels=self.kernels)

    def fitted(self, bundle: Bundle) -> Compiled:
        """What takes `swap` its time, done ahead by any thread; raises NotSwappableError as that does."""
        return fit(bundle, self.bundle, self.state.compiled.features.layout)

    def swap(self, bundle: Bundle, fitted: Compiled | None = None) -> None:
        """Decide with another bundle from the next event on; nothing that is remembered changes.

        Rules, policy and texts swap freely, and so do features that what is kept can answer. Raises NotSwappableError,
        a StateError, where something new would have to be kept, or where settings such as the currency differ.
        `fitted` is what this engine's `fitted` gave for the bundle, where it was asked.
        """
        self.state.swap(self.fitted(bundle) if fitted is None else fitted)
        self.bundle = bundle
        self._begin_again()

    def adopt(self, warmed: Warming) -> None:
        """Go on from a state that another bundle has warmed from the log, from the next event on.

        Raises StateError unless it has taken in exactly the events that this engine has.
        """
        if warmed.state.mark != self.state.mark:
            raise StateError(
                f"the warmed state stands at event {warmed.state.seq} of the log and the engine at {self.state.seq}: "
                f"let it take in the events between first"
            )
        self.state, self.bundle = warmed.state, warmed.bundle
        self._begin_again()

    def _begin_again(self) -> None:
        """Forget what was made for the bundle before."""
        self._one = self.state.room(1)
        self.degrade(self.state.degraded)

    def decide(self, events: Sequence[Fact]) -> list[Decision | Receipt]:
        """Take events in, in order, and answer each: a decision, or a receipt for what was not decided on.

        Events must have come through the door (`core.door`). Raises StateError when the engine's memory is full.
        """
        answers: list[Decision | Receipt] = []
        for first, verdicts, loops in self._walk(events, *self._read(events)):
            answers += [
                self._decision(events[first + i], verdict, loops.get(i, ())) for i, verdict in enumerate(verdicts)
            ]
        return answers

    def answer(self, events: Sequence[Fact]) -> list[Answered]:
        """Take events in, in order, and answer each as it goes over HTTP; what `decide` and `Decision.to_wire` say.

        Events must have come through the door (`core.door`). Raises StateError when the engine's memory is full.
        """
        return self._answers(events, *self._read(events))

    def answer_and_write(
        self, events: Sequence[Fact], known: Known, room: int
    ) -> tuple[list[Answered], Written]:  # fmt: skip
        """The same, and what the journal holds of the events; `known` and `room` are as `write_events` takes them."""
        rows, listed = self._read(events)
        answers = self._answers(events, rows, listed)
        status = [answer.status for answer in answers]
        return answers, write_events(
            events, rows, status, known, room, self.kernels, self.state.bound.key, listed=listed
        )  # fmt: skip

    def take_in(self, events: Sequence[Fact]) -> None:
        """Take in what was decided before, in the log's order, without answering it: every later answer is the same.

        Raises StateError when the engine's memory is full.
        """
        absorb(self.state, events, self.degrade)

    def decide_one(self, event: Fact) -> Decision | Receipt:
        """Take one event in and answer it, as `decide` does."""
        rows = rows_of_events((event,), self.kernels, self.state.bound.key)
        self._one.verdicts.fill(0)
        walked = self.state.walk(rows, _READ, self._one)
        loops = loops_of(walked.ways)[0] if len(walked.ways) else ()
        answer = self._decision(event, self._one.verdicts.tolist()[0], loops)
        if isinstance(event, Degraded) and isinstance(answer, Receipt) and answer.status == "taught":
            self.degrade(event.parts)
        return answer

    def _read(self, events: Sequence[Fact]) -> tuple[NDArray[np.int64], bool]:
        """The rows of events, and whether any of them has a list."""
        return read_events(events, self.kernels, self.state.bound.key)

    def _walk(
        self, events: Sequence[Fact], rows: NDArray[np.int64], listed: bool
    ) -> Iterator[tuple[int, list[list[int]], dict[int, tuple[Loop, ...]]]]:
        """Take events in, in stretches between degraded records: the first event of each, their verdicts, what came
        home."""
        changes = changes_among(events) if listed else NO_CHANGES
        how = np.full(len(events), READ, dtype=np.int64)
        for first, walked in walk_stretches(self.state, rows, how, changes, self.degrade):
            yield first, walked.verdicts.tolist(), loops_of(walked.ways)

    def _answers(self, events: Sequence[Fact], rows: NDArray[np.int64], listed: bool) -> list[Answered]:
        answers: list[Answered] = []
        for first, verdicts, loops in self._walk(events, rows, listed):
            answers += [
                self._answer(events[i], rows, i, verdict, loops.get(i - first, ()))
                for i, verdict in enumerate(verdicts, first)
            ]
        return answers

    def _decision(self, event: Fact, verdict: list[int], loops: tuple[Loop, ...]) -> Decision | Receipt:
        status, seq = verdict[V_STATUS], verdict[V_SEQ]
        if status != TAKEN:
            return Receipt(event.event_id, _STATUS[status])
        if not event.decided:
            return Receipt(event.event_id, "taught", seq)
        template = self._templates.of(self._templates.key_of(_CODE[event.__class__], verdict))
        subject = getattr(event, template.subject_field) if template.subject_field else None
        time: int = event.time
        return template.fill(event.event_id, seq, time, subject, Scores(verdict[V_SCORE], verdict[V_CREDIT]), loops)

    def _answer(
        self, event: Fact, rows: NDArray[np.int64], i: int, verdict: list[int], loops: tuple[Loop, ...]
    ) -> Answered:  # fmt: skip
        status, seq = verdict[V_STATUS], verdict[V_SEQ]
        if status != TAKEN:
            return Answered(status, seq, b"")
        if not event.decided:
            return taught(event.event_id, seq)
        form = self._forms.of(_CODE[event.__class__], verdict)
        token = "" if form.subject_place is None else show_token(int(rows[i, form.subject_place]))
        return form.fill(event, seq, verdict[V_SCORE], verdict[V_CREDIT], loops, token)

    def decide_columns(self, kinds: NDArray[np.int64], columns: Mapping[str, Column], how: NDArray[np.int64]) -> Batch:
        """Take a batch of columns in, in row order.

        kinds: type codes; columns: as `intake.rows_of_columns` takes them; how: DERIVED, READ or ANSWERED for each.
        """
        rows = rows_of_columns(kinds, columns, self.kernels, self.state.bound.key)
        return self.decide_rows(rows, changes_in(kinds, columns), how)

    def decide_rows(self, rows: NDArray[np.int64], changes: Changes, how: NDArray[np.int64]) -> Batch:
        """The same for rows that `intake.rows_of_columns` gave, with the degraded records among them."""
        kinds, batches = rows[:, TYPE].copy(), []
        for first, walked in walk_stretches(self.state, rows, how, changes, self.degrade):
            some = slice(first, first + len(walked.verdicts))
            batches.append(self._batch(kinds[some], how[some], rows[some], walked))
        return joined(batches)

    def _batch(
        self, kinds: NDArray[np.int64], how: NDArray[np.int64], rows: NDArray[np.int64], walked: Walked
    ) -> Batch:
        verdicts = walked.verdicts
        decided = (verdicts[:, V_STATUS] == TAKEN) & _DECIDED[kinds] & (how >= READ)
        keys = self._templates.keys_of(kinds, verdicts)
        plain = decided & (keys[:, 1:] == 0).all(axis=1)
        template = np.full(len(kinds), -1, dtype=np.int64)
        # Nearly all events are plain: one template a type. What fired is grouped by what fired.
        template[plain] = kinds[plain]
        fired = decided & ~plain
        distinct, inverse = np.unique(keys[fired], axis=0, return_inverse=True)
        template[fired] = len(TYPE_NAMES) + inverse.reshape(-1)
        templates = [*self._templates.plain, *(self._templates.of(tuple(key)) for key in distinct.tolist())]
        return Batch(
            verdicts[:, V_STATUS],
            verdicts[:, V_SEQ],
            verdicts[:, V_SCORE],
            verdicts[:, V_CREDIT],
            template,
            templates,
            walked.answers,
            rows,
            loops_of(walked.ways),
        )


_CODE: Final = {cls: code for code, cls in enumerate(EVENT_CLASSES)}
_READ: Final = np.full(1, READ, dtype=np.int64)
_DECIDED: Final = np.array([EVENT_CLASS[name].decided for name in TYPE_NAMES])
