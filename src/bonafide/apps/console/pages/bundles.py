"""Bundles: what decides, what is proposed in its place, what that changes and whom it may harm, and who said so."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.parts import button, cell, chip, facts, panel, table, text

COLUMNS: Final = ("time", "action", "bundle", "person", "note", "outcome")
HASH_SHOWN: Final = 12
STEPS_SHOWN: Final = 200


async def build(view: View) -> None:
    """The page."""
    texts = view.texts
    told = await view.get("/v1/bundles")
    text("h1", texts("place.bundles"))
    with panel(texts("bundles.in_force")):
        text("code", told["in_force"] or texts("bundles.by_setting"), "hash")
        if told["steps"] and view.may("POST /v1/bundles/rollback"):
            with ui.element("div").classes("actions"):
                button(texts("act.rollback"), lambda: view.step("/v1/bundles/rollback", "rollback"), "danger")
    standing = [one for one in reversed(told["proposals"]) if stage(one) in ("proposed", "approved")]
    if not standing:
        empty(view, "bundles.none")
    for one in standing:
        _proposal(view, one)
    if told["steps"]:
        with panel(texts("bundles.history")):
            rows = [_row(view, step) for step in reversed(told["steps"][-STEPS_SHOWN:])]
            table({name: texts(f"bundles.{name}") for name in COLUMNS}, rows, label=texts("bundles.history"))


def stage(one: dict[str, Any]) -> str:
    """How far a proposal has come.

    >>> stage({"approved": {}, "activated": None, "refused": None})
    'approved'
    """
    found = [name for name in ("refused", "activated", "approved") if one[name] is not None]
    return found[0] if found else "proposed"


def _proposal(view: View, one: dict[str, Any]) -> None:
    texts, path = view.texts, f"/v1/bundles/{part(one['bundle'])}"
    title = texts("bundles.proposal", name=one["name"] or one["bundle"][:HASH_SHOWN])
    with panel(title, texts("bundles.by", name=one["person"], time=show.moment(one["time"]))):
        with ui.element("div").classes("title"):
            chip(texts.word("stage", stage(one)))
            text("code", one["bundle"][:HASH_SHOWN])
            if one["ready"]:
                text("span", texts("bundles.ready", time=show.moment(one["ready"])), "muted")
        if one["note"]:
            text("p", one["note"], "note")
        with ui.element("div").classes("columns even"):
            _lines(texts("bundles.changes"), one["changes"], texts("bundles.no_change"))
            _lines(texts("bundles.harms"), one["harms"], texts("bundles.no_harm"))
        facts([(texts("bundles.takes_over"), one["takes_over"] or show.NOTHING)])
        with ui.element("div").classes("actions"):
            _buttons(view, one, path)


def _buttons(view: View, one: dict[str, Any], path: str) -> None:
    stem, texts = "POST /v1/bundles/{hash}", view.texts
    if stage(one) == "proposed" and one["person"] != view.name and view.may(f"{stem}/approve"):
        button(texts("act.approve"), lambda: view.step(f"{path}/approve", "approve", needed=False), "main")
    if stage(one) == "approved" and view.may(f"{stem}/activate"):
        button(texts("act.activate"), lambda: view.step(f"{path}/activate", "activate", needed=False), "main")
    if view.may(f"{stem}/refuse"):
        button(texts("act.refuse_bundle"), lambda: view.step(f"{path}/refuse", "refuse_bundle"))


def _lines(title: str, lines: list[str], nothing: str) -> None:
    with ui.element("div"):
        text("h3", title)
        with ui.element("ul").classes("lines"):
            for line in lines or [nothing]:
                text("li", line)


def _row(view: View, step: dict[str, Any]) -> dict[str, Any]:
    texts = view.texts
    outcome = step["why_not"] or (texts.word("done", step["outcome"]) if step["outcome"] else show.NOTHING)
    return {
        "time": cell(show.moment(step["time"])),
        "action": cell(texts.word("stage", step["action"])),
        "bundle": cell(step["bundle"][:HASH_SHOWN], kind="mono", title=step["bundle"]),
        "person": cell(step["person"]),
        "note": cell(step["note"] or show.NOTHING, kind="wrap"),
        "outcome": cell(outcome),
    }
