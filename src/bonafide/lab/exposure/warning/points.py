"""Points: what each band of each figure adds to the log odds of a bad end; the table, and how it is read.

A hazard in discrete time: at each event of a subject, the chance that it turns out bad within the horizon is the
logistic of the base and the points of its bands. The table is data (`points.yaml`), made by `fit.py`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml
from msgspec import Struct, convert

from bonafide.lab.exposure.warning.terms import TERMS, Term

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TABLE: Final = "points.yaml"


class Card(Struct, frozen=True):
    """The points of one kind of subject."""

    base: float
    """Log odds of a subject in the best band of everything."""
    line: float
    """A warning is given from this chance on."""
    newcomer_line: float
    """The same of a newcomer, who is gone sooner and has shown less."""
    points: dict[str, tuple[float, ...]]
    """Term -> points of each band, in the order of its cuts."""


@cache
def shipped_cards() -> dict[str, Card]:
    """The cards that come with Bonafide, by kind: merchant, user."""
    text = files("bonafide.lab.exposure.warning").joinpath(TABLE).read_text(encoding="utf-8")
    return cards_of(yaml.safe_load(text))


def cards_of(told: Any) -> dict[str, Card]:
    """Cards from plain data, checked against the terms."""
    cards = convert(told, dict[str, Card])
    for kind, card in cards.items():
        for term in TERMS[kind]:
            if len(card.points.get(term.name, ())) != len(term.cuts) + 1:
                raise ValueError(f"{TABLE}: {kind}: {term.name!r} needs {len(term.cuts) + 1} points")
    return cards


def values_of(kind: str, rows: pl.DataFrame) -> Floats:
    """(rows, terms) the figures of some rows; NaN where missing."""
    told = rows.select(term.of.cast(pl.Float64).fill_nan(None).alias(term.name) for term in TERMS[kind])
    return told.to_numpy()


def bands_of(kind: str, values: Floats) -> Ints:
    """(rows, terms) the band of each figure; -1 where it is missing."""
    bands = np.full(values.shape, -1, np.int64)
    for place, term in enumerate(TERMS[kind]):
        known = ~np.isnan(values[:, place])
        bands[known, place] = np.searchsorted(term.cuts, values[known, place], side="right")
    return bands


def added(kind: str, card: Card, bands: Ints) -> Floats:
    """(rows, terms) the points of each band; 0 where a figure is missing."""
    out = np.zeros(bands.shape)
    for place, term in enumerate(TERMS[kind]):
        points = np.array([*card.points[term.name], 0.0])  # -1, missing, takes the last place
        out[:, place] = points[bands[:, place]]
    return out


def chance(card: Card, points: Floats) -> Floats:
    """(rows,) the chance of a bad end."""
    return np.asarray(1 / (1 + np.exp(-(card.base + points.sum(axis=1)))))


def reasons(kind: str, points: Floats, most: int = 3) -> list[Term]:
    """The terms that add most to one row, at most so many."""
    order = np.argsort(-points, kind="stable")[:most]
    return [TERMS[kind][place] for place in order.tolist() if points[place] > 0]
