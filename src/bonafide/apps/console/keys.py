"""What the keyboard has, told on `?`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from nicegui import events, ui

from bonafide.apps.console.parts import button, link, text, titled_dialog

if TYPE_CHECKING:
    from bonafide.apps.console.texts import Texts

HELP: Final = "?"
CASE_KEYS: Final[Mapping[str, str]] = {
    "c": "claim", "d": "decide", "n": "note", "y": "confirm", "w": "wait", "h": "hand", "l": "link", "s": "split",
    "m": "merge",
}  # fmt: skip
"""Key -> step with a case."""
TABS: Final = ("why", "events", "money", "lawyers")
"""Parts of a case, by their number."""
_QUEUE: Final = (("j ↓", "down"), ("k ↑", "up"), ("Enter", "open"), ("c", "claim"), ("d", "decide"))


def add_help(texts: Texts) -> None:
    """Have a page tell its keys on `?`, and by a button for who has none."""
    with titled_dialog(texts("keys.title"), "keys") as dialog:
        for title, rows in _groups(texts):
            text("h3", title)
            with ui.element("dl").classes("facts"):
                for key, words in rows:
                    with ui.element("dt"):
                        text("kbd", key)
                    text("dd", words)
        with ui.element("div").classes("dialog-buttons"):
            link(texts("tour.title"), "/tour", "button quiet")
            button(texts("act.close"), dialog.close, "main").props("autofocus")

    def press(e: events.KeyEventArguments) -> None:
        if e.action.keydown and str(e.key) == HELP:
            dialog.open()

    ui.keyboard(on_key=press)
    opens = button(HELP, dialog.open, "help", key=HELP)
    opens.props["aria-label"] = texts("keys.title")


def _groups(texts: Texts) -> list[tuple[str, list[tuple[str, str]]]]:
    case = [(key, texts(f"step_act.{name}")) for key, name in CASE_KEYS.items()]
    case += [(f"1 - {len(TABS)}", " · ".join(texts(f"tab.{name}") for name in TABS)), ("u", texts("keys.back"))]
    return [
        (texts("keys.everywhere"), [(HELP, texts("keys.help")), ("Esc", texts("keys.leave"))]),
        (texts("place.queue"), [(key, texts(f"keys.{name}")) for key, name in _QUEUE]),
        (texts("keys.case"), case),
    ]
