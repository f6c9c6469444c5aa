"""The decided events of a log with all that a score is made of: rules that held and the trees' sum, from one replay."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.fields import TYPE_CODE
from bonafide.engine.codes import ANSWERED, DERIVED, READ
from bonafide.engine.engine import Batch, Engine
from bonafide.engine.trees.rows import raw_scores
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.curves import Flags, Floats, Ints
from bonafide.lab.inputs import Chunk
from bonafide.lab.inputs.chunks import FIELD_DTYPE
from bonafide.lab.labels import ROW, LabelQueue
from bonafide.lab.replay import WALK_ROWS

PAYMENT: Final = TYPE_CODE["payment"]
KEPT: Final = ("event_id", "user_id", "amount", "currency")


class Gathered(NamedTuple):
    """Every event that was decided on, in log order."""

    rows: pl.DataFrame
    """n: KEPT, seq, time_ms."""
    is_payment: Flags
    pattern: Ints
    """n: which row of `hits`."""
    hits: NDArray[np.bool_]
    """patterns x rules: which rules held."""
    raw: Floats
    """n: what the trees say of payments; 0 of all else, and without trees."""
    score_e6: Ints
    """n: as the engine decided."""
    alert: Flags
    """n: whether the engine's outcome is verify or stricter."""

    @property
    def n(self) -> int:
        """Decided events."""
        return len(self.pattern)


class _Part(NamedTuple):
    """Some decided events; see `Gathered`."""

    is_payment: Flags
    pattern: Ints
    raw: Floats
    score_e6: Ints
    alert: Flags


class GatherRun:
    """Feed it chunks, then `finish`."""

    def __init__(self, engine: Engine) -> None:
        bundle = engine.bundle
        self._engine = engine
        self._labels = LabelQueue(bundle.settings.lateness_ms)
        self._trees = bundle.compiled.scheme.trees
        first = len(bundle.compiled.features.columns)
        self._inputs = slice(first, first + len(bundle.compiled.scheme.model_inputs))
        self._patterns: dict[tuple[str, ...], int] = {}
        self._rows: list[pl.DataFrame] = []
        self._parts: list[_Part] = []

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk in, in order."""
        if chunk.frame.is_empty():
            return
        woven = self._labels.weave(chunk.frame, chunk.truth)
        for first in range(0, woven.height, WALK_ROWS):
            self._walk(woven[first : first + WALK_ROWS])

    def finish(self) -> Gathered:
        """Everything that was gathered."""
        rules = [rule.id for rule in self._engine.bundle.rules]
        hits = np.array([[rule in held for rule in rules] for held in map(set, self._patterns)], dtype=np.bool_)
        schema = {"event_id": pl.String, "user_id": pl.String, "amount": pl.Int64, "currency": pl.String,
                  "seq": pl.Int64, "time_ms": pl.Int64}  # fmt: skip
        rows = pl.concat(self._rows) if self._rows else pl.DataFrame(schema=schema)
        no, none = np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.int64)
        nothing = _Part(no, none, np.zeros(0), none, no)
        is_payment, pattern, raw, score, alert = (
            np.concatenate(some) for some in zip(nothing, *self._parts, strict=True)
        )
        return Gathered(rows, is_payment, pattern, hits.reshape(-1, len(rules)), raw, score, alert)

    def _walk(self, frame: pl.DataFrame) -> None:
        read = frame[ROW].is_not_null().to_numpy()
        kinds = kinds_of(frame)
        answered = read & (kinds == PAYMENT) & (self._trees is not None)
        how = np.where(answered, ANSWERED, np.where(read, READ, DERIVED))
        batch = self._engine.decide_columns(kinds, columns_of(frame), how)
        which = np.flatnonzero(batch.template >= 0)
        if len(which):
            self._keep(frame[which], kinds[which] == PAYMENT, batch, which)

    def _keep(self, frame: pl.DataFrame, is_payment: Flags, batch: Batch, which: NDArray[np.intp]) -> None:
        kept = [
            frame[name]
            if name in frame.columns
            else pl.Series(name, [None], FIELD_DTYPE[name]).new_from_index(0, frame.height)
            for name in KEPT
        ]
        self._rows.append(pl.DataFrame(kept).with_columns(seq=pl.Series(batch.seq[which]), time_ms=frame["time"]))
        patterns = [self._patterns.setdefault(t.hits, len(self._patterns)) for t in batch.templates]
        raw = np.zeros(len(which))
        if self._trees is not None:
            raw[is_payment] = raw_scores(self._trees, batch.answers[which[is_payment], self._inputs])
        found = np.array(patterns, dtype=np.int64)[batch.template[which]]
        alert = np.array([t.ruling.alert for t in batch.templates])[batch.template[which]]
        self._parts.append(_Part(is_payment, found, raw, batch.score_e6[which], alert))
