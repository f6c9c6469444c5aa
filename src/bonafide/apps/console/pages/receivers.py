"""Settings: receivers of messages, and messages that nobody took."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View, shown_once
from bonafide.apps.console.pages.machine_keys import NOTE_MAX, overlap_choice
from bonafide.apps.console.parts import (
    answer_of,
    button,
    cell,
    chip,
    dialog_buttons,
    field,
    panel,
    several,
    table,
    text,
    titled_dialog,
)
from bonafide.apps.console.words import TOPICS

LETTERS: Final = 50
COLUMNS: Final = ("number", "receiver", "topic", "tries", "given_up", "error")
ADMINS: Final = "POST /v1/receivers"


async def show_receivers(view: View) -> None:
    """The panels."""
    texts = view.texts
    told = await view.get("/v1/receivers")
    with panel(texts("settings.receivers"), texts("settings.receivers_hint")):
        if not told["receivers"]:
            text("p", texts("settings.no_receiver"), "muted")
        with ui.element("ul").classes("receivers"):
            for one in told["receivers"]:
                with ui.element("li"):
                    _receiver(view, one)
        if view.may(ADMINS):
            button(texts("act.add_receiver"), lambda: _add(view), "main")
    if view.may("GET /v1/messages/dead-letters"):
        await _letters(view, {one["receiver_id"]: one["url"] for one in told["receivers"]})


def _receiver(view: View, one: dict[str, Any]) -> None:
    texts = view.texts
    with ui.element("div").classes("head"):
        text("strong", one["url"])
        chip(texts.word("receiver_state", one["state"]), f"receiver-{one['state']}")
        if one["not_reached"]:
            text("span", f"{texts('receiver.not_reached')}: {show.count(one['not_reached'])}", "late")
    topics = ", ".join(texts.word("topic", name) for name in one["topics"])
    known = [topics, one["note"], one["why"], show.moment(one["created"])]
    text("span", " · ".join(filter(None, known)), "muted")
    if not view.may(ADMINS):
        return
    with ui.element("div").classes("actions"):
        paused = one["state"] == "paused"
        for name in ("resume" if paused else "pause", "rotate", "remove"):
            label = texts(f"act.{name}_receiver")
            found = button(label, partial(_ask, view, one, name), "danger" if name == "remove" else "")
            found.props["aria-label"] = f"{label}: {one['url']}"


async def _add(view: View) -> None:
    texts = view.texts
    with titled_dialog(texts("act.add_receiver")) as dialog:
        text("p", texts("hint.add_receiver"), "muted")
        url = field(texts("receiver.url"), "https://", "wide")
        topics = several(texts("receiver.topics"), {one: texts(f"topic.{one}") for one in TOPICS}).classes("wide")
        topics.set_value(list(TOPICS))
        note = field(texts("receiver.note"), classes="wide").props(f"maxlength={NOTE_MAX}")

        def body() -> dict[str, Any] | None:
            said = {"url": (url.value or "").strip(), "topics": topics.value, "note": (note.value or "").strip()}
            return said if topics.value else None

        dialog_buttons(texts, dialog, texts("act.add_receiver"), body)
    await _take(view, dialog, "/v1/receivers")


async def _ask(view: View, one: dict[str, Any], step: str) -> None:
    """Say what follows from a step with a receiver, and take it."""
    texts = view.texts
    with titled_dialog(texts(f"act.{step}_receiver")) as dialog:
        text("p", one["url"], "mono")
        text("p", texts(f"hint.{step}_receiver"), "muted")
        overlap = overlap_choice(view) if step == "rotate" else None

        def body() -> dict[str, Any]:
            return {} if overlap is None else {"overlap_s": int(overlap.value)}

        kind = "danger" if step == "remove" else "main"
        dialog_buttons(texts, dialog, texts(f"act.{step}_receiver"), body, kind)
    await _take(view, dialog, f"/v1/receivers/{part(one['receiver_id'])}/{step}")


async def _take(view: View, dialog: ui.dialog, path: str) -> None:
    """Take the step that a dialog asks for; a secret that it makes is shown once."""
    asked = await answer_of(dialog)
    view.touched()
    made = None if asked is None else await view.do(path, asked)
    if made is not None and made.get("secret"):
        title = view.texts("settings.secret_once", name=made["url"])
        shown_once(view, title, view.texts("settings.key_once_hint"), made["secret"])
    elif made is not None:
        view.again()


async def _letters(view: View, known: dict[str, str]) -> None:
    """Messages that nobody took, the first of them, and how they are sent again."""
    texts = view.texts
    told = await view.get("/v1/messages/dead-letters", limit=LETTERS)
    found = told["dead_letters"]
    with panel(texts("settings.letters"), texts("settings.letters_hint")):
        if not found:
            text("p", texts("settings.no_letter"), "muted")
            return
        rows = [
            {"number": cell(str(one["number"])), "receiver": cell(known.get(one["receiver_id"], one["receiver_id"])),
             "topic": cell(texts.word("topic", one["topic"])), "tries": cell(show.count(one["tries"])),
             "given_up": cell(show.moment(one["given_up"])), "error": cell(one["error"] or show.NOTHING, kind="wrap")}
            for one in found
        ]  # fmt: skip
        table({name: texts(f"letter.{name}") for name in COLUMNS}, rows, label=texts("settings.letters"))
        button(texts("act.resend"), lambda: _resend(view), "main")


async def _resend(view: View) -> None:
    texts = view.texts
    with titled_dialog(texts("act.resend")) as dialog:
        text("p", texts("hint.resend"), "muted")
        dialog_buttons(texts, dialog, texts("act.resend"), dict)
    await _take(view, dialog, "/v1/messages/dead-letters/resend")
