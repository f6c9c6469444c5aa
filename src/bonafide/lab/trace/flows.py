"""What went through an account: from whom, to whom, how often, how much."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from bonafide.lab.trace.passes import once
from bonafide.lab.uses import with_columns_of

PARTNERS_MAX: Final = 50
"""Partners of an account that are told of, at most; the largest sums first."""
_ROW: Final = {
    "event_id": pl.String, "type": pl.String, "time": pl.Int64, "user_id": pl.String, "merchant_id": pl.String,
    "account_id": pl.String, "from_account_id": pl.String, "to_account_id": pl.String, "amount": pl.Int64,
    "currency": pl.String, "status": pl.String,
}  # fmt: skip
_FLOW: Final = {
    "event": pl.UInt64, "direction": pl.String, "type": pl.String, "kind": pl.String, "partner": pl.String,
    "time": pl.Int64, "amount": pl.Int64, "currency": pl.String,
}  # fmt: skip


class Flow(NamedTuple):
    """Money between an account and one partner, by events of one type, in one currency."""

    direction: str
    """in or out."""
    type: str
    kind: str
    """Of the partner: user, merchant or account."""
    partner: str
    events: int
    amount: int
    """All of it together, in minor units of `currency`."""
    currency: str
    first: int
    last: int


class Flows(NamedTuple):
    """All that went through an account."""

    partners: tuple[Flow, ...]
    number: int
    """How many such flows there are; `partners` holds PARTNERS_MAX of them at most."""


class Through:
    """Collects what went through an account."""

    def __init__(self, account: str) -> None:
        self._id = account
        self._found: list[pl.DataFrame] = []

    def feed(self, frame: pl.DataFrame) -> None:
        """Keep the payouts, transfers, refunds and repayments that name the account."""
        rows = with_columns_of(frame, _ROW)
        named = [pl.col(name) == self._id for name in ("account_id", "from_account_id", "to_account_id")]
        rows = rows.filter(pl.any_horizontal(named) & pl.col("amount").is_not_null())
        rows = rows.filter((pl.col("type") != "repayment") | (pl.col("status") != "missed"))
        if rows.is_empty():
            return
        sent = pl.col("from_account_id") == self._id
        kind, partner = _partner(sent)
        outward = (pl.col("type") == "repayment") | sent.fill_null(value=False)
        flows = rows.with_columns(
            pl.col("event_id").hash().alias("event"),
            pl.when(outward).then(pl.lit("out")).otherwise(pl.lit("in")).alias("direction"),
            kind.alias("kind"),
            partner.alias("partner"),
        )
        self._found.append(flows.select(*_FLOW))

    def flows(self) -> Flows:
        """What went through, the largest sums first."""
        rows = once(self._found, pl.DataFrame(schema=_FLOW))
        whole = rows.group_by("direction", "type", "kind", "partner", "currency").agg(
            pl.len().alias("events"), pl.col("amount").sum(), pl.col("time").min().alias("first"),
            pl.col("time").max().alias("last"),
        )  # fmt: skip
        order = ["amount", "direction", "type", "kind", "partner"]
        whole = whole.sort(order, descending=[True, False, False, False, False])
        return Flows(tuple(Flow(**row) for row in whole.head(PARTNERS_MAX).iter_rows(named=True)), whole.height)


def _partner(sent: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The kind and the id of whom the account dealt with."""
    kind, other = pl.col("type"), pl.when(sent).then("to_account_id").otherwise("from_account_id")
    of_merchant = kind.is_in(["payout", "refund"])
    what = pl.when(kind == "transfer").then(pl.lit("account")).when(of_merchant).then(pl.lit("merchant"))
    who = pl.when(kind == "transfer").then(other).when(of_merchant).then("merchant_id")
    return what.otherwise(pl.lit("user")), who.otherwise("user_id")
