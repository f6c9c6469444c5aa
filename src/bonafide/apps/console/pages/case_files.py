"""Files of a case: who handed in what, each to be saved, and a form that hands in another."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import link, panel, text

ACCEPTED: Final = ".pdf,.png,.jpg,.jpeg,application/pdf,image/png,image/jpeg"
LOOKS: Final = "GET /v1/cases/{number}/files/{file}"
HANDS_IN: Final = "POST /v1/cases/{number}/files"


def show_files(view: View, case: dict[str, Any]) -> None:
    """The panel. What the API said of a file that it did not take stands in it once."""
    texts, path = view.texts, f"/cases/{case['number']}/files"
    said = view.held.say_once()
    with panel(texts("files.title"), texts("files.hint")):
        if said:
            text("p", said, "refusal").props('role="alert"')
        if not case["files"]:
            text("p", texts("files.none"), "muted")
        with ui.element("ul").classes("subjects"):
            for one in case["files"]:
                with ui.element("li"):
                    if view.may(LOOKS):
                        link(one["name"], f"{path}/{part(one['file'])}", "link file-name").props["download"] = ""
                    else:
                        text("span", one["name"], "file-name")
                    text("span", f"{_size(one['size'])} · {one['person']} · {show.moment(one['time'])}", "muted")
        if case["state"] != "merged" and view.may(HANDS_IN):
            _form(view, path)


def _form(view: View, path: str) -> None:
    """A plain form, which works without a script and is bounded by the console and the API alike."""
    texts = view.texts
    form = ui.element("form").classes("upload").props(f'method="post" enctype="multipart/form-data" action="{path}"')
    with form:
        with ui.element("label"):
            text("span", texts("files.choose"))
            field = ui.element("input").props('type="file" name="file" required')
            field.props["accept"] = ACCEPTED
        text("button", texts("files.hand_in"), "button").props('type="submit"')


def _size(size: int) -> str:
    """Bytes as people read them.

    >>> _size(812), _size(81_234), _size(3_400_000)
    ('812 B', '81 kB', '3.4 MB')
    """
    if size < 1_000:
        return f"{size} B"
    return f"{size / 1_000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
