"""The feed: what the platform tells of its day, in order of arrival, with the faults that real feeds have.

Events leave in pieces of bounded size as they are told. What is decided on comes in live; reports of other systems are
sometimes late, clocks differ a little, a message is sometimes sent twice, and a device is sometimes not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from bonafide.core.fields import FIELDS
from bonafide.core.moment import HOUR_MS, MINUTE_MS, SECOND_MS
from bonafide.lab.simulate.clock import Clock
from bonafide.lab.simulate.streams import Stream

CURRENCY: Final = "CNY"
PIECE_EVENTS: Final = 65_536
"""Events held before they leave."""
LATE_FRACTION: Final = 0.014
"""Of the reports: about one event in a hundred of the log."""
LATE_MIN_MS: Final = HOUR_MS
TWICE_FRACTION: Final = 0.001
"""Messages sent twice; the second is the first again, to the letter."""
SKEW_MS: Final = 400
"""How much the clocks of reporting systems differ, as a standard deviation."""

REPORTS: Final = frozenset({"login", "payment_status", "shipment", "traffic", "complaint"})
"""Types that come from other systems."""
COLUMNS: Final = {
    "payment": ("event_id", "time", "user_id", "merchant_id", "order_id", "amount", "currency", "credit_limit",
                "credit_used", "device_id", "ip", "address_id", "pay_with", "category", "goods", "channel",
                "instalments", "traffic_source"),
    "payment_status": ("event_id", "time", "payment_id", "order_id", "user_id", "merchant_id", "status"),
    "refund": ("event_id", "time", "order_id", "user_id", "merchant_id", "amount", "currency", "to", "account_id"),
    "shipment": ("event_id", "time", "order_id", "merchant_id", "user_id", "status", "tracking_no", "carrier",
                 "address_id", "weight_g"),
    "payout": ("event_id", "time", "merchant_id", "account_id", "amount", "currency", "speed"),
    "transfer": ("event_id", "time", "from_account_id", "to_account_id", "amount", "currency"),
    "account_link": ("event_id", "time", "account_id", "owner_type", "owner_id"),
    "registration": ("event_id", "time", "user_id", "phone_id", "device_id", "ip", "address_id", "invited_by"),
    "repayment": ("event_id", "time", "user_id", "amount", "currency", "status", "due_time", "days_past_due",
                  "account_id"),
    "credit_line": ("event_id", "time", "user_id", "limit", "currency", "reason"),
    "login": ("event_id", "time", "subject_type", "subject_id", "device_id", "ip", "success"),
    "merchant_application": ("event_id", "time", "merchant_id", "legal_name", "registration_no", "representative_id",
                             "category", "address", "account_id", "phone_id", "opened_on", "documents"),
    "promotion": ("event_id", "time", "merchant_id", "amount", "currency", "kind"),
    "traffic": ("event_id", "time", "merchant_id", "views", "visits", "from_time", "to_time"),
    "complaint": ("event_id", "time", "user_id", "merchant_id", "order_id", "kind"),
    "verdict": ("event_id", "time", "subject_type", "subject_id", "label", "source", "grade", "user_id",
                "merchant_id"),
}  # fmt: skip
"""Type -> fields, in the order in which a row gives them."""
_PREFIX: Final = {
    "payment": "p", "payment_status": "ps", "refund": "rf", "shipment": "sh", "payout": "po", "transfer": "tr",
    "account_link": "al", "registration": "rg", "repayment": "rp", "credit_line": "cl", "login": "lg",
    "merchant_application": "ma", "promotion": "pr", "traffic": "tf", "complaint": "cp", "verdict": "vd",
}  # fmt: skip
_WHOLE: Final = {"integer", "money", "moment"}
_PAPERS: Final = pl.List(pl.Struct({"kind": pl.String(), "id": pl.String()}))


def _dtype_of(field: str) -> pl.DataType:
    match FIELDS[field].kind:
        case "flag":
            return pl.Boolean()
        case "list":
            return _PAPERS
        case kind:
            return pl.Int64() if kind in _WHOLE else pl.String()


class Feed:
    """Takes events as they are told and gives them out in pieces."""

    def __init__(self, clock: Clock, rng: Stream) -> None:
        self._clock = clock
        self._random = rng.random
        self._gauss = rng.gauss
        self._log = rng.lognormvariate
        self._rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in COLUMNS}
        self._places: dict[str, list[int]] = {kind: [] for kind in COLUMNS}
        self._numbers = dict.fromkeys(COLUMNS, 0)
        self._count = 0
        self._ready: list[pl.DataFrame] = []
        self.schema = pl.Schema(
            {"type": pl.String()}
            | {f: _dtype_of(f) for f in FIELDS if any(f in columns for columns in COLUMNS.values())}
        )
        """Columns of the log."""

    def tell(self, kind: str, time: int, *values: Any) -> str:
        """Tell of an event of now or of a moment ago, its fields but event_id and time in COLUMNS' order; its id."""
        number = self._numbers[kind]
        self._numbers[kind] = number + 1
        event_id = f"{_PREFIX[kind]}{number}"
        random = self._random()
        if kind in REPORTS:
            time += int(self._gauss(0.0, SKEW_MS))
            if random < LATE_FRACTION:
                delay = LATE_MIN_MS + int(self._log(1.1, 1.0) * HOUR_MS)
                self._clock.at(self._clock.now + delay, self._take, kind, (event_id, time, *values))
                return event_id
        row = (event_id, time, *values)
        if random > 1.0 - TWICE_FRACTION:
            self._clock.at(self._clock.now + SECOND_MS + int(random * 1e9) % (10 * MINUTE_MS), self._take, kind, row)
        self._take(kind, row)
        return event_id

    def _take(self, kind: str, row: tuple[Any, ...]) -> None:
        self._rows[kind].append(row)
        self._places[kind].append(self._count)
        self._count += 1
        if self._count == PIECE_EVENTS:
            self._pack()

    def _pack(self) -> None:
        if not self._count:
            return
        parts = []
        for kind, rows in self._rows.items():
            if rows:
                names = COLUMNS[kind]
                columns = dict(zip(names, zip(*rows, strict=True), strict=True))
                schema = {name: self.schema[name] for name in names}
                parts.append(
                    pl.DataFrame(columns, schema=schema).with_columns(
                        pl.lit(kind).alias("type"), pl.Series("place", self._places[kind])
                    )
                )
                rows.clear()
                self._places[kind].clear()
        self._count = 0
        self._ready.append(pl.concat(parts, how="diagonal").sort("place").select(self._present(parts)))

    def _present(self, parts: list[pl.DataFrame]) -> list[pl.Expr]:
        held = {name for part in parts for name in part.columns}
        return [
            pl.col(name) if name in held else pl.lit(None, dtype).alias(name) for name, dtype in self.schema.items()
        ]

    def leave(self, *, all_of_it: bool = False) -> Iterator[pl.DataFrame]:
        """The pieces that are full; at the end what is left, too."""
        if all_of_it:
            self._pack()
        while self._ready:
            yield self._ready.pop(0)
