"""Changing a bundle: its texts, what a check says of them, and the way to a proposal.

What is typed stays beside the session (`drafts`), so that neither a check, a refusal nor another page loses it.
"""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui
from nicegui.element import Element

from bonafide.apps.console.api import part
from bonafide.apps.console.diff import diff_files
from bonafide.apps.console.drafts import Draft, draft_of, drop_draft
from bonafide.apps.console.frame import View, asked_note, empty
from bonafide.apps.console.pages.bundles import FILE
from bonafide.apps.console.pages.bundles_parts import HASH_SHOWN, changes_and_harms, difference, sure
from bonafide.apps.console.parts import button, chip, choice, field, link, panel, text

DEBOUNCE_MS: Final = 250
LINE_PX: Final = 20
"""The height of a line, as the style sheet has it."""
NAME_LENGTH_MAX: Final = 200
SPANS: Final = (0, 7, 30)
"""Days at the end of the log that a back-test may judge; 0 for all of it."""


async def build(view: View) -> None:
    """The page."""
    if not view.may("POST /v1/bundles"):
        empty(view, "refused.forbidden")
        return
    base = view.query.get("from") or (await view.get("/v1/bundles"))["decides"]
    if base is None:
        empty(view, "bundles.nothing_to_edit")
        return
    files = await view.get(f"/v1/bundles/{part(base)}/files")
    _Editor(view, files, draft_of(view.held, base)).show()


