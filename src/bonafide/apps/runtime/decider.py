"""The decider: it owns engine and journal, decides what waits, has it on disk, and only then answers.

While a commit waits for the disk, Python's lock is free and the loop reads the next requests; they make the next
commit together. That is all that group commit takes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple, cast

from bonafide.apps.problems import Reply, as_reply, reply_of
from bonafide.apps.runtime.figures import Figures
from bonafide.apps.runtime.jobs import Job
from bonafide.apps.runtime.subjects import with_subject
from bonafide.core.errors import InputError, StateError
from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.core.moment import SECOND_MS, show_span
from bonafide.core.pseudonym import ClearText
from bonafide.core.text import show_value
from bonafide.engine.answered import Answered
from bonafide.engine.codes import CONFLICT, DUPLICATE, TAKEN
from bonafide.engine.engine import Engine
from bonafide.engine.pseudonyms import Known
from bonafide.engine.refusals import refusal_of
from bonafide.office.journal.bases import KeptBasis
from bonafide.office.journal.journal import Journal
from bonafide.office.journal.records import Conflict, DeadLetter, Record

POISON_MAX: Final = 1_024
"""Ids remembered of events on which the engine failed; the oldest are forgotten, and fail again."""
MANY: Final = 16
"""Requests of so many events are settled at once where all of them are taken."""
POISON_A_BATCH_MAX: Final = 8
"""More failures than this in one batch are no matter of single events any more."""

_ALL_TAKEN: Final = {TAKEN}
_DECIDED: Final = 200
_TAUGHT: Final = 202
_NAME: Final[dict[type, str]] = {cls: name for name, cls in EVENT_CLASS.items()}
CONTROL_SENDER: Final = ""
"""Who sends what Bonafide writes itself."""


class Batch(NamedTuple):
    """What is written together, and who waits for it."""

    jobs: list[Job]
    records: list[Record]
    event_ids: list[str]
    """Of the records."""
    conflicts: list[Conflict]
    dead_letters: list[DeadLetter]
    texts: list[ClearText]
    """What tokens of the records stand for, as far as it is not known to be handed on."""
    replies: list[list[Reply | None]]
    """For each job, in order; None: a duplicate, whose answer is read from the journal when this batch is there."""
    bases: list[KeptBasis]
    """Of those records whose decisions people look at."""
    bundle: str | None = None
    """The bundle that decides from behind these records on, where they say so."""


class EngineFailedError(Exception):
    """The engine failed on events for a reason that is ours; it must be made anew from the journal."""


class Decider:
    """Decides jobs. It knows nothing of threads: whoever runs it calls `decide` and then `keep`."""

    def __init__(
        self, engine: Engine, journal: Journal, figures: Figures, dead_letter_ms: int, *, keeps_bases: bool = True
    ) -> None:  # fmt: skip
        self.engine = engine
        self._journal = journal
        self._figures = figures
        self._dead_letter_ms = dead_letter_ms
        self._keeps_bases = keeps_bases
        self._poison: dict[str, InputError] = {}
        self.known = Known()

    def decide(self, jobs: list[Job]) -> Batch:
        """Take the events of some jobs in. Raises EngineFailedError, after which the engine must not be used."""
        wholes = [self._is_whole(job) for job in jobs]
        events = cast("list[Fact]", [
            event for job, whole in zip(jobs, wholes, strict=True) for event in job.events
            if whole or not (isinstance(event, InputError) or event.event_id in self._poison)
        ])  # fmt: skip
        begun = time.perf_counter()
        try:
            answered, written = self.engine.answer_and_write(events, self.known, self._journal.waiting.room)
        except StateError:
            raise
        except Exception as error:
            raise EngineFailedError(type(error).__name__) from error
        self._figures.engine_seconds.add(time.perf_counter() - begun)
        self._figures.batch_events.add(len(events))
        self._note_trial()
        batch = Batch(jobs, [], [], [], [], written.fresh, [], [])
        told = iter(zip(answered, written.contents, strict=True))
        for job, whole in zip(jobs, wholes, strict=True):
            self._note_lateness(job)
            some = list(islice(told, job.size)) if whole else []
            if whole and {answer.status for answer, _ in some} <= _ALL_TAKEN:
                batch.replies.append(self._settle_all(job, some, batch))
            else:
                batch.replies.append(self._sort(job, iter(some) if whole else told, batch))
        return batch

    def _is_whole(self, job: Job) -> bool:
        """Whether a job holds many events and all of them are for the engine, as far as can be told at a glance."""
        return job.size >= MANY and not self._poison and InputError not in set(map(type, job.events))

    def control(self, record: Fact, now_ms: int) -> Batch:
        """Take one control record in, for which nobody waits. Raises StateError where it is not taken."""
        (told,), written = self.engine.answer_and_write((record,), self.known, self._journal.waiting.room)
        if told.status != TAKEN:
            raise StateError(f"the engine does not take the record {record.event_id}: its status is {told.status}")
        self._figures.taught[record.type] += 1
        kept = Record(now_ms, CONTROL_SENDER, written.contents[0], told.kept or told.body)
        return Batch([], [kept], [record.event_id], [], [], written.fresh, [], [])

    def keep(self, batch: Batch) -> None:
        """Have a batch on disk; raises what `Journal.append` raises."""
        if not (batch.records or batch.conflicts or batch.dead_letters):
            return
        begun = time.perf_counter()
        self._journal.append(
            batch.records, batch.conflicts, batch.dead_letters, bundle=batch.bundle, event_ids=batch.event_ids,
            texts=batch.texts, bases=batch.bases,
        )  # fmt: skip
        self._figures.commit_seconds.add(time.perf_counter() - begun)

    def answers(self, batch: Batch) -> list[tuple[Job, list[Reply]]]:
        """The answers of a batch that is on disk."""
        done: list[tuple[Job, list[Reply]]] = []
        for job, replies in zip(batch.jobs, batch.replies, strict=True):
            told = cast("list[Reply]", replies) if None not in replies else [
                reply if reply is not None else self._answer_of_before(job, event)
                for event, reply in zip(job.events, replies, strict=True)
            ]  # fmt: skip
            done.append((job, told))
        return done

    def quarantine(self, event: Fact, why: str) -> None:
        """Never give this event to the engine again."""
        while len(self._poison) >= POISON_MAX:
            self._poison.pop(next(iter(self._poison)))
        told = f"event_id: {show_value(event.event_id)} could not be decided ({why}); it is kept for people to look at"
        self._poison[event.event_id] = InputError("undecidable", told, None, None, event.event_id)

    def _note_trial(self) -> None:
        beside = self.engine.beside
        if beside is not None:
            (self._figures.arms if beside.trial.is_rollout else self._figures.shadow).update(beside.said)
            beside.said.clear()

    def _note_lateness(self, job: Job) -> None:
        first = job.events[0] if job.events else None
        if isinstance(first, Fact):
            self._figures.lateness_seconds.add(max(job.received_ms - first.time, 0) / SECOND_MS)

    def _sort(self, job: Job, told: Iterator[tuple[Answered, bytes]], batch: Batch) -> list[Reply | None]:
        """Say what becomes of each event of a job."""
        replies: list[Reply | None] = []
        for place, event in enumerate(job.events):
            if isinstance(event, InputError):
                replies.append(self._refuse(job, place, event, batch))
            elif event.event_id in self._poison:
                replies.append(self._refuse(job, place, self._poison[event.event_id], batch))
            else:
                replies.append(self._settle(job, place, event, *next(told), batch))
        return replies

    def _settle_all(
        self, job: Job, told: Sequence[tuple[Answered, bytes]], batch: Batch
    ) -> list[Reply | None]:  # fmt: skip
        """Say what becomes of a job whose events were all taken: as `_settle` says of each."""
        received_ms, key_id, first = job.received_ms, job.key_id, len(batch.records)
        events = cast("Sequence[Fact]", job.events)
        batch.records.extend([
            Record(received_ms, key_id, content, kept or body)
            for (_, _, body, _, _, kept, _), content in told
        ])  # fmt: skip
        batch.event_ids.extend([event.event_id for event in events])
        if self._keeps_bases:
            looked_at = [(place, one.basis) for place, (one, _) in enumerate(told, first) if one.basis is not None]
            batch.bases.extend([KeptBasis(place, received_ms, basis) for place, basis in looked_at])
        outcomes = [one.outcome for one, _ in told]
        for (cls, outcome), count in Counter(zip(map(type, events), outcomes, strict=True)).items():
            if outcome is None:
                self._figures.taught[_NAME[cls]] += count
            else:
                self._figures.decided[_NAME[cls], outcome] += count
        self._figures.alerts += sum([one.alert for one, _ in told])
        return [
            as_reply((_TAUGHT if outcome is None else _DECIDED, one.body))
            for (one, _), outcome in zip(told, outcomes, strict=True)
        ]

    def _settle(
        self, job: Job, place: int, event: Fact, told: Answered, content: bytes, batch: Batch
    ) -> Reply | None:  # fmt: skip
        figures = self._figures
        if told.status == TAKEN:
            if told.basis is not None and self._keeps_bases:
                batch.bases.append(KeptBasis(len(batch.records), job.received_ms, told.basis))
            batch.records.append(Record(job.received_ms, job.key_id, content, told.kept or told.body))
            batch.event_ids.append(event.event_id)
            if told.outcome is None:
                figures.taught[event.type] += 1
                return Reply(_TAUGHT, told.body)
            figures.decided[event.type, told.outcome] += 1
            figures.alerts += told.alert
            return Reply(_DECIDED, told.body)
        if told.status == DUPLICATE:
            figures.duplicates += 1
            return None
        lateness = show_span(self.engine.bundle.settings.lateness_ms)
        error = refusal_of(told.status, event.event_id, event.time, told.seq, lateness)
        if told.status == CONFLICT:
            figures.refused["conflict"] += 1
            batch.conflicts.append(
                Conflict(event.event_id, self._seq_of(event, batch), job.received_ms, job.key_id, content)
            )
            return reply_of(error)
        return self._refuse(job, place, error, batch)

    def _seq_of(self, event: Fact, batch: Batch) -> int:
        """Where the event stands that an id was given to first: in the journal, or in this very batch."""
        found = self._journal.find(event.event_id)
        if found is not None:
            return found.seq
        return self._journal.next_seq + batch.event_ids.index(event.event_id)

    def _refuse(self, job: Job, place: int, error: InputError, batch: Batch) -> Reply:
        self._figures.refused[error.reason] += 1
        if job.raw is not None:
            batch.dead_letters.append(
                DeadLetter(
                    job.received_ms, job.key_id, error.reason, error.field, error.message, job.raw[place],
                    job.received_ms + self._dead_letter_ms,
                )
            )  # fmt: skip
        return reply_of(error)

    def _answer_of_before(self, job: Job, event: Fact | InputError) -> Reply:
        """The answer that the same event got when it came first, with the id that it says itself."""
        assert not isinstance(event, InputError)
        found = self._journal.find(event.event_id)
        if found is None:
            raise StateError(
                "the engine knows an event that the journal does not hold: run bonafide journal verify, and restore a "
                "backup if it finds damage"
            )
        answer = with_subject(found.record.answer, lambda kind, _: getattr(event, f"{kind}_id"))
        return Reply(_DECIDED if event.decided else _TAUGHT, answer)
