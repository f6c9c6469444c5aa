"""The console as `bonafide serve` runs it: beside the API, or by itself with `--role console`."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bonafide.apps.server.logs import Log
    from bonafide.apps.settings import Settings
    from bonafide.apps.worker.child import Child


def console_child(settings: Settings, told: list[str], log: Log) -> Child | None:
    """The console as a child of the service, which asks at the URL that is last in `told` when it starts.

    None where it is off, and where its libraries are not installed, which the log says.
    """
    from bonafide.apps.console.run import INSTALL, is_installed
    from bonafide.apps.worker.child import Child

    if settings.console == "off":
        return None
    if not is_installed():
        log.info("no-console", told=f"it takes one step more: {INSTALL}")
        return None
    return Child(lambda: told[-1], settings, lambda text: log.warning("console", told=text), "bonafide.apps.console")


def show_console(settings: Settings) -> int:
    """The console in this process, until a signal says to stop; the exit code."""
    from bonafide.apps.console.__main__ import serve
    from bonafide.apps.console.run import Plan

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stop.set())
    plan = Plan(settings.console_port, settings.tls_certificate, settings.log_level, settings.log_format,
                settings.oidc_redirect_url)  # fmt: skip
    return serve(settings.console_api or _api_url(settings), plan, stop)


def _api_url(settings: Settings) -> str:
    """Where the API of the same settings listens."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{host}:{settings.port}"
