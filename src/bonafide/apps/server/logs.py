"""Logs: one line on stderr for what an operator must know. Never an event's content, an id or a key."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Final, TextIO

import structlog

FORWARDED: Final = ("uvicorn", "uvicorn.error", "uvicorn.asgi", "uvicorn.access", "asyncio")
"""Loggers of others; what they warn of is told by class and kind alone, since their texts may quote a client."""
OURS: Final = "bonafide"
"""The logger of what has no log at hand; its texts are our own, and hold nothing of a client."""
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}

Log = Any
"""A structlog logger: `log.info("what-happened", key=value)`."""


def open_log(level: str = "info", form: str = "json", out: TextIO | None = None) -> Log:
    """A logger that writes JSON lines, or text for people, to stderr."""
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "text":
        last = structlog.processors.KeyValueRenderer()
    return structlog.wrap_logger(
        structlog.WriteLogger(_Steady(sys.stderr if out is None else out)),  # type: ignore[arg-type]
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.add_log_level,
            _in_order,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        cache_logger_on_first_use=True,
    )


class _Steady:
    """Writes where it can. A log that nobody reads any more, or that lies on the disk that is full, stops nothing."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._out.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._out.flush()


def _in_order(logger: Any, method: str, line: MutableMapping[str, Any]) -> dict[str, Any]:
    """A line as people scan it: when, how bad, what, and then the rest."""
    return {name: line.pop(name) for name in ("time", "level", "event")} | dict(line)


class _Forward(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        failed = record.exc_info[1] if record.exc_info else None
        said = {"failed": type(failed).__name__, "where": where(failed)} if failed is not None else {}
        if record.name.partition(".")[0] == OURS:
            self._log.log(record.levelno, "warned", part=record.name, told=record.getMessage(), **said)
        else:
            self._log.log(record.levelno, "library-warned", library=record.name, **said)


def forward_others(log: Log) -> None:
    """Have the loggers of libraries, and ours where no log is at hand, speak through this one: warnings and worse."""
    ours = logging.getLogger(OURS)
    ours.handlers, ours.propagate = [_Forward(log)], False
    for name in FORWARDED:
        logger = logging.getLogger(name)
        logger.handlers = [_Forward(log)] if name != "uvicorn.access" else []
        logger.setLevel(logging.WARNING)
        logger.propagate = False


def where(error: BaseException) -> str:
    """The place of our own code in which an error came up, without anything of what it was about."""
    found, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "bonafide" in code.co_filename:
            found = f"{code.co_filename.rpartition('bonafide')[2].lstrip('/')}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    return found
