"""What is shown where there is no page, or where one failed; of a failure its kind and place are told, and no more."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from html import escape
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response

from bonafide.apps.console.preferences import texts_of, theme_of

LOGGERS: Final = ("nicegui", "uvicorn.error", "socketio.server", "engineio.server", "asyncio")
"""Libraries whose texts may quote what somebody asked for."""
_HTML: Final = """<!doctype html>
<html lang="{language}" class="door theme-{theme}">
<head><meta charset="utf-8"><title>{title} - Bonafide</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/console/icon.svg"><link rel="stylesheet" href="/console/console.css"></head>
<body class="door"><main><form><p class="door-mark">Bonafide</p><h1>{title}</h1><p class="door-hint">{hint}</p>
<p class="door-foot"><a href="/">{back}</a></p></form></main></body></html>
"""


def add_faults(app: FastAPI) -> None:
    """Have an application answer these pages in place of its own, which quote the failure."""

    async def lost(request: Request, error: Exception) -> Response:
        return _page(request, 404, "not_found")

    async def failed(request: Request, error: Exception) -> Response:
        logging.getLogger(LOGGERS[0]).error("a page failed", exc_info=error)
        return _page(request, 500, "other")

    app.add_exception_handler(404, lost)
    app.add_exception_handler(Exception, failed)


def _page(request: Request, status: int, key: str) -> Response:
    texts = texts_of(request)
    html = _HTML.format(
        language="zh-CN" if texts.language == "zh" else "en", theme=theme_of(request),
        title=escape(texts(f"refused.{key}")), hint=escape(texts(f"refused.{key}_hint")),
        back=escape(texts("place.overview")),
    )  # fmt: skip
    return HTMLResponse(html, status, {"cache-control": "no-store"})


def forward_logs(say: Callable[[str], None]) -> None:
    """Have libraries' warnings told by kind and place, without their texts."""
    handler = _Kind(say)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.WARNING)
        logger.propagate = False


class _Kind(logging.Handler):
    """Tells which error it was, and where."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            self._say(f"{record.name}: {record.levelname.lower()} at {record.module}:{record.lineno}")
            return
        frames = traceback.extract_tb(error.__traceback__)
        where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
        self._say(f"{record.name}: {type(error).__name__}{where}")
