"""Decided payments beside the truth about them: the join, its checks, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from bonafide.core.errors import InputError
from bonafide.core.moment import DAY_MS
from bonafide.core.text import show_value

DISTURBING: Final = ("verify", "hold", "decline")
"""Outcomes that ask something of the payer: an alert."""
STOPPING: Final = ("hold", "decline")
"""Outcomes that keep the payment from going through."""
OUTCOMES: Final = ("allow", "warn", *DISTURBING)

_DECISION_COLUMNS: Final = (
    "seq", "event_id", "time", "type", "user_id", "amount", "currency", "outcome", "score",
)  # fmt: skip
_TRUTH_COLUMNS: Final = ("event_id", "label")


@dataclass(frozen=True, slots=True)
class Judged:
    """Payments that were decided and have a label.

    `rows` is in log order with seq, time_ms, day (days since 1970 UTC), entity (0..entities-1, one per payer),
    currency, money (the amount in minor units of `currency`, 0 for payments in others), score, typology, and the flags
    bad (cash-out), disturbed and stopped. A payment without a payer is an entity of its own.
    """

    rows: pl.DataFrame
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


def judge(decisions: pl.DataFrame, truth: pl.DataFrame) -> Judged:
    """Join decisions with truth on `event_id`.

    `decisions` and `truth` have the columns of decisions.parquet and truth.parquet; a null label is no label. Raises
    InputError for a missing column, a repeated event_id, a label other than 0 and 1, an unknown outcome, and a payment
    without a score, an amount or a currency.
    """
    _need_columns(decisions, _DECISION_COLUMNS, "decisions")
    _need_columns(truth, _TRUTH_COLUMNS, "truth")
    payments = decisions.filter(pl.col("type") == "payment")
    labels = truth.filter(pl.col("label").is_not_null())
    _need_unique(payments, "decisions")
    _need_unique(truth, "truth")
    if not (labels["label"].dtype.is_integer() or labels["label"].dtype == pl.Boolean):
        told = f"label: the column holds {labels['label'].dtype}; give whole numbers, 1 for cash-out and 0 for genuine"
        raise InputError("invalid-field", told, "label")
    _need_values(labels, "label", (0, 1))
    typology = pl.col("typology").cast(pl.String) if "typology" in labels.columns else pl.lit(None, pl.String)
    labels = labels.select("event_id", (pl.col("label") == 1).alias("bad"), typology.alias("typology"))
    joined = payments.select(_DECISION_COLUMNS).join(labels, on="event_id", how="inner").sort("seq")
    for name in ("amount", "currency", "score"):
        _need_present(joined, name)
    _need_values(joined, "outcome", OUTCOMES)
    currency = _most_frequent(joined["currency"])
    rows, entities = _with_entities(joined, currency)
    return Judged(rows, entities, payments.height, labels.height - joined.height, currency)


def _most_frequent(words: pl.Series) -> str | None:
    counted = words.value_counts().sort("count", words.name, descending=[True, False])
    return None if counted.is_empty() else str(counted[words.name][0])


def _with_entities(joined: pl.DataFrame, currency: str | None) -> tuple[pl.DataFrame, int]:
    # No id holds a control character, so a payment without a payer cannot be mistaken for somebody's.
    payer = pl.coalesce(pl.col("user_id").cast(pl.String), pl.format("\x00{}", "seq")).alias("payer")
    time_ms = pl.col("time").cast(pl.Int64)
    if isinstance(joined.schema["time"], pl.Datetime):
        time_ms = pl.col("time").dt.epoch("ms")
    money = pl.when(pl.col("currency") == pl.lit(currency, pl.String)).then("amount").otherwise(0)
    rows = joined.with_columns(payer, time_ms=time_ms)
    payers = rows.select(pl.col("payer").unique(maintain_order=True)).with_row_index("entity")
    rows = rows.join(payers, on="payer", how="left", maintain_order="left").select(
        pl.col("seq").cast(pl.Int64),
        "time_ms",
        pl.col("time_ms").floordiv(DAY_MS).alias("day"),
        pl.col("entity").cast(pl.Int64),
        pl.col("currency").cast(pl.String),
        money.cast(pl.Int64).alias("money"),
        pl.col("score").cast(pl.Float64),
        "typology",
        "bad",
        pl.col("outcome").is_in(DISTURBING).alias("disturbed"),
        pl.col("outcome").is_in(STOPPING).alias("stopped"),
    )
    return rows, payers.height


def _need_columns(frame: pl.DataFrame, names: tuple[str, ...], what: str) -> None:
    for name in names:
        if name not in frame.columns:
            message = f"the {what} table has no column {name}; give the columns {', '.join(names)}"
            raise InputError("missing-field", message, name)


def _need_unique(frame: pl.DataFrame, what: str) -> None:
    repeated = frame.filter(pl.col("event_id").is_duplicated())
    if repeated.height:
        value = show_value(repeated["event_id"][0])
        message = f"event_id: the {what} table names {value} more than once; give each event once"
        raise InputError("conflict", message, "event_id", value)


def _need_present(frame: pl.DataFrame, name: str) -> None:
    absent = pl.col(name).is_null()
    if name == "score":
        absent = absent | ~pl.col(name).is_finite()
    lacking = frame.filter(absent)
    if lacking.height:
        event = show_value(lacking["event_id"][0])
        message = f"{name}: {lacking.height:,} decided payments have none, the first is {event}; decide them again"
        raise InputError("missing-field", message, name)


def _need_values(frame: pl.DataFrame, name: str, accepted: tuple[object, ...]) -> None:
    other = frame.filter(~pl.col(name).is_in(accepted).fill_null(value=False))
    if other.height:
        raise InputError.of_value(name, other[name][0], f"one of {', '.join(str(word) for word in accepted)}")
