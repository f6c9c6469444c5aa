"""Taking connections: as many as wait, whenever the loop comes round.

The event loop's own way takes one connection a round. A round is short while little is going on; under overload it is
a hundred requests long, and a newcomer, a probe for /healthz among them, waits for seconds behind those who came first.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Final

ACCEPTED_AT_ONCE: Final = 256
"""Connections taken in one round."""
REST_S: Final = 0.1
FULL: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""No descriptors or memory for one more."""


class Acceptor:
    """A listening socket whose connections are served; closes as asyncio's servers do."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, listener: socket.socket, protocol: Callable[[], asyncio.BaseProtocol],
        tls: ssl.SSLContext | None,
    ) -> None:  # fmt: skip
        """listener: non-blocking, and listening already."""
        self._loop = loop
        self._listener = listener
        self._protocol = protocol
        self._tls = tls
        self._beginning: set[asyncio.Task[None]] = set()
        self._resting: asyncio.TimerHandle | None = None
        loop.add_reader(listener.fileno(), self._accept)

    def close(self) -> None:
        """Take no more connections; those that were taken go on."""
        self._loop.remove_reader(self._listener.fileno())
        if self._resting is not None:
            self._resting.cancel()

    async def wait_closed(self) -> None:
        """Until every connection that was taken has begun or failed to."""
        await asyncio.gather(*self._beginning)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                if error.errno in FULL:
                    self._rest()
                return  # none waits, or one has hung up
            connection.setblocking(False)
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            begun = self._loop.create_task(self._begin(connection))
            self._beginning.add(begun)
            begun.add_done_callback(self._beginning.discard)

    def _rest(self) -> None:
        """Leave newcomers in the system's line for a while: the loop would ask again at once, and in vain."""
        self._loop.remove_reader(self._listener.fileno())
        self._resting = self._loop.call_later(REST_S, self._loop.add_reader, self._listener.fileno(), self._accept)

    async def _begin(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection, ssl=self._tls)
        except OSError:  # it was gone before it began, or its TLS was none
            connection.close()
