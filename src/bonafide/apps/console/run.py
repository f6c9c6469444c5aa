"""The console's own server: on this machine alone, on a free port where none is said, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn
from msgspec import Struct

from bonafide.core.errors import UsageError
from bonafide.core.secret import unprinted

if TYPE_CHECKING:
    import threading

    from fastapi import FastAPI

    from bonafide.apps.console.api import Api

INSTALL: Final = "pip install 'bonafide[console]', or make console in a clone"
HOST: Final = "127.0.0.1"
CONNECTIONS_MAX: Final = 512
BACKLOG: Final = 128
POLL_S: Final = 0.2
GRACE_S: Final = 2
"""A page keeps its connection open, so a stop waits no longer for them."""


class Plan(Struct, frozen=True):
    """What a run of the console is told: those of the settings that it needs, by their names."""

    console_port: int = 8_322
    tls_certificate: str | None = None
    log_level: str = "info"
    log_format: str = "json"
    oidc_redirect_url: str | None = None

    def __repr__(self) -> str:
        return unprinted(self)  # an address may have a password in it


def is_installed() -> bool:
    """Whether the libraries that the console takes are there."""
    return find_spec("nicegui") is not None


def open_socket(port: int) -> socket.socket:
    """A socket on this machine; 0 takes a free port. UsageError where it cannot be had."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise UsageError(f"console_port {port}: {error.strerror}; stop what listens there, or give another") from None
    return listener


def run(url: str, plan: Plan, ready: Callable[[str], None], stop: threading.Event) -> None:
    """Serve the console of the API at `url` until `stop` is set; `ready` is told where it is.

    UsageError where it cannot start.
    """
    if not is_installed():
        raise UsageError(f"the console needs NiceGUI: {INSTALL}")
    from bonafide.apps.console.api import Api

    listener = open_socket(plan.console_port)
    certificate = None if plan.tls_certificate is None else Path(plan.tls_certificate)
    asyncio.run(serve(lambda: Api(url, certificate), listener, ready, stop, returns_to=plan.oidc_redirect_url))


async def serve(
    opened: Callable[[], Api], listener: socket.socket, ready: Callable[[str], None], stop: threading.Event,
    clock: Callable[[], int] | None = None, returns_to: str | None = None,
) -> None:  # fmt: skip
    """Serve on a socket until `stop` is set. `clock`: milliseconds since 1970, for tests. `returns_to`: where a
    provider of identities sends people back to."""
    from bonafide.apps.console.guard import Guard

    api = opened()
    app = build(api, clock or wall_ms, returns_to)
    config = uvicorn.Config(
        Guard(app), log_config=None, access_log=False, server_header=False, proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX, timeout_graceful_shutdown=GRACE_S,
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not (server.started or serving.done()):
            await asyncio.sleep(0.01)
        if not serving.done():
            ready(f"http://{HOST}:{listener.getsockname()[1]}")
        while not (stop.is_set() or serving.done()):
            await asyncio.sleep(POLL_S)
    finally:
        server.should_exit = True
        await serving
        await api.close()


def build(api: Api, clock: Callable[[], int], returns_to: str | None = None) -> FastAPI:
    """The application: doors, pages, and what they are drawn with."""
    from fastapi import FastAPI
    from nicegui import app as pages
    from nicegui import ui

    from bonafide.apps.console.documents import add_documents
    from bonafide.apps.console.doors import add_doors
    from bonafide.apps.console.faults import add_faults
    from bonafide.apps.console.filters import add_filters
    from bonafide.apps.console.frame import Console
    from bonafide.apps.console.held import Holder
    from bonafide.apps.console.oidc_door import add_oidc_door
    from bonafide.apps.console.pages import add_pages
    from bonafide.apps.console.reports import add_reports
    from bonafide.apps.console.static import add_static
    from bonafide.apps.console.tour import add_tour

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    holder = Holder(clock)
    add_static(app)
    add_oidc_door(app, api, add_doors(app, api, holder, returns_to), returns_to)
    add_documents(app, api, holder)
    add_reports(app, api, holder)
    add_filters(app, holder)
    add_tour(app, api, holder)
    add_pages(Console(api, holder))
    add_faults(pages)
    ui.run_with(
        app, title="Bonafide", favicon=None, tailwind=False, gzip_middleware_factory=None, show_welcome_message=False,
        reconnect_timeout=10.0, binding_refresh_interval=None,
    )  # fmt: skip
    return app


def wall_ms() -> int:
    """The time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class _Server(uvicorn.Server):
    """uvicorn, whose signals are handled elsewhere."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
