"""Users, merchants and what they use as numbers, and who is tied to whom as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS
from bonafide.lab.rings.kernels import load_kernels
from bonafide.lab.rings.log import Known

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PUBLIC_ABOVE: Final = {"account": 10, "address": 8, "device": 20, "ip": 3, "phone": 6}
"""A resource that more subjects than this use is public (a dormitory, a network, a shared till) and ties nobody."""
EDGES_MAX: Final = 10_000_000
"""Edges of one graph, at most: pairs that traded, or uses of resources."""


@dataclass(frozen=True, slots=True)
class Trade:
    """Credit payments of a look-back, an element of each array a payment."""

    user: Ints
    """(payments,) 0..users-1."""
    merchant: Ints
    """(payments,) 0..merchants-1."""
    amount_minor: Ints
    """(payments,) from 1; 0 where the payment is in another currency than most, so that it counts as no money."""
    day: Ints
    """(payments,) whole days before the moment, 0 or less."""
    limit_minor: Ints
    """(payments,) the user's limit as the payment knew it; 0 where it is not known."""


@dataclass(frozen=True, slots=True)
class Ties:
    """Who trades with whom and who uses what, as of a moment.

    Users are numbered from 0 in the order of their ids, merchants after them; resources from 0.
    """

    users: tuple[str, ...]
    merchants: tuple[str, ...]
    trade: Trade
    uses: Ints
    """(uses, 2) subject and resource; public resources, and those of one subject alone, are left out."""
    resources: int

    @property
    def subjects(self) -> int:
        """How many users and merchants there are."""
        return len(self.users) + len(self.merchants)

    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """(user, merchant, payments between them) of every pair that traded, by number."""
        keys, times = np.unique(self.trade.user * max(len(self.merchants), 1) + self.trade.merchant, return_counts=True)
        user, merchant = np.divmod(keys, max(len(self.merchants), 1))
        return user, merchant, times.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """An undirected graph by node: those of node n stand from `begins[n]` to `begins[n + 1]`."""

    begins: Ints
    other: Ints
    weight: npt.NDArray[np.generic]


def neighbours(one: Ints, two: Ints, weight: npt.NDArray[np.generic], nodes: int) -> Neighbours:
    """The graph of some edges, each told once; of one node, in the order in which they were told."""
    begins = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(one, minlength=nodes) + np.bincount(two, minlength=nodes), out=begins[1:])
    other, edge = np.empty(2 * one.size, np.int64), np.empty(2 * one.size, np.int64)
    load_kernels().attach(np.ascontiguousarray(one), np.ascontiguousarray(two), begins[:-1].copy(), other, edge)
    return Neighbours(begins, other, weight[edge])


def ties_of(known: Known) -> Ties:
    """The ties that are known. The order of the log does not matter; UsageError beyond EDGES_MAX."""
    subjects = pl.concat(
        [
            known.payments.select(pl.lit("user").alias("subject_type"), pl.col("user_id").alias("subject_id")),
            known.payments.select(pl.lit("merchant").alias("subject_type"), pl.col("merchant_id").alias("subject_id")),
            known.uses.select("subject_type", "subject_id"),
        ]
    ).unique()
    users, merchants = (
        subjects.filter(pl.col("subject_type") == kind)["subject_id"].sort() for kind in ("user", "merchant")
    )
    uses, resources = _shared(known.uses, users, merchants)
    if max(known.payments.height, len(uses)) > EDGES_MAX:
        raise UsageError(f"the graph has more than {EDGES_MAX:,} edges; give a shorter --over")
    trade = _trade(known, users, merchants)
    return Ties(tuple(users.to_list()), tuple(merchants.to_list()), trade, uses, resources)


def _trade(known: Known, users: pl.Series, merchants: pl.Series) -> Trade:
    paid = known.payments
    usual = paid["currency"].value_counts().sort("count", "currency", descending=[True, False])["currency"]
    money = pl.when(pl.col("currency").is_in(usual.head(1).implode())).then(pl.col("amount")).otherwise(0)
    numbers = paid.select(
        money.alias("amount"),
        -((known.until_ms - pl.col("time")) // DAY_MS).alias("day"),
        pl.col("credit_limit").fill_null(0),
    )
    return Trade(
        _number(paid["user_id"], users), _number(paid["merchant_id"], merchants),
        *(numbers[name].cast(pl.Int64).to_numpy() for name in ("amount", "day", "credit_limit")),
    )  # fmt: skip


def _shared(uses: pl.DataFrame, users: pl.Series, merchants: pl.Series) -> tuple[Ints, int]:
    """The uses that tie somebody to somebody, by number, and how many resources they name."""
    by_resource = uses.with_columns(pl.len().over("kind", "resource_id").alias("subjects"))
    bound = pl.col("kind").replace_strict(PUBLIC_ABOVE, return_dtype=pl.Int64)
    tying = by_resource.filter((pl.col("subjects") > 1) & (pl.col("subjects") <= bound))
    tying = tying.sort("kind", "resource_id", "subject_type", "subject_id")
    resource = tying.select(pl.struct("kind", "resource_id").rle_id()).to_series()
    of_user = (tying["subject_type"] == "user").to_numpy()
    subject = np.empty(tying.height, np.int64)
    subject[of_user] = _number(tying["subject_id"].filter(pl.Series(of_user)), users)
    subject[~of_user] = _number(tying["subject_id"].filter(pl.Series(~of_user)), merchants) + len(users)
    return np.column_stack([subject, resource.cast(pl.Int64).to_numpy()]), resource.n_unique()


def _number(ids: pl.Series, sorted_ids: pl.Series) -> Ints:
    """The place of each id among the sorted ones."""
    places = sorted_ids.to_frame("id").with_row_index("number")
    found = ids.to_frame("id").join(places, on="id", how="left", maintain_order="left")
    return found["number"].cast(pl.Int64).to_numpy()
