"""A log of events through the engine: decisions, features, labels and refusals out, in bounded memory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.decision import OUTCOMES
from bonafide.core.fields import TYPE_CODE, TYPE_NAMES
from bonafide.core.moment import show_moment, show_span
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import ANSWERED, CONFLICT, DERIVED, DUPLICATE, READ, TAKEN, TOO_LATE
from bonafide.engine.engine import Batch, Engine
from bonafide.engine.refusals import refusal_of
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.decision_rows import DECISIONS, MOMENT, OF_EVENT, canonical_lines, decision_rows
from bonafide.lab.inputs import Chunk, Refusal, RejectWriter
from bonafide.lab.labels import ROW, LabelQueue
from bonafide.lab.succession import Succession
from bonafide.lab.summary import NOT_TOLD, Given, Summary, peak_memory_bytes, printable
from bonafide.lab.tables import TableWriter

WALK_ROWS: Final = 16_384
"""Rows in one call of the kernel: enough to forget the cost of a call, few enough to stay in the cache."""

_TRUTH: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.String, "label": pl.Int8, "typology": pl.String, "ring_id": pl.String, "known_at": MOMENT,
    "user_id": pl.String, "merchant_id": pl.String,
}  # fmt: skip
TRUTH: Final = pl.Schema(_TRUTH)
_ACTIVATED: Final = TYPE_CODE["bundle_activated"]


class Replay:
    """One run: feed it chunks, then `finish`."""

    def __init__(
        self, engine: Engine, out: Path, files: Sequence[Path], rejects: RejectWriter, *, features: bool = False,
        given: Given = NOT_TOLD, succession: Succession | None = None,
    ) -> None:  # fmt: skip
        """With a `succession`, each `bundle_activated` record of the log lets its bundle decide from the next event on;
        features are of one bundle, so both together are not to be had."""
        self._engine = engine
        self._succession = succession
        self._walked = 0
        self._bundles = [engine.bundle.hash]
        self._files = files
        self._rejects = rejects
        self._out = out
        self._given = given
        self._labels = LabelQueue(engine.bundle.settings.lateness_ms)
        self._decisions = TableWriter(out / "decisions.parquet", DECISIONS)
        self._features = FeatureTable(engine.bundle, out / "features.parquet") if features else None
        self._truth: TableWriter | None = None
        self._digest = hashlib.sha256()
        self._counts: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._types: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._currencies: Counter[str] = Counter()
        self._money: dict[str, Counter[str]] = {outcome: Counter() for outcome in OUTCOMES}
        self._first_ms: int | None = None

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk in, in order, and write what follows from it."""
        self._counts["read"] += chunk.read
        if chunk.truth is not None and self._truth is None:
            self._truth = TableWriter(self._out / "truth.parquet", TRUTH)
        if chunk.frame.is_empty():
            return
        woven = self._labels.weave(chunk.frame, chunk.truth)
        statuses = [self._walk_on(woven[i : i + WALK_ROWS]) for i in range(0, woven.height, WALK_ROWS)]
        if chunk.truth is not None and self._truth is not None:
            self._keep_truth(self._truth, chunk.truth, np.concatenate(statuses)[woven[ROW].is_not_null().to_numpy()])

    def finish(self, seconds: float) -> Summary:
        """Write the files and summary.json; `seconds` is how long the run took by the caller's clock."""
        for table in self._tables():
            table.finish()
        summary = self._summary(seconds)
        summary.write(self._out / "summary.json")
        return summary

    def discard(self) -> None:
        """Remove what an unfinished run leaves beside its tables."""
        for table in self._tables():
            table.discard()

    def _tables(self) -> list[TableWriter]:
        tables = (self._decisions, self._truth, self._features.table if self._features else None)
        return [table for table in tables if table is not None]

    def _summary(self, seconds: float) -> Summary:
        counts, latest, currency = self._counts, self._engine.state.latest_ms, self._currency()
        return Summary(
            read=counts["read"],
            decided=counts["decided"],
            taught=counts["taught"],
            duplicate=counts["duplicate"],
            conflict=counts["conflict"],
            rejected=self._rejects.total - counts["conflict"],
            generated_verdicts=counts["generated"],
            by_outcome={o: self._outcomes[o] for o in OUTCOMES},
            by_type=dict(sorted(self._types.items())),
            by_fault=dict(sorted(self._faults.items())),
            currency=currency,
            money_by_outcome={o: 0 if currency is None else self._money[o][currency] for o in OUTCOMES},
            money_by_currency={o: dict(sorted(self._money[o].items())) for o in OUTCOMES},
            first_time=None if self._first_ms is None else show_moment(self._first_ms),
            last_time=None if latest < 0 else show_moment(latest),
            bundle=self._bundles[0],
            bundles=list(self._bundles),
            digest=self._digest.hexdigest(),
            seconds=round(seconds, 3),
            events_per_second=round(counts["read"] / seconds, 1) if seconds > 0 else 0.0,
            peak_memory_bytes=peak_memory_bytes(),
            inputs=[printable(path) for path in self._files],
            input_bytes=[path.stat().st_size if path.is_file() else 0 for path in self._files],
            mapping=self._given.mapping,
            now=self._given.now,
            features=self._features is not None,
            folder=self._given.folder,
        )

    def _currency(self) -> str | None:
        """The currency of the summary's one sum per outcome."""
        own = self._engine.bundle.settings.currency
        if own in self._currencies:
            return own
        return min(self._currencies, key=lambda code: (-self._currencies[code], code), default=None)

    def _walk_on(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """Take some rows in, those behind a taken `bundle_activated` under its bundle; returns what became of each."""
        activations = np.flatnonzero(kinds_of(frame) == _ACTIVATED).tolist() if self._succession else []
        statuses, first = [], 0
        for row in activations:
            statuses.append(self._walk(frame[first : row + 1]))
            first = row + 1
            if statuses[-1][-1] == TAKEN and self._succession is not None:
                self._succession.follow(self._engine, frame["bundle"][row], self._walked)
                if self._engine.bundle.hash != self._bundles[-1]:
                    self._bundles.append(self._engine.bundle.hash)
        if first < frame.height:
            statuses.append(self._walk(frame[first:]))
        return np.concatenate(statuses)

    def _walk(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """Take some rows in under one bundle; returns what became of each."""
        self._walked += frame.height
        read = frame[ROW].is_not_null().to_numpy()
        kinds = kinds_of(frame)
        how = np.where(read, READ, DERIVED)
        if self._features is not None:
            how = np.where(read & self._features.wanted[kinds], ANSWERED, how)
        batch = self._engine.decide_columns(kinds, columns_of(frame), how)
        self._count(frame, kinds, batch, read)
        self._decide(frame, batch)
        if self._features is not None:
            self._features.append(frame, batch.seq, batch.answers, (batch.status == TAKEN) & (how == ANSWERED))
        return batch.status

    def _count(self, frame: pl.DataFrame, kinds: NDArray[np.int64], batch: Batch, read: NDArray[np.bool_]) -> None:
        taken = batch.status == TAKEN
        decided = batch.template >= 0
        self._counts.update(
            decided=int(decided.sum()), taught=int((taken & read & ~decided).sum()),
            duplicate=int((read & (batch.status == DUPLICATE)).sum()), generated=int((taken & ~read).sum()),
        )  # fmt: skip
        for kind, number in zip(*np.unique(kinds[taken & read], return_counts=True), strict=True):
            self._types[TYPE_NAMES[kind]] += int(number)
        if (taken & read).any():
            earliest = int(frame["time"].to_numpy()[taken & read].min())
            self._first_ms = earliest if self._first_ms is None else min(self._first_ms, earliest)
        refused = read & ((batch.status == CONFLICT) | (batch.status == TOO_LATE))
        if refused.any():
            self._refuse(frame.filter(refused), batch.status[refused], batch.seq[refused])

    def _refuse(self, frame: pl.DataFrame, status: NDArray[np.int64], latest: NDArray[np.int64]) -> None:
        lateness = show_span(self._engine.bundle.settings.lateness_ms)
        rows = frame.select("file", "line", "event_id", "time").iter_rows()
        for (file, line, event_id, time), code, then in zip(rows, status.tolist(), latest.tolist(), strict=True):
            error = refusal_of(code, event_id, time, then, lateness)
            self._counts["conflict"] += code == CONFLICT
            self._rejects.write(str(self._files[file]), [Refusal(line, error)])

    def _decide(self, frame: pl.DataFrame, batch: Batch) -> None:
        decided = batch.decided()
        if not len(decided.row):
            return
        rows = frame.select(name for name in OF_EVENT if name in frame.columns)[decided.row]
        for lines in canonical_lines(rows, decided, batch.templates):
            self._digest.update(lines)
        names = [t.ruling.outcome for t in batch.templates]
        table = decision_rows(rows, decided, batch.templates)
        self._decisions.append(table)
        for i, number in zip(*np.unique(decided.template, return_counts=True), strict=True):
            self._outcomes[names[i]] += int(number)
            self._faults.update(dict.fromkeys(batch.templates[i].faults, int(number)))
        paid = table.filter(pl.col("amount").is_not_null()).group_by("outcome", "currency")
        for outcome, currency, amount, number in paid.agg(pl.col("amount").sum(), pl.len()).iter_rows():
            self._money[outcome][currency] += amount
            self._currencies[currency] += number

    @staticmethod
    def _keep_truth(table: TableWriter, truth: pl.DataFrame, status: NDArray[np.int64]) -> None:
        taken = truth.filter(status[truth["row"].to_numpy()] == TAKEN)
        table.append(
            taken.with_columns(
                pl.col("known_at").cast(MOMENT),
                typology=pl.lit(None, pl.String),
                ring_id=pl.lit(None, pl.String),
            )
        )


class FeatureTable:
    """features.parquet: a row for every event whose type some feature counts."""

    def __init__(self, bundle: Bundle, path: Path) -> None:
        types = {t for f in bundle.features for t in f.types}
        self.wanted = np.array([name in types for name in TYPE_NAMES])
        self._names = bundle.feature_names
        self.table = TableWriter(path, feature_schema(self._names))

    def append(
        self, frame: pl.DataFrame, seq: NDArray[np.int64], answers: NDArray[np.float64], rows: NDArray[np.bool_]
    ) -> None:
        """Add the rows of a batch that are wanted."""
        self.table.append(feature_rows(self._names, frame, seq, answers, rows))


def feature_schema(names: Iterable[str]) -> pl.Schema:
    """Columns of features.parquet."""
    return pl.Schema({"event_id": pl.String, "seq": pl.Int64, **dict.fromkeys(names, pl.Float64)})


def feature_rows(
    names: Sequence[str], frame: pl.DataFrame, seq: NDArray[np.int64], answers: NDArray[np.float64],
    rows: NDArray[np.bool_],
) -> pl.DataFrame:  # fmt: skip
    """Rows of features.parquet: missing is null."""
    columns = {name: pl.Series(answers[rows, i], nan_to_null=True) for i, name in enumerate(names)}
    return pl.DataFrame({"event_id": frame["event_id"].filter(pl.Series(rows)), "seq": seq[rows], **columns})


def run_replay(
    chunks: Iterable[Chunk], replay: Replay, progress: Callable[[Chunk], None], clock: Callable[[], float]
) -> Summary:
    """Feed all chunks and finish; `clock` gives seconds, `progress` is told every chunk that is done."""
    begun = clock()
    try:
        for chunk in chunks:
            replay.feed(chunk)
            progress(chunk)
        return replay.finish(clock() - begun)
    finally:
        replay.discard()
