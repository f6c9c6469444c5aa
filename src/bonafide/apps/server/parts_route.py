"""`GET /v1/decisions/{event_id}/parts`: why a decision has its scores, from what was kept of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from fastapi import FastAPI, Query, Response, params
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.answers import refused
from bonafide.apps.server.id_route import IdRoute
from bonafide.apps.server.parts import Named, NothingKeptError, Recorded, Tellers
from bonafide.apps.server.parts_shapes import PartsAnswer
from bonafide.apps.server.replies import told
from bonafide.core.errors import BonafideError
from bonafide.core.events import EVENT_CLASS, ID_LENGTH_MAX
from bonafide.core.text import to_nfc
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.inputs import INPUTS_MAX
from bonafide.engine.trees.ready import is_compiled, is_loaded, make_ready
from bonafide.lab.explain.score import INPUTS_SHOWN

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

COMPILE_S: Final = 300
"""How long compiling may take in a process of its own; beyond it this one does it."""
_NOT_KEPT: Final = (
    "event_id: what this decision's scores were reckoned from is not kept: the event was simply allowed, or came "
    "before `basis_days`, or a subject of it was forgotten; bonafide explain derives it again from a replayed log"
)
_GONE: Final = (
    "event_id: the files of the bundle that decided are not there, or not as they were; put them back from a backup"
)
_ready: Final = Lock()


def add_parts(rest: FastAPI, service: Service, after_start: Sequence[params.Depends]) -> None:
    """Add the route; before that of the decision itself, whose path ends in anything."""

    tellers = Tellers()

    async def parts(
        event_id: str, inputs: Annotated[int, Query(ge=0, le=INPUTS_MAX)] = INPUTS_SHOWN
    ) -> Response:  # fmt: skip
        return told(await run_in_threadpool(parts_of, service, tellers, to_nfc(event_id, ID_LENGTH_MAX), inputs))

    rest.router.add_api_route(
        "/v1/decisions/{event_id:path}/parts", parts, methods=["GET"], dependencies=[*after_start],
        route_class_override=IdRoute,
    )  # fmt: skip


def parts_of(service: Service, tellers: Tellers, event_id: str, most: int) -> PartsAnswer:
    """Why a decision has its scores; raises Refused where it cannot be said. It takes a few milliseconds, the first
    time of a bundle from before as long as loading it."""
    found = service.runtime.find(event_id)
    if found is None:
        raise refused("not-found", "event_id: no event of this id was taken in")
    event = msgspec.json.decode(found.record.content, type=Named)
    if not EVENT_CLASS[event.type].decided:
        raise refused("not-found", f"event_id: nothing is decided on a {event.type}, so it has no score")
    decision = msgspec.json.decode(found.record.answer, type=Recorded)
    try:
        bundle = service.runtime.bundle_of(decision.bundle)
    except BonafideError:
        raise refused("not-found", _GONE) from None
    have_ready(bundle)
    teller = tellers.of(bundle, decision.arm)
    try:
        return teller.tell(event, decision, service.runtime.journal.inputs_of(found.seq), most)
    except NothingKeptError:
        raise refused("not-found", _NOT_KEPT) from None


def have_ready(bundle: Bundle) -> None:
    """Have what explains a bundle's trees at hand. Where it was never compiled on this machine another process does it:
    in this one the events that are decided meanwhile would wait for Python's lock."""
    if is_loaded() or all(part.compiled.scheme.trees is None for part in bundle.parts):
        return
    with _ready:
        compile_beside()
        make_ready()


def compile_beside() -> None:
    """Compile it in another process, unless that was done on this machine."""
    if not is_compiled():
        # Decisions come first, as for the worker.
        code = "import os; os.nice(19); from bonafide.engine.trees.ready import make_ready; make_ready()"
        with suppress(subprocess.TimeoutExpired):
            subprocess.run([sys.executable, "-c", code], check=False, timeout=COMPILE_S, stdin=subprocess.DEVNULL)
