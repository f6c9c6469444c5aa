"""A period of a replay: its payments, features, alerts, and the labels that had arrived by its end."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.errors import InputError, UsageError
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.lab.curves import Floats

FEATURES: Final = "features.parquet"
_NO_VALUES: Final = ("event_id", "seq")


class Period(NamedTuple):
    """What was decided in a span of time."""

    folder: Path
    payments: pl.DataFrame
    """seq, event_id, time_ms, score, credit_score; at least one."""
    decided: pl.DataFrame
    """Of every decided event of the span: alert, hits."""
    from_ms: int
    """Time of the first payment, or where the period before it ends."""
    to_ms: int
    """Time of the last payment, or where the period after it begins."""
    labels: pl.DataFrame | None
    """event_id, bad: as they had arrived by `to_ms`; None where nobody knows of any."""

    @property
    def days(self) -> float:
        """How long it lasts, and at least one day."""
        return max((self.to_ms - self.from_ms) / DAY_MS, 1.0)

    @property
    def features(self) -> tuple[str, ...]:
        """The features that were kept; empty where none were."""
        path = self.folder / FEATURES
        if not path.is_file():
            return ()
        names = _scan(path).collect_schema().names()
        return tuple(name for name in names if name not in _NO_VALUES)

    def feature(self, name: str) -> Floats:
        """A feature of the payments that have a row in features.parquet; missing is NaN."""
        rows = _scan(self.folder / FEATURES).select("seq", name)
        of_payments = rows.join(self.payments.select("seq").lazy(), on="seq", how="semi").collect()
        return of_payments[name].cast(pl.Float64).fill_null(np.nan).to_numpy()

    def column(self, name: str) -> Floats:
        """Score or credit_score of the payments; missing is NaN."""
        return self.payments[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def whole(folder: Path, labels: pl.DataFrame | None) -> Period:
    """All that a folder holds; `labels` has event_id, bad and arrived_ms.

    Raises UsageError where no payment was decided.
    """
    decided = _decisions(folder)
    times = decided.filter(pl.col("type") == "payment")["time_ms"]
    if times.is_empty():
        raise UsageError(f"{folder}: no payment was decided there, so there is nothing to compare")
    return _period(folder, decided, int(times.min()), int(times.max()), labels)  # type: ignore[arg-type]


def parted(folder: Path, moment_ms: int, labels: pl.DataFrame | None) -> tuple[Period, Period]:
    """What a folder holds, before a moment and from it on. Raises UsageError where one side has no payment."""
    decided = _decisions(folder)
    times = decided.filter(pl.col("type") == "payment")["time_ms"].to_numpy()
    if not (times < moment_ms).any() or not (times >= moment_ms).any():
        told = "has no payments" if not len(times) else f"has payments from {show_moment(int(times.min()))} to "
        span = show_moment(int(times.max())) if len(times) else ""
        raise UsageError(f"--split {show_moment(moment_ms)}: {folder} {told}{span}; choose a moment between them")
    earlier = pl.col("time_ms") < moment_ms
    before = _period(folder, decided.filter(earlier), int(times.min()), moment_ms, labels)
    return before, _period(folder, decided.filter(~earlier), moment_ms, int(times.max()), labels)


def _period(folder: Path, decided: pl.DataFrame, from_ms: int, to_ms: int, labels: pl.DataFrame | None) -> Period:
    payments = decided.filter(pl.col("type") == "payment")
    # Applications of shops may lie long before trade begins; alerts a day count the days of trade.
    within = decided.filter(pl.col("time_ms").is_between(from_ms, to_ms))
    known = None if labels is None else labels.filter(pl.col("arrived_ms") <= to_ms).select("event_id", "bad")
    return Period(
        folder, payments.select("seq", "event_id", "time_ms", "score", "credit_score"), within.select("alert", "hits"),
        from_ms, to_ms, known,
    )  # fmt: skip


def _decisions(folder: Path) -> pl.DataFrame:
    path = folder / "decisions.parquet"
    names = ("seq", "event_id", "type", "score", "credit_score", "alert", "hits")
    try:
        return _scan(path).select(*names, time_ms=pl.col("time").dt.epoch("ms")).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        told = str(error).splitlines()[0]
        raise InputError("malformed", f"{path}: cannot be read as the decisions of a replay ({told})") from None


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False)
