"""Fail modes: what the platform is advised to do with an event when no decision on it is durable by the deadline.

It is advice, not a decision: it is given without looking at anything that is remembered, and the event may still be
decided on, which a retry then tells. What lets money through is bounded by amount, and by user and local day; who gives
the advice keeps that count, so that everything here stays a function of its arguments. A bundle that says nothing has
everything held: nothing is ever allowed in silence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from bonafide.core.decision import OUTCOMES, Outcome
from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.core.moment import DAY_MS, MINUTE_MS, SECOND_MS, SPAN_PATTERN, parse_span, show_span
from bonafide.core.money import AMOUNT_MAX
from bonafide.engine.bundles.shapes import Path
from bonafide.engine.compiled import Rate, Settings

DEADLINE_MS: Final = SECOND_MS
"""Unless the policy says otherwise."""
DEADLINE_MIN_MS: Final = 10
DEADLINE_MAX_MS: Final = MINUTE_MS
CAREFUL: Final[Outcome] = "hold"
"""What is advised where the policy says nothing, and beyond the cap: it stops the event, and ends by itself."""
LETS_THROUGH: Final[tuple[Outcome, ...]] = ("allow", "warn")
TYPES: Final = tuple(name for name, cls in EVENT_CLASS.items() if cls.decided)
"""The types that are decided on."""
_CAPPED: Final = frozenset(name for name in TYPES if "user_id" in EVENT_CLASS[name].__struct_fields__)
_PRICED: Final = frozenset(name for name in TYPES if "amount" in EVENT_CLASS[name].__struct_fields__)

Deadline = Annotated[
    str,
    Meta(pattern=f"^{SPAN_PATTERN}$", description="a span: a whole number and a unit, such as 500ms, 1s or 3s"),
]
Minor = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description=f"a whole number of minor units from 0 to {AMOUNT_MAX:,}")]


class AmountBand(Struct, frozen=True, forbid_unknown_fields=True):
    """From this amount on, this outcome."""

    from_: Minor = msgspec.field(name="from")
    outcome: Literal["allow", "warn", "verify", "hold"]


class DeclaredFailModes(Struct, frozen=True, forbid_unknown_fields=True):
    """`fail_modes` of the policy file: for each type that is decided on its bands, in rising order, the first from 0; a
    type without bands is held."""

    deadline: Deadline = show_span(DEADLINE_MS)
    allow_per_user_day: Minor | None = None
    payment: tuple[AmountBand, ...] | None = None
    refund: tuple[AmountBand, ...] | None = None
    payout: tuple[AmountBand, ...] | None = None
    transfer: tuple[AmountBand, ...] | None = None
    merchant_application: tuple[AmountBand, ...] | None = None

    def bands_of(self, kind: str) -> tuple[AmountBand, ...] | None:
        """The bands of an event type; None where the file gives none."""
        bands: tuple[AmountBand, ...] | None = getattr(self, kind)
        return bands


class Advice(NamedTuple):
    """What the platform is advised."""

    outcome: Outcome
    hold_ms: int | None
    """For a hold: how long after the event it ends by itself."""
    counted: int = 0
    """What to add to what the user was let through today, in minor units of the bundle's currency."""


