"""One bounded exchange with a provider of identities: its whole time, its head and its body have limits.

Redirects are not followed: what is asked for is what the provider's own description names. The system's resolver has
limits of its own.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit

import h11

from bonafide.core.errors import BonafideError

CONNECT_S: Final = 5.0
WHOLE_S: Final = 10.0
"""From the first packet to the last byte of the answer."""
HEAD_BYTES_MAX: Final = 16 << 10
BODY_BYTES_MAX: Final = 256 << 10
URL_LENGTH_MAX: Final = 2_048
AGENT: Final = "Bonafide/1"
_READ_BYTES: Final = 16 << 10
_PORTS: Final = {"https": 443, "http": 80}
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class FetchError(BonafideError):
    """No whole answer came, or one that is too large."""


class Fetched(NamedTuple):
    """An answer."""

    status: int
    body: bytes


class Place(NamedTuple):
    """A URL in its parts."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def is_safe(self) -> bool:
        """Whether nobody between here and there can read along: TLS, or this very machine."""
        return self.scheme == "https" or self.host in _LOOPBACK


def read_place(url: str) -> Place:
    """A URL in its parts; FetchError, which says what is accepted, for one that nothing is asked at.

    >>> read_place("https://id.example.org/token").host
    'id.example.org'
    """
    refused = FetchError("give an https:// URL without a name, a password or a fragment in it")
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise refused
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refused from None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or "#" in url:
        raise refused
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    place = Place(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], target)
    if not place.is_safe:
        raise refused
    return place


def fetch(
    url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None,
    *, tls: ssl.SSLContext | None = None,
) -> Fetched:  # fmt: skip
    """Ask for a URL (GET), or send a form to it (POST). Raises FetchError, which quotes nothing of the answer."""
    place, ends = read_place(url), time.monotonic() + WHOLE_S
    try:
        with closing(_connected(place, tls)) as connection:
            return _exchange(connection, _request(place, form, headers or {}), ends)
    except TimeoutError:
        raise FetchError("it did not answer in time") from None
    except ssl.SSLError as error:
        raise FetchError(f"TLS with it failed: {error.reason or 'no reason given'}") from None
    except OSError as error:
        raise FetchError(f"it cannot be reached: {error.strerror or type(error).__name__}") from None
    except h11.ProtocolError:
        raise FetchError("its answer is not HTTP") from None


def _connected(place: Place, tls: ssl.SSLContext | None) -> socket.socket:
    plain = socket.create_connection((place.host, place.port), timeout=CONNECT_S)
    if place.scheme == "http":
        return plain
    try:
        return (tls or ssl.create_default_context()).wrap_socket(plain, server_hostname=place.host)
    except BaseException:
        plain.close()
        raise


def _request(place: Place, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> list[h11.Event]:
    body = b"" if form is None else urlencode(form).encode("ascii")
    shown = f"[{place.host}]" if ":" in place.host else place.host
    fields = {
        "host": shown if place.port == _PORTS[place.scheme] else f"{shown}:{place.port}", "accept": "application/json",
        "accept-encoding": "identity", "connection": "close", "user-agent": AGENT, **headers,
    }  # fmt: skip
    if form is not None:
        fields |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
    head = h11.Request(method="GET" if form is None else "POST", target=place.target, headers=list(fields.items()))
    return [head, h11.Data(data=body), h11.EndOfMessage()] if body else [head, h11.EndOfMessage()]


def _exchange(connection: socket.socket, request: list[h11.Event], ends: float) -> Fetched:
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES_MAX)
    connection.settimeout(_left(ends))
    connection.sendall(b"".join(http.send(event) or b"" for event in request))
    status, body, given = 0, bytearray(), 0
    for event in _events(http, connection, ends):
        if isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > BODY_BYTES_MAX:
                raise FetchError(f"its answer is longer than {BODY_BYTES_MAX} bytes")
        elif isinstance(event, h11.InformationalResponse):
            given += 1
            if given > 8:
                raise FetchError("its answer does not begin")
    return Fetched(status, bytes(body))


def _events(http: h11.Connection, connection: socket.socket, ends: float) -> Iterator[h11.Event]:
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            connection.settimeout(_left(ends))
            http.receive_data(connection.recv(_READ_BYTES))
        elif isinstance(event, h11.EndOfMessage):
            return
        elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            raise FetchError("it closed the connection without a whole answer")
        else:
            yield event  # type: ignore[misc]


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
