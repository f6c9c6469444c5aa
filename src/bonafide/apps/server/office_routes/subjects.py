"""Subjects: their clear data shown, searched, written out and forgotten; legal holds on them."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.answers import refused
from bonafide.apps.server.office_bodies import HoldBody, SearchBody
from bonafide.apps.server.office_routes.common import (
    PAGE_DEFAULT,
    After,
    Limit,
    caller_of,
    page,
    vault_of,
)  # fmt: skip
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.core.errors import MissingError, UsageError
from bonafide.core.moment import moment_of
from bonafide.core.pseudonym import read_token
from bonafide.office.audit.entry import Actor
from bonafide.office.vault.fields import ID_FIELD, SUBJECT_TYPES
from bonafide.office.vault.forgetting import forget
from bonafide.office.vault.holds import CASE_LENGTH_MAX, Hold
from bonafide.office.vault.subjects import Subject
from bonafide.office.vault.vault import Vault

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

Case = Annotated[str | None, Query(min_length=1, max_length=CASE_LENGTH_MAX, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
_PSEUDONYM: Final = re.compile(r"~?([0-9a-f]{16})")


def add_subjects(rest: FastAPI, service: Service) -> None:
    """Add the routes."""
    _add_clear(rest, service)
    _add_holds(rest, service)


def _add_clear(rest: FastAPI, service: Service) -> None:
    @rest.get("/v1/subjects/{type}/{pseudonym}")
    async def look(type: str, pseudonym: str, request: Request, case: Case = None) -> Response:
        vault, subject = vault_of(service), _subject(type, pseudonym)
        fields = await run_in_threadpool(partial(vault.look, caller_of(request).actor, subject, case_id=case))
        return told({"subject": str(subject), "fields": fields})

    @rest.post("/v1/subjects:search")
    async def search(request: Request) -> Response:
        """Subjects by a whole value, which comes in the body: paths and queries get into other people's logs."""
        vault, actor = vault_of(service), caller_of(request).actor
        body = await read_struct(request, service, SearchBody)
        if (body.field == ID_FIELD) != (body.type is not None):
            raise refused("invalid-field", f"type: give it where the field is {ID_FIELD}, and only there", field="type")
        if body.type is None:
            act = partial(vault.search, actor, body.field, body.value)
        else:
            act = partial(vault.search_id, actor, body.type, body.value)
        return told({"subjects": [str(subject) for subject in await run_in_threadpool(act)]})

    @rest.get("/v1/subjects/{type}/{pseudonym}/export")
    async def export(type: str, pseudonym: str, request: Request, case: Case = None) -> Response:
        vault, subject = vault_of(service), _subject(type, pseudonym)
        return told(await run_in_threadpool(partial(vault.export, caller_of(request).actor, subject, case_id=case)))

    @rest.post("/v1/subjects/{type}/{pseudonym}/forget")
    async def forget_now(type: str, pseudonym: str, request: Request) -> Response:
        vault, subject = vault_of(service), _subject(type, pseudonym)
        done = await run_in_threadpool(forget, vault, caller_of(request).actor, subject)
        return told({"subject": str(subject), "fields": done.fields, "scrubbed": done.scrubbed})


def _add_holds(rest: FastAPI, service: Service) -> None:
    @rest.post("/v1/subjects/{type}/{pseudonym}/holds")
    async def place(type: str, pseudonym: str, request: Request) -> Response:
        vault, subject = vault_of(service), _subject(type, pseudonym)
        body = await read_struct(request, service, HoldBody)
        hold = await run_in_threadpool(_place, vault, caller_of(request).actor, subject, body)
        return told(hold.to_wire(vault.clock()), 201)

    @rest.get("/v1/holds")
    async def holds(after: After = "", limit: Limit = PAGE_DEFAULT) -> Response:
        vault = vault_of(service)
        rows, more = page(await run_in_threadpool(_holds, vault), lambda hold: hold.hold_id, after, limit)
        return told({"holds": [hold.to_wire(vault.clock()) for hold in rows], "next_after": more})

    @rest.post("/v1/holds/{id}/lift")
    async def lift(id: str, request: Request) -> Response:
        vault = vault_of(service)
        hold = await run_in_threadpool(_lift, vault, caller_of(request).actor, id)
        return told(hold.to_wire(vault.clock()))


def _subject(subject_type: str, pseudonym: str) -> Subject:
    """The subject that a path names, with or without the mark of a token."""
    found = _PSEUDONYM.fullmatch(pseudonym)
    value = None if found is None else read_token(f"~{found[1]}")
    if subject_type not in SUBJECT_TYPES or value is None:
        raise refused("not-found", f"path: give a type ({', '.join(SUBJECT_TYPES)}) and 16 hex digits")
    return Subject(subject_type, value)


def _place(vault: Vault, actor: Actor, subject: Subject, body: HoldBody) -> Hold:
    with vault.store.writing() as connection:
        ends = moment_of(body.expires)
        return vault.holds.place(connection, actor, subject, body.case_id, body.reason, ends, vault.clock())


def _lift(vault: Vault, actor: Actor, hold_id: str) -> Hold:
    with vault.store.writing() as connection:
        try:
            return vault.holds.lift(connection, actor, hold_id, vault.clock())
        except UsageError as error:
            raise MissingError(error.message) from None


def _holds(vault: Vault) -> list[Hold]:
    with vault.store.reading() as connection:
        return vault.holds.of(connection)
