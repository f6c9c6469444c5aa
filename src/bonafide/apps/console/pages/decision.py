"""One decision by itself: what came of an event that may belong to no case, and the reasons that it was given."""

from __future__ import annotations

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import chip, facts, panel, text


async def build(view: View, event: str) -> None:
    """The page."""
    texts = view.texts
    told = await view.get(f"/v1/decisions/{part(event)}")
    with ui.element("div").classes("title"):
        text("h1", texts("decision_page.title"))
        text("code", told["event_id"])
        chip(texts.word("outcome", told["outcome"]), f"outcome-{told['outcome']}")
        text("span", show.moment(told["time"]), "muted")
    with panel(texts("why.title")):
        if not told["reasons"]:
            text("p", texts("decision_page.no_reasons"), "muted")
        with ui.element("ol").classes("reasons"):
            for one in told["reasons"]:
                with ui.element("li"):
                    text("span", texts.of(one))
                    text("code", one["code"])
        facts([
            (texts("why.score"), f"{told['score']:.3f}"),
            (texts("about.level"), texts.word("level", told["risk_level"])),
            (texts("why.credit_score"), str(told["credit_score"] or show.NOTHING)),
            (texts("why.hits"), ", ".join(told["hits"]) or texts("why.no_hits")),
            *((texts("why.proposes"), texts.word("measure", one["measure"])) for one in told["measures"]),
            (texts("why.bundle"), told["bundle"][:12]),
        ])  # fmt: skip
