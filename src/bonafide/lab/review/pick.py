"""What to look at next: what is uncertain, what is unlike anything known, and a random part that all is estimated from.

Uncertain: around the lines where people begin to be disturbed, where few verdicts are, and not the same user, shop and
rules again and again. Diverse: far from all that has a verdict or was picked, and of high risk (greedy k-center; Sener
and Savarese, "Active learning for convolutional neural networks: a core-set approach", ICLR 2018). Random: drawn by
bands of score from all the rest. The first two are there for certain, the random ones with a known chance, so that a
sum over the sample of value / chance estimates the sum over all candidates without bias (Horvitz and Thompson, 1952).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.decision import OUTCOMES
from bonafide.engine.policy import ALERT_FROM, Policy
from bonafide.lab.curves import Floats, Ints
from bonafide.lab.review.candidates import Candidates

RANDOM_FRACTION: Final = 0.2
DIVERSE_FRACTION: Final = 0.3
"""Parts of the sample by default; the rest is uncertain."""
STRATA_EDGES: Final = (0.0, 0.01, 0.1, 0.3, 0.6)
"""Where bands of score begin that the random part is drawn from."""
LOOKED_AT_MAX: Final = 20_000
"""Candidates that are compared with each other, those of most worth by themselves; the random part is of all."""
CENTRES_MAX: Final = 2_000
"""Labelled payments that distances are taken from, the latest."""
NEAR: Final = 1.0
"""Distance in log-odds within which a score counts as near a line."""
SPREAD: Final = 0.05
"""How much a pick takes from others of its user, shop or rules: after k of them 1 / (1 + k) to the power of this."""
ODDS_FLOOR: Final = 0.005
DIVERSE_FLOOR: Final = 0.05
"""What being unlike counts where the score is lowest, beside 1 where it is highest."""


class Reason(NamedTuple):
    """Why a payment was picked."""

    row: int
    why: str
    """uncertain, diverse or random."""
    inclusion_probability: float
    """Chance to be in the sample, 0..1."""
    stratum: int
    """Band of score of the random part; -1 for what is there for certain."""


def disturbing_lines(policy: Policy) -> list[float]:
    """Scores from which people are disturbed, or disturbed more; where nobody is, those where outcomes change."""
    bands = [band for band in policy.outcomes if band.from_ > 0]
    return [b.from_ for b in bands if OUTCOMES.index(b.outcome) >= ALERT_FROM] or [b.from_ for b in bands]


def pick(
    found: Candidates, lines: Sequence[float], n: int, seed: int, random_fraction: float = RANDOM_FRACTION
) -> list[Reason]:  # fmt: skip
    """Choose `n` of the candidates (fewer where there are not so many), `random_fraction` of them at random.

    lines: scores where outcomes change. The same candidates, lines and seed give the same sample.
    """
    n = min(n, found.n)
    rng = np.random.Generator(np.random.PCG64(seed))
    if n == found.n:
        return [Reason(row, "random", 1.0, 0) for row in range(n)]
    random = max(round(random_fraction * n), 1)
    diverse = round(DIVERSE_FRACTION / (1 - RANDOM_FRACTION) * (n - random))
    taken = _uncertain(found, lines, n - random - diverse)
    chosen = [Reason(row, "uncertain", 1.0, -1) for row in taken]
    chosen += [Reason(row, "diverse", 1.0, -1) for row in _diverse(found, diverse, taken)]
    certain = np.array([one.row for one in chosen], dtype=np.intp)
    return chosen + _random(found, np.setdiff1d(np.arange(found.n), certain), n - len(chosen), rng)


def sample_frame(found: Candidates, chosen: Sequence[Reason]) -> pl.DataFrame:
    """The sample as a table: the candidates' columns, why, inclusion_probability, stratum."""
    rows = found.rows[[one.row for one in chosen]]
    return rows.with_columns(
        why=pl.Series([one.why for one in chosen], dtype=pl.String),
        inclusion_probability=pl.Series([one.inclusion_probability for one in chosen], dtype=pl.Float64),
        stratum=pl.Series([one.stratum for one in chosen], dtype=pl.Int64),
    )


def log_odds(score: Floats) -> Floats:
    """Log-odds of scores, those near 0 and 1 held off."""
    held = np.clip(score, ODDS_FLOOR, 1 - ODDS_FLOOR)
    return np.asarray(np.log(held / (1 - held)))


