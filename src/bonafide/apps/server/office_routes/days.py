"""The last days in figures: alerts against what people can look at, and whether scores moved."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Query, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.office_routes.common import currency_of, office_of
from bonafide.apps.server.replies import told
from bonafide.office.days.counting import DAYS_KEPT
from bonafide.office.days.figures import DAYS_DEFAULT, day_figures

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

Days = Annotated[int, Query(ge=1, le=DAYS_KEPT)]


def add_days(rest: FastAPI, service: Service) -> None:
    """Add the route."""

    @rest.get("/v1/figures/days")
    async def days(days: Days = DAYS_DEFAULT) -> Response:
        budget = service.settings.alerts_per_day
        found = await run_in_threadpool(partial(day_figures, office_of(service).store, days, budget))
        return told({"currency": currency_of(service), **found})
