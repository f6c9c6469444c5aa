"""Dialogs of the steps with a case, each with what follows from it; what comes back is the body for the API."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import ApiError
from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import button, choice, dialog_buttons, field, note_field, several, text, titled_dialog

HOUR_MS: Final = 3_600_000
WAITS_H: Final = (4, 24, 72, 168)
WAIT_MAX_H: Final = 30 * 24
ON_DATE: Final = "date"


def hand_dialog(view: View) -> ui.dialog:
    """To whom a case is given."""
    texts = view.texts
    with titled_dialog(texts("step_act.hand")) as dialog:
        to = field(texts("case.to")).props("autofocus")
        dialog_buttons(texts, dialog, texts("step_act.hand"), lambda: {"to": (to.value or "").strip()})
    return dialog


def wait_dialog(view: View) -> ui.dialog:
    """Until when a case waits: some hours, or a date."""
    texts, now = view.texts, view.now_ms()
    with titled_dialog(texts("step_act.wait")) as dialog:
        text("p", texts("step_hint.wait"), "muted")
        hours = {str(one): texts("case.hours", n=one) for one in WAITS_H} | {ON_DATE: texts("case.on_date")}
        long = choice(texts("case.until"), hours, "24")
        date = field(texts("case.until_utc"), show.at(now + 24 * HOUR_MS)[:16])
        date.props["type"] = "datetime-local"
        date.props["min"], date.props["max"] = show.at(now)[:16], show.at(now + WAIT_MAX_H * HOUR_MS)[:16]
        date.bind_visibility_from(long, "value", value=ON_DATE)
        note = note_field(texts)

        def body() -> dict[str, Any] | None:
            if long.value != ON_DATE:
                return {"until": show.at(view.now_ms() + int(long.value) * HOUR_MS), "note": note.value or ""}
            return {"until": f"{date.value}:00Z", "note": note.value or ""} if date.value else None

        dialog_buttons(texts, dialog, texts("step_act.wait"), body)
    return dialog


def other_dialog(view: View, case: dict[str, Any], step: str, name: str) -> ui.dialog:
    """Another case, with what it is about: to be linked (`to`), or to become part of this one (`other`)."""
    texts = view.texts
    linked = [one["to"] for one in case["links"]]
    with titled_dialog(texts(f"step_act.{step}")) as dialog:
        text("p", texts(f"step_hint.{step}"), "muted")
        number = ui.number(texts("case.other"), min=1, precision=0).props("outlined dense autofocus debounce=300")
        told = text("p", "", "consequence").props('role="status"')

        async def look() -> None:
            told.set_text(await _other(view, int(number.value or 0), step))

        number.on_value_change(look)
        if linked and step == "merge":
            with ui.element("div").classes("row"):
                for one in linked[:8]:
                    button(f"#{one}", lambda one=one: number.set_value(one), "quiet")
        note = note_field(texts)

        def body() -> dict[str, Any] | None:
            return {name: int(number.value), "note": note.value or ""} if number.value else None

        dialog_buttons(texts, dialog, texts(f"step_act.{step}"), body)
    return dialog


async def _other(view: View, number: int, step: str) -> str:
    """What another case is about, in a sentence."""
    if number < 1:
        return ""
    try:
        one = await view.get(f"/v1/cases/{number}", aggregates="false")
    except ApiError as error:
        return error.detail
    state = view.texts.word("state", one["state"])
    money = show.money(one["money_at_stake"], one["currency"])
    return view.texts(f"follows.{step}", number=number, state=state, events=one["events"], money=money)


def split_dialog(view: View, case: dict[str, Any]) -> ui.dialog:
    """Which events become a case of their own: those that name some subjects, and single ones."""
    texts = view.texts
    subjects = {
        one["id"]: f"{texts.word('subject', one['type'])} {show.token(one['id'])} · "
        f"{texts('case.in_events', n=one['events'])}"
        for one in case["subjects"]
    }  # fmt: skip
    found = {
        one["event_id"]: f"{show.moment(one['time'])} · {texts.word('event', one['type'])} · "
        f"{show.money(one['amount'], one['currency'])} · {texts.word('outcome', one['outcome'])} · {one['event_id']}"
        for one in case["event_list"]
    }  # fmt: skip
    with titled_dialog(texts("step_act.split")) as dialog:
        text("p", texts("step_hint.split"), "muted")
        who = several(texts("case.split_subjects"), subjects).classes("wide")
        what = several(texts("case.split_events"), found).classes("wide")
        note = note_field(texts)
        told = text("p", texts("case.choose_split"), "consequence").props('role="status"')

        def follow() -> None:
            chosen = _going(case, who.value, what.value)
            told.set_text(texts("follows.split", n=chosen, of=case["events"]) if chosen else texts("case.choose_split"))

        who.on_value_change(follow)
        what.on_value_change(follow)

        def body() -> dict[str, Any] | None:
            said = {"subjects": who.value, "events": what.value, "note": note.value or ""}
            return said if who.value or what.value else None

        dialog_buttons(texts, dialog, texts("step_act.split"), body)
    return dialog


def _going(case: dict[str, Any], subjects: list[str], chosen: list[str]) -> int:
    """At least how many events a split takes along: a list of events names users and merchants alone.

    >>> events = [{"event_id": "a", "user_id": "~1", "merchant_id": None}, {"event_id": "b", "user_id": None,
    ...            "merchant_id": "~2"}]
    >>> case = {"event_list": events, "subjects": [{"id": "~1", "events": 1}, {"id": "~3", "events": 2}]}
    >>> _going(case, ["~1"], ["b"]), _going(case, ["~3"], []), _going(case, [], [])
    (2, 2, 0)
    """
    wanted = set(subjects)
    named = {one["event_id"] for one in case["event_list"] if wanted & {one["user_id"], one["merchant_id"]}}
    most = max((one["events"] for one in case["subjects"] if one["id"] in wanted), default=0)
    return max(most, len(named | set(chosen)))


def labelled_dialog(view: View, step: str, labels: tuple[str, ...]) -> ui.dialog:
    """A word about a case, of a few."""
    texts = view.texts
    with titled_dialog(texts(f"step_act.{step}")) as dialog:
        text("p", texts(f"step_hint.{step}"), "muted")
        label = ui.radio({one: texts(f"label.{one}") for one in labels}, value=labels[0]).props("inline dense")
        note = note_field(texts)
        dialog_buttons(
            texts, dialog, texts(f"step_act.{step}"), lambda: {"label": label.value, "note": note.value or ""}
        )
    return dialog
