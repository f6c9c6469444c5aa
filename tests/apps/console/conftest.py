"""A console over a real office: the service answers in this process, the console listens on a free port of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bonafide.apps.console.api import Api
from bonafide.apps.console.run import open_socket, serve
from tests.apps.console.kit import Site
from tests.apps.server.bureau import opened

WAIT_S = 30.0


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """People, cases and a console, once for all tests: NiceGUI has one application in a process."""
    with opened(Path(tmp_path_factory.mktemp("console"))) as bureau:
        found, stop, ready = Site(bureau), threading.Event(), threading.Event()

        def api() -> Api:
            return Api("http://127.0.0.1:8321", transport=httpx.ASGITransport(bureau.service))  # type: ignore[arg-type]

        def tell(url: str) -> None:
            found.url = url
            ready.set()

        listener = open_socket(0)
        run = lambda: asyncio.run(serve(api, listener, tell, stop, lambda: bureau.now_ms))
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert ready.wait(WAIT_S), "the console did not start"
        yield found
        stop.set()
        thread.join(WAIT_S)
        assert not thread.is_alive(), "the console did not stop by itself"
