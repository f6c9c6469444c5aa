"""What of today's open amount will be lost: payers' past months, drawn again and again for payers who stand alike.

A *step* is 30 days, about one bill. A past payer-month says what share of what was open then was paid back or refunded,
what share was lost (missed and still open) at its end, what of new debts was open then, and how the payer stood. New
debts are amounts and no multiples: who owed a little and bought a lot says nothing of what one who owes much will buy.
Each draw gives every payer of today the month of a past payer of the same cell, then a month of one who stood as that
one did at its end, and so on. What is lost is a row of the payer's debts: as much as the drawn month says, up to debts
as young as the youngest that was lost there, since what has not been billed cannot be missed. So a draw says of every
payment what is lost, and sums to merchants, rings and vintages with all that hangs together: a payer who fails fails
everywhere.

Every draw takes other payers' history (each payer of the past counts 0, 1, 2, ... times, drawn) and other past weeks.
What the model leaves out shows in how wrong its past forecasts were: `calibration.py`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.kernels import load_kernels
from bonafide.lab.exposure.ledger import Ints, Ledger, Standing
from bonafide.lab.exposure.states import SHAPE, Floats, size_cuts, states_at

STEP_DAYS: Final = 30
WINDOWS: Final = 5
"""Past months that are drawn from: they end now, a week ago, ..., so that bills of all days of the month are there."""
WINDOW_GAP_DAYS: Final = 7
CELL_MIN: Final = 40
"""Past payer-months of a cell, at least; a smaller one is taken together with its neighbours."""
NEAR: Final = 40
"""Payer-months to either side, by the age of what was open, that one is drawn from."""
DRAWS: Final = 200
HISTORY_DAYS_MIN: Final = STEP_DAYS + 30
"""A forecast needs a log of this many days."""


class Months(NamedTuple):
    """Past payer-months, (months,) each, ordered by cell."""

    payer: Ints
    window: Ints
    closed: Floats
    """Share of what was open at the beginning that was not open any more at the end."""
    lost: Floats
    """Share of it that was missed and open at the end."""
    youngest: Floats
    """How old its youngest lost debt was at the beginning, days; 0 where nothing was lost."""
    bought: Floats
    """What was open at the end of debts that the month began without, minor units."""
    first: Floats
    """Cell at the beginning, and `States.age` as its fraction; rising."""
    then: Floats
    """The same at the end; -1 where nothing was open."""
    after: Ints
    """Where among `first` one stands who stood as in `then`."""
    begins: Ints
    """(cells,) where the months that stand for a cell begin, and where they end."""
    ends: Ints
    cuts: Floats
    """Between the bands of size."""


class Loss(NamedTuple):
    """What of today's open amount is lost by the end of each horizon, in every draw; minor units."""

    horizons_days: tuple[int, ...]
    total: Floats
    """(horizons, draws)"""
    by: dict[str, Floats]
    """Grouping -> (horizons, draws, groups)."""


def forecast(
    ledger: Ledger, groupings: dict[str, Ints], horizons_days: tuple[int, ...], seed: int, *,
    risky_from: Ints | None = None, draws: int = DRAWS, as_of_ms: int | None = None,
) -> Loss:  # fmt: skip
    """Draw the loss of what is open at a moment; None is the ledger's own, an earlier one knows nothing later.

    `groupings` name a group (-1: none) for every debt.

    Horizons are whole steps. The same arguments give the same draws. UsageError for a log that is too short.
    """
    rng, now = np.random.default_rng(seed), ledger.as_of_ms if as_of_ms is None else as_of_ms
    moments = past_moments(ledger, now)
    if not moments:
        need = HISTORY_DAYS_MIN
        raise UsageError(f"the log has less than {need} days before this moment; a forecast needs that much history")
    today = states_at(ledger, now, risky_from)
    months = past_months(ledger, moments, today.open, risky_from)
    owing = np.flatnonzero(today.open > 0)
    start = (today.cells(months.cuts) + today.age)[owing]
    cell, at = start.astype(np.int64), np.searchsorted(months.first, start).astype(np.int64)
    steps = max(horizons_days) // STEP_DAYS
    standing, amounts = ledger.at(now), today.open[owing].astype(np.float64)
    sums = _Sums(ledger, now, standing, groupings, owing)
    total = np.zeros((len(horizons_days), draws))
    by = {name: np.zeros((len(horizons_days), draws, int(of.max(initial=-1)) + 1)) for name, of in groupings.items()}
    for draw in range(draws):
        pick = _Picker(months, len(moments), len(ledger.payers), rng)
        path = _Path(amounts, cell, at)
        for step in range(1, steps + 1):
            path.go(months, pick)
            for place, days in enumerate(horizons_days):
                if days == step * STEP_DAYS:
                    total[place, draw] = path.lost.sum()
                    for name in groupings:
                        sums.add(name, path, by[name][place, draw])
    return Loss(horizons_days, total, by)


