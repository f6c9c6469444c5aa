"""Numbers as a report writes them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Final

from bonafide.core.money import minor_digits, show_money

DASH: Final = "–"
"""Stands for a figure that is undefined."""


def percent(fraction: float | None, digits: int = 1) -> str:
    """A share of 0..1.

    >>> percent(0.2078), percent(0.0004), percent(None)
    ('20.8 %', '0.04 %', '–')
    """
    if fraction is None:
        return DASH
    value = 100 * fraction
    if 0 < value < 0.1:
        digits = min(4, max(digits, 1 - math.floor(math.log10(value))))
        return f"{value:.{digits}f}".rstrip("0").rstrip(".") + " %"
    return f"{value:.{digits}f} %"


def figure(value: float | None) -> str:
    """A figure of 0..1 to four places."""
    return DASH if value is None else f"{value:.4f}"


def hours(value: float | None) -> str:
    """Hours, to a tenth below a hundred."""
    return DASH if value is None else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def money(minor: int, currency: str | None) -> str:
    """An amount, exact; a dash where no currency is known."""
    return DASH if currency is None else show_money(minor, currency)


def major(minor: float, currency: str | None) -> float:
    """An amount in major units, for the scale of a drawing."""
    return minor / float(10 ** minor_digits(currency or ""))


def tick(value: float) -> str:
    """A value beside a scale, as short as it is exact.

    >>> tick(0.0), tick(0.25), tick(12000.0)
    ('0', '0.25', '12,000')
    """
    return f"{value:,.10g}" if value < 1 else f"{value:,.0f}" if value == int(value) else f"{value:,g}"


def date(days: int) -> str:
    """A day that is told in days since 1970 UTC.

    >>> date(20464)
    '2026-01-11'
    """
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)).strftime("%Y-%m-%d")
