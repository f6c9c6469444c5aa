"""Alerts of the last days as bars under the line of what people can look at. Numbers and our own words alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from bonafide.apps.console.texts import Texts

_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 432, 10, 136
_HIGH: Final = 160
_LONG: Final = 10_000
_GAP: Final = 0.25
"""Of a day's width, between two bars."""


def alerts_svg(texts: Texts, days: Sequence[Mapping[str, Any]], per_day: int | None) -> str:
    """The picture: days, the oldest first; per_day: how many alerts people can look at, or None."""
    most = max([one["alerts"] for one in days] + [per_day or 0, 1])
    wide = (_RIGHT - _LEFT) / max(len(days), 1)
    bars = "".join(_bar(texts, one, _LEFT + at * wide, wide, most, per_day) for at, one in enumerate(days))
    scale = "".join(
        f'<text class="end" x="{_LEFT - 5}" y="{at}">{_brief(number)}</text>'
        for number, at in ((most, _TOP + 8), (0, _BOTTOM))
    )
    newest = f'<text class="most" x="{_RIGHT}" y="{_HIGH - 6}">{escape(_day(days[-1]))}</text>'
    return (
        f'<svg viewBox="0 0 506 {_HIGH}" role="img" aria-label="{escape(summary(texts, days, per_day))}">{scale}{bars}'
        f'<line class="axis" x1="{_LEFT}" y1="{_BOTTOM}" x2="{_RIGHT}" y2="{_BOTTOM}"/>'
        f'{_line(texts, per_day, most)}<text x="{_LEFT}" y="{_HIGH - 6}">{escape(_day(days[0]))}</text>{newest}</svg>'
    )


def summary(texts: Texts, days: Sequence[Mapping[str, Any]], per_day: int | None) -> str:
    """What the picture says, in a sentence."""
    over = 0 if per_day is None else sum(one["alerts"] > per_day for one in days)
    total = sum(one["alerts"] for one in days)
    return texts("overview.alerts_told", n=total, days=len(days), over=over, budget="-" if per_day is None else per_day)


def _bar(
    texts: Texts, one: Mapping[str, Any], at: float, wide: float, most: int, per_day: int | None
) -> str:  # fmt: skip
    high = (_BOTTOM - _TOP) * one["alerts"] / most
    kind = "over" if per_day is not None and one["alerts"] > per_day else "within"
    told = texts("overview.day_told", day=_day(one), alerts=one["alerts"], payments=one["payments"])
    return (
        f'<rect class="{kind}" x="{at + wide * _GAP / 2:.1f}" y="{_BOTTOM - high:.1f}" '
        f'width="{wide * (1 - _GAP):.1f}" height="{high:.1f}" rx="1.5"><title>{escape(told)}</title></rect>'
    )


def _line(texts: Texts, per_day: int | None, most: int) -> str:
    if per_day is None:
        return ""
    at = _BOTTOM - (_BOTTOM - _TOP) * per_day / most
    told = escape(texts("overview.budget", n=_brief(per_day)))
    return (
        f'<line class="budget" x1="{_LEFT}" y1="{at:.1f}" x2="{_RIGHT}" y2="{at:.1f}"/>'
        f'<text class="budget" x="{_RIGHT + 6}" y="{at + 4:.1f}">{told}</text>'
    )


def _brief(number: int) -> str:
    """A number that fits beside the picture."""
    return f"{number:,}" if number < _LONG else f"{number / 1_000:,.0f} k"


def _day(one: Mapping[str, Any]) -> str:
    return str(one["day"])[:10]
