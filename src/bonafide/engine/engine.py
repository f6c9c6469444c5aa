"""The engine: events in, decisions out; pure, deterministic, one place for serving, replay and recovery."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.errors import StateError
from bonafide.core.decision import (
    Decision, Loop, Receipt, Status, Step,
)  # fmt: skip
from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.core.fields import TYPE_NAMES
from bonafide.engine.bundle import Bundle
from bonafide.engine.funds.layout import (
    L_AMOUNT, L_CLOSES, L_EVENT, L_HOME, L_RETURNED, L_STEP, L_STEPS, STEP_WORDS,
)  # fmt: skip
from bonafide.engine.intake import LAYOUTS, Column, rows_of_columns, rows_of_events
from bonafide.engine.kernels import Kernels, load_kernels
from bonafide.engine.state import State, Walked
from bonafide.engine.swap import fit
from bonafide.engine.templates import Scores, Template, Templates
from bonafide.engine.codes import (
    ABSORBED, CONFLICT, DUPLICATE, READ, TAKEN, TOO_LATE, V_CREDIT, V_SCORE, V_SEQ, V_STATUS,
)  # fmt: skip

DEFAULT_SECRET: Final = hashlib.sha256(b"bonafide: offline").digest()[:16]
"""The secret of runs that keep no data directory. Decisions never depend on a secret."""
_STATUS: Final[dict[int, Status]] = {
    TAKEN: "taught", DUPLICATE: "duplicate", CONFLICT: "conflict", TOO_LATE: "too-late"
}  # fmt: skip


class Warming:
    """A second state, under another bundle, that takes in the log from its start while an engine goes on deciding.

    Kernels run without Python's lock, so a thread of its own does it; when it has caught up, `Engine.adopt` takes it,
    and every later answer is what a replay from the start would give.
    """

    def __init__(self, engine: Engine, bundle: Bundle) -> None:
        self.bundle = bundle
        self.state = engine.state.twin(bundle.compiled)

    def absorb(self, events: Sequence[Fact]) -> None:
        """Take in events of the log, in its order, without answering them."""
        rows = rows_of_events(events, self.state.kernels, self.state.bound.key)
        self.state.walk(rows, np.full(len(events), ABSORBED, dtype=np.int64))

    def absorb_columns(
        self, kinds: NDArray[np.int64], columns: Mapping[str, Column], how: NDArray[np.int64] | None = None
    ) -> None:
        """The same for columns; `how` tells DERIVED events from ABSORBED ones."""
        rows = rows_of_columns(kinds, columns, self.state.kernels, self.state.bound.key)
        self.state.walk(rows, np.full(len(kinds), ABSORBED, dtype=np.int64) if how is None else how)


class Batch(NamedTuple):
    """What the engine made of a batch of columns, a row per event."""

    status: NDArray[np.int64]
    """TAKEN, DUPLICATE, CONFLICT or TOO_LATE."""
    seq: NDArray[np.int64]
    """Place in the log of the events taken, which does not move for derived ones; of the others its latest time."""
    score_e6: NDArray[np.int64]
    """Scores in millionths."""
    credit: NDArray[np.int64]
    """Credit scores; 0: none."""
    template: NDArray[np.int64]
    """Index into `templates` of the events decided; -1 for the others."""
    templates: list[Template]
    answers: NDArray[np.float64]
    """n x (features, then the model's inputs, then the scorecard's)."""
    rows: NDArray[np.int64]
    """n x ROW_WIDTH: the events as the kernels read them, with derived fields and converted money."""
    loops: dict[int, tuple[Loop, ...]]
    """Of the events that brought money home: by row, what and how."""

    def decided(self) -> Decided:
        """What was made of the events decided on."""
        rows = np.flatnonzero(self.template >= 0)
        place = {row: i for i, row in enumerate(rows.tolist())} if self.loops else {}
        loops = {place[row]: some for row, some in self.loops.items() if row in place}
        return Decided(rows, self.seq[rows], self.score_e6[rows], self.credit[rows], self.template[rows], loops)


class Decided(NamedTuple):
    """The events of a batch that were decided on, a row each."""

    row: NDArray[np.intp]
    """Their rows in the batch."""
    seq: NDArray[np.int64]
    score_e6: NDArray[np.int64]
    credit: NDArray[np.int64]
    template: NDArray[np.int64]
    """Which of the batch's templates."""
    loops: dict[int, tuple[Loop, ...]]
    """By place among the decided."""


