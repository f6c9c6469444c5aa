"""Files that people handed in: sent on to be saved, and never shown as a page of ours."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from bonafide.apps.console.api import Api, ApiError, part
from bonafide.apps.console.doors import COOKIE
from bonafide.apps.console.held import Holder

SAVED = {"content-disposition": "attachment; filename=document", "cache-control": "no-store"}


def add_documents(app: FastAPI, api: Api, holder: Holder) -> None:
    """Add the route."""

    @app.get("/appeals/{id}/documents/{document}")
    async def document(id: str, document: str, request: Request) -> Response:
        """A document of an appeal, for who may judge."""
        held = holder.find(request.cookies.get(COOKIE))
        if held is None:
            return RedirectResponse("/sign-in", 303)
        try:
            path = f"/v1/appeals/{part(id)}/documents/{part(document)}"
            content, kind = await api.document(held.session, path)
        except ApiError as error:
            return Response(error.detail, error.status, media_type="text/plain; charset=utf-8")
        return Response(content, media_type=kind, headers=SAVED)