class _Editor:
    """One file of a bundle as somebody changes it."""

    def __init__(self, view: View, files: dict[str, Any], draft: Draft) -> None:
        self.view, self.texts, self.draft = view, view.texts, draft
        self.base: Final[str] = files["bundle"]
        self.name: Final[str] = files["name"]
        self.before: Final[dict[str, str]] = files["files"]
        names = [*self.before, *(name for name in draft.files if name not in self.before)]
        asked = view.query.get("file", "")
        self.file = asked if asked in names else FILE if FILE in names else names[0]
        self.names = sorted(names)
        self._area: ui.textarea
        self._gutter: Any
        self._marks: Element
        self._told: Element
        self._changed: Element
        self._box: Element
        self._span: ui.select

    def show(self) -> None:
        """The page."""
        texts = self.texts
        text("h1", texts("bundles.edit_title", name=self.name or self.base[:HASH_SHOWN]))
        text("p", texts("bundles.edit_hint"), "muted")
        with panel(texts("bundles.files")):
            self._head()
            self._editor()
            with ui.element("div").classes("actions"):
                button(texts("bundles.check"), self.check, "main")
                button(texts("backtest.ask"), self.backtest)
                spans = {str(days): texts("backtest.last_days", n=days) if days else texts("backtest.whole_log")
                         for days in SPANS}  # fmt: skip
                self._span = choice(texts("backtest.span"), spans, "0")
                button(texts("bundles.propose"), self.propose)
                button(texts("bundles.discard"), self.discard, "danger")
                link(texts("bundles.back"), "/bundles", "button quiet")
        self._told = ui.element("div").classes("stack").props('role="status" aria-live="polite"')

    def _head(self) -> None:
        texts = self.texts
        with ui.element("div").classes("row"):
            options = {name: name for name in self.names}
            chosen = choice(texts("bundles.file"), options, self.file).classes("file-choice")
            chosen.on_value_change(lambda event: ui.navigate.to(self._to(str(event.value))))
            new = field(texts("bundles.new_file"), classes="file-new")
            button(texts("bundles.add_file"), lambda: self._add(str(new.value or "").strip()))
        self._changed = ui.element("div").classes("tags")
        self._show_changed()

    def _editor(self) -> None:
        content = self.draft.files.get(self.file, self.before.get(self.file, ""))
        self._box = ui.element("div").classes("editor")
        with self._box:
            with ui.element("div").classes("editor-gutter").props('aria-hidden="true"'):
                self._gutter = text("pre", _numbers(content), "code-numbers")
                self._marks = ui.element("div")
            self._area = ui.textarea(value=content, on_change=lambda event: self._typed(str(event.value or "")))
            self._area.props(f"borderless autogrow debounce={DEBOUNCE_MS} spellcheck=false autocomplete=off")
            self._area.props["aria-label"] = self.texts("bundles.text_of", name=self.file)
            self._area.classes("editor-text")
        line = self.view.query.get("line", "")
        if line.isdecimal() and 0 < int(line) <= content.count("\n") + 1:
            self._mark(int(line), "here", self.texts("bundles.line", n=line))
            ui.timer(0.2, lambda: self._reveal(int(line)), once=True)

    def _to(self, name: str) -> str:
        return f"/bundles/edit?from={self.base}&file={part(name)}"

    def _typed(self, content: str) -> None:
        self.view.touched()
        before = self.before.get(self.file)
        if not self.draft.write(self.file, content, before):
            ui.notify(self.texts("bundles.too_long"), type="negative", position="top")
            return
        numbers = _numbers(content)
        if numbers != self._gutter.text:
            self._gutter.set_text(numbers)
            self._marks.clear()  # the lines below have moved
        self._show_changed()

    def _add(self, name: str) -> None:
        if name and len(name) <= NAME_LENGTH_MAX and name not in self.names:
            self.draft.write(name, "", None)
            ui.navigate.to(self._to(name))

    def _show_changed(self) -> None:
        names = sorted(self.draft.files)
        told = [*(child.props.get("data-name") for child in self._changed.default_slot.children)]
        if told == names and told:
            return
        self._changed.clear()
        with self._changed:
            if not names:
                text("span", self.texts("bundles.nothing_changed"), "muted")
            for name in names:
                one = link(self.texts("bundles.changed", name=name), self._to(name), "chip state-open")
                one.props["data-name"] = name

    def _mark(self, line: int, kind: str, told: str) -> None:
        with self._marks:
            mark = text("span", {"error": "✗", "warning": "!", "here": "▸"}[kind], f"editor-mark {kind}")
            mark.style(f"top: {(line - 1) * LINE_PX}px")
            mark.props["title"] = told
            mark.props["data-line"] = str(line)

    def _reveal(self, line: int) -> None:
        for mark in self._marks.default_slot.children:
            if mark.props.get("data-line") == str(line):
                mark.run_method("scrollIntoView", {"block": "center"})
                return

    def sent(self) -> dict[str, Any]:
        """What differs from the base."""
        return {"base": self.base, "files": dict(self.draft.files)}

    async def check(self) -> None:
        """Ask what a proposal would be told, and show it at the lines."""
        self._say(self.texts("bundles.checking"))
        told = await self.view.do("/v1/bundles:check", self.sent())
        self._told.clear()
        if told is None:
            return
        self._marks.clear()
        for one in told["mistakes"]:
            if one["file"] == self.file and one["line"]:
                self._mark(one["line"], one["severity"], one["message"])
        first = next((one["line"] for one in told["mistakes"] if one["file"] == self.file and one["line"]), None)
        if first is not None:
            self._reveal(first)
        with self._told:
            self._checked(told)

    def _checked(self, told: dict[str, Any]) -> None:
        texts = self.texts
        with panel(texts("bundles.checked")):
            ok = told["may_be_proposed"]
            with ui.element("div").classes("title"):
                same = told["bundle"] == told["in_force"]
                key = "bundles.check_same" if same else "bundles.check_good" if ok else "bundles.check_bad"
                chip(texts(key), "label-genuine" if ok else "outcome-verify" if same else "label-cash_out")
                text("span", texts("bundles.examples", n=told["examples"], failed=len(told["failed"])), "muted")
            if told["mistakes"]:
                self._mistakes(told["mistakes"])
            if told["bundle"] is not None and not same:
                changes_and_harms(self.view, told)
        if self.draft.files:
            with panel(texts("bundles.your_changes")):
                for one in diff_files({name: self.before.get(name, "") for name in self.draft.files}, self.draft.files):
                    difference(self.view, one)

    def _mistakes(self, mistakes: list[dict[str, Any]]) -> None:
        with ui.element("ul").classes("lines mistakes"):
            for one in mistakes:
                with ui.element("li"):
                    chip(self.texts.word("severity", one["severity"]),
                         "label-cash_out" if one["severity"] == "error" else "outcome-verify")  # fmt: skip
                    self._where(one)
                    text("span", one["message"])
                    if one["help"]:
                        text("span", one["help"], "muted")

    def _where(self, one: dict[str, Any]) -> None:
        where = ":".join(str(each) for each in (one["file"], one["line"], one["column"]) if each)
        line = one["line"]
        if one["file"] == self.file and line:
            button(where, lambda: self._reveal(line), "quiet mono")
        elif one["file"] in self.names:
            link(where, self._to(one["file"]) + (f"&line={line}" if line else ""), "link mono")
        else:
            text("span", where, "mono")

    async def backtest(self) -> None:
        """Have what was written judged over the log; its page says how far that is."""
        self._say(self.texts("backtest.asking"))
        days = int(self._span.value or 0) or None
        asked = await self.view.do("/v1/backtests", self.sent() | {"days": days})
        self._told.clear()
        if asked is not None:
            ui.navigate.to(f"/bundles/backtests/{asked['id']}?from={self.base}")

    async def propose(self) -> None:
        """Propose what was written; where it is refused, nothing is lost."""
        texts = self.texts
        note = await asked_note(
            self.view, texts("bundles.propose"), texts("bundles.propose_hint"), texts("bundles.propose")
        )
        if note is None:
            return
        self._say(texts("bundles.proposing"))
        made = await self.view.do("/v1/bundles", self.sent() | {"note": note})
        self._told.clear()
        if made is not None:
            drop_draft(self.view.held, self.base)
            ui.navigate.to(f"/bundles/{made['bundle']}")

    async def discard(self) -> None:
        """Forget what was written."""
        if await sure(self.texts, self.texts("bundles.discard"), self.texts("bundles.discard_hint")):
            self.view.touched()
            drop_draft(self.view.held, self.base)
            ui.navigate.to(self._to(self.file if self.file in self.before else FILE))

    def _say(self, words: str) -> None:
        self._told.clear()
        with self._told:
            text("p", words, "muted")


def _numbers(content: str) -> str:
    return "\n".join(map(str, range(1, content.count("\n") + 2)))
