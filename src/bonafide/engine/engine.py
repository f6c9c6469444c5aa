"""The engine: events in, decisions out; pure, deterministic, one place for serving, replay and recovery.

The kernel settles the events on which nothing fires. What fires is ruled on once per kind of event, set of hits and
faults (a *template*), and each decision is that template with its event's id, place, time and subject.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.errors import StateError
from bonafide.core.decision import (
    OUTCOMES, Decision, Loop, Outcome, ProposedMeasure, Reason, Receipt, Status, Step,
)  # fmt: skip
from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.core.fields import TYPE_NAMES
from bonafide.core.moment import MOMENT_MAX, parse_span
from bonafide.engine.bundle import Bundle, Rule
from bonafide.engine.funds.layout import (
    L_AMOUNT, L_CLOSES, L_EVENT, L_HOME, L_RETURNED, L_STEP, L_STEPS, STEP_WORDS,
)  # fmt: skip
from bonafide.engine.intake import LAYOUTS, Column, rows_of_columns, rows_of_events
from bonafide.engine.kernels import Kernels, load_kernels
from bonafide.engine.policy import Ruling, rule_on
from bonafide.engine.state import State, Walked
from bonafide.engine.swap import fit
from bonafide.engine.codes import (
    ABSORBED, CONFLICT, DUPLICATE, FAULT_CURRENCY, HITS_PER_WORD, READ, TAKEN, TOO_LATE, V_FAULTS, V_SEQ, V_STATUS,
)  # fmt: skip

DEFAULT_SECRET: Final = hashlib.sha256(b"bonafide: offline").digest()[:16]
"""The secret of runs that keep no data directory. Decisions never depend on a secret."""
REASONS_MAX: Final = 4
"""Most reasons of one decision, heaviest first."""
TEMPLATES_MAX: Final = 65_536
"""Rulings remembered; beyond it they are made anew."""

_OWN_SUBJECT: Final = "\ue000"
_OWN_UNTIL: Final = 1_111_111_111_111_111
_OWN_RELEASE: Final = 2_222_222_222_222_222
_OWN: Final = re.compile(f'"{_OWN_SUBJECT}"|{_OWN_UNTIL}|{_OWN_RELEASE}')
"""What stands in a template for what is each event's own: nothing else that a template says can be one of these."""

_STATUS: Final[dict[int, Status]] = {
    TAKEN: "taught", DUPLICATE: "duplicate", CONFLICT: "conflict", TOO_LATE: "too-late"
}  # fmt: skip
_FAULTS: Final = {FAULT_CURRENCY: "missing: currency"}
_SUBJECTS: Final = {
    "payment": "user", "refund": "user", "payout": "merchant", "merchant_application": "merchant"
}  # fmt: skip
"""Whose risk a decision states and to whom a measure is proposed."""


class Template(NamedTuple):
    """What a decision says apart from its event's id, place, time and subject."""

    ruling: Ruling
    score_e6: int
    reasons: tuple[Reason, ...]
    hits: tuple[str, ...]
    faults: tuple[str, ...]
    subject_type: str | None
    subject_field: str | None
    """The event field that names the subject."""
    bundle: str

    def fill(
        self, event_id: str, seq: int, time: int, subject_id: str | None, loops: tuple[Loop, ...] = ()
    ) -> Decision:
        """The decision on one event."""
        ruling = self.ruling
        return Decision(
            event_id=event_id, seq=seq, time=time, outcome=ruling.outcome, score_e6=self.score_e6,
            risk_level=ruling.risk_level, credit_score=None, alert=ruling.alert, reasons=self.reasons, hits=self.hits,
            measures=() if ruling.proposal is None else self._measures(time, subject_id), faults=self.faults,
            degraded=(), bundle=self.bundle, loops=loops,
            release_by=None if ruling.hold_ms is None else min(time + ruling.hold_ms, MOMENT_MAX),
        )  # fmt: skip

    def _measures(self, time: int, subject_id: str | None) -> tuple[ProposedMeasure, ...]:
        proposal = self.ruling.proposal
        if proposal is None or self.subject_type is None or subject_id is None:
            return ()
        until = min(time + parse_span(proposal.lasts), MOMENT_MAX)
        return (ProposedMeasure(proposal.measure, self.subject_type, subject_id, "proposed", until),)

    @property
    def tail(self) -> Tail:
        """The canonical encoding after the loops, in pieces around what is each event's own."""
        filled = self.fill("", 0, 0, _OWN_SUBJECT)
        measured = tuple(msgspec.structs.replace(m, until=_OWN_UNTIL) for m in filled.measures)
        held = None if filled.release_by is None else _OWN_RELEASE
        marked = msgspec.structs.replace(filled, measures=measured, release_by=held)
        first, *rest = _OWN.split(marked.canonical_tail.decode())
        lasts = parse_span(self.ruling.proposal.lasts) if measured and self.ruling.proposal else None
        around = tuple(rest[:2]) if measured else (None, None)
        return Tail((first, *around, None if held is None else rest[-1]), lasts, self.ruling.hold_ms)


