"""Merchants: where each stands, what its reviews found, and what two people decide."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View, empty
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
    one = await view.get(f"/v1/merchants/{part(token)}")
    with ui.element("div").classes("title"):
        text("h1", texts("merchants.title", token=show.token(one["merchant_id"])))
        chip(texts.word("standing", one["standing"]), f"standing-{one['standing']}")
        link(texts("merchants.to_subject"), f"/subjects/merchant/{part(one['merchant_id'])}")
    if one["reviews"]:
        _actions(view, one)
    else:
        empty(view, "merchants.no_review")
    for review in one["reviews"]:
        _review(view, review)


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
                        _rests_on(finding["rests_on"])
        for vote in review["votes"]:
            text(
                "p",
                f"{vote['person']}: {texts.word('decision', vote['decision'])} · {show.moment(vote['made'])}",
                "muted",
            )
            if vote["note"]:
                text("p", vote["note"], "note")


def _rests_on(told: dict[str, Any]) -> None:
    """What a finding rests on; other merchants are links, numbers and words are texts."""
    others = told.get("merchants", ())
    for other in others[:12] if isinstance(others, list) else ():
        name = str(other.get("merchant", "")) if isinstance(other, dict) else str(other)
        link(show.token(name), f"/merchants/{part(name)}", "link mono")
    plain = {name: value for name, value in told.items() if isinstance(value, str | int | float)}
    if plain:
        text("span", " · ".join(f"{name} {value}" for name, value in plain.items()), "muted")
