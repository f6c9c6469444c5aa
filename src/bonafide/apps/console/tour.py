"""A walk of two minutes through the console: a note on each page that says what to look at, and leads to the next.

Which step somebody is at stands in a cookie, with the case that was chosen for the walk; everything is plain links, so
it works by keyboard and with no script. On a platform that is made up (`bonafide demo --console`) the note also sets
how fast its time passes.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from nicegui import ui
from starlette.responses import RedirectResponse, Response

from bonafide.apps.console.api import Api, ApiError, Session
from bonafide.apps.console.doors import COOKIE, form_of
from bonafide.apps.console.held import Holder
from bonafide.apps.console.parts import link, text
from bonafide.apps.console.preferences import local_path

if TYPE_CHECKING:
    from bonafide.apps.console.texts import Texts

TOUR_COOKIE: Final = "bonafide-tour"
STEPS: Final = ("overview", "queue", "case", "why", "money", "decide", "measure", "appeal", "bundle")
_PAGES: Final = {
    "overview": "/", "queue": "/queue", "case": "/cases/", "why": "/cases/", "money": "/cases/", "decide": "/cases/",
    "measure": "/measures", "appeal": "/appeals", "bundle": "/bundles",
}  # fmt: skip
"""How the address of a step's page begins; where there is nothing to show, the queue stands in for a case."""
CASES_LOOKED: Final = 20
PACE_VARIABLE: Final = "DEMO_PACE_FILE"
"""Names the file that says how fast a made-up platform lives; where it is not set there is none."""
PACES: Final = (1, 60, 600, 3_600)
"""Seconds there that pass in one here."""
_HOUR_S: Final = 3_600
_STANDS: Final = re.compile(r"([0-9]{1,2})\.([0-9]{1,16})")
_FOUND: Final = 303


def add_tour(app: FastAPI, api: Api, holder: Holder) -> None:
    """Add the routes."""

    @app.get("/tour")
    async def tour(request: Request) -> Response:
        """Go to a step, the first where none is named; any other word leaves the tour."""
        held = holder.find(request.cookies.get(COOKIE))
        if held is None:
            return RedirectResponse(f"/sign-in?to={quote('/tour')}", _FOUND)
        asked = request.query_params.get("step", "1")
        at, case = int(asked) - 1 if asked.isdecimal() and len(asked) < 3 else -1, standing(request)[1]
        if not 0 <= at < len(STEPS):
            left = RedirectResponse(local_path(request.query_params.get("to", "/")), _FOUND)
            left.delete_cookie(TOUR_COOKIE, path="/")
            return left
        if not case or at == 0:
            case = await _case(api, held.session)
        answer = RedirectResponse(await _path(api, held.session, STEPS[at], case), _FOUND)
        answer.set_cookie(TOUR_COOKIE, f"{at}.{case}", path="/", httponly=True, samesite="lax")
        return answer

    @app.post("/tour/pace")
    async def pace(request: Request) -> Response:
        """Have a made-up platform live faster or slower."""
        held, file = holder.find(request.cookies.get(COOKIE)), pace_file()
        wanted = (await form_of(request)).get("pace", "")
        if held is not None and file is not None and wanted in map(str, PACES):
            file.write_text(wanted, encoding="ascii")
        return RedirectResponse(local_path(request.query_params.get("to", "/")), _FOUND)


def pace_file() -> Path | None:
    """The file of a made-up platform's pace; None on any other."""
    named = os.environ.get(PACE_VARIABLE)
    return Path(named) if named else None


def standing(request: Request) -> tuple[int, int]:
    """At which step somebody is (-1: at none), and the case of the walk (0: none)."""
    read = _STANDS.fullmatch(request.cookies.get(TOUR_COOKIE, ""))
    if read is None or int(read[1]) >= len(STEPS):
        return -1, 0
    return int(read[1]), int(read[2])


async def _case(api: Api, who: Session) -> int:
    """The most urgent case that has somebody to look at: of several people, undecided; 0 where there is none."""
    try:
        found = (await api.get(who, "/v1/cases", limit=CASES_LOOKED))["cases"]
    except ApiError:
        return 0
    several = [one for one in found if one["users"] > 1 and one["merchants"]]
    return int((several or found)[0]["number"]) if found else 0


async def _path(api: Api, who: Session, step: str, case: int) -> str:
    """Where a step is shown."""
    if step in ("measure", "appeal"):
        return await _newest(api, who, step)
    fixed = {"overview": "/", "queue": "/queue", "bundle": "/bundles"}
    if step in fixed:
        return fixed[step]
    tab = "?tab=money" if step == "money" else ""
    return f"/cases/{case}{tab}" if case else "/queue"


async def _newest(api: Api, who: Session, what: str) -> str:
    """A measure, or an appeal, that waits for a person, or else the newest; the list where there is none."""
    place = f"{what}s"
    for query in ({"waiting": True}, {}):
        try:
            found = (await api.get(who, f"/v1/{place}", limit=1, **query))[place]
        except ApiError:
            break
        if found:
            return f"/{place}/{quote(str(found[0][f'{what}_id']), safe='')}"
    return f"/{place}"


def is_on_tour(at: int, path: str) -> bool:
    """Whether a page is that of a step.

    >>> is_on_tour(0, "/"), is_on_tour(0, "/queue"), is_on_tour(2, "/cases/7"), is_on_tour(2, "/queue")
    (True, False, True, True)
    """
    page = _PAGES[STEPS[at]]
    if page == "/":
        return path == page
    return path.startswith(page) or (page == "/cases/" and path == "/queue")


def show_tour(texts: Texts, at: int, here: str, path: str) -> None:
    """The note of a step; on other pages than its own, the way back to it."""
    pace = pace_file()
    with ui.element("section").classes("tour").props('role="region"') as note:
        note.props["aria-label"] = texts("tour.title")
        on_tour = is_on_tour(at, path)
        with ui.element("div").classes("panel-head"):
            text("h2", texts(f"tour.{STEPS[at]}" if on_tour else "tour.title"))
            text("span", texts("tour.at", n=at + 1, of=len(STEPS)), "muted")
        if on_tour:
            text("p", texts(f"tour.{STEPS[at]}_text"))
        if pace is not None:
            _pace(texts, pace, here)
        with ui.element("div").classes("tour-ways"):
            link(texts("tour.leave"), f"/tour?step=0&to={quote(here)}", "button quiet")
            if not on_tour:
                link(texts("tour.return"), f"/tour?step={at + 1}", "button main")
                return
            if at:
                link(texts("tour.back"), f"/tour?step={at}", "button quiet")
            last = at + 1 == len(STEPS)
            link(texts("tour.end" if last else "tour.next"), f"/tour?step={at + 2}", "button main")


def _pace(texts: Texts, file: Path, here: str) -> None:
    """How fast the platform's time passes."""
    now = read_pace(file)
    with ui.element("form").classes("tour-pace") as form:
        form.props["method"], form.props["action"] = "post", f"/tour/pace?to={quote(here)}"
        text("span", texts("tour.pace"), "muted")
        for one in PACES:
            hours = one // _HOUR_S
            words = texts("tour.pace_hours", n=hours) if hours else texts("tour.pace_of", n=one)
            choice = text("button", words, "pill here" if one == now else "pill")
            choice.props["type"], choice.props["name"], choice.props["value"] = "submit", "pace", str(one)
            choice.props["aria-pressed"] = "true" if one == now else "false"


def read_pace(file: Path) -> float:
    """What the file says; 0 where it says nothing yet."""
    try:
        return float(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0.0
