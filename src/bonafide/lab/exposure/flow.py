"""The flow of funds through the platform: what is sold, held, paid out and paid back, day by day.

What the platform holds for a merchant is what was sold and settled, less its fee, less what was refunded and paid out
since, and never below nothing. The fee is not in the log; it is taken to be what payouts of
all that was sold since the payout before leave of it, at the median. A payout pays the oldest sales first.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.log import Known

RECENT_DAYS: Final = 30
"""Days that the figures of stability look back."""
TOP: Final = 10
FEE_MAX: Final = 0.2
"""A payout of less than the rest of the sales before it is not one of all."""
HOURS_24_MS: Final = DAY_MS


class Flow(NamedTuple):
    """The flow of funds up to a moment, in minor units."""

    days: pl.DataFrame
    """A row for each UTC day: `day` (since 1970), `sold` (settled), `sold_on_credit`, `refunded`, `paid_out`,
    `paid_out_instantly`, `paid_out_within_24h` (of the sale), `repaid`, `held` (at the day's end)."""
    held: pl.DataFrame
    """`merchant_id`, `held` at the moment, `paid_out` in the recent days."""
    fee_fraction: float


class Stability(NamedTuple):
    """How steady and how spread the flow of the recent days is."""

    days: int
    sold: int
    paid_out: int
    repaid: int
    held: int
    paid_out_of_sold: float | None
    repaid_of_sold_on_credit: float | None
    days_of_sales_held: float | None
    within_24h_fraction: float | None
    instant_fraction: float | None
    hhi: float | None
    """Sum of the squared shares of merchants in what was paid out: 1 / merchants for all alike, 1 for one alone."""
    top_fraction: float | None
    """Share of the TOP merchants in what was paid out."""
    volatility: float | None
    """Standard deviation over the mean of what is paid out a day."""


def flow_of(known: Known) -> Flow:
    """The flow of funds of what was known at a moment."""
    sales, refunds, payouts = _sales(known), known["refund"], known["payout"]
    moves = pl.concat([
        sales.select("merchant_id", "time", "row", amount="amount", kind=pl.lit(0)),
        refunds.select("merchant_id", "time", "row", amount="amount", kind=pl.lit(1)),
        payouts.select("merchant_id", "time", "row", amount="amount", kind=pl.lit(2)),
    ]).filter(pl.col("merchant_id").is_not_null()).sort("merchant_id", "time", "kind", "row")  # fmt: skip
    fee = _fee(moves)
    kept = (pl.col("amount") * (1 - fee)).floor().cast(pl.Int64)
    moves = moves.with_columns(change=pl.when(pl.col("kind") == 0).then(kept).otherwise(-pl.col("amount")))
    moves = moves.with_columns(x=pl.col("change").cum_sum().over("merchant_id"))
    moves = moves.with_columns(low=pl.min_horizontal(pl.col("x").cum_min().over("merchant_id"), 0))
    moves = moves.with_columns(balance=pl.col("x") - pl.col("low"), day=pl.col("time") // DAY_MS)
    since = pl.col("time") > known.as_of_ms - RECENT_DAYS * DAY_MS
    held = moves.group_by("merchant_id").agg(
        held=pl.col("balance").last(),
        paid_out=pl.col("amount").filter((pl.col("kind") == 2) & since).sum(),
    )
    return Flow(_days(known, moves, sales, payouts), held.sort("merchant_id"), fee)


def _sales(known: Known) -> pl.DataFrame:
    """Settled sales at the moment when they settled."""
    paid, told = known["payment"], known["payment_status"]
    if told.is_empty():
        return paid
    first = told.group_by("payment_id", "status").agg(pl.col("time").min())
    done = first.filter(pl.col("status") == "completed").select(event_id="payment_id", done="time")
    undone = first.filter(pl.col("status") != "completed").select(event_id="payment_id")
    settled = paid.join(done, on="event_id").join(undone, on="event_id", how="anti")
    return settled.with_columns(time=pl.max_horizontal("time", "done"))


def _fee(moves: pl.DataFrame) -> float:
    """What payouts of all leave of the sales since the payout before, at the median; 0 where nothing tells."""
    block = (pl.col("kind") == 2).cum_sum().over("merchant_id") - (pl.col("kind") == 2).cast(pl.UInt32)
    told = moves.with_columns(block=block).group_by("merchant_id", "block").agg(
        sold=pl.col("amount").filter(pl.col("kind") == 0).sum(),
        back=pl.col("amount").filter(pl.col("kind") == 1).sum(),
        out=pl.col("amount").filter(pl.col("kind") == 2).sum(),
    )  # fmt: skip
    whole = pl.col("out").is_between((1 - FEE_MAX) * pl.col("sold"), pl.col("sold")) & (pl.col("back") == 0)
    told = told.filter(whole & (pl.col("sold") > 0))
    middle = (told["out"] / told["sold"]).median()
    return float(np.clip(1 - middle, 0, FEE_MAX)) if isinstance(middle, float) else 0.0


def _days(known: Known, moves: pl.DataFrame, sales: pl.DataFrame, payouts: pl.DataFrame) -> pl.DataFrame:
    on_credit = pl.col("pay_with").fill_null("credit") == "credit"
    parts = [
        _daily(sales, "sold"), _daily(sales.filter(on_credit), "sold_on_credit"), _daily(known["refund"], "refunded"),
        _daily(payouts, "paid_out"), _daily(payouts.filter(pl.col("speed") == "instant"), "paid_out_instantly"),
        _daily(_within(moves), "paid_out_within_24h"),
        _daily(known["repayment"].filter(pl.col("status") != "missed"), "repaid"),
    ]  # fmt: skip
    seen = [int(day) for part in parts for day in (part["day"].min(), part["day"].max()) if isinstance(day, int)]
    days = pl.DataFrame({"day": pl.arange(min(seen), max(seen) + 1, eager=True) if seen else []}, {"day": pl.Int64})
    for part in parts:
        days = days.join(part, on="day", how="left")
    ends = moves.group_by("merchant_id", "day", maintain_order=True).agg(pl.col("balance").last())
    steps = ends.with_columns(step=pl.col("balance") - pl.col("balance").shift(1, fill_value=0).over("merchant_id"))
    held = steps.group_by("day").agg(pl.col("step").sum())
    joined = days.join(held, on="day", how="left").with_columns(held=pl.col("step").fill_null(0).cum_sum())
    return joined.drop("step").fill_null(0).sort("day")


def _daily(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.group_by((pl.col("time") // DAY_MS).alias("day")).agg(pl.col("amount").sum().alias(name))


def _within(moves: pl.DataFrame) -> pl.DataFrame:
    """Of each payout, what paid for sales of the 24 hours before it: what it takes beyond what was held by then."""
    columns = moves.select(
        "merchant_id", "time", "kind", "amount", "balance",
        spent=pl.when(pl.col("kind") > 0).then(pl.col("amount")).otherwise(0).cum_sum().over("merchant_id"),
    )  # fmt: skip
    out = columns.filter(pl.col("kind") == 2).with_columns(then=pl.col("time") - HOURS_24_MS).sort("then")
    before = columns.select("merchant_id", then="time", had="balance", had_spent="spent").sort("then")
    joined = out.join_asof(before, on="then", by="merchant_id", strategy="backward", check_sortedness=False)
    # What was held 24 hours ago and has been spent since, other than by this payout, is not there any more.
    left = pl.col("had").fill_null(0) - (pl.col("spent") - pl.col("amount") - pl.col("had_spent").fill_null(0))
    return joined.select("time", amount=pl.max_horizontal(0, pl.col("amount") - pl.max_horizontal(0, left)))


def stability_of(flow: Flow) -> Stability:
    """The figures of the recent days."""
    recent = flow.days.tail(RECENT_DAYS)
    sums = {name: int(recent[name].sum()) for name in recent.columns if name not in {"day", "held"}}
    out = flow.held["paid_out"].to_numpy().astype(np.float64)
    shares = np.sort(out / out.sum())[::-1] if out.sum() else np.zeros(0)
    daily = recent["paid_out"].to_numpy().astype(np.float64)
    held = int(flow.days["held"][-1]) if flow.days.height else 0
    return Stability(
        recent.height, sums["sold"], sums["paid_out"], sums["repaid"], held,
        _ratio(sums["paid_out"], sums["sold"]), _ratio(sums["repaid"], sums["sold_on_credit"]),
        _ratio(held * recent.height, sums["sold"]), _ratio(sums["paid_out_within_24h"], sums["paid_out"]),
        _ratio(sums["paid_out_instantly"], sums["paid_out"]),
        float((shares**2).sum()) if shares.size else None, float(shares[:TOP].sum()) if shares.size else None,
        float(daily.std() / daily.mean()) if daily.size and daily.mean() else None,
    )  # fmt: skip


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
