"""The payments of a log as a model sees them: one replay, through the engine that decides, gathers every input."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.decision import OUTCOMES
from bonafide.core.fields import FIELDS, TYPE_CODE
from bonafide.core.moment import show_span
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.inputs import SIGN
from bonafide.engine.codes import ABSORBED, ANSWERED, CONFLICT, DERIVED, TAKEN, TOO_LATE
from bonafide.engine.engine import Batch, Engine
from bonafide.engine.refusals import refusal_of
from bonafide.engine.templates import Template
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.curves import Floats, Ints
from bonafide.lab.inputs import Chunk, Refusal, RejectWriter
from bonafide.lab.inputs.chunks import FIELD_DTYPE
from bonafide.lab.labels import ROW, LabelQueue
from bonafide.lab.replay import WALK_ROWS
from bonafide.lab.train.merchants import (
    MERCHANT_ROW,
    MERCHANT_TYPES,
    NO_MERCHANTS,
    MerchantLog,
    merchant_rows,
)  # fmt: skip
from bonafide.lab.train.payers import FACTS, PayerLog, facts_in, payer_log

PAYMENT: Final = TYPE_CODE["payment"]
_OF_MERCHANTS: Final = [TYPE_CODE[name] for name in MERCHANT_TYPES]
KEPT: Final = ("event_id", "user_id", "merchant_id", "amount", "currency", "credit_limit")
"""Fields of a payment that stand beside its inputs."""
_WORDS: Final = ("label", "source", "grade", "subject_type", "subject_id", "user_id", "status")

STATEMENTS: Final = pl.Schema({
    "arrived_ms": pl.Int64, "time_ms": pl.Int64, "about": pl.String, "subject_id": pl.String, "label": pl.String,
    "source": pl.String, "grade": pl.String,
})  # fmt: skip
"""What the log says about what payments, users and merchants were: `about` is event, user, merchant, or missed for a
repayment that did not come; `arrived_ms` the latest time in the log when it stood there."""


class Input(NamedTuple):
    """A column of the model."""

    name: str
    direction: int
    """1: more means more like cash-out, -1: less does, 0: either."""


class Matrix(NamedTuple):
    """Every payment that was taken in, in log order."""

    inputs: tuple[Input, ...]
    x: Floats
    """n x inputs; NaN is missing."""
    evidence: Floats
    """n: sum over the rules that hit of -ln(1 - weight)."""
    rows: pl.DataFrame
    """n: KEPT and the asked segment fields, seq, time_ms, first_seen_ms (of the payer, null without one), and
    at_least (index into OUTCOMES: the strictest that a rule which hit demands)."""
    statements: pl.DataFrame
    """As STATEMENTS, in order of arrival."""
    last_ms: int
    """The latest time in the log."""
    read: int
    """Records read."""
    payers: PayerLog
    """The same payments as a scorecard sees them."""
    merchants: MerchantLog = NO_MERCHANTS
    """What the merchants' card sees."""

    @property
    def n(self) -> int:
        """Payments."""
        return len(self.evidence)


def inputs_of(bundle: Bundle) -> tuple[Input, ...]:
    """The inputs of the model that a bundle declares, in order."""
    return tuple(Input(one.name, SIGN[one.direction]) for one in bundle.inputs.model)


def gather(
    engine: Engine, files: Sequence[str], chunks: Iterable[Chunk], rejects: RejectWriter,
    segments: Sequence[str] = (), progress: Callable[[Chunk], None] = lambda chunk: None,
) -> Matrix:  # fmt: skip
    """Play a log through a fresh engine whose bundle is one that `untrained` gave; `files` are the log's, in order."""
    run = MatrixRun(engine, files, rejects, segments)
    for chunk in chunks:
        run.feed(chunk)
        progress(chunk)
    return run.finish()


