"""What a stage is: inputs that are made once, sides that take turns, and the figures that they give."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

Unit = Literal["events/s", "us", "ms", "s", "bytes", "x", "%", "1"]
HIGHER_IS_BETTER: Final = frozenset({"events/s"})
Level = Literal["quick", "normal", "full"]
Size = Mapping[str, int]
"""How large a stage's inputs are, by names of its own."""


class Bound(NamedTuple):
    """A target: at least, or at most, so much."""

    sign: Literal[">=", "<="]
    value: float

    def met(self, figure: float) -> bool:
        """Whether a figure meets it."""
        return figure >= self.value if self.sign == ">=" else figure <= self.value

    def shown(self, unit: str) -> str:
        """The target for a reader."""
        number = f"{self.value:,.0f}" if self.value >= 10 else f"{self.value:g}"
        return f"{self.sign} {number} {unit}"


class Measured(NamedTuple):
    """A figure that a side gives."""

    unit: Unit
    beside: str | None = None
    """The figure of the engine that this one is compared with."""
    target: Bound | None = None
    """On the figure; where `beside` is given, on the ratio: how many times better that one is."""


class Ran(NamedTuple):
    """What one run of a side gave."""

    figures: dict[str, float]
    notes: tuple[str, ...] = ()
    """Sentences for the reader."""
    equal: bool | None = None
    """Whether the answers that the side compared by itself were all equal; None where it compared none."""


class Side(NamedTuple):
    """One process to run. It may write `answers_file(folder, name)`, which is compared with what `reference` wrote."""

    run: Callable[[Path, Size], Ran]
    figures: Mapping[str, Measured]
    libraries: tuple[str, ...] = ()
    """Distributions without which the side is left out."""
    reference: str | None = None
    """The side whose answers these must equal: row by row, as far as this side went."""
    columns: tuple[int, ...] | None = None
    """The reference's columns that this side answers; None: all."""


class Stage(NamedTuple):
    """One thing that is measured."""

    name: str
    title: str
    prepare: Callable[[Path, Size], None]
    """Writes the inputs of every side into a folder."""
    sides: Mapping[str, Side]
    sizes: Mapping[Level, Size]
    rounds: int = 3
    notes: tuple[str, ...] = ()
    """What a reader must know of how the sides differ."""
    ratio: str = "engine is"
    """What a figure's ratio to the one `beside` it means: a heading."""
    pinned: bool = False
    """Whether sides are kept to one core: what helps a side from another would not be there on a busy server."""


def no_inputs(folder: Path, size: Size) -> None:
    """For stages whose sides make what they need."""


def same_path() -> str:
    """A PYTHONPATH by which a child finds what this process finds, wherever the package lies."""
    return os.pathsep.join(filter(None, sys.path))


def answers_file(folder: Path, side: str) -> Path:
    """Where a side leaves its answers: an array with a row per event."""
    return folder / f"{side}.answers.npy"
