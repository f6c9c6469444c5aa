"""What people do about a case, each step with what follows from it said before it is taken."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.frame import View, asked_note
from bonafide.apps.console.parts import NOTE_LENGTH_MAX, button, choice, field, several, text
from bonafide.apps.console.words import CONTRARY, GRADES, LABELS, MEASURES, MEASURES_OF, MILD

FREE: Final = ("open", "reopened")
HOUR_MS: Final = 3_600_000
WAITS_H: Final = (4, 24, 72, 168)


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
        }
        routes = {"claim": "assign", "hand": "assign"}
        stem = "POST /v1/cases/{number}"
        return [
            name for name, holds in conditions.items() if holds and self._view.may(f"{stem}/{routes.get(name, name)}")
        ]

    def bar(self) -> None:
        """The buttons."""
        keys = {"claim": "c", "decide": "d", "note": "n", "confirm": "y"}
        with ui.element("div").classes("actions"):
            offered = self.offered()
            for at, name in enumerate(offered):
                label = "claim_decide" if name == "decide" and self._case["state"] in FREE else name
                kind = "main" if at == 0 else ""
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
        named = {"c": "claim", "d": "decide", "n": "note", "y": "confirm"}.get(key)
        if named in self.offered() and not self._dialog_open:
            await getattr(self, named)()
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
        await self._with_note("confirm")

    async def refuse(self) -> None:
        """Turn down what somebody says, or take one's own word back."""
        await self._with_note("refuse")

    async def hand(self) -> None:
        """Give the case to somebody else."""
        texts = self._view.texts
        with ui.dialog() as dialog, ui.element("div").classes("dialog"):
            text("h2", texts("step_act.hand"))
            to = field(texts("case.to")).props("autofocus")
            self._buttons(dialog, texts("step_act.hand"), lambda: {"to": (to.value or "").strip()})
        await self._finish(dialog, "assign")

    async def wait(self) -> None:
        """Have the case come back later."""
        texts = self._view.texts
        with ui.dialog() as dialog, ui.element("div").classes("dialog"):
            text("h2", texts("step_act.wait"))
            hours = choice(texts("case.until"), {str(one): texts("case.hours", n=one) for one in WAITS_H}, "24")

            def body() -> dict[str, Any]:
                return {"until": show.at(self._view.now_ms() + int(hours.value) * HOUR_MS)}

            self._buttons(dialog, texts("step_act.wait"), body)
        await self._finish(dialog, "wait")

    async def link(self) -> None:
        """Note that the case has to do with another."""
        texts = self._view.texts
        with ui.dialog() as dialog, ui.element("div").classes("dialog"):
            text("h2", texts("step_act.link"))
            to = ui.number(texts("case.other"), min=1, precision=0).props("outlined dense autofocus")
            self._buttons(dialog, texts("step_act.link"), lambda: {"to": int(to.value or 0)})
        await self._finish(dialog, "link")

    async def undo(self) -> None:
        """Take a decision back."""
        await self._labelled("undo", CONTRARY[self._case["label"]])

    async def look(self) -> None:
        """Say what one thinks of a decision of others."""
        await self._labelled("look", LABELS)

    async def decide(self) -> None:
        """Say what came of the case; one that is nobody's is taken first."""
        texts = self._view.texts
        with ui.dialog() as dialog, ui.element("div").classes("dialog"):
            text("h2", texts("case.decide_title", number=self._case["number"]))
            label = ui.radio({one: texts(f"label.{one}") for one in LABELS}, value=None).props("inline dense")
            with ui.element("div").classes("row") as more:
                grade = choice(texts("case.grade"), {one: texts(f"grade.{one}") for one in GRADES}, "confirmed")
                wanted = {"": texts("case.no_measure")} | {one: texts(f"measure.{one}") for one in MEASURES}
                measure = choice(texts("case.measure"), wanted, "")
                about = several(texts("case.about"))
            note = ui.textarea(texts("act.note")).props(f"outlined maxlength={NOTE_LENGTH_MAX}").classes("wide")
            told = text("p", "", "consequence").props('role="status"')

            def follow() -> None:
                more.set_visibility(label.value == "cash_out")
                told.set_text(self._consequence(label.value, grade.value, measure.value))

            def ask_about() -> None:
                whom = self._whom(measure.value)
                about.set_options(whom, value=list(whom) if len(whom) == 1 else [])
                about.set_visibility(bool(measure.value))

            for one in (label, grade, measure):
                one.on_value_change(follow)
            measure.on_value_change(ask_about)
            follow()
            ask_about()

            def body() -> dict[str, Any] | None:
                missing = "label" if not label.value else "about" if measure.value and not about.value else ""
                if missing and not (missing == "about" and label.value != "cash_out"):
                    told.set_text(texts(f"case.choose_{missing}"))
                    return None
                said = {"label": label.value, "note": note.value or ""}
                return said | _harsh(grade.value, measure.value, about.value) if label.value == "cash_out" else said

            self._buttons(dialog, texts("step_act.decide"), body)
        await self._finish(dialog, "decide", take=self._case["state"] in FREE)

    def _whom(self, measure: str) -> dict[str, str]:
        """Subjects of the case whom a measure may be about, by their tokens."""
        return {
            one["id"]: f"{self._view.texts.word('subject', one['type'])} {show.token(one['id'])}"
            for one in self._case["subjects"] if measure in MEASURES_OF.get(one["type"], ())
        }  # fmt: skip

    def _consequence(self, label: str | None, grade: str, measure: str) -> str:
        """What a decision brings about, in a sentence."""
        texts = self._view.texts
        if label is None:
            return texts("case.choose_label")
        if label == "unsure":
            return texts("follows.unsure")
        if label == "genuine":
            return texts("follows.genuine", n=self._case["events"])
        two = grade == "adjudicated" or (measure and measure not in MILD)
        return texts("follows.cash_out_two" if two else "follows.cash_out", n=self._case["events"])

    async def _labelled(self, step: str, labels: tuple[str, ...]) -> None:
        texts = self._view.texts
        with ui.dialog() as dialog, ui.element("div").classes("dialog"):
            text("h2", texts(f"step_act.{step}"))
            text("p", texts(f"step_hint.{step}"), "muted")
            label = ui.radio({one: texts(f"label.{one}") for one in labels}, value=labels[0]).props("inline dense")
            note = ui.textarea(texts("act.note")).props(f"outlined maxlength={NOTE_LENGTH_MAX}").classes("wide")
            self._buttons(dialog, texts(f"step_act.{step}"), lambda: {"label": label.value, "note": note.value or ""})
        await self._finish(dialog, step)

    async def _with_note(self, step: str, *, needed: bool = False) -> None:
        texts = self._view.texts
        self._dialog_open = True
        name, hint = texts(f"step_act.{step}"), texts(f"step_hint.{step}")
        told = await asked_note(self._view, name, hint, name, needed=needed)
        self._dialog_open = False
        if told is not None and await self._view.do(f"{self._path}/{step}", {"note": told}):
            self._view.again()

    def _buttons(self, dialog: ui.dialog, label: str, body: Any) -> None:
        def go() -> None:
            told = body()
            if told is not None:
                dialog.submit(told)

        with ui.element("div").classes("dialog-buttons"):
            button(self._view.texts("act.leave"), lambda: dialog.submit(None), "quiet")
            button(label, go, "main")

    async def _finish(self, dialog: ui.dialog, step: str, *, take: bool = False) -> None:
        self._dialog_open = True
        told = await dialog
        self._dialog_open = False
        dialog.delete()
        if told is None or (take and not await self._view.do(f"{self._path}/assign")):
            return
        if await self._view.do(f"{self._path}/{step}", told) is not None:
            self._view.query.pop("do", None)
            self._view.again()


def _harsh(grade: str, measure: str, about: list[str]) -> dict[str, Any]:
    """What a decision of cash-out says besides: the grade, and the measure with whom it is about."""
    return {"grade": grade} | ({"measure": measure, "about": about} if measure else {})
