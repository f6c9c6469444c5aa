"""Messages as signed webhooks (Standard Webhooks), sent only where `reach` lets them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bonafide.core.errors import UsageError
from bonafide.core.secret import Secret
from bonafide.office.outbox.carrier import Came, Kind, Parcel
from bonafide.office.outbox.post import Answer, AnswerError, Timeouts, post
from bonafide.office.outbox.reach import Address, Reach, Target, UnreachableError, read_url
from bonafide.office.outbox.signing import sign

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) -> its addresses as text; raises OSError."""
AGENT: Final = "Bonafide-Webhooks/1"
_BUSY: Final = frozenset({408, 425, 429})
"""Answers that are about now, not about the message."""
_GONE: Final = 410


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the system knows of a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(address[0]) for *_, address in found]


class Webhooks:
    """The carrier that posts to URLs."""

    def __init__(
        self,
        reach: Reach,
        *,
        timeouts: Timeouts | None = None,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._reach = reach
        self._timeouts = timeouts or Timeouts()
        self._resolver = resolver
        self._tls = tls or ssl.create_default_context()

    async def carry(self, parcel: Parcel, secrets: Sequence[Secret], now_ms: int) -> Came:
        """Sign a message and post it once. What goes wrong is told by kind; nothing of the answer's body is kept."""
        if not secrets:
            return Came(Kind.UNREACHED, "no secret of the receiver holds; rotate it, and the message is sent")
        try:
            target = read_url(parcel.url, self._reach)
        except UsageError as error:
            return Came(Kind.UNREACHED, str(error))
        headers = {
            "content-type": "application/json", "user-agent": AGENT,
            **sign(secrets, parcel.message_id, now_ms // 1_000, parcel.body),
        }  # fmt: skip
        try:
            async with asyncio.timeout(self._timeouts.whole):
                return _came(await self._post(target, headers, parcel.body))
        except UnreachableError as error:
            return Came(Kind.UNREACHED, str(error))
        except TimeoutError:
            return Came(Kind.UNREACHED, "the receiver did not answer in time")
        except AnswerError as error:
            return Came(Kind.UNREACHED, str(error))
        except ssl.SSLError as error:
            return Came(Kind.UNREACHED, f"TLS with the receiver failed: {error.reason or 'no reason given'}")
        except OSError as error:
            return Came(Kind.UNREACHED, f"the receiver cannot be reached: {error.strerror or type(error).__name__}")

    async def _post(self, target: Target, headers: dict[str, str], body: bytes) -> Answer:
        addresses = await self._addresses(target)
        return await post(target, addresses, headers, body, self._tls, self._timeouts)

    async def _addresses(self, target: Target) -> tuple[Address, ...]:
        """The addresses that may be connected to, found and checked once for this send."""
        if target.literal is not None:
            return self._reach.check_addresses(target.host, [target.host], is_tls=target.is_tls)
        async with asyncio.timeout(self._timeouts.connect):
            found = await self._resolver(target.host, target.port)
        return self._reach.check_addresses(target.host, found, is_tls=target.is_tls)


def _came(answer: Answer) -> Came:
    status = answer.status
    if 200 <= status < 300:
        return Came(Kind.TAKEN)
    told = f"the receiver answered {status}"
    if status == _GONE:
        return Came(Kind.GONE, f"{told}: it wants nothing any more")
    if 300 <= status < 400:
        return Came(Kind.REFUSED, f"{told}: redirects are not followed; give the URL that it leads to")
    kind = Kind.UNREACHED if status >= 500 or status in _BUSY else Kind.REFUSED
    return Came(kind, told, answer.retry_after_ms)
