"""The rows of a policy: conditions on score, amount, type, subject, credit level and hits; the first that fits decides.

Where none fits the bands do, so that no case is without an outcome. What a row asks of the amount is a condition that
the kernel evaluates beside the rules, so that events of which no row speaks cost what they did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from bonafide.core.decision import RISK_LEVELS, SCORE_UNIT, Outcome, RiskLevel
from bonafide.core.money import AMOUNT_MAX
from bonafide.core.text import did_you_mean
from bonafide.engine.bundles.boxes import Box, Dimension, TooTangledError, common, left_of, show_box
from bonafide.engine.bundles.shapes import Path
from bonafide.engine.rules.tree import DECIDED_TYPES

ROWS_MAX: Final = 64
HITS_MAX: Final = 12
"""Rules that the rows of a policy may name: each of them doubles the cases."""
SUBJECT_OF: Final = {
    "payment": "user", "refund": "user", "payout": "merchant", "merchant_application": "merchant"
}  # fmt: skip
"""Whose risk a decision states, by the type of its event; of a transfer nobody's."""

_Score = Annotated[float, Meta(ge=0, le=1, description="a score from 0 to 1")]
_Minor = Annotated[
    int, Meta(ge=0, le=AMOUNT_MAX, description=f"a whole number of minor units from 0 to {AMOUNT_MAX:,}")
]
Decided = Literal["payment", "refund", "payout", "transfer", "merchant_application"]
Subject = Literal["user", "merchant"]


class ScoreSpan(Struct, frozen=True, forbid_unknown_fields=True):
    """From which score on, up to which: that one not included."""

    from_: _Score = msgspec.field(name="from", default=0.0)
    to: _Score | None = None


class AmountSpan(Struct, frozen=True, forbid_unknown_fields=True):
    """From which amount on, up to which: that one not included."""

    from_: _Minor = msgspec.field(name="from", default=0)
    to: _Minor | None = None


class PolicyRow(Struct, frozen=True, forbid_unknown_fields=True):
    """What an event must be for this outcome; what is not asked may be anything."""

    outcome: Outcome
    type: tuple[Decided, ...] | None = None
    subject: tuple[Subject, ...] | None = None
    score: ScoreSpan | None = None
    amount: AmountSpan | None = None
    credit: tuple[RiskLevel, ...] | None = None
    """The level that the credit score of the subject gives; without one `low`."""
    hits: tuple[str, ...] | None = None
    """Any of these rules."""
    reason: str | None = None
    """What the person is told where this row decides and nothing else gives a reason."""
    note: str | None = None


class Cell(NamedTuple):
    """What rows ask of an event, as it stands."""

    type: str
    score_e6: int
    credit: int
    """The level that the credit score gives, by its place."""
    amount: int
    """The largest amount asked for that the event's reaches; 0 where it is not known."""
    rules: frozenset[str]
    """Those that hit."""


def row_of(rows: Sequence[PolicyRow], cell: Cell) -> int | None:
    """The number of the first row that fits; None where none does."""
    return next((i for i, row in enumerate(rows) if _fits(row, cell)), None)


def may_fit(row: PolicyRow, type_: str) -> bool:
    """Whether a row may speak of events of a type."""
    return (row.type is None or type_ in row.type) and (row.subject is None or SUBJECT_OF.get(type_) in row.subject)


def _fits(row: PolicyRow, cell: Cell) -> bool:
    score, amount = row.score, row.amount
    return (
        may_fit(row, cell.type)
        and (row.credit is None or RISK_LEVELS[cell.credit] in row.credit)
        and (row.hits is None or not cell.rules.isdisjoint(row.hits))
        and (
            score is None or (_e6(score.from_) <= cell.score_e6 and (score.to is None or cell.score_e6 < _e6(score.to)))
        )
        and (amount is None or (amount.from_ <= cell.amount and (amount.to is None or cell.amount < amount.to)))
    )


def score_cuts(rows: Sequence[PolicyRow]) -> list[int]:
    """Where the scores begin and end that rows ask for, in millionths, rising."""
    ends = [end for row in rows if row.score for end in (row.score.from_, row.score.to) if end]
    return sorted({_e6(end) for end in ends})


def amount_cuts(rows: Sequence[PolicyRow]) -> list[int]:
    """Where the amounts begin and end that rows ask for, rising, without 0."""
    ends = [end for row in rows if row.amount for end in (row.amount.from_, row.amount.to) if end]
    return sorted(set(ends))


def _e6(score: float) -> int:
    return round(score * SCORE_UNIT)