def told_horizons(ledger: Ledger, horizons_days: tuple[int, ...]) -> tuple[int, ...]:
    """Of some horizons those that the log is long enough for: a month longer than they are."""
    first = int(ledger.opened_ms.min(initial=ledger.as_of_ms))
    return tuple(days for days in horizons_days if ledger.as_of_ms - first >= (days + STEP_DAYS - 1) * DAY_MS)


def past_moments(ledger: Ledger, now: int) -> list[int]:
    """When the past months begin that are drawn from, latest first."""
    first = int(ledger.opened_ms.min(initial=ledger.as_of_ms))
    newest = now - STEP_DAYS * DAY_MS
    tried = [newest - n * WINDOW_GAP_DAYS * DAY_MS for n in range(WINDOWS)]
    return [moment for moment in tried if moment - first >= (HISTORY_DAYS_MIN - STEP_DAYS) * DAY_MS]


def past_months(ledger: Ledger, moments: list[int], open_now: Ints, risky_from: Ints | None) -> Months:
    """The payer-months that begin at some moments, ordered by cell."""
    cuts = size_cuts(open_now)
    told = [_months_from(ledger, moment, cuts, risky_from) for moment in moments]
    window = np.repeat(np.arange(len(told)), [one[0].size for one in told])
    first, then, payer, closed, lost, youngest, bought = (np.concatenate(parts) for parts in zip(*told, strict=True))
    order = np.argsort(first, kind="stable")
    first, then = first[order], then[order]
    begins, ends = _stand_in(first.astype(np.int64))
    return Months(
        payer[order].astype(np.int64), window[order].astype(np.int64), closed[order], lost[order], youngest[order],
        bought[order], first, then, np.searchsorted(first, then), begins, ends, cuts,
    )  # fmt: skip


