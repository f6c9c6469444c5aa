"""An exposure report as data: what `exposure.json` holds and the page shows."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Amount(Struct, frozen=True):
    """A forecast loss: the mean, and the ends of its 90 % interval; minor units."""

    mean: int
    low: int
    high: int


class Group(Struct, frozen=True):
    """What is open in one vintage, at one merchant or in one ring."""

    name: str
    open: int
    missed: int
    """Of it, what is lost by now."""
    debts: int
    payers: int
    losses: tuple[Amount, ...]
    """For each horizon, what of `open` is lost at its end."""


class MerchantRow(Struct, frozen=True):
    """A merchant with its reserve."""

    group: Group
    held: int
    """What the platform still holds for it."""
    undelivered: int
    """Of `open`, for parcels that have not arrived."""
    reserve: Amount
    """The loss of the reserve's horizon over the open amount, in millionths; and its interval."""
    ring: str | None


class Stress(Struct, frozen=True):
    """What is lost if some merchants vanish at once."""

    name: str
    merchants: int
    open: int
    held: int
    at_most: int
    """If nobody who bought there pays any more: all that is open, less what is held."""
    expected: Amount
    """The forecast of the reserve's horizon, and all that is open for parcels that have not come; less what is held."""


class Warned(Struct, frozen=True):
    """An early warning."""

    subject_type: str
    subject_id: str
    time: str
    chance: float
    reasons_en: tuple[str, ...]
    reasons_zh: tuple[str, ...]


class Exposure(Struct, frozen=True):
    """All of it."""

    as_of: str
    currency: str | None
    horizons_days: tuple[int, ...]
    open: int
    missed: int
    before_log: int
    """Of `open`, what was owed before the log began."""
    debts: int
    payers: int
    payers_owing: int
    left_out: int
    """Records in other currencies."""
    losses: tuple[Amount, ...]
    """Empty where the log is too short for a forecast."""
    stretch: dict[str, float]
    no_forecast: str | None
    by_month: tuple[Group, ...]
    by_first_sale: tuple[Group, ...]
    by_ring: tuple[Group, ...]
    merchants: tuple[MerchantRow, ...]
    reserve_days: int
    stress: tuple[Stress, ...]
    flow: dict[str, Any]
    days: tuple[tuple[int, ...], ...]
    """(day since 1970, sold, paid out, repaid, held) of the last days."""
    bundle: str | None
    warnings: tuple[Warned, ...] | None
    """Of the last days; None without a bundle."""
