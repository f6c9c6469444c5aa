"""The credit score of a merchant: points that change in proportion between the knots of each input.

As the payers' card (engine/scorecard.py) it is a table that a person can work out by hand, added up family by family,
from 300 to 900, higher being better. It has knots in place of bins, so that no small move of an input makes a leap:
docs/merchant-credit.md says why, and what is held of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import floor
from typing import Annotated, Final, Literal, NamedTuple

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from bonafide.core.decision import RiskLevel
from bonafide.core.mistakes import Mistake
from bonafide.core.text import did_you_mean, shorten
from bonafide.engine.bundles.shapes import Path, fit
from bonafide.engine.kernel import inner, shift
from bonafide.engine.rules.source import Document
from bonafide.engine.scorecard import (
    CREDIT_MAX, CREDIT_MIN, INPUTS_MAX, S_BASE, S_INPUTS, S_TABLE, Credit, Direction, LevelBand, Points, Threshold,
    clip, faults_of_levels, level_among,
)  # fmt: skip

MerchantFamily = Literal["qualification", "trading", "service", "buyers", "record"]
MERCHANT_FAMILIES: Final[tuple[MerchantFamily, ...]] = ("qualification", "trading", "service", "buyers", "record")
KNOTS_MAX: Final = 16

K_PLACE: Final = 0
K_AT: Final = 1
K_KNOTS: Final = 2
K_MISSING: Final = 3
K_WIDTH: Final = 4
"""A row of the table: which value of a row of inputs, where its knots begin, how many, the points of missing."""


class DeclaredGraded(NamedTuple):
    """An input as the bundle declares it: what the card needs to know of it."""

    name: str
    direction: Direction
    reason: str
    family: MerchantFamily


class GradedInput(Struct, frozen=True, forbid_unknown_fields=True):
    """Points of one input: on the line between the two knots beside its value, flat outside of them."""

    name: str
    at: Annotated[tuple[Threshold, ...], Meta(min_length=1, max_length=KNOTS_MAX)]
    points: Annotated[tuple[Points, ...], Meta(min_length=1, max_length=KNOTS_MAX)]
    missing: Points

    @property
    def knots(self) -> tuple[tuple[float, int], ...]:
        """Each place with its points."""
        return tuple(zip(self.at, self.points, strict=True))


class GradedCard(Struct, frozen=True, forbid_unknown_fields=True):
    """The file: levels in rising order of score; whoever is below none of them is `low`."""

    base: Credit
    inputs: Annotated[tuple[GradedInput, ...], Meta(min_length=1, max_length=INPUTS_MAX)]
    levels: tuple[LevelBand, ...]


class Graded(NamedTuple):
    """A checked card beside its declared inputs, and the arrays that the kernel reads."""

    card: GradedCard
    declared: tuple[DeclaredGraded, ...]
    """All declared inputs, in the order of a row; the card may leave some of them out."""
    words: NDArray[np.int64]
    floats: NDArray[np.float64]


class GradedPoints(NamedTuple):
    """What one input brought a merchant."""

    declared: DeclaredGraded
    value: float
    """NaN is missing."""
    points: float
    lost: float
    """How many more the input gives at best."""
    best_at: float
    """The value from which on it does; NaN where only missing does."""


def read_graded(
    document: Document, name: str, declared: Sequence[DeclaredGraded]
) -> tuple[Graded | None, list[Mistake]]:
    """The card that a YAML document says, over the `declared` inputs in the order of a row, and everything that is
    wrong with it; None where something is."""
    card, mistakes = fit(document, GradedCard, name)
    if card is None:
        return None, mistakes
    faults = [*_faults_of_names(card, declared), *_faults_of_knots(card, declared)]
    faults += faults_of_levels(card.levels, reachable(card), "merchant") if not faults else []
    places = [(document.place(path), told) for path, told in faults]
    mistakes = [Mistake("out-of-range", told, name, at.line, at.column, at.width) for at, told in places]
    return (None if mistakes else compile_graded(card, declared)), mistakes


def _faults_of_names(card: GradedCard, declared: Sequence[DeclaredGraded]) -> Iterator[tuple[Path, str]]:
    known = [one.name for one in declared]
    seen: dict[str, int] = {}
    for i, one in enumerate(card.inputs):
        path: Path = ("inputs", i, "name")
        if one.name not in known:
            near = did_you_mean(one.name, known) or "; inputs.yaml declares none of this name under merchant_scorecard"
            yield path, f"inputs[{i}].name: unknown input {shorten(one.name)}{near}"
        elif one.name in seen:
            yield path, f"inputs[{i}].name: {one.name} already has its points in inputs[{seen[one.name]}]"
        seen.setdefault(one.name, i)


def _faults_of_knots(card: GradedCard, declared: Sequence[DeclaredGraded]) -> Iterator[tuple[Path, str]]:
    directions = {one.name: one.direction for one in declared}
    for i, one in enumerate(card.inputs):
        name = f"inputs[{i}] ({shorten(one.name)})"
        for j, (low, high) in enumerate(pairwise(one.at), 1):
            if not low < high:
                yield ("inputs", i, "at", j), f"{name}: {high} must be higher than {low}, the one before"
        if len(one.points) != len(one.at):
            told = f"{name}: points has {len(one.points)} entries, expected {len(one.at)}, as many as at"
            yield ("inputs", i, "points"), told
        yield from _faults_of_direction(name, i, one, directions.get(one.name))


def _faults_of_direction(
    name: str, i: int, one: GradedInput, direction: Direction | None
) -> Iterator[tuple[Path, str]]:
    turn, sense = {"up": (1, "rise"), "down": (-1, "fall"), None: (0, "")}[direction]
    for j, (before, after) in enumerate(pairwise(one.points), 1):
        if turn * (after - before) > 0:
            told = f"{name}: points must not {sense} from {before} to {after}: inputs.yaml says {direction}"
            yield ("inputs", i, "points", j), told


def reachable(card: GradedCard) -> tuple[int, int]:
    """The lowest and the highest score that a merchant can have."""
    told = [[*one.points, one.missing] for one in card.inputs]
    return clip(card.base + sum(map(min, told))), clip(card.base + sum(map(max, told)))


def compile_graded(card: GradedCard, declared: Sequence[DeclaredGraded]) -> Graded:
    """A card ready for the kernel; a row of inputs has the `declared` ones in order. Expects a checked card."""
    places = {one.name: place for place, one in enumerate(declared)}
    table, floats = [card.base, len(card.inputs)], list[float]()
    for one in card.inputs:
        table += [places[one.name], len(floats), len(one.at), one.missing]
        floats += [*one.at, *map(float, one.points)]
    return Graded(card, tuple(declared), np.array(table, np.int64), np.array(floats, np.float64))


@inner
def on_line(knots, count, x):
    """The number at x: linear between knots, flat outside. knots: count places, rising, then count numbers."""
    values = shift(knots, count)
    if x <= knots[0]:
        return values[0]
    if x >= knots[count - 1]:
        return values[count - 1]
    low, high = 0, count - 1
    while high - low > 1:
        middle = (low + high) // 2
        if knots[middle] <= x:
            low = middle
        else:
            high = middle
    part = (x - knots[low]) / (knots[high] - knots[low])
    return values[low] + (values[high] - values[low]) * part


@inner
def graded_score(words, floats, row):
    """The credit score of a row of declared inputs (float64, NaN is missing) by a compiled card; halves are rounded
    up."""
    total = np.float64(words[S_BASE])
    for i in range(words[S_INPUTS]):
        told = shift(words, S_TABLE + K_WIDTH * i)
        value = row[told[K_PLACE]]
        if value != value:
            total += told[K_MISSING]
        else:
            total += on_line(shift(floats, told[K_AT]), told[K_KNOTS], value)
    return min(max(np.int64(floor(total + 0.5)), CREDIT_MIN), CREDIT_MAX)


def points_at(one: GradedInput, value: float) -> float:
    """What an input gives at a value, NaN being missing; as the kernel has it."""
    if value != value:
        return float(one.missing)
    if value <= one.at[0]:
        return float(one.points[0])
    for (low, before), (high, after) in pairwise(one.knots):
        if value < high:
            return before + (after - before) * ((value - low) / (high - low))
    return float(one.points[-1])


def score_of(card: GradedCard, points: Sequence[float]) -> int:
    """The score that the points of all inputs add up to, in the order of the card."""
    total = float(card.base)
    for each in points:
        total += each
    return clip(floor(total + 0.5))


def graded_points(graded: Graded, row: Sequence[float]) -> list[GradedPoints]:
    """What each input of the card brings for a row of declared inputs (NaN is missing), in the order of the card."""
    places = {one.name: place for place, one in enumerate(graded.declared)}
    told = []
    for one in graded.card.inputs:
        value = row[places[one.name]]
        points = points_at(one, value)
        most = max(*one.points, one.missing)
        declared = graded.declared[places[one.name]]
        told.append(GradedPoints(declared, value, points, most - points, best_at(one, declared.direction)))
    return told


def best_at(one: GradedInput, direction: Direction) -> float:
    """The value from which on an input gives most: the highest such one of `up`, the lowest of `down`."""
    best = max(one.points)
    values = [value for value, points in one.knots if points == best]
    if one.missing > best:
        return float("nan")
    return max(values) if direction == "up" else min(values)


def graded_families(graded: Graded, row: Sequence[float]) -> dict[MerchantFamily, float]:
    """The points of a row by family, every family named."""
    told = graded_points(graded, row)
    return {family: sum(one.points for one in told if one.declared.family == family) for family in MERCHANT_FAMILIES}


def graded_level(graded: Graded, score: int) -> RiskLevel:
    """The risk level of a merchant's credit score."""
    return level_among(graded.card.levels, score)
