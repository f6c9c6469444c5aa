"""What the API's description says of problems: each status that a route may answer with, why, and how it looks."""

from __future__ import annotations

from typing import Any, Final

from bonafide.apps.problems import problem
from bonafide.apps.server.decode import ARRAY_LENGTH_MAX

PARENTS: Final = "#/components/schemas/{name}"
WHY: Final[dict[int, str]] = {
    400: "The body or the request cannot be read.",
    401: "No valid key, and no session that holds.",
    403: "Whoever asks may not do this, or a session's request does not come from our own pages.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    409: "It does not go together with what is there: an event_id that was taken before with other content, a hold, "
    "a name that is taken, the last admin, a bundle that nobody has approved yet.",
    413: "Too large.",
    415: "The content type or encoding is not read here.",
    422: "A field is missing, unknown, or has a value that is not accepted.",
    429: "Whoever asks has sent all that they may for now, or failed to sign in too often; come again after "
    "Retry-After seconds.",
    431: "The request's head is too large.",
    503: "Starting, stopping, full, read-only, or no decision was durable by the deadline; come again after "
    "Retry-After seconds. After a deadline the problem also says what the policy advises: `outcome`, `release_by`, "
    "`degraded`.",
}
_EXAMPLE_OF: Final[dict[int, dict[str, Any]]] = {
    400: problem("malformed", "the JSON ends too early; give one whole object on one line", reason="malformed"),
    401: problem("unauthenticated", "authorization: give a key as 'Bearer KEY'"),
    403: problem("forbidden", "type: a key of role partner may not send payment", field="type", event_id="payment-1"),
    404: problem("not-found", "event_id: no event of this id was taken in"),
    408: problem("malformed", "the body did not come within 10 s; send it again", status=408),
    409: problem("conflict", "event_id: 'payment-1' was taken before with other content", field="event_id",
                 reason="conflict", event_id="payment-1"),
    413: problem("too-large", f"the array has more than {ARRAY_LENGTH_MAX} events; send it in parts"),
    415: problem("malformed", "content-type: give application/json", status=415),
    422: problem("invalid-field", "amount: -5 is not accepted; give a whole number from 1 to 1000000000000",
                 field="amount", reason="invalid-field", event_id="payment-1"),
    429: problem("rate-limited", "100 events a second may be sent, no more; come again in 0.4 s"),
    431: problem("too-large", "the head is larger than 65536 bytes", status=431),
    503: problem("overloaded", "the queue of events is full; come again"),
}  # fmt: skip


def problems(*statuses: int) -> dict[str, Any]:
    """The answers of a route with these statuses."""
    return {str(status): {"$ref": f"#/components/responses/problem{status}"} for status in sorted(statuses)}


def problem_response(status: int) -> dict[str, Any]:
    """What all routes answer with a status."""
    told = response(
        WHY[status], {"application/problem+json": {"schema": ref("Problem"), "example": _EXAMPLE_OF[status]}}
    )
    if status in (429, 503):
        told["headers"] = {"Retry-After": {"description": "whole seconds", "schema": {"type": "integer", "minimum": 1}}}
    if status == 401:
        told["headers"] = {"WWW-Authenticate": {"schema": {"const": "Bearer"}}}
    return told


def response(description: str, content: dict[str, Any]) -> dict[str, Any]:
    """An answer with a body."""
    return {"description": description, "content": content}


def ref(name: str) -> dict[str, Any]:
    """Where a shape is described."""
    return {"$ref": PARENTS.format(name=name)}
