"""One POST to an address that was checked before: connected, sent, and the answer's status read, all of it bounded.

The clients at hand resolve the host themselves, after whoever checked it did; here the address is what is connected to
and the name only what is asked for (Host, and TLS's server name, which the certificate is checked against). h11 reads
and writes HTTP/1.1. No connection is used twice, no proxy is asked, no redirect is followed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import h11

from bonafide.office.outbox.reach import Address, Target

HEAD_BYTES_MAX: Final = 16_384
"""Of an answer, interim answers included."""
BODY_BYTES_MAX: Final = 4_096
"""Of an answer's body, which nobody looks at: reading a little lets a receiver finish its sentence."""
READ_BYTES: Final = 4_096
BUFFER_BYTES: Final = 8_192
"""What a connection holds of an answer: asyncio stops reading at twice as much."""
DRAIN_S: Final = 1.0
ADDRESSES_TRIED_MAX: Final = 2
"""Of a host with several addresses: the next is tried where the first lets nobody in."""
_RETRY_AFTER_DIGITS_MAX: Final = 6


class Timeouts(NamedTuple):
    """In seconds."""

    connect: float = 5.0
    """To find the address, connect, and agree on TLS."""
    first_byte: float = 10.0
    """From then until the first of the answer."""
    whole: float = 20.0
    """Everything."""


class Answer(NamedTuple):
    """What is kept of an answer."""

    status: int
    retry_after_ms: int


class AnswerError(Exception):
    """What came back is no answer of HTTP, or longer than one is."""


async def post(
    target: Target, addresses: Sequence[Address], headers: Mapping[str, str], body: bytes, tls: ssl.SSLContext,
    timeouts: Timeouts,
) -> Answer:  # fmt: skip
    """Send a body to a target at the first of its addresses that lets us in.

    Raises OSError, TimeoutError or AnswerError. Once connected nothing is tried again here.
    """
    async with asyncio.timeout(timeouts.connect):
        reader, writer = await _connect(target, addresses[:ADDRESSES_TRIED_MAX], tls if target.is_tls else None)
    try:
        return await _exchange(target, headers, body, reader, writer, timeouts)
    except (h11.ProtocolError, asyncio.LimitOverrunError) as error:
        raise AnswerError(f"the answer is no HTTP: {type(error).__name__}") from None
    finally:
        # Not closed in order: a receiver that goes on sending would be listened to meanwhile.
        writer.transport.abort()


async def _connect(
    target: Target, addresses: Sequence[Address], tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    name = target.host if tls else None
    for address in addresses[:-1]:
        with suppress(OSError):
            return await asyncio.open_connection(
                str(address), target.port, limit=BUFFER_BYTES, ssl=tls, server_hostname=name
            )
    return await asyncio.open_connection(
        str(addresses[-1]), target.port, limit=BUFFER_BYTES, ssl=tls, server_hostname=name
    )


async def _exchange(
    target: Target, headers: Mapping[str, str], body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
    timeouts: Timeouts,
) -> Answer:  # fmt: skip
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES_MAX)
    fields = {
        "host": target.host_header, **headers, "content-length": str(len(body)), "accept": "*/*",
        "accept-encoding": "identity", "connection": "close",
    }  # fmt: skip
    request = h11.Request(method="POST", target=target.path, headers=list(fields.items()))
    for event in (request, h11.Data(data=body), h11.EndOfMessage()):
        writer.write(http.send(event) or b"")
    async with asyncio.timeout(timeouts.first_byte):
        await writer.drain()
        first = await reader.read(READ_BYTES)
    response = await _read_head(http, reader, first)
    with suppress(OSError, TimeoutError, h11.ProtocolError):  # the answer is known by now
        async with asyncio.timeout(DRAIN_S):
            await _read_little(http, reader)
    return Answer(response.status_code, _retry_after_ms(response))


async def _read_head(http: h11.Connection, reader: asyncio.StreamReader, first: bytes) -> h11.Response:
    """The final answer's head."""
    given = len(first)
    http.receive_data(first)
    while True:
        event = http.next_event()
        if isinstance(event, h11.Response):
            return event
        if event is h11.NEED_DATA:
            if given > HEAD_BYTES_MAX:
                raise AnswerError(f"the answer's head is longer than {HEAD_BYTES_MAX} bytes")
            data = await reader.read(READ_BYTES)
            given += len(data)
            http.receive_data(data)
        elif not isinstance(event, h11.InformationalResponse):
            raise AnswerError("the receiver closed the connection without an answer")


async def _read_little(http: h11.Connection, reader: asyncio.StreamReader) -> None:
    """Read the body to its end or to BODY_BYTES_MAX, whichever comes first."""
    given = 0
    while given < BODY_BYTES_MAX:
        event = http.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(READ_BYTES)
            given += len(data)
            http.receive_data(data)
        elif not isinstance(event, h11.Data):
            return


def _retry_after_ms(response: h11.Response) -> int:
    """How long the receiver asks to be left alone, where it says so in seconds; a date counts as nothing said."""
    for name, value in response.headers:
        if name == b"retry-after" and value.isdigit() and len(value) <= _RETRY_AFTER_DIGITS_MAX:
            return int(value) * 1_000
    return 0
