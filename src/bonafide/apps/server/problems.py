"""Problems (RFC 9457): how the service says no, in one shape for every route."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from bonafide.apps.server.ports import Reply
from bonafide.core.errors import InputError, Reason

BASE: Final = "https://bonafide.invalid/problems/"
CONTENT_TYPE: Final = b"application/problem+json"

Name = Literal[
    "malformed", "invalid-field", "unknown-field", "conflict", "too-large", "unauthenticated", "forbidden",
    "not-found", "rate-limited", "overloaded", "read-only", "internal",
]  # fmt: skip
NAMES: Final[tuple[Name, ...]] = get_args(Name)

_STATUS: Final[dict[Name, int]] = {
    "malformed": 400, "invalid-field": 422, "unknown-field": 422, "conflict": 409, "too-large": 413,
    "unauthenticated": 401, "forbidden": 403, "not-found": 404, "rate-limited": 429, "overloaded": 503,
    "read-only": 503, "internal": 500,
}  # fmt: skip
_TITLE: Final[dict[Name, str]] = {
    "malformed": "This cannot be read",
    "invalid-field": "A field has a value that is not accepted",
    "unknown-field": "A field is not known",
    "conflict": "The event_id was taken before with other content",
    "too-large": "This is larger than the limit",
    "unauthenticated": "A valid key is needed",
    "forbidden": "The key does not allow this",
    "not-found": "There is no such thing",
    "rate-limited": "Too many events for this key",
    "overloaded": "The service cannot take this in now",
    "read-only": "Nothing can be written now",
    "internal": "The service failed",
}
_NAME_OF: Final[dict[Reason, Name]] = {
    "malformed": "malformed", "invalid-field": "invalid-field", "unknown-field": "unknown-field",
    "missing-field": "invalid-field", "future-time": "invalid-field", "too-late": "invalid-field",
    "conflict": "conflict",
}  # fmt: skip


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request, or one event of it, was refused; `detail` says what was wrong and what would be accepted."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    reason: str | None = None
    event_id: str | None = None


_encode: Final = msgspec.json.Encoder().encode


def problem(
    name: Name, detail: str, *, status: int | None = None, field: str | None = None, reason: str | None = None,
    event_id: str | None = None,
) -> Reply:  # fmt: skip
    """A problem by its name; `status` where it is another one than the name's own.

    >>> problem("not-found", "decision: there is none of event 'p9'").status
    404
    """
    number = _STATUS[name] if status is None else status
    told = Problem(
        type=BASE + name, title=_TITLE[name], status=number, detail=detail, field=field, reason=reason,
        event_id=event_id,
    )  # fmt: skip
    return Reply(number, _encode(told))


def problem_of(error: InputError) -> Reply:
    """The problem that a refused record is answered with.

    >>> problem_of(InputError.of_value("amount", -5, "a whole number from 1 to 1000")).status
    422
    """
    return problem(
        _NAME_OF[error.reason], error.message, field=error.field, reason=error.reason, event_id=error.event_id
    )
