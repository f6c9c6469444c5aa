"""Settings: keys of machines, made, replaced and ended; a key itself is shown once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View, shown_once
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
from bonafide.apps.console.words import KEY_ROLES

COLUMNS: Final = ("key_id", "role", "state", "note", "last_used", "created", "expires")
LIMIT: Final = 500
OVERLAPS_H: Final = (0, 1, 24, 168)
LASTS_D: Final = (30, 90, 365)
NOTE_MAX: Final = 200
_HOUR_S: Final = 3_600
_DAY_H: Final = 24
_DAY_MS: Final = 86_400_000


async def show_keys(view: View) -> None:
    """The panel."""
    texts = view.texts
    told = await view.get("/v1/keys", limit=LIMIT)
    rows = [
        {"key_id": cell(one["key_id"], kind="mono"), "role": cell(texts.word("role", one["role"])),
         "state": cell(texts.word("key_state", one["state"]), kind=f"chip key-{one['state']}"),
         "note": cell(one["note"] or show.NOTHING), "last_used": cell(show.moment(one["last_used"])),
         "created": cell(show.moment(one["created"])), "expires": cell(show.moment(one["expires"]))}
        for one in told["keys"]
    ]  # fmt: skip
    live = [one for one in told["keys"] if one["state"] == "live"]
    with panel(texts("settings.keys"), texts("settings.keys_hint")):
        if rows:
            table({name: texts(f"key.{name}") for name in COLUMNS}, rows, label=texts("settings.keys"))
        else:
            text("p", texts("settings.no_key"), "muted")
        with ui.element("div").classes("actions"):
            if view.may("POST /v1/keys"):
                button(texts("act.make_key"), lambda: _make(view), "main")
            if live and view.may("POST /v1/keys/{id}/rotate"):
                button(texts("act.rotate_key"), lambda: _rotate(view, live))
            if live and view.may("POST /v1/keys/{id}/revoke"):
                button(texts("act.revoke_key"), lambda: _revoke(view, live), "danger")


async def _make(view: View) -> None:
    texts = view.texts
    with titled_dialog(texts("act.make_key")) as dialog:
        text("p", texts("hint.make_key"), "muted")
        role = choice(texts("key.role"), {one: texts(f"role.{one}") for one in KEY_ROLES}, "platform")
        ever = {"": texts("settings.lasts_ever")}
        lasts = choice(texts("settings.lasts"), ever | {str(n): texts("settings.lasts_d", n=n) for n in LASTS_D}, "")
        note = field(texts("key.note"), classes="wide").props(f"maxlength={NOTE_MAX}")

        def body() -> dict[str, Any]:
            ends = {"expires": show.at(view.now_ms() + int(lasts.value) * _DAY_MS)} if lasts.value else {}
            return {"role": role.value, "note": (note.value or "").strip(), **ends}

        dialog_buttons(texts, dialog, texts("act.make_key"), body)
    await _take(view, dialog, "/v1/keys")


async def _rotate(view: View, live: list[dict[str, Any]]) -> None:
    texts = view.texts
    with titled_dialog(texts("act.rotate_key")) as dialog:
        text("p", texts("hint.rotate_key"), "muted")
        which = _chosen(view, live)
        overlap = overlap_choice(view)
        dialog_buttons(
            texts, dialog, texts("act.rotate_key"),
            lambda: {"id": which.value, "overlap_s": int(overlap.value)} if which.value else None,
        )  # fmt: skip
    await _take(view, dialog, "/v1/keys/{id}/rotate")


async def _revoke(view: View, live: list[dict[str, Any]]) -> None:
    texts = view.texts
    with titled_dialog(texts("act.revoke_key")) as dialog:
        text("p", texts("hint.revoke_key"), "muted")
        which = _chosen(view, live)
        dialog_buttons(
            texts, dialog, texts("act.revoke_key"), lambda: {"id": which.value} if which.value else None, "danger"
        )
    await _take(view, dialog, "/v1/keys/{id}/revoke")


def _chosen(view: View, live: list[dict[str, Any]]) -> ui.select:
    """One of the keys that hold."""
    named = {
        one["key_id"]: " · ".join(filter(None, (one["key_id"], view.texts.word("role", one["role"]), one["note"])))
        for one in live
    }
    return choice(view.texts("key.key_id"), named, next(iter(named)) if len(named) == 1 else None).classes("wide")


def overlap_choice(view: View) -> ui.select:
    """For how long what is replaced still holds, in seconds."""
    return choice(view.texts("settings.overlap"), _overlaps(view), str(24 * _HOUR_S))


def _overlaps(view: View) -> Mapping[str, str]:
    told = {}
    for hours in OVERLAPS_H:
        days, texts = hours // _DAY_H, view.texts
        words = texts("settings.overlap_d", n=days) if days > 1 else texts("settings.overlap_h", n=hours)
        told[str(hours * _HOUR_S)] = words if hours else texts("settings.overlap_0")
    return told


async def _take(view: View, dialog: ui.dialog, path: str) -> None:
    """Take the step that a dialog asks for; a key that it makes is shown once."""
    asked = await answer_of(dialog)
    view.touched()
    if asked is None:
        return
    made = await view.do(path.format(id=part(asked.pop("id", ""))), asked)
    if made is not None and made.get("key"):
        title = view.texts("settings.key_once", name=made["key_id"])
        shown_once(view, title, view.texts("settings.key_once_hint"), made["key"])
    elif made is not None:
        view.again()
