"""A waterfall as SVG: where a number begins, what adds to it and takes from it, and what it comes to.

Made here, so that the browser computes nothing and the page does not jump. What is bad for its subject is solid and
what is good is hollow, and every step has its sign: nobody needs the colours. Texts are escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import accumulate, pairwise
from typing import Final, Literal, NamedTuple

from bonafide.core.lines import cut, wrap

WIDE: Final = 800
"""Units across; about as many pixels where the console is used."""
LINES_MAX: Final = 3
"""Of a label."""
COLUMNS: Final = 50
"""Of a label's line; Chinese characters take two."""
_LINE: Final = 16
_ROOM: Final = 14
"""Above and below a row's lines together."""
_BAR: Final = 16
_BELOW: Final = 4.5
"""How far under the middle of a row its letters stand."""
_VALUE_AT: Final = 424
_FROM: Final = 440
_TO: Final = 722
_LEAST: Final = 1.5
"""A bar is at least so wide, so that a small step is seen."""


class Step(NamedTuple):
    """A row."""

    label: str
    value: str
    """What it was worth, as people read it."""
    part: float
    """What it adds; of the start and the sum, where they stand."""
    shown: str
    """The part as a text, with its sign."""
    kind: Literal["start", "step", "sum"] = "step"


def waterfall(steps: Sequence[Step], name: str, floor: float = 0.0, *, up_is_bad: bool = True) -> str:
    """The picture. `steps` begin with a start and end with a sum; `name` is what it says to who cannot see it; `floor`:
    where bars of start and sum begin."""
    lines = [_lines(step.label) for step in steps]
    tops = [0, *accumulate(_LINE * len(some) + _ROOM for some in lines)]
    parts = [step.part for step in steps if step.kind != "sum"]
    totals = [*accumulate(parts), steps[-1].part]
    low, high = min(floor, *totals), max(floor, *totals)
    scale = (_TO - _FROM) / ((high - low) or 1.0)

    def at(total: float) -> float:
        return _FROM + (total - low) * scale

    drawn = [f'<line class="axis" x1="{at(floor):.1f}" y1="0" x2="{at(floor):.1f}" y2="{tops[-1]}"/>']
    middles = [(top + bottom) / 2 for top, bottom in pairwise(tops)]
    before = floor
    for row, (step, total) in enumerate(zip(steps, totals, strict=True)):
        begins, ends = at(before if step.kind == "step" else floor), at(total)
        kind = step.kind if step.kind != "step" else "bad" if (ends >= begins) == up_is_bad else "good"
        drawn.append(f'<g class="{kind}">')
        if row:
            drawn.append(f'<line class="rule" x1="0" y1="{tops[row]}" x2="{WIDE}" y2="{tops[row]}"/>')
        drawn += [*_texts(step, lines[row], middles[row]), _bar(begins, ends, middles[row])]
        if row + 1 < len(steps):
            drawn.append(
                f'<line class="onward" x1="{ends:.1f}" y1="{middles[row] + _BAR / 2:.1f}" x2="{ends:.1f}" '
                f'y2="{middles[row + 1] - _BAR / 2:.1f}"/>'
            )
        drawn.append("</g>")
        before = total
    return (
        f'<svg class="waterfall" viewBox="0 0 {WIDE} {tops[-1]}" width="{WIDE}" height="{tops[-1]}" role="img" '
        f'aria-label="{escape(name)}">{"".join(drawn)}</svg>'
    )


def _texts(step: Step, lines: Sequence[str], middle: float) -> list[str]:
    first = middle + _BELOW - _LINE / 2 * (len(lines) - 1)
    return [
        f"<title>{escape(step.label)}</title>",
        *(f'<text x="0" y="{first + _LINE * at:.1f}">{escape(line)}</text>' for at, line in enumerate(lines)),
        f'<text class="value" x="{_VALUE_AT}" y="{middle + _BELOW:.1f}">{escape(step.value)}</text>',
        f'<text class="part" x="{WIDE}" y="{middle + _BELOW:.1f}">{escape(step.shown)}</text>',
    ]


def _bar(begins: float, ends: float, middle: float) -> str:
    left, wide = min(begins, ends), max(abs(ends - begins), _LEAST)
    return f'<rect x="{left:.1f}" y="{middle - _BAR / 2:.1f}" width="{wide:.1f}" height="{_BAR}" rx="2"/>'


def _lines(label: str) -> list[str]:
    """A label in at most LINES_MAX lines; the table beneath has all of it."""
    lines = wrap(label, COLUMNS)
    if len(lines) <= LINES_MAX:
        return lines
    return [*lines[: LINES_MAX - 1], cut(" ".join(lines[LINES_MAX - 1 :]), COLUMNS)]
