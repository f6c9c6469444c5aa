"""Requests as bytes, ready to be sent: one event each, or an array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from bonafide.testing.load.platform import Made

_HEAD: Final = (
    b"POST /v1/events HTTP/1.1\r\nHost: bonafide\r\nAuthorization: Bearer %s\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)


class Shot(NamedTuple):
    """One request and the ids of the events in it, in order."""

    ids: tuple[str, ...]
    request: bytes
    array: bool = False
    """Whether the body is an array, whose answer is one too."""


def shot(made: Made, key: str) -> Shot:
    """One event as a request."""
    return Shot((made.event_id,), _HEAD % (key.encode(), len(made.body)) + made.body)


def array_shot(made: Iterable[Made], key: str) -> Shot:
    """Some events as one request."""
    events = list(made)
    body = b"[" + b",".join(one.body for one in events) + b"]"
    return Shot(tuple(one.event_id for one in events), _HEAD % (key.encode(), len(body)) + body, array=True)


def singles(events: Iterable[Made], key: str) -> Iterator[Shot]:
    """A request for each event."""
    return (shot(made, key) for made in events)


def arrays(events: Iterable[Made], key: str, size: int) -> Iterator[Shot]:
    """A request for each `size` events; the last may be shorter."""
    left = iter(events)
    while several := list(islice(left, size)):
        yield array_shot(several, key)


def probe(path: str) -> Shot:
    """A question to a path that needs no key."""
    return Shot((path,), b"GET %s HTTP/1.1\r\nHost: bonafide\r\n\r\n" % path.encode())
