"""Why an event was decided as it was: the decision as it was recorded, with its reasons, and how its score adds up."""

from __future__ import annotations

import asyncio
from typing import Any

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View
from bonafide.apps.console.pages.score import parts_of, show_score
from bonafide.apps.console.parts import chip, facts, link, panel, text


async def show_why(view: View, case: dict[str, Any], event: dict[str, Any]) -> None:
    """The panels for one event of a case."""
    texts = view.texts
    told, parts = await asyncio.gather(
        view.get(f"/v1/decisions/{part(event['event_id'])}"), parts_of(view, event["event_id"])
    )
    with panel(texts("why.title"), texts("why.of", event=event["event_id"], time=show.moment(event["time"]))):
        with ui.element("div").classes("why-head"):
            chip(texts.word("outcome", told["outcome"]), f"outcome-{told['outcome']}")
            text("span", texts.word("event", event["type"]))
            text("strong", show.money(event["amount"], event["currency"]))
            level = texts("why.level", level=texts.word("level", told["risk_level"]))
            text("span", level, f"level-{told['risk_level']}")
            link(texts("why.another", n=case["events"]), f"/cases/{case['number']}?tab=events", "muted")
        tell(view, told)
    show_score(view, parts)
    if told["loops"]:
        _loops(view, case, told)


def tell(view: View, told: dict[str, Any]) -> None:
    """What a decision says: score, reasons, rules, and what it proposes."""
    _score(view, told)
    if not told["reasons"]:
        text("p", view.texts("decision_page.no_reasons"), "muted")
    _reasons(view, told)
    _more(view, told)


def _score(view: View, told: dict[str, Any]) -> None:
    score = told["score"]
    with ui.element("div").classes("score"):
        text("span", view.texts("why.score"), "muted")
        with ui.element("div").classes("score-bar") as bar:
            bar.props["role"] = "img"
            bar.props["aria-label"] = f"{view.texts('why.score')} {score:.3f}"
            ui.element("span").classes("score-fill").style(f"width: {100 * score:.1f}%")
        text("strong", f"{score:.3f}")


def _reasons(view: View, told: dict[str, Any]) -> None:
    with ui.element("ol").classes("reasons"):
        for one in told["reasons"]:
            with ui.element("li"):
                text("span", view.texts.of(one))
                text("code", one["code"])


def _more(view: View, told: dict[str, Any]) -> None:
    texts = view.texts
    rows = [(texts("why.hits"), ", ".join(told["hits"]) or texts("why.no_hits"))]
    if told["credit_score"] is not None:
        rows.append((texts("why.credit_score"), str(told["credit_score"])))
    if told["release_by"]:
        rows.append((texts("why.release_by"), show.moment(told["release_by"])))
    if told["faults"] or told["degraded"]:
        rows.append((texts("why.faults"), ", ".join([*told["faults"], *told["degraded"]])))
    for one in told["measures"]:
        rows.append((texts("why.proposes"), texts.word("measure", one["measure"])))
    rows.append((texts("why.bundle"), told["bundle"][:12]))
    facts(rows)


def _loops(view: View, case: dict[str, Any], told: dict[str, Any]) -> None:
    """Payments whose money this event brought home, with each step that is an event of the case."""
    texts, currency = view.texts, case["currency"]
    ours = {one["seq"]: one for one in case["event_list"]}
    with panel(texts("why.loops"), texts("why.loops_hint")):
        for loop in told["loops"]:
            share = loop["home"] / loop["amount"] if loop["amount"] else None
            home, paid = show.money(loop["home"], currency), show.money(loop["amount"], currency)
            text("p", f"{texts('why.came_home', home=home, paid=paid)} ({show.share(share)})")
            with ui.element("ol").classes("trail"):
                for step in loop["path"]:
                    with ui.element("li"):
                        text("strong", show.money(step["amount"], currency))
                        known = ours.get(step["seq"])
                        if known is not None:
                            to = f"/cases/{case['number']}?event={part(known['event_id'])}"
                            link(texts.word("event", known["type"]), to)
                        text("span", texts("why.at_seq", seq=step["seq"]), "muted")
