"""Files of cases: attached by people, and handed out to be saved, never to be shown."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.answers import refused
from bonafide.apps.server.case_shapes import CaseFileBody
from bonafide.apps.server.office_routes.appeals import BODY_BYTES_MAX, BODY_TEXTS_MAX, SAFE
from bonafide.apps.server.office_routes.common import office_of, vault_of
from bonafide.apps.server.office_routes.measures import acting
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.apps.server.turns import Turns
from bonafide.office.cases.files import CaseFiles

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

ATTACHING_MAX: Final = 16
"""Files that wait to be looked into."""
_NUMBER: Final = re.compile("[1-9][0-9]{0,15}")


def add_case_files(rest: FastAPI, service: Service) -> None:
    """Add the routes."""
    turns = Turns(1, ATTACHING_MAX, "case files")

    def files() -> CaseFiles:
        office = office_of(service)
        return CaseFiles(office.store, office.data.folder, vault_of(service).keyring, clock=office.clock)

    @rest.post("/v1/cases/{number}/files")
    async def attach(number: str, request: Request) -> Response:
        """Files are looked into before the answer leaves, one at a time."""
        body = await read_struct(request, service, CaseFileBody, BODY_BYTES_MAX, BODY_TEXTS_MAX)
        ours, person, of = files(), acting(request), case_number(number)

        def act() -> dict[str, Any]:
            return ours.attach(*person, of, body.name, _content(body.content_base64), body.note)

        return told(await turns.run(act), 201)

    @rest.get("/v1/cases/{number}/files/{file}")
    async def file(number: str, file: str, request: Request) -> Response:
        found = await run_in_threadpool(files().content, *acting(request), case_number(number), file)
        return Response(found[1], media_type=found[0], headers=SAFE)


def case_number(given: str) -> int:
    """The number of a case in a path; Refused (404) where it is none."""
    if not _NUMBER.fullmatch(given):
        raise refused("not-found", "number: there is no case of this number")
    return int(given)


def _content(given: str) -> bytes:
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        raise refused("invalid-field", "content_base64: is no base64", field="content_base64") from None
