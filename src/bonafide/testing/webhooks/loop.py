"""An event loop that notes every address that somebody tries to connect to, whether anybody listens there or not."""

from __future__ import annotations

import asyncio
import socket
from typing import Any


class WatchedLoop(asyncio.SelectorEventLoop):
    """The usual loop, which keeps a list."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts: list[str] = []

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Note the address and connect."""
        self.attempts.append(str(address[0]))
        await super().sock_connect(sock, address)


def attempts() -> list[str]:
    """Addresses that the running loop has tried, in order; AssertionError where another kind of loop runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, WatchedLoop)
    return loop.attempts
