"""The queue's address, and filters of one's own: named by a person, kept in the browser, a few and short.

They are nobody's secret and nothing rests on them, so a cookie holds them, one for each person who uses the browser.
What comes out of it is read as strictly as an address: names of filters that the queue has, and nothing else.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from bonafide.apps.console.doors import COOKIE, form_of
from bonafide.apps.console.held import Holder

KEPT: Final = ("state", "queue", "assignee", "typology", "subject", "overdue", "drawn", "sort")
FILTERS_MAX: Final = 12
NAME_LENGTH_MAX: Final = 40
VALUE_LENGTH_MAX: Final = 60
COOKIE_BYTES_MAX: Final = 3_800
"""Of what a browser keeps of one cookie, 4,096 with its name."""
_STEM: Final = "bonafide-filters-"
_YEAR_S: Final = 365 * 86_400
_FOUND: Final = 303


class Filter(NamedTuple):
    """One filter that somebody named."""

    name: str
    query: dict[str, str]


def address(query: dict[str, str], **changed: str) -> str:
    """The queue's address with some of its filters changed; what is empty is left out.

    >>> address({"state": "open", "after": "9.9"}, sort="money")
    '/queue?state=open&sort=money'
    """
    kept = {name: query.get(name, "") for name in KEPT} | changed
    told = urlencode({name: value for name, value in kept.items() if value})
    return f"/queue?{told}" if told else "/queue"


def filters_of(cookies: dict[str, str], person: str) -> list[Filter]:
    """The filters of a person at this browser; none where the cookie says something else.

    >>> filters_of({"bonafide-filters-ann": quote('[["mine", "assignee=%40&x=1"]]')}, "ann")
    [Filter(name='mine', query={'assignee': '@'})]
    """
    try:
        read = json.loads(unquote(cookies.get(_STEM + person, "")))
    except ValueError:
        return []
    found = []
    for one in read[:FILTERS_MAX] if isinstance(read, list) else ():
        match one:
            case [str(name), str(query)] if is_name(name):
                found.append(Filter(name, plain(query)))
    return found


def is_name(name: str) -> bool:
    """Whether a filter may be called so."""
    return 0 < len(name) <= NAME_LENGTH_MAX and name.isprintable() and name == name.strip()


def plain(query: str) -> dict[str, str]:
    """Of a query those of its parts that are filters of the queue, and short.

    >>> plain("state=open&after=9.9&state=decided&evil=1")
    {'state': 'open'}
    """
    told: dict[str, str] = {}
    for name, value in parse_qsl(query, max_num_fields=64):
        if name in KEPT and name not in told and len(value) <= VALUE_LENGTH_MAX and value.isprintable():
            told[name] = value
    return told


def add_filters(app: FastAPI, holder: Holder) -> None:
    """Add the routes."""

    @app.post("/queue/filters")
    async def keep(request: Request) -> Response:
        """Keep a filter under a name, in place of the one that had it."""
        given = await form_of(request)
        made = Filter(given.get("name", "").strip(), plain(urlsplit(given.get("at", "")).query))
        return _changed(request, holder, made.name, made if is_name(made.name) else None)

    @app.post("/queue/filters/remove")
    async def remove(request: Request) -> Response:
        """Let go of one."""
        return _changed(request, holder, (await form_of(request)).get("name", ""), None)


def _changed(request: Request, holder: Holder, name: str, made: Filter | None) -> Response:
    held = holder.find(request.cookies.get(COOKIE))
    if held is None:
        return RedirectResponse("/sign-in?to=/queue", _FOUND)
    person = held.session.name
    kept = [one for one in filters_of(request.cookies, person) if one.name != name]
    kept = [*kept, *([made] if made else [])][-FILTERS_MAX:]
    told = quote(json.dumps([[one.name, urlencode(one.query)] for one in kept], ensure_ascii=False))
    answer = RedirectResponse(address(made.query if made else {}), _FOUND)
    if len(told) <= COOKIE_BYTES_MAX:
        answer.set_cookie(_STEM + person, told, max_age=_YEAR_S, path="/", httponly=True, samesite="lax")
    return answer
