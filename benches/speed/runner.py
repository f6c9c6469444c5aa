"""Runs a stage: the sides take turns in processes of their own, so that a machine that drifts drifts for all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from .machine import installed
from .report import Figure, StageReport
from .side import ONE_THREAD, PREPARE
from .stage import HIGHER_IS_BETTER, Level, Measured, Ran, Side, Size, Stage, answers_file, same_path

Progress = Callable[[float, float], None]
"""Told how many runs are done, and of how many."""
DIFFERENCES_TOLD: Final = 3


class SideError(Exception):
    """A side's process failed; the message holds the end of what it wrote."""


def measure(stage: Stage, level: Level, rounds: int | None, progress: Progress) -> StageReport:
    """Run every side that is installed, each `rounds` times (default: the stage's own; once where `level` is quick).

    Raises SideError where a side's process fails.
    """
    size = stage.sizes.get(level, stage.sizes["normal"])
    turns = rounds or (1 if level == "quick" else stage.rounds)
    present = {name: side for name, side in stage.sides.items() if all(map(installed, side.libraries))}
    runs = [side for _ in range(turns) for side in present]
    found: dict[str, list[Ran]] = {}
    with TemporaryDirectory(prefix="bonafide-bench-") as name:
        folder = Path(name)
        progress(0, 1 + len(runs))
        _run(stage, PREPARE, folder, size)
        for number, side in enumerate(runs, 1):
            progress(number, 1 + len(runs))
            found.setdefault(side, []).append(msgspec.json.decode(_run(stage, side, folder, size), type=Ran))
        differences = {name: _different(folder, name, side) for name, side in present.items() if side.reference}
    equal = {
        name: False if any(ran.equal is False for ran in ran_) or differences.get(name) else
        True if name in differences or any(ran.equal for ran in ran_) else None
        for name, ran_ in found.items()
    }  # fmt: skip
    notes = dict.fromkeys(note for ran_ in found.values() for ran in ran_[-1:] for note in ran.notes)
    unequal = [text for told in differences.values() for text in told]
    return StageReport(
        stage.name, stage.title, dict(size), turns, _figures(present, found, equal),
        [*stage.notes, *notes], unequal, _missing(stage), stage.ratio,
    )  # fmt: skip


def _run(stage: Stage, side: str, folder: Path, size: Size) -> bytes:
    command = [sys.executable, str(Path(__file__).parents[1]), stage.name, side, str(folder)]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": same_path()}
    done = subprocess.run(
        [*command, msgspec.json.encode(size).decode()], env=environment, capture_output=True, check=False
    )  # fmt: skip
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip().splitlines()[-8:]
        raise SideError("\n".join([f"{stage.name}, {side}: the measuring process failed:", *told]))
    return done.stdout


def _different(folder: Path, name: str, side: Side) -> list[str]:
    """A sentence for each of the first answers that differ from the reference's."""
    own = np.load(answers_file(folder, str(side.reference)))
    other = np.load(answers_file(folder, name))
    found = different(own[: len(other)] if side.columns is None else own[: len(other), side.columns], other)
    shown = [f"{name}: event {i}, answer {c}: {answer} instead of {expected}" for i, c, expected, answer in found]
    return shown[:DIFFERENCES_TOLD] + ([f"{name}: {len(shown):,} answers differ"] if shown else [])


def different(own: NDArray[np.float64], other: NDArray[np.float64]) -> list[tuple[int, int, float, float]]:
    """(row, column, one answer, the other) of every answer that differs; missing equals missing."""
    unequal = (own != other) & ~(np.isnan(own) & np.isnan(other))
    return [(int(i), int(c), float(own[i, c]), float(other[i, c])) for i, c in np.argwhere(unequal)]


def _figures(
    sides: Mapping[str, Side], found: Mapping[str, list[Ran]], equal: Mapping[str, bool | None]
) -> list[Figure]:
    rounds = {
        (side, name): [ran.figures[name] for ran in found[side] if name in ran.figures]
        for side, told in sides.items() for name in told.figures
    }  # fmt: skip
    middles = {name: median(values) for (_, name), values in rounds.items() if values}
    return [
        _figure(name, sides[side].figures[name], values, middles, equal[side])
        for (side, name), values in rounds.items() if values
    ]  # fmt: skip


def _figure(name: str, told: Measured, rounds: list[float], middles: Mapping[str, float], equal: bool | None) -> Figure:
    value = middles[name]
    ratio = None
    if told.beside is not None and value > 0 < middles.get(told.beside, 0):
        ratio = middles[told.beside] / value if told.unit in HIGHER_IS_BETTER else value / middles[told.beside]
    judged = value if ratio is None else ratio
    target = told.target if (ratio is None) == (told.beside is None) else None
    return Figure(
        name, value, told.unit, rounds, ratio, equal,
        None if target is None else target.shown(told.unit if ratio is None else "x"),
        None if target is None else target.met(judged),
    )  # fmt: skip


def _missing(stage: Stage) -> list[str]:
    names = dict.fromkeys(lib for side in stage.sides.values() for lib in side.libraries if installed(lib) is None)
    return list(names)
