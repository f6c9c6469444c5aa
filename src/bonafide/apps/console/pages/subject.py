"""A subject: of a user the score and how it went, ladder, decisions and education; of a merchant its own page; of all
others cases; and its clear data where somebody asks, which is written down."""

from __future__ import annotations

from nicegui import ui

from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.pages import about, merchants
from bonafide.apps.console.pages.clear_data import clear
from bonafide.apps.console.parts import text


async def build(view: View, kind: str, token: str) -> None:
    """The page."""
    if kind == "merchant":
        await merchants.build_one(view, token)
        return
    cases = await about.cases_of(view, token)
    user = await about.found_or_none(view, f"/v1/users/{part(token)}") if kind == "user" else None
    with ui.element("div").classes("title"):
        text("h1", view.texts.word("subject", kind))
        text("code", token)
    if user is not None:
        about.figures(view, user)
    with ui.element("div").classes("columns"):
        with ui.element("div").classes("wide-column"):
            if user is not None:
                about.score(view, "user", user)
                about.decisions(view, user["decisions"])
                about.measures(view, user["measures"])
            elif kind == "user":
                empty(view, "about.unseen")
            about.cases(view, cases)
        with ui.element("aside").classes("side-column"):
            if user is not None:
                about.education(view, user["education"])
            clear(view, kind, token)