class MatrixRun:
    """Feed it chunks, then `finish`. The engine's bundle is one that `untrained` gave."""

    def __init__(self, engine: Engine, files: Sequence[str], rejects: RejectWriter, segments: Sequence[str]) -> None:
        self._engine = engine
        self._files = files
        self._rejects = rejects
        self._labels = LabelQueue(engine.bundle.settings.lateness_ms)
        self._inputs = inputs_of(engine.bundle)
        first = len(engine.bundle.compiled.features.columns)
        self._columns = slice(first, first + len(self._inputs))
        self._card_names = [one.name for one in engine.bundle.inputs.scorecard]
        self._card_columns = slice(self._columns.stop, self._columns.stop + len(self._card_names))
        self._merchant_names = [one.name for one in engine.bundle.inputs.merchant_scorecard]
        self._merchants: list[pl.DataFrame] = []
        self._weight = {rule.id: -math.log1p(-rule.weight) for rule in engine.bundle.rules}
        self._effect = {rule.id: OUTCOMES.index(rule.effect) for rule in engine.bundle.rules}
        self._kept = list(dict.fromkeys((*KEPT, *segments)))
        self._x: list[Floats] = []
        self._card: list[Floats] = []
        self._facts: list[pl.DataFrame] = []
        self._evidence: list[Floats] = []
        self._rows: list[pl.DataFrame] = []
        self._told: list[pl.DataFrame] = []
        self._seen: list[pl.DataFrame] = []
        self._read = 0

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk in, in order."""
        self._read += chunk.read
        if chunk.frame.is_empty():
            return
        woven = self._labels.weave(chunk.frame, chunk.truth)
        for first in range(0, woven.height, WALK_ROWS):
            self._walk(woven[first : first + WALK_ROWS])

    def finish(self) -> Matrix:
        """Everything that was gathered."""
        rows = pl.concat(self._rows) if self._rows else self._row_frame(pl.DataFrame(schema={"time": pl.Int64}))
        seen = pl.concat(self._seen).group_by("user_id").agg(pl.col("first_seen_ms").min()) if self._seen else None
        if seen is not None:
            rows = rows.join(seen, on="user_id", how="left", maintain_order="left")
        return Matrix(
            self._inputs,
            np.concatenate(self._x) if self._x else np.zeros((0, len(self._inputs))),
            np.concatenate(self._evidence) if self._evidence else np.zeros(0),
            rows,
            pl.concat(self._told) if self._told else pl.DataFrame(schema=STATEMENTS),
            self._engine.state.latest_ms,
            self._read,
            payer_log(rows, self._card, self._card_names, self._facts),
            self._merchant_log(rows),
        )

    def _merchant_log(self, rows: pl.DataFrame) -> MerchantLog:
        empty = pl.DataFrame(schema=MERCHANT_ROW | dict.fromkeys(self._merchant_names, pl.Float64))
        kept = [name for name in ("category",) if name in rows.columns]
        sales = rows.select("event_id", "merchant_id", *kept, time="time_ms")
        return MerchantLog(
            pl.concat([empty, *self._merchants]), sales, pl.concat([pl.DataFrame(schema=FACTS), *self._facts])
        )

    def _walk(self, frame: pl.DataFrame) -> None:
        read = frame[ROW].is_not_null().to_numpy()
        kinds = kinds_of(frame)
        of_merchants = np.isin(kinds, _OF_MERCHANTS) & bool(self._merchant_names)
        how = np.where(read, np.where((kinds == PAYMENT) | of_merchants, ANSWERED, ABSORBED), DERIVED)
        latest = self._engine.state.latest_ms
        batch = self._engine.decide_columns(kinds, columns_of(frame), how)
        taken = batch.status == TAKEN
        time = frame["time"].to_numpy()
        reached = np.maximum.accumulate(np.where(taken, time, latest).clip(min=latest))
        self._refuse(frame, batch, read)
        self._note_statements(frame, taken, reached)
        self._note_users(frame, taken)
        self._facts.append(facts_in(frame.filter(pl.Series(taken))))
        about = np.flatnonzero(taken & of_merchants)
        if len(about):
            inputs = batch.answers[about, self._card_columns.stop :]
            self._merchants.append(merchant_rows(frame[about], inputs, self._merchant_names))
        payments = np.flatnonzero(taken & (kinds == PAYMENT))
        if len(payments):
            self._keep(frame[payments], batch, payments)

    def _keep(self, frame: pl.DataFrame, batch: Batch, which: NDArray[np.intp]) -> None:
        self._x.append(batch.answers[which, self._columns])
        self._card.append(batch.answers[which, self._card_columns])
        evidence, effect = self._of_templates(batch.templates)
        chosen = batch.template[which]
        self._evidence.append(evidence[chosen])
        rows = self._row_frame(frame).with_columns(seq=pl.Series(batch.seq[which]), at_least=pl.Series(effect[chosen]))
        self._rows.append(rows)

    def _row_frame(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns = [_field(frame, name) for name in self._kept]
        return pl.DataFrame(columns).with_columns(frame["time"].alias("time_ms"))

    def _of_templates(self, templates: Sequence[Template]) -> tuple[Floats, Ints]:
        evidence = [sum(self._weight[name] for name in t.hits) for t in templates]
        effect = [max((self._effect[name] for name in t.hits), default=0) for t in templates]
        return np.array(evidence, dtype=np.float64), np.array(effect, dtype=np.int64)

    def _note_statements(self, frame: pl.DataFrame, taken: NDArray[np.bool_], reached: Ints) -> None:
        wanted = taken & frame["type"].is_in(["verdict", "repayment"]).to_numpy()
        if not wanted.any():
            return
        told = pl.DataFrame([_field(frame, name) for name in _WORDS]).with_columns(
            type=frame["type"], time_ms=frame["time"], arrived_ms=pl.Series(reached)
        )
        missed = pl.col("type") == "repayment"
        told = told.filter(pl.Series(wanted)).filter(~missed | (pl.col("status") == "missed"))
        self._told.append(
            told.select(
                "arrived_ms",
                "time_ms",
                about=pl.when(missed).then(pl.lit("missed")).otherwise("subject_type"),
                subject_id=pl.when(missed).then("user_id").otherwise("subject_id"),
                label=pl.when(missed).then(pl.lit("cash_out")).otherwise("label"),
                source=pl.when(missed).then(pl.lit("missed repayment")).otherwise("source"),
                grade="grade",
            ).cast(STATEMENTS)
        )

    def _note_users(self, frame: pl.DataFrame, taken: NDArray[np.bool_]) -> None:
        if "user_id" in frame.columns:
            named = frame.filter(pl.Series(taken) & pl.col("user_id").is_not_null() & pl.col(ROW).is_not_null())
            self._seen.append(named.group_by("user_id").agg(pl.col("time").min().alias("first_seen_ms")))

    def _refuse(self, frame: pl.DataFrame, batch: Batch, read: NDArray[np.bool_]) -> None:
        refused = read & ((batch.status == CONFLICT) | (batch.status == TOO_LATE))
        if not refused.any():
            return
        lateness = show_span(self._engine.bundle.settings.lateness_ms)
        rows = frame.filter(pl.Series(refused)).select("file", "line", "event_id", "time").iter_rows()
        told = zip(rows, batch.status[refused].tolist(), batch.seq[refused].tolist(), strict=True)
        for (file, line, event_id, time), code, then in told:
            self._rejects.write(self._files[file], [Refusal(line, refusal_of(code, event_id, time, then, lateness))])


def _field(frame: pl.DataFrame, name: str) -> pl.Series:
    """A field of the schema as a column, null where no event of the frame has it."""
    if name in frame.columns:
        return frame[name]
    return pl.Series(name, [None], FIELD_DTYPE[name]).new_from_index(0, frame.height)


def is_segment(name: str) -> bool:
    """Whether payments can be told apart by a field of this name: texts, words and whole numbers can."""
    return name in FIELDS and FIELDS[name].kind in ("text", "word", "integer", "flag") and name != "event_id"
