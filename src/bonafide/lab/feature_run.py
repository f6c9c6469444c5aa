"""Features of a log without a bundle: one row for every accepted event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.moment import show_span
from bonafide.engine.codes import ANSWERED, CONFLICT, DERIVED, DUPLICATE, TAKEN, TOO_LATE, V_SEQ, V_STATUS
from bonafide.engine.compiled import LATENESS_MS, Settings, compile_bundle
from bonafide.engine.features.spec import Feature
from bonafide.engine.intake import rows_of_columns
from bonafide.engine.kernels import Kernels
from bonafide.engine.refusals import refusal_of
from bonafide.engine.state import State
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.inputs import Chunk, Refusal, RejectWriter
from bonafide.lab.labels import ROW, LabelQueue
from bonafide.lab.replay import WALK_ROWS, feature_rows, feature_schema
from bonafide.lab.tables import TableWriter

CURRENCY_UNTOLD: Final = "CNY"
"""The currency of a log that names none."""


class FeatureCounts(NamedTuple):
    """What a run did: read = accepted + duplicate + conflict + rejected."""

    read: int
    accepted: int
    duplicate: int
    conflict: int
    rejected: int
    currency: str
    """The currency whose amounts were counted; amounts in others are missing."""


class FeatureRun:
    """Feed it chunks, then `finish`. The currency is the first that the log names, unless told."""

    def __init__(
        self, features: Sequence[Feature], out: Path, files: Sequence[Path], rejects: RejectWriter, kernels: Kernels,
        secret: bytes, currency: str | None = None,
    ) -> None:  # fmt: skip
        self._features = features
        self._files = files
        self._rejects = rejects
        self._kernels = kernels
        self._secret = secret
        self._currency = currency
        self._names = [f.name for f in features]
        self._table = TableWriter(out, feature_schema(self._names))
        self._labels = LabelQueue(LATENESS_MS)
        self._state: State | None = None
        self._read = self._duplicate = self._conflict = 0

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk in and write its rows."""
        self._read += chunk.read
        if chunk.frame.is_empty():
            return
        state = self._opened(chunk.frame)
        woven = self._labels.weave(chunk.frame, chunk.truth)
        for first in range(0, woven.height, WALK_ROWS):
            self._walk(state, woven[first : first + WALK_ROWS])

    def finish(self) -> FeatureCounts:
        """Write the table."""
        self._table.finish()
        return FeatureCounts(
            self._read, self._table.rows, self._duplicate, self._conflict, self._rejects.total - self._conflict,
            self._currency or CURRENCY_UNTOLD,
        )  # fmt: skip

    def discard(self) -> None:
        """Remove what an unfinished run leaves beside its table."""
        self._table.discard()

    def _opened(self, frame: pl.DataFrame) -> State:
        """The state for a chunk; made anew once the log names its currency, before which it remembers no amounts."""
        named = self._currency is None and "currency" in frame.columns
        if named:
            self._currency = str(frame["currency"].drop_nulls()[0])
        if self._state is None or named:
            settings = Settings(self._currency or CURRENCY_UNTOLD)
            state = State(compile_bundle(self._features, [], settings), self._secret, self._kernels)
            if self._state is not None:
                state.load(self._state.save())
            self._state = state
        return self._state

    def _walk(self, state: State, frame: pl.DataFrame) -> None:
        read = frame[ROW].is_not_null().to_numpy()
        rows = rows_of_columns(kinds_of(frame), columns_of(frame), self._kernels, state.bound.key)
        walked = state.walk(rows, np.where(read, ANSWERED, DERIVED))
        status = walked.verdicts[:, V_STATUS]
        self._duplicate += int((read & (status == DUPLICATE)).sum())
        self._table.append(
            feature_rows(self._names, frame, walked.verdicts[:, V_SEQ], walked.answers, read & (status == TAKEN))
        )
        refused = read & ((status == CONFLICT) | (status == TOO_LATE))
        lateness = show_span(LATENESS_MS)
        rows_refused = frame.filter(refused).select("file", "line", "event_id", "time").iter_rows()
        told = zip(rows_refused, status[refused].tolist(), walked.verdicts[refused, V_SEQ].tolist(), strict=True)
        for (file, line, event_id, time), code, then in told:
            error = refusal_of(code, event_id, time, then, lateness)
            self._conflict += code == CONFLICT
            self._rejects.write(str(self._files[file]), [Refusal(line, error)])


def run_features(chunks: Iterable[Chunk], run: FeatureRun, progress: Callable[[Chunk], None]) -> FeatureCounts:
    """Feed all chunks and finish."""
    try:
        for chunk in chunks:
            run.feed(chunk)
            progress(chunk)
        return run.finish()
    finally:
        run.discard()
