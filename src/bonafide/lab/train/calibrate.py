"""From a margin to a chance of cash-out: isotonic regression on scores of payments that the model had not seen.

What can be counted is how many payments of about one margin were confirmed. Not all cash-out is, so the share is
divided by the frequency of labels (Elkan and Noto, 2008): the map then means cash-out, as far as that frequency holds.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from bonafide.core.errors import BonafideError
from bonafide.lab.curves import Flags, Floats
from bonafide.lab.train.extras import sklearn

KNOTS_MAX: Final = 64
ISOTONIC_POSITIVES_MIN: Final = 20
"""Fewer confirmed payments than this are too few for steps; a logistic curve (Platt) takes their place."""
BLOCK_ROWS_MIN: Final = 10
PLATT_KNOTS: Final = 32
CHANCE_MAX: Final = 0.99
CHANCE_TOP: Final = 0.9999
LEAST_RISE: Final = 0.001
"""In all, over a stretch on which as many payments of one margin as of another were confirmed."""
CHANCE_MIN: Final = 1e-6
BANDS: Final = 10
"""Bands of equal numbers of the expected calibration error, above the lowest."""
MARGIN_DIGITS: Final = 9


class TooFewLabelsError(BonafideError):
    """There is no cash-out to learn from, or none where it is needed."""


class Calibration(NamedTuple):
    """Knots (margin, chance), both rising; straight between, flat outside."""

    margins: Floats
    chances: Floats
    method: str
    """isotonic or platt."""

    def of(self, margin: Floats) -> Floats:
        """Chance of cash-out, in whole millionths as the engine rounds it."""
        return np.round(np.interp(margin, self.margins, self.chances), 6)


def calibrate(margin: Floats, confirmed: Flags, label_frequency: float) -> Calibration:
    """The map from margins of unseen payments; `label_frequency` (0..1) is the share of cash-out that gets confirmed.

    Raises TooFewLabelsError where nothing is confirmed.
    """
    positives = int(confirmed.sum())
    if not positives:
        raise TooFewLabelsError(
            "no payment of the later part of the log is confirmed as cash-out, so no score can be given a meaning: "
            "train on a longer log, or with more labels"
        )
    found = _isotonic if positives >= ISOTONIC_POSITIVES_MIN else _platt
    margins, chances = found(margin, confirmed)
    chances = np.clip(chances / max(label_frequency, CHANCE_MIN), CHANCE_MIN, CHANCE_MAX)
    # Knots are written with so many digits; they must rise as written.
    margins = np.round(margins, MARGIN_DIGITS)
    kept = np.append(True, np.diff(margins) > 0)
    method = "isotonic" if found is _isotonic else "platt"
    margins, chances = _rising(margins[kept], np.maximum.accumulate(chances)[kept], float(margin.max()))
    return Calibration(margins, np.round(chances, MARGIN_DIGITS), method)


def _rising(margins: Floats, chances: Floats, highest: float) -> tuple[Floats, Floats]:
    """Knots of which none is level with the one before: equal scores could not say which payment to look at first.

    A level stretch gets a slope of LEAST_RISE in all, downwards at the top and upwards elsewhere; beyond the last knot
    the line goes on as far again, to CHANCE_TOP.
    """
    rise = LEAST_RISE * np.arange(len(chances)) / max(len(chances), 1)
    chances = np.minimum(chances + rise * (1 - chances), CHANCE_MAX - LEAST_RISE + rise)
    end = max(highest, margins[-1]) + max(highest - margins[0], 1.0)
    return np.append(margins, np.round(end, MARGIN_DIGITS)), np.append(chances, CHANCE_TOP)


def _isotonic(margin: Floats, confirmed: Flags) -> tuple[Floats, Floats]:
    """The middles and shares of the steps, smoothed where few payments make a step look certain."""
    fitted = sklearn("isotonic").IsotonicRegression().fit_transform(margin, confirmed.astype(np.float64))
    order = np.lexsort((margin, fitted))
    margin, confirmed, fitted = margin[order], confirmed[order], fitted[order]
    starts = np.flatnonzero(np.append(True, np.diff(fitted) > 0))
    count = np.diff(np.append(starts, len(margin))).astype(np.float64)
    bad = np.add.reduceat(confirmed.astype(np.float64), starts)
    middle = np.add.reduceat(margin, starts) / count
    count, bad, middle = _merged(count, bad, middle)
    share = bad.sum() / count.sum()
    return middle, np.maximum.accumulate((bad + share) / (count + 1))


def _merged(count: Floats, bad: Floats, middle: Floats) -> tuple[Floats, Floats, Floats]:
    """Steps put together with a neighbour, smallest first, until all are large enough and few enough."""
    blocks = list(zip(count.tolist(), bad.tolist(), middle.tolist(), strict=True))
    while len(blocks) > 2:
        smallest = min(range(len(blocks)), key=lambda i: blocks[i][0])
        if blocks[smallest][0] >= BLOCK_ROWS_MIN and len(blocks) <= KNOTS_MAX:
            break
        before = smallest > 0 and (smallest == len(blocks) - 1 or blocks[smallest - 1][0] <= blocks[smallest + 1][0])
        first = smallest - 1 if before else smallest
        (n, k, m), (n2, k2, m2) = blocks[first : first + 2]
        blocks[first : first + 2] = [(n + n2, k + k2, (n * m + n2 * m2) / (n + n2))]
    merged = np.array(blocks)
    return merged[:, 0], merged[:, 1], merged[:, 2]


def _platt(margin: Floats, confirmed: Flags) -> tuple[Floats, Floats]:
    """A logistic curve through smoothed targets (Platt, 1999), as knots; its slope is never below 0."""
    positives, n = int(confirmed.sum()), len(confirmed)
    smooth = (positives + 1) / (positives + 2), 1 / (n - positives + 2)
    # A soft target is two rows of one payment, each with its part of the weight.
    weight = np.where(confirmed, *smooth)
    line = sklearn("linear_model").LogisticRegression(C=1e6, max_iter=500)
    twice = np.concatenate((margin, margin)).reshape(-1, 1)
    classes = np.concatenate((np.ones(n), np.zeros(n)))
    line.fit(twice, classes, sample_weight=np.concatenate((weight, 1 - weight)))
    slope, base = max(float(line.coef_[0, 0]), 0.0), float(line.intercept_[0])
    places = np.append(np.linspace(0, 1, PLATT_KNOTS // 2), 1 - np.geomspace(0.05, 1e-4, PLATT_KNOTS // 2))
    at = np.unique(np.quantile(margin, places))
    return at, 1 / (1 + np.exp(-(slope * at + base)))


class Band(NamedTuple):
    """Payments with about the same score."""

    n: int
    mean_score: float
    cash_out: int

    @property
    def fraction(self) -> float:
        """Of them cash-out."""
        return self.cash_out / self.n


def bands(score: Floats, bad: Flags) -> list[Band]:
    """Bands of score: below 1 %, then by edges that grow, since most payments have hardly any chance of cash-out."""
    edges = np.array([0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
    band = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, BANDS - 1)
    found = [(band == i) for i in range(BANDS)]
    return [Band(int(in_it.sum()), float(score[in_it].mean()), int(bad[in_it].sum())) for in_it in found if in_it.any()]


def brier(score: Floats, bad: Flags) -> float:
    """Mean squared distance of the score from what was."""
    return float(np.mean((score - bad) ** 2))


def expected_error(told: list[Band]) -> float:
    """Mean distance between a band's score and its share of cash-out, by its payments."""
    n = sum(band.n for band in told)
    return sum(band.n * abs(band.mean_score - band.fraction) for band in told) / max(n, 1)
