"""How a payer stands at a moment, in a few figures, and the cell of a table that this makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.kernels import REPAY
from bonafide.lab.exposure.ledger import Ints, Ledger

Floats = npt.NDArray[np.float64]

BILLED_DAYS: Final = 40
"""A debt that is older than this has stood on a bill whose due day is over: a month, and some days to pay."""
AGE_MAX_DAYS: Final = 120
"""Older debts count as this old in the average age. A bill turns out missed 40 to 90 days after the purchase: who has
come through that time must not stand like one who is still in it."""
REPAID_DAYS: Final = 70
"""How far back repayments count: about two bills."""
MISSED_CUTS: Final = (0.0, 0.25, 0.5)
"""Of the open amount, what is missed: nothing, some, much, most."""
BILLED_CUTS: Final = (0.25, 0.6)
REPAID_CUTS: Final = (0.4, 1.0)
"""Repaid lately over what is open."""
SIZE_QUANTILES: Final = (0.4, 0.65, 0.82, 0.92, 0.97)
"""Bands of open amounts of payers."""
SHAPE: Final = (len(MISSED_CUTS) + 1, len(BILLED_CUTS) + 1, len(SIZE_QUANTILES) + 1, len(REPAID_CUTS) + 1, 2)
"""Cells along each figure, the most telling first; the last is whether a payer's payments looked like cash-out."""


@dataclass(frozen=True, slots=True)
class States:
    """Payers at a moment, (payers,) each."""

    open: Ints
    missed: Ints
    figures: Floats
    """(payers, 4): shares of the open amount that are missed and billed; repaid lately over it; the open amount."""
    risky: npt.NDArray[np.bool_]
    age: Floats
    """How old the open amount is on average, of AGE_MAX_DAYS; below 1."""

    def cells(self, size_cuts: Floats) -> Ints:
        """(payers,) the cell of each, as its place in a table of SHAPE read row by row."""
        missed, billed, repaid, size = self.figures.T
        places = [
            np.searchsorted(MISSED_CUTS, missed, side="left"),
            np.searchsorted(BILLED_CUTS, billed, side="right"),
            np.searchsorted(size_cuts, size, side="right"),
            np.searchsorted(REPAID_CUTS, repaid, side="right"),
            self.risky.astype(np.int64),
        ]
        return np.asarray(np.ravel_multi_index(tuple(places), SHAPE), np.int64)


def states_at(ledger: Ledger, moment_ms: int, risky_from: Ints | None = None) -> States:
    """Every payer of a ledger at a moment. `risky_from` is when each first looked like cash-out, ms."""
    standing = ledger.at(moment_ms)
    opened, missed = ledger.by_payer(standing.open), ledger.by_payer(standing.missed)
    age_days = (moment_ms - ledger.opened_ms) / DAY_MS
    most = np.maximum(opened, 1)
    billed = ledger.by_payer(np.where(age_days > BILLED_DAYS, standing.open, 0))
    lately = (
        (ledger.entry_kind == REPAY) & (ledger.entry_ms <= moment_ms)
        & (ledger.entry_ms > moment_ms - REPAID_DAYS * DAY_MS)
    )  # fmt: skip
    repaid = np.bincount(
        ledger.payer[ledger.entry_debt[lately]], weights=-ledger.entry_open[lately], minlength=opened.size
    )
    figures = np.column_stack([missed / most, billed / most, repaid / most, opened.astype(np.float64)])
    risky = np.zeros(opened.size, np.bool_) if risky_from is None else risky_from <= moment_ms
    days = np.clip(age_days, 0, AGE_MAX_DAYS * 0.999)
    upto = np.concatenate(([0.0], np.cumsum(standing.open * days)))
    age = np.clip((upto[ledger.begins[1:]] - upto[ledger.begins[:-1]]) / most / AGE_MAX_DAYS, 0, 0.999)
    return States(opened, missed, figures, risky, age)


def size_cuts(opened: Ints) -> Floats:
    """What counts as a middling and as a large open amount, among those who owe anything."""
    owing = opened[opened > 0]
    return np.quantile(owing, SIZE_QUANTILES) if owing.size else np.ones(len(SIZE_QUANTILES))
