"""The clear data of a subject, where somebody asks for it."""

from __future__ import annotations

from nicegui import ui

from bonafide.apps.console.api import ApiError, part
from bonafide.apps.console.frame import View, tell_refusal
from bonafide.apps.console.parts import button, facts, panel, text


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
