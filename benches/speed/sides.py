"""The sides that are measured, each run in a process of its own: `python -m benches.speed.sides SIDE EVENTS ANSWERS`.

Reads the events from a Parquet file, writes the answers as an array file and prints its seconds as one JSON object.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from benches.speed.engine import play
from benches.speed.peers import Answered, ask_duckdb, ask_polars, with_numbers

HASHED: Final = "engine, hashed rows"
TEXTS: Final = "engine, frame of texts"

Ran = tuple[dict[str, float], NDArray[np.float64]]
"""Seconds by figure, and the answers."""


class Side(NamedTuple):
    """One process to run, and the figures that it gives."""

    figures: dict[str, str]
    """Name of each figure -> the engine's figure that it is compared with."""
    library: str
    run: Callable[[pl.DataFrame], Ran]


def _engine(events: pl.DataFrame) -> Ran:
    played = play(events)
    return {HASHED: played.walk_s, TEXTS: played.intake_s + played.walk_s}, played.answers


def _peer(name: str, ask: Callable[[pl.DataFrame], Answered]) -> Callable[[pl.DataFrame], Ran]:
    def run(events: pl.DataFrame) -> Ran:
        answers, seconds = ask(events)
        return {name: seconds}, answers

    return run


def _peers() -> dict[str, Side]:
    sides = {}
    for library, ask in (("polars", ask_polars), ("duckdb", ask_duckdb)):
        numbers, texts = f"{library}, keys as numbers", f"{library}, keys as texts"
        sides[f"{library}-numbers"] = Side({numbers: HASHED}, library, _peer(numbers, _on_numbers(ask)))
        sides[f"{library}-texts"] = Side({texts: TEXTS}, library, _peer(texts, ask))
    return sides


def _on_numbers(ask: Callable[[pl.DataFrame], Answered]) -> Callable[[pl.DataFrame], Answered]:
    return lambda events: ask(with_numbers(events))


ENGINE: Final = "engine"
SIDES: Final = {ENGINE: Side({HASHED: HASHED, TEXTS: TEXTS}, "numba", _engine), **_peers()}


def main(side: str, events: Path, answers: Path) -> None:
    """Run one side over the events of a file."""
    seconds, found = SIDES[side].run(pl.read_parquet(events))
    np.save(answers, found)
    print(msgspec.json.encode(seconds).decode())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