class Tail(NamedTuple):
    """The end of a template's canonical encodings. In full: first piece, the subject's id in quotes, second piece, when
    the measure ends, third piece, when the hold ends, last piece; without a measure or a hold, its pieces are None."""

    pieces: tuple[str | None, ...]
    lasts_ms: int | None
    """From the event to the measure's end."""
    hold_ms: int | None


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
    template: NDArray[np.int64]
    """Index into `templates` of the events decided; -1 for the others."""
    templates: list[Template]
    answers: NDArray[np.float64]
    rows: NDArray[np.int64]
    """n x ROW_WIDTH: the events as the kernels read them, with derived fields and converted money."""
    loops: dict[int, tuple[Loop, ...]]
    """Of the events that brought money home: by row, what and how."""

    def loops_among(self, decided: NDArray[np.intp]) -> dict[int, tuple[Loop, ...]]:
        """The loops of some rows, by their place among those."""
        place = {row: i for i, row in enumerate(decided.tolist())} if self.loops else {}
        return {place[row]: loops for row, loops in self.loops.items() if row in place}


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
        self._templates: dict[tuple[int, ...], Template] = {}

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
        self._templates.clear()
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
        template = self._template((layout.code, *verdict[V_FAULTS:]))
        subject = getattr(event, template.subject_field) if template.subject_field else None
        time: int = event.time
        return template.fill(event.event_id, seq, time, subject, loops)

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
        plain = decided & (verdicts[:, V_FAULTS:] == 0).all(axis=1)
        template = np.full(len(kinds), -1, dtype=np.int64)
        # Nearly all events are plain: one template a type. What fired is grouped by what fired.
        template[plain] = kinds[plain]
        fired = decided & ~plain
        keys = np.column_stack((kinds[fired], verdicts[fired, V_FAULTS:]))
        distinct, inverse = np.unique(keys, axis=0, return_inverse=True)
        template[fired] = len(TYPE_NAMES) + inverse.reshape(-1)
        nothing = (0,) * (verdicts.shape[1] - V_FAULTS)
        keyed = [*((kind, *nothing) for kind in range(len(TYPE_NAMES))), *map(tuple, distinct.tolist())]
        templates = [self._template(key) for key in keyed]
        return Batch(
            verdicts[:, V_STATUS], verdicts[:, V_SEQ], template, templates, walked.answers, rows, loops_of(walked.ways)
        )

    def _template(self, key: tuple[int, ...]) -> Template:
        """The ruling on (type, faults, score, hits...); the score follows from the hits."""
        template = self._templates.get(key)
        if template is None:
            if len(self._templates) >= TEMPLATES_MAX:
                self._templates.clear()
            template = self._templates[key] = self._rule_on(key)
        return template

    def _rule_on(self, key: tuple[int, ...]) -> Template:
        kind, faults, score_e6, *words = key
        hit = [r for i, r in enumerate(self.bundle.rules) if words[i // HITS_PER_WORD] >> (i % HITS_PER_WORD) & 1]
        subject = _SUBJECTS.get(TYPE_NAMES[kind])
        at_least: Outcome = max((r.effect for r in hit), key=OUTCOMES.index, default="allow")
        return Template(
            rule_on(self.bundle.policy, score_e6, at_least),
            score_e6,
            self._reasons(hit),
            tuple(r.id for r in hit),
            tuple(text for bit, text in _FAULTS.items() if faults & bit),
            subject,
            subject and f"{subject}_id",
            self.bundle.hash,
        )

    def _reasons(self, hit: Sequence[Rule]) -> tuple[Reason, ...]:
        """Texts of the heaviest hits, a code once."""
        codes = dict.fromkeys(r.reason for r in sorted(hit, key=lambda r: -r.weight))
        texts = self.bundle.reasons
        return tuple(Reason(code, texts[code].zh, texts[code].en) for code in list(codes)[:REASONS_MAX])


_READ: Final = np.full(1, READ, dtype=np.int64)
_DECIDED: Final = np.array([EVENT_CLASS[name].decided for name in TYPE_NAMES])
