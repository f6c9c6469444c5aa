"""A subject: of a user the score and how it went, ladder, decisions and education; of all others cases; and its clear
data where somebody asks, which is written down."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from bonafide.apps.console.api import ApiError, part
from bonafide.apps.console.frame import View, empty, tell_refusal
from bonafide.apps.console.pages import about
from bonafide.apps.console.parts import button, facts, link, panel, text


async def build(view: View, kind: str, token: str) -> None:
    """The page."""
    texts = view.texts
    cases = await view.get("/v1/cases", subject=token, state=about.UNDECIDED_FIRST, limit=100)
    user = await found_or_none(view, f"/v1/users/{part(token)}") if kind == "user" else None
    with ui.element("div").classes("title"):
        text("h1", texts.word("subject", kind))
        text("code", token)
        if kind == "merchant":
            link(texts("subject_page.to_merchant"), f"/merchants/{part(token)}")
    if user is not None:
        about.figures(view, user)
    with ui.element("div").classes("columns"):
        with ui.element("div").classes("wide-column"):
            if user is not None:
                about.score(view, "user", user)
                about.decisions(view, user["decisions"])
            elif kind == "user":
                empty(view, "about.unseen")
            if kind in ("user", "merchant"):
                about.measures(view, (await view.get("/v1/measures", subject=token, limit=100))["measures"])
            about.cases(view, cases["cases"])
        with ui.element("aside").classes("side-column"):
            if user is not None:
                about.education(view, user["education"])
            clear(view, kind, token)


async def found_or_none(view: View, path: str) -> dict[str, Any] | None:
    """What the API says there, or None where it knows nothing of it."""
    try:
        told: dict[str, Any] = await view.get(path)
    except ApiError as error:
        if error.name != "not-found":
            raise
        return None
    return told


def clear(view: View, kind: str, token: str) -> None:
    """A button, and what it shows; the look stands in the audit log, with the case if one led here."""
    texts = view.texts

    async def look() -> None:
        """Show what is kept in clear."""
        view.touched()
        room.clear()
        with room:
            try:
                told = await view.get(f"/v1/subjects/{part(kind)}/{part(token)}", case=view.query.get("case"))
            except ApiError as error:
                tell_refusal(view, error)
                return
            rows = [(name, value) for name, value in told["fields"].items() if isinstance(value, str)]
            named = told["fields"].get("named", {})
            facts(
                [*rows, *((texts.word("subject", name), ", ".join(map(str, values))) for name, values in named.items())]
            )

    with panel(texts("subject_page.clear")):
        if not view.may("GET /v1/subjects/{type}/{pseudonym}"):
            text("p", texts("subject_page.not_yours"), "muted")
            return
        text("p", texts("subject_page.clear_hint"), "muted")
        room = ui.element("div")
        button(texts("subject_page.show"), look)
