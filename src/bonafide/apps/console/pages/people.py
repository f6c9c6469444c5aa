"""Settings: who may sign in, which keys machines have, where messages go."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import button, cell, choice, field, panel, table, text
from bonafide.apps.console.words import ROLES

PEOPLE: Final = ("name", "role", "state", "totp", "signed_in", "created")
KEYS: Final = ("key_id", "role", "state", "note", "last_used", "created", "expires")
RECEIVERS: Final = ("url", "topics", "state", "not_reached", "created")
LIMIT: Final = 500


async def build(view: View) -> None:
    """The page."""
    text("h1", view.texts("place.settings"))
    await _people(view)
    await _keys(view)
    await _receivers(view)


async def _people(view: View) -> None:
    texts = view.texts
    told = await view.get("/v1/people", limit=LIMIT)
    rows = [
        {"name": cell(one["name"]), "role": cell(texts.word("role", one["role"])),
         "state": cell(texts.word("person_state", one["state"]), kind=f"chip person-{one['state']}"),
         "totp": cell(texts("settings.yes" if one["totp"] else "settings.no")),
         "signed_in": cell(show.moment(one["signed_in"])), "created": cell(show.moment(one["created"]))}
        for one in told["people"]
    ]  # fmt: skip
    with panel(texts("settings.people")):
        table({name: texts(f"person.{name}") for name in PEOPLE}, rows, label=texts("settings.people"))
        if view.may("POST /v1/people"):
            with ui.element("div").classes("actions"):
                button(texts("act.add_person"), lambda: _add(view), "main")
                for name in ("disable", "enable", "reset"):
                    button(texts(f"act.{name}_person"), _step(view, name, told["people"]))


def _step(view: View, name: str, people: list[dict[str, Any]]) -> Any:
    async def act() -> None:
        """Choose somebody, and do it."""
        texts = view.texts
        with ui.dialog() as dialog, ui.element("div").classes("dialog"):
            text("h2", texts(f"act.{name}_person"))
            text("p", texts(f"hint.{name}_person"), "muted")
            who = choice(texts("person.name"), {one["name"]: one["name"] for one in people})
            _buttons(view, dialog, texts(f"act.{name}_person"), lambda: who.value)
        chosen = await dialog
        if chosen:
            _made(view, await view.do(f"/v1/people/{part(chosen)}/{name}"))

    return act


async def _add(view: View) -> None:
    """Somebody new; the one-time password is shown once."""
    texts = view.texts
    with ui.dialog() as dialog, ui.element("div").classes("dialog"):
        text("h2", texts("act.add_person"))
        name = field(texts("person.name"), classes="wide")
        role = choice(texts("person.role"), {one: texts(f"role.{one}") for one in ROLES}, "analyst")
        _buttons(
            view, dialog, texts("act.add_person"), lambda: {"name": (name.value or "").strip(), "role": role.value}
        )
    told = await dialog
    if told:
        _made(view, await view.do("/v1/people", told))


def _made(view: View, made: dict[str, Any] | None) -> None:
    """Show a one-time password where one was made; else show the page anew."""
    if made is None:
        return
    password = made.get("one_time_password", "")
    if not password:
        view.again()
        return
    texts = view.texts
    with ui.dialog(value=True).props("persistent"), ui.element("div").classes("dialog"):
        text("h2", texts("settings.once", name=made["name"]))
        text("p", texts("settings.once_hint"), "muted")
        text("p", password, "door-key")
        with ui.element("div").classes("dialog-buttons"):
            button(texts("act.close"), view.again, "main")


def _buttons(view: View, dialog: ui.dialog, label: str, value: Any) -> None:
    with ui.element("div").classes("dialog-buttons"):
        button(view.texts("act.leave"), lambda: dialog.submit(None), "quiet")
        button(label, lambda: dialog.submit(value()), "main")


async def _keys(view: View) -> None:
    texts = view.texts
    told = await view.get("/v1/keys", limit=LIMIT)
    rows = [
        {"key_id": cell(one["key_id"], kind="mono"), "role": cell(one["role"]),
         "state": cell(texts.word("key_state", one["state"]), kind=f"chip key-{one['state']}"),
         "note": cell(one["note"] or show.NOTHING), "last_used": cell(show.moment(one["last_used"])),
         "created": cell(show.moment(one["created"])), "expires": cell(show.moment(one["expires"]))}
        for one in told["keys"]
    ]  # fmt: skip
    with panel(texts("settings.keys"), texts("settings.keys_hint")):
        table({name: texts(f"key.{name}") for name in KEYS}, rows, label=texts("settings.keys"))
        if view.may("POST /v1/keys/{id}/revoke") and rows:
            live = {one["key_id"]: one["key_id"] for one in told["keys"] if one["state"] == "live"}
            button(texts("act.revoke_key"), lambda: _revoke(view, live), "danger")


async def _revoke(view: View, live: dict[str, str]) -> None:
    texts = view.texts
    with ui.dialog() as dialog, ui.element("div").classes("dialog"):
        text("h2", texts("act.revoke_key"))
        text("p", texts("hint.revoke_key"), "muted")
        which = choice(texts("key.key_id"), live)
        _buttons(view, dialog, texts("act.revoke_key"), lambda: which.value)
    chosen = await dialog
    if chosen and await view.do(f"/v1/keys/{part(chosen)}/revoke") is not None:
        view.again()


async def _receivers(view: View) -> None:
    texts = view.texts
    told = await view.get("/v1/receivers")
    with panel(texts("settings.receivers"), texts("settings.receivers_hint")):
        if not told["receivers"]:
            text("p", texts("settings.no_receiver"), "muted")
            return
        rows = [
            {"url": cell(one["url"]), "topics": cell(", ".join(one["topics"])),
             "state": cell(texts.word("receiver_state", one["state"])),
             "not_reached": cell(show.count(one["not_reached"])), "created": cell(show.moment(one["created"]))}
            for one in told["receivers"]
        ]  # fmt: skip
        table({name: texts(f"receiver.{name}") for name in RECEIVERS}, rows, label=texts("settings.receivers"))
