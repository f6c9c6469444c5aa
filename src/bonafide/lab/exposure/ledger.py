"""The ledger: every credit payment as a debt, and all that lessened it or made it a missed one.

The law. A completed credit payment is a *debt* of its payer, from the later of the payment's and its status's time on.

1. A repayment (`paid` or `late`) goes to the payer's **oldest open debt first**, then to the next; what is more than
   all debts is not counted.
2. A refund to the original channel, a cancellation or a reversal after completion lessens **its own debt first**; what
   that debt no longer takes, since it was repaid, lessens the payer's others like a repayment.
3. A bill reported `missed` marks the payer's oldest open debts as **missed**, up to the amount that the report names;
   what is marked already counts towards it. What lessens a debt takes its missed part first.
4. What a payer owed **before the log** is one debt more, the oldest, without a merchant: the use of the line that the
   payer's first credit payment states, and what was repaid before it.

**Lost** at a moment is what is missed and still open then: a bill that was not paid for weeks after its due day, and
has not been paid since. It can shrink again, when somebody pays late after all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from bonafide.lab.exposure.kernels import MISS, OPEN, REFUND, REPAY, UNDO, load_kernels
from bonafide.lab.exposure.log import Known

Ints = npt.NDArray[np.int64]
_OPENING: Final = -1
"""Order of a payer's debt from before the log: ahead of everything else."""
_UNDONE: Final = ("cancelled", "reversed")


class Standing(NamedTuple):
    """Every debt at one moment, (debts,) each, in minor units."""

    open: Ints
    missed: Ints


@dataclass(frozen=True, slots=True)
class Ledger:
    """Debts and what happened to them. Debts stand payer by payer, each payer's in the order in which they opened."""

    as_of_ms: int
    currency: str | None
    payers: tuple[str, ...]
    merchants: tuple[str, ...]
    payer: Ints
    """(debts,) number of the payer."""
    merchant: Ints
    """(debts,) number of the merchant; -1 for what was owed before the log."""
    payment: npt.NDArray[np.object_]
    """(debts,) event_id of the payment; None for what was owed before the log."""
    opened_ms: Ints
    amount: Ints
    begins: Ints
    """(payers + 1,) where a payer's debts begin."""
    limit: Ints
    """(debts,) the line that the payment stated; 0 where it did not."""
    entry_debt: Ints
    entry_ms: Ints
    entry_open: Ints
    """(entries,) what an entry adds to the open amount of its debt, or takes from it."""
    entry_missed: Ints
    entry_kind: Ints
    """(entries,) OPEN, UNDO, REFUND, REPAY or MISS."""

    def at(self, moment_ms: int) -> Standing:
        """Every debt at a moment up to the ledger's own."""
        upto = self.entry_ms <= moment_ms
        which = self.entry_debt[upto]
        opened, missed = (
            np.bincount(which, weights=values[upto], minlength=self.payer.size).astype(np.int64)
            for values in (self.entry_open, self.entry_missed)
        )  # in floats, which add whole numbers up exactly as long as a debt is below 2**53
        return Standing(opened, missed)

    def by_payer(self, values: Ints) -> Ints:
        """Sums over each payer's debts, (payers,)."""
        upto = np.concatenate(([0], np.cumsum(values)))
        return np.asarray(upto[self.begins[1:]] - upto[self.begins[:-1]])


def ledger_of(known: Known) -> Ledger:
    """The ledger of what was known at a moment."""
    paid = _credit(known)
    completed = _completed(known, paid)
    debts = pl.concat([_before(known, paid), completed]).sort("user_id", "opened", "row")
    debts = debts.with_row_index("debt").with_columns(pl.col("debt").cast(pl.Int64))
    payers = debts["user_id"].unique().sort()
    merchants = debts["merchant_id"].drop_nulls().unique().sort()
    numbered = debts.with_columns(
        payer=_number(debts["user_id"], payers), merchant=_number(debts["merchant_id"], merchants).fill_null(-1)
    )
    actions = _actions(known, numbered, payers)
    begins = np.searchsorted(numbered["payer"].to_numpy(), np.arange(payers.len() + 1)).astype(np.int64)
    entries = _walked(actions, numbered.height, begins)
    return Ledger(
        known.as_of_ms, known.currency, tuple(payers.to_list()), tuple(merchants.to_list()),
        _ints(numbered["payer"]), _ints(numbered["merchant"]), numbered["event_id"].to_numpy(), _ints(debts["opened"]),
        _ints(debts["amount"]), begins, _ints(debts["credit_limit"].fill_null(0)), *entries,
    )  # fmt: skip


def _ints(values: pl.Series) -> Ints:
    return np.array(values.cast(pl.Int64).to_numpy(), np.int64)


def _number(ids: pl.Series, sorted_ids: pl.Series) -> pl.Series:
    """The place of each id among the sorted ones; null where it has none."""
    places = sorted_ids.to_frame("id").with_row_index("number")
    return ids.to_frame("id").join(places, on="id", how="left", maintain_order="left")["number"].cast(pl.Int64)


