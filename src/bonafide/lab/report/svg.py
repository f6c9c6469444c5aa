"""Small drawings: axes, lines, bands and bars as SVG that takes its colours from the page around it.

The report draws eight plain charts. A few functions over strings do that in a file of its own that weighs nothing,
follows the page's light and dark colours, and comes out the same to the byte; a plotting library would bring more code
than the rest of the package and pictures with colours burnt in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, NamedTuple

TICKS_WISHED: Final = 5
_NICE: Final = (1, 2, 2.5, 5, 10)

_LEAST: Final = 0.05
"""Bars that would be lower than this many units are left out."""

Tick = tuple[float, str]


class Margins(NamedTuple):
    """Room around the area that is drawn in, in units of the drawing."""

    left: float = 62
    right: float = 22
    top: float = 12
    bottom: float = 42


_MARGINS: Final = Margins()


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a chart: values from `low` to `high`, evenly or by their logarithm, with labelled ticks.

    On a logarithmic axis `low` is above 0, and what lies below it is drawn there.
    """

    low: float
    high: float
    ticks: tuple[Tick, ...]
    title: str = ""
    log: bool = False

    def at(self, value: float) -> float:
        """Where a value lies, 0 at `low` and 1 at `high`; what lies outside is drawn on the border."""
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)


class Plot:
    """A chart of `width` by `height` units that parts are drawn into, the first at the bottom."""

    def __init__(self, width: float, height: float, x: Axis, y: Axis, margins: Margins = _MARGINS) -> None:
        self._size = (width, height)
        self._x, self._y = x, y
        self._margins = margins
        self._parts: list[str] = []

    def line(self, xs: Iterable[float], ys: Iterable[float], kind: str) -> None:
        """A line through points; `kind` is its CSS class."""
        points = " ".join(self._point(x, y) for x, y in zip(xs, ys, strict=True))
        self._parts.append(f'<polyline class="line {kind}" points="{points}"/>')

    def band(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], kind: str) -> None:
        """The area between two lines; points at which either is NaN are left out."""
        told = [(x, a, b) for x, a, b in zip(xs, low, high, strict=True) if not math.isnan(a + b)]
        points = [self._point(x, b) for x, _, b in told] + [self._point(x, a) for x, a, _ in reversed(told)]
        if points:
            self._parts.append(f'<polygon class="band {kind}" points="{" ".join(points)}"/>')

    def bar(self, x: tuple[float, float], y: tuple[float, float], kind: str, tip: str) -> None:
        """A rectangle between two values of x and two of y; `tip` is what a pointer that rests on it is told."""
        left, right = (self._across(value) for value in x)
        bottom, top = (self._down(value) for value in y)
        if bottom - top >= _LEAST:
            box = f'x="{_n(left)}" y="{_n(top)}" width="{_n(right - left)}" height="{_n(bottom - top)}"'
            self._parts.append(f'<rect class="{kind}" {box}><title>{escape(tip)}</title></rect>')

    def dot(self, x: float, y: float, kind: str, tip: str, radius: float = 4.5) -> None:
        """A filled circle."""
        place = f'cx="{_n(self._across(x))}" cy="{_n(self._down(y))}" r="{_n(radius)}"'
        self._parts.append(f'<circle class="{kind}" {place}><title>{escape(tip)}</title></circle>')

    def whisker(self, x: float, low: float, high: float) -> None:
        """An upright interval at a value of x."""
        place, top, bottom = self._across(x), self._down(high), self._down(low)
        caps = "".join(f"M{_n(place - 3)} {_n(end)}h6" for end in (top, bottom))
        self._parts.append(f'<path class="whisker" d="M{_n(place)} {_n(top)}V{_n(bottom)}{caps}"/>')

    def word(
        self, x: float, y: float, text: str, *, anchor: str = "start", shift: tuple[float, float] = (8, 4)
    ) -> None:
        """A word beside a point, `shift` units to the right and down; `anchor` is start, middle or end."""
        place = f'x="{_n(self._across(x) + shift[0])}" y="{_n(self._down(y) + shift[1])}"'
        self._parts.append(f'<text class="word" text-anchor="{anchor}" {place}>{escape(text)}</text>')

    def svg(self, told: str) -> str:
        """The drawing; `told` says in words what it shows, for those who do not see it."""
        width, height = self._size
        body = "\n".join(["", *self._grid(), *self._parts, *self._titles(), ""])
        return f'<svg viewBox="0 0 {_n(width)} {_n(height)}" role="img" aria-label="{escape(told)}">{body}</svg>'

    def _across(self, value: float) -> float:
        room = self._size[0] - self._margins.left - self._margins.right
        return self._margins.left + room * self._x.at(value)

    def _down(self, value: float) -> float:
        room = self._size[1] - self._margins.top - self._margins.bottom
        return self._margins.top + room * (1 - self._y.at(value))

    def _point(self, x: float, y: float) -> str:
        return f"{_n(self._across(x))},{_n(self._down(y))}"

    def _grid(self) -> Iterable[str]:
        (width, height), room = self._size, self._margins
        for value, label in self._y.ticks:
            y = self._down(value)
            yield f'<path class="grid" d="M{_n(room.left)} {_n(y)}H{_n(width - room.right)}"/>'
            yield f'<text class="tick" text-anchor="end" x="{_n(room.left - 7)}" y="{_n(y + 4)}">{escape(label)}</text>'
        foot = height - room.bottom
        for value, label in self._x.ticks:
            x = self._across(value)
            yield f'<path class="mark" d="M{_n(x)} {_n(foot)}v5"/>'
            yield f'<text class="tick" text-anchor="middle" x="{_n(x)}" y="{_n(foot + 18)}">{escape(label)}</text>'
        yield f'<path class="axis" d="M{_n(room.left)} {_n(foot)}H{_n(width - room.right)}"/>'

    def _titles(self) -> Iterable[str]:
        (width, height), room = self._size, self._margins
        if self._x.title:
            middle = (room.left + width - room.right) / 2
            place = f'x="{_n(middle)}" y="{_n(height - 5)}"'
            yield f'<text class="title" text-anchor="middle" {place}>{escape(self._x.title)}</text>'
        if self._y.title:
            middle = (room.top + height - room.bottom) / 2
            turned = f'transform="translate(12 {_n(middle)}) rotate(-90)"'
            yield f'<text class="title" text-anchor="middle" {turned}>{escape(self._y.title)}</text>'


