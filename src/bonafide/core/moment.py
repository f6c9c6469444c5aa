"""Moments: integer milliseconds since 1970 UTC; spans: integer milliseconds. No clock is read here."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final

import msgspec

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
MOMENT_MAX: Final = 253_402_300_799_999
"""The last millisecond of the year 9999: the largest moment that RFC 3339 can write."""
DATE_MIN: Final = -30_610_224_000_000
"""The first of January 1000: companies are older than 1970, some by centuries, and a year has four digits. Whether a
date is believed is for a review to say."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(milliseconds=1)
SPAN_PATTERN: Final = "([1-9][0-9]{0,8})(ms|s|m|h|d)"
_SPAN: Final = re.compile(SPAN_PATTERN)
DAYS_SHOWN_MAX: Final = 1_024
"""Days whose text is remembered: a log's times lie on few, and that text takes longest to make."""
_MINUTES: Final = tuple(f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(DAY_MS // MINUTE_MS))
_SECONDS: Final = tuple(f"{second:02d}." for second in range(60))
_MILLIS: Final = tuple(f"{millis:03d}Z" for millis in range(1_000))
_UNIT_MS: Final = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}


def moment_of(value: datetime) -> int:
    """Milliseconds since 1970 UTC of an aware datetime; parts of a millisecond are dropped.

    >>> moment_of(datetime(2026, 1, 5, 8, 30, tzinfo=UTC))
    1767601800000
    """
    return (value - _EPOCH) // _TICK


def moment_of_date(value: date) -> int:
    """Milliseconds since 1970 UTC of the midnight (UTC) that begins a date."""
    return (value.toordinal() - _EPOCH.toordinal()) * DAY_MS


def parse_moment(text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time with a zone, or of a whole number of milliseconds.

    Raises ValueError when the text is neither, or lies outside 1970..9999.

    >>> parse_moment("2026-01-05T08:30:00Z") == parse_moment("2026-01-05T16:30:00+08:00") == 1767601800000
    True
    """
    if text.isascii() and text.isdigit():
        value = int(text)
    else:
        try:
            value = moment_of(msgspec.convert(text, Annotated[datetime, msgspec.Meta(tz=True)]))
        except msgspec.ValidationError:
            raise ValueError("give RFC 3339 with a zone, or whole milliseconds since 1970 UTC") from None
    if not 0 <= value <= MOMENT_MAX:
        raise ValueError("give a time from 1970 to 9999")
    return value


def show_moment(moment_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds.

    >>> show_moment(1767601800000)
    '2026-01-05T08:30:00.000Z'
    """
    day, rest = divmod(moment_ms, DAY_MS)
    minute, rest = divmod(rest, MINUTE_MS)
    return f"{_show_day(day)}{_MINUTES[minute]}{_SECONDS[rest // SECOND_MS]}{_MILLIS[rest % SECOND_MS]}"


@lru_cache(DAYS_SHOWN_MAX)
def _show_day(day: int) -> str:
    return f"{(_EPOCH + timedelta(days=day)):%Y-%m-%dT}"


def parse_span(text: str) -> int:
    """Milliseconds of a span written as a whole number and a unit (ms, s, m, h, d); ValueError otherwise.

    >>> parse_span("1h"), parse_span("90d")
    (3600000, 7776000000)
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a span; write a whole number and a unit, such as 30m, 24h or 7d")
    return int(found[1]) * _UNIT_MS[found[2]]


def show_span(span_ms: int) -> str:
    """A span in its largest whole unit.

    >>> show_span(3600000), show_span(7776000000), show_span(86400000)
    ('1h', '90d', '1d')
    """
    for unit in ("d", "h", "m", "s"):
        if span_ms and span_ms % _UNIT_MS[unit] == 0:
            return f"{span_ms // _UNIT_MS[unit]}{unit}"
    return f"{span_ms}ms"
