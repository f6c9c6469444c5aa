"""A subject: its cases and measures by its token; its clear data where somebody asks, which is written down."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import ApiError, part
from bonafide.apps.console.frame import View, tell_refusal
from bonafide.apps.console.parts import button, cell, facts, link, panel, table, text


async def build(view: View, kind: str, token: str) -> None:
    """The page."""
    texts = view.texts
    cases = await view.get(
        "/v1/cases", subject=token, state=["open", "assigned", "waiting", "decided", "reopened"], limit=100
    )
    with ui.element("div").classes("title"):
        text("h1", texts.word("subject", kind))
        text("code", token)
        if kind == "merchant":
            link(texts("subject_page.to_merchant"), f"/merchants/{part(token)}")
    with ui.element("div").classes("columns"):
        with ui.element("div").classes("wide-column"):
            _cases(view, cases["cases"])
            if kind in ("user", "merchant"):
                _measures(view, await view.get("/v1/measures", subject=token, limit=100))
        with ui.element("aside").classes("side-column"), panel(texts("subject_page.clear")):
            _clear(view, kind, token)


def _cases(view: View, found: list[dict[str, Any]]) -> None:
    texts = view.texts
    with panel(texts("subject_page.cases")):
        if not found:
            text("p", texts("subject_page.no_cases"), "muted")
            return
        names = ("number", "state", "money", "due", "assignee")
        rows = [
            {"number": cell(f"#{one['number']}", to=f"/cases/{one['number']}"),
             "state": cell(texts.word("state", one["state"]), kind=f"chip state-{one['state']}"),
             "money": cell(show.money(one["money_at_stake"], one["currency"])),
             "due": cell(show.moment(one["due"])), "assignee": cell(one["assignee"] or show.NOTHING)}
            for one in found
        ]  # fmt: skip
        table(
            {name: texts(f"queue.{name}") for name in names}, rows, right=("money",), label=texts("subject_page.cases")
        )


def _measures(view: View, told: dict[str, Any]) -> None:
    texts = view.texts
    with panel(texts("place.measures")):
        if not told["measures"]:
            text("p", texts("subject_page.no_measures"), "muted")
            return
        rows = [
            {"measure": cell(texts.word("measure", one["measure"]), to=f"/measures/{part(one['measure_id'])}"),
             "state": cell(texts.word("measure_state", one["state"]), kind=f"chip measure-{one['state']}"),
             "until": cell(show.moment(one["until"]))}
            for one in told["measures"]
        ]  # fmt: skip
        heads = {name: texts(f"measures.{name}") for name in ("measure", "state", "until")}
        table(heads, rows, each=10, label=texts("place.measures"))


def _clear(view: View, kind: str, token: str) -> None:
    """A button, and what it shows; the look stands in the audit log, with the case if one led here."""
    texts = view.texts
    if not view.may("GET /v1/subjects/{type}/{pseudonym}"):
        text("p", texts("subject_page.not_yours"), "muted")
        return
    text("p", texts("subject_page.clear_hint"), "muted")
    room = ui.element("div")

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

    button(texts("subject_page.show"), look)
