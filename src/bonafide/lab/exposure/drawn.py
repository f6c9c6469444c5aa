"""The drawings of an exposure report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from bonafide.lab.explain.words import Lang
from bonafide.lab.exposure.told import Exposure, Group
from bonafide.lab.exposure.words import said
from bonafide.lab.report import numbers
from bonafide.lab.report.svg import Axis, Margins, Plot, even_ticks

_WIDE: Final = (900.0, 260.0)
_LABELS_MAX: Final = 9


def vintages(told: Exposure, groups: Sequence[Group], lang: Lang) -> str:
    """Open and missed amounts of each vintage as bars, with the span of what will be lost within `reserve_days`."""
    highest = max((group.open for group in groups), default=0)
    place = told.horizons_days.index(told.reserve_days)
    y = _money_axis(numbers.major(highest, told.currency), told.currency)
    names = tuple((i + 0.5, _name(group.name, lang)) for i, group in enumerate(groups))
    plot = Plot(*_WIDE, Axis(0, max(len(groups), 1), names), y, Margins(left=96, bottom=28))
    for i, group in enumerate(groups):
        opened, missed = (numbers.major(part, told.currency) for part in (group.open, group.missed))
        span = (i + 0.18, i + 0.82)
        plot.bar(span, (0, opened), "honest", f"{group.name}: {said('open', lang)} {_money(told, group.open)}")
        plot.bar(span, (0, missed), "missed", f"{group.name}: {said('missed', lang)} {_money(told, group.missed)}")
        if group.losses:
            last = group.losses[place]
            plot.whisker(i + 0.5, *(numbers.major(end, told.currency) for end in (last.low, last.high)))
    return plot.svg(said("month", lang))


def losses(told: Exposure, lang: Lang) -> str:
    """Missed by now, and the expected loss at each horizon with its interval."""
    values = [told.missed, *(one.mean for one in told.losses)]
    highest = max([told.missed, *(one.high for one in told.losses)], default=0)
    y = _money_axis(numbers.major(highest, told.currency), told.currency)
    labels = [said("missed", lang), *(said("days", lang, n=n) for n in told.horizons_days)]
    x = Axis(0, len(values), tuple((i + 0.5, labels[i]) for i in range(len(values))))
    plot = Plot(900, 220, x, y, Margins(left=96, bottom=28))
    for i, value in enumerate(values):
        kind = "missed" if i == 0 else "disturbed"
        plot.bar((i + 0.22, i + 0.78), (0, numbers.major(value, told.currency)), kind, _money(told, value))
        if i:
            one = told.losses[i - 1]
            plot.whisker(i + 0.5, *(numbers.major(end, told.currency) for end in (one.low, one.high)))
    return plot.svg(said("loss", lang))


def flow(told: Exposure, lang: Lang) -> str:
    """Sales, payouts and repayments by day as lines."""
    rows = told.days
    series = [[numbers.major(row[place], told.currency) for row in rows] for place in (1, 2, 3)]
    y = _money_axis(max((max(one) for one in series if one), default=0), told.currency)
    every = max(1, math.ceil(len(rows) / _LABELS_MAX))
    ticks = tuple((float(i), numbers.date(row[0])) for i, row in enumerate(rows) if i % every == 0)
    plot = Plot(900, 300, Axis(0, max(len(rows) - 1, 1), ticks), y, Margins(left=96, right=40, bottom=28))
    for values, kind in zip(series, ("chance", "caught", "repaid"), strict=True):
        plot.line([float(i) for i in range(len(rows))], values, kind)
    return plot.svg(said("flow", lang))


STYLE: Final = (
    "td:first-child { white-space: nowrap; }\n.line.repaid { stroke: var(--disturbed); }\n"
    ".legend .repaid { background: var(--disturbed); }\n"
    ".legend .chance { background: var(--honest); }\n"
)
"""What the drawings need beside the report's own style."""


def _money_axis(highest: float, currency: str | None) -> Axis:
    marks = even_ticks(highest) if highest > 0 else (0.0, 1.0)
    return Axis(0, marks[-1], tuple((value, numbers.tick(value)) for value in marks), currency or "")


def _money(told: Exposure, value: int) -> str:
    return numbers.money(value, told.currency)


def _name(name: str, lang: Lang) -> str:
    return said("before the log", lang) if name == "before the log" else name
