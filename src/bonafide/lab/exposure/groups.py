"""How open debts are put together: by merchant, by ring, by month of the payment, of the merchant's first sale."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from bonafide.lab.exposure.ledger import Ints, Ledger, Standing
from bonafide.lab.rings import Found, Ties


class Grouping(NamedTuple):
    """A group for every debt, and what the groups are called."""

    of: Ints
    """(debts,) -1: none."""
    names: tuple[str, ...]
    of_merchant: Ints | None = None
    """(merchants,) of a grouping to which merchants themselves belong; -1: none."""


BEFORE: str = "before the log"


def by_merchant(ledger: Ledger) -> Grouping:
    """Each merchant alone."""
    return Grouping(ledger.merchant, ledger.merchants)


def by_month(ledger: Ledger) -> Grouping:
    """The UTC month in which the debt opened; what was owed before the log comes first."""
    months = _months(ledger.opened_ms)
    return _named(np.where(ledger.merchant < 0, 0, months), 0)


def by_first_sale(ledger: Ledger) -> Grouping:
    """The UTC month of the merchant's first completed sale on credit in the log."""
    first = np.full(len(ledger.merchants), np.iinfo(np.int64).max, np.int64)
    sold = ledger.merchant >= 0
    np.minimum.at(first, ledger.merchant[sold], ledger.opened_ms[sold])
    months = np.full(ledger.merchant.size, -1, np.int64)
    months[sold] = _months(first[ledger.merchant[sold]])
    return _named(months, None)


def by_ring(ledger: Ledger, ties: Ties, rings: list[Found]) -> Grouping:
    """The ring of the merchant; else that of the payer. Rings are named by their place, the strongest first."""
    names = (*ties.users, *ties.merchants)
    of_user: dict[str, int] = {}
    of_merchant: dict[str, int] = {}
    for number, ring in enumerate(rings):
        for member in ring.members.tolist():
            (of_user if member < len(ties.users) else of_merchant)[names[member]] = number
    user = np.array([of_user.get(name, -1) for name in ledger.payers] or [0], np.int64)
    merchant = np.array([*(of_merchant.get(name, -1) for name in ledger.merchants), -1], np.int64)
    there = merchant[ledger.merchant]  # -1, no merchant, takes the last place
    return Grouping(
        np.where(there >= 0, there, user[ledger.payer]), tuple(f"ring{n + 1}" for n in range(len(rings))), merchant[:-1]
    )


def largest_name(number: int) -> str:
    """What the group of so many largest merchants is called."""
    return f"largest {number}"


def of_largest(ledger: Ledger, standing: Standing, number: int) -> Grouping:
    """The merchants with most open, as one group."""
    opened = sums(standing.open, ledger.merchant, len(ledger.merchants))
    chosen = np.zeros(len(ledger.merchants) + 1, np.bool_)
    chosen[np.argsort(-opened, kind="stable")[:number]] = True
    return Grouping(np.where(chosen[ledger.merchant] & (ledger.merchant >= 0), 0, -1), (largest_name(number),))


def sums(values: Ints, of: Ints, groups: int) -> Ints:
    """Sums of whole numbers by group; -1 is none."""
    out = np.zeros(groups, np.int64)
    np.add.at(out, of[of >= 0], values[of >= 0])
    return out


def _months(times_ms: Ints) -> Ints:
    """Months since January 1970, UTC; from 1 on, so that 0 stands for none."""
    return times_ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64) + 1


def _named(months: Ints, before: int | None) -> Grouping:
    told = np.unique(months[months >= 0])
    of = np.where(months >= 0, np.searchsorted(told, months), -1).astype(np.int64)
    return Grouping(of, tuple(BEFORE if month == before else _month(int(month)) for month in told))


def _month(number: int) -> str:
    year, month = divmod(number - 1, 12)
    return datetime(1970 + year, month + 1, 1, tzinfo=UTC).strftime("%Y-%m")
