"""A back-test as it lies on the disk: what was asked, what came of it, and the files beside that."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

BACKTESTS: Final = "backtests"
"""The folder in the data directory; each back-test has one of its own in it."""
ASKED, ENDED, FIGURES, BUNDLE = "asked.json", "ended.json", "backtest.json", "bundle"
FEATURES: Final = "features"
"""Kept features of the log, for all back-tests."""
LANGUAGES: Final = ("en", "zh")

State = Literal["queued", "running", "done", "failed"]


class Asked(Struct, frozen=True, kw_only=True):
    """What somebody asked for."""

    id: str
    person: str
    asked_ms: int
    champion: str
    """The hash of the bundle that is compared with."""
    challenger: str
    """The hash of the other; the champion's own where it is looked at alone."""
    name: str
    """The challenger's own name."""
    days: int | None
    """How many days at the end of the log are judged; None: all of it."""
    fresh: bool
    """Whether the log is walked to its end, though kept features would do."""


class Ended(Struct, frozen=True, kw_only=True):
    """What came of it."""

    done: bool
    told: str = ""
    """Why it failed."""
    begun_ms: int
    ended_ms: int


class Progress(Struct, frozen=True):
    """How far a running one has come."""

    stage: Literal["starting", "log", "features", "labels", "comparing", "writing"]
    done: int = 0
    total: int = 0


def report_name(lang: str) -> str:
    """The file of a report in a language."""
    return f"report-{lang}.html"


def write_json(path: Path, value: object) -> None:
    """Write a file, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(msgspec.json.encode(value))
    part.replace(path)
