"""The overview: how the day stands, in money first, and whether the service is well."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import ApiError
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.live import Live, Sample, read_sample
from bonafide.apps.console.pages import days
from bonafide.apps.console.parts import cell, figure, link, panel, table, text

EVERY_S = 3.0
"""How often the live figures are asked for, while somebody looks."""


async def build(view: View) -> None:
    """The page."""
    texts = view.texts
    cases = await view.get("/v1/cases/figures")
    measures = await view.get("/v1/measures", limit=1)
    appeals = await view.get("/v1/appeals", limit=1)
    last_days = await view.get("/v1/figures/days")
    text("h1", texts("place.overview"))
    alerts = cases["queues"]["alerts"]
    undecided = sum(alerts[state] for state in ("open", "assigned", "waiting", "reopened"))
    _head(view, cases, undecided)
    await _live(view)
    with ui.element("div").classes("columns even"):
        days.alerts(view, last_days)
        days.drift(view, last_days)
    with ui.element("div").classes("columns even"):
        _queues(view, cases)
        _office(view, measures["figures"], appeals["figures"])


def _head(view: View, cases: dict[str, Any], undecided: int) -> None:
    """The figures that a day is judged by."""
    texts, queues, looks = view.texts, cases["queues"], cases["second_looks"]
    late = queues["alerts"]["overdue"] + queues["review"]["overdue"]
    in_time = texts("overview.in_time", share=show.share(cases["decided_in_time_fraction"]))
    with ui.element("div").classes("figures"):
        at_risk = show.brief_money(cases["money_undecided"], cases["currency"])
        figure(texts("overview.at_risk"), at_risk, texts("overview.at_risk_of", n=undecided))
        for key, label in (("caught", "cash_out"), ("disturbed", "genuine")):
            told = cases["decided"].get(label, {"cases": 0, "money_at_stake": 0})
            money = show.brief_money(told["money_at_stake"], cases["currency"])
            figure(texts(f"overview.{key}"), money, texts("overview.cases", n=told["cases"]))
        figure(texts("overview.overdue"), show.count(late), in_time, "late" if late else "")
        looked = texts("overview.looked", n=looks["looked"], drawn=looks["drawn"])
        figure(texts("overview.agree"), show.share(looks["agreed_fraction"]), looked)


async def _live(view: View) -> None:
    """What the service decides just now; it goes on while somebody looks."""
    texts = view.texts
    with panel(texts("overview.live"), texts("overview.live_hint")):
        try:
            first = read_sample(await view.figures(), view.now_ms())
        except ApiError:
            empty(view, "overview.no_metrics")
            return
        with ui.element("div").classes("figures small"):
            rate = figure(texts("overview.per_minute"), show.NOTHING)
            alerts = figure(texts("overview.alerts"), show.count(first.alerts), texts("overview.since_start"))
            decided = figure(texts("overview.decided"), show.count(first.decided), texts("overview.since_start"))
            state = figure(texts("overview.health"), texts.word("health", first.state))
        live = Live([first])
        with ui.element("div").classes("columns even"):
            bars = ui.html(live.outcomes_svg(texts)).classes("plot")
            line = ui.html(live.rates_svg(texts)).classes("plot")

        async def ask() -> None:
            """Show what the service says now."""
            if not view.is_looking():
                return
            try:
                told: Sample = read_sample(await view.figures(), view.now_ms())
            except ApiError:
                state.set_text(texts("health.away"))
                return
            live.add(told)
            rate.set_text(show.count(live.per_minute()))
            alerts.set_text(show.count(told.alerts))
            decided.set_text(show.count(told.decided))
            state.set_text(texts.word("health", told.state))
            bars.set_content(live.outcomes_svg(texts))
            line.set_content(live.rates_svg(texts))

        ui.timer(EVERY_S, ask)


def _queues(view: View, told: dict[str, Any]) -> None:
    texts = view.texts
    names = ("open", "assigned", "waiting", "reopened", "overdue", "decided")
    rows = []
    for queue, states in told["queues"].items():
        numbers = {name: cell(show.count(states[name])) for name in names}
        if states["overdue"]:
            numbers["overdue"] = cell(show.count(states["overdue"]), kind="late")
        rows.append({"queue": cell(texts.word("queue_name", queue), to=f"/queue?queue={queue}")} | numbers)
    heads = {"queue": texts("queue.queue")} | {name: texts.word("state", name) for name in names}
    with panel(texts("overview.queues")):
        table(heads, rows, right=names, label=texts("overview.queues"))
        link(texts("overview.to_queue"), "/queue", "button main")


def _office(view: View, measures: dict[str, Any], appeals: dict[str, Any]) -> None:
    texts = view.texts
    with panel(texts("overview.measures")):
        with ui.element("div").classes("figures small"):
            for name in ("proposed", "requested", "applied", "confirmed"):
                figure(texts(f"measure_state.{name}"), show.count(measures.get(name)))
            figure(texts("overview.unanswered"), show.count(measures.get("unanswered")))
            late = texts("overview.overdue_n", n=appeals.get("overdue", 0))
            figure(texts("overview.appeals"), show.count(appeals.get("waiting")), late)
        with ui.element("div").classes("panel-foot"):
            link(texts("overview.to_measures"), "/measures?waiting=1", "button quiet")
            link(texts("overview.to_appeals"), "/appeals?waiting=1", "button quiet")
