"""What the pages of users and merchants share: the score and how it went, ladder, decisions, measures, cases."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import ApiError, part
from bonafide.apps.console.frame import View
from bonafide.apps.console.parts import cell, facts, figure, link, panel, table, text
from bonafide.apps.console.score_line import points_of, score_svg

CHANGES_EACH: Final = 5
ROWS_EACH: Final = 10
CASES_MAX: Final = 100
_STATES: Final = ["open", "assigned", "waiting", "decided", "reopened"]
_TOKEN: Final = re.compile("~[0-9a-f]{16}")


async def found_or_none(view: View, path: str) -> dict[str, Any] | None:
    """What the API says there, or None where it knows nothing of it."""
    try:
        told: dict[str, Any] = await view.get(path)
    except ApiError as error:
        if error.name != "not-found":
            raise
        return None
    return told


async def cases_of(view: View, token: str) -> list[dict[str, Any]]:
    """Cases that name a subject; none of what is no token."""
    if not _TOKEN.fullmatch(token):
        return []
    told = await view.get("/v1/cases", subject=token, state=_STATES, limit=CASES_MAX)
    found: list[dict[str, Any]] = told["cases"]
    return found


def figures(view: View, told: Mapping[str, Any]) -> None:
    """The numbers that a subject is looked at for."""
    texts, ladder = view.texts, told["ladder"]
    with ui.element("div").classes("figures"):
        score, level = told["credit_score"], told["risk_level"]
        when = texts("about.as_of", time=show.moment(told["as_of"])) if told["as_of"] else texts("about.never")
        figure(texts("about.score"), show.NOTHING if score is None else str(score), when)
        figure(texts("about.level"), texts.word("level", level) if level else show.NOTHING,
               kind="late" if level in ("high", "critical") else "")  # fmt: skip
        grave = texts("about.none_counts")
        if ladder["grade"]:
            grave = f"{texts.word('grade', ladder['grade'])} · {texts('about.since', day=ladder['since'][:10])}"
        figure(texts("about.offences"), show.count(ladder["offences"]), grave)
        figure(texts("about.in_force"), show.count(ladder["in_force"]))
        if ladder["human_only"]:
            figure(texts("about.decides"), texts("about.people"), texts("about.asked_for"))


def score(view: View, kind: str, told: Mapping[str, Any]) -> None:
    """The score and how it went; what its points are made of belongs below the line, where the API says it."""
    texts, points = view.texts, points_of(told["score_history"])
    with panel(texts("about.went"), texts("about.scale")):
        if not points:
            text("p", texts("about.no_history"), "muted")
            return
        as_of = show.moment_ms(told["as_of"]) if told["as_of"] else points[-1].day_ms
        ui.html(score_svg(texts, points, told["levels"], as_of)).classes("plot line")
        # What the newest score's points are made of, family by family, belongs here once a route says it.
        changes = [
            {"day": cell(one["day"][:10]), "score": cell(str(one["credit_score"] or show.NOTHING)),
             "change": cell(_change(before, one)),
             "level": cell(texts.word("level", one["risk_level"]), kind=f"chip level-{one['risk_level']}")}
            for before, one in zip([None, *told["score_history"]], told["score_history"], strict=False)
        ][::-1]  # fmt: skip
        heads = {name: texts(f"about.{name}") for name in ("day", "score", "change", "level")}
        table(heads, changes, right=("score", "change"), each=CHANGES_EACH, label=texts("about.went"))
        if told["newest_event"]:
            link(texts("about.newest"), f"/decisions/{part(told['newest_event'])}")


def _change(before: Mapping[str, Any] | None, one: Mapping[str, Any]) -> str:
    if before is None or before["credit_score"] is None or one["credit_score"] is None:
        return show.NOTHING
    return f"{one['credit_score'] - before['credit_score']:+d}".replace("+0", "0")


def decisions(view: View, told: Sequence[Mapping[str, Any]]) -> None:
    """Decisions that did not simply let an event pass, each with its why."""
    texts = view.texts
    with panel(texts("about.decisions"), texts("about.newest_first")):
        if not told:
            text("p", texts("about.no_decisions"), "muted")
            return
        rows = [
            {"time": cell(show.moment(one["time"]), to=f"/decisions/{part(one['event_id'])}"),
             "type": cell(texts.word("event", one["type"])),
             "outcome": cell(texts.word("outcome", one["outcome"]), kind=f"chip outcome-{one['outcome']}"),
             "case": cell(f"#{one['case']}", to=f"/cases/{one['case']}?event={part(one['event_id'])}")
             if one.get("case") else cell(show.NOTHING)}
            for one in told
        ]  # fmt: skip
        heads = {name: texts(f"event_column.{name}") for name in ("time", "type", "outcome")}
        table(heads | {"case": texts("queue.number")}, rows, each=ROWS_EACH, label=texts("about.decisions"))


def cases(view: View, found: Sequence[Mapping[str, Any]]) -> None:
    """Cases that name a subject."""
    texts = view.texts
    with panel(texts("subject_page.cases")):
        if not found:
            text("p", texts("subject_page.no_cases"), "muted")
            return
        names = ("number", "state", "money", "due", "assignee")
        rows = [
            {"number": cell(f"#{one['number']}", to=f"/cases/{one['number']}"),
             "state": cell(texts.word("state", one["state"]), kind=f"chip state-{one['state']}"),
             "money": cell(show.money(one["money_at_stake"], one["currency"])),
             "due": cell(show.moment(one["due"])), "assignee": cell(one["assignee"] or show.NOTHING)}
            for one in found
        ]  # fmt: skip
        table({name: texts(f"queue.{name}") for name in names}, rows, right=("money",), each=ROWS_EACH,
              label=texts("subject_page.cases"))  # fmt: skip


def measures(view: View, told: Sequence[Mapping[str, Any]]) -> None:
    """Measures about a subject, the newest first."""
    texts = view.texts
    with panel(texts("place.measures")):
        if not told:
            text("p", texts("subject_page.no_measures"), "muted")
            return
        rows = [
            {"measure": cell(texts.word("measure", one["measure"]), to=f"/measures/{part(one['measure_id'])}"),
             "state": cell(texts.word("measure_state", one["state"]), kind=f"chip measure-{one['state']}"),
             "until": cell(show.moment(one["until"]))}
            for one in told
        ]  # fmt: skip
        heads = {name: texts(f"measures.{name}") for name in ("measure", "state", "until")}
        table(heads, rows, each=ROWS_EACH, label=texts("place.measures"))


def education(view: View, told: Sequence[Mapping[str, Any]]) -> None:
    """What a user was to be told so that they refuse cash-out."""
    if told:
        with panel(view.texts("about.education")), ui.element("ul").classes("lines"):
            for one in told[:ROWS_EACH]:
                with ui.element("li"):
                    text("span", f"{view.texts.word('education_level', one['level'])} · {show.moment(one['time'])} ")
                    text("code", one["piece"])


def exposure(view: View, told: Mapping[str, Any]) -> None:
    """What a merchant sold on credit and was paid in the last days."""
    texts = view.texts
    with panel(texts("about.exposure"), texts("about.exposure_hint", n=told["days"])):
        if not told["sums"]:
            text("p", texts("about.no_exposure"), "muted")
        for one in told["sums"]:
            facts([
                (texts("about.pay_later"), f"{show.money(one['pay_later'], one['currency'])} "
                                           f"({texts('about.payments', n=show.count(one['payments']))})"),
                (texts("about.refunded"), show.money(one["refunded"], one["currency"])),
                (texts("about.paid_out"), show.money(one["paid_out"], one["currency"])),
                (texts("about.held"), show.money(one["held"], one["currency"])),
            ])  # fmt: skip
