"""The audit log: read, verified, and marked by a checkpoint that is kept elsewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.office import Office
from bonafide.apps.server.office_bodies import CheckpointBody
from bonafide.apps.server.office_routes.common import PAGE_DEFAULT, Limit, caller_of, office_of
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.apps.server.turns import Turns
from bonafide.office.audit.checkpoint import Checkpoint
from bonafide.office.audit.deeds import DEEDS
from bonafide.office.audit.entry import ON_MAX, WHO_MAX, Value
from bonafide.office.audit.log import TamperedError
from bonafide.office.audit.marks import check_marks
from bonafide.office.outbox.log import open_log

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

NUMBER_MAX: Final = 2**63 - 1
VERIFYING_WAITING_MAX: Final = 4
"""Verifications that wait for the one that is under way: each reads the whole log."""
_PLAIN: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"


def add_audit(rest: FastAPI, service: Service) -> None:
    """Add the routes."""
    turns = Turns(1, VERIFYING_WAITING_MAX, "verifications")

    @rest.get("/v1/audit")
    async def entries(
        after: Annotated[int, Query(ge=-1, le=NUMBER_MAX)] = -1,
        limit: Limit = PAGE_DEFAULT,
        newest: bool = False,
        what: Annotated[str | None, Query(pattern=f"^({'|'.join(map(_escaped, DEEDS))})$")] = None,
        who: Annotated[str | None, Query(max_length=WHO_MAX, pattern=_PLAIN)] = None,
        on: Annotated[str | None, Query(max_length=ON_MAX, pattern=_PLAIN)] = None,
    ) -> Response:
        """Entries in their order behind `after`, or the newest; all of them, or of one deed, actor or thing."""
        log = office_of(service).log
        of = {"what": what, "who": who, "on_what": on}
        if newest:
            found = await run_in_threadpool(partial(log.newest, limit, **of))
            return told({"entries": [entry.to_wire() for entry in found], "next_after": None})
        found = await run_in_threadpool(partial(log.entries, after=after, limit=limit + 1, **of))
        more = found[limit - 1].number if len(found) > limit else None
        return told({"entries": [entry.to_wire() for entry in found[:limit]], "next_after": more})

    @rest.post("/v1/audit/verify")
    async def verify(request: Request) -> Response:
        office = office_of(service)
        given = (await read_struct(request, service, CheckpointBody)).checkpoint
        return told(await turns.run(partial(_verified, office, None if given is None else Checkpoint.read(given))))

    @rest.get("/v1/audit/checkpoint")
    async def checkpoint(request: Request) -> Response:
        office, actor = office_of(service), caller_of(request).actor
        made = await turns.run(office.log.verify)
        details: dict[str, Value] = {"size": made.size, "chain": made.chain.hex()}
        await run_in_threadpool(partial(office.note, actor, "audit.checkpoint", "audit", details=details))
        return told({**details, "text": made.show()})


def _escaped(deed: str) -> str:
    return deed.replace(".", r"\.")


def _verified(office: Office, kept: Checkpoint | None) -> dict[str, Any]:
    told: dict[str, Any] = {"size": None, "message": None, "marks": None}
    try:
        told["size"] = office.log.verify(kept).size
        if office.data.journal.exists():
            with open_log(office.data.folder) as journal:
                told["marks"] = check_marks(office.log, journal)
    except TamperedError as error:
        told = {"size": None, "message": error.message, "marks": None}
    return {"whole": told["message"] is None, **told, "against_checkpoint": None if kept is None else kept.size}
