"""Lists: who stands on them, what waits for a second person, and asking for a change."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.parts import (
    answer_of,
    button,
    cell,
    choice,
    field,
    link,
    panel,
    pills,
    table,
    text,
    titled_dialog,
)
from bonafide.apps.console.words import LISTS

PAGE: Final = 100
DAY_MS: Final = 86_400_000
COLUMNS: Final = ("entry", "list", "action", "reason", "person", "time", "expires", "approved_by")
TERMS_D: Final = (7, 30, 90, 365)


async def build(view: View) -> None:
    """The page."""
    texts, query = view.texts, view.query
    name = query.get("list", "")
    standing = query.get("all") != "1"
    told = await view.get("/v1/lists", list=name, standing=standing, before=query.get("before"), limit=PAGE)
    with ui.element("div").classes("title"):
        text("h1", texts("place.lists"))
        if view.may("POST /v1/lists"):
            button(texts("act.add_entry"), lambda: _ask(view), "main")
    options = {"": (texts("queue.any"), "/lists")} | {
        one: (texts(f"list.{one}"), f"/lists?list={one}") for one in LISTS
    }
    pills(texts("queue.saved"), options | {"all": (texts("lists.all"), "/lists?all=1")}, name if standing else "all")
    waits = [one for one in told["changes"] if one["waits"]]
    for one in waits:
        _waiting(view, one)
    if not told["changes"]:
        empty(view, "lists.none")
        return
    rows = [_row(view, one) for one in reversed(told["changes"])]
    table({one: texts(f"lists.{one}") for one in COLUMNS}, rows, each=50, label=texts("place.lists"))
    if told["next_before"] is not None:
        link(texts("act.next"), f"/lists?all=1&before={told['next_before']}", "button quiet")


def _waiting(view: View, one: dict[str, Any]) -> None:
    texts = view.texts
    what = (
        f"{texts.word('list_action', one['action'])} · {texts.word('list', one['list'])} · {show.token(one['entry'])}"
    )
    with panel(texts("case.waits_second"), f"{one['person']} · {show.moment(one['time'])}"):
        text("p", what)
        text("p", one["reason"], "note")
        if one["person"] != view.name and view.may("POST /v1/lists/{number}/approve"):

            async def approve() -> None:
                """The second person says yes."""
                if await view.do(f"/v1/lists/{one['number']}/approve") is not None:
                    view.again()

            button(texts("act.approve"), approve, "main")


def _row(view: View, one: dict[str, Any]) -> dict[str, Any]:
    texts = view.texts
    return {
        "entry": cell(show.token(one["entry"]), kind="mono", title=one["entry"]),
        "list": cell(texts.word("list", one["list"]), kind=f"chip list-{one['list']}"),
        "action": cell(texts.word("list_action", one["action"])),
        "reason": cell(one["reason"], kind="wrap"),
        "person": cell(one["person"]),
        "time": cell(show.moment(one["time"])),
        "expires": cell(show.moment(one["expires"])),
        "approved_by": cell(texts("measures.waits") if one["waits"] else one["approved_by"] or show.NOTHING),
    }


async def _ask(view: View) -> None:
    """Ask for somebody to join or to leave a list."""
    texts = view.texts
    with titled_dialog(texts("act.add_entry")) as dialog:
        text("p", texts("hint.add_entry"), "muted")
        with ui.element("div").classes("row"):
            name = choice(texts("lists.list"), {one: texts(f"list.{one}") for one in LISTS}, "watch")
            action = choice(
                texts("lists.action"), {one: texts(f"list_action.{one}") for one in ("add", "remove")}, "add"
            )
            days = choice(texts("lists.term"), {str(one): texts("lists.days", n=one) for one in TERMS_D}, "30")
        entry = field(texts("lists.entry_id"), classes="wide")
        reason = field(texts("lists.reason"), classes="wide")

        def go() -> None:
            """Send it, where it says who and why."""
            if not (entry.value or "").strip() or not (reason.value or "").strip():
                reason.props["error"] = True
                reason.props["error-message"] = texts("act.note_needed")
                return
            told = {"list": name.value, "action": action.value, "entry": entry.value.strip(), "reason": reason.value}
            if action.value == "add":
                told["expires"] = show.at(view.now_ms() + int(days.value) * DAY_MS)
            dialog.submit(told)

        with ui.element("div").classes("dialog-buttons"):
            button(texts("act.leave"), lambda: dialog.submit(None), "quiet")
            button(texts("act.send"), go, "main")
    told = await answer_of(dialog)
    if told and await view.do("/v1/lists", told) is not None:
        view.again()