def _stand_in(cells: Ints) -> tuple[Ints, Ints]:
    """Where the months that stand for each cell begin and end, of months ordered by cell.

    Those of the cell itself where they are CELL_MIN; else those of all cells that share all but the last figure with
    it; else all but the last two, and so on. In the order of cells these stand side by side.
    """
    number, every = int(np.prod(SHAPE)), np.arange(int(np.prod(SHAPE)))
    begins, ends = np.zeros(number, np.int64), np.full(number, cells.size, np.int64)
    for kept in range(1, len(SHAPE) + 1):
        size = int(np.prod(SHAPE[kept:]))
        low = np.searchsorted(cells, every // size * size)
        high = np.searchsorted(cells, every // size * size + size)
        enough = high - low >= CELL_MIN
        begins, ends = np.where(enough, low, begins), np.where(enough, high, ends)
    return begins.astype(np.int64), ends.astype(np.int64)


def _months_from(
    ledger: Ledger, moment: int, cuts: Floats, risky_from: Ints | None
) -> tuple[Floats, Floats, Ints, Floats, Floats, Floats, Floats]:
    """Of every payer who owed something: cell and age at the beginning and at the end, payer, and as in `Months`
    closed, lost, youngest, bought."""
    end = moment + STEP_DAYS * DAY_MS
    first, last = states_at(ledger, moment, risky_from), states_at(ledger, end, risky_from)
    old, standing = ledger.opened_ms <= moment, ledger.at(end)
    owing = np.flatnonzero(first.open > 0)
    opened, at_end = first.open[owing], last.open[owing]
    left, lost = (ledger.by_payer(np.where(old, values, 0))[owing] for values in standing)
    cell, then = ((one.cells(cuts) + one.age)[owing] for one in (first, last))
    then = np.where(at_end > 0, then, -1)
    youngest = np.zeros(first.open.size)
    gone = np.flatnonzero(old & (standing.missed > 0))
    youngest[ledger.payer[gone]] = (moment - ledger.opened_ms[gone]) / DAY_MS  # of several the last, which is youngest
    bought = (at_end - left).astype(np.float64)
    return cell, then, owing, 1 - left / opened, lost / opened, youngest[owing], bought


class _Picker:
    """Past months of one draw: each payer and each window of the past counts as often as it is drawn."""

    def __init__(self, months: Months, windows: int, payers: int, rng: np.random.Generator) -> None:
        of_window = np.bincount(rng.integers(0, windows, windows), minlength=windows)
        weight = rng.poisson(1.0, payers)[months.payer] * of_window[months.window]
        self._upto = np.concatenate(([0], np.cumsum(weight)))
        self._months = months
        self._rng = rng

    def pick(self, cell: Ints, at: Ints) -> Ints:
        """A month for each payer of a cell who stands at a place among `first`: of the same cell, and of those NEAR
        whose debts are about as old."""
        begin, end = self._months.begins[cell], self._months.ends[cell]
        begin, end = np.maximum(begin, np.minimum(at, end) - NEAR), np.minimum(end, np.maximum(at, begin) + NEAR)
        low, high = self._upto[begin], self._upto[end]
        place = low + (self._rng.random(cell.size) * (high - low)).astype(np.int64)
        drawn = np.searchsorted(self._upto, place, side="right") - 1
        lucky = begin + (self._rng.random(cell.size) * (end - begin)).astype(np.int64)
        return np.asarray(np.where(high > low, drawn, lucky))


class _Path:
    """Today's payers on their way through one draw, (payers,) each, in minor units."""

    def __init__(self, amounts: Floats, cell: Ints, at: Ints) -> None:
        self.whole = amounts.copy()
        """What is open, new debts with it."""
        self.left = amounts.copy()
        """What is still open of today's debts."""
        self.youngest = np.zeros(amounts.size)
        """Age today of the youngest debt that is lost, days."""
        self.lost = np.zeros(amounts.size)
        self.cell, self.at = cell, at
        self.steps = 0

    def go(self, months: Months, pick: _Picker) -> None:
        """One step on."""
        drawn = pick.pick(np.maximum(self.cell, 0), self.at)
        alive = self.cell >= 0
        gone = np.minimum(self.left, np.where(alive, months.closed[drawn] * self.whole, self.left))
        lost = np.where(alive, months.lost[drawn] * self.whole, 0.0)
        self.left -= gone
        self.lost = np.minimum(self.left, lost)
        self.youngest = months.youngest[drawn] - STEP_DAYS * self.steps
        self.steps += 1
        self.whole = np.where(alive, (1 - months.closed[drawn]) * self.whole + months.bought[drawn], 0.0)
        self.cell = np.where(alive, months.then[drawn].astype(np.int64), -1)
        self.at = months.after[drawn]


class _Sums:
    """Sums of a draw's losses by group, payment for payment."""

    def __init__(self, ledger: Ledger, now: int, standing: Standing, groupings: dict[str, Ints], owing: Ints) -> None:
        kept = standing.open > 0
        self._age = (now - ledger.opened_ms[kept]) / DAY_MS
        self._amount = standing.open[kept].astype(np.float64)
        self._of = {name: np.ascontiguousarray(of[kept]) for name, of in groupings.items()}
        self._begins = np.searchsorted(ledger.payer[kept], np.append(owing, len(ledger.payers))).astype(np.int64)

    def add(self, name: str, path: _Path, out: Floats) -> None:
        """Add the losses of a grouping's groups to `out`."""
        load_kernels().share_out(self._of[name], self._amount, self._age, path.youngest, path.lost, self._begins, out)


def interval(draws: Floats, level: float = 0.9) -> tuple[Floats, Floats]:
    """The shortest span that holds `level` of the draws, along the last axis.

    Where most draws are nothing it begins at nothing, so that it holds as much as it says there, too.
    """
    ordered = np.sort(draws, axis=-1)
    many = ordered.shape[-1]
    held = min(many, int(np.ceil(level * many)))
    widths = ordered[..., held - 1 :] - ordered[..., : many - held + 1]
    first = np.argmin(widths, axis=-1)[..., None]
    low, high = (np.take_along_axis(ordered, first + shift, -1)[..., 0] for shift in (0, held - 1))
    return low, high
