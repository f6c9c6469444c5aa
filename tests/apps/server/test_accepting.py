"""Connections are taken as they come: all that wait, in one round of the loop."""

from __future__ import annotations

import asyncio
import socket

import uvloop

from bonafide.apps.server.accepting import Acceptor


class Seen(asyncio.Protocol):
    """Counts connections."""

    made = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Seen.made += 1
        transport.close()


def test_all_that_wait_are_taken_in_a_few_rounds() -> None:
    async def run() -> int:
        Seen.made = 0
        acceptor = Acceptor(asyncio.get_running_loop(), listener, Seen, None)
        for _ in range(20):
            await asyncio.sleep(0)
        acceptor.close()
        await acceptor.wait_closed()
        return Seen.made

    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        listener.setblocking(False)
        clients = [socket.create_connection(listener.getsockname()) for _ in range(100)]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            assert runner.run(run()) == 100
        for client in clients:
            client.close()
