"""Scenarios: named, permanent worlds, so that a figure can be asked for again by its name and seed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from typing import Final

from bonafide.core.errors import UsageError

USERS_MIN: Final = 10
USERS_MAX: Final = 2_000_000
MERCHANTS_MIN: Final = 20
MERCHANTS_MAX: Final = 200_000
DAYS_MIN: Final = 1
DAYS_MAX: Final = 1_500

TYPOLOGIES: Final = {
    "user_merchant_loop": 0.11, "drain_the_line": 0.10, "intensive_burst": 0.10, "repay_and_drain": 0.09,
    "shaped_amounts": 0.05, "cash_out_merchant": 0.09, "broker_ring": 0.11, "self_purchase": 0.04,
    "no_delivery": 0.05, "refund_elsewhere": 0.04, "burst_then_payout": 0.04, "bought_traffic": 0.03,
    "off_hours": 0.03, "bust_out": 0.05, "perfect_bill": 0.04, "account_farm": 0.03,
}  # fmt: skip
"""Typology -> share of the users who cash out, T1 to T16."""

ORDERS: Final = {
    "user_merchant_loop": 0.36, "drain_the_line": 0.44, "intensive_burst": 1.05, "repay_and_drain": 0.94,
    "shaped_amounts": 0.75, "cash_out_merchant": 0.43, "broker_ring": 0.73, "self_purchase": 0.39,
    "no_delivery": 0.50, "refund_elsewhere": 0.36, "burst_then_payout": 0.34, "bought_traffic": 0.28,
    "off_hours": 0.45, "bust_out": 0.40, "perfect_bill": 0.62, "account_farm": 0.39,
}  # fmt: skip
"""Typology -> cash-out payments of one who does it, for each payment of an average user; from benches/decisions."""
LOOKS_PER_CASH_OUT: Final = 2.0
"""Alerts that people look at for each cash-out payment there is: at best, half of what they look at is cash-out."""
BUDGET_MIN_FRACTION: Final = 0.005
"""The least alert budget, which is what `bonafide evaluate` takes of a log whose rate nobody knows."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """How hard the schemes press and how well they hide; each acts on what shows in data alone."""

    users: float = 0.014
    """Share of users who cash out."""
    intensity: float = 0.95
    """Share of what is left of a line that one round uses, on average; 0..1."""
    camouflage: float = 0.5
    """How often orders take place, times and amounts of ordinary life; 0..1."""
    knowledge: float = 0.4
    """How often orders keep clear of figures that platforms are known to look at; 0..1."""
    once: float = 0.3
    """Share of them who do it one time only."""
    visible: float = 0.7
    """Share of home-coming money whose way the platform sees."""
    fees: float = 1.0
    """Factor on what rings keep of the cash; from 0, and no ring keeps more than FEE_MAX."""
    delays: float = 1.0
    """Factor on the median hours until cash comes home, and on how long go-betweens hold it; above 0."""
    go_betweens: float = 0.0
    """How many accounts more cash passes on its way, fewer where below 0; parts of one by chance."""
    advanced: float = 0.3
    """How often a shop gives cash from what its account holds, before it draws what the order brought; 0..1."""
    combined: float = 0.25
    """Share of rounds whose orders come home together, as one transfer for several orders; 0..1."""
    split: float = 0.08
    """Share of returns that come home as two transfers, some time apart; 0..1."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world to be simulated."""

    name: str
    says: str
    users: int
    merchants: int
    days: int
    first_day: date = date(2026, 1, 5)
    mix: dict[str, float] = field(default_factory=lambda: dict(TYPOLOGIES))
    """Typology -> share of the users who cash out; empty for none."""
    appears_late: dict[str, float] = field(default_factory=dict)
    """Typology -> share of the days that pass before it is first seen."""
    knobs: Knobs = Knobs()

    @property
    def cash_out_fraction(self) -> float:
        """The part of its payments that is cash-out, as its mix and its share of users who cash out lead to expect."""
        whole = sum(self.mix.values()) or 1.0
        return self.knobs.users * sum(share / whole * ORDERS[typology] for typology, share in self.mix.items())

    @property
    def alert_budget_fraction(self) -> float:
        """How many alerts a day its people look at, as a fraction of an average day's payments.

        Known before the scenario is lived through, so no run, rule or score moves it.
        """
        return max(BUDGET_MIN_FRACTION, LOOKS_PER_CASH_OUT * self.cash_out_fraction)


def _only(typology: str) -> Scenario:
    says = f"{typology} alone, at three times the usual rate"
    return Scenario(typology, says, 3_000, 250, 60, mix={typology: 1.0}, knobs=Knobs(users=0.03))


_ALL: Final = (
    Scenario("small", "all typologies at usual rates; every test's platform", 5_000, 300, 60),
    Scenario("city", "the same at the size of a city, half a year, with Spring Festival and 618", 100_000, 5_000, 180,
             first_day=date(2026, 1, 12)),
    Scenario("calm", "honest life alone", 5_000, 300, 60, mix={}),
    Scenario("festival", "eight weeks around 11.11, with its run-up", 5_000, 300, 60, first_day=date(2026, 10, 5)),
    Scenario("new-scheme", "account farms and bought traffic first appear after seven tenths of the days", 5_000,
             300, 60,
             appears_late={"account_farm": 0.7, "bought_traffic": 0.7},
             mix={**TYPOLOGIES, "account_farm": 0.12, "bought_traffic": 0.08}),
    *(_only(typology) for typology in TYPOLOGIES),
)  # fmt: skip
SCENARIOS: Final = {scenario.name: scenario for scenario in _ALL}


def scenario(name: str, users: int | None = None, merchants: int | None = None, days: int | None = None) -> Scenario:
    """The scenario called `name`, resized where asked; UsageError for an unknown name or a size out of bounds."""
    if name not in SCENARIOS:
        near = get_close_matches(name.replace("_", "-"), SCENARIOS, 1) or get_close_matches(name, SCENARIOS, 1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise UsageError(f"scenario is {name!r}{meant}; accepted are {', '.join(SCENARIOS)}")
    found = SCENARIOS[name]
    if users is not None and merchants is None:
        merchants = max(MERCHANTS_MIN, round(found.merchants * users / found.users))
    sized = replace(
        found,
        users=found.users if users is None else users,
        merchants=found.merchants if merchants is None else merchants,
        days=found.days if days is None else days,
    )
    for what, value, least, most in (
        ("users", sized.users, USERS_MIN, USERS_MAX),
        ("merchants", sized.merchants, MERCHANTS_MIN, MERCHANTS_MAX),
        ("days", sized.days, DAYS_MIN, DAYS_MAX),
    ):
        if not least <= value <= most:
            raise UsageError(f"{what} is {value:,}; accepted are {least:,} to {most:,}")
    return sized
