"""A case: what it is about, why it is here, what happened in it, who is in it, and what people did."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from nicegui import events, ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.keys import TABS
from bonafide.apps.console.pages.alike import show_alike
from bonafide.apps.console.pages.case_files import show_files
from bonafide.apps.console.pages.case_steps import Steps
from bonafide.apps.console.pages.why import show_why
from bonafide.apps.console.parts import cell, chip, facts, figure, link, panel, table, text

EVENTS_SHOWN: Final = 100
OUTCOMES: Final = ("allow", "warn", "verify", "hold", "decline")


async def build(view: View, number: str) -> None:
    """The page."""
    tab = view.query.get("tab", "why")
    whole = "true" if tab == "lawyers" else "false"  # what lawyers need is most of the service's work
    case = await view.get(f"/v1/cases/{part(number)}", aggregates=whole)
    steps = Steps(view, case)
    _head(view, case)
    _figures(view, case)
    steps.bar()
    with ui.element("div").classes("columns"):
        with ui.element("div").classes("wide-column"):
            _tabs(view, case, tab)
            await _BODIES.get(tab, _why)(view, case)
        with ui.element("aside").classes("side-column"):
            _history(view, case)
            show_files(view, case)
            _subjects(view, case)
            _links(view, case)
            await show_alike(view, case)
    ui.keyboard(on_key=partial(_press, steps))
    if view.query.get("do") == "decide":
        ui.timer(0.1, steps.decide, once=True)


async def _press(steps: Steps, e: events.KeyEventArguments) -> None:
    if e.action.keydown and not (e.modifiers.ctrl or e.modifiers.alt or e.modifiers.meta):
        await steps.press(str(e.key))


def _head(view: View, case: dict[str, Any]) -> None:
    texts = view.texts
    with ui.element("div").classes("title"):
        text("h1", texts("case.title", number=case["number"]))
        chip(texts.word("state", case["state"]), f"state-{case['state']}")
        if case["label"]:
            chip(texts.word("label", case["label"]), f"label-{case['label']}")
        if case["grade"]:
            chip(texts.word("grade", case["grade"]))
        chip(texts.word("outcome", case["outcome"]), f"outcome-{case['outcome']}")
        if case["assignee"]:
            text("span", texts("case.has_it", name=case["assignee"]), "muted")
        if case["merged_into"]:
            link(texts("case.merged_into", number=case["merged_into"]), f"/cases/{case['merged_into']}")
    with ui.element("div").classes("tags"):
        for name in case["typologies"]:
            text("span", texts.word("typology", name), "tag")


def _figures(view: View, case: dict[str, Any]) -> None:
    texts, currency = view.texts, case["currency"]
    with ui.element("div").classes("figures"):
        figure(texts("case.stake"), show.money(case["money_at_stake"], currency))
        caught = case["money_caught"] / case["money_at_stake"] if case["money_at_stake"] else None
        figure(texts("case.caught"), show.money(case["money_caught"], currency), show.share(caught))
        figure(texts("case.events"), show.count(case["events"]))
        figure(texts("case.people"), f"{case['users']} / {case['merchants']}")
        due = texts("case.decided_at") if case["decided"] else texts("case.due")
        when, kind = case["decided"] or case["due"], "late" if case["overdue"] else ""
        figure(due, show.far(texts, when, view.now_ms()), show.moment(when), kind)


def _tabs(view: View, case: dict[str, Any], tab: str) -> None:
    with ui.element("nav").classes("tabs") as nav:
        nav.props["aria-label"] = view.texts("case.parts")
        for name in TABS:
            to = f"/cases/{case['number']}" + ("" if name == "why" else f"?tab={name}")
            one = link(view.texts(f"tab.{name}"), to, "tab here" if name == tab else "tab")
            if name == tab:
                one.props["aria-current"] = "page"


async def _why(view: View, case: dict[str, Any]) -> None:
    found = case["event_list"]
    if not found:
        empty(view, "case.no_events")
        return
    wanted = view.query.get("event")
    gravest = max(found, key=lambda one: (OUTCOMES.index(one["outcome"]), one["amount"] or 0))
    chosen = next((one for one in found if one["event_id"] == wanted), gravest)
    await show_why(view, case, chosen)


async def _events(view: View, case: dict[str, Any]) -> None:
    texts = view.texts
    names = ("time", "type", "amount", "outcome", "user", "merchant")
    at = int(view.query["from"]) if view.query.get("from", "").isdecimal() else 0
    shown = case["event_list"][at : at + EVENTS_SHOWN]
    rows = [
        {
            "time": cell(show.moment(one["time"]), to=f"/cases/{case['number']}?event={part(one['event_id'])}"),
            "type": cell(texts.word("event", one["type"])),
            "amount": cell(show.money(one["amount"], one["currency"])),
            "outcome": cell(texts.word("outcome", one["outcome"]), kind=f"chip outcome-{one['outcome']}"),
            "user": _subject_cell("user", one["user_id"]),
            "merchant": _subject_cell("merchant", one["merchant_id"]),
        }
        for one in shown
    ]
    with panel(texts("tab.events"), texts("case.newest_first")):
        heads = {name: texts(f"event_column.{name}") for name in names}
        table(heads, rows, right=("amount",), label=texts("tab.events"), each=EVENTS_SHOWN)
        if at + EVENTS_SHOWN < len(case["event_list"]):
            link(texts("act.next"), f"/cases/{case['number']}?tab=events&from={at + EVENTS_SHOWN}", "button quiet")


def _subject_cell(kind: str, token: str | None) -> list[dict[str, str | None]]:
    return cell(show.token(token), to=None if token is None else f"/subjects/{kind}/{part(token)}", title=token or "")


async def _money(view: View, case: dict[str, Any]) -> None:
    from bonafide.apps.console.pages.money import show_money

    await show_money(view, case)


async def _lawyers(view: View, case: dict[str, Any]) -> None:
    texts, told, currency = view.texts, case["aggregates"], case["currency"]
    fee = told["fee_rate_est"]
    rate = f"{show.share(fee['lo'])} .. {show.share(fee['hi'])}" if fee["lo"] is not None else show.NOTHING
    route = ", ".join(f"{name}: {number}" for name, number in told["refund_route"].items()) or show.NOTHING
    with panel(texts("tab.lawyers"), texts("case.lawyers_hint")):
        facts([
            (texts("law.gross_amount"), show.money(told["gross_amount"], currency)),
            (texts("law.n_txn"), show.count(told["n_txn"])),
            (texts("law.n_payers"), show.count(told["n_payers"])),
            (texts("law.n_merchants"), show.count(told["n_merchants"])),
            (texts("law.window"), f"{show.moment(told['window']['from'])} - {show.moment(told['window']['to'])}"),
            (texts("law.fee_rate"), rate),
            (texts("law.illegal_gain"), show.money(told["illegal_gain"]["value"], currency)),
            (texts("law.overdue"), show.money(told["overdue_principal"], currency)),
            (texts("law.no_logistics"), show.share(told["no_logistics_ratio"])),
            (texts("law.refund_route"), route),
            (texts("law.prior_cases"), show.count(told["prior_cases"])),
        ])  # fmt: skip
        for one in told["lines"]:
            text("p", " ".join(f"{name}: {value}" for name, value in one.items()), "muted")


_BODIES: Final = {"why": _why, "events": _events, "money": _money, "lawyers": _lawyers}


def _history(view: View, case: dict[str, Any]) -> None:
    texts = view.texts
    with panel(texts("case.history")), ui.element("ol").classes("history"):
        for one in reversed(case["steps"]):
            with ui.element("li"):
                text("span", texts.word("step", one["action"]), "step")
                text("span", f"{one['person']} · {show.moment(one['time'])}", "muted")
                _about(view, one["about"] or {})
                if one["note"]:
                    text("p", one["note"], "note")
        with ui.element("li"):
            text("span", texts("case.opened"), "step")
            text("span", show.moment(case["opened"]), "muted")


def _about(view: View, about: dict[str, Any]) -> None:
    """What a step was about: words, somebody's name, a time, another case."""
    texts = view.texts
    told = [texts.word(name, about[name]) for name in ("label", "grade", "measure") if about.get(name)]
    told += [about["to"]] if isinstance(about.get("to"), str) else []
    told += [show.moment(about["until"])] if about.get("until") else []
    told += [about["name"]] if about.get("name") else []
    if told:
        text("span", " · ".join(map(str, told)))
    for name in ("to", "from", "other", "into"):
        if isinstance(about.get(name), int):
            link(f"#{about[name]}", f"/cases/{about[name]}")


def _subjects(view: View, case: dict[str, Any]) -> None:
    texts = view.texts
    found = case["subjects"][:SUBJECTS_SHOWN]
    with panel(texts("case.subjects"), show.count(len(case["subjects"]))), ui.element("ul").classes("subjects"):
        for one in found:
            with ui.element("li"):
                text("span", texts.word("subject", one["type"]), f"dot {one['type']}")
                path = f"/subjects/{one['type']}/{part(one['id'])}"
                link(show.token(one["id"]), path, "link mono").props["title"] = one["id"]
                text("span", texts("case.in_events", n=one["events"]), "muted")


SUBJECTS_SHOWN: Final = 12


def _links(view: View, case: dict[str, Any]) -> None:
    if case["links"]:
        with panel(view.texts("case.linked")), ui.element("ul").classes("subjects"):
            for one in case["links"]:
                with ui.element("li"):
                    link(f"#{one['to']}", f"/cases/{one['to']}")
