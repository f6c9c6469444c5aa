"""The credit score of a payer: points for what each input says, added up and explained family by family.

A scorecard is a table that a person can work out by hand: each input falls into one bin, each bin has its points, and
the score is the base and all points together, from 300 to 900, higher being better. docs/credit-score.md says what it
is for.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Final, Literal, NamedTuple, Protocol

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from bonafide.core.decision import RISK_LEVELS, RiskLevel
from bonafide.core.mistakes import Mistake
from bonafide.core.text import did_you_mean, shorten
from bonafide.engine.bundles.shapes import Path, fit
from bonafide.engine.kernel import inner, shift
from bonafide.engine.rules.source import Document

Family = Literal["habits", "credit_history", "relations"]
Direction = Literal["up", "down"]
FAMILIES: Final[tuple[Family, ...]] = ("habits", "credit_history", "relations")
CREDIT_MIN: Final = 300
CREDIT_MAX: Final = 900
POINTS_MAX: Final = CREDIT_MAX - CREDIT_MIN
"""No bin gives or takes more: that much already decides the score alone."""
CUTS_MAX: Final = 31
INPUTS_MAX: Final = 64
_CUT_MAX: Final = sys.float_info.max

S_BASE: Final = 0
S_INPUTS: Final = 1
S_TABLE: Final = 2
"""Words of a compiled scorecard: the base, the number of inputs, then a row for each input and all points."""
I_PLACE: Final = 0
I_CUTS_AT: Final = 1
I_CUTS: Final = 2
I_POINTS_AT: Final = 3
I_MISSING: Final = 4
I_WIDTH: Final = 5
"""A row: which value of a row of inputs, where its cuts begin, how many, where its points begin, points of missing."""

Points = Annotated[
    int, Meta(ge=-POINTS_MAX, le=POINTS_MAX, description=f"a whole number from -{POINTS_MAX} to {POINTS_MAX}")
]
Credit = Annotated[
    int, Meta(ge=CREDIT_MIN, le=CREDIT_MAX, description=f"a whole number from {CREDIT_MIN} to {CREDIT_MAX}")
]
Threshold = Annotated[float, Meta(ge=-_CUT_MAX, le=_CUT_MAX, description="a finite number")]


class Declared(Protocol):
    """An input of the scorecard as the bundle declares it."""

    @property
    def name(self) -> str:
        """What the card calls it."""
        ...

    @property
    def direction(self) -> Direction | None:
        """`up`: the more, the more like cash-out, and so never more points. None: free."""
        ...

    @property
    def reason(self) -> str:
        """The code that tells people of it."""
        ...

    @property
    def family(self) -> Family | None:
        """Under which of the subtotals it counts."""
        ...


class CardInput(Struct, frozen=True, forbid_unknown_fields=True):
    """Points of one input: a value falls into the bin whose number is how many cuts are at most the value."""

    name: str
    cuts: Annotated[tuple[Threshold, ...], Meta(max_length=CUTS_MAX)]
    points: Annotated[tuple[Points, ...], Meta(max_length=CUTS_MAX + 1)]
    missing: Points


class LevelBand(Struct, frozen=True, forbid_unknown_fields=True):
    """Below this score, this risk level."""

    below: Credit
    level: Literal["critical", "high", "medium"]


class Card(Struct, frozen=True, forbid_unknown_fields=True):
    """The scorecard file: levels in rising order of score; whoever is below none of them is `low`."""

    base: Credit
    inputs: Annotated[tuple[CardInput, ...], Meta(min_length=1, max_length=INPUTS_MAX)]
    levels: tuple[LevelBand, ...]


class Scorecard(NamedTuple):
    """A checked scorecard beside its declared inputs, and the arrays that the kernel reads."""

    card: Card
    declared: tuple[Declared, ...]
    """All declared inputs, in the order of a row; the card may leave some of them out."""
    words: NDArray[np.int64]
    floats: NDArray[np.float64]


class InputPoints(NamedTuple):
    """What one input brought a payer."""

    name: str
    family: Family | None
    reason: str
    value: float | None
    """None is missing."""
    points: int
    lost: int
    """How many more the input gives at best."""


def read_scorecard(
    document: Document, name: str, declared: Sequence[Declared]
) -> tuple[Scorecard | None, list[Mistake]]:
    """The scorecard that a YAML document says, over the `declared` inputs in the order of a row, and everything that is
    wrong with it; None where something is."""
    card, mistakes = fit(document, Card, name)
    if card is None:
        return None, mistakes
    faults = [*_faults_of_names(card, declared), *_faults_of_inputs(card, declared)]
    faults += faults_of_levels(card.levels, reachable(card), "payer") if not faults else []
    places = [(document.place(path), told) for path, told in faults]
    mistakes = [Mistake("out-of-range", told, name, at.line, at.column, at.width) for at, told in places]
    return (None if mistakes else compile_scorecard(card, declared)), mistakes


def _faults_of_names(card: Card, declared: Sequence[Declared]) -> list[tuple[Path, str]]:
    known = [one.name for one in declared]
    found: list[tuple[Path, str]] = []
    seen: dict[str, int] = {}
    for i, one in enumerate(card.inputs):
        path: Path = ("inputs", i, "name")
        if one.name not in known:
            near = did_you_mean(one.name, known) or "; inputs.yaml declares none of this name under scorecard"
            found.append((path, f"inputs[{i}].name: unknown input {shorten(one.name)}{near}"))
        elif one.name in seen:
            found.append((path, f"inputs[{i}].name: {one.name} already has its points in inputs[{seen[one.name]}]"))
        seen.setdefault(one.name, i)
    return found


def _faults_of_inputs(card: Card, declared: Sequence[Declared]) -> list[tuple[Path, str]]:
    directions = {one.name: one.direction for one in declared}
    found: list[tuple[Path, str]] = []
    for i, one in enumerate(card.inputs):
        at = f"inputs[{i}] ({shorten(one.name)})"
        for j, (low, high) in enumerate(pairwise(one.cuts), 1):
            if not low < high:
                told = f"{at}: the cut {high} must be higher than {low}, the one before"
                found.append((("inputs", i, "cuts", j), told))
        if len(one.points) != len(one.cuts) + 1:
            told = f"{at}: points has {len(one.points)} entries, expected {len(one.cuts) + 1}, one more than cuts"
            found.append((("inputs", i, "points"), told))
        found += _faults_of_direction(at, i, one, directions.get(one.name))
    return found


def _faults_of_direction(at: str, i: int, one: CardInput, direction: str | None) -> list[tuple[Path, str]]:
    if direction is None:
        return []
    sense, turn = ("rise", 1) if direction == "up" else ("fall", -1)
    return [
        (
            ("inputs", i, "points", j),
            f"{at}: points must not {sense} from {low} to {high}: inputs.yaml says {direction}",
        )
        for j, (low, high) in enumerate(pairwise(one.points), 1)
        if turn * (high - low) > 0
    ]


def faults_of_levels(levels: Sequence[LevelBand], scores: tuple[int, int], who: str) -> list[tuple[Path, str]]:
    """What is wrong with the order of levels, or with the lowest and highest `scores` that points can come to."""
    lowest, highest = scores
    found: list[tuple[Path, str]] = []
    for i, (stricter, band) in enumerate(pairwise(levels), 1):
        milder = RISK_LEVELS.index(band.level) < RISK_LEVELS.index(stricter.level)
        if not (stricter.below < band.below and milder):
            told = f"levels: {band.level} below {band.below} must be milder and end higher than the level before"
            found.append((("levels", i), told))
    ends = [lowest, *(band.below for band in levels)]
    for i, (band, begin) in enumerate(zip(levels, ends, strict=False)):
        if not found and (band.below <= lowest or begin > highest):
            told = f"levels: no {who} can be {band.level}; points come to scores from {lowest} to {highest}"
            found.append((("levels", i, "below"), told))
    if not found and ends[-1] > highest:
        told = f"levels: no {who} can be low; points come to scores from {lowest} to {highest}"
        found.append((("levels", len(levels) - 1, "below"), told))
    return found


def reachable(card: Card) -> tuple[int, int]:
    """The lowest and the highest score that a payer can have."""
    least = sum(min(*one.points, one.missing) for one in card.inputs)
    most = sum(max(*one.points, one.missing) for one in card.inputs)
    return clip(card.base + least), clip(card.base + most)


def compile_scorecard(card: Card, declared: Sequence[Declared]) -> Scorecard:
    """A scorecard ready for the kernel; a row of inputs has the `declared` ones in order. Expects a checked card."""
    places = {one.name: place for place, one in enumerate(declared)}
    table, points, cuts = [card.base, len(card.inputs)], list[int](), list[float]()
    points_at = S_TABLE + I_WIDTH * len(card.inputs)
    for one in card.inputs:
        table += [places[one.name], len(cuts), len(one.cuts), points_at + len(points), one.missing]
        points += one.points
        cuts += one.cuts
    return Scorecard(card, tuple(declared), np.array(table + points, np.int64), np.array(cuts, np.float64))


@inner
def credit_score(words, floats, row):
    """The credit score of a row of declared inputs (float64, NaN is missing) by a compiled scorecard."""
    total = words[S_BASE]
    for i in range(words[S_INPUTS]):
        told = shift(words, S_TABLE + I_WIDTH * i)
        value, cuts = row[told[I_PLACE]], shift(floats, told[I_CUTS_AT])
        if value != value:
            total += told[I_MISSING]
        else:
            # All cuts are compared: they are few, and a search would be guessed wrong at every turn.
            place = told[I_POINTS_AT]
            for j in range(told[I_CUTS]):
                place += 1 if cuts[j] <= value else 0
            total += words[place]
    return min(max(total, CREDIT_MIN), CREDIT_MAX)


def points_of(scorecard: Scorecard, row: Sequence[float]) -> list[InputPoints]:
    """What each input of the card brings for a row of declared inputs (NaN is missing), in the order of the card."""
    places = {one.name: place for place, one in enumerate(scorecard.declared)}
    told = []
    for one in scorecard.card.inputs:
        declared, value = scorecard.declared[places[one.name]], row[places[one.name]]
        missing = value != value
        points = one.missing if missing else one.points[bisect_right(one.cuts, value)]
        lost = max(*one.points, one.missing) - points
        told.append(InputPoints(one.name, declared.family, declared.reason, None if missing else value, points, lost))
    return told


def families(scorecard: Scorecard, row: Sequence[float]) -> dict[Family, int]:
    """The points of a row by family, every family named; with the base they are the score before it is clipped."""
    told = points_of(scorecard, row)
    return {family: sum(one.points for one in told if one.family == family) for family in FAMILIES}


def level_of(scorecard: Scorecard, score: int) -> RiskLevel:
    """The risk level of a credit score: the first whose end the score is below, else low."""
    return level_among(scorecard.card.levels, score)


def level_among(levels: Sequence[LevelBand], score: int) -> RiskLevel:
    """The first level whose end a score is below, else low."""
    return next((band.level for band in levels if score < band.below), "low")


def clip(score: int) -> int:
    """A score kept within its limits."""
    return min(max(score, CREDIT_MIN), CREDIT_MAX)
