"""The same windows in other libraries, written as kindly to each of them as we know how.

Both answer a log as a whole and by time alone, so they need times that grow strictly. Payments are counted: what is
no payment adds 0 and has null for a value, and is answered all the same. A sum over no payment is 0, as in the engine.
Each takes its own form of the events, which is not timed, and is timed until the answers of every event stand in
memory, in seconds on the processor.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.moment import parse_span

from .workload import WINDOWS, Window

KEYS: Final = ("user_id", "merchant_id", "device_id")
_BY_KEY: Final = {key: list(windows) for key, windows in groupby(WINDOWS, attrgetter("by"))}


class Answered(NamedTuple):
    """What a peer answered, and the time that it took."""

    answers: NDArray[np.float64]
    """events x windows; NaN is null."""
    seconds: float


def with_numbers(events: pl.DataFrame) -> pl.DataFrame:
    """The events with whole numbers for keys, which is what a peer is fastest with."""
    return events.with_columns(pl.col(key).cast(pl.Categorical).to_physical().cast(pl.Int64) for key in KEYS)


def ask_polars(events: pl.DataFrame) -> Answered:
    """The windows of polars: a rolling aggregation for each key and length, joined back to the events by time."""
    counted = _counted(events)
    begin = process_time()
    answers = counted.select("time")
    for key, windows in _BY_KEY.items():
        named = counted.filter(pl.col(key).is_not_null())
        parts = [
            # All lengths answer a key's events in the same order, so that one join does for all of them.
            named.rolling("time", period=f"{parse_span(over)}i", closed="none", group_by=key)
            .agg(map(_aggregate, group))
            .drop(key)
            for over, group in groupby(windows, attrgetter("over"))
        ]
        side_by_side = pl.concat([parts[0], *(part.drop("time") for part in parts[1:])], how="horizontal")
        answers = answers.join(side_by_side, on="time", how="left", maintain_order="left")
    seconds = process_time() - begin
    return Answered(_floats(answers), seconds)


def _counted(events: pl.DataFrame) -> pl.DataFrame:
    """Keys and times, and what of each event is counted."""
    paid = pl.col("type") == "payment"
    return events.select(
        *KEYS, "time",
        payments=paid.cast(pl.Int64),
        paid=pl.when(paid).then("amount").otherwise(0),
        **{f"paid_{key}": pl.when(paid).then(key) for key in KEYS},
    )  # fmt: skip


def _aggregate(window: Window) -> pl.Expr:
    payments = pl.col("payments").sum()
    match window.take:
        case "count":
            answer = payments
        case "sum":
            answer = pl.col("paid").sum()
        case _:
            # n_unique counts null as one more value; this is faster than to drop the nulls.
            answer = pl.col(f"paid_{window.of}").n_unique().cast(pl.Int64) - (payments < pl.len()).cast(pl.Int64)
    return answer.alias(window.name)


def _floats(answers: pl.DataFrame) -> NDArray[np.float64]:
    columns = [answers[window.name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for window in WINDOWS]
    return np.column_stack(columns)


def ask_duckdb(events: pl.DataFrame) -> Answered:
    """The windows of duckdb, on one thread: a query for each key, and ranges over whole milliseconds."""
    import duckdb

    counted = _counted(events).with_row_index("place")
    with TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as db:
        file = Path(folder) / "counted.parquet"
        counted.write_parquet(file)
        db.execute(f"CREATE TABLE counted AS FROM read_parquet('{file}')")
        begin = process_time()
        found = {key: db.execute(_query(key, windows)).fetchnumpy() for key, windows in _BY_KEY.items()}
        seconds = process_time() - begin
    answers = np.full((counted.height, len(WINDOWS)), np.nan)
    for column, window in enumerate(WINDOWS):
        answers[found[window.by]["place"], column] = np.asarray(found[window.by][window.name])
    return Answered(answers, seconds)


def _query(key: str, windows: list[Window]) -> str:
    """One statement over all events that have the key."""
    lengths = {window.over: parse_span(window.over) for window in windows}
    ranges = ", ".join(
        f"over_{over} AS (PARTITION BY {key} ORDER BY time RANGE BETWEEN {ms - 1} PRECEDING AND 1 PRECEDING)"
        for over, ms in lengths.items()
    )
    takes = {"count": "count(paid_user_id)", "sum": "sum(paid)", "distinct": "count(DISTINCT paid_{of})"}
    answers = ", ".join(f"coalesce({takes[w.take].format(of=w.of)} OVER over_{w.over}, 0) AS {w.name}" for w in windows)
    return f"SELECT place, {answers} FROM counted WHERE {key} IS NOT NULL WINDOW {ranges}"
