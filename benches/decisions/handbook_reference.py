"""The other side of the handbook comparison: XGBoost with exact splits on the handbook's own fifteen features.

The features are written here once more from the handbook's text (chapter 3, "Baseline feature transformation"), without
a bundle or the engine, so that what is beaten is not built of what beats it. A window of n days at a payment is
(t - n days, t] and holds the payment itself; what is counted of terminals lies seven days back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.lab.curves import Flags, Floats, Ints, Ranking, average_precision

DAY_S: Final = 86_400
WINDOWS_DAYS: Final = (1, 7, 30)
DELAY_DAYS: Final = 7
NIGHT_UNTIL_HOUR: Final = 6
"""The handbook's night: hours 0 to 6."""


class Setting(NamedTuple):
    """A setting of XGBoost; the grid is the handbook's (chapter 5, "Ensemble methods")."""

    depth: int
    trees: int
    rate: float


GRID: Final = tuple(
    Setting(depth, trees, rate) for depth in (3, 6, 9) for trees in (25, 50, 100) for rate in (0.1, 0.3)
)


def fifteen(payments: pl.DataFrame) -> Floats:
    """(payments, 15): the handbook's features of payments in order of time.

    `payments` has time_s, customer, terminal (whole numbers), amount (major units), fraud (0 or 1) and moment.
    """
    time, fraud = payments["time_s"].to_numpy(), payments["fraud"].to_numpy().astype(np.float64)
    amount = payments["amount"].to_numpy()
    moment = payments["moment"]
    columns = [amount, (moment.dt.weekday() >= 6).to_numpy(), (moment.dt.hour() <= NIGHT_UNTIL_HOUR).to_numpy()]
    customers = Windows(payments["customer"].to_numpy(), time)
    for days in WINDOWS_DAYS:
        number = customers.sums(np.ones(len(time)), days)
        columns += [number, customers.sums(amount, days) / number]
    terminals = Windows(payments["terminal"].to_numpy(), time)
    for days in WINDOWS_DAYS:
        number, frauds = (
            terminals.sums(value, DELAY_DAYS + days) - terminals.sums(value, DELAY_DAYS)
            for value in (np.ones(len(time)), fraud)
        )
        columns += [number, np.divide(frauds, number, out=np.zeros(len(time)), where=number > 0)]
    return np.column_stack(columns).astype(np.float64)


class Windows:
    """Sums over the last days of each payment's key, the payment included; rows are in order of time."""

    def __init__(self, key: Ints, time_s: Ints) -> None:
        self._order: NDArray[np.intp] = np.lexsort((time_s, key))
        # Keys lie further apart than any window reaches, so one sorted array serves all of them.
        self._place = key[self._order].astype(np.int64) * (1 << 32) + time_s[self._order].astype(np.int64)

    def sums(self, value: Floats, days: int) -> Floats:
        """(rows,) sums of `value`, in the rows' own order."""
        first = np.searchsorted(self._place, self._place - days * DAY_S, side="right")
        up_to = np.concatenate((np.zeros(1), np.cumsum(value[self._order])))
        summed = up_to[1:] - up_to[first]
        back = np.empty(len(value))
        back[self._order] = summed
        return back


def scores(train: Floats, bad: Flags, test: Floats, setting: Setting) -> Floats:
    """What XGBoost learns from `train`, said of `test`; exact splits on one core."""
    return next(_grown(train, bad, test, [setting]))[1]


def tuned(train: Floats, bad: Flags, test: Floats, test_bad: Flags, grid: Sequence[Setting]) -> Setting:
    """The setting with the highest average precision on `test`; the first of equals."""
    groups: dict[tuple[int, float], list[Setting]] = {}
    for setting in grid:
        groups.setdefault((setting.depth, setting.rate), []).append(setting)
    weight = np.ones(len(test_bad), np.int64)
    found = [
        (average_precision(Ranking(score, test_bad).curve(weight)) or 0.0, setting)
        for group in groups.values()
        for setting, score in _grown(train, bad, test, group)
    ]
    return max(found, key=lambda one: one[0])[1]


def _grown(
    train: Floats, bad: Flags, test: Floats, settings: Sequence[Setting]
) -> Iterator[tuple[Setting, Floats]]:  # fmt: skip
    """Scores of settings that differ in the number of trees alone: fewer trees are the first of more."""
    library = import_module("xgboost")
    most = max(settings, key=lambda setting: setting.trees)
    parameters = {
        "objective": "binary:logistic", "max_depth": most.depth, "eta": most.rate, "tree_method": "exact",
        "nthread": 1, "seed": 0,
    }  # fmt: skip
    model = library.train(parameters, library.DMatrix(train, bad.astype(np.int8)), num_boost_round=most.trees)
    rows = library.DMatrix(test)
    for setting in settings:
        yield setting, np.asarray(model.predict(rows, iteration_range=(0, setting.trees)), dtype=np.float64)
