"""An exposure report put together: sums by group, reserves, stress."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.lab.exposure.calibration import TOTAL, Span
from bonafide.lab.exposure.flow import Flow, stability_of
from bonafide.lab.exposure.groups import Grouping, largest_name, sums
from bonafide.lab.exposure.ledger import Ints, Ledger, Standing
from bonafide.lab.exposure.log import Known
from bonafide.lab.exposure.told import Amount, Exposure, Group, MerchantRow, Stress, Warned

RESERVE_DAYS: Final = 60
LARGEST: Final = (1, 5, 10, 25)
RINGS_STRESSED: Final = 5
DAYS_SHOWN: Final = 90
UNDELIVERED_DAYS: Final = 30
"""A parcel that has not arrived after so many days is taken for one of which nothing was told."""
MILLION: Final = 1_000_000

MONTH: Final = "month"
FIRST_SALE: Final = "first_sale"
MERCHANT: Final = "merchant"
RING: Final = "ring"


class Said(NamedTuple):
    """What a report says besides its sums."""

    horizons_days: tuple[int, ...]
    bundle: str | None
    stretch: dict[str, float]
    missing: str | None
    """Why there is no forecast."""
    warned: tuple[Warned, ...] | None


def _amount(one: Span, place: int, less: float = 0.0) -> Amount:
    return Amount(*(max(0, round(float(part[place]) - less)) for part in one))


class Report:
    """Puts a report together."""

    def __init__(
        self, known: Known, ledger: Ledger, standing: Standing, groupings: dict[str, Grouping],
        told: dict[str, list[Span]], flow: Flow, said: Said,
    ) -> None:  # fmt: skip
        self.known, self.ledger, self.standing, self.groupings = known, ledger, standing, groupings
        self.told, self.flow, self.said = told, flow, said
        self.groups = {name: self._groups(name) for name in groupings}
        self.held = self._by_merchant(flow.held, "held")
        self.undelivered = sums(self._undelivered(), ledger.merchant, len(ledger.merchants))
        place = [n for n, days in enumerate(said.horizons_days) if days <= RESERVE_DAYS]
        self.reserve_at = place[-1] if place else 0

    def exposure(self) -> Exposure:
        """All of it."""
        ledger, standing = self.ledger, self.standing
        owing = ledger.by_payer(standing.open) > 0
        before = standing.open[ledger.merchant < 0]
        days = self.flow.days.tail(DAYS_SHOWN).select("day", "sold", "paid_out", "repaid", "held")
        rings = sorted((one for one in self.groups[RING] if one.open), key=lambda one: -one.open)
        return Exposure(
            show_moment(self.known.as_of_ms), self.known.currency, self.said.horizons_days, int(standing.open.sum()),
            int(standing.missed.sum()), int(before.sum()), int((standing.open > 0).sum()), len(ledger.payers),
            int(owing.sum()), self.known.left_out, self._losses(TOTAL, 0), self.said.stretch, self.said.missing,
            tuple(one for one in self.groups[MONTH] if one.open),
            tuple(one for one in self.groups[FIRST_SALE] if one.open), tuple(rings), self._merchant_rows(),
            self.said.horizons_days[self.reserve_at], self._stress(rings), stability_of(self.flow)._asdict(),
            tuple(days.iter_rows()), self.said.bundle, self.said.warned,
        )  # fmt: skip

    def merchants(self) -> pl.DataFrame:
        """The table of merchants."""
        rows = self._merchant_rows()
        frame: dict[str, list[object]] = {
            "merchant_id": [row.group.name for row in rows], "open": [row.group.open for row in rows],
            "missed": [row.group.missed for row in rows], "payers": [row.group.payers for row in rows],
            "held": [row.held for row in rows], "undelivered": [row.undelivered for row in rows],
            "ring": [row.ring for row in rows], "reserve_millionths": [row.reserve.mean for row in rows],
            "reserve_low_millionths": [row.reserve.low for row in rows],
            "reserve_high_millionths": [row.reserve.high for row in rows],
        }  # fmt: skip
        for place, days in enumerate(self.said.horizons_days if self.told else ()):
            for part in ("mean", "low", "high"):
                frame[f"loss_{days}d_{part}"] = [getattr(row.group.losses[place], part) for row in rows]
        return pl.DataFrame(frame, schema_overrides={"ring": pl.String, "merchant_id": pl.String})

    def _losses(self, name: str, group: int) -> tuple[Amount, ...]:
        return tuple(_amount(one, group) for one in self.told.get(name, ()))

    def _groups(self, name: str) -> tuple[Group, ...]:
        of, names, _ = self.groupings[name]
        size = len(names)
        opened, missed = (sums(values, of, size) for values in self.standing)
        some = (self.standing.open > 0) & (of >= 0)
        debts = np.bincount(of[some], minlength=size)
        pairs = np.unique(np.column_stack([of[some], self.ledger.payer[some]]), axis=0)
        payers = np.bincount(pairs[:, 0], minlength=size)
        drawn = len(self.told[name][0].mean) if name in self.told else 0
        return tuple(
            Group(
                names[n], int(opened[n]), int(missed[n]), int(debts[n]), int(payers[n]),
                self._losses(name, n) if n < drawn else tuple(Amount(0, 0, 0) for _ in self.told.get(name, ())),
            )
            for n in range(size)
        )  # fmt: skip

    def _merchant_rows(self) -> tuple[MerchantRow, ...]:
        ring = self._ring_of_merchant()
        rows = []
        for n, group in enumerate(self.groups[MERCHANT]):
            if not group.open:
                continue
            loss = group.losses[self.reserve_at] if group.losses else Amount(0, 0, 0)
            rate = Amount(*(min(MILLION, part * MILLION // group.open) for part in (loss.mean, loss.low, loss.high)))
            name = self.groupings[RING].names[ring[n]] if ring[n] >= 0 else None
            rows.append(MerchantRow(group, int(self.held[n]), int(self.undelivered[n]), rate, name))
        return tuple(sorted(rows, key=lambda row: (-row.group.open, row.group.name)))

    def _stress(self, rings: list[Group]) -> tuple[Stress, ...]:
        """The largest merchants vanish; and each of the rings with most open."""
        opened = sums(self.standing.open, self.ledger.merchant, len(self.ledger.merchants))
        order = np.argsort(-opened, kind="stable")
        told = [
            self._vanish(largest_name(n), order[:n], self.groups[largest_name(n)][0])
            for n in LARGEST
            if n <= order.size
        ]
        ring = self._ring_of_merchant()
        for one in rings[:RINGS_STRESSED]:
            place = self.groupings[RING].names.index(one.name)
            told.append(self._vanish(one.name, np.flatnonzero(ring == place), one))
        return tuple(told)

    def _ring_of_merchant(self) -> Ints:
        of = self.groupings[RING].of_merchant
        return np.full(len(self.ledger.merchants), -1, np.int64) if of is None else of

    def _vanish(self, name: str, who: Ints, group: Group) -> Stress:
        """`group` is what is open there; of a ring also what its users owe elsewhere."""
        held, never = int(self.held[who].sum()), int(self.undelivered[who].sum())
        last = group.losses[self.reserve_at] if group.losses else Amount(0, 0, 0)
        # What is lost anyway of parcels that never come must not count twice.
        rest = (group.open - never) / max(group.open, 1)
        expected = Amount(*(max(0, round(never + part * rest) - held) for part in (last.mean, last.low, last.high)))
        return Stress(name, who.size, group.open, held, max(0, group.open - held), expected)

    def _undelivered(self) -> Ints:
        """Of each open debt, what is for a parcel that was to come and has not, (debts,)."""
        recent = self.known["payment"].filter(
            (pl.col("time") > self.known.as_of_ms - UNDELIVERED_DAYS * DAY_MS)
            & (pl.col("goods") == "physical") & ~pl.col("channel").fill_null("app").is_in(["qr", "pos"])
        )  # fmt: skip
        there = self.known["shipment"].filter(pl.col("status") == "delivered").select("order_id")
        waiting = set(recent.join(there, on="order_id", how="anti")["event_id"].to_list())
        of_debt = np.fromiter((event in waiting for event in self.ledger.payment), np.bool_, self.ledger.payment.size)
        return np.where(of_debt, self.standing.open, 0)

    def _by_merchant(self, frame: pl.DataFrame, column: str) -> Ints:
        told = pl.DataFrame({"merchant_id": self.ledger.merchants}, schema={"merchant_id": pl.String})
        joined = told.join(frame, on="merchant_id", how="left", maintain_order="left")
        return np.array(joined[column].fill_null(0), np.int64)
