"""Days of the platform: local midnights, paydays, weekends, festivals and campaigns. Local time is UTC+8 all year."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from bonafide.core.moment import DAY_MS, HOUR_MS

OFFSET_MS: Final = 8 * HOUR_MS
_EPOCH: Final = date(1970, 1, 1)
WEEKEND_DEMAND: Final = 1.2
_BEFORE_FESTIVAL_DAYS: Final = 12
_FESTIVALS: Final = (date(2026, 2, 17), date(2027, 2, 6))
"""First days of Spring Festival: people buy before it and rest during it."""
_CAMPAIGNS: Final = ((6, 18), (11, 11), (12, 12))
"""Month and day of the great sales; each has three days of run-up."""
CAMPAIGN_DEMAND: Final = (3.4, 1.5, 1.3, 1.2)
"""Factor on the day itself, one day before it, two, three."""


def midnight(day: date) -> int:
    """The moment a local day begins."""
    return (day - _EPOCH).days * DAY_MS - OFFSET_MS


def local_date(moment: int) -> date:
    """The local day of a moment."""
    return _EPOCH + timedelta(days=(moment + OFFSET_MS) // DAY_MS)


def local_hour(moment: int) -> float:
    """The local hour of a moment, 0..24."""
    return (moment + OFFSET_MS) % DAY_MS / HOUR_MS


def is_campaign(day: date) -> bool:
    """Whether it is the day of a great sale."""
    return (day.month, day.day) in _CAMPAIGNS


def demand(day: date) -> float:
    """How much more than on a plain working day people buy."""
    factor = WEEKEND_DEMAND if day.weekday() >= 5 else 1.0
    for ahead, more in enumerate(CAMPAIGN_DEMAND):
        if is_campaign(day + timedelta(days=ahead)):
            factor *= more
    for festival in _FESTIVALS:
        days = (festival - day).days
        factor *= 1.35 if 0 < days <= _BEFORE_FESTIVAL_DAYS else 0.7 if -6 <= days <= 0 else 1.0
    return factor
