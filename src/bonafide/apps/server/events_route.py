"""POST /v1/events and /v1/events:batch: events in, decisions out. Raw ASGI: every microsecond counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bonafide.apps.problems import Reply
from bonafide.apps.runtime.jobs import Overloaded, ReadOnly
from bonafide.apps.server.admission import Admission
from bonafide.apps.server.answers import (
    Gone,
    Receive,
    Refused,
    Scope,
    Send,
    answer,
    refused,
    retry_after,
)  # fmt: skip
from bonafide.apps.server.bodies import Body
from bonafide.apps.server.callers import Callers
from bonafide.apps.server.counts import Counts
from bonafide.apps.server.decode import Record, check_marks, decode_all, decode_one, read_array, split
from bonafide.apps.server.head import Head, form_of, read_head
from bonafide.apps.server.ports import Sender, Settings
from bonafide.apps.server.stream import answer_lines
from bonafide.core.errors import InputError
from bonafide.office.people.matrix import Deed

EVENTS_PATH: Final = "/v1/events"
BATCH_PATH: Final = "/v1/events:batch"
PATHS: Final = {path: Deed("route", f"POST {path}") for path in (EVENTS_PATH, BATCH_PATH)}
"""The raw routes, and their rows in the table of who may do what."""
_MS: Final = 1_000


class EventsRoute:
    """The deciding route as an ASGI application."""

    def __init__(self, admission: Admission, callers: Callers, settings: Settings, counts: Counts) -> None:
        self.counts = counts
        self._callers = callers
        self.admission = admission
        self._body_bytes_max = settings.body_bytes_max
        self._body_timeout_s = settings.body_timeout_ms / _MS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        trace: bytes | None = None
        gate = self.admission.gate
        body: Body | None = None
        status = 200
        try:
            if scope["method"] != "POST":
                raise refused("malformed", "method: this route takes POST", (b"allow", b"POST"), status=405)
            gate.enter()
            try:
                head = read_head(scope["headers"])
                trace = head.trace
                self.admission.require_intake()
                sender = self._machine(head, scope) or await self._person(scope)
                self.admission.require_rate(sender)
                streamed = form_of(head) == "ndjson"
                batch = scope["path"] == BATCH_PATH
                if batch and not streamed:
                    raise refused("malformed", "content-type: this route takes application/x-ndjson", status=415)
                limit = None if batch else self._body_bytes_max
                body = Body(receive, head, gate, limit, self._body_timeout_s)
                if streamed:
                    await answer_lines(self, body, sender, send, trace)
                else:
                    reply = await self._answer_whole(await body.whole(), sender)
                    status = reply.status
                    more = (retry_after(1),) if status == 503 else ()
                    await answer(send, reply, trace, *more)
            finally:
                gate.leave(body.held if body is not None else 0)
        except Refused as refusal:
            status = refusal.reply.status
            await answer(send, refusal.reply, trace, *refusal.headers)
        except Gone:
            status = 499
        self.counts.requests["events", status] += 1

    def _machine(self, head: Head, scope: Scope) -> Sender | None:
        """Who sends by key; None where the request has a session instead."""
        if head.authorization is None and self._callers.browser.token_of(scope["headers"]) is not None:
            return None
        path: str = scope["path"]
        return self._callers.machine(head.authorization, PATHS[path], path)

    async def _person(self, scope: Scope) -> Sender:
        return (await self._callers.person(scope, PATHS[scope["path"]])).sender

    async def _answer_whole(self, body: bytes, sender: Sender) -> Reply:
        check_marks(body)
        now_ms = self.admission.wall_ms()
        whole = read_array(body, sender, now_ms)
        if whole is not None:
            self.admission.charge(sender, len(whole[0]))
            return _array_of(await self.decide(*whole, sender))
        elements = split(body)
        if elements is None:
            self.admission.charge(sender, 1)
            record, kept = decode_one(body, sender, now_ms)
            (reply,) = await self.decide([record], [kept], sender)
            return reply
        self.admission.charge(sender, len(elements))
        records = await decode_all(elements, sender, now_ms)
        return _array_of(await self.decide(records, elements, sender))

    async def decide(self, records: Sequence[Record], bodies: Sequence[bytes], sender: Sender) -> list[Reply]:
        """The replies to some records, in order. Raises Refused (503) where the runtime has no room."""
        events = [record for record in records if not isinstance(record, Reply)]
        raw = bodies if len(events) == len(records) else [
            body for record, body in zip(records, bodies, strict=True) if not isinstance(record, Reply)
        ]  # fmt: skip
        try:
            decided = await self.admission.runtime.decide(events, raw, sender) if events else []
        except Overloaded as error:
            raise refused("overloaded", error.message, retry_after(error.retry_after_s)) from None
        except ReadOnly as error:
            raise refused("read-only", error.message, retry_after(error.retry_after_s)) from None
        if len(decided) == len(records):
            replies = decided
        else:
            answered = iter(decided)
            replies = [record if isinstance(record, Reply) else next(answered) for record in records]
        counts = self.counts
        counts.events.update([reply.status for reply in replies])
        for record in events:
            if isinstance(record, InputError):
                counts.refuse(record)
        return replies


def _array_of(replies: Sequence[Reply]) -> Reply:
    return Reply(200, b"[" + b",".join([reply.body for reply in replies]) + b"]")
