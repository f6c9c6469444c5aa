"""Moments and spans as text and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.moment import (
    DAY_MS,
    MOMENT_MAX,
    moment_of,
    moment_of_date,
    parse_moment,
    parse_span,
    show_moment,
    show_span,
)

moments = st.integers(0, MOMENT_MAX)


@given(moments)
def test_a_shown_moment_reads_back(moment: int) -> None:
    assert parse_moment(show_moment(moment)) == parse_moment(str(moment)) == moment
    assert len(show_moment(moment)) == len("2026-01-05T08:30:00.000Z")


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.integers(DAY_MS, MOMENT_MAX - DAY_MS), st.integers(0, 999), zones)
def test_a_zone_changes_the_writing_and_not_the_moment(moment_ms: int, microseconds: int, zone: timezone) -> None:
    since_1970 = timedelta(milliseconds=moment_ms, microseconds=microseconds)
    local = (datetime(1970, 1, 1, tzinfo=UTC) + since_1970).astimezone(zone)
    assert moment_of(local) == parse_moment(local.isoformat()) == moment_ms
    assert parse_moment(local.isoformat().replace("T", " ")) == moment_ms


def test_a_date_is_its_first_moment() -> None:
    day = datetime(2026, 1, 5, tzinfo=UTC)
    assert moment_of_date(day.date()) == moment_of(day)
    assert moment_of_date(datetime(1969, 12, 31, tzinfo=UTC).date()) == -DAY_MS


def test_the_last_moment_is_the_end_of_9999() -> None:
    assert show_moment(MOMENT_MAX) == "9999-12-31T23:59:59.999Z"
    assert parse_moment("9999-12-31T23:59:59.999999Z") == MOMENT_MAX


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2026-01-05T08:30:00", "2026-01-05", "2026-02-31T00:00:00Z", "1969-12-31T23:59:59Z", "-1", "1.5",
        str(MOMENT_MAX + 1), "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+14:00", "１７", "9" * 5_000,
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_moment(text)


@given(st.integers(1, 999_999_999), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_a_shown_span_reads_back(count: int, unit: str) -> None:
    span = parse_span(f"{count}{unit}")
    assert span > 0
    shown = show_span(span)
    assert len(shown) <= len("999999999ms")
    assert parse_span(shown) == span


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "01h", "-1h", "1.5h", "1 h", "1w", "1H", "1h\n", "9999999999s"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span; write a whole number and a unit"):
        parse_span(text)
