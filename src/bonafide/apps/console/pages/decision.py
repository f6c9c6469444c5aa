"""One decision by itself: what came of an event that may belong to no case, with its reasons and how its score adds up."""

from __future__ import annotations

import asyncio

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View
from bonafide.apps.console.pages.score import parts_of, show_score
from bonafide.apps.console.pages.why import tell
from bonafide.apps.console.parts import chip, panel, text


async def build(view: View, event: str) -> None:
    """The page."""
    texts = view.texts
    told, parts = await asyncio.gather(view.get(f"/v1/decisions/{part(event)}"), parts_of(view, event))
    with ui.element("div").classes("title"):
        text("h1", texts("decision_page.title"))
        text("code", told["event_id"])
        chip(texts.word("outcome", told["outcome"]), f"outcome-{told['outcome']}")
        level = texts("why.level", level=texts.word("level", told["risk_level"]))
        text("span", level, f"level-{told['risk_level']}")
        text("span", show.moment(told["time"]), "muted")
    with panel(texts("why.title")):
        tell(view, told)
    show_score(view, parts)
