"""Bodies and answers of the routes of back-tests and of how often rules hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bonafide.apps.server.bundle_shapes import CheckBody
from bonafide.apps.server.shapes import Time

DAYS_MAX = 3_650


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class BacktestBody(CheckBody, frozen=True):
    """A bundle as for a check, to be judged beside the one that decides; as it decides where nothing is changed."""

    days: Annotated[
        Annotated[int, Meta(ge=1, le=DAYS_MAX)] | None,
        Meta(description=f"how many days at the end of the log are judged, 1 to {DAYS_MAX}; null for all of it"),
    ] = None
    fresh: Annotated[bool, Meta(description="true to read the log to its end, though kept features would do")] = False


class BacktestProgressAnswer(_Shape, frozen=True):
    """How far it has come."""

    stage: Annotated[
        Literal["starting", "log", "features", "labels", "comparing", "writing"],
        Meta(description="`log`: it is walked; `features`: those kept of it are judged"),
    ]
    done: int
    total: Annotated[int, Meta(description="0 where that is not known")]


class BacktestAnswer(_Shape, frozen=True):
    """A back-test, and what it found."""

    id: str
    state: Literal["queued", "running", "done", "failed"]
    person: Annotated[str, Meta(description="who asked for it")]
    asked: Time
    begun: Time | None
    ended: Time | None
    champion: Annotated[str, Meta(description="the bundle that it is compared with")]
    challenger: Annotated[str, Meta(description="the champion's own hash where it was looked at alone")]
    name: Annotated[str, Meta(description="the challenger's own name")]
    days: int | None
    progress: BacktestProgressAnswer | None
    why_not: str | None
    figures: Annotated[
        dict[str, Any] | None,
        Meta(description="as `backtest.json` of `bonafide backtest` has them; null until it is done, and in lists"),
    ] = None


class BacktestsAnswer(_Shape, frozen=True):
    """Those that are kept, the newest first."""

    backtests: tuple[BacktestAnswer, ...]
