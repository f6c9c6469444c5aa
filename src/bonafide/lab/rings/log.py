"""What a log says up to a moment about who paid whom and who used what; nothing later than the moment is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from bonafide.core.errors import UsageError
from bonafide.lab.inputs import Chunk
from bonafide.lab.uses import USE, uses_in, with_columns_of

PAYMENTS_MAX: Final = 20_000_000
"""Credit payments held in memory, at most."""

_PAYMENT: Final = {
    "event_id": pl.String, "time": pl.Int64, "user_id": pl.String, "merchant_id": pl.String, "amount": pl.Int64,
    "currency": pl.String, "credit_limit": pl.Int64,
}  # fmt: skip
_VERDICT: Final = {
    "event_id": pl.String, "time": pl.Int64, "subject_type": pl.String, "subject_id": pl.String, "label": pl.String,
    "user_id": pl.String, "merchant_id": pl.String,
}  # fmt: skip
_SAME_USE: Final = [name for name in USE if name != "time"]
_UNDONE: Final = ("cancelled", "reversed")


class Known(NamedTuple):
    """What was known at a moment."""

    until_ms: int
    payments: pl.DataFrame
    """Credit payments of the look-back that were neither cancelled nor reversed by then: `time`, `user_id`,
    `merchant_id`, `amount`, `currency`, `credit_limit` (null where the payment did not say)."""
    uses: pl.DataFrame
    """Each once: `subject_type` (user, merchant), `subject_id`, `kind` (of KINDS), `resource_id`."""
    verdicts: pl.DataFrame
    """All verdicts up to the moment in the order in which they were told: `time`, `subject_type`, `subject_id`,
    `label`, `user_id`, `merchant_id`."""


class LogUntil:
    """Feed it the chunks of a log, then ask what was `known`.

    `until_ms` is None for the end of the log. Standing facts (whose account, whose phone) and verdicts count from all
    of the log before the moment, everything else from the `over_ms` before it. Of events with one id the first counts.
    Raises UsageError when the payments are more than PAYMENTS_MAX.
    """

    def __init__(self, until_ms: int | None, over_ms: int) -> None:
        self._until_ms = until_ms
        self._over_ms = over_ms
        self._latest_ms: int | None = None
        self._payments: list[pl.DataFrame] = []
        self._undone: list[pl.Series] = []
        self._uses: list[pl.DataFrame] = []
        self._verdicts: list[pl.DataFrame] = []
        self._held = 0

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk in."""
        frame = chunk.frame if self._until_ms is None else chunk.frame.filter(pl.col("time") <= self._until_ms)
        if chunk.truth is not None:
            self._verdicts.append(_of_truth(chunk.truth))
        if frame.is_empty():
            return
        latest = frame["time"].max()
        assert isinstance(latest, int)
        self._latest_ms = latest if self._latest_ms is None else max(latest, self._latest_ms)
        self._payments.append(self._credit_payments(frame))
        self._verdicts.append(with_columns_of(frame.filter(pl.col("type") == "verdict"), _VERDICT))
        if "payment_id" in frame.columns and "status" in frame.columns:
            undone = frame.filter((pl.col("type") == "payment_status") & pl.col("status").is_in(_UNDONE))
            self._undone.append(undone["payment_id"])
        self._uses.append(_uses(frame))

    def known(self) -> Known:
        """What was known at the moment; the end of a log without any event is the beginning of 1970."""
        until_ms = (self._latest_ms or 0) if self._until_ms is None else self._until_ms
        recent = pl.col("time") > until_ms - self._over_ms
        undone = pl.concat([pl.Series("payment_id", [], pl.String), *self._undone]).unique()
        payments = _stacked(self._payments, _PAYMENT).unique("event_id", keep="first", maintain_order=True)
        payments = payments.filter(recent & ~pl.col("event_id").is_in(undone.implode()))
        uses = _stacked(self._uses, USE).filter(recent | pl.col("standing"))
        uses = uses.select("subject_type", "subject_id", "kind", "resource_id").unique()
        verdicts = _stacked(self._verdicts, _VERDICT).unique("event_id", keep="first", maintain_order=True)
        verdicts = verdicts.filter(pl.col("time") <= until_ms).sort("time", maintain_order=True)
        return Known(until_ms, payments.drop("event_id"), uses, verdicts.drop("event_id"))

    def _credit_payments(self, frame: pl.DataFrame) -> pl.DataFrame:
        paid = frame.filter(pl.col("type") == "payment")
        if "pay_with" in paid.columns:
            paid = paid.filter(pl.col("pay_with").fill_null("credit") == "credit")
        if self._until_ms is not None:
            paid = paid.filter(pl.col("time") > self._until_ms - self._over_ms)
        self._held += paid.height
        if self._held > PAYMENTS_MAX:
            told = f"the look-back has more than {PAYMENTS_MAX:,} credit payments"
            raise UsageError(f"{told}; give --until and a shorter --over")
        return with_columns_of(paid, _PAYMENT)


def _uses(frame: pl.DataFrame) -> pl.DataFrame:
    """Who used what in a piece of the log, each use once with its latest time."""
    return uses_in(frame).group_by(_SAME_USE, maintain_order=True).agg(pl.col("time").max())


def _of_truth(truth: pl.DataFrame) -> pl.DataFrame:
    """The labels of a mapped file as verdicts, at the moments at which they became known."""
    cash_out = pl.when(pl.col("label") == 1).then(pl.lit("cash_out")).otherwise(pl.lit("genuine"))
    return truth.select(
        ("verdict:" + pl.col("event_id")).alias("event_id"),
        pl.col("known_at").alias("time"),
        pl.lit("event").alias("subject_type"),
        pl.col("event_id").alias("subject_id"),
        cash_out.alias("label"),
        "user_id",
        "merchant_id",
    )


def _stacked(frames: Sequence[pl.DataFrame], columns: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=columns), *frames])
