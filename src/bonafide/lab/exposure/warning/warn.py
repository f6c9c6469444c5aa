"""Warnings: the first event of a subject on which its chance of a bad end crosses the line, and why."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct

from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.log import Known
from bonafide.lab.exposure.warning.points import (
    Card,
    added,
    bands_of,
    chance,
    reasons,
    shipped_cards,
    values_of,
)
from bonafide.lab.exposure.warning.rows import rows_of

QUIET_DAYS: Final = 14
"""A subject that was warned of is not warned of again for so long."""


class EarlyWarning(Struct, frozen=True):
    """One warning."""

    subject_type: str
    subject_id: str
    time_ms: int
    event_id: str
    chance: float
    """Of a bad end within the horizon, 0..1."""
    reasons_en: tuple[str, ...]
    reasons_zh: tuple[str, ...]


def warnings_of(kind: str, rows: pl.DataFrame, card: Card, line: float | None = None) -> list[EarlyWarning]:
    """All warnings on some rows (see `rows_of`), in log order."""
    points = added(kind, card, bands_of(kind, values_of(kind, rows)))
    chances = chance(card, points)
    lines = np.where(rows["newcomer"].to_numpy(), card.newcomer_line, card.line) if line is None else line
    above = np.flatnonzero(chances >= lines)
    quiet: dict[str, int] = {}
    found = []
    for place, (subject, time, event) in zip(
        above.tolist(), rows[above].select("subject_id", "time", "event_id").iter_rows(), strict=True
    ):
        if time < quiet.get(subject, time):
            continue
        quiet[subject] = time + QUIET_DAYS * DAY_MS
        why = reasons(kind, points[place])
        found.append(EarlyWarning(
            kind, subject, time, event, round(float(chances[place]), 6), tuple(term.en for term in why),
            tuple(term.zh for term in why),
        ))  # fmt: skip
    return found


def all_warnings(decisions: pl.DataFrame, features: pl.DataFrame, known: Known) -> pl.DataFrame:
    """What the shipped cards warn of up to the moment of what is known, in order of time; columns of `EarlyWarning`.

    `decisions` and `features` are a replay's. UsageError where its bundle lacks a feature.
    """
    found: list[EarlyWarning] = []
    for kind, card in shipped_cards().items():
        rows = rows_of(kind, decisions, features, known["payment"])
        found += warnings_of(kind, rows.filter(pl.col("time") <= known.as_of_ms), card)
    found.sort(key=lambda one: (one.time_ms, one.subject_type, one.subject_id))
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "subject_type": pl.String, "subject_id": pl.String, "time_ms": pl.Int64, "event_id": pl.String,
        "chance": pl.Float64, "reasons_en": pl.List(pl.String), "reasons_zh": pl.List(pl.String),
    }  # fmt: skip
    columns = {name: [getattr(one, name) for one in found] for name in schema}
    frame = pl.DataFrame(columns, schema=schema)
    return frame.with_columns(time=pl.col("time_ms").cast(pl.Datetime("ms", "UTC"))).drop("time_ms")