class FailModes(NamedTuple):
    """A bundle's fail modes, ready to be asked."""

    deadline_ms: int = DEADLINE_MS
    bands: Mapping[str, tuple[tuple[int, Outcome], ...]] = MappingProxyType({})
    """By event type, rising: from which amount on, which outcome."""
    allow_per_user_day: int = 0
    hold_ms: int = DAY_MS
    currency: str = ""
    rates: tuple[Rate, ...] = ()
    offset_ms: int = 0

    def day_of(self, time_ms: int) -> int:
        """The number of the bundle's local day, by which what users were let through is counted."""
        return (time_ms + self.offset_ms) // DAY_MS

    def advice(self, event: Fact, allowed_today: int = 0) -> Advice | None:
        """What to advise on an event; None for a type that is not decided on.

        allowed_today: what this user was let through without a decision on the event's local day, in minor units of the
        bundle's currency. An amount in a currency without a rate counts as the largest.

        >>> from bonafide.core.events import Payout
        >>> payout = Payout(event_id="p", time=0, merchant_id="m", account_id="a", amount=1, currency="CNY")
        >>> FailModes().advice(payout)
        Advice(outcome='hold', hold_ms=86400000, counted=0)
        """
        if not event.decided:
            return None
        amount, bands = self._amount(event), self.bands.get(event.type, ((0, CAREFUL),))
        if amount is None:
            outcome, amount = bands[-1][1], AMOUNT_MAX
        else:
            outcome = bands[bisect_right(bands, amount, key=lambda band: band[0]) - 1][1]
        if outcome in LETS_THROUGH and allowed_today + amount > self.allow_per_user_day:
            outcome = CAREFUL
        counted = amount if outcome in LETS_THROUGH else 0
        return Advice(outcome, self.hold_ms if outcome == "hold" else None, counted)

    def _amount(self, event: Fact) -> int | None:
        """An event's amount in minor units of the bundle's currency, 0 where its type has none; None: not known."""
        if event.type not in _PRICED:
            return 0
        amount, currency = int(getattr(event, "amount")), getattr(event, "currency")  # noqa: B009  (not of every fact)
        if currency == self.currency:
            return amount
        found = next((rate for rate in self.rates if rate.currency == currency), None)
        return None if found is None else (2 * amount * found.minor + found.over) // (2 * found.over)


def made_of(declared: DeclaredFailModes | None, hold_ms: int, settings: Settings | None) -> FailModes:
    """The fail modes that a policy file declares without a fault; without settings no currency is known."""
    declared = declared or DeclaredFailModes()
    bands: dict[str, tuple[tuple[int, Outcome], ...]] = {
        kind: tuple((band.from_, band.outcome) for band in given)
        for kind in TYPES
        if (given := declared.bands_of(kind)) is not None
    }
    return FailModes(
        parse_span(declared.deadline), MappingProxyType(bands), declared.allow_per_user_day or 0, hold_ms,
        *(("", (), 0) if settings is None else (settings.currency, settings.rates, settings.offset_ms)),
    )  # fmt: skip


def faults_of(declared: DeclaredFailModes) -> list[tuple[Path, str]]:
    """What is wrong with fail modes, each with its place; the order of their bands is the caller's to check."""
    faults: list[tuple[Path, str]] = []
    if not DEADLINE_MIN_MS <= parse_span(declared.deadline) <= DEADLINE_MAX_MS:
        told = f"{declared.deadline} is not from {show_span(DEADLINE_MIN_MS)} to {show_span(DEADLINE_MAX_MS)}"
        faults.append((("fail_modes", "deadline"), f"fail_modes.deadline: {told}"))
    for kind in TYPES:
        for i, band in enumerate(declared.bands_of(kind) or ()):
            at: Path = ("fail_modes", kind, i)
            if i and kind not in _PRICED:
                faults.append((at, f"fail_modes.{kind}: it has no amount; give one band, from 0"))
            if band.outcome not in LETS_THROUGH:
                continue
            if kind not in _CAPPED:
                told = (
                    f"names no user, so that no cap would bound what {band.outcome} lets through; give verify or hold"
                )
                faults.append(((*at, "outcome"), f"fail_modes.{kind}: a {kind} {told}"))
            elif declared.allow_per_user_day is None:
                told = f"a band says {band.outcome}, and allow_per_user_day, which bounds what a user is let through"
                faults.append(((*at, "outcome"), f"fail_modes.{kind}: {told} in a day without a decision, is missing"))
    return faults


def strictness(bands: tuple[AmountBand, ...]) -> list[tuple[float, int]]:
    """Bands as their starts and how strict they are."""
    return [(band.from_, OUTCOMES.index(band.outcome)) for band in bands]
