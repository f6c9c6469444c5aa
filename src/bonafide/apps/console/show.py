"""Numbers, money and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from bonafide.apps.console.texts import Texts

NOTHING: Final = "\N{EN DASH}"
_DECIMALS: Final = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3}
_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600
_DAY_S: Final = 86_400


def money(minor: int | None, currency: str | None) -> str:
    """An amount with its currency.

    >>> money(1_234_567, "CNY"), money(500, "JPY"), money(None, None)
    ('¥12,345.67', '500 JPY', '–')
    """
    if minor is None:
        return NOTHING
    decimals = _DECIMALS.get(currency or "", 2)
    amount = f"{minor / 10**decimals:,.{decimals}f}"
    return f"¥{amount}" if currency == "CNY" else f"{amount} {currency or ''}".rstrip()


def brief_money(minor: int, currency: str | None) -> str:
    """An amount in a few digits, for figures that are looked at and not added up.

    >>> brief_money(123_456_700, "CNY"), brief_money(99_900, "CNY"), brief_money(2_345_678_901, "CNY")
    ('¥1.23 M', '¥999', '¥23.5 M')
    """
    whole = minor / 10 ** _DECIMALS.get(currency or "", 2)
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(whole) >= limit:
            scale = 1e3 if unit == " k" else limit
            return _with(f"{whole / scale:.3g}{unit}", currency)
    return _with(f"{whole:,.0f}", currency)


def _with(amount: str, currency: str | None) -> str:
    return f"¥{amount}" if currency == "CNY" else f"{amount} {currency or ''}".rstrip()


def count(number: float | None) -> str:
    """A whole number with its thousands."""
    return NOTHING if number is None else f"{number:,.0f}"


def share(fraction: float | None) -> str:
    """A fraction as a percentage.

    >>> share(0.1234), share(None)
    ('12.3 %', '–')
    """
    return NOTHING if fraction is None else f"{100 * fraction:.1f} %"


def moment(text: str | None) -> str:
    """A time of the API, to the minute, in UTC.

    >>> moment("2026-11-28T21:23:39.665Z")
    '2026-11-28 21:23'
    """
    return NOTHING if not text else f"{text[:10]} {text[11:16]}"


def moment_ms(text: str) -> int:
    """A time of the API in milliseconds since 1970."""
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1_000)


def far(texts: Texts, text: str | None, now_ms: int) -> str:
    """How far a time is from now, in the largest unit that says something."""
    if not text:
        return NOTHING
    seconds = (moment_ms(text) - now_ms) // 1_000
    size = abs(seconds)
    for unit, length in (("days", _DAY_S), ("hours", _HOUR_S), ("minutes", _MINUTE_S)):
        if size >= length:
            return texts(f"time.{unit}_{'ahead' if seconds > 0 else 'ago'}", n=size // length)
    return texts("time.now")


def at(now_ms: int) -> str:
    """A time as the API takes it.

    >>> at(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(now_ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def token(text: str | None) -> str:
    """A token, short enough to read aloud.

    >>> token("~3833b86072914021")
    '~3833b8…4021'
    """
    if not text:
        return NOTHING
    return f"{text[:7]}…{text[-4:]}" if len(text) == 17 and text[0] == "~" else text
