"""Bodies of the routes beside events: one JSON object, small by default, read strictly. What is wrong is said, never
repeated."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from fastapi import Request
from msgspec import inspect

from bonafide.apps.server.answers import Refused, refused
from bonafide.apps.server.bodies import Body
from bonafide.apps.server.decode import repeated_key
from bonafide.apps.server.head import form_of, read_head
from bonafide.core.secret import Secret

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

T = TypeVar("T", bound=msgspec.Struct)

SMALL_BODY_BYTES_MAX: Final = 64 << 10
_MISSING: Final = re.compile(r"missing required field `(\w+)`")
_PATH: Final = re.compile(r"at `\$\.(\w+)")


async def read_struct(
    request: Request, service: Service, shape: type[T], bytes_max: int = SMALL_BODY_BYTES_MAX,
    texts_max: int | None = None,
) -> T:  # fmt: skip
    """The body of a request as a struct; raises Refused (400, 408, 413, 415, 422).

    A name that stands twice in one object is refused: two readers could take two meanings from it. An empty body is an
    object with nothing in it. `texts_max` is for larger ones: reading a great many texts would hold up the event loop.
    """
    head = read_head(request.scope["headers"])
    if form_of(head) != "json":
        raise refused("malformed", "content-type: give application/json", status=415)
    body = Body(request.receive, head, service.admission.gate, bytes_max, service.body_timeout_s)
    try:
        text = await body.whole() or b"{}"
    finally:
        body.let_go(body.held)
    if texts_max is not None and (text.count(b'"') - text.count(b'\\"')) // 2 > texts_max:
        raise refused("too-large", f"the body has more than {texts_max} names and texts")
    try:
        found = msgspec.json.decode(text, type=shape, strict=True, dec_hook=_secret)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), shape) from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise refused("malformed", "the body is not JSON; give one object") from None
    if repeated_key(text) is not None:
        raise refused("malformed", "the body says something twice; say every field once")
    return found


def secret_schema(kind: type) -> dict[str, Any]:
    """What the API's description says of a field that is a secret."""
    if kind is not Secret:
        raise TypeError(kind)
    return {"type": "string", "format": "password"}


def _secret(kind: type, given: object) -> Secret:
    if kind is not Secret or not isinstance(given, str):
        raise TypeError("give text")
    return Secret(given)


@cache
def _accepted(shape: type[msgspec.Struct]) -> dict[str, str]:
    """Field -> what it takes, as it completes the sentence "give ..."."""
    found = {}
    for field in msgspec.structs.fields(shape):
        kind = inspect.type_info(field.type)
        said = kind.extra_json_schema if isinstance(kind, inspect.Metadata) else None
        found[field.encode_name] = str((said or {})["description"])
    return found


def _refusal(error: str, shape: type[msgspec.Struct]) -> Refused:
    accepted = _accepted(shape)
    missing, path = _MISSING.search(error), _PATH.search(error)
    if missing is not None:
        return refused("invalid-field", f"{missing[1]}: is missing; give {accepted[missing[1]]}", field=missing[1])
    if "unknown field" in error:
        return refused("unknown-field", f"the body has a field that is not known; there are {', '.join(accepted)}")
    if path is not None:
        return refused("invalid-field", f"{path[1]}: give {accepted[path[1]]}", field=path[1])
    return refused("invalid-field", f"the body is no object; give one with {', '.join(accepted)}")
