"""Problems (RFC 9457): how the service says no, in one shape for every route."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, NamedTuple, get_args

import msgspec

from bonafide.core.errors import InputError
from bonafide.core.fields import FIELDS

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
    "conflict": "This does not go together with what is there",
    "too-large": "This is larger than the limit",
    "unauthenticated": "A valid key or session is needed",
    "forbidden": "Whoever asks may not do this",
    "not-found": "There is no such thing",
    "rate-limited": "Too much in so short a time",
    "overloaded": "The service cannot take this in now",
    "read-only": "Nothing can be written now",
    "internal": "The service failed",
}
_NAME_OF: Final[dict[str, Name]] = {
    "malformed": "malformed", "invalid-field": "invalid-field", "unknown-field": "unknown-field",
    "missing-field": "invalid-field", "future-time": "invalid-field", "too-late": "invalid-field",
    "conflict": "conflict", "undecidable": "invalid-field",
}  # fmt: skip


_FIELD_NAME: Final = re.compile(r"\w+")
"""The beginning of a path such as `documents[0].id`."""


class Reply(NamedTuple):
    """The answer to one event, or to a whole request."""

    status: int
    """200 a decision, 202 taught, or the status of a problem."""
    body: bytes
    """A JSON object: a decision, a receipt or a problem."""


as_reply: Final[Callable[[tuple[int, bytes]], Reply]] = partial(tuple.__new__, Reply)
"""A reply from its two fields: the class called by its name would take several times as long."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request, or one event of it, was refused; `detail` says what was wrong and what would be accepted."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    """The field that is wrong, where one is."""
    reason: str | None = None
    """Why a record was refused, as reject files say it: finer than `type`."""
    event_id: str | None = None
    """Of the record, where it has a usable one."""


def problem(
    name: Name, detail: str, *, status: int | None = None, field: str | None = None, reason: str | None = None,
    event_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A problem by its name, ready for JSON; `status` where it is another one than the name's own.

    >>> problem("not-found", "decision: there is none of event 'p9'")["status"]
    404
    """
    told: dict[str, Any] = {
        "type": BASE + name, "title": _TITLE[name], "status": _STATUS[name] if status is None else status,
        "detail": detail,
    }  # fmt: skip
    for key, value in (("field", field), ("reason", reason), ("event_id", event_id)):
        if value is not None:
            told[key] = value
    return told


def problem_of(error: InputError) -> dict[str, Any]:
    """The problem that a refused record is answered with.

    >>> problem_of(InputError.of_value("amount", -5, "a whole number from 1 to 1000"))["field"]
    'amount'
    """
    return problem(
        _NAME_OF[error.reason], _without_personal(error), field=error.field, reason=error.reason,
        event_id=error.event_id,
    )  # fmt: skip


def _without_personal(error: InputError) -> str:
    """The message; where the field is personal, without the text that was given: clients write problems into logs."""
    name = _FIELD_NAME.match(error.field or "")
    field = FIELDS.get(name[0]) if name is not None else None
    if field is None or field.personal is None or not error.value or error.value[0] not in "'\"":
        return error.message
    return error.message.replace(error.value, "the text given", 1)


def problem_body(name: Name, detail: str, **more: Any) -> bytes:
    """A problem as JSON; `more` as `problem` takes it."""
    return msgspec.json.encode(problem(name, detail, **more))


def problem_reply(name: Name, detail: str, **more: Any) -> Reply:
    """The reply that says a problem; `more` as `problem` takes it."""
    told = problem(name, detail, **more)
    return Reply(told["status"], msgspec.json.encode(told))


def reply_of(error: InputError) -> Reply:
    """The reply to a refused record.

    >>> reply_of(InputError.of_value("amount", -5, "a whole number from 1 to 1000")).status
    422
    """
    told = problem_of(error)
    return Reply(told["status"], msgspec.json.encode(told))
