"""Measures: which wait for a person, what each rests on, what its subject is told, and how it ends."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.parts import (
    both_languages,
    button,
    cell,
    chip,
    facts,
    figure,
    link,
    panel,
    pills,
    table,
    text,
)
from bonafide.apps.console.words import MEASURE_STATES

PAGE: Final = 50
OPEN: Final = ("proposed", "requested", "applied", "confirmed")
NOT_YET: Final = ("proposed", "requested")
"""The platform does not carry it out yet: it is turned down, and not lifted."""
COLUMNS: Final = ("measure", "subject", "state", "grade", "until", "confirmed_by", "asks", "event_time")


async def build(view: View) -> None:
    """The list."""
    texts, query = view.texts, view.query
    state, waiting = query.get("state", ""), bool(query.get("waiting"))
    told = await view.get(
        "/v1/measures",
        state=state,
        waiting=waiting,
        subject=query.get("subject"),
        before=query.get("before"),
        limit=PAGE,
    )
    text("h1", texts("place.measures"))
    _figures(view, told["figures"])
    options = {"waiting": (texts("measures.waiting"), "/measures?waiting=1"), "": (texts("queue.any"), "/measures")}
    options |= {name: (texts(f"measure_state.{name}"), f"/measures?state={name}") for name in MEASURE_STATES}
    pills(texts("queue.saved"), options, "waiting" if waiting else state)
    if not told["measures"]:
        empty(view, "measures.none")
        return
    rows = [_row(view, one) for one in told["measures"]]
    table({name: texts(f"measures.{name}") for name in COLUMNS}, rows, right=("asks",), each=PAGE + 8,
          label=texts("place.measures"))  # fmt: skip
    if told["next_before"] is not None:
        kept = {name: query[name] for name in ("state", "waiting", "subject") if query.get(name)}
        link(texts("act.next"), f"/measures?{urlencode(kept | {'before': told['next_before']})}", "button quiet")


def _figures(view: View, told: dict[str, int]) -> None:
    with ui.element("div").classes("figures"):
        for name in OPEN:
            figure(view.texts(f"measure_state.{name}"), show.count(told[name]))
        figure(view.texts("measures.unanswered"), show.count(told["unanswered"]))
        figure(view.texts("measures.raised"), show.count(told["raised"]), kind="late" if told["raised"] else "")


def _row(view: View, one: dict[str, Any]) -> dict[str, Any]:
    texts = view.texts
    waits = one["needs_person"] and one["state"] == "proposed"
    return {
        "measure": cell(texts.word("measure", one["measure"]), to=f"/measures/{part(one['measure_id'])}"),
        "subject": cell(f"{texts.word('subject', one['subject_type'])} {show.token(one['subject'])}",
                        to=f"/subjects/{one['subject_type']}/{part(one['subject'])}", title=one["subject"]),
        "state": cell(texts.word("measure_state", one["state"]), kind=f"chip measure-{one['state']}"),
        "grade": cell(texts.word("grade", one["grade"]) if one["grade"] else show.NOTHING),
        "until": cell(show.far(texts, one["until"], view.now_ms()), title=show.moment(one["until"])),
        "confirmed_by": cell(", ".join(one["confirmed_by"]) or (texts("measures.waits") if waits else show.NOTHING)),
        "asks": cell(show.count(one["asks"]), kind="late" if one["raised"] else ""),
        "event_time": cell(show.moment(one["event_time"])),
    }  # fmt: skip


async def build_one(view: View, id: str) -> None:
    """One measure."""
    texts = view.texts
    one = await view.get(f"/v1/measures/{part(id)}")
    with ui.element("div").classes("title"):
        text("h1", texts.word("measure", one["measure"]))
        chip(texts.word("measure_state", one["state"]), f"measure-{one['state']}")
        link(f"{texts.word('subject', one['subject_type'])} {show.token(one['subject'])}",
             f"/subjects/{one['subject_type']}/{part(one['subject'])}", "link mono")  # fmt: skip
    _actions(view, one)
    with ui.element("div").classes("columns"):
        with ui.element("div").classes("wide-column"):
            _told(view, one)
            _notices(view, one)
        with ui.element("aside").classes("side-column"):
            _standing(view, one)
            _steps(view, one)


def _actions(view: View, one: dict[str, Any]) -> None:
    stem, path = "POST /v1/measures/{id}", f"/v1/measures/{part(one['measure_id'])}"
    if one["state"] not in OPEN:
        return
    with ui.element("div").classes("actions"):
        mine = view.name in one["confirmed_by"]
        if one["state"] != "confirmed" and not mine and view.may(f"{stem}/confirm"):
            button(view.texts("act.confirm_measure"), lambda: view.step(f"{path}/confirm", "confirm_measure"), "main")
        if one["state"] in NOT_YET and view.may(f"{stem}/refuse"):
            button(view.texts("act.refuse_measure"), lambda: view.step(f"{path}/refuse", "refuse_measure"))
        if one["state"] not in NOT_YET and view.may(f"{stem}/lift"):
            button(view.texts("act.lift_measure"), lambda: view.step(f"{path}/lift", "lift_measure"))
        if view.may("POST /v1/appeals"):
            button(view.texts("act.hand_in"), lambda: _hand_in(view, one))


async def _hand_in(view: View, one: dict[str, Any]) -> None:
    """An appeal that came by letter."""
    from bonafide.apps.console.parts import dialog_of

    texts = view.texts
    said = await dialog_of(texts, texts("act.hand_in"), texts("hint.hand_in"), texts("act.send"), needed=True)
    if said is None:
        return
    made = await view.do("/v1/appeals", {"measure_id": one["measure_id"], "statement": said})
    if made is not None:
        ui.navigate.to(f"/appeals/{part(made['appeal_id'])}")


def _told(view: View, one: dict[str, Any]) -> None:
    """What the notice says, or will say: in both languages, as its subject reads it."""
    texts, told = view.texts, one["told"]
    with panel(texts("measures.told"), texts("measures.told_hint")):
        for name in ("why", "submit", "appeal"):
            if told.get(name):
                text("h3", texts(f"told.{name}"))
                both_languages(told[name])
        with ui.element("ol").classes("reasons"):
            for reason in told.get("reasons", ()):
                with ui.element("li"):
                    text("span", texts.of(reason))
                    text("code", reason["code"])


def _notices(view: View, one: dict[str, Any]) -> None:
    texts = view.texts
    with panel(texts("measures.notices")):
        if not one["notices"]:
            text("p", texts("measures.no_notice"), "muted")
        for notice in one["notices"]:
            left = (
                texts("measures.sent", time=show.moment(notice["sent"]))
                if notice["sent"]
                else texts("measures.due_later")
            )
            with ui.element("div").classes("notice"):
                text("span", f"{texts.word('notice', notice['kind'])} · {left}", "muted")
                both_languages(notice["text"])


def _standing(view: View, one: dict[str, Any]) -> None:
    texts = view.texts
    rows = [
        (texts("measures.id"), one["measure_id"]), (texts("measures.until"), show.moment(one["until"])),
        (texts("measures.machine_until"), show.moment(one["machine_until"])),
        (texts("measures.confirmed_by"), ", ".join(one["confirmed_by"]) or show.NOTHING),
        (texts("measures.hits"), ", ".join(one["hits"]) or show.NOTHING),
        (texts("measures.requested"), show.moment(one["requested"])),
        (texts("measures.applied"), show.moment(one["applied"])),
        (texts("measures.ended"), show.moment(one["ended"])), (texts("measures.asks"), show.count(one["asks"])),
        (texts("measures.event"), one["event_id"]),
    ]  # fmt: skip
    if one["doubted"]:
        rows.append((texts("measures.doubted"), show.moment(one["doubted"])))
    with panel(texts("measures.standing")):
        facts(rows)


def _steps(view: View, one: dict[str, Any]) -> None:
    with panel(view.texts("case.history")), ui.element("ol").classes("history"):
        for step in one["steps"]:
            with ui.element("li"):
                text("span", view.texts.word("measure_step", step["action"]), "step")
                text("span", f"{step['person']} · {show.moment(step['time'])}", "muted")
        if not one["steps"]:
            text("li", view.texts("measures.no_step"), "muted")
