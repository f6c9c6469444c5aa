"""Alerts a day of one or two bundles as lines: drawn of elements, so that nothing goes to the browser as HTML."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import text

WIDTH: Final = 900
HEIGHT: Final = 170
_TOP: Final = 16
_BASE: Final = 140


def days_plot(view: View, told: dict[str, Any]) -> None:
    """Days from left to right; what decides now is dashed, so that the lines are told apart without colours."""
    texts = view.texts
    bundles = told["bundles"] if len(told["bundles"]) == 1 else [told["bundles"][0], told["bundles"][-1]]
    days = [one["days"]["alerts"] for one in bundles]
    if not days[0]:
        text("p", texts("backtest.no_days"), "muted")
        return
    most = max(*(max(one) for one in days), told["budget_per_day"], 1)

    def place(count: float) -> float:
        """How far down a number of alerts stands."""
        return float(_BASE - (_BASE - _TOP) * count / most)

    with ui.element("div").classes("plot wide"), ui.element("svg") as drawn:
        drawn.props["viewBox"] = f"0 0 {WIDTH} {HEIGHT}"
        drawn.props["role"] = "img"
        drawn.props["aria-label"] = texts("backtest.days_told", most=f"{most:,}", n=len(days[0]))
        _line("axis", ((0, _BASE), (WIDTH, _BASE)))
        _line("budget", ((0, place(told["budget_per_day"])), (WIDTH, place(told["budget_per_day"]))))
        kinds = ("after",) if len(days) == 1 else ("before", "after")
        for kind, counts in zip(kinds, days, strict=True):
            step = WIDTH / max(len(counts) - 1, 1)
            _line(f"alerts {kind}", [(at * step, place(count)) for at, count in enumerate(counts)])
        _text(told["first_day"] or "", 0, HEIGHT - 6)
        _text(told["last_day"] or "", WIDTH, HEIGHT - 6, "end")
        _text(f"{most:,}", WIDTH, _TOP - 4, "end")
    with ui.element("div").classes("day-legend"):
        for kind in (*kinds, "budget"):
            word = "now" if kind == "after" and len(days) == 1 else kind
            text(
                "span",
                texts(f"backtest.{word}") if kind != "budget" else texts("backtest.legend_budget"),
                f"day-key {kind}",
            )


def _line(classes: str, points: Any) -> None:
    line = ui.element("polyline").classes(classes)
    line.props["points"] = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _text(words: str, x: float, y: float, anchor: str = "start") -> None:
    found = text("text", words)
    found.props["x"], found.props["y"], found.props["text-anchor"] = str(x), str(y), anchor
