"""What a scorecard is fitted to: the inputs at every payment, and what became known of payers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.lab.curves import Floats

FACTS: Final = {
    "type": pl.String, "time": pl.Int64, "user_id": pl.String, "subject_type": pl.String, "subject_id": pl.String,
    "label": pl.String, "status": pl.String,
}  # fmt: skip


class PayerLog(NamedTuple):
    """What a log says of payers, in its order."""

    payments: pl.DataFrame
    """event_id, user_id, time (ms), and each input as the engine answered it before the payment, NaN where missing."""
    facts: pl.DataFrame
    """Verdicts and repayments: type, time (ms), user_id, subject_type, subject_id, label, status."""


def payer_log(
    rows: pl.DataFrame, inputs: Sequence[Floats], names: Sequence[str], facts: Sequence[pl.DataFrame]
) -> PayerLog:
    """From the rows of payments (event_id, user_id, time_ms), and their inputs and the facts piece by piece."""
    answered = np.concatenate(inputs) if inputs else np.zeros((0, len(names)))
    columns = [pl.Series(name, np.ascontiguousarray(answered[:, i])) for i, name in enumerate(names)]
    payments = rows.select("event_id", "user_id", pl.col("time_ms").alias("time")).with_columns(columns)
    return PayerLog(payments, pl.concat([pl.DataFrame(schema=FACTS), *facts]))


def facts_in(frame: pl.DataFrame) -> pl.DataFrame:
    """The facts among some events of a log."""
    told = frame.filter(pl.col("type").is_in(["verdict", "repayment"]))
    absent = [pl.lit(None, kind).alias(name) for name, kind in FACTS.items() if name not in told.columns]
    return told.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in FACTS.items())
