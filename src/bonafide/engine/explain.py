"""Why a decision came out as it did: the value of every part of a condition, a rule's share of the score, near misses.

Each part of a condition is compiled as a condition of its own and run by the engine's own kernel over the event's row
and answers, so what is shown is what was computed; nothing is evaluated a second time in another way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isnan, log1p
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import OUTCOMES, SCORE_UNIT, Outcome
from bonafide.core.fields import ABSENT, FIELDS
from bonafide.engine.asked import Words, listed
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.rules import Rule
from bonafide.engine.compiled import compile_bundle, hash_words
from bonafide.engine.features.spec import Feature
from bonafide.engine.kernels import Kernels
from bonafide.engine.policy import OutcomeBand, owed_to_rules
from bonafide.engine.rules.language import Apply, Equals, Missing, Name, Node
from bonafide.engine.rules.program import Builder
from bonafide.engine.rules.utilisation import UTILISATION, expand
from bonafide.engine.siphash import HashKey

COMPARISONS: Final = frozenset({"<", "<=", ">", ">=", "==", "!="})
_MAY_BE_MISSING: Final = frozenset(
    {"mean", "std", "min", "max", "entropy", "zscore", "last", "seconds_since_last", "seconds_since_first"}
)
"""Takes that an empty window leaves without a value."""


class Part(NamedTuple):
    """A part of a condition, and what it was worth on the event."""

    node: Node
    value: float
    """1.0, 0.0 or NaN (unknown) of a condition; the number, or NaN (missing), of anything else."""
    parts: tuple[Part, ...]

    @property
    def holds(self) -> bool | None:
        """Of a condition: whether it held; None where that is unknown."""
        return None if isnan(self.value) else self.value != 0.0


class Cause(NamedTuple):
    """Why a feature has no value."""

    code: str
    """no-key, empty-window, no-values, no-own-value, no-spread or silent."""
    names: tuple[str, ...] = ()
    """The fields that are absent."""
    number: int = 0
    """Matching events in the window."""


class Voice(NamedTuple):
    """What one rule said about the event."""

    rule: Rule
    hit: bool
    share: float | None
    """The part of the score that is this rule's, 0..1; shares add up to 1. None where it did not hit."""
    condition: Part


def evaluate_parts(
    nodes: Sequence[Node], columns: Mapping[str, int], kernels: Kernels, key: HashKey,
    row: NDArray[np.int64], answers: NDArray[np.float64],
) -> list[Part]:  # fmt: skip
    """Conditions with the value of each of their parts.

    columns: feature -> place in the answers. row: the event's completed row, ROW_WIDTH words; answers: its features,
    NaN where missing. `utilisation` has the parts that it is computed from.
    """
    wanted = [node for top in nodes for node in _walk(top)]
    builder = Builder(columns)
    for node in wanted:
        builder.add(expand(node))
    program = builder.build()
    registers = program.fresh_registers()
    words = hash_words(program.words, key, kernels.hash_texts)
    kernels.evaluate(
        program.code, words, np.ascontiguousarray(row), np.ascontiguousarray(answers[: program.features]), registers
    )
    values = iter(registers[program.results].tolist())
    return [_tree(node, values) for node in nodes]


def voices(bundle: Bundle, kernels: Kernels, key: HashKey, row: NDArray[np.int64],
           answers: NDArray[np.float64], lists: Mapping[str, Words]) -> list[Voice]:  # fmt: skip
    """What each rule of a bundle said about an event, in the order of the bundle; `lists`: what was on them then."""
    columns = {feature.name: place for place, feature in enumerate(bundle.features)}
    asked = [listed(rule.when, lists) for rule in bundle.rules]
    parts = evaluate_parts(asked, columns, kernels, key, row, answers)
    hit = [part.holds is True for part in parts]
    shares = iter(shares_of([rule.weight for rule, held in zip(bundle.rules, hit, strict=True) if held]))
    return [
        Voice(rule, held, next(shares) if held else None, part)
        for rule, held, part in zip(bundle.rules, hit, parts, strict=True)
    ]


def shares_of(weights: Sequence[float]) -> list[float]:
    """How the score 1 - (1 - w1)(1 - w2)... divides among its weights: by -log(1 - w), which adds up where weights
    do not. All zero where every weight is.

    >>> [round(share, 3) for share in shares_of([0.4, 0.4, 0.2])]
    [0.41, 0.41, 0.179]
    """
    parts = [-log1p(-weight) for weight in weights]
    total = sum(parts)
    return [part / total if total else 0.0 for part in parts]


def band_of(bundle: Bundle, score_e6: int) -> OutcomeBand:
    """The band of the policy that a score in millionths lies in."""
    return next(b for b in reversed(bundle.policy.outcomes) if round(b.from_ * SCORE_UNIT) <= score_e6)


