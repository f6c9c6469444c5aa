"""Machines' keys: shown, made, replaced, ended. A key itself stands in the answer that made it, and nowhere else."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.office_bodies import NewKeyBody, RotateKeyBody
from bonafide.apps.server.office_routes.common import (
    PAGE_DEFAULT,
    After,
    Limit,
    caller_of,
    moment_ms,
    office_of,
    page,
)  # fmt: skip
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.core.moment import SECOND_MS
from bonafide.core.secret import Secret
from bonafide.office.access.key_rows import KeyRow

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service


def add_keys(rest: FastAPI, service: Service) -> None:
    """Add the routes."""

    @rest.get("/v1/keys")
    async def keys(after: After = "", limit: Limit = PAGE_DEFAULT) -> Response:
        office = office_of(service)
        rows, more = page(await run_in_threadpool(office.keys.list), lambda row: row.key_id, after, limit)
        now = office.clock()
        return told({"keys": [row.to_wire(now) for row in rows], "next_after": more})

    @rest.post("/v1/keys")
    async def create(request: Request) -> Response:
        body = await read_struct(request, service, NewKeyBody)
        make = partial(
            office_of(service).keys.create, body.role, types=body.types, routes=body.routes,
            expires=moment_ms(body.expires), rate=body.rate_per_s, note=body.note, by=caller_of(request).actor,
        )  # fmt: skip
        return _shown_once(service, *await run_in_threadpool(make))

    @rest.post("/v1/keys/{id}/rotate")
    async def rotate(id: str, request: Request) -> Response:
        body = await read_struct(request, service, RotateKeyBody)
        make = partial(
            office_of(service).keys.rotate, id, body.overlap_s * SECOND_MS, expires=moment_ms(body.expires),
            by=caller_of(request).actor,
        )  # fmt: skip
        return _shown_once(service, *await run_in_threadpool(make), replaces=id)

    @rest.post("/v1/keys/{id}/revoke")
    async def revoke(id: str, request: Request) -> Response:
        office = office_of(service)
        row = await run_in_threadpool(partial(office.keys.revoke, id, by=caller_of(request).actor))
        return told(row.to_wire(office.clock()))


def _shown_once(service: Service, key: Secret, row: KeyRow, **more: Any) -> Response:
    return told({**row.to_wire(office_of(service).clock()), "key": key.reveal(), **more}, 201)
