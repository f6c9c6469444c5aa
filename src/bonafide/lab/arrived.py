"""Labels of payments as they had arrived: from a truth table, else from the verdicts that stand in a replay's log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from bonafide.core.errors import UsageError
from bonafide.lab.chosen_labels import choose_labels
from bonafide.lab.explain.folder import Results
from bonafide.lab.inputs import Chunk, RejectWriter, load_mapping, read_chunks
from bonafide.lab.table_checks import need_columns

LABELS: Final = pl.Schema({"event_id": pl.String, "bad": pl.Boolean, "arrived_ms": pl.Int64})
"""Columns of a table of labels: one row for each event that anything was said about, the last word standing."""
_WORDS: Final = ("type", "subject_type", "subject_id", "label", "time")
_LATEST: Final = int(np.iinfo(np.int64).max)


def from_truth(truth: pl.DataFrame) -> pl.DataFrame:
    """The labels of a truth table that became known, as they were observed, with when; columns LABELS.

    Raises InputError for a table that lacks event_id, label or known_at, or cannot be read.
    """
    need_columns(truth, ("event_id", "label", "known_at"), "truth")
    told = choose_labels(truth, "arrived", _LATEST).frame
    known = pl.col("known_at")
    at = known.dt.epoch("ms") if isinstance(truth.schema["known_at"], pl.Datetime) else known.cast(pl.Int64)
    joined = told.join(truth.select("event_id", arrived_ms=at), on="event_id", how="left", maintain_order="left")
    return joined.select(LABELS.names()).cast(LABELS)


def from_log(results: Results, progress: Callable[[Chunk], None] = lambda chunk: None) -> pl.DataFrame:
    """The verdicts on single events that stand in the log of a replay; columns LABELS.

    A label that the log's mapping gave arrived when its verdict would have. Raises UsageError where the log is not
    where it was, or changed since.
    """
    lost = [path for path in results.inputs if not path.is_file()]
    if lost or results.changed_inputs:
        what = f"{lost[0]}: is not there any more" if lost else f"{results.changed_inputs[0]}: changed since"
        raise UsageError(f"{what}, and the verdicts stand in it; give them as a table with --truth")
    mapping = None if results.mapping is None else load_mapping(results.mapping)
    told = [pl.DataFrame(schema=LABELS)]
    with RejectWriter() as rejects:
        for chunk in read_chunks(results.inputs, mapping, None, rejects, unreadable=lambda error: None):
            told += _of_chunk(chunk)
            progress(chunk)
    return pl.concat(told).unique("event_id", keep="last", maintain_order=True).drop_nulls("bad")


def known_labels(results: Results, progress: Callable[[Chunk], None] = lambda chunk: None) -> pl.DataFrame:
    """The labels about a replay's events: of its truth.parquet where the log brought its own, else of its log."""
    own = results.folder / "truth.parquet"
    return from_truth(pl.read_parquet(own)) if own.is_file() else from_log(results, progress)


def _of_chunk(chunk: Chunk) -> list[pl.DataFrame]:
    frame, found = chunk.frame, []
    if {*_WORDS} <= {*frame.columns}:
        verdicts = frame.filter((pl.col("type") == "verdict") & (pl.col("subject_type") == "event"))
        cash_out = pl.when(pl.col("label") != "unsure").then(pl.col("label") == "cash_out")
        found.append(verdicts.select(pl.col("subject_id").alias("event_id"), cash_out.alias("bad"), arrived_ms="time"))
    if chunk.truth is not None and chunk.truth.height:
        found.append(chunk.truth.select("event_id", bad=pl.col("label") == 1, arrived_ms="known_at"))
    return [frame.cast(LABELS) for frame in found]
