"""A simulated platform: its log as events that move money, and which of its loops can be followed at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from bonafide.core.events import Event
from bonafide.lab.base_rates import EVENTS
from bonafide.lab.log_files import scan_log

MONEY: Final = ("payment", "payment_status", "refund", "payout", "transfer", "account_link", "repayment")
"""Types that funds read."""
_ROWS: Final = 20_000


def money_events(folder: Path) -> list[Event]:
    """Those events of a run that funds read, each once, in the order of arrival."""
    return list(_events(scan_log(folder / EVENTS).filter(pl.col("type").is_in(MONEY)).collect()))


def _events(log: pl.DataFrame) -> Iterator[Event]:
    for part in log.unique("event_id", keep="first", maintain_order=True).iter_slices(_ROWS):
        for row in part.iter_rows(named=True):
            told: dict[str, Any] = {name: value for name, value in row.items() if value is not None}
            event: Event = msgspec.convert(told, Event)
            yield event


def followable(loops: pl.DataFrame, hops_max: int, age_ms: int) -> pl.DataFrame:
    """Rows of loops.parquet that somebody who follows money could find: seen to the end, through accounts, at least
    half home, in time, and in no more hops than the law follows.

    A payout to the shop's own account is no hop, so the go-betweens and the last step are what counts. Of money
    that came in two parts the moment is that of the last. Rows that are `advanced` are kept, to be counted apart.
    """
    took = (pl.col("returned_at") - pl.col("paid_at")).dt.total_milliseconds()
    return loops.filter(
        pl.col("visible") & (pl.col("via") == "loop") & (2 * pl.col("returned") >= pl.col("amount"))
        & (took < age_ms) & (pl.col("go_betweens") + 1 <= hops_max)
    )  # fmt: skip
