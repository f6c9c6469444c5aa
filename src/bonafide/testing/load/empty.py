"""`python -m bonafide.testing.load.empty`: the least that a server of our kind does; what it takes, nobody can save.

uvicorn with httptools and uvloop, bare ASGI: reads the body, answers a fixed JSON object of 400 bytes to one event and
a fixed array to an array. It decides nothing and keeps nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

import uvicorn

Message = MutableMapping[str, Any]
_DIGEST: Final = "0123456789abcdef" * 4
_OPEN: Final = '{"event_id":"p1","seq":17,"outcome":"allow","text":"'
_CLOSE: Final = f'","digest":"{_DIGEST}"}}'
ANSWER: Final = f"{_OPEN}{'.' * (400 - len(_OPEN) - len(_CLOSE))}{_CLOSE}".encode()
ARRAY: Final = b"[" + b",".join([ANSWER] * 256) + b"]"


async def app(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Read all, answer the same."""
    if scope["type"] != "http":
        return
    message = await receive()
    first: bytes = message.get("body", b"")[:1]
    while message.get("more_body"):
        message = await receive()
    body = ARRAY if first == b"[" else ANSWER
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Ready(uvicorn.Server):
    """Prints the line by which a server of ours says that it is ready."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"ready http://127.0.0.1:{port}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="python -m bonafide.testing.load.empty", description=__doc__)
    parser.add_argument("serve", nargs="?", help="nothing: so that it can be started as `bonafide serve` is")
    parser.add_argument("--data", help="nothing: it keeps none")
    parser.add_argument("--port", type=int, default=0, help="0: any free one (default)")
    asked = parser.parse_args(arguments)
    _Ready(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=asked.port,
            http="httptools",
            lifespan="off",
            access_log=False,
            log_level="error",
        )
    ).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
