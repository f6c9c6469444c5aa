"""Labels as they had arrived by a moment: from verdicts in the log, missed repayments, and a truth table.

Nobody is told the truth about a payment at once, and about most payments nobody is told anything. What is known of a
payment is asked as of a moment, and what arrives later changes no such answer. A statement about the payment itself is
a label; one about its payer or shop, or a bill that was not paid, makes only a suspicion, which is a label of less
weight and judges nobody.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.moment import DAY_MS
from bonafide.lab.chosen_labels import choose_labels
from bonafide.lab.curves import Floats, Ints
from bonafide.lab.table_checks import need_columns
from bonafide.lab.train.matrix import STATEMENTS

CASH_OUT: Final = 1
GENUINE: Final = 0
UNLABELLED: Final = -1

GRADE_WEIGHTS: Final = {"suspected": 0.5, "corroborated": 0.8, "confirmed": 1.0, "adjudicated": 1.0}
"""What a label on a payment weighs in training; one without a grade weighs 1."""


class Reach(NamedTuple):
    """What a statement about somebody says of payments: those of so many days before it, with so much weight."""

    days: int
    weight: float


REACHES: Final = {"user": Reach(20, 0.3), "merchant": Reach(30, 0.1), "missed": Reach(45, 0.05)}
"""A user is found out for what was done lately; most buyers of a bad shop are honest; most who cannot pay are, too."""
_KEYS: Final = {"user": "user_id", "merchant": "merchant_id", "missed": "user_id"}


class Arrived(NamedTuple):
    """What was known by a moment, a value per payment."""

    label: NDArray[np.int8]
    """CASH_OUT, GENUINE or UNLABELLED; of the payment itself."""
    weight: Floats
    """Of the label, 0..1; 0 where there is none."""
    suspicion: Floats
    """0..1: what statements about the payer or the shop make of a payment that has no label of its own."""
    arrived_ms: Ints
    """When the label arrived; -1 where there is none."""
    source: pl.Series
    """Who said it; null where there is none."""


class LabelBook:
    """All that will ever be known about some payments, and when: ask `labels_at`."""

    def __init__(self, payments: pl.DataFrame, statements: pl.DataFrame, truth: pl.DataFrame | None = None) -> None:
        """`payments` has event_id, user_id, merchant_id, time_ms; `statements` as STATEMENTS; `truth` as truth.parquet:
        event_id, label, known_at, and observed_label where labels may be wrong.

        Raises InputError where the truth lacks a column or cannot be read.
        """
        told = statements if truth is None else pl.concat((statements, _from_truth(truth)))
        self._payments = payments.select("event_id", "user_id", "merchant_id", "time_ms").with_row_index("payment")
        # A payment cannot be known before it is made, whatever a table says.
        direct = (
            told.with_row_index("place")
            .filter(about="event")
            .join(self._payments, left_on="subject_id", right_on="event_id", how="inner", suffix="_made")
        )
        self._direct = direct.with_columns(pl.max_horizontal("arrived_ms", "time_ms_made").alias("arrived_ms"))
        self._about = {about: told.filter(about=about) for about in REACHES}

    def labels_at(self, moment_ms: int) -> Arrived:
        """What was known at a moment; of several statements about one payment the last one stands."""
        n = self._payments.height
        last = (
            self._direct.filter(pl.col("arrived_ms") <= moment_ms)
            .sort("arrived_ms", "place")
            .unique("payment", keep="last", maintain_order=True)
            .filter(pl.col("label") != "unsure")
        )
        place = last["payment"].to_numpy()
        label = np.full(n, UNLABELLED, dtype=np.int8)
        label[place] = np.where(last["label"] == "cash_out", CASH_OUT, GENUINE)
        weight, arrived = np.zeros(n), np.full(n, -1, dtype=np.int64)
        weight[place] = last["grade"].replace_strict(GRADE_WEIGHTS, default=1.0, return_dtype=pl.Float64).to_numpy()
        arrived[place] = last["arrived_ms"].to_numpy()
        source = pl.Series("source", [None], pl.String).new_from_index(0, n).scatter(place, last["source"])
        suspicion = np.zeros(n)
        for about in REACHES:
            which = self._reached(about, moment_ms)
            suspicion[which] = np.maximum(suspicion[which], REACHES[about].weight)
        suspicion[label != UNLABELLED] = 0
        return Arrived(label, weight, suspicion, arrived, source)

    def _reached(self, about: str, moment_ms: int) -> NDArray[np.intp]:
        """Payments that statements about users, merchants or bills reach; of several on one subject the last stands."""
        known = self._about[about].filter(pl.col("arrived_ms") <= moment_ms)
        last = known.unique("subject_id", keep="last", maintain_order=True).filter(pl.col("label") == "cash_out")
        found = self._payments.join(last, left_on=_KEYS[about], right_on="subject_id", how="inner", suffix="_told")
        before = pl.col("time_ms_told") - pl.col("time_ms")
        return (
            found.filter((before >= 0) & (before <= REACHES[about].days * DAY_MS))["payment"].to_numpy().astype(np.intp)
        )


def _from_truth(truth: pl.DataFrame) -> pl.DataFrame:
    """A truth table as statements: of each payment that becomes known its label as it was observed."""
    need_columns(truth, ("event_id", "label", "known_at"), "truth")
    known = choose_labels(truth, "arrived", np.iinfo(np.int64).max).frame
    at = truth.select("event_id", arrived_ms=_ms(truth), source=_source(truth))
    return (
        known.join(at, on="event_id", how="left", maintain_order="left")
        .select(
            "arrived_ms",
            pl.col("arrived_ms").alias("time_ms"),
            pl.lit("event").alias("about"),
            pl.col("event_id").alias("subject_id"),
            pl.when("bad").then(pl.lit("cash_out")).otherwise(pl.lit("genuine")).alias("label"),
            "source",
            pl.lit(None, pl.String).alias("grade"),
        )
        .cast(STATEMENTS)
    )


def _ms(truth: pl.DataFrame) -> pl.Expr:
    known = pl.col("known_at")
    return known.dt.epoch("ms") if isinstance(truth.schema["known_at"], pl.Datetime) else known.cast(pl.Int64)


def _source(truth: pl.DataFrame) -> pl.Expr:
    return pl.col("observed_source").cast(pl.String) if "observed_source" in truth.columns else pl.lit("truth table")
