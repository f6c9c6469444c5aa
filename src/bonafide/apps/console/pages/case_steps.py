"""What people do about a case, each step with what follows from it said before it is taken."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console.frame import View, asked_note
from bonafide.apps.console.keys import CASE_KEYS, TABS
from bonafide.apps.console.pages.case_decide import confirm_dialog, decide_dialog
from bonafide.apps.console.pages.case_dialogs import (
    hand_dialog,
    labelled_dialog,
    other_dialog,
    split_dialog,
    wait_dialog,
)
from bonafide.apps.console.parts import answer_of, button, text
from bonafide.apps.console.words import CONTRARY, LABELS

FREE: Final = ("open", "reopened")
UNDECIDED: Final = ("open", "reopened", "assigned", "waiting")
SIDE: Final = ("hand", "wait", "note", "link", "split", "merge")
"""Steps that move a case along without saying what came of it."""


class Steps:
    """The steps that are open to one person with one case."""

    def __init__(self, view: View, case: dict[str, Any]) -> None:
        self._view = view
        self._case = case
        self._path = f"/v1/cases/{case['number']}"
        self._asked = case["asked"]
        self._mine = case["assignee"] == view.name
        self._dialog_open = False

    def offered(self) -> list[str]:
        """Which steps, the most likely first."""
        state, asked = self._case["state"], self._asked
        senior = self._view.held.session.role == "senior"
        look = self._case["second_look"]
        movable = state in UNDECIDED and not asked and (self._mine or senior)
        took_part = self._view.name in (self._case["decided_by"], self._case["second"])
        conditions = {
            "claim": state in FREE
            or (state in ("assigned", "waiting") and not asked and (senior and not self._mine))
            or (state == "waiting" and self._mine and not asked),
            "decide": (state in FREE) or (state == "assigned" and self._mine),
            "confirm": bool(asked) and asked["by"] != self._view.name,
            "refuse": bool(asked) and (senior or asked["by"] == self._view.name),
            "look": state == "decided" and look is not None and look["person"] is None and not took_part,
            "undo": state == "decided" and (senior or took_part),
            "hand": state in ("assigned", "waiting") and not asked and (self._mine or senior),
            "wait": state == "assigned" and self._mine,
            "note": state != "merged",
            "link": state != "merged",
            "split": movable and self._case["events"] > 1,
            "merge": movable,
        }
        routes = {"claim": "assign", "hand": "assign"}
        stem = "POST /v1/cases/{number}"
        return [
            name for name, holds in conditions.items() if holds and self._view.may(f"{stem}/{routes.get(name, name)}")
        ]

    def bar(self) -> None:
        """The buttons."""
        keys = {name: key for key, name in CASE_KEYS.items()}
        with ui.element("div").classes("actions"):
            offered = self.offered()
            for at, name in enumerate(offered):
                label = "claim_decide" if name == "decide" and self._case["state"] in FREE else name
                kind = "main" if at == 0 else "soft" if name in SIDE else ""
                button(self._view.texts(f"step_act.{label}"), getattr(self, name), kind, key=keys.get(name, ""))
        if self._asked:
            self._tell_asked()

    def _tell_asked(self) -> None:
        texts, asked = self._view.texts, self._asked
        words = [texts.word(group, asked[group]) for group in ("label", "grade", "measure") if asked[group]]
        with ui.element("div").classes("banner"):
            text("strong", texts("case.waits_second"))
            text("span", texts("case.waits_second_of", name=asked["by"], what=" · ".join(words)))

    async def press(self, key: str) -> None:
        """A key that stands for a step."""
        named = CASE_KEYS.get(key)
        if self._dialog_open:
            return
        if named in self.offered():
            await getattr(self, named)()
        elif key.isdecimal() and 1 <= int(key) <= len(TABS):
            tab = TABS[int(key) - 1]
            ui.navigate.to(f"/cases/{self._case['number']}" + ("" if tab == TABS[0] else f"?tab={tab}"))
        elif key == "u":
            ui.navigate.to("/queue")

    async def claim(self) -> None:
        """Take the case."""
        if await self._view.do(f"{self._path}/assign"):
            self._view.again()

    async def note(self) -> None:
        """Write a note."""
        await self._with_note("note", needed=True)

    async def confirm(self) -> None:
        """Confirm what somebody else says."""
        await self._finish(await confirm_dialog(self._view, self._case), "confirm")

    async def refuse(self) -> None:
        """Turn down what somebody says, or take one's own word back."""
        await self._with_note("refuse")

    async def hand(self) -> None:
        """Give the case to somebody else."""
        await self._finish(hand_dialog(self._view), "assign")

    async def wait(self) -> None:
        """Have the case come back later."""
        await self._finish(wait_dialog(self._view), "wait")

    async def link(self) -> None:
        """Note that the case has to do with another."""
        await self._finish(other_dialog(self._view, self._case, "link", "to"), "link")

    async def merge(self) -> None:
        """Have another case become part of this one."""
        await self._finish(other_dialog(self._view, self._case, "merge", "other"), "merge")

    async def split(self) -> None:
        """Have some of its events be a case of their own, and go there."""
        await self._finish(split_dialog(self._view, self._case), "split")

    async def undo(self) -> None:
        """Take a decision back."""
        await self._finish(labelled_dialog(self._view, "undo", CONTRARY[self._case["label"]]), "undo")

    async def look(self) -> None:
        """Say what one thinks of a decision of others."""
        await self._finish(labelled_dialog(self._view, "look", LABELS), "look")

    async def decide(self) -> None:
        """Say what came of the case; one that is nobody's is taken first."""
        take = self._case["state"] in FREE
        await self._finish(decide_dialog(self._view, self._case), "decide", take=take)

    async def _with_note(self, step: str, *, needed: bool = False) -> None:
        texts = self._view.texts
        self._dialog_open = True
        name, hint = texts(f"step_act.{step}"), texts(f"step_hint.{step}")
        told = await asked_note(self._view, name, hint, name, needed=needed)
        self._dialog_open = False
        if told is not None and await self._view.do(f"{self._path}/{step}", {"note": told}):
            self._view.again()

    async def _finish(self, dialog: ui.dialog, step: str, *, take: bool = False) -> None:
        self._dialog_open = True
        told = await answer_of(dialog)
        self._dialog_open = False
        self._view.touched()
        if told is None or (take and not await self._view.do(f"{self._path}/assign")):
            return
        made = await self._view.do(f"{self._path}/{step}", told)
        if made is None:
            return
        if made["number"] != self._case["number"]:
            ui.navigate.to(f"/cases/{made['number']}")
            return
        self._view.query.pop("do", None)
        self._view.again()