def stricter_rules(bundle: Bundle, hits: Sequence[str], score_e6: int) -> list[Rule]:
    """The rules that hit whose effect is stricter than what the score alone gives; where none is, all that hit, if by
    themselves they are owed more than a model's score gives."""
    alone: Outcome = band_of(bundle, score_e6).outcome
    hit = [rule for rule in bundle.rules if rule.id in hits]
    stricter = [rule for rule in hit if OUTCOMES.index(rule.effect) > OUTCOMES.index(alone)]
    owed = owed_to_rules(bundle.policy, [rule.weight for rule in hit])
    return stricter or (hit if OUTCOMES.index(owed) > OUTCOMES.index(alone) else [])


def closeness(part: Part) -> float:
    """How near a condition came to holding, 0..1: of `and` the mean over its parts, of `or` the best, of a comparison
    with a bound how much of the way there the number is.
    """
    if part.holds:
        return 1.0
    match part.node:
        case Apply("and"):
            return sum(map(closeness, part.parts)) / len(part.parts)
        case Apply("or"):
            return max(map(closeness, part.parts))
        case Apply(op) if op in COMPARISONS and part.holds is False:
            return _part_of_the_way(op, part.parts[0].value, part.parts[1].value)
        case _:
            return 0.0


def nearest_voices(voices_: Sequence[Voice], most: int) -> list[Voice]:
    """The rules that came closest to holding, best first; those meant for another type of event left out."""
    near = [v for v in voices_ if not v.hit and not _is_elsewhere(v.condition) and closeness(v.condition) > 0]
    return sorted(near, key=lambda v: (closeness(v.condition), v.rule.weight), reverse=True)[:most]


def with_companions(bundle: Bundle) -> tuple[Bundle, dict[str, tuple[str, str]]]:
    """The bundle with hidden counts beside the features that may be missing, so that their absence can be explained.

    Returns it and, for each such feature, the names of the count of what its window holds and of what has a value.
    Decisions stay what they are: no rule reads a hidden count.
    """
    told: dict[tuple[object, ...], str] = {}
    declared: list[Feature] = []
    companions: dict[str, tuple[str, str]] = {}
    for feature in bundle.features:
        if feature.take not in _MAY_BE_MISSING or feature.name.startswith("_"):
            continue
        names = []
        for where in (feature.where, _and_present(feature)):
            count = (feature.types, feature.by, where, feature.over_ms, feature.completed)
            if count not in told:
                told[count] = f"_count_{len(told)}"
                declared.append(_count(feature, told[count], where))
            names.append(told[count])
        companions[feature.name] = (names[0], names[1])
    features = (*bundle.features, *declared)
    compiled = compile_bundle(features, bundle.conditions, bundle.settings, scheme=bundle.compiled.scheme)
    return bundle._replace(features=features, compiled=compiled), companions


def cause_of_missing(
    feature: Feature, bundle: Bundle, companions: Mapping[str, tuple[str, str]], row: NDArray[np.int64],
    answers: NDArray[np.float64],
) -> Cause:  # fmt: skip
    """Why a feature has no value on an event: its key is not named, its window is empty, or nothing there has one."""
    absent = tuple(name for name in feature.by if row[FIELDS[name].place] == ABSENT)
    if absent:
        return Cause("no-key", absent)
    if feature.name not in companions:
        return Cause("empty-window")
    columns = {f.name: n for n, f in enumerate(bundle.features)}
    held, valued = (int(answers[columns[name]]) for name in companions[feature.name])
    if held == 0:
        return Cause("empty-window")
    if valued == 0:
        return Cause("no-values", (feature.of,) if feature.of else (), held)
    if feature.take == "zscore":
        of = feature.of or ""
        place = bundle.compiled.features.place_of(of)
        if place is not None and row[place] == ABSENT:
            return Cause("no-own-value", (of,), valued)
        return Cause("no-spread", (of,), valued)
    return Cause("silent", (), valued)


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for part in _parts_of(node):
        yield from _walk(part)


def _parts_of(node: Node) -> tuple[Node, ...]:
    match node:
        case Apply(parts=parts):
            return parts
        case Name(name) if name == UTILISATION:
            return _parts_of(expand(node))
        case _:
            return ()


def _tree(node: Node, values: Iterator[float]) -> Part:
    value = next(values)
    return Part(node, value, tuple(_tree(part, values) for part in _parts_of(node)))


def _part_of_the_way(op: str, left: float, right: float) -> float:
    low, high = (left, right) if op in {">", ">="} else (right, left)
    if op in {"==", "!="} or not 0 <= low < high:
        return 0.0
    return low / high


def _is_elsewhere(part: Part) -> bool:
    """Whether a condition asks for another type of event."""
    match part.node:
        case Equals("type"):
            return part.holds is not True
        case Apply("and"):
            return any(map(_is_elsewhere, part.parts))
        case Apply("or"):
            return all(map(_is_elsewhere, part.parts))
        case _:
            return False


def _and_present(feature: Feature) -> Node | None:
    """The feature's condition, and that what it takes is there."""
    if feature.of is None or not (feature.of in FIELDS or any(f.name == feature.of for f in feature.carried)):
        return feature.where
    present = Apply("not", (Missing(feature.of),), "truth")
    return present if feature.where is None else Apply("and", (feature.where, present), "truth")


def _count(feature: Feature, name: str, where: Node | None) -> Feature:
    return feature._replace(name=name, take="count", of=None, where=where)
