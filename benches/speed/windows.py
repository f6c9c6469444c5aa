"""The 14-feature workload: the engine and other libraries, over the same events."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from bonafide.core.moment import show_span

from .engine import play
from .online import RIVER_ANSWERS, ask_plain, ask_river
from .peers import Answered, ask_duckdb, ask_polars, with_numbers
from .stage import Bound, Measured, Ran, Side, Size, Stage, answers_file
from .workload import LATE_FRACTION, LATE_MS, make_events

HASHED: Final = "engine, hashed rows"
TEXTS: Final = "engine, frame of texts"
LATE: Final = f"{LATE_FRACTION:.0%} late by up to {show_span(LATE_MS)}"
EVENTS: Final = "events.parquet"
LATE_EVENTS: Final = "late.parquet"
ENGINE: Final = "engine"
RATE: Final = "events/s"
_TARGETS: Final = {"polars": Bound(">=", 3), "duckdb": Bound(">=", 5), "river": Bound(">=", 100), "plain": None}


def make_inputs(folder: Path, size: Size) -> None:
    """The events, and the same with some late."""
    make_events(size["events"]).write_parquet(folder / EVENTS)
    make_events(size["events"], late=True).write_parquet(folder / LATE_EVENTS)


def run_engine(folder: Path, size: Size, *, late: bool = False) -> Ran:
    """The engine, from rows of hashes and from a frame of texts."""
    events = pl.read_parquet(folder / (LATE_EVENTS if late else EVENTS))
    played = play(events)
    if late:
        return Ran({f"{HASHED}, {LATE}": events.height / played.walk_s})
    np.save(answers_file(folder, ENGINE), played.answers)
    whole = played.intake_s + played.walk_s
    return Ran({HASHED: events.height / played.walk_s, TEXTS: events.height / whole})


def _run_peer(name: str, figure: str, ask: Callable[[pl.DataFrame], Answered], folder: Path, size: Size) -> Ran:
    events = pl.read_parquet(folder / EVENTS)[: size.get(f"{name} events")]
    answered = ask(events)
    np.save(answers_file(folder, name), answered.answers)
    return Ran({figure: events.height / answered.seconds})


def _peer(
    name: str, library: str, figure: str, ask: Callable[[pl.DataFrame], Answered], beside: str,
    columns: tuple[int, ...] | None = None,
) -> Side:  # fmt: skip
    return Side(
        partial(_run_peer, name, figure, ask),
        {figure: Measured(RATE, beside, _TARGETS[library] if beside == HASHED else None)},
        () if library == "plain" else (library,), ENGINE, columns,
    )  # fmt: skip


def _peers() -> dict[str, Side]:
    sides = {}
    for library, ask in (("polars", ask_polars), ("duckdb", ask_duckdb)):
        on_numbers = partial(_on_numbers, ask)
        name, other = f"{library}-numbers", f"{library}-texts"
        sides[name] = _peer(name, library, f"{library}, keys as numbers", on_numbers, HASHED)
        sides[other] = _peer(other, library, f"{library}, keys as texts", ask, TEXTS)
    told = f"river, {len(RIVER_ANSWERS)} of the features, keys as numbers"
    sides["river"] = _peer("river", "river", told, partial(_on_numbers, ask_river), HASHED, RIVER_ANSWERS)
    told = "plain Python, dict and deque, keys as numbers"
    sides["plain"] = _peer("plain", "plain", told, partial(_on_numbers, ask_plain), HASHED)
    return sides


def _on_numbers(ask: Callable[[pl.DataFrame], Answered], events: pl.DataFrame) -> Answered:
    return ask(with_numbers(events))


STAGE: Final = Stage(
    "windows",
    "14 exact window features of every event",
    make_inputs,
    {
        ENGINE: Side(run_engine, {HASHED: Measured(RATE, target=Bound(">=", 1e6)), TEXTS: Measured(RATE)}),
        "engine-late": Side(partial(run_engine, late=True), {f"{HASHED}, {LATE}": Measured(RATE)}),
        **_peers(),
    },
    {
        "quick": {"events": 50_000, "plain events": 20_000, "river events": 4_000},
        "normal": {"events": 1_000_000, "plain events": 200_000, "river events": 20_000},
    },
    notes=(
        "a second is one of the processor, so that other work on the machine does not stand in it",
        "the targets hold for keys as numbers beside hashed rows: neither side reads a text while it is timed",
        "plain Python and river answer the log's first events only: their rates are those of a nearly empty state",
        "river has no distinct count that forgets: it is asked for counts and sums alone",
    ),
    pinned=True,
)
