"""Labels that a file holds become verdict events when they would have been known, and not a moment earlier."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

_VERDICT: Final = {
    "event_id": pl.String, "time": pl.Int64, "type": pl.String, "subject_type": pl.String, "subject_id": pl.String,
    "label": pl.String, "source": pl.String, "user_id": pl.String, "merchant_id": pl.String,
}  # fmt: skip
ROW: Final = "row"
"""Column that tells rows that were read (their position) from generated ones (null)."""


class LabelQueue:
    """Labels waiting to become known, in the order (known_at, arrival)."""

    def __init__(self, lateness_ms: int) -> None:
        self._lateness_ms = lateness_ms
        self._waiting = pl.DataFrame(schema={**_VERDICT, "after": pl.Int64})
        self._latest_ms = -1

    def weave(self, frame: pl.DataFrame, truth: pl.DataFrame | None) -> pl.DataFrame:
        """The frame with `row`, and every verdict that becomes known within it in its place.

        A verdict stands before the first row at which the log's time reaches the moment it became known, and never
        before the row that it is about. `truth` as `Chunk.truth`; labels of rows that come too late are dropped.
        """
        times = frame["time"].to_numpy()
        frame = frame.with_columns(pl.int_range(frame.height, dtype=pl.Int64).alias(ROW))
        reached = np.maximum.accumulate(np.concatenate(([self._latest_ms], times)))
        if truth is not None and truth.height:
            rows = truth["row"].to_numpy()
            in_time = times[rows] >= reached[rows] - self._lateness_ms
            self._waiting = pl.concat([self._waiting, _verdicts(truth).filter(in_time)])
        self._latest_ms = int(reached[-1])
        if self._waiting.is_empty():
            return frame
        return self._insert(frame, reached[1:])

    def _insert(self, frame: pl.DataFrame, reached: NDArray[np.int64]) -> pl.DataFrame:
        places = np.maximum(
            np.searchsorted(reached, self._waiting["time"].to_numpy(), side="left"), self._waiting["after"].to_numpy()
        )
        due = places < frame.height
        known = self._waiting.filter(due).drop("after")
        self._waiting = self._waiting.filter(~due).with_columns(after=pl.lit(0, pl.Int64))
        if known.is_empty():
            return frame
        order = np.lexsort(
            (
                np.concatenate((np.zeros(frame.height, np.int64), known["time"].to_numpy())),
                np.concatenate((np.ones(frame.height, np.int8), np.zeros(known.height, np.int8))),
                np.concatenate((np.arange(frame.height), places[due])),
            )
        )
        return pl.concat([frame, known], how="diagonal_relaxed")[order]


def _verdicts(truth: pl.DataFrame) -> pl.DataFrame:
    """Verdict records of labels; `after` is the first position at which one may stand."""
    return truth.select(
        ("verdict:" + pl.col("event_id")).alias("event_id"),
        pl.col("known_at").alias("time"),
        pl.lit("verdict").alias("type"),
        pl.lit("event").alias("subject_type"),
        pl.col("event_id").alias("subject_id"),
        pl.when(pl.col("label") == 1).then(pl.lit("cash_out")).otherwise(pl.lit("genuine")).alias("label"),
        pl.lit("analyst").alias("source"),
        "user_id",
        "merchant_id",
        (pl.col("row").cast(pl.Int64) + 1).alias("after"),
    )
