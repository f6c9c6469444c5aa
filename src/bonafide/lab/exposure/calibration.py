"""How much wider intervals must be: the same forecast, made at past moments of the same log, against what came.

A past forecast knows nothing later than its moment. Its *miss* for a group is how far what came lies from the median,
in units of the distance from the median to that end of its interval: 1 is on the edge.

Of many groups, today's interval is stretched by the miss that LEVEL of the past ones do not exceed (split conformal
prediction, with all groups of a few past moments as the calibration sample), so that it holds as often as it says,
whatever the draws leave out. The few groups of a coarse grouping go up and down together from moment to moment, so that
they are as many trials as there were moments: too few to count how often. There the misses are taken as normal around
nothing, with a spread that is only known from so many moments, and the stretch is what Student's t makes of it. It can
be below one: past intervals that were too wide make today's narrower.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.forecast import DRAWS, STEP_DAYS, WINDOW_GAP_DAYS, Loss, forecast, interval, past_moments
from bonafide.lab.exposure.ledger import Ints, Ledger
from bonafide.lab.exposure.states import Floats

LEVEL: Final = 0.9
PAST: Final = 5
"""Past moments, a week apart, the newest a step ago."""
PAST_WINDOWS_MIN: Final = 3
"""A past moment counts where its forecast had so many months to draw from: earlier ones tell of a log that began."""
STUDENT: Final = (6.314, 2.920, 2.353, 2.132, 2.015)
"""Ends of the span in which LEVEL of Student's t lies, for a spread known from one moment, from two, up to PAST."""
STRETCH: Final = (0.7, 8.0)
"""Intervals are stretched at least and at most so much."""
MANY: Final = 30
"""Groupings of more groups are *fine*: most of what comes to one of them is luck, which the draws have."""
UNPROVEN: Final = (2.5, 1.7)
"""Stretch where there was no past moment to learn from; the second of fine groupings."""
TOTAL: Final = "total"


class Span(NamedTuple):
    """A forecast as it is told: the mean and the ends of its interval, (groups,) each, in minor units."""

    mean: Floats
    low: Floats
    high: Floats


def stretches(
    ledger: Ledger,
    groupings: dict[str, Ints],
    seed: int,
    *,
    risky_from: Ints | None = None,
    draws: int = DRAWS,
    as_of_ms: int | None = None,
) -> dict[str, float]:
    """How much the intervals of each grouping, and of the total, must be stretched.

    As many draws as the forecast takes: the shortest interval of few draws is too short.
    """
    now = ledger.as_of_ms if as_of_ms is None else as_of_ms
    misses: dict[str, list[Floats]] = {name: [] for name in (*groupings, TOTAL)}
    for back in range(PAST):
        moment = now - (STEP_DAYS + back * WINDOW_GAP_DAYS) * DAY_MS
        if len(past_moments(ledger, moment)) < PAST_WINDOWS_MIN:
            continue
        loss = forecast(
            ledger, groupings, (STEP_DAYS,), seed + 1 + back, risky_from=risky_from, draws=draws, as_of_ms=moment
        )
        came = lost_of(ledger, moment, STEP_DAYS)
        misses[TOTAL].append(_misses(np.array([came.sum()]), loss.total[:1, :, None][0]))
        opened = ledger.at(moment).open
        for name, of in groupings.items():
            drawn = loss.by[name][0]
            sums, owing = (_sums(values, of, drawn.shape[1]) for values in (came, opened))
            misses[name].append(_misses(sums, drawn)[owing > 0])  # who owed nothing then could not be missed
    return {name: stretch_of(told, fine=name != TOTAL and is_fine(groupings[name])) for name, told in misses.items()}


def stretch_of(told: list[Floats], *, fine: bool) -> float:
    """The stretch that the misses at some past moments, (groups,) each, call for."""
    told = [np.minimum(misses, STRETCH[1]) for misses in told if misses.size]
    if not told:
        return UNPROVEN[fine]
    misses = np.concatenate(told)
    if fine:
        rank = int(np.ceil(LEVEL * (misses.size + 1)))
        wanted = np.sort(misses)[min(rank, misses.size) - 1]
    else:
        wanted = STUDENT[len(told) - 1] * np.sqrt(np.mean(misses**2))
    return float(np.clip(wanted, *STRETCH))


def is_fine(of: Ints) -> bool:
    """Whether a grouping has more than MANY groups."""
    return int(of.max(initial=-1)) >= MANY


def lost_of(ledger: Ledger, moment_ms: int, days: int) -> Ints:
    """What of each debt that was open at a moment was lost so many days later, (debts,)."""
    then, later = ledger.at(moment_ms), ledger.at(moment_ms + days * DAY_MS)
    return np.where(then.open > 0, np.minimum(later.missed, then.open), 0)


def span(draws: Floats, stretch: float) -> Span:
    """A forecast of (draws, groups) as it is told, its interval stretched from the median."""
    low, high = interval(draws.T, LEVEL)
    middle = np.median(draws, axis=0)
    return Span(
        draws.mean(axis=0), np.maximum(0.0, middle - stretch * (middle - low)), middle + stretch * (high - middle)
    )


def spans(loss: Loss, name: str, stretch: float) -> list[Span]:
    """The forecast of a grouping, or of the total, for each horizon.

    What is learnt from one step is taken for more: of the whole the error of a step comes again in the next, of a small
    part the errors of the steps are as good as independent, and their luck the draws have already.
    """
    drawn = loss.total[:, :, None] if name == TOTAL else loss.by[name]
    fine = drawn.shape[2] > MANY
    steps = [days // STEP_DAYS for days in loss.horizons_days]
    return [span(one, 1 + (stretch - 1) / (step**0.5 if fine else 1)) for one, step in zip(drawn, steps, strict=True)]


def _sums(values: Ints, of: Ints, groups: int) -> Floats:
    told = of >= 0
    return np.bincount(of[told], weights=values[told].astype(np.float64), minlength=groups).astype(np.float64)


def _misses(came: Floats, draws: Floats) -> Floats:
    """How far what came lies out; without end where the interval has no width on that side."""
    low, high = interval(draws.T, LEVEL)
    middle = np.median(draws, axis=0)
    off = np.abs(came - middle)
    reach = np.where(came < middle, middle - low, high - middle)
    return np.where(off < 1, 0.0, np.divide(off, reach, out=np.full(off.shape, np.inf), where=reach > 0))
