"""The last days on the overview: alerts against what people can look at, and whether scores moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.day_bars import alerts_svg
from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import cell, chip, link, panel, table, text


def alerts(view: View, told: Mapping[str, Any]) -> None:
    """Alerts a day, and the line of what people can look at."""
    texts, days, budget = view.texts, told["days"], told["budget"]
    with panel(texts("overview.alerts_days"), texts("overview.days_n", n=len(days)) if days else ""):
        if not days:
            text("p", texts("overview.no_days"), "muted")
            return
        ui.html(alerts_svg(texts, days, budget["per_day"])).classes("plot line")
        if budget["per_day"] is None:
            return
        over = texts("overview.days_over", n=budget["days_over"], days=len(days), budget=show.count(budget["per_day"]))
        text("p", over)
        share = show.share(budget["fraction"])
        text("p", texts("overview.budget_set") if budget["is_set"] else texts("overview.budget_share", share=share),
             "muted")  # fmt: skip


def drift(view: View, told: Mapping[str, Any]) -> None:
    """Whether scores and outcomes are as they were, in plain words, and what to do about it."""
    texts, found = view.texts, told["drift"]
    verdict = found["verdict"]
    with panel(texts("overview.drift"), texts("overview.drift_hint")):
        with ui.element("div").classes("why-head"):
            chip(texts.word("drift", verdict), f"drift-{verdict}")
            text("span", texts(f"drift_told.{verdict}"))
        rows = [
            {"number": cell(texts.word("drift_number", one["name"])),
             "verdict": cell(texts.word("drift", one["verdict"]), kind=f"chip drift-{one['verdict']}"),
             "index": cell(_number(one["index"])), "by_chance": cell(_number(one["by_chance"]))}
            for one in found["numbers"]
        ]  # fmt: skip
        heads = {name: texts(f"overview.{name}") for name in ("number", "verdict", "index", "by_chance")}
        table(heads, rows, right=("index", "by_chance"), label=texts("overview.drift"))
        if found["after"]["from"]:
            text("p", texts(
                "overview.periods", after=f"{found['after']['from'][:10]} – {told['as_of'][:10]}",
                n=show.count(found["after"]["payments"]), before=show.count(found["before"]["payments"]),
            ), "muted")  # fmt: skip
        if found["young"] and found["after"]["from"]:
            text("p", texts("overview.young"), "muted")
        if verdict in ("moving", "shifted"):
            with ui.element("p"):
                text("span", texts(f"drift_do.{verdict}"))
                text("code", "bonafide drift")
            with ui.element("div").classes("panel-foot"):
                link(texts("overview.to_bundles"), "/bundles", "button quiet")


def _number(value: float | None) -> str:
    return show.NOTHING if value is None else f"{value:.3f}"
