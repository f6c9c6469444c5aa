"""What a back-test tells, JSON-ready; docs/backtest.md explains each figure."""

from __future__ import annotations

from msgspec import Struct

from bonafide.lab.intervals import Interval


class Figure(Struct, frozen=True):
    """One figure with its 95 % interval; None where it is undefined."""

    value: float | None
    interval: Interval | None = None
    change: float | None = None
    """What it is more than the champion's; None of the champion itself."""
    change_interval: Interval | None = None


class Typology(Struct, frozen=True):
    """How one kind of cash-out fared under one bundle."""

    n: int
    alerted: int
    money: int
    money_caught: int
    recall: Figure


class Judged(Struct, frozen=True, kw_only=True):
    """How a bundle's alerts on labelled payments fared."""

    money_caught: int
    money_missed: int
    money_caught_fraction: Figure
    precision: Figure
    """Share of alerted labelled payments that are cash-out."""
    recall: Figure
    """Share of cash-out payments alerted."""
    honest_disturbed: int
    honest_disturbed_per_10000: Figure
    honest_stopped_per_10000: Figure
    honest_users_disturbed: int
    """Honest payers who met such an outcome at least once."""
    honest_users_disturbed_per_10000: Figure
    per_typology: dict[str, Typology]


class Days(Struct, frozen=True):
    """Alerts by UTC day, from the first day of payments to the last; those on events that are no payments too."""

    alerts: list[int]
    mean: float
    most: int
    over_budget: int
    """Days with more alerts than people can look at."""
    waiting: int
    """Alerts that are still unread at the end, where people read the budget each day."""


class RuleTold(Struct, frozen=True, kw_only=True):
    """What one rule adds to its bundle."""

    id: str
    typology: str | None
    weight: float | None
    hits: int
    hits_alone: int
    """Events on which no other rule held."""
    alerts: int
    """Of its hits, those whose outcome is an alert."""
    cash_out: int | None
    """Labelled payments that it hits and that are cash-out."""
    honest: int | None
    precision: float | None
    outcomes_changed: int | None = None
    """Events that would get another outcome without it; None where that cannot be told without a replay."""
    alerts_lost: int | None = None
    alerts_gained: int | None = None
    cash_out_lost: int | None = None
    """Cash-out payments that would no longer be alerted without it."""
    money_lost: int | None = None
    honest_spared: int | None = None


class Overlap(Struct, frozen=True):
    """Two rules that hold together."""

    one: str
    other: str
    both: int
    of_one: float
    of_other: float
    """Share of each rule's hits on which the other holds too."""


class BundleTold(Struct, frozen=True, kw_only=True):
    """One bundle."""

    name: str
    hash: str
    how: str
    """shared, own, cache or table: how its decisions came about."""
    apart: str | None
    """Why it walked the log on its own."""
    decided: int
    by_outcome: dict[str, int]
    money_by_outcome: dict[str, int]
    alerts: int
    days: Days
    judged: Judged | None
    rules: list[RuleTold]
    never: list[str]
    """Rules that never held."""
    overlaps: list[Overlap]
    digest: str | None
    decisions: str | None
    """The file with every decision."""


class Said(Struct, frozen=True):
    """What a bundle said of one event."""

    outcome: str
    score: float
    hits: list[str]
    reasons: list[str]


class Example(Struct, frozen=True):
    """An event that is treated otherwise."""

    event_id: str
    time: str
    type: str
    user_id: str | None
    merchant_id: str | None
    amount: int | None
    currency: str | None
    label: str | None
    """cash_out or honest; None where nobody knows."""
    typology: str | None
    champion: Said
    challenger: Said


class Swap(Struct, frozen=True, kw_only=True):
    """Events that went from one outcome to another."""

    before: str
    after: str
    events: int
    money: int
    cash_out: int
    honest: int
    cash_out_money: int
    examples: list[Example]


class SwapSet(Struct, frozen=True):
    """What changes where a challenger takes the champion's place."""

    challenger: str
    same: int
    changed: int
    alerts_new: int
    alerts_gone: int
    swaps: list[Swap]
    scores_changed: int
    """Events whose score differs, whatever the outcome."""


class Backtest(Struct, frozen=True, kw_only=True):
    """A whole back-test."""

    events: int
    """Records read."""
    decided: int
    """Events that some bundle decided on."""
    first_day: str | None
    """Of payments, UTC."""
    last_day: str | None
    currency: str | None
    """Of every sum of money; what is in others is left out."""
    budget_per_day: int
    labels: str | None
    """latent or arrived; None without labels."""
    labelled: int
    cash_out: int
    payers: int
    resamples: int
    bundles: list[BundleTold]
    swap_sets: list[SwapSet]
    cached: bool
    """Whether kept features were judged instead of the log."""
    notes: list[str]
