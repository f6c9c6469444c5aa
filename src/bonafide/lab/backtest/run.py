"""One pass over a log for several bundles: who can, decides from one state; who cannot, walks beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.fields import TYPE_CODE
from bonafide.core.moment import show_span
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import CONFLICT, DERIVED, DUPLICATE, READ, TOO_LATE, V_SEQ, V_STATUS
from bonafide.engine.engine import Batch, Decided, Engine
from bonafide.engine.intake import rows_of_columns
from bonafide.engine.kernels import Kernels
from bonafide.engine.refusals import refusal_of
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.shared.union import Party, parties_of
from bonafide.engine.shared.walk import Stretch, Voter, walk_shared
from bonafide.engine.state import State
from bonafide.engine.stretches import NO_CHANGES, Changes, changes_in, lists_among
from bonafide.engine.templates import Template
from bonafide.engine.trees.rows import raw_scores
from bonafide.lab.backtest.streams import EVENTS, UNDECIDED, How, Said, Stream, Streams, aligned
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.decision_rows import DECISIONS, OF_EVENT, canonical_lines, decision_rows
from bonafide.lab.inputs import Chunk, Refusal, RejectWriter
from bonafide.lab.inputs.chunks import FIELD_DTYPE
from bonafide.lab.labels import ROW, LabelQueue
from bonafide.lab.replay import WALK_ROWS
from bonafide.lab.tables import TableWriter

_PAYMENT: Final = TYPE_CODE["payment"]


class Keeper(Protocol):
    """Keeps what a walk finds of the events that are decided on."""

    def keep(self, facts: pl.DataFrame, stretches: Sequence[Stretch]) -> None:
        """The events of a batch, and what was found of them."""

    def lists_change(self) -> None:
        """The log changes lists, which no longer are as the bundles say from there on."""

    def finish(self, labels: pl.DataFrame | None, read: int, refused: int) -> None:
        """The walk came to its end."""

    def discard(self) -> None:
        """It did not."""


class Contender(NamedTuple):
    """A bundle and what it is called."""

    name: str
    bundle: Bundle
    decisions: Path | None = None
    """Where its decisions go, which also gives their digest; None: nowhere."""


class BacktestRun:
    """Feed it chunks, then `finish`. The first contender is the champion."""

    def __init__(
        self, contenders: Sequence[Contender], kernels: Kernels, secret: bytes, files: Sequence[Path],
        rejects: RejectWriter, keeper: Keeper | None = None,
    ) -> None:  # fmt: skip
        """`keeper` is given what the first walk finds; it was made for the bundles of `parties_of`'s first party."""
        self._contenders = contenders
        self.parties = parties_of([one.bundle for one in contenders])
        self._walks = [
            _Walk(party, [contenders[i] for i in party.bundles], kernels, secret, keeper if i == 0 else None)
            for i, party in enumerate(self.parties)
        ]
        self._files, self._rejects, self._keeper = files, rejects, keeper
        self._labels: list[pl.DataFrame] = []
        self.read = self.duplicate = self._before = 0

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk in, in order."""
        self.read += chunk.read
        if chunk.truth is not None:
            self._labels.append(chunk.truth.select("event_id", pl.col("label").cast(pl.Int8)))
        if chunk.frame.is_empty():
            return
        for number, walk in enumerate(self._walks):
            for frame, status, seq in walk.feed(chunk, self._before):
                if number == 0:
                    self._refuse(frame, status, seq)
        self._before += chunk.frame.height

    def finish(self) -> Streams:
        """What every bundle decided, the champion first."""
        told = [walk.finish() for walk in self._walks]
        events, where = aligned([(walk.places, walk.events) for walk in told])
        found: dict[int, Stream] = {}
        for number, (party, walk, place) in enumerate(zip(self.parties, told, where, strict=True)):
            for i, stream in zip(party.bundles, walk.streams, strict=True):
                stream.how = "shared" if number == 0 and len(party.bundles) > 1 else "own"
                stream.apart = party.apart
                found[i] = _spread(stream, place, events.height) if len(told) > 1 else stream
        labels = pl.concat(self._labels) if self._labels else None
        if self._keeper is not None:
            self._keeper.finish(labels, self.read, self._rejects.total)
        return Streams(events, [found[i] for i in range(len(self._contenders))], labels)

    def discard(self) -> None:
        """Remove what an unfinished run leaves."""
        for walk in self._walks:
            walk.discard()
        if self._keeper is not None:
            self._keeper.discard()

    def _refuse(self, frame: pl.DataFrame, status: NDArray[np.int64], latest: NDArray[np.int64]) -> None:
        read = frame[ROW].is_not_null().to_numpy()
        self.duplicate += int((read & (status == DUPLICATE)).sum())
        refused = read & ((status == CONFLICT) | (status == TOO_LATE))
        if not refused.any():
            return
        lateness = show_span(self._contenders[0].bundle.settings.lateness_ms)
        rows = frame.filter(refused).select("file", "line", "event_id", "time").iter_rows()
        told = zip(rows, status[refused].tolist(), latest[refused].tolist(), strict=True)
        for (file, line, event_id, time), code, then in told:
            self._rejects.write(
                str(self._files[file]), [Refusal(line, refusal_of(code, event_id, time, then, lateness))]
            )


class _Walked(NamedTuple):
    """What a walk decided: places in the log, the events there, a stream for each of its bundles."""

    places: NDArray[np.int64]
    events: pl.DataFrame
    streams: list[Stream]


class _Walk:
    """The bundles of one party over one state."""

    def __init__(
        self, party: Party, contenders: Sequence[Contender], kernels: Kernels, secret: bytes, keeper: Keeper | None
    ) -> None:
        self._state = State(party.union.compiled, secret, kernels)
        self._labels = LabelQueue(contenders[0].bundle.settings.lateness_ms)
        self._keeper = keeper
        self._judges = [
            Judge(one, Voter(one.bundle.compiled, columns, secret, kernels, self._state.memory), kernels)
            for one, columns in zip(contenders, party.union.columns, strict=True)
        ]
        self._places: list[NDArray[np.int64]] = []
        self._events: list[pl.DataFrame] = []

    def feed(self, chunk: Chunk, before: int) -> list[tuple[pl.DataFrame, NDArray[np.int64], NDArray[np.int64]]]:
        """Take a chunk in that begins behind `before` records; what became of each row."""
        woven = self._labels.weave(chunk.frame, chunk.truth)
        parts = (woven[first : first + WALK_ROWS] for first in range(0, woven.height, WALK_ROWS))
        return [self._walk(part, before) for part in parts]

    def finish(self) -> _Walked:
        """Everything that was decided."""
        events = pl.concat(self._events) if self._events else pl.DataFrame(schema=EVENTS)
        places = np.concatenate([np.zeros(0, dtype=np.int64), *self._places])
        return _Walked(places, events, [judge.finish() for judge in self._judges])

    def discard(self) -> None:
        for judge in self._judges:
            judge.discard()

    def _walk(
        self, frame: pl.DataFrame, before: int
    ) -> tuple[pl.DataFrame, NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
        state, kinds, columns = self._state, kinds_of(frame), columns_of(frame)
        how = np.where(frame[ROW].is_not_null().to_numpy(), READ, DERIVED)
        rows, changes = rows_of_columns(kinds, columns, state.kernels, state.bound.key), changes_in(kinds, columns)
        stretches = list(walk_shared(state, rows, how, changes))
        decided = np.concatenate([stretch.first + stretch.faced.place for stretch in stretches])
        facts = facts_of(frame[decided])
        for judge in self._judges:
            judge.judge(rows, changes, how, stretches, facts)
        places = before + frame[ROW].to_numpy()[decided].astype(np.int64)
        self._events.append(facts)
        self._places.append(places)
        if self._keeper is not None:
            self._keeper.keep(facts, stretches)
            if len(lists_among(rows[:, TYPE])):
                self._keeper.lists_change()
        verdicts = np.concatenate([stretch.verdicts for stretch in stretches])
        return frame, verdicts[:, V_STATUS], verdicts[:, V_SEQ]


class Judge:
    """One bundle that votes on what a walk finds, and what it said so far."""

    def __init__(self, contender: Contender, voter: Voter, kernels: Kernels, how: How = "shared") -> None:
        self._contender, self._voter, self._how = contender, voter, how
        bundle = contender.bundle
        # What is proposed is written into a table of decisions, and nothing else here reads it.
        told = bundle if contender.decisions else bundle._replace(ladder=None)
        self._engine = Engine(told, kernels=kernels, state=voter)
        self._trees = bundle.compiled.scheme.trees
        first = len(bundle.compiled.features.columns)
        self._inputs = slice(first, first + len(bundle.compiled.scheme.model_inputs))
        self._numbers: dict[Said, int] = {}
        self._known: dict[int, tuple[Template, int]] = {}
        self._which: list[NDArray[np.int32]] = []
        self._scores: list[NDArray[np.int32]] = []
        self._credits: list[NDArray[np.int16]] = []
        self._raw: list[NDArray[np.float64]] = []
        self._digest = hashlib.sha256()
        self._table = None if contender.decisions is None else TableWriter(contender.decisions, DECISIONS)

    def judge(
        self, rows: NDArray[np.int64], changes: Changes, how: NDArray[np.int64],
        stretches: Sequence[Stretch], facts: pl.DataFrame | None,
    ) -> None:  # fmt: skip
        """Vote on the stretches of one batch; `facts` are of the events decided on, for a table of decisions."""
        for stretch in stretches:
            self._voter.show(stretch)
        self._voter.answers.clear()
        batch = self._engine.decide_rows(rows, changes, how)
        self._keep(batch, batch.decided(), facts)

    def judge_kept(self, stretch: Stretch) -> None:
        """Vote on events that are all decided on, of a walk that was made before."""
        if self._engine.degraded != stretch.degraded:
            self._engine.degrade(stretch.degraded)
        rows = stretch.faced.rows
        self.judge(rows, NO_CHANGES, np.full(len(rows), READ, dtype=np.int64), [stretch], None)

    def finish(self) -> Stream:
        """All that it said."""
        if self._table is not None:
            self._table.finish()
        no = np.zeros(0, dtype=np.int32)
        return Stream(
            self._contender.name, self._contender.bundle.hash, self._how, np.concatenate([no, *self._which]),
            np.concatenate([no, *self._scores]), np.concatenate([np.zeros(0, dtype=np.int16), *self._credits]),
            list(self._numbers), bundle=self._contender.bundle,
            raw=None if self._trees is None else np.concatenate([np.zeros(0), *self._raw]),
            digest=None if self._table is None else self._digest.hexdigest(),
            decisions=None if self._table is None else self._table.path.name,
        )  # fmt: skip

    def discard(self) -> None:
        """Remove what an unfinished run leaves."""
        if self._table is not None:
            self._table.discard()

    def _keep(self, batch: Batch, decided: Decided, facts: pl.DataFrame | None) -> None:
        numbers = np.array([self._number(template) for template in batch.templates], dtype=np.int32)
        self._which.append(numbers[decided.template])
        self._scores.append(decided.score_e6.astype(np.int32))
        self._credits.append(decided.credit.astype(np.int16))
        if self._trees is not None:
            self._raw.append(self._raw_of(batch, decided))
        if self._table is not None and facts is not None:
            told = facts.select(OF_EVENT)
            for lines in canonical_lines(told, decided, batch.templates):
                self._digest.update(lines)
            self._table.append(decision_rows(told, decided, batch.templates))

    def _number(self, template: Template) -> int:
        known = self._known.get(id(template))
        if known is not None:
            return known[1]
        ruling = template.ruling
        said = Said(
            ruling.outcome, ruling.risk_level, ruling.alert, template.hits,
            tuple(reason.code for reason in template.reasons), template.faults, template.degraded,
        )  # fmt: skip
        number = self._numbers.setdefault(said, len(self._numbers))
        self._known[id(template)] = template, number  # held, so that no other gets its id
        return number

    def _raw_of(self, batch: Batch, decided: Decided) -> NDArray[np.float64]:
        """What the trees say of payments on which a rule held."""
        raw = np.full(len(decided.row), np.nan)
        if self._trees is not None:
            held = np.array([bool(template.hits) for template in batch.templates])[decided.template]
            which = np.flatnonzero(held & (batch.rows[decided.row, TYPE] == _PAYMENT))
            given = self._voter.answers
            answers = given[0] if len(given) == 1 else np.concatenate(given)
            raw[which] = raw_scores(self._trees, answers[which, self._inputs])
        return raw


def facts_of(frame: pl.DataFrame) -> pl.DataFrame:
    """What is kept of some events; a field that none has is null."""
    return frame.select(
        pl.col(name) if name in frame.columns else pl.lit(None, FIELD_DTYPE[name]).alias(name) for name in EVENTS
    )


def _spread(stream: Stream, place: NDArray[np.int64], n: int) -> Stream:
    """A stream over some events as one over all `n`, of which its own are at `place`."""
    which = np.full(n, UNDECIDED, dtype=np.int32)
    score, credit = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int16)
    which[place], score[place], credit[place] = stream.which, stream.score_e6, stream.credit
    if stream.raw is not None:
        raw = np.full(n, np.nan)
        raw[place] = stream.raw
        stream.raw = raw
    stream.which, stream.score_e6, stream.credit = which, score, credit
    return stream