def _credit(known: Known) -> pl.DataFrame:
    """Attempts to pay on credit, with a payer and a merchant."""
    paid = known["payment"]
    return paid.filter(
        (pl.col("pay_with").fill_null("credit") == "credit")
        & pl.col("user_id").is_not_null() & pl.col("merchant_id").is_not_null()
    )  # fmt: skip


def _statuses(known: Known, words: tuple[str, ...], name: str) -> pl.DataFrame:
    """When the first status of these came: `event_id` of the payment and the time, called `name`."""
    told = known["payment_status"].filter(pl.col("status").is_in(words))
    return told.group_by(pl.col("payment_id").alias("event_id")).agg(pl.col("time").min().alias(name))


def _completed(known: Known, paid: pl.DataFrame) -> pl.DataFrame:
    """Credit payments that completed; every payment does where the log tells no statuses at all."""
    if known["payment_status"].is_empty():
        told = paid.with_columns(opened="time")
    else:
        done = paid.join(_statuses(known, ("completed",), "done"), on="event_id", how="inner")
        told = done.with_columns(opened=pl.max_horizontal("time", "done"))
    return told.select("user_id", "merchant_id", "event_id", "order_id", "amount", "credit_limit", "opened", "row")


def _before(known: Known, paid: pl.DataFrame) -> pl.DataFrame:
    """What payers owed before the log, as debts."""
    first = paid.sort("time", "row").unique("user_id", keep="first").select("user_id", "credit_used", first_at="time")
    repaid = known["repayment"].filter(pl.col("status") != "missed")
    earlier = (
        repaid.join(first, on="user_id").filter(pl.col("time") < pl.col("first_at"))
        .group_by("user_id").agg(earlier=pl.col("amount").sum())
    )  # fmt: skip
    owed = first.join(earlier, on="user_id", how="left").with_columns(
        amount=pl.col("credit_used") + pl.col("earlier").fill_null(0)
    )
    start = pl.min_horizontal(pl.lit(_start_ms(known)), pl.col("first_at"))
    return owed.filter(pl.col("amount") > 0).select(
        "user_id", merchant_id=pl.lit(None, pl.String), event_id=pl.lit(None, pl.String),
        order_id=pl.lit(None, pl.String), amount="amount", credit_limit=pl.lit(None, pl.Int64), opened=start,
        row=pl.lit(_OPENING, pl.Int64),
    )  # fmt: skip


def _start_ms(known: Known) -> int:
    """The first moment of credit life in the log."""
    firsts = [known[kind]["time"].min() for kind in ("payment", "repayment")]
    return min((int(first) for first in firsts if isinstance(first, int)), default=0)


def _actions(known: Known, debts: pl.DataFrame, payers: pl.Series) -> pl.DataFrame:
    """All that happens to debts, payer by payer in order of time: `payer`, `kind`, `debt`, `amount`, `time`."""
    opened = debts.select("payer", "debt", "amount", "row", kind=OPEN, time="opened")
    undone = (
        debts.filter(pl.col("event_id").is_not_null())
        .join(_statuses(known, _UNDONE, "undone"), on="event_id")
        .select("payer", "debt", "amount", "row", kind=UNDO, time=pl.max_horizontal("opened", "undone"))
    )
    own = debts.filter(pl.col("order_id").is_not_null()).unique("order_id", keep="first", maintain_order=True)
    back = known["refund"].filter(pl.col("to").fill_null("original") == "original")
    refunded = back.select("order_id", "amount", "row", at="time").join(
        own.select("order_id", "payer", "debt", "opened"), on="order_id"
    )
    refunds = refunded.select("payer", "debt", "amount", "row", kind=REFUND, time=pl.max_horizontal("opened", "at"))
    repaid = known["repayment"].with_columns(payer=_number(known["repayment"]["user_id"], payers))
    repayments = repaid.filter(pl.col("payer").is_not_null()).select(
        "payer",
        "amount",
        "row",
        "time",
        debt=-1,
        kind=pl.when(pl.col("status") == "missed").then(MISS).otherwise(REPAY),
    )
    columns = ("payer", "kind", "debt", "amount", "time", "row")
    parts = [frame.select(pl.col(columns).cast(pl.Int64)) for frame in (opened, undone, refunds, repayments)]
    return pl.concat(parts).sort("payer", "time", "kind", "row", maintain_order=True)


def _walked(actions: pl.DataFrame, debts: int, begins: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    given = [_ints(actions[name]) for name in ("payer", "kind", "debt", "amount")]
    walk, count, size = load_kernels().walk, np.zeros(1, np.int64), 0
    out: list[Ints] = []
    for _ in range(2):  # once to count, once to write
        out = [np.zeros(size, np.int64) for _ in range(4)]
        walk(*given, begins, np.zeros(debts, np.int64), np.zeros(debts, np.int64), count, *out)
        size = int(count[0])
    debt, action, opens, misses = out
    return debt, _ints(actions["time"])[action], opens, misses, given[1][action]
