"""Other cases about the same people and shops as a case."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import ApiError
from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import chip, link, panel, text

ASKED_MAX: Final = 6
"""Subjects of a case, those in the most events, whose other cases are asked for."""
EACH: Final = 20
SHOWN: Final = 8
STATES: Final = ("open", "assigned", "waiting", "decided", "reopened")


async def show_alike(view: View, case: dict[str, Any]) -> None:
    """The panel; nothing where there is no such case."""
    mine = [one["id"] for one in case["subjects"] if one["type"] in ("user", "merchant")][:ASKED_MAX]
    shared: dict[int, int] = {}
    known: dict[int, dict[str, Any]] = {}
    for found in await asyncio.gather(*(_about(view, token) for token in mine)):
        for one in found:
            if one["number"] != case["number"]:
                known[one["number"]] = one
                shared[one["number"]] = shared.get(one["number"], 0) + 1
    if not known:
        return
    texts = view.texts
    with panel(texts("case.alike"), texts("case.alike_hint")), ui.element("ul").classes("subjects"):
        for number in sorted(known, key=lambda number: (-shared[number], -known[number]["money_at_stake"], number))[
            :SHOWN
        ]:
            one = known[number]
            with ui.element("li"):
                link(f"#{number}", f"/cases/{number}")
                name, kind = ("label", one["label"]) if one["label"] else ("state", one["state"])
                chip(texts.word(name, kind), f"{name}-{kind}")
                money = show.money(one["money_at_stake"], one["currency"])
                text("span", texts("case.shares", n=shared[number], money=money), "muted")


async def _about(view: View, token: str) -> list[dict[str, Any]]:
    try:
        told = await view.get("/v1/cases", subject=token, state=list(STATES), limit=EACH)
    except ApiError:
        return []
    found: list[dict[str, Any]] = told["cases"]
    return found
