"""What a bank sees of trade: which card paid which merchant how much on which day, and the card's limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from bonafide.core.moment import DAY_MS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BankView:
    """Credit payments that went through, one element of each array a payment; any order will do.

    Cards and merchants are numbered from 0 in the order of their ids.
    """

    card: Ints
    """(payments,) 0..cards-1."""
    merchant: Ints
    """(payments,) 0..merchants-1."""
    amount_minor: Ints
    """(payments,) from 1."""
    day: Ints
    """(payments,) the local day, days since 1970."""
    limit_minor: Ints
    """(payments,) the card's limit as the payment knew it; 0 where it is not known."""
    cards: tuple[str, ...]
    """Ids by number."""
    merchants: tuple[str, ...]
    """Ids by number."""


def bank_view(events: pl.DataFrame, offset_ms: int) -> BankView:
    """The bank's view of a log.

    `events` has the columns of an event file: credit payments that name user, merchant and amount are seen, unless
    their status became cancelled or reversed. `offset_ms` is local time less UTC. A log without payments gives an empty
    view.
    """
    paid = events.filter(pl.col("type") == "payment").drop_nulls(["user_id", "merchant_id", "amount"])
    if "pay_with" in paid.columns:
        paid = paid.filter(pl.col("pay_with").fill_null("credit") == "credit")
    if {"status", "payment_id"} <= set(events.columns):
        undone = events.filter((pl.col("type") == "payment_status") & pl.col("status").is_in(["cancelled", "reversed"]))
        paid = paid.join(undone.select(event_id="payment_id"), on="event_id", how="anti", maintain_order="left")
    limit = pl.col("credit_limit") if "credit_limit" in paid.columns else pl.lit(None, pl.Int64)
    day = (_epoch_ms(paid.schema["time"]) + offset_ms).floordiv(DAY_MS)
    seen = paid.select("user_id", "merchant_id", "amount", day.alias("day"), limit.fill_null(0).alias("limit"))
    card, cards = _numbered(seen["user_id"])
    merchant, merchants = _numbered(seen["merchant_id"])
    amount, days, limits = (seen[name].cast(pl.Int64).to_numpy() for name in ("amount", "day", "limit"))
    return BankView(card, merchant, amount, days, limits, cards, merchants)


def _epoch_ms(kind: pl.DataType) -> pl.Expr:
    time = pl.col("time")
    return time.dt.epoch("ms") if isinstance(kind, pl.Datetime) else time.cast(pl.Int64)


def _numbered(ids: pl.Series) -> tuple[Ints, tuple[str, ...]]:
    names = ids.unique().sort()
    number = ids.to_frame("id").join(
        names.to_frame("id").with_row_index("number"), on="id", how="left", maintain_order="left"
    )
    return number["number"].cast(pl.Int64).to_numpy(), tuple(names.to_list())
