"""What shops sell: the law of their amounts, their hours, their ways to sell, and how often people pay later there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Goods = Literal["physical", "virtual", "service"]
CHANNELS: Final = ("app", "live", "web", "qr", "pos")


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of shop."""

    name: str
    goods: Goods
    median_yuan: float
    sigma: float
    """Of the log of amounts."""
    shops: float
    """Share of shops, before normalising."""
    demand: float
    """How often people buy there, before normalising."""
    hours: tuple[tuple[float, float], ...]
    """Peaks of the day: local hour and spread in hours."""
    channels: tuple[float, float, float, float, float]
    """Weights of CHANNELS."""
    credit: float = 0.5
    """How often the line is the first choice, of users who have no habit."""
    price_points_yuan: tuple[int, ...] = ()
    """Fixed prices; empty means prices by the law of amounts."""


_DAY: Final = ((11.0, 2.5), (16.0, 3.0), (20.5, 2.0))
_MEALS: Final = ((8.0, 0.8), (12.2, 0.9), (18.6, 1.1), (22.0, 1.5))
_LATE: Final = ((14.0, 3.0), (23.0, 2.5))
_EVENING: Final = ((13.0, 3.0), (21.5, 2.2))
CATEGORIES: Final = (
    Category("groceries", "physical", 88, 0.77, 14, 15, ((9.0, 1.5), (17.8, 1.8)), (2, 0, 0, 6, 3), 0.40),
    Category("meals", "service", 52, 0.68, 15, 14, _MEALS, (4, 0, 0, 6, 1), 0.38),
    Category("clothing", "physical", 205, 0.77, 13, 11, _DAY, (6, 3, 1, 0.5, 0.5), 0.55),
    Category("beauty", "physical", 170, 0.77, 9, 7, _EVENING, (5, 5, 1, 0, 0), 0.55),
    Category("home", "physical", 220, 0.85, 9, 7, _DAY, (6, 2, 1, 0, 0), 0.55),
    Category("electronics", "physical", 560, 0.94, 7, 6, _EVENING, (6, 2, 2, 0, 0.5), 0.65),
    Category("appliances", "physical", 1050, 0.68, 4, 2.2, _DAY, (5, 2, 2, 0, 1), 0.70),
    Category("jewellery", "physical", 900, 0.77, 3, 1.2, _DAY, (3, 4, 0, 1, 2), 0.62),
    Category("wholesale", "physical", 700, 0.77, 3, 1.0, ((9.0, 2.0), (14.5, 2.5)), (3, 0, 3, 2, 1), 0.60),
    Category("travel", "service", 480, 0.85, 4, 4, _EVENING, (6, 1, 3, 0, 0), 0.60),
    Category("courses", "service", 700, 0.77, 3, 1.6, _EVENING, (4, 3, 3, 0, 0), 0.70),
    Category("entertainment", "service", 110, 0.77, 6, 7, ((19.5, 2.5), (22.5, 1.8)), (5, 1, 0, 3, 1), 0.45),
    Category("top_up", "virtual", 70, 0.59, 4, 7, _EVENING, (7, 0, 3, 0, 0), 0.45, (10, 30, 50, 100, 200, 300)),
    Category("games", "virtual", 90, 0.85, 4, 6, _LATE, (8, 0, 2, 0, 0), 0.5, (6, 30, 68, 128, 328, 648)),
    Category("gift_cards", "virtual", 260, 0.77, 3, 2.5, _EVENING, (6, 1, 3, 0, 0), 0.55, (50, 100, 200, 500, 1000)),
)  # fmt: skip
CODE: Final = {category.name: code for code, category in enumerate(CATEGORIES)}