def faults_of_rows(
    rows: Sequence[PolicyRow], rules: Sequence[str], reasons: Sequence[str]
) -> Iterator[tuple[Path, str]]:
    """What keeps rows from being asked, each with its place; `rules` and `reasons` are the ids and codes there are."""
    if len(rows) > ROWS_MAX:
        yield ("rows",), f"rows: {len(rows)} rows; at most {ROWS_MAX}"
    named = {rule for row in rows for rule in row.hits or ()}
    if len(named) > HITS_MAX:
        yield ("rows",), f"rows: they name {len(named)} rules; at most {HITS_MAX}"
    for i, row in enumerate(rows):
        for j, rule in enumerate(row.hits or ()):
            if rule not in rules:
                yield ("rows", i, "hits", j), f"rows[{i}].hits: there is no rule {rule:.40}"
        if row.reason is not None and row.reason not in reasons:
            told = f"rows[{i}].reason: there is no reason {row.reason:.40} in reasons.yaml"
            yield ("rows", i, "reason"), told + did_you_mean(row.reason, reasons)
        for key, span in (("score", row.score), ("amount", row.amount)):
            if span is not None and span.to is not None and span.to <= span.from_:
                yield ("rows", i, key), f"rows[{i}].{key}: up to {span.to}, which is not above {span.from_}"


def tangles(rows: Sequence[PolicyRow], reached: dict[str, frozenset[str]]) -> Iterator[tuple[str, Path, str]]:
    """What is unreachable or ambiguous in sound rows: ("unreachable" or "overlap", place, what).

    reached: the types of events that each rule can hit.
    """
    dimensions = _dimensions(rows)
    boxes = [_boxes(row, dimensions, [0, *score_cuts(rows)], [0, *amount_cuts(rows)]) for row in rows]
    impossible = [box for rule, types in reached.items() for box in _never(rule, types, dimensions)]
    try:
        for i, own in enumerate(boxes):
            possible = [piece for box in own for piece in left_of(box, impossible)]
            if not possible:
                told = "one of its rules never hits such an event" if own else "it asks for what excludes one another"
                yield "unreachable", ("rows", i), f"rows[{i}]: no event fits it: {told}"
            elif not any(left_of(box, (b for other in boxes[:i] for b in other)) for box in possible):
                yield "unreachable", ("rows", i), f"rows[{i}]: the rows before it fit everything that it does"
    except TooTangledError:
        yield "unreachable", ("rows",), "rows: they cut one another into too many pieces; make them fewer"
        return
    for (i, one), (j, other) in combinations(enumerate(boxes), 2):
        shared = next((found for a in one for b in other if (found := common(a, b)) is not None), None)
        nested = not any(left_of(box, other) for box in one) or not any(left_of(box, one) for box in other)
        if shared is not None and not nested and rows[i].outcome != rows[j].outcome:
            told = f"rows[{j}]: it and rows[{i}] both speak of {show_box(shared, dimensions)}; rows[{i}] counts there"
            yield "overlap", ("rows", j), told


def _dimensions(rows: Sequence[PolicyRow]) -> tuple[Dimension, ...]:
    scores, amounts = [0, *score_cuts(rows)], [0, *amount_cuts(rows)]
    named = sorted({rule for row in rows for rule in row.hits or ()})
    return (
        Dimension("type", DECIDED_TYPES),
        Dimension("score", tuple(f"from {cut / SCORE_UNIT:g}" for cut in scores)),
        Dimension("amount", tuple(f"from {cut:,}" for cut in amounts)),
        Dimension("credit", RISK_LEVELS),
        *(Dimension(rule, ("silent", "hits")) for rule in named),
    )


def _boxes(
    row: PolicyRow, dimensions: Sequence[Dimension], scores: Sequence[int], amounts: Sequence[int]
) -> list[Box]:  # fmt: skip
    """The cases that a row speaks of; of several rules that may hit, a box for each, which do not overlap."""
    types = [name for name in DECIDED_TYPES if row.type is None or name in row.type]
    types = [name for name in types if row.subject is None or SUBJECT_OF.get(name) in row.subject]
    base = [
        sum(1 << DECIDED_TYPES.index(name) for name in types),
        _span(scores, None if row.score is None else (_e6(row.score.from_), _end_e6(row.score))),
        _span(amounts, None if row.amount is None else (row.amount.from_, row.amount.to)),
        dimensions[3].all if row.credit is None else sum({1 << RISK_LEVELS.index(level) for level in row.credit}),
    ]
    if not all(base):
        return []
    if row.hits is None:
        return [(*base, *(one.all for one in dimensions[4:]))]
    told = []
    for number, rule in enumerate(row.hits):
        silent = row.hits[:number]
        rest = [2 if one.name == rule else 1 if one.name in silent else one.all for one in dimensions[4:]]
        told.append((*base, *rest))
    return told


def _span(cuts: Sequence[int], span: tuple[int, int | None] | None) -> int:
    """The cells, which begin at cuts, from a start up to an end."""
    start, end = span or (0, None)
    return sum(1 << i for i, cut in enumerate(cuts) if cut >= start and (end is None or cut < end))


def _end_e6(span: ScoreSpan) -> int | None:
    return None if span.to is None else _e6(span.to)


def _never(rule: str, types: frozenset[str], dimensions: Sequence[Dimension]) -> Iterator[Box]:
    """That a rule hits an event of a type that it cannot hit."""
    place = next((i for i, one in enumerate(dimensions) if one.name == rule), None)
    others = sum(1 << i for i, name in enumerate(DECIDED_TYPES) if name not in types)
    if place is not None and others:
        yield tuple(others if i == 0 else 2 if i == place else one.all for i, one in enumerate(dimensions))
