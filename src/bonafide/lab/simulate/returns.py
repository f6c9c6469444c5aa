"""What came back to payers and how, complete and kept apart from the log: of cash-out, and of honest money like it.

A row tells of one payment: how much of it, or of what was given for it, has come back to whoever made it, and which
events of the log its way consists of. Money that is still on its way, or that never arrives, has no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

if TYPE_CHECKING:
    from bonafide.lab.simulate.rails import Payment

MOMENT: Final = pl.Datetime("ms", "UTC")
LOOPS: Final = pl.Schema({
    "payment_event_id": pl.String(), "user_id": pl.String(), "merchant_id": pl.String(), "ring_id": pl.String(),
    "typology": pl.String(), "paid_at": MOMENT, "amount": pl.Int64(), "returned": pl.Int64(), "returned_at": MOMENT,
    "hops": pl.Int64(), "go_betweens": pl.Int64(), "visible": pl.Boolean(), "advanced": pl.Boolean(),
    "via": pl.String(), "to": pl.String(), "events": pl.List(pl.String()),
})  # fmt: skip
"""Columns of loops.parquet."""
FLOWS: Final = pl.Schema({
    "kind": pl.String(), "payment_event_id": pl.String(), "user_id": pl.String(), "merchant_id": pl.String(),
    "paid_at": MOMENT, "amount": pl.Int64(), "returned": pl.Int64(), "returned_at": MOMENT, "hops": pl.Int64(),
    "go_betweens": pl.Int64(), "to": pl.String(), "events": pl.List(pl.String()),
})  # fmt: skip
"""Columns of flows.parquet."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Money that has just arrived at the payer."""

    amount: int
    events: tuple[str, ...] = ()
    """Ids of the moves of money that the platform saw on its way, in their order."""
    go_betweens: int = 0
    """Accounts of others that it passed."""
    via: str = "loop"
    """`loop` through accounts, `refund`, or by `hand`."""
    to: str = "bank"
    """Where it arrived: `bank`, `balance` or `cash`."""
    visible: bool = True
    """Whether the platform saw every step."""
    advanced: bool = False
    """Whether the shop gave it before it had been paid out what the payment brought."""


class Returns:
    """One row for each payment of which something came back; what comes in parts adds up."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, str], dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, payment: Payment, kind: str, arrival: Arrival, moment: int) -> None:
        """Money for a payment arrives at `moment`, ms; of one payment and kind, `via` and `to` are the first's."""
        key = payment.number, kind
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = _row(payment, kind, arrival, moment)
            return
        row["returned"] += arrival.amount
        row["returned_at"] = moment
        row["hops"] = max(row["hops"], len(arrival.events))
        row["go_betweens"] = max(row["go_betweens"], arrival.go_betweens)
        row["visible"] &= arrival.visible
        row["advanced"] |= arrival.advanced
        row["events"] += [event for event in arrival.events if event not in row["events"]]

    def frame(self, schema: pl.Schema) -> pl.DataFrame:
        """The rows in the order of the payments, with the columns of `LOOPS` or `FLOWS`."""
        rows = [self._rows[key] for key in sorted(self._rows)]
        moments = {name: pl.Int64() if kind == MOMENT else kind for name, kind in schema.items()}
        columns = {name: [row[name] for row in rows] for name in schema}
        return pl.DataFrame(columns, schema=moments).cast(schema)


def _row(payment: Payment, kind: str, arrival: Arrival, moment: int) -> dict[str, Any]:
    return {
        "payment_event_id": payment.id,
        "user_id": payment.user.id,
        "merchant_id": payment.shop.id,
        "ring_id": f"ring{payment.tag.ring}",
        "typology": kind,
        "kind": kind,
        "paid_at": payment.time,
        "amount": payment.amount,
        "returned": arrival.amount,
        "returned_at": moment,
        "hops": len(arrival.events),
        "go_betweens": arrival.go_betweens,
        "visible": arrival.visible,
        "advanced": arrival.advanced,
        "via": arrival.via,
        "to": arrival.to,
        "events": [payment.id, *arrival.events],
    }
