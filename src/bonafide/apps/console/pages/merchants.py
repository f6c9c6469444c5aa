"""Merchants: where each stands, what its reviews found, and what two people decide."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.pages import about
from bonafide.apps.console.pages.clear_data import clear
from bonafide.apps.console.pages.rests_on import rests_on
from bonafide.apps.console.parts import button, cell, cells, chip, facts, link, panel, pills, table, text
from bonafide.apps.console.words import DECISIONS, STANDINGS

PAGE: Final = 50
COLUMNS: Final = ("merchant", "standing", "state", "proposed", "findings", "cause", "made", "answer_by")
FINDINGS_SHOWN: Final = 2
NOTE_SEVERITIES: Final = ("note", "low", "medium", "high", "critical")


async def build(view: View) -> None:
    """The list."""
    texts, query = view.texts, view.query
    standing = query.get("standing", "")
    told = await view.get("/v1/merchants", standing=standing, before=query.get("before"), limit=PAGE)
    text("h1", texts("place.merchants"))
    options = {"": (texts("queue.any"), "/merchants")}
    options |= {name: (texts(f"standing.{name}"), f"/merchants?standing={name}") for name in STANDINGS}
    pills(texts("queue.saved"), options, standing)
    if not told["merchants"]:
        empty(view, "merchants.none")
        return
    rows = [_row(view, one) for one in told["merchants"]]
    table({name: texts(f"merchants.{name}") for name in COLUMNS}, rows, each=PAGE, label=texts("place.merchants"))
    if told["next_before"] is not None:
        more = f"&standing={standing}" if standing else ""
        link(texts("act.next"), f"/merchants?before={told['next_before']}{more}", "button quiet")


def _row(view: View, one: dict[str, Any]) -> dict[str, Any]:
    texts, review = view.texts, one["reviews"][0] if one["reviews"] else None
    grave = sorted(review["findings"], key=lambda f: -NOTE_SEVERITIES.index(f["severity"])) if review else []
    found = [texts.of(finding) for finding in grave]
    more = [f"+{len(found) - FINDINGS_SHOWN}"] if len(found) > FINDINGS_SHOWN else []
    return {
        "merchant": cell(
            show.token(one["merchant_id"]), to=f"/merchants/{part(one['merchant_id'])}", title=one["merchant_id"]
        ),
        "standing": cell(texts.word("standing", one["standing"]), kind=f"chip standing-{one['standing']}"),
        "state": cell(texts.word("review_state", review["state"]) if review else show.NOTHING),
        "proposed": cell(texts.word("decision", review["proposed"]) if review else show.NOTHING),
        "findings": cells(found[:FINDINGS_SHOWN] + more, "tag"),
        "cause": cell(texts.word("cause", review["cause"]) if review else show.NOTHING),
        "made": cell(show.moment(review["made"] if review else one["changed"])),
        "answer_by": cell(show.far(texts, review["answer_by"], view.now_ms()) if review else show.NOTHING),
    }


async def build_one(view: View, token: str) -> None:
    """One merchant."""
    texts = view.texts
    one = await about.found_or_none(view, f"/v1/merchants/{part(token)}")
    name = token if one is None else one["merchant_id"]
    cases = await about.cases_of(view, name)
    with ui.element("div").classes("title"):
        text("h1", texts.word("subject", "merchant"))
        text("code", name)
        if one is not None:
            standing = one["standing"] or "unknown"
            chip(texts.word("standing", standing), f"standing-{standing}")
    if one is None:
        empty(view, "merchants.unseen")
        about.cases(view, cases)
        clear(view, "merchant", name)
        return
    if one["reviews"]:
        _actions(view, one)
    about.figures(view, one)
    with ui.element("div").classes("columns"):
        with ui.element("div").classes("wide-column"):
            about.score(view, "merchant", one)
            newest, *older = one["reviews"] or [None]
            if newest is None:
                empty(view, "merchants.no_review")
            else:
                _review(view, newest)
            about.decisions(view, one["decisions"])
            about.measures(view, one["measures"])
            about.cases(view, cases)
            for review in older:
                _review(view, review)
        with ui.element("aside").classes("side-column"):
            about.exposure(view, one["exposure"])
            _limits(view, one)
            _cleared(view, one)
            clear(view, "merchant", name)


def _limits(view: View, one: dict[str, Any]) -> None:
    """What holds after an admission with limits, and how a merchant that was closed is wound down."""
    texts = view.texts
    limits = one["reviews"][0]["limits"] if one["reviews"] else None
    if limits is not None:
        step = limits["in_force"]
        with panel(texts("merchants.limits")):
            facts([
                (texts("merchants.settle_after"), texts("merchants.days", n=step["settle_after_days"])),
                (texts("merchants.pay_later_share"), show.share(step["pay_later_share"])),
                (texts("merchants.reserve"), f"{show.share(step['reserve_share'])} · "
                                             f"{texts('merchants.days', n=step['reserve_days'])}"),
                (texts("merchants.limits_until"), show.moment(limits["until"])),
            ])  # fmt: skip
    if one["wind_down"] is not None:
        with panel(texts("merchants.wind_down")):
            text("p", texts("merchants.wind_down_hint", time=show.moment(one["wind_down"]["hold_rest_until"])))


def _cleared(view: View, one: dict[str, Any]) -> None:
    """Until when payouts are let through that rules would hold for what people have found genuine."""
    if one["cleared_until"] is not None:
        with panel(view.texts("merchants.cleared")):
            text("p", view.texts("merchants.cleared_hint", time=show.moment(one["cleared_until"])))


def _actions(view: View, one: dict[str, Any]) -> None:
    if not view.may("POST /v1/merchants/{id}/decide"):
        return
    path = f"/v1/merchants/{part(one['merchant_id'])}/decide"

    def step(name: str) -> Any:
        return lambda: view.step(path, f"decide_{name}", more={"decision": name})

    with ui.element("div").classes("actions"):
        for name in DECISIONS:
            button(view.texts(f"act.decide_{name}"), step(name), "danger" if name == "refuse" else "")


def _review(view: View, review: dict[str, Any]) -> None:
    texts = view.texts
    more = f"{texts.word('cause', review['cause'])} · {show.moment(review['made'])}"
    with panel(texts("merchants.review", number=review["number"]), more):
        facts([
            (texts("merchants.state"), texts.word("review_state", review["state"])),
            (texts("merchants.proposed"), texts.word("decision", review["proposed"])),
            (texts("merchants.decision"), texts.word("decision", review["decision"])),
            (texts("merchants.hold_until"), show.moment(review["hold_until"])),
            (texts("merchants.papers"), ", ".join(map(texts.of, review["papers_missing"])) or show.NOTHING),
        ])  # fmt: skip
        if review["forgotten"]:
            text("p", texts("merchants.forgotten"), "muted")
        families: dict[str, list[dict[str, Any]]] = {}
        for finding in review["findings"]:
            families.setdefault(finding["family"], []).append(finding)
        for family, found in families.items():
            text("h3", texts.word("family", family))
            with ui.element("ul").classes("findings"):
                for finding in found:
                    with ui.element("li"):
                        chip(texts.word("severity", finding["severity"]), f"severity-{finding['severity']}")
                        text("span", texts.of(finding))
                        rests_on(texts, finding["rests_on"])
        for vote in review["votes"]:
            text(
                "p",
                f"{vote['person']}: {texts.word('decision', vote['decision'])} · {show.moment(vote['made'])}",
                "muted",
            )
            if vote["note"]:
                text("p", vote["note"], "note")
