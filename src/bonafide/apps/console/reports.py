"""Reports of back-tests: pages of their own that run nothing, whatever stands in them, and are no page of ours."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from bonafide.apps.console.api import Api, ApiError, SignedOutError, part
from bonafide.apps.console.doors import COOKIE
from bonafide.apps.console.held import Holder
from bonafide.apps.console.preferences import texts_of

ALONE = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "cache-control": "no-store",
}
"""Beside the policy of every page: a sandbox without scripts and without our origin."""


def add_reports(app: FastAPI, api: Api, holder: Holder) -> None:
    """Add the route."""

    @app.get("/bundles/backtests/{id}/report")
    async def report(id: str, request: Request, save: bool = False) -> Response:
        """A back-test's report in the language of whoever asks; `save` has the browser keep it as a file."""
        held = holder.find(request.cookies.get(COOKIE))
        if held is None:
            return RedirectResponse("/sign-in", 303)
        try:
            path = f"/v1/backtests/{part(id)}/report?lang={texts_of(request).language}"
            content, _ = await api.document(held.session, path)
        except SignedOutError:
            return RedirectResponse("/sign-in", 303)
        except ApiError as error:
            return Response(error.detail, error.status, media_type="text/plain; charset=utf-8")
        kind = "attachment; filename=backtest.html" if save else "inline"
        return Response(content, media_type="text/html; charset=utf-8", headers={**ALONE, "content-disposition": kind})
