"""The head of a request to the deciding route: the few headers that matter, read in one walk."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from bonafide.apps.server.answers import Headers, is_traceparent, refused
from bonafide.core.secret import unprinted

Form = Literal["json", "ndjson"]

_FORMS: Final[dict[bytes, Form]] = {
    b"application/json": "json",
    b"application/x-ndjson": "ndjson",
    b"application/ndjson": "ndjson",
}
_LENGTH_DIGITS_MAX: Final = 15


class Head(NamedTuple):
    """What a request says before its body."""

    authorization: bytes | None
    content_type: bytes
    """Empty where none was given."""
    length: int | None
    """None where it comes in chunks."""
    encoding: bytes
    trace: bytes | None
    """A valid `traceparent`, to be handed back."""

    def __repr__(self) -> str:
        return unprinted(self)  # the key is in it


def read_head(headers: Headers) -> Head:
    """The headers that the route reads; names come in lower case. Raises Refused where there are two keys."""
    authorization: bytes | None = None
    content_type = encoding = b""
    length: int | None = None
    trace: bytes | None = None
    for name, value in headers:
        if name == b"authorization":
            if authorization is not None:
                raise refused("unauthenticated", "authorization: given twice; give one key")
            authorization = value
        elif name == b"content-type":
            content_type = value
        elif name == b"content-length":
            if not value.isdigit() or len(value) > _LENGTH_DIGITS_MAX:
                raise refused("malformed", "content-length: give a whole number of bytes")
            length = int(value)
        elif name == b"content-encoding":
            encoding = value.lower()
        elif name == b"traceparent" and is_traceparent(value):
            trace = value
    return Head(authorization, content_type, length, encoding, trace)


def form_of(head: Head) -> Form:
    """Which form the body has; JSON where nothing is said. Raises Refused (415) for what the route does not read."""
    if head.encoding not in (b"", b"identity"):
        told = "content-encoding: compressed bodies are not read; send the body as it is"
        raise refused("malformed", told, (b"accept-encoding", b"identity"), status=415)
    if head.content_type == b"application/json" or not head.content_type:
        return "json"
    kind, _, parameters = head.content_type.lower().partition(b";")
    form = _FORMS.get(kind.strip())
    charset = parameters.partition(b"charset=")[2].strip(b' "')
    if form is None or charset not in (b"", b"utf-8", b"utf8", b"us-ascii"):
        told = "content-type: give application/json for an event or an array, or application/x-ndjson, in UTF-8"
        raise refused("malformed", told, status=415)
    return form
