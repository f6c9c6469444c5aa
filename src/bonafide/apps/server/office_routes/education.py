"""Education: whether it helps, in numbers of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.office_routes.common import office_of
from bonafide.apps.server.replies import told
from bonafide.office.education.figures import figures

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service


def add_education(rest: FastAPI, service: Service) -> None:
    """Add the route."""

    @rest.get("/v1/education/figures")
    async def education() -> Response:
        return told(await run_in_threadpool(figures, office_of(service).store))