def uncertainty(score: Floats, lines: Sequence[float], known: Floats) -> Floats:
    """How much a look would tell by the score alone: 1 in the middle between the lowest line and the highest, where the
    policy asks because it does not know, less away from it and where verdicts are many. Without lines, 1 at an even
    chance."""
    at, crossed = log_odds(score), log_odds(np.array([line for line in lines if line > 0] or [0.5]))
    away = np.abs(at - (crossed.min() + crossed.max()) / 2)
    there = np.sort(log_odds(known))
    judged = np.searchsorted(there, at + NEAR / 2) - np.searchsorted(there, at - NEAR / 2)
    scarce = np.sqrt(1 + judged / max(len(there) / 10, 1))
    return np.asarray(np.exp(-away / NEAR) / scarce, dtype=np.float64)


def _uncertain(found: Candidates, lines: Sequence[float], count: int) -> list[int]:
    """The most uncertain, each pick making its user, shop and pattern of rules less so."""
    worth = uncertainty(found.rows["score"].to_numpy(), lines, found.known_scores)
    best = np.argsort(-worth, kind="stable")[:LOOKED_AT_MAX]
    groups = [found.column(name)[best] for name in ("user_id", "merchant_id", "hits")]
    left = worth[best]
    seen = [np.zeros(int(group.max(initial=0)) + 1) for group in groups]
    picked: list[int] = []
    while len(picked) < min(count, len(best)):
        user, shop, pattern = (times[group] for times, group in zip(seen, groups, strict=True))
        at = int(np.argmax(left / ((1 + user) * (1 + shop) * (1 + pattern)) ** SPREAD))
        picked.append(int(best[at]))
        left[at] = -np.inf
        for times, group in zip(seen, groups, strict=True):
            times[group[at]] += 1
    return picked


def _diverse(found: Candidates, count: int, taken: Sequence[int]) -> list[int]:
    """The farthest from anything known or picked, where risk is higher nearer."""
    risk = found.space[:, 0]  # the rank of the score
    best = np.argsort(-risk, kind="stable")[:LOOKED_AT_MAX]
    best = best[~np.isin(best, taken)]
    points = found.space[best].astype(np.float32)
    weight = DIVERSE_FLOOR + (1 - DIVERSE_FLOOR) * _stretched(risk[best])
    centres = np.concatenate((found.known[-CENTRES_MAX:], found.space[list(taken)])).astype(np.float32)
    away = np.full(len(best), np.inf, dtype=np.float32)
    for centre in centres:
        away = np.minimum(away, _squared(points, centre))
    if not len(centres):
        away = _squared(points, points.mean(axis=0))
    picked: list[int] = []
    while len(picked) < min(count, len(best)):
        at = int(np.argmax(np.sqrt(away) * weight))
        picked.append(int(best[at]))
        away = np.minimum(away, _squared(points, points[at]))
        weight[at] = -1.0
    return picked


def _stretched(values: Floats) -> Floats:
    low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
    return (values - low) / (high - low) if high > low else np.ones(len(values))


def _squared(points: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(((points - centre) ** 2).sum(axis=1))


def _random(found: Candidates, rest: NDArray[np.intp], count: int, rng: np.random.Generator) -> list[Reason]:
    """So many of the rest, spread over bands of score; every one of a band has the same chance."""
    score = found.rows["score"].to_numpy()[rest]
    band = strata(score, count)
    chosen: list[Reason] = []
    present, sizes = np.unique(band, return_counts=True)
    for stratum, size, share in zip(present.tolist(), sizes.tolist(), shared(count, sizes), strict=True):
        rows = rng.choice(rest[band == stratum], share, replace=False, shuffle=False)
        chosen += [Reason(int(row), "random", share / size, int(stratum)) for row in np.sort(rows)]
    return chosen


def strata(score: Floats, count: int) -> Ints:
    """The band of each score, bands joined from the top until there are at most half of `count`, and at least one."""
    band = (np.searchsorted(STRATA_EDGES, score, side="right") - 1).astype(np.int64)
    while len(np.unique(band)) > max(count // 2, 1):
        highest = np.unique(band)[-2:]
        band[band == highest[1]] = highest[0]
    return band


def shared(count: int, sizes: Ints) -> list[int]:
    """`count` shared out by the square roots of the sizes, two for each first, nobody getting more than their size.

    The lowest band is most of all payments and hardly any of it is cash-out, so that neither equal shares nor shares by
    size would tell much.

    >>> shared(10, np.array([2, 64, 400]))
    [2, 3, 5]
    """
    told = np.zeros(len(sizes), dtype=np.int64)
    for _ in range(min(count, int(sizes.sum()))):
        share = np.where(told < np.minimum(sizes, 2), told - 2.0, told / np.sqrt(sizes))
        told[np.argmin(np.where(told < sizes, share, np.inf))] += 1
    return [int(one) for one in told]
