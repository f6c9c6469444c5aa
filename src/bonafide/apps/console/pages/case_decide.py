"""Dialogs that decide a case and confirm a decision, with what those will read whom a measure is about."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import ApiError, part
from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import (
    both_languages,
    choice,
    dialog_buttons,
    link,
    note_field,
    several,
    text,
    titled_dialog,
)
from bonafide.apps.console.words import GRADES, LABELS, MEASURES, MEASURES_OF, MILD

SHOWN_MAX: Final = 3
"""Notices that are shown before a measure about many is asked for."""


class Notices:
    """What subjects would be told of a measure: asked of the API whenever it changes, and shown as it would leave."""

    def __init__(self, view: View, case: dict[str, Any]) -> None:
        self._view = view
        self._number = case["number"]
        self._kinds = {one["id"]: one["type"] for one in case["subjects"]}
        self._box = ui.element("div").classes("preview").props('role="status"')
        self._asked = 0

    async def show(self, measure: str, about: list[str]) -> None:
        """Show them in place of those before; an answer that comes after another was asked for is left."""
        self._asked += 1
        mine, told = self._asked, []
        for token in about[:SHOWN_MAX] if measure else ():
            try:
                told.append((token, await self._view.get(self._path(), measure=measure, about=token), ""))
            except ApiError as error:
                told.append((token, {}, error.detail))
        if mine != self._asked:
            return
        self._box.clear()
        with self._box:
            for token, found, why in told:
                self._one(token, found, why)
            if len(about) > SHOWN_MAX and told:
                text("p", self._view.texts("case.told_more", n=len(about) - SHOWN_MAX), "muted")

    def _path(self) -> str:
        return f"/v1/cases/{self._number}/notice"

    def _one(self, token: str, found: dict[str, Any], why: str) -> None:
        texts = self._view.texts
        who = f"{texts.word('subject', self._kinds.get(token, ''))} {show.token(token)}"
        with ui.element("div").classes("notice"):
            text("h3", texts("case.will_read", who=who))
            if why:
                text("p", why, "muted")
            elif found["measure_id"]:
                text("p", texts("case.open_already"), "muted")
                link(found["measure_id"], f"/measures/{part(found['measure_id'])}")
            else:
                both_languages(found["text"])


def decide_dialog(view: View, case: dict[str, Any]) -> ui.dialog:
    """What came of a case."""
    texts = view.texts
    with titled_dialog(texts("case.decide_title", number=case["number"])) as dialog:
        label = ui.radio({one: texts(f"label.{one}") for one in LABELS}, value=None).props("inline dense")
        with ui.element("div").classes("row") as more:
            grade = choice(texts("case.grade"), {one: texts(f"grade.{one}") for one in GRADES}, "confirmed")
            wanted = {"": texts("case.no_measure")} | {one: texts(f"measure.{one}") for one in MEASURES}
            measure = choice(texts("case.measure"), wanted, "")
            about = several(texts("case.about"))
        notices = Notices(view, case)
        note = note_field(texts)
        told = text("p", "", "consequence").props('role="status"')

        def follow() -> None:
            more.set_visibility(label.value == "cash_out")
            told.set_text(_consequence(view, case, label.value, grade.value, measure.value))

        async def preview() -> None:
            await notices.show(measure.value if label.value == "cash_out" else "", about.value)

        async def ask_about() -> None:
            whom = _whom(view, case, measure.value)
            about.set_options(whom, value=list(whom) if len(whom) == 1 else [])
            about.set_visibility(bool(measure.value))
            await preview()

        for one in (label, grade, measure):
            one.on_value_change(follow)
        measure.on_value_change(ask_about)
        about.on_value_change(preview)
        label.on_value_change(preview)
        follow()
        about.set_visibility(False)

        def body() -> dict[str, Any] | None:
            missing = "label" if not label.value else "about" if measure.value and not about.value else ""
            if missing and not (missing == "about" and label.value != "cash_out"):
                told.set_text(texts(f"case.choose_{missing}"))
                return None
            said = {"label": label.value, "note": note.value or ""}
            return said | _harsh(grade.value, measure.value, about.value) if label.value == "cash_out" else said

        dialog_buttons(texts, dialog, texts("step_act.decide"), body)
    return dialog


async def confirm_dialog(view: View, case: dict[str, Any]) -> ui.dialog:
    """What a second person confirms, with the notices that leave then."""
    texts, asked = view.texts, case["asked"]
    with titled_dialog(texts("step_act.confirm")) as dialog:
        text("p", texts("step_hint.confirm"), "muted")
        notices = Notices(view, case)
        note = note_field(texts)
        dialog_buttons(texts, dialog, texts("step_act.confirm"), lambda: {"note": note.value or ""})
    await notices.show(asked["measure"] or "", list(asked["about"]))
    return dialog


def _whom(view: View, case: dict[str, Any], measure: str) -> dict[str, str]:
    """Subjects of the case whom a measure may be about, by their tokens."""
    return {
        one["id"]: f"{view.texts.word('subject', one['type'])} {show.token(one['id'])}"
        for one in case["subjects"] if measure in MEASURES_OF.get(one["type"], ())
    }  # fmt: skip


def _consequence(view: View, case: dict[str, Any], label: str | None, grade: str, measure: str) -> str:
    """What a decision brings about, in a sentence."""
    texts = view.texts
    if label is None:
        return texts("case.choose_label")
    if label == "unsure":
        return texts("follows.unsure")
    if label == "genuine":
        return texts("follows.genuine", n=case["events"])
    two = grade == "adjudicated" or (measure and measure not in MILD)
    return texts("follows.cash_out_two" if two else "follows.cash_out", n=case["events"])


def _harsh(grade: str, measure: str, about: list[str]) -> dict[str, Any]:
    """What a decision of cash-out says besides: the grade, and the measure with whom it is about."""
    return {"grade": grade} | ({"measure": measure, "about": about} if measure else {})
