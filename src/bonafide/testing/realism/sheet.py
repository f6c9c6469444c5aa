"""Judged payments as a table that models can be fitted on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.features.spec import Feature
from bonafide.lab.curves import Flags, Ints
from bonafide.testing.realism.signals import LINE, is_finding, is_label_history, utilisation

PAYMENTS_MAX: Final = 400_000
"""Of a longer log a share of the payers is taken, so that the table fits in memory."""
PAYER_SEED: Final = 1
THURSDAY: Final = 3
"""The first day of 1970, counted from Monday."""


class Column(NamedTuple):
    """A number that a model may read."""

    name: str
    finding: bool = False
    """What the engine found."""
    label_history: bool = False
    """It counts what was judged before."""
    of_moment: bool = False
    """The amount or the clock."""
    of_user: bool = False
    """It is of the payer alone: a window on what they did, or their credit line."""


Pick = Callable[[Column], bool]


def everything(column: Column) -> bool:
    """All that the engine knows of a payment."""
    return True


def without_labels(column: Column) -> bool:
    """All but what was judged before."""
    return not column.label_history


def amount_and_time(column: Column) -> bool:
    """Amount, local hour and weekday."""
    return column.of_moment


def told(column: Column) -> bool:
    """What a platform without the engine has: exact windows on its events, its lines, what it judged before."""
    return not column.finding


def windows(column: Column) -> bool:
    """`told` without what was judged before."""
    return not (column.finding or column.label_history)


def own_windows(column: Column) -> bool:
    """`windows` on the payer alone: habits and credit history."""
    return windows(column) and column.of_user


class Sheet(NamedTuple):
    """n payments in log order."""

    columns: tuple[Column, ...]
    x: NDArray[np.float32]
    """n x columns; NaN is missing."""
    bad: Flags
    time_ms: Ints
    payer: Ints
    """A number for each payer, from 0."""
    scheme: NDArray[np.object_]
    """Of cash-out its typology, None where the truth does not tell it."""

    def places(self, pick: Pick) -> list[int]:
        """Columns that are picked."""
        return [place for place, column in enumerate(self.columns) if pick(column)]

    @property
    def payers(self) -> int:
        """How many payers there are."""
        return int(self.payer.max()) + 1 if self.payer.size else 0

    def moment(self, part: float) -> int:
        """When that part of the log's time (0..1) has gone by, ms."""
        return int(self.time_ms.min() + part * np.ptp(self.time_ms)) if self.time_ms.size else 0


def make_sheet(
    payments: pl.DataFrame, features: Iterable[Feature], answers: Callable[[str], pl.Series], offset_ms: int
) -> Sheet:
    """The table of judged payments.

    `payments` has the columns of payment events, `time_ms`, `bad` and, where the truth tells it, `typology`; `answers`
    gives a feature's value for each of them. `offset_ms` is local time less UTC.
    """
    kept = _kept(payments["user_id"])
    chosen = payments[kept]
    named = {_column(f): answers(f.name)[kept] for f in features} | _moment(chosen, offset_ms) | _line(chosen)
    x = np.empty((chosen.height, len(named)), np.float32)
    for place, column in enumerate(named.values()):
        x[:, place] = column.cast(pl.Float32).fill_null(float("nan")).to_numpy()
    scheme = chosen["typology"] if "typology" in chosen.columns else pl.Series([None] * chosen.height, dtype=pl.String)
    return Sheet(
        tuple(named), x, chosen["bad"].to_numpy(), chosen["time_ms"].to_numpy(),
        chosen["user_id"].fill_null("").rank("dense").cast(pl.Int64).to_numpy() - 1, scheme.to_numpy(),
    )  # fmt: skip


def _column(feature: Feature) -> Column:
    of_user = feature.by == ("user_id",)
    return Column(feature.name, is_finding(feature), is_label_history(feature), of_user=of_user)


def _kept(users: pl.Series) -> Ints:
    """Numbers of the payments that are taken: of a long log those of a part of its payers."""
    if users.len() <= PAYMENTS_MAX:
        return np.arange(users.len())
    number = users.fill_null("").rank("dense").cast(pl.Int64).to_numpy() - 1
    drawn = np.random.Generator(np.random.PCG64(PAYER_SEED)).random(int(number.max()) + 1)
    return np.flatnonzero(drawn[number] < PAYMENTS_MAX / users.len())


def _moment(payments: pl.DataFrame, offset_ms: int) -> dict[Column, pl.Series]:
    local = payments["time_ms"] + offset_ms
    columns = {
        "amount": payments["amount"],
        "local_hour": local % DAY_MS // HOUR_MS,
        "weekday": (local // DAY_MS + THURSDAY) % 7,
    }
    return {Column(name, of_moment=True): column for name, column in columns.items()}


def _line(payments: pl.DataFrame) -> dict[Column, pl.Series]:
    """What a payment says of the credit line."""
    columns = {name: payments[name] for name in LINE if name in payments.columns}
    if {"credit_limit", "credit_used"} <= columns.keys():
        columns["utilisation"] = payments.select(utilisation()).to_series()
    if "pay_with" in payments.columns:
        columns["on_credit"] = payments["pay_with"].fill_null("credit") == "credit"
    return {Column(name, of_user=True): column for name, column in columns.items()}
