"""The process that serves: it listens, recovers, says that it is ready, and stops without losing anything."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

import uvicorn
import uvloop

from bonafide.apps.server.accepting import Acceptor
from bonafide.apps.server.answers import STRICT_TRANSPORT
from bonafide.apps.server.app import Service
from bonafide.apps.server.listening import BACKLOG, is_behind_tls, is_loopback, open_socket, tls_of, url_of
from bonafide.apps.server.logs import Log, forward_others
from bonafide.apps.server.office import Office
from bonafide.apps.server.ports import Keys, Runtime, Settings
from bonafide.apps.server.protocol import BoundedProtocol, Bounds
from bonafide.apps.server.starting import Starting
from bonafide.apps.server.watch import Watch

OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000
"""New objects after which the youngest are looked through for cycles; a batch makes some thousand."""
_MS: Final = 1_000
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Beside(Protocol):
    """What works beside the deciding process while it is ready. Its methods wait."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


def serve(
    start: Callable[[], Runtime], keys: Keys, settings: Settings, log: Log, *, ready: Callable[[str], None],
    leave: Callable[[int], None] = os._exit, beside: Beside | None = None, office: Office | None = None,
) -> None:  # fmt: skip
    """Serve until a signal says to stop.

    start: makes the runtime and recovers, in a thread, while probes are answered already; ready: told the URL when
    events are decided; leave: ends the process at once; beside: started when it is ready, and stopped before the
    runtime is. Raises UsageError where it cannot listen, and what `start` raises.
    """
    tls = tls_of(settings)
    with open_socket(settings) as listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Serving(keys, settings, log, listener, tls, leave, beside, office).run(start, ready))


class Serving:
    """One run of the service, from its start to its end."""

    def __init__(
        self, keys: Keys, settings: Settings, log: Log, listener: socket.socket, tls: ssl.SSLContext | None,
        leave: Callable[[int], None], beside: Beside | None = None, office: Office | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._log = log
        self._listener = listener
        self._leave = leave
        self._beside = beside
        self._service = Service(
            Starting(), keys, settings, log, metrics_open=is_loopback(settings.host), office=office
        )  # fmt: skip
        self._server = _Server(_config(self._service, settings, tls))
        self._asked_to_stop = asyncio.Event()
        self._recovering = True

    async def run(self, start: Callable[[], Runtime], ready: Callable[[str], None]) -> None:
        """Listen, recover, decide; then stop."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal, number)
        forward_others(self._log)
        watch = asyncio.create_task(Watch(self._service, self._log, time.monotonic).run())
        # Probes are answered while it recovers; events are not.
        listening = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        try:
            runtime = await loop.run_in_executor(None, start)
            self._recovering = False
            runtime.run(loop)
            self._service.begin(runtime)
            # What recovery made stays; later collections need not walk it.
            gc.collect()
            gc.freeze()
            # What a batch makes lives until its answer: looked at sooner, it is walked again and again for nothing.
            gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
            url = url_of(self._listener, self._settings)
            self._log.info("ready", url=url)
            ready(url)
            if self._beside is not None:
                self._beside.start()
            await self._asked_to_stop.wait()
            await self._stop(runtime, listening)
        finally:
            self._server.should_exit = self._server.force_exit = True
            with suppress(asyncio.CancelledError):
                await listening
            watch.cancel()

    async def _stop(self, runtime: Runtime, listening: asyncio.Task[None]) -> None:
        """Requests that were let in get their answers, no others are; then what is known goes into a snapshot."""
        begun = time.monotonic()
        self._server.should_exit = True
        await listening
        if self._beside is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._beside.stop)
        await runtime.stop()
        self._log.info("stopped", seconds=round(time.monotonic() - begun, 3))

    def _on_signal(self, number: int) -> None:
        if self._recovering or self._asked_to_stop.is_set():
            # Every acknowledged event is on disk already, so leaving at once costs a longer next start, nothing else.
            self._log.warning("stopped-at-once", signal=signal.Signals(number).name)
            self._leave(0)
            return
        self._log.info("stopping", signal=signal.Signals(number).name)
        self._service.admission.stop()
        self._asked_to_stop.set()


def _config(service: Service, settings: Settings, tls: ssl.SSLContext | None) -> uvicorn.Config:
    bounds = Bounds(
        service.counts,
        connections_max=settings.connections_max,
        header_timeout_s=settings.header_timeout_ms / _MS,
        drain_s=settings.body_timeout_ms / _MS,
    )
    protocol = type("Protocol", (BoundedProtocol,), {"bounds": bounds})
    return uvicorn.Config(
        service, http=protocol, ws="none", loop="none", lifespan="off", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, backlog=BACKLOG, timeout_keep_alive=settings.keep_alive_s,
        headers=[STRICT_TRANSPORT] if is_behind_tls(settings) else [],
        timeout_graceful_shutdown=settings.grace_s,
        ssl_context_factory=None if tls is None else lambda config, default: tls,
    )  # fmt: skip


class _Server(uvicorn.Server):
    """uvicorn, whose connections are taken and whose signals are handled here."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on the sockets, of which there is at least one."""
        loop = asyncio.get_running_loop()
        self.servers = [
            Acceptor(loop, listener, self._protocol, self.config.ssl)  # type: ignore[misc]
            for listener in sockets or ()
        ]
        self.started = True

    def _protocol(self) -> asyncio.Protocol:
        made: type[BoundedProtocol] = self.config.http_protocol_class  # type: ignore[assignment]
        return made(config=self.config, server_state=self.server_state, app_state={})

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
