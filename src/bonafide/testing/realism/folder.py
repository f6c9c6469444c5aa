"""A folder that the simulator wrote, as the gates need it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bonafide.core.errors import InputError, UsageError
from bonafide.lab.base_rates import EVENTS, SUBJECTS, TRUTH

_PAYMENT_COLUMNS = (
    "type", "event_id", "time", "user_id", "merchant_id", "amount", "currency", "credit_limit", "credit_used",
    "pay_with", "category", "goods", "channel", "instalments", "traffic_source", "payment_id", "status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up log and the whole truth about it."""

    events: pl.DataFrame
    """Payments and their statuses, in log order; of the columns of a payment those that the log has."""
    labels: pl.DataFrame
    """event_id and bad, for every event with a label; typology where the truth tells it."""
    bad_users: frozenset[str]
    """Users that take part in cash-out."""
    events_total: int
    notes: tuple[str, ...]
    """What was taken for something else, in sentences."""


def read_made(folder: Path) -> Made:
    """Read a folder with events.parquet, truth.parquet and, where there is one, subjects.parquet.

    Without subjects a user takes part who has a payment labelled cash-out. Raises UsageError where a file is not there
    and InputError where one lacks a column.
    """
    log = _scan(folder / EVENTS, ("type", "event_id", "time", "user_id", "merchant_id", "amount"))
    truth = _scan(folder / TRUTH, ("event_id", "label")).filter(pl.col("label").is_not_null())
    schemes = [name for name in ("typology",) if name in truth.collect_schema().names()]
    labels = truth.select("event_id", *schemes, bad=pl.col("label") == 1).collect()
    there = log.collect_schema().names()
    wanted = [name for name in _PAYMENT_COLUMNS if name in there]
    events = log.filter(pl.col("type").is_in(["payment", "payment_status"])).select(wanted).collect()
    total = int(log.select(pl.len()).collect().item())
    if (folder / SUBJECTS).exists():
        return Made(events, labels, _bad_subjects(folder / SUBJECTS), total, ())
    payers = events.filter(pl.col("type") == "payment").join(labels.filter("bad"), on="event_id")["user_id"]
    note = f"There is no {SUBJECTS}; users with a payment labelled cash-out are taken as those who take part."
    return Made(events, labels, frozenset(payers.drop_nulls().to_list()), total, (note,))


def _bad_subjects(path: Path) -> frozenset[str]:
    subjects = _scan(path, ("subject_type", "subject_id", "label"))
    users = subjects.filter(subject_type="user", label=1).select("subject_id").collect()
    return frozenset(users["subject_id"].to_list())


def _scan(path: Path, needed: tuple[str, ...]) -> pl.LazyFrame:
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; name a folder that `bonafide simulate --out` wrote")
    try:
        frame = pl.scan_parquet(path)
        names = frame.collect_schema().names()
    except pl.exceptions.PolarsError as error:
        raise InputError("malformed", f"{path}: is no readable Parquet file: {error}") from None
    for name in needed:
        if name not in names:
            raise InputError("missing-field", f"{path}: has no column {name}; give {', '.join(needed)}", name)
    return frame