def strip(share: float, interval: tuple[float, float] | None, kind: str, tip: str, second: float = 0) -> str:
    """A bar on its side that fills `share` (0..1) of a cell of a table, with its interval as a whisker.

    `second` (0..1) is a part of it that is drawn darker.
    """
    width, height, middle = 220.0, 18.0, 9.0
    at = [width * min(max(value, 0), 1) for value in (share, second, *(interval or ()))]
    parts = [f'<rect class="track" x="0" y="3" width="{_n(width)}" height="12" rx="2"/>']
    parts.append(f'<rect class="{kind}" x="0" y="3" width="{_n(at[0])}" height="12" rx="2"/>')
    if second:
        parts.append(f'<rect class="{kind} deep" x="0" y="3" width="{_n(at[1])}" height="12" rx="2"/>')
    if interval:
        low, high = at[2:]
        caps = "".join(f"M{_n(end)} {_n(middle - 4)}v8" for end in (low, high))
        parts.append(f'<path class="whisker" d="M{_n(low)} {_n(middle)}H{_n(high)}{caps}"/>')
    return (
        f'<svg class="strip" viewBox="0 0 {_n(width)} {_n(height)}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(tip)}">{"".join(parts)}</svg>'
    )


def even_ticks(high: float, wished: int = TICKS_WISHED) -> tuple[float, ...]:
    """Round values in about `wished` even steps, from 0 to the first that reaches `high` (above 0).

    >>> even_ticks(1.0), even_ticks(45)
    ((0.0, 0.2, 0.4, 0.6, 0.8, 1.0), (0.0, 10.0, 20.0, 30.0, 40.0, 50.0))
    """
    rough = high / wished
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * min(_NICE, key=lambda nice: abs(nice * power - rough))
    return tuple(round(i * step, 12) for i in range(math.ceil(round(high / step, 9)) + 1))


def _n(value: float) -> str:
    """A coordinate: a tenth of a unit is finer than anybody sees."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
