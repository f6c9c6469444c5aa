"""What pages of bundles have in common: texts with numbers, differences, changes and harms, and who may do what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.diff import FileDiff, Line
from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import button, text
from bonafide.apps.console.texts import Texts

HASH_SHOWN: Final = 12
_HOUR_MS: Final = 3_600_000
_SIGNS: Final = {"same": " ", "added": "+", "removed": "-", "gap": " "}
_TAGS: Final = {"same": "div", "added": "ins", "removed": "del", "gap": "div"}


def stage(one: dict[str, Any]) -> str:
    """How far a proposal has come.

    >>> stage({"approved": {}, "activated": None, "refused": None})
    'approved'
    """
    found = [name for name in ("refused", "activated", "approved") if one[name] is not None]
    return found[0] if found else "proposed"


def hours(texts: Texts, ms: int) -> str:
    """A span of waiting."""
    return texts("bundles.hours", n=f"{ms / _HOUR_MS:g}")


def lines(title: str, found: Sequence[str], nothing: str) -> None:
    """Lines under a heading, or that there are none."""
    with ui.element("div"):
        text("h3", title)
        with ui.element("ul").classes("lines"):
            for line in found or [nothing]:
                text("li", line)


def changes_and_harms(view: View, told: dict[str, Any]) -> None:
    """What a bundle changes, whom it may harm, and what follows from that."""
    texts = view.texts
    with ui.element("div").classes("columns even"):
        lines(texts("bundles.changes"), told["changes"], texts("bundles.no_change"))
        lines(texts("bundles.harms"), told["harms"], texts("bundles.no_harm"))
    waits = told["waits_ms"]
    text("p", texts("bundles.waits", time=hours(texts, waits)) if waits else texts("bundles.waits_not"), "muted")


def steps_of(view: View, one: dict[str, Any]) -> None:
    """The buttons of a proposal that stands, and why there are none for who has to wait."""
    path, stem, texts = f"/v1/bundles/{part(one['bundle'])}", "POST /v1/bundles/{hash}", view.texts
    at = stage(one)
    ready = one["ready"] is not None and show.moment_ms(one["ready"]) <= view.now_ms()
    told = {"proposed": "bundles.next_approve", "approved": "bundles.next_activate" if ready else "bundles.next_wait"}
    if at in told:
        text("p", texts(told[at], time=show.moment(one["ready"])), "muted")
    with ui.element("div").classes("actions"):
        if at == "proposed" and one["person"] != view.name and view.may(f"{stem}/approve"):
            button(texts("act.approve"), lambda: view.step(f"{path}/approve", "approve", needed=False), "main")
        if at == "approved" and ready and view.may(f"{stem}/activate"):
            button(texts("act.activate"), lambda: view.step(f"{path}/activate", "activate", needed=False), "main")
        if at in told and view.may(f"{stem}/refuse"):
            button(texts("act.refuse_bundle"), lambda: view.step(f"{path}/refuse", "refuse_bundle"))


async def sure(texts: Texts, title: str, hint: str) -> bool:
    """Whether somebody wants what cannot be taken back."""
    with ui.dialog() as dialog, ui.element("div").classes("dialog").props('role="document"'):
        text("h2", title)
        text("p", hint, "muted")
        with ui.element("div").classes("dialog-buttons"):
            button(texts("act.leave"), lambda: dialog.submit(None), "quiet")
            button(title, lambda: dialog.submit(True), "main")
    found = await dialog
    dialog.delete()
    return bool(found)


def numbered(content: str, first: int = 1, label: str = "") -> None:
    """A text with the numbers of its lines."""
    count = content.count("\n") + (not content.endswith("\n"))
    with ui.element("div").classes("code-view").props('tabindex="0" role="region"') as box:
        box.props["aria-label"] = label
        text("pre", "\n".join(map(str, range(first, first + count))), "code-numbers").props('aria-hidden="true"')
        text("pre", content, "code-text")


def difference(view: View, one: FileDiff) -> None:
    """What differs in one file; signs say what colours say."""
    texts = view.texts
    told = texts("bundles.lines_changed", added=one.added, removed=one.removed)
    with ui.element("div").classes("diff-file"):
        with ui.element("div").classes("panel-head"):
            text("h3", one.name)
            text("span", told, "muted")
        with ui.element("div").classes("code-view diff").props('tabindex="0" role="region"') as box:
            box.props["aria-label"] = f"{one.name}: {told}"
            for line in one.lines:
                text(_TAGS[line.kind], _line(line), f"diff-line {line.kind}")
        if one.left_out:
            text("p", texts("bundles.more_lines", n=one.left_out), "muted")


def _line(line: Line) -> str:
    if line.kind == "gap":
        return "…"
    numbers = "".join(f"{number or '':>5}" for number in (line.before, line.after))
    return f"{numbers} {_SIGNS[line.kind]} {line.text}"
