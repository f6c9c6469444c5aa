"""Files between the browser and the API: sent on to be saved, and never shown as a page of ours; taken in, bounded."""

from __future__ import annotations

import base64
import re
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from bonafide.apps.console.api import Api, ApiError, SignedOutError, part
from bonafide.apps.console.doors import COOKIE
from bonafide.apps.console.held import Held, Holder
from bonafide.apps.console.preferences import texts_of

FILE_BYTES_MAX: Final = 5 << 20
"""What the API takes of one file."""
NAME_LENGTH_MAX: Final = 200
ROWS_MAX: Final = 1_000
"""Cases in one exported list, the first in its order."""
FILTERS: Final = ("state", "queue", "assignee", "typology", "subject", "overdue", "drawn", "sort", "after")
_KINDS: Final = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
_NUMBER: Final = re.compile("[1-9][0-9]{0,15}")
_PLAIN: Final = "text/plain; charset=utf-8"


def add_documents(app: FastAPI, api: Api, holder: Holder) -> None:
    """Add the routes."""

    def held_of(request: Request) -> Held | None:
        return holder.find(request.cookies.get(COOKIE))

    async def hand_out(request: Request, path: str, name: str, **query: Any) -> Response:
        """What the API has at a path, to be saved."""
        held = held_of(request)
        if held is None:
            return RedirectResponse("/sign-in", 303)
        try:
            content, kind = await api.document(held.session, path, **_mine(held, query))
        except ApiError as error:
            return Response(error.detail, error.status, media_type=_PLAIN)
        named = name if "." in name else f"{name}.{_KINDS[kind]}" if kind in _KINDS else name
        return Response(content, media_type=kind, headers=saved(named))

    @app.get("/appeals/{id}/documents/{document}")
    async def document(id: str, document: str, request: Request) -> Response:
        """A document of an appeal, for who may judge."""
        return await hand_out(request, f"/v1/appeals/{part(id)}/documents/{part(document)}", "document")

    @app.get("/cases/{number}/files/{file}")
    async def file(number: str, file: str, request: Request) -> Response:
        """A file of a case."""
        return await hand_out(request, f"/v1/cases/{part(number)}/files/{part(file)}", f"case-{_digits(number)}")

    @app.get("/queue.csv")
    async def as_csv(request: Request) -> Response:
        """The queue as it is filtered, for spreadsheets."""
        return await hand_out(request, "/v1/cases.csv", "cases.csv", limit=ROWS_MAX, **_filters(request))

    @app.get("/queue.xlsx")
    async def as_xlsx(request: Request) -> Response:
        """The same, as a spreadsheet."""
        return await hand_out(request, "/v1/cases.xlsx", "cases.xlsx", limit=ROWS_MAX, **_filters(request))

    @app.post("/cases/{number}/files")
    async def hand_in(number: str, request: Request) -> Response:
        """Hand a file in; what the API says against it stands on the case's page once."""
        held = held_of(request)
        if held is None or not _NUMBER.fullmatch(number):
            return RedirectResponse("/sign-in", 303)
        given = await _file(request)
        if given is None:
            held.say(texts_of(request)("files.none_chosen"))
        else:
            body = {"name": given[0], "content_base64": base64.b64encode(given[1]).decode()}
            try:
                await api.post(held.session, f"/v1/cases/{number}/files", body)
            except SignedOutError:
                holder.drop(held)
            except ApiError as error:
                held.say(error.detail)
        return RedirectResponse(f"/cases/{number}", 303)


def saved(name: str) -> dict[str, str]:
    """Headers of what a browser saves under a name of ours, and does not show.

    >>> saved("cases.csv")["content-disposition"]
    'attachment; filename=cases.csv'
    """
    return {
        "content-disposition": f"attachment; filename={name}", "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; sandbox",
    }  # fmt: skip


async def _file(request: Request) -> tuple[str, bytes] | None:
    """The one file of a form, its name cut to a bare one; the guard bounds how much is read."""
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            given = form.get("file")
            if not isinstance(given, UploadFile) or not given.filename:
                return None
            content = await given.read(FILE_BYTES_MAX + 1)
    except HTTPException:  # no form, or not such a one
        return None
    name = "".join(one for one in re.split(r"[/\\]", given.filename)[-1] if one.isprintable())
    return (name[:NAME_LENGTH_MAX] or "file", content) if content else None


def _filters(request: Request) -> dict[str, Any]:
    return {name: request.query_params[name] for name in FILTERS if request.query_params.get(name)}


def _mine(held: Held, query: dict[str, Any]) -> dict[str, Any]:
    """The filters as the API reads them: `@` is who looks."""
    told = query | ({"assignee": held.session.name} if query.get("assignee") == "@" else {})
    return told | {name: "true" for name in ("overdue", "drawn") if told.get(name)}


def _digits(number: str) -> str:
    return number if _NUMBER.fullmatch(number) else "x"
