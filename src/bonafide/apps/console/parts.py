"""Small parts that pages are made of. Whatever comes from outside goes in as text, and never as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from bonafide.apps.console.texts import Texts

NOTE_LENGTH_MAX: Final = 4_000
ROWS_EACH: Final = 25

_CELL: Final = """
<q-tr :props="props" :class="props.row._class">
  <q-td v-for="col in props.cols" :key="col.name" :props="props">
    <template v-for="(cell, at) in props.row[col.name].parts" :key="at">
      <a v-if="cell.to" :href="cell.to" :class="cell.kind">{{ cell.text }}</a>
      <span v-else :class="cell.kind" :title="cell.title">{{ cell.text }}</span>
    </template>
  </q-td>
</q-tr>
"""


def text(tag: str, words: str, classes: str = "") -> TextElement:
    """An element that holds a text."""
    return TextElement(tag=tag, text=words).classes(classes)


def link(words: str, to: str, classes: str = "link") -> TextElement:
    """A link to a path of this console."""
    found = text("a", words, classes)
    found.props["href"] = to
    return found


def chip(words: str, kind: str = "") -> TextElement:
    """A word that stands out."""
    return text("span", words, f"chip {kind}")


def button(words: str, act: Any, kind: str = "", *, key: str = "") -> TextElement:
    """A button; `key` is what the keyboard has for it."""
    found = text("button", words, f"button {kind}")
    found.props["type"] = "button"
    if key:
        found.props["aria-keyshortcuts"] = key
        found.props["title"] = key
    found.on("click", act)
    return found


def panel(title: str, more: str = "", classes: str = "") -> Element:
    """A part of a page with its heading; use it as a context."""
    with ui.element("section").classes(f"panel {classes}") as found, ui.element("div").classes("panel-head"):
        text("h2", title)
        if more:
            text("span", more, "muted")
    return found


def facts(rows: Sequence[tuple[str, str]]) -> None:
    """Names and values."""
    with ui.element("dl").classes("facts"):
        for name, value in rows:
            text("dt", name)
            text("dd", value)


def figure(name: str, value: str, more: str = "", kind: str = "") -> TextElement:
    """A number that is looked at; returns the element of the number."""
    with ui.element("div").classes(f"figure {kind}"):
        text("span", name, "figure-name")
        found = text("span", value, "figure-value")
        if more:
            text("span", more, "figure-more")
    return found


def cell(words: str, *, to: str | None = None, kind: str = "", title: str = "") -> list[dict[str, str | None]]:
    """One cell of a table."""
    return [{"text": words, "to": to, "kind": kind or ("link" if to else ""), "title": title}]


def cells(words: Sequence[str], kind: str = "chip") -> list[dict[str, str | None]]:
    """A cell of several words."""
    return [{"text": word, "to": None, "kind": kind, "title": ""} for word in words]


def table(
    columns: Mapping[str, str], rows: Sequence[dict[str, Any]], *, right: Sequence[str] = (), each: int = ROWS_EACH,
    label: str = "",
) -> ui.table:  # fmt: skip
    """A table. Columns: name -> heading; rows: name -> what `cell` and `cells` make."""
    told = [{"name": name, "label": head, "field": name, "align": "right" if name in right else "left"}
            for name, head in columns.items()]  # fmt: skip
    numbered = [
        {"_at": at, "_class": ""} | {name: {"parts": parts} for name, parts in row.items()}
        for at, row in enumerate(rows)
    ]
    found = ui.table(columns=told, rows=numbered, row_key="_at", pagination=each if len(rows) > each else 0)
    found.props("flat dense").classes("grid")
    found.props["aria-label"] = label
    if len(rows) <= each:
        found.props("hide-pagination")
    found.add_slot("body", _CELL)
    return found


def pills(label: str, options: Mapping[str, tuple[str, str]], here: str) -> None:
    """Links that choose among a few: name -> text and path."""
    with ui.element("nav").classes("saved") as nav:
        nav.props["aria-label"] = label
        for name, (words, to) in options.items():
            one = link(words, to, "pill here" if name == here else "pill")
            if name == here:
                one.props["aria-current"] = "page"


def both_languages(told: Mapping[str, Any]) -> None:
    """A text that its reader gets in both languages."""
    with ui.element("div").classes("both"):
        text("p", str(told.get("zh", ""))).props["lang"] = "zh-CN"
        text("p", str(told.get("en", ""))).props["lang"] = "en"


def field(label: str, value: str = "", classes: str = "") -> ui.input:
    """A line to write in."""
    return ui.input(label, value=value).props("outlined dense").classes(classes)


def choice(label: str, options: Mapping[str, str], value: str | None = None) -> ui.select:
    """One of several words."""
    found = ui.select(dict(options), label=label, value=value).props("outlined dense options-dense").classes("choice")
    return found


def several(label: str, options: Mapping[str, str] | None = None) -> ui.select:
    """Any of some words, found by typing; they may come later."""
    found = ui.select(dict(options or {}), label=label, multiple=True, value=[], with_input=bool(options))
    return found.classes("choice").props("outlined dense options-dense use-chips")


def note_field(texts: Texts) -> ui.textarea:
    """Where a note is written."""
    return ui.textarea(texts("act.note")).props(f"outlined maxlength={NOTE_LENGTH_MAX}").classes("wide")


def dialog_buttons(texts: Texts, dialog: ui.dialog, label: str, value: Callable[[], Any], kind: str = "main") -> None:
    """Leave a dialog, or go on with what `value` gives; where that is None something is missing, and it stays open."""

    def go() -> None:
        told = value()
        if told is not None:
            dialog.submit(told)

    with ui.element("div").classes("dialog-buttons"):
        button(texts("act.leave"), lambda: dialog.submit(None), "quiet")
        button(label, go, kind)


@contextmanager
def titled_dialog(title: str, classes: str = "", *, shown: bool = False) -> Iterator[ui.dialog]:
    """A dialog with its heading, which also names it to who cannot see it; use it as a context."""
    with ui.dialog(value=shown) as dialog, ui.element("div").classes(f"dialog {classes}"):
        dialog.props["aria-label"] = title
        text("h2", title)
        yield dialog


async def answer_of(dialog: ui.dialog) -> Any:
    """What a dialog was left with, None where it was closed; it is gone then. The page may be gone before it."""
    told = await dialog
    if not dialog.is_deleted:
        dialog.delete()
    return told


async def dialog_of(texts: Texts, title: str, hint: str, button_text: str, *, needed: bool = False) -> str | None:
    """A note that somebody writes, or None where they leave; with `needed` it is not empty."""
    with titled_dialog(title) as dialog:
        if hint:
            text("p", hint, "muted")
        note = ui.textarea(texts("act.note")).props(f"outlined autofocus maxlength={NOTE_LENGTH_MAX}").classes("wide")
        with ui.element("div").classes("dialog-buttons"):
            button(texts("act.leave"), lambda: dialog.submit(None), "quiet")

            def go() -> None:
                if needed and not (note.value or "").strip():
                    note.props(f'error error-message="{texts("act.note_needed")}"')
                    return
                dialog.submit(note.value or "")

            button(button_text, go, "main")
    found = await answer_of(dialog)
    return None if found is None else str(found)
