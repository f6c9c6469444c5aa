"""Decided payments beside the truth about them: the join, its checks, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from bonafide.core.moment import DAY_MS
from bonafide.lab.chosen_labels import LabelKind, Labels, choose_labels
from bonafide.lab.table_checks import need_columns, need_present, need_unique, need_values

DISTURBING: Final = ("verify", "hold", "decline")
"""Outcomes that ask something of the payer: an alert."""
STOPPING: Final = ("hold", "decline")
"""Outcomes that keep the payment from going through."""
OUTCOMES: Final = ("allow", "warn", *DISTURBING)

_DECISION_COLUMNS: Final = (
    "seq", "event_id", "time", "type", "user_id", "amount", "currency", "outcome", "score",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """Payments that were decided and have a label.

    `rows` is in log order with seq, time_ms, day (days since 1970 UTC), entity (0..entities-1, one per payer),
    has_payer, merchant_id, currency, money (the amount in minor units of `currency`, 0 for payments in others), score,
    typology, and the flags bad (cash-out), disturbed, stopped, and wrong (the label differs from the truth). A payment
    without a payer is an entity of its own.
    """

    rows: pl.DataFrame
    labels: Labels
    entities: int
    payments: int
    """Decided payments, labelled or not."""
    unmatched_labels: int
    """Labels that name no decided payment."""
    currency: str | None
    """The currency of most judged payments, the alphabetically first of equals; None when nothing is judged."""

    @property
    def unlabelled(self) -> int:
        """Decided payments that nothing is known about; they are not judged."""
        return self.payments - self.rows.height


def judge(
    decisions: pl.DataFrame, truth: pl.DataFrame, kind: LabelKind = "latent", as_of_ms: int | None = None
) -> Judged:
    """Join decisions with the labels that may judge them on `event_id`.

    `decisions` and `truth` have the columns of decisions.parquet and truth.parquet, merchant_id may be absent; `kind`
    and `as_of_ms` as `choose_labels` takes them, but None stands for the latest time in the decisions under `arrived`.
    Raises InputError for a missing column, a repeated event_id, a label other than 0 and 1, an unknown outcome, and a
    payment without a score, an amount or a currency; UsageError for a moment beside latent labels.
    """
    need_columns(decisions, _DECISION_COLUMNS, "decisions")
    if kind == "arrived" and as_of_ms is None:
        as_of_ms = _latest_ms(decisions)
    labels = choose_labels(truth, kind, as_of_ms)
    payments = decisions.filter(pl.col("type") == "payment")
    need_unique(payments, "decisions")
    merchant = pl.col("merchant_id") if "merchant_id" in payments.columns else pl.lit(None, pl.String)
    told = payments.select(*_DECISION_COLUMNS, merchant.cast(pl.String).alias("merchant_id"))
    joined = told.join(labels.frame, on="event_id", how="inner").sort("seq")
    for name in ("amount", "currency", "score"):
        need_present(joined, name)
    need_values(joined, "outcome", OUTCOMES)
    currency = _most_frequent(joined["currency"])
    rows, entities = _with_entities(joined, currency)
    return Judged(rows, labels, entities, payments.height, labels.frame.height - joined.height, currency)


def _latest_ms(decisions: pl.DataFrame) -> int:
    """The latest time among all decisions, 0 where there is none."""
    latest = decisions.select(_time_ms(decisions).max()).item()
    return 0 if latest is None else int(latest)


def _time_ms(frame: pl.DataFrame) -> pl.Expr:
    if isinstance(frame.schema["time"], pl.Datetime):
        return pl.col("time").dt.epoch("ms")
    return pl.col("time").cast(pl.Int64)


def _most_frequent(words: pl.Series) -> str | None:
    counted = words.value_counts().sort("count", words.name, descending=[True, False])
    return None if counted.is_empty() else str(counted[words.name][0])


def _with_entities(joined: pl.DataFrame, currency: str | None) -> tuple[pl.DataFrame, int]:
    # No id holds a control character, so a payment without a payer cannot be mistaken for somebody's.
    payer = pl.coalesce(pl.col("user_id").cast(pl.String), pl.format("\x00{}", "seq")).alias("payer")
    money = pl.when(pl.col("currency") == pl.lit(currency, pl.String)).then("amount").otherwise(0)
    rows = joined.with_columns(payer, time_ms=_time_ms(joined))
    payers = rows.select(pl.col("payer").unique(maintain_order=True)).with_row_index("entity")
    rows = rows.join(payers, on="payer", how="left", maintain_order="left").select(
        pl.col("seq").cast(pl.Int64),
        "time_ms",
        pl.col("time_ms").floordiv(DAY_MS).alias("day"),
        pl.col("entity").cast(pl.Int64),
        pl.col("user_id").is_not_null().alias("has_payer"),
        "merchant_id",
        pl.col("currency").cast(pl.String),
        money.cast(pl.Int64).alias("money"),
        pl.col("score").cast(pl.Float64),
        "typology",
        "bad",
        pl.col("outcome").is_in(DISTURBING).alias("disturbed"),
        pl.col("outcome").is_in(STOPPING).alias("stopped"),
        "wrong",
    )
    return rows, payers.height
