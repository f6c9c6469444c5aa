"""Warnings: the first event of a subject on which its chance of a bad end crosses the line, and why."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct

from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.warning.points import Card, added, bands_of, chance, reasons, values_of

QUIET_DAYS: Final = 14
"""A subject that was warned of is not warned of again for so long."""


class Warning(Struct, frozen=True):  # noqa: A001 - the word of the product; the built-in is not used here
    """One warning."""

    subject_type: str
    subject_id: str
    time_ms: int
    event_id: str
    chance: float
    """Of a bad end within the horizon, 0..1."""
    reasons_en: tuple[str, ...]
    reasons_zh: tuple[str, ...]


def warnings_of(kind: str, rows: pl.DataFrame, card: Card, line: float | None = None) -> list[Warning]:
    """All warnings on some rows (see `rows_of`), in log order."""
    points = added(kind, card, bands_of(kind, values_of(kind, rows)))
    chances = chance(card, points)
    above = np.flatnonzero(chances >= (card.line if line is None else line))
    quiet: dict[str, int] = {}
    found = []
    for place, (subject, time, event) in zip(
        above.tolist(), rows[above].select("subject_id", "time", "event_id").iter_rows(), strict=True
    ):
        if time < quiet.get(subject, time):
            continue
        quiet[subject] = time + QUIET_DAYS * DAY_MS
        why = reasons(kind, points[place])
        found.append(Warning(
            kind, subject, time, event, round(float(chances[place]), 6), tuple(term.en for term in why),
            tuple(term.zh for term in why),
        ))  # fmt: skip
    return found
