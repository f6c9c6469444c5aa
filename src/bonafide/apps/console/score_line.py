"""How a credit score went, as a picture: a line in steps over bands of risk levels. Numbers and our own words alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any, Final, NamedTuple

from bonafide.apps.console import show
from bonafide.apps.console.texts import Texts

LOWEST, HIGHEST = 300, 900
DAY_MS: Final = 86_400_000
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 600, 8, 176
_WIDE, _HIGH = 690, 204
_CLOSE: Final = 13
"""Two numbers on the scale that stand nearer than this would be written over one another."""


class Point(NamedTuple):
    """A day on which the score changed."""

    day_ms: int
    score: int
    level: str


def points_of(history: Sequence[Mapping[str, Any]]) -> list[Point]:
    """The days of a history that have a score."""
    return [
        Point(show.moment_ms(one["day"]), one["credit_score"], str(one["risk_level"]))
        for one in history if one["credit_score"] is not None
    ]  # fmt: skip


def score_svg(texts: Texts, points: Sequence[Point], levels: Sequence[Mapping[str, Any]], until_ms: int) -> str:
    """The picture of a score from its first day to `until_ms`; levels: where each ends, the worst first.

    Between two days the score stayed, so the line goes in steps.
    """
    first, last = points[0].day_ms, max(until_ms, points[-1].day_ms + DAY_MS)

    def x(at_ms: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (at_ms - first) / (last - first)

    corners = [(x(points[0].day_ms), _y(points[0].score))]
    for before, point in pairwise(points):
        corners += [(x(point.day_ms), _y(before.score)), (x(point.day_ms), _y(point.score))]
    corners.append((x(last), _y(points[-1].score)))
    line = " ".join(f"{at:.1f},{high:.1f}" for at, high in corners)
    dots = "".join(_dot(texts, point, x(point.day_ms)) for point in points)
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="{escape(summary(texts, points))}">'
        f'{_bands(texts, levels)}<polyline class="went" points="{line}"/>{dots}'
        f'<text x="{_LEFT}" y="{_HIGH - 8}">{_date(first)}</text>'
        f'<text class="end" x="{_RIGHT}" y="{_HIGH - 8}">{_date(until_ms)}</text></svg>'
    )


def summary(texts: Texts, points: Sequence[Point]) -> str:
    """What the picture says, in a sentence."""
    first, last, least = points[0], points[-1], min(points, key=lambda point: point.score)
    return texts(
        "about.went_from", first=first.score, first_day=_date(first.day_ms), last=last.score,
        last_day=_date(last.day_ms), least=least.score,
    )  # fmt: skip


def _bands(texts: Texts, levels: Sequence[Mapping[str, Any]]) -> str:
    ends = [*((int(one["below"]), str(one["level"])) for one in levels), (HIGHEST, "low")]
    drawn, low, named = [], LOWEST, -100.0
    scale = [LOWEST]
    for end, level in ends:
        top, bottom = _y(end), _y(low)
        drawn.append(
            f'<rect class="band-{escape(level)}" x="{_LEFT}" y="{top:.1f}" width="{_RIGHT - _LEFT}" '
            f'height="{max(bottom - top, 0):.1f}"/>'
        )
        middle = (top + bottom) / 2 + 4
        if abs(middle - named) >= _CLOSE:
            drawn.append(
                f'<text class="band" x="{_RIGHT + 8}" y="{middle:.1f}">{escape(texts.word("level", level))}</text>'
            )
            named = middle
        scale.append(end)
        low = end
    return "".join(drawn) + "".join(_scale(scale))


def _scale(numbers: Sequence[int]) -> list[str]:
    """Numbers beside the bands, the ends first; one that would touch another is left out."""
    taken: list[float] = []
    written = []
    for number in (numbers[0], numbers[-1], *numbers[1:-1]):
        at = _y(number) + 4
        if all(abs(at - other) >= _CLOSE for other in taken):
            taken.append(at)
            written.append(f'<text class="end" x="{_LEFT - 6}" y="{at:.1f}">{number}</text>')
    return written


def _dot(texts: Texts, point: Point, at: float) -> str:
    told = f"{_date(point.day_ms)}: {point.score}, {texts.word('level', point.level)}"
    return (
        f'<circle class="dot-{escape(point.level)}" cx="{at:.1f}" cy="{_y(point.score):.1f}" r="3">'
        f"<title>{escape(told)}</title></circle>"
    )


def _y(score: int) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * (min(max(score, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)


def _date(at_ms: int) -> str:
    return show.at(at_ms)[:10]
