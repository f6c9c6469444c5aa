"""The drawings of a back-test's page."""

from __future__ import annotations

import math
from html import escape
from typing import Final

from bonafide.lab.backtest.told import Backtest, BundleTold, Figure
from bonafide.lab.backtest.words import said
from bonafide.lab.explain.words import Lang
from bonafide.lab.report import numbers
from bonafide.lab.report.svg import Axis, Margins, Plot, even_ticks

COLOURS: Final = ("var(--caught)", "var(--missed)", "var(--disturbed)", "#3d8f6d", "#8a5fb0", "#7a7f33")
"""The champion's first; from the seventh bundle on they begin anew."""
LABELS_MAX: Final = 8
STYLE: Final = (
    "".join(
        f".line.b{i}{{stroke:{c}}}circle.b{i}{{fill:{c}}}path.b{i}{{stroke:{c};fill:none;stroke-width:1.5}}"
        f".legend .b{i}{{background:{c}}}"
        for i, c in enumerate(COLOURS)
    )
    + "td.text{overflow-wrap:anywhere;min-width:8em}details{margin:10px 0}summary{cursor:pointer;font-weight:600}"
    "td .soft{font-size:13px}td.number .soft{white-space:nowrap}"
)  # fmt: skip


def kind(number: int) -> str:
    """The CSS class of bundle `number`."""
    return f"b{number % len(COLOURS)}"


def legend(told: Backtest) -> str:
    """Which colour is which bundle."""
    parts = (f'<span><i class="{kind(i)}"></i>{escape(one.name)}</span>' for i, one in enumerate(told.bundles))
    return f'<div class="legend">{"".join(parts)}</div>'


def alerts_by_day(told: Backtest, first_day: int, lang: Lang) -> str:
    """A line for each bundle, and the budget."""
    days = len(told.bundles[0].days.alerts)
    highest = max([told.budget_per_day, *(one.days.most for one in told.bundles)])
    marks = even_ticks(max(highest, 1))
    every = max(1, math.ceil(days / LABELS_MAX))
    ticks = tuple((i + 0.5, numbers.date(first_day + i)) for i in range(0, days, every))
    y = Axis(0, marks[-1], tuple((m, numbers.tick(m)) for m in marks), said("alerts", lang))
    plot = Plot(1050, 300, Axis(0, max(days, 1), ticks), y, Margins(left=66, bottom=28))
    plot.line((0, max(days, 1)), (told.budget_per_day,) * 2, "chance")
    for number, one in reversed(list(enumerate(told.bundles))):
        plot.line([i + 0.5 for i in range(days)], one.days.alerts, kind(number))
    return plot.svg(said("days", lang))


def trade_off(told: Backtest, lang: Lang) -> str:
    """Money caught beside honest payments disturbed, with the intervals of both."""
    judged = [(i, one, one.judged) for i, one in enumerate(told.bundles) if one.judged is not None]
    across = [_ends(one.money_caught_fraction) for _, _, one in judged]
    upright = [_ends(one.honest_disturbed_per_10000) for _, _, one in judged]
    tenths = range(math.floor(10 * min(low for low, _ in across)), math.ceil(10 * max(top for _, top in across)) + 1)
    marks = [i / 10 for i in tenths] if len(tenths) > 1 else [0.0, 1.0]
    x = Axis(marks[0], marks[-1], tuple((m, numbers.percent(m, 0)) for m in marks), said("money caught", lang))
    high = even_ticks(max([1e-6, *(top for _, top in upright)]))
    y = Axis(0, high[-1], tuple((m, numbers.tick(m)) for m in high), said("disturbed", lang))
    plot = Plot(1050, 340, x, y, Margins(left=66, top=22))
    for (number, bundle, one), wide, tall in zip(judged, across, upright, strict=True):
        at = one.money_caught_fraction.value or 0.0, one.honest_disturbed_per_10000.value or 0.0
        plot.line(wide, (at[1], at[1]), kind(number))
        plot.line((at[0], at[0]), tall, kind(number))
        plot.dot(*at, kind(number), _tip(bundle, lang), 6)
    return plot.svg(said("pair told", lang))


def _tip(one: BundleTold, lang: Lang) -> str:
    if one.judged is None:
        return one.name
    share, disturbed = one.judged.money_caught_fraction.value, one.judged.honest_disturbed_per_10000.value
    told = numbers.DASH if disturbed is None else f"{disturbed:.1f}"
    return f"{one.name}: {numbers.percent(share)} {said('money caught', lang)}, {told} {said('disturbed', lang)}"


def _ends(figure: Figure) -> tuple[float, float]:
    value = figure.value or 0.0
    return figure.interval or (value, value)
