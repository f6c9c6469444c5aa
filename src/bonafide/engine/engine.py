"""The engine: events in, decisions out; pure, deterministic, one place for serving, replay and recovery."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import Decision, Loop, ProposedMeasure, Receipt, Status
from bonafide.core.errors import StateError
from bonafide.core.events import EVENT_CLASSES, Degraded, Fact, ListChanged
from bonafide.core.fields import ABSENT, FIELDS
from bonafide.core.pseudonym import show_token
from bonafide.engine.answered import Answered, Form, taught
from bonafide.engine.basis import Bases, Basis
from bonafide.engine.batch import Batch, Decided, joined, loops_of
from bonafide.engine.beside.arms import Draws
from bonafide.engine.beside.challenger import ready_for
from bonafide.engine.beside.beside import DECIDED, Beside, Chosen
from bonafide.engine.beside.voice import Voice, voice_of
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import (
    ABSORBED, CONFLICT, DUPLICATE, READ, TAKEN, TOO_LATE, V_CREDIT, V_SCORE, V_SEQ, V_STATUS,
)  # fmt: skip
from bonafide.engine.compiled import Compiled
from bonafide.engine.intake import Column, read_events, rows_of_columns
from bonafide.engine.kernels import Kernels, load_kernels
from bonafide.engine.ladder.follow import follow
from bonafide.engine.ladder.ladder import FEEDS, InForce, Ladder
from bonafide.engine.ladder.proposed import Proposed
from bonafide.engine.ladder.wording import APPEAL, Wording
from bonafide.engine.ladder.words import MERCHANT, SUBJECTS, USER
from bonafide.engine.lists import Lists
from bonafide.engine.many import MANY, answer_many, rule_on_many
from bonafide.engine.pseudonyms import Known, Written, write_events
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.engine.scoring import SCORED
from bonafide.engine.state import State, Walked
from bonafide.engine.stretches import (
    NO_CHANGES, NO_LISTS, Alone, Changes, Stretch, changes_among, changes_in, lists_among, walk_stretches,
)  # fmt: skip
from bonafide.engine.swap import fit
from bonafide.engine.templates import Template
from bonafide.engine.warming import ABSORB_ROWS, Warming

__all__ = ["DEFAULT_SECRET", "Answered", "Batch", "Decided", "Engine", "Warming", "loops_of"]

DEFAULT_SECRET: Final = hashlib.sha256(b"bonafide: offline").digest()[:16]
"""The secret of runs that keep no data directory. Decisions never depend on a secret."""
FEW: Final = 16
"""Fewer events are looked at one by one: a column costs the same however little of it is used."""
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
        self._hashed = np.empty((1, 1), dtype=np.int64)
        self._row = np.empty((1, ROW_WIDTH), dtype=np.int64)
        self.ladder = Ladder(self.hash_of)
        self._waiting = self.ladder.standings.waiting
        self.lists = Lists(self.hash_of)
        self.draws = Draws()
        self._begin_again()

    @property
    def degraded(self) -> tuple[str, ...]:
        """The parts that do not answer now: of what `degraded` records name, all but "model" change nothing else."""
        return self.state.degraded

    def degrade(self, parts: tuple[str, ...]) -> None:
        """From the next event on these parts do not answer, as a taken `degraded` record says."""
        self.state.degrade(parts)
        if self.beside is None:
            self._voice = voice_of(self.bundle, parts)
        else:
            self.beside.degrade(parts)

    def fresh(self, bundle: Bundle) -> Engine:
        """An engine that remembers nothing, under another bundle, with the same secret and kernels."""
        return Engine(bundle, secret=self._secret, kernels=self.kernels)

    def fitted(self, bundle: Bundle) -> Compiled:
        """What takes `swap` its time, done ahead by any thread; raises NotSwappableError as that does."""
        ready_for(bundle)
        return fit(bundle, self.bundle, self.state.compiled.features.layout)

    def swap(self, bundle: Bundle, fitted: Compiled | None = None) -> None:
        """Decide with another bundle from the next event on; nothing that is remembered changes, nor where anybody
        stands on the ladder.

        Rules, policy and texts swap freely, and so do features that what is kept can answer. Raises NotSwappableError,
        a StateError, where something new would have to be kept, or where settings such as the currency differ.
        `fitted` is what this engine's `fitted` gave for the bundle, where it was asked.
        """
        self.state.swap(self.fitted(bundle) if fitted is None else fitted)
        self.bundle = bundle
        self._begin_again()

    def adopt(self, warmed: Warming) -> None:
        """Go on from a state that another bundle has warmed from the log, from the next event on. On the ladder
        everybody stands where this engine's own decisions have put them.

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
        self._alone = Alone(self._row, self.state)
        self._wordings: dict[str | None, Wording] = {}
        compiled = self.bundle.compiled
        self._bases = Bases(compiled.scheme, len(compiled.features.columns))
        self.ladder.rules = self.bundle.ladder
        self.lists.follow(self.bundle)
        self.beside = None if self.bundle.trial is None else Beside(self.bundle, self.draws, self.state)
        self.degrade(self.state.degraded)

    def decide(self, events: Sequence[Fact]) -> list[Decision | Receipt]:
        """Take events in, in order, and answer each: a decision, or a receipt for what was not decided on.

        Events must have come through the door (`core.door`). Raises StateError when the engine's memory is full.
        """
        answers: list[Decision | Receipt] = []
        for stretch in self._walk(events, *self._read(events)):
            loops, first = loops_of(stretch.walked.ways), stretch.first
            for i, (verdict, voice) in enumerate(self._spoken(stretch.rows, stretch.walked)):
                answers.append(self._decision(events[first + i], verdict, voice, loops.get(i, ()), stretch, i))
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
        # With a ladder, what was decided matters to later answers, so that it is found again.
        how = ABSORBED if self.bundle.ladder is None else READ
        for first in range(0, len(events), ABSORB_ROWS):
            some = events[first : first + ABSORB_ROWS]
            for stretch in self._walk(some, *self._read(some), how):
                self._follow(stretch, np.full(len(stretch.rows), READ, dtype=np.int64), voted=how == READ)

    def decide_one(self, event: Fact) -> Decision | Receipt:
        """Take one event in and answer it, as `decide` does."""
        rows, _ = read_events((event,), self.kernels, self.state.bound.key, self._row)
        if not self.lists.is_quiet:
            self.turn(max(self.state.latest_ms, event.time), self.state.latest_ms)
        walked = self.state.walk(rows, _READ, self._one)
        loops = loops_of(walked.ways)[0] if len(walked.ways) else ()
        if self.beside is None:
            (verdict,), voice = walked.verdicts.tolist(), self._voice
        else:
            ((verdict, voice),) = self.beside.spoken(rows, walked)
        answer = self._decision(event, verdict, voice, loops, self._alone, 0)
        if isinstance(answer, Receipt) and answer.status == "taught":
            if isinstance(event, Degraded):
                self.degrade(event.parts)
            elif isinstance(event, ListChanged):
                self.list_changed(rows[0].tolist())
        return answer

    def turn(self, as_of: int, latest: int) -> None:
        """Bring what is on the lists to a moment of the log, whose latest time may still be behind it."""
        if self.lists.is_due(as_of):
            own, *others = self.lists.compiled(as_of, latest, self.state.compiled.features.layout)
            self.state.swap(own)
            if self.beside is not None:
                self.beside.take(others[0], self.state)
            self._one = self.state.room(1)

    def list_changed(self, row: list[int]) -> None:
        """From the next event on a list is as a taken `list_changed` record says."""
        self.lists.change(row)

    @property
    def lists_hold(self) -> tuple[int, int]:
        """Since when and until when what is on the lists is on them."""
        return self.lists.hold

    def _read(self, events: Sequence[Fact]) -> tuple[NDArray[np.int64], bool]:
        """The rows of events, and whether any of them has a list."""
        return read_events(events, self.kernels, self.state.bound.key)

    def _walk(
        self, events: Sequence[Fact], rows: NDArray[np.int64], listed: bool, how: int = READ
    ) -> Iterator[Stretch]:  # fmt: skip
        """Take events in, in stretches between records that change parts or lists."""
        changes = changes_among(events) if listed else NO_CHANGES
        few_change_none = len(events) < FEW and not any(isinstance(event, ListChanged) for event in events)
        lists = NO_LISTS if few_change_none else lists_among(rows[:, TYPE])
        return walk_stretches(self, rows, np.full(len(events), how, dtype=np.int64), changes, lists)

    def _spoken(self, rows: NDArray[np.int64], walked: Walked) -> Iterable[tuple[list[int], Voice]]:
        """For each row the verdict that counts, and whose it is."""
        if self.beside is None:
            return zip(walked.verdicts.tolist(), repeat(self._voice))
        return self.beside.spoken(rows, walked)

    def _answers(self, events: Sequence[Fact], rows: NDArray[np.int64], listed: bool) -> list[Answered]:
        answers: list[Answered] = []
        for stretch in self._walk(events, rows, listed):
            loops, first = loops_of(stretch.walked.ways), stretch.first
            if len(stretch.rows) >= MANY and self.beside is None:
                answers += self._answer_many(events[first : first + len(stretch.rows)], stretch, loops)
                continue
            for i, (verdict, voice) in enumerate(self._spoken(stretch.rows, stretch.walked)):
                answers.append(self._answer(events[first + i], verdict, voice, loops.get(i, ()), stretch, i))
        return answers

    def _decision(
        self, event: Fact, verdict: list[int], voice: Voice, loops: tuple[Loop, ...], stretch: Stretch | Alone, i: int
    ) -> Decision | Receipt:  # fmt: skip
        status, seq = verdict[V_STATUS], verdict[V_SEQ]
        if status != TAKEN:
            return Receipt(event.event_id, _STATUS[status])
        kind = _CODE[event.__class__]
        if not event.decided:
            if kind in FEEDS:
                self._teach(stretch, i, seq)
            return Receipt(event.event_id, "taught", seq)
        template = voice.template(kind, verdict)
        measures: tuple[ProposedMeasure, ...] = ()
        if template.counts or (self._waiting and self._waits(stretch.rows, i)):
            measures = self._measures(event, template, stretch, i, seq)
        told = loops if voice.follows else ()
        return template.fill(event.event_id, seq, event.time, verdict[V_SCORE], verdict[V_CREDIT], told, measures)

    def _answer(
        self, event: Fact, verdict: list[int], voice: Voice, loops: tuple[Loop, ...], stretch: Stretch, i: int
    ) -> Answered:  # fmt: skip
        status, seq = verdict[V_STATUS], verdict[V_SEQ]
        if status != TAKEN:
            return Answered(status, seq, b"")
        kind = _CODE[event.__class__]
        if not event.decided:
            if kind in FEEDS:
                self._teach(stretch, i, seq)
            return taught(event.event_id, seq)
        form = voice.forms.of(kind, verdict)
        measures: tuple[ProposedMeasure, ...] = ()
        tokens: list[str] = []
        if form.counts or (self._waiting and self._waits(stretch.rows, i)):
            measures = self._measures(event, form.template, stretch, i, seq)
            tokens = self._tokens(measures, stretch, i)
        told = loops if voice.follows else ()
        answered = form.fill(event, seq, verdict[V_SCORE], verdict[V_CREDIT], told, measures, tokens)
        if form.is_looked_at and (kind == SCORED or verdict[V_CREDIT]):
            return answered.on(self._basis(kind, stretch, i))
        return answered

    def _answer_many(
        self, events: Sequence[Fact], stretch: Stretch, loops: Mapping[int, tuple[Loop, ...]]
    ) -> list[Answered]:  # fmt: skip
        """The same for all events of a stretch, where nothing is tried beside the bundle."""
        ruled, verdicts = rule_on_many(stretch, self._voice), stretch.walked.verdicts
        proposed = follow(self.ladder, stretch, ruled.template, ruled.templates)

        def fill(form: Form, i: int) -> Answered:
            event, verdict, some = events[i], verdicts[i].tolist(), proposed.get(i, ())
            measures = self.told(some, _subjects(event), form.template.arm)
            tokens = self._tokens(measures, stretch, i)
            return form.fill(
                event, verdict[V_SEQ], verdict[V_SCORE], verdict[V_CREDIT], loops.get(i, ()), measures, tokens
            )  # fmt: skip

        told, bases = {*loops, *proposed}, partial(self._bases.of_many, stretch.rows, stretch.walked.answers)
        return answer_many(events, stretch, ruled, told, fill, bases, self.kernels)

    def _tokens(self, measures: Sequence[ProposedMeasure], stretch: Stretch, i: int) -> list[str]:
        """The tokens of the subjects of measures."""
        return [show_token(int(stretch.rows[i, _SUBJECT_PLACE[one.subject_type]])) for one in measures]

    def _basis(self, kind: int, stretch: Stretch, i: int) -> Basis | None:
        """What the scores of a row were reckoned from."""
        if self.beside is not None and self.beside.is_challengers(i):
            return self.beside.basis(kind, stretch.rows, i)
        return self._bases.of(kind, stretch.rows, i, stretch.walked.answers, i)

    def _teach(self, stretch: Stretch | Alone, i: int, seq: int) -> None:
        """Have the ladder take in a record of the types that change where somebody stands."""
        self.ladder.taught(stretch.rows[i].tolist(), seq, stretch.now(i))

    def _waits(self, rows: NDArray[np.int64], i: int) -> bool:
        """Whether a subject of a row waits for its next decision."""
        return (USER, rows.item(i, _USER)) in self._waiting or (MERCHANT, rows.item(i, _MERCHANT)) in self._waiting

    def _measures(
        self, event: Fact, template: Template, stretch: Stretch | Alone, i: int, seq: int
    ) -> tuple[ProposedMeasure, ...]:  # fmt: skip
        """What a decision says of measures, where it counts or somebody waits."""
        said = self.ladder.decided(stretch.rows, i, seq, template, stretch.now(i))
        if not said:  # so mostly
            return ()
        return self.told(said, _subjects(event), template.arm)

    def told(
        self, measures: Sequence[Proposed], subjects: Mapping[str, str], arm: str | None = None
    ) -> tuple[ProposedMeasure, ...]:  # fmt: skip
        """Measures with the ids of their subjects, by kind, and with the texts of the bundle that decides in an arm."""
        if not measures:
            return ()
        wording = self._wordings.get(arm)
        if wording is None:
            ladder = self.bundle.ladder
            appeal = APPEAL if ladder is None else ladder.appeal
            wording = self._wordings[arm] = Wording(self.bundle.part_in(arm).reasons, appeal)
        return tuple([wording.tell(one, subjects[one.subject_type]) for one in measures])

    def save(self) -> bytes:
        """What is remembered beside the state: where everybody stands on the ladder, what was changed on lists, and
        what subjects drew in a rollout."""
        return _pack((self.ladder.save(), self.lists.save(self.state.latest_ms), self.draws.save()))

    def load(self, saved: bytes) -> None:
        """Put back what `save` gave."""
        ladder, lists, draws = _unpack(saved)
        self.ladder.load(ladder)
        self.lists.load(lists)
        self.draws.load(draws)

    def in_force(self, subject_type: str, subject_id: str) -> tuple[InForce, ...]:
        """The measures in force about a user or a merchant, as of the latest time in the log."""
        found = np.full((1, 1), ABSENT, dtype=np.int64)
        self.kernels.hash_personal_texts(subject_id.encode(), found, 0, self.state.bound.key)
        return self.ladder.in_force((SUBJECTS.index(subject_type), int(found[0, 0])), self.state.latest_ms)

    def hash_of(self, text: str) -> int:
        """The hash that a row has of a text that names no person."""
        found = self._hashed
        found.fill(ABSENT)
        self.kernels.hash_texts(text.encode(), found, 0, self.state.bound.key)
        return found.item()

    def decide_columns(self, kinds: NDArray[np.int64], columns: Mapping[str, Column], how: NDArray[np.int64]) -> Batch:
        """Take a batch of columns in, in row order.

        kinds: type codes; columns: as `intake.rows_of_columns` takes them; how: DERIVED, READ or ANSWERED for each.
        """
        rows = rows_of_columns(kinds, columns, self.kernels, self.state.bound.key)
        return self.decide_rows(rows, changes_in(kinds, columns), how)

    def decide_rows(self, rows: NDArray[np.int64], changes: Changes, how: NDArray[np.int64]) -> Batch:
        """The same for rows that `intake.rows_of_columns` gave, with the degraded records among them."""
        batches = []
        for stretch in walk_stretches(self, rows, how, changes, lists_among(rows[:, TYPE])):
            batches.append(self._follow(stretch, how[stretch.first : stretch.first + len(stretch.rows)]))
        return joined(batches)

    def _follow(self, stretch: Stretch, how: NDArray[np.int64], *, voted: bool = True) -> Batch:
        """What was made of a stretch, the ladder's part included; without votes where nobody will ask for them."""
        walked, kinds = stretch.walked, stretch.rows[:, TYPE]
        verdicts, loops = walked.verdicts, loops_of(walked.ways)
        decided = (verdicts[:, V_STATUS] == TAKEN) & DECIDED[kinds] & (how >= READ)
        if self.beside is None:
            chosen = Chosen(
                *self._voice.choose(kinds, verdicts, decided), verdicts[:, V_SCORE], verdicts[:, V_CREDIT]
            )  # fmt: skip
        else:
            chosen = self.beside.choose(stretch.rows, walked, decided, voted=voted)
            loops = {row: some for row, some in loops.items() if row not in chosen.silent}
        return Batch(
            verdicts[:, V_STATUS],
            verdicts[:, V_SEQ],
            chosen.score_e6,
            chosen.credit,
            chosen.template,
            chosen.templates,
            walked.answers,
            stretch.rows,
            loops,
            follow(self.ladder, stretch, chosen.template, chosen.templates),
            chosen.shadow,
        )


_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(tuple[bytes, bytes, bytes]).decode
_CODE: Final = {cls: code for code, cls in enumerate(EVENT_CLASSES)}
_READ: Final = np.full(1, READ, dtype=np.int64)
_SUBJECT_PLACE: Final[dict[str, int]] = {kind: FIELDS[f"{kind}_id"].place for kind in SUBJECTS}
_USER, _MERCHANT = (_SUBJECT_PLACE[kind] for kind in SUBJECTS)


def _subjects(event: Fact) -> dict[str, str]:
    """The ids of those whom measures may be about, by kind."""
    return {kind: getattr(event, f"{kind}_id", "") for kind in _SUBJECT_PLACE}
