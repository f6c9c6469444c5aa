"""Appeals and answers: what is due, what was said and handed in, who decides, and how."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.parts import (
    answer_of,
    button,
    cell,
    chip,
    choice,
    facts,
    field,
    figure,
    link,
    panel,
    pills,
    table,
    text,
    titled_dialog,
)
from bonafide.apps.console.words import APPEAL_STATES, OUTCOMES_OF

WAITING: Final = ("acknowledged", "assigned")
NOTE_MAX: Final = 4_000
COLUMNS: Final = ("appeal", "measure", "subject", "state", "due", "assignee", "submitted")


async def build(view: View) -> None:
    """The list."""
    texts, query = view.texts, view.query
    state, waiting = query.get("state", ""), bool(query.get("waiting"))
    told = await view.get("/v1/appeals", state=state, waiting=waiting, limit=500)
    text("h1", texts("place.appeals"))
    _figures(view, told["figures"])
    options = {"waiting": (texts("appeals.waiting"), "/appeals?waiting=1"), "": (texts("queue.any"), "/appeals")}
    options |= {name: (texts(f"appeal_state.{name}"), f"/appeals?state={name}") for name in APPEAL_STATES}
    pills(texts("queue.saved"), options, "waiting" if waiting else state)
    if not told["appeals"]:
        empty(view, "appeals.none")
        return
    table({name: texts(f"appeals.{name}") for name in COLUMNS}, [_row(view, one) for one in told["appeals"]],
          label=texts("place.appeals"))  # fmt: skip


def _figures(view: View, told: dict[str, Any]) -> None:
    texts = view.texts
    with ui.element("div").classes("figures"):
        figure(texts("appeals.waiting"), show.count(told["waiting"]))
        figure(texts("state.overdue"), show.count(told["overdue"]), kind="late" if told["overdue"] else "")
        upheld = told["upheld"] / told["decided"] if told["decided"] else None
        figure(texts("appeals.upheld"), show.share(upheld), texts("appeals.of", n=told["decided"]))
        days = told["median_days"]
        figure(texts("appeals.median"), show.NOTHING if days is None else texts("appeals.days", n=f"{days:.1f}"))


def _row(view: View, one: dict[str, Any]) -> dict[str, Any]:
    texts = view.texts
    subject = f"{texts.word('subject', one['subject_type'])} {show.token(one['subject'])}"
    due = show.moment(one["decided"]) if one["decided"] else show.far(texts, one["due"], view.now_ms())
    return {
        "appeal": cell(texts.word("appeal_kind", one["kind"]), to=f"/appeals/{part(one['appeal_id'])}"),
        "measure": cell(one["measure_id"], to=f"/measures/{part(one['measure_id'])}"),
        "subject": cell(subject, title=one["subject"]),
        "state": cell(texts.word("appeal_state", one["state"]), kind=f"chip appeal-{one['state']}"),
        "due": cell(due, kind="late" if one["overdue"] else ""),
        "assignee": cell(one["assignee"] or show.NOTHING),
        "submitted": cell(show.moment(one["submitted"])),
    }  # fmt: skip


async def build_one(view: View, id: str) -> None:
    """One appeal."""
    texts = view.texts
    one = await view.get(f"/v1/appeals/{part(id)}")
    measure = await view.get(f"/v1/measures/{part(one['measure_id'])}")
    with ui.element("div").classes("title"):
        text("h1", texts.word("appeal_kind", one["kind"]))
        chip(texts.word("appeal_state", one["state"]), f"appeal-{one['state']}")
        link(
            f"{texts.word('measure', measure['measure'])} · {one['measure_id']}", f"/measures/{part(one['measure_id'])}"
        )
    _actions(view, one, measure)
    with ui.element("div").classes("columns"):
        with ui.element("div").classes("wide-column"):
            _said(view, one)
        with ui.element("aside").classes("side-column"), panel(texts("measures.standing")):
            facts([
                (texts("appeals.id"), one["appeal_id"]), (texts("appeals.submitted"), show.moment(one["submitted"])),
                (texts("appeals.by"), one["submitted_by"]), (texts("appeals.due"), show.moment(one["due"])),
                (texts("appeals.legal_due"), show.moment(one["legal_due"])),
                (texts("appeals.assignee"), one["assignee"] or show.NOTHING),
                (texts("appeals.decided"), show.moment(one["decided"])),
                (texts("measures.state"), texts.word("measure_state", measure["state"])),
            ])  # fmt: skip


def _said(view: View, one: dict[str, Any]) -> None:
    texts = view.texts
    with panel(texts("appeals.said")):
        said = one.get("statement")  # told to those who judge alone
        text("p", said or texts("appeals.sealed"), "note" if said else "muted")
        documents = one["documents"]
        if isinstance(documents, int):
            text("p", texts("appeals.documents_n", n=documents), "muted")
            return
        for document in documents:
            path = f"/appeals/{part(one['appeal_id'])}/documents/{part(str(document['document']))}"
            link(f"{document.get('name') or document['document']} ({texts('appeals.save')})", path)
        if one.get("note"):
            text("h3", texts("appeals.answer"))
            text("p", one["note"], "note")


def _actions(view: View, one: dict[str, Any], measure: dict[str, Any]) -> None:
    if one["state"] not in WAITING:
        return
    stem = "POST /v1/appeals/{id}"
    with ui.element("div").classes("actions"):
        if one["assignee"] == view.name and view.may(f"{stem}/decide"):
            button(view.texts("act.decide_appeal"), lambda: _decide(view, one, measure), "main")
        if view.may(f"{stem}/assign"):
            button(view.texts("act.assign_appeal"), lambda: _assign(view, one))


async def _assign(view: View, one: dict[str, Any]) -> None:
    texts = view.texts
    with titled_dialog(texts("act.assign_appeal")) as dialog:
        text("p", texts("hint.assign_appeal"), "muted")
        to = field(texts("case.to")).props("autofocus")
        with ui.element("div").classes("dialog-buttons"):
            button(texts("act.leave"), lambda: dialog.submit(None), "quiet")
            button(texts("act.assign_appeal"), lambda: dialog.submit((to.value or "").strip()), "main")
    told = await answer_of(dialog)
    if told and await view.do(f"/v1/appeals/{part(one['appeal_id'])}/assign", {"to": told}) is not None:
        view.again()


async def _decide(view: View, one: dict[str, Any], measure: dict[str, Any]) -> None:
    """An outcome with its reason, and what the subject will be told before it is."""
    texts = view.texts
    outcomes = OUTCOMES_OF[one["kind"]]
    with titled_dialog(texts("act.decide_appeal")) as dialog:
        outcome = choice(
            texts("appeals.outcome"), {name: texts(f"appeal_state.{name}") for name in outcomes}, outcomes[0]
        )
        note = ui.textarea(texts("act.note")).props(f"outlined maxlength={NOTE_MAX}").classes("wide")
        follows = text("p", texts(f"appeal_follows.{outcomes[0]}"), "consequence")
        follows.props["role"] = "status"
        name = texts.word("measure", measure["measure"])
        text("p", texts("appeals.about", measure=name), "muted")
        outcome.on_value_change(lambda e: follows.set_text(texts(f"appeal_follows.{e.value}")))

        def go() -> None:
            if (note.value or "").strip():
                dialog.submit({"outcome": outcome.value, "note": note.value})
            else:
                follows.set_text(texts("act.note_needed"))

        with ui.element("div").classes("dialog-buttons"):
            button(texts("act.leave"), lambda: dialog.submit(None), "quiet")
            button(texts("act.decide_appeal"), go, "main")
    told = await answer_of(dialog)
    if told and await view.do(f"/v1/appeals/{part(one['appeal_id'])}/decide", told) is not None:
        view.again()
