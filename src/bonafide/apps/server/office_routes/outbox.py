"""What leaves: messages for those who ask, receivers of webhooks, and what nobody took."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.outbox.clear import clear_texts_of
from bonafide.apps.server.office import Office
from bonafide.apps.server.office_bodies import NewReceiverBody, ResendBody, RotateReceiverBody, Topic
from bonafide.apps.server.office_routes.common import PAGE_DEFAULT, Limit, caller_of, office_of, vault_of
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.core.errors import MissingError, OpposedError, UsageError
from bonafide.core.moment import SECOND_MS
from bonafide.core.secret import Secret
from bonafide.office.audit.entry import Actor
from bonafide.office.outbox.dead_letters import LISTED_MAX, DeadLetter
from bonafide.office.outbox.destinations import DESTINATIONS_MAX, Destination
from bonafide.office.outbox.messages import TOPICS
from bonafide.office.outbox.pull import pull

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

NUMBER_MAX: Final = 2**63 - 1
LETTERS_MAX: Final = LISTED_MAX - DESTINATIONS_MAX
"""Most dead letters that are asked for: those of one message, one for each receiver, come together."""
Number = Annotated[int, Query(ge=0, le=NUMBER_MAX)]


def add_outbox(rest: FastAPI, service: Service) -> None:
    """Add the routes."""
    _add_messages(rest, service)
    _add_receivers(rest, service)


def _add_messages(rest: FastAPI, service: Service) -> None:
    @rest.get("/v1/messages")
    async def messages(
        after: Number = 0, limit: Limit = PAGE_DEFAULT, topic: Annotated[list[Topic] | None, Query()] = None
    ) -> Response:
        """Messages behind a cursor, with the platform's own ids."""
        office, texts = office_of(service), clear_texts_of(vault_of(service))
        read = partial(pull, office.store, texts, office.clock(), after, topics=topic, limit=limit)
        page = await run_in_threadpool(read)
        wire = [message.to_wire() for message in page.messages]
        return told({"messages": wire, "cursor": page.cursor, "has_more": page.has_more})

    @rest.get("/v1/messages/dead-letters")
    async def dead_letters(
        after: Number = 0,
        limit: Annotated[int, Query(ge=1, le=LETTERS_MAX)] = PAGE_DEFAULT,
        receiver: Annotated[str | None, Query(max_length=40, pattern="^[a-z0-9]+$")] = None,
    ) -> Response:
        """Messages that were tried to the end and not taken."""
        letters = office_of(service).dead_letters
        found = await run_in_threadpool(letters.list, after, limit + DESTINATIONS_MAX, receiver)
        part, more = _whole_messages(found, limit)
        return told({"dead_letters": [letter.to_wire() for letter in part], "next_after": more})

    @rest.post("/v1/messages/dead-letters/resend")
    async def resend(request: Request) -> Response:
        office, actor = office_of(service), caller_of(request).actor
        body = await read_struct(request, service, ResendBody)
        act = partial(office.dead_letters.resend, actor, office.clock(), body.receiver_id, body.number)
        return told({"resent": await run_in_threadpool(act)})


def _whole_messages(found: list[DeadLetter], limit: int) -> tuple[list[DeadLetter], int | None]:
    """The first of some dead letters, a message's for all its receivers; the number to go on after, or None."""
    if len(found) <= limit:
        return found, None
    last = found[limit - 1].no
    part = [letter for letter in found if letter.no <= last]
    return part, last if len(part) < len(found) or len(found) == limit + DESTINATIONS_MAX else None


def _add_receivers(rest: FastAPI, service: Service) -> None:
    @rest.get("/v1/receivers")
    async def receivers() -> Response:
        found = await run_in_threadpool(office_of(service).receivers.list)
        return told({"receivers": [one.to_wire() for one in found]})

    @rest.post("/v1/receivers")
    async def add(request: Request) -> Response:
        """A new receiver, and the secret that its messages are signed with."""
        receivers, actor = office_of(service).receivers, caller_of(request).actor
        body = await read_struct(request, service, NewReceiverBody)
        act = partial(receivers.add, actor, body.url, TOPICS if body.topics is None else body.topics, note=body.note)
        row, secret = await run_in_threadpool(act)
        return _shown_once(row, secret)

    @rest.post("/v1/receivers/{id}/pause")
    async def pause(id: str, request: Request) -> Response:
        row = await run_in_threadpool(_paused, office_of(service), caller_of(request).actor, id)
        return told(row.to_wire())

    @rest.post("/v1/receivers/{id}/resume")
    async def resume(id: str, request: Request) -> Response:
        row = await run_in_threadpool(_resumed, office_of(service), caller_of(request).actor, id)
        return told(row.to_wire())

    @rest.post("/v1/receivers/{id}/remove")
    async def remove(id: str, request: Request) -> Response:
        given_up = await run_in_threadpool(_removed, office_of(service), caller_of(request).actor, id)
        return told({"receiver_id": id, "given_up": given_up})

    @rest.post("/v1/receivers/{id}/rotate")
    async def rotate(id: str, request: Request) -> Response:
        """A new secret; the ones before hold for a while more."""
        body = await read_struct(request, service, RotateReceiverBody)
        overlap_ms = body.overlap_s * SECOND_MS
        made = await run_in_threadpool(_rotated, office_of(service), caller_of(request).actor, id, overlap_ms)
        return _shown_once(*made)


def _known(office: Office, receiver_id: str) -> Destination:
    try:
        return office.receivers.get(receiver_id)
    except UsageError as error:
        raise MissingError(error.message) from None


def _paused(office: Office, actor: Actor, receiver_id: str) -> Destination:
    _known(office, receiver_id)
    return office.receivers.pause(actor, receiver_id)


def _resumed(office: Office, actor: Actor, receiver_id: str) -> Destination:
    _known(office, receiver_id)
    return office.receivers.resume(actor, receiver_id)


def _removed(office: Office, actor: Actor, receiver_id: str) -> int:
    """How many messages were given up. What was cut short may be asked for again, so it need not be known any more."""
    try:
        return office.receivers.remove(actor, receiver_id)
    except UsageError as error:
        raise MissingError(error.message) from None


def _rotated(office: Office, actor: Actor, receiver_id: str, overlap_ms: int) -> tuple[Destination, Secret]:
    row = _known(office, receiver_id)
    try:
        return row, office.receivers.rotate(actor, receiver_id, overlap_ms)
    except UsageError as error:
        raise OpposedError(error.message) from None


def _shown_once(row: Destination, secret: Secret) -> Response:
    wire: dict[str, Any] = row.to_wire()
    return told({**wire, "secret": secret.reveal()}, 201)
