"""Settings: who may sign in; which keys machines have and where messages go stand below."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View, shown_once
from bonafide.apps.console.pages.machine_keys import show_keys
from bonafide.apps.console.pages.receivers import show_receivers
from bonafide.apps.console.parts import (
    answer_of,
    button,
    cell,
    choice,
    dialog_buttons,
    field,
    panel,
    table,
    text,
    titled_dialog,
)
from bonafide.apps.console.words import ROLES

PEOPLE: Final = ("name", "role", "state", "totp", "signed_in", "created")
LIMIT: Final = 500


async def build(view: View) -> None:
    """The page."""
    text("h1", view.texts("place.settings"))
    await _people(view)
    await show_keys(view)
    await show_receivers(view)


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
        with titled_dialog(texts(f"act.{name}_person")) as dialog:
            text("p", texts(f"hint.{name}_person"), "muted")
            fits = [one["name"] for one in people if (one["state"] == "disabled") == (name == "enable")]
            who = choice(texts("person.name"), {one: one for one in fits})
            dialog_buttons(texts, dialog, texts(f"act.{name}_person"), lambda: who.value)
        chosen = await answer_of(dialog)
        view.touched()
        if chosen:
            _made(view, await view.do(f"/v1/people/{part(chosen)}/{name}"))

    return act


async def _add(view: View) -> None:
    """Somebody new; the one-time password is shown once."""
    texts = view.texts
    with titled_dialog(texts("act.add_person")) as dialog:
        name = field(texts("person.name"), classes="wide")
        role = choice(texts("person.role"), {one: texts(f"role.{one}") for one in ROLES}, "analyst")
        text("p", texts("hint.add_person"), "muted")
        dialog_buttons(
            texts, dialog, texts("act.add_person"), lambda: {"name": (name.value or "").strip(), "role": role.value}
        )
    told = await answer_of(dialog)
    view.touched()
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
    shown_once(view, view.texts("settings.once", name=made["name"]), view.texts("settings.once_hint"), password)
