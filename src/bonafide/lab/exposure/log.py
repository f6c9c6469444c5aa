"""What a log says about open credit and the flow of funds, with when each record had arrived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from bonafide.core.errors import UsageError
from bonafide.lab.inputs import Chunk
from bonafide.lab.uses import with_columns_of

PAYMENTS_MAX: Final = 40_000_000
"""Payments held in memory, at most."""

ROW: Final = {"row": pl.Int64, "arrived": pl.Int64, "time": pl.Int64}
_COLUMNS: Final[dict[str, dict[str, type[pl.DataType]]]] = {
    "payment": {
        "event_id": pl.String, "user_id": pl.String, "merchant_id": pl.String, "order_id": pl.String,
        "amount": pl.Int64, "currency": pl.String, "pay_with": pl.String, "credit_used": pl.Int64,
        "credit_limit": pl.Int64, "goods": pl.String, "channel": pl.String,
    },
    "payment_status": {"event_id": pl.String, "payment_id": pl.String, "status": pl.String},
    "refund": {
        "event_id": pl.String, "order_id": pl.String, "user_id": pl.String, "merchant_id": pl.String,
        "amount": pl.Int64, "currency": pl.String, "to": pl.String,
    },
    "repayment": {
        "event_id": pl.String, "user_id": pl.String, "amount": pl.Int64, "currency": pl.String, "status": pl.String,
    },
    "payout": {
        "event_id": pl.String, "merchant_id": pl.String, "amount": pl.Int64, "currency": pl.String, "speed": pl.String,
    },
    "shipment": {"event_id": pl.String, "order_id": pl.String, "merchant_id": pl.String, "status": pl.String},
    "complaint": {"event_id": pl.String, "merchant_id": pl.String},
    "promotion": {"event_id": pl.String, "merchant_id": pl.String},
    "traffic": {"event_id": pl.String, "merchant_id": pl.String, "visits": pl.Int64},
    "verdict": {
        "event_id": pl.String, "subject_type": pl.String, "subject_id": pl.String, "label": pl.String,
        "merchant_id": pl.String,
    },
}  # fmt: skip
_MONEY: Final = ("payment", "refund", "repayment", "payout")


@dataclass(frozen=True, slots=True)
class Known:
    """What had arrived by a moment: a frame for each type of event, each event once, in log order.

    Besides its fields each has `row` (place in the log), `arrived` (ms) and `time` (ms). Amounts are in `currency`;
    records in others are left out and counted.
    """

    as_of_ms: int
    currency: str | None
    left_out: int
    frames: dict[str, pl.DataFrame]

    def __getitem__(self, kind: str) -> pl.DataFrame:
        """The frame of one type of event."""
        return self.frames[kind]


def arrived_of(frame: pl.DataFrame, latest_ms: int | None) -> pl.Series:
    """When the records of a piece of a log had arrived, ms; `latest_ms` is the latest time before it."""
    return frame.select(pl.max_horizontal(pl.col("time").cum_max(), pl.lit(latest_ms or 0)).cast(pl.Int64)).to_series()


class CreditLog:
    """Feed it the chunks of a log, then ask what was known `until` any moment.

    A log stands in the order of arrival and does not say when a record came. It came no earlier than any record before
    it, so the latest time seen so far is taken for that: a late record is not known before it stands in the log.
    """

    def __init__(self) -> None:
        self._parts: dict[str, list[pl.DataFrame]] = {kind: [] for kind in _COLUMNS}
        self._whole: dict[str, pl.DataFrame] | None = None
        self._rows = self._payments = 0
        self._latest_ms: int | None = None

    @property
    def latest_ms(self) -> int | None:
        """The latest time of any record; None before there is one."""
        return self._latest_ms

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk in. UsageError beyond PAYMENTS_MAX payments."""
        if chunk.frame.is_empty():
            return
        frame = chunk.frame.with_columns(
            row=pl.int_range(self._rows, self._rows + chunk.frame.height, dtype=pl.Int64),
            arrived=arrived_of(chunk.frame, self._latest_ms),
        )
        self._rows += frame.height
        latest = frame["arrived"][-1]
        self._latest_ms = latest if self._latest_ms is None else max(latest, self._latest_ms)
        self._whole = None
        for kind, columns in _COLUMNS.items():
            told = frame.filter(pl.col("type") == kind)
            if not told.is_empty():
                self._parts[kind].append(with_columns_of(told, {**ROW, **columns}))
                self._payments += told.height * (kind == "payment")
        if self._payments > PAYMENTS_MAX:
            raise UsageError(f"the log has more than {PAYMENTS_MAX:,} payments; give a part of it")

    def until(self, as_of_ms: int | None = None) -> Known:
        """What had arrived by a moment; None is the end of the log."""
        if self._whole is None:
            self._whole = {
                kind: pl.concat([pl.DataFrame(schema={**ROW, **_COLUMNS[kind]}), *parts]).unique(
                    "event_id", keep="first", maintain_order=True
                )
                for kind, parts in self._parts.items()
            }
            self._parts = {kind: [frame] for kind, frame in self._whole.items()}
        moment = (self._latest_ms or 0) if as_of_ms is None else as_of_ms
        arrived = (pl.col("arrived") <= moment) & (pl.col("time") <= moment)
        frames = {kind: frame.filter(arrived) for kind, frame in self._whole.items()}
        counts = frames["payment"]["currency"].value_counts().sort("count", "currency", descending=[True, False])
        currency = counts["currency"][0] if counts.height else None
        left_out = 0
        for kind in _MONEY:
            kept = frames[kind].filter(pl.col("currency") == pl.lit(currency or ""))
            left_out += frames[kind].height - kept.height
            frames[kind] = kept
        return Known(moment, currency, left_out, frames)