def loops_of(ways: NDArray[np.int64]) -> dict[int, tuple[Loop, ...]]:
    """What `State.walk` told of the ways home, by the number of the event."""
    loops: dict[int, tuple[Loop, ...]] = {}
    for way in ways.tolist():
        steps = (way[at : at + STEP_WORDS] for at in range(L_STEP, L_STEP + way[L_STEPS] * STEP_WORDS, STEP_WORDS))
        loop = Loop(
            way[L_RETURNED], way[L_HOME], way[L_AMOUNT], bool(way[L_CLOSES]), tuple(Step(*step) for step in steps)
        )
        loops[way[L_EVENT]] = (*loops.get(way[L_EVENT], ()), loop)
    return loops


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

    def __init__(self, bundle: Bundle, *, secret: bytes = DEFAULT_SECRET, kernels: Kernels | None = None) -> None:
        self.bundle = bundle
        self.kernels = kernels or load_kernels()
        self.state = State(bundle.compiled, secret, self.kernels)
        self._one = self.state.room(1)
        self._templates = Templates(bundle)

    def swap(self, bundle: Bundle) -> None:
        """Decide with another bundle from the next event on; nothing that is remembered changes.

        Rules, policy and texts swap freely, and so do features that what is kept can answer. Raises NotSwappableError,
        a StateError, where something new would have to be kept, or where settings such as the currency differ.
        """
        self.state.swap(fit(bundle, self.bundle, self.state.compiled.features.layout))
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
        self._templates = Templates(self.bundle)
        self._one = self.state.room(1)

    def decide(self, events: Sequence[Fact]) -> list[Decision | Receipt]:
        """Take events in, in order, and answer each: a decision, or a receipt for what was not decided on.

        Events must have come through the door (`core.door`). Raises StateError when the engine's memory is full.
        """
        rows = rows_of_events(events, self.kernels, self.state.bound.key)
        walked = self.state.walk(rows, np.full(len(events), READ, dtype=np.int64))
        loops, verdicts = loops_of(walked.ways), walked.verdicts.tolist()
        return [self._answer(event, verdicts[i], loops.get(i, ())) for i, event in enumerate(events)]

    def decide_one(self, event: Fact) -> Decision | Receipt:
        """Take one event in and answer it, as `decide` does."""
        rows = rows_of_events((event,), self.kernels, self.state.bound.key)
        self._one.verdicts.fill(0)
        walked = self.state.walk(rows, _READ, self._one)
        loops = loops_of(walked.ways)[0] if len(walked.ways) else ()
        return self._answer(event, self._one.verdicts.tolist()[0], loops)

    def _answer(self, event: Fact, verdict: list[int], loops: tuple[Loop, ...]) -> Decision | Receipt:
        status, seq = verdict[V_STATUS], verdict[V_SEQ]
        if status != TAKEN:
            return Receipt(event.event_id, _STATUS[status])
        layout = LAYOUTS[event.__class__]
        if not layout.decided:
            return Receipt(event.event_id, "taught", seq)
        template = self._templates.of(self._templates.key_of(layout.code, verdict))
        subject = getattr(event, template.subject_field) if template.subject_field else None
        time: int = event.time
        return template.fill(event.event_id, seq, time, subject, Scores(verdict[V_SCORE], verdict[V_CREDIT]), loops)

    def decide_columns(self, kinds: NDArray[np.int64], columns: Mapping[str, Column], how: NDArray[np.int64]) -> Batch:
        """Take a batch of columns in, in row order.

        kinds: type codes; columns: as `intake.rows_of_columns` takes them; how: DERIVED, READ or ANSWERED for each.
        """
        rows = rows_of_columns(kinds, columns, self.kernels, self.state.bound.key)
        return self._batch(kinds, how, rows, self.state.walk(rows, how))

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


_READ: Final = np.full(1, READ, dtype=np.int64)
_DECIDED: Final = np.array([EVENT_CLASS[name].decided for name in TYPE_NAMES])
