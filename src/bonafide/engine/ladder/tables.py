"""What is wrong with a ladder's tables: cases that no row speaks of, or two do; worse cases that fare better; rows that
nothing reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise, product
from typing import Final

from bonafide.core.decision import OUTCOMES
from bonafide.engine.bundles.boxes import Box, Dimension, TooTangledError, cells_of, common, left_of, show_box, whole
from bonafide.engine.bundles.shapes import Path
from bonafide.engine.ladder.declared import DeclaredSubject, LimitRow, StepRow
from bonafide.engine.ladder.words import CONFIRMED, FRICTION, GRADES, HARDNESS, MEASURES, MEASURES_OF, SubjectKind

Fault = tuple[Path, str]
"""Where in the subject's part of the file, and what."""
_GRADE: Final = Dimension("grade", GRADES)
_OUTCOME: Final = Dimension("outcome", OUTCOMES)


def most_told(declared: DeclaredSubject) -> int:
    """The number of offences from which on more make no difference."""
    ends = [row.offences.to + 1 for row in declared.steps if row.offences.to is not None]
    return max([1, *ends, *(row.offences.from_ for row in declared.steps)])


def step_dimensions(declared: DeclaredSubject) -> tuple[Dimension, ...]:
    """What steps ask about."""
    most = most_told(declared)
    return Dimension("offences", (*map(str, range(1, most)), f"{most} or more")), _GRADE, _OUTCOME


def limit_dimensions(declared: DeclaredSubject) -> tuple[Dimension, ...]:
    """What limits ask about."""
    return _GRADE, Dimension("amount", tuple(declared.amounts))


def step_boxes(declared: DeclaredSubject) -> list[Box]:
    """The cases that each row of `steps` speaks of; a row of none has an empty side."""
    most = most_told(declared)
    return [(_range(row, most), _bits(row.grade, GRADES), _bits(row.outcome, OUTCOMES)) for row in declared.steps]


def limit_boxes(declared: DeclaredSubject) -> list[Box]:
    """The cases that each row of `limits` speaks of."""
    bands = tuple(declared.amounts)
    return [(_bits(row.grade, GRADES), _bits(row.amount, bands)) for row in declared.limits]


def _range(row: StepRow, most: int) -> int:
    last = most if row.offences.to is None else row.offences.to
    return sum(1 << (number - 1) for number in range(row.offences.from_, last + 1))


def _bits(named: Sequence[str] | None, known: Sequence[str]) -> int:
    return (1 << len(known)) - 1 if named is None else sum({1 << known.index(name) for name in named})


def faults_of_amounts(declared: DeclaredSubject) -> Iterator[Fault]:
    """Bands of amounts that do not rise from 0, and rows that name none of them."""
    starts = list(declared.amounts.items())
    if not starts or starts[0][1] != 0:
        yield ("amounts",), "the first band starts from 0, so that every amount has one"
    for (_, low), (name, high) in pairwise(starts):
        if high <= low:
            yield ("amounts", name), f"{name} must start higher than the band before it"
    for i, row in enumerate(declared.limits):
        for j, name in enumerate(row.amount or ()):
            if name not in declared.amounts:
                yield (
                    ("limits", i, "amount", j),
                    f"there is no band {name}; the bands are {', '.join(declared.amounts)}",
                )


def faults_of_tables(declared: DeclaredSubject, kind: SubjectKind) -> Iterator[Fault]:
    """All that keeps the tables from saying one thing about every case, and nothing milder about a worse one."""
    for key, rows, boxes, dimensions in (
        ("steps", declared.steps, step_boxes(declared), step_dimensions(declared)),
        ("limits", declared.limits, limit_boxes(declared), limit_dimensions(declared)),
    ):
        found = [*_faults_of_measures(key, rows, kind), *_faults_of_rows(key, boxes, dimensions)]
        yield from found or _falls(key, boxes, [_measure(row) for row in rows], dimensions)
    yield from _first_offences(declared)


def _measure(row: StepRow | LimitRow) -> str:
    return row.measure if isinstance(row, StepRow) else row.at_most


def _faults_of_measures(key: str, rows: Sequence[StepRow | LimitRow], kind: SubjectKind) -> Iterator[Fault]:
    for i, row in enumerate(rows):
        if _measure(row) not in MEASURES_OF[kind]:
            word = "measure" if isinstance(row, StepRow) else "at_most"
            told = f"a {kind} cannot have {_measure(row)}; there is {', '.join(MEASURES_OF[kind])}"
            yield (key, i, word), told


def _faults_of_rows(key: str, boxes: Sequence[Box], dimensions: Sequence[Dimension]) -> Iterator[Fault]:
    """Rows that speak of nothing, cases that two rows speak of, cases that none does."""
    for i, box in enumerate(boxes):
        if not all(box):
            yield (key, i), "nothing reaches this row: it names no case"
    told = [(i, box) for i, box in enumerate(boxes) if all(box)]
    for (i, one), (j, other) in combinations(told, 2):
        shared = common(one, other)
        if shared is not None:
            yield (key, j), f"row {j + 1} and row {i + 1} both speak of {show_box(shared, dimensions)}"
    try:
        left = left_of(whole(dimensions), (box for _, box in told))
    except TooTangledError:
        yield (key,), "the rows cut one another into too many pieces; make them fewer"
        return
    if left:
        yield (key,), f"no row speaks of {show_box(left[0], dimensions)}"


def _falls(
    key: str, boxes: Sequence[Box], measures: Sequence[str], dimensions: Sequence[Dimension]
) -> Iterator[Fault]:  # fmt: skip
    """Rows that say something milder about a case that is worse in one way and equal in all others."""
    row_of = {cell: i for i, box in enumerate(boxes) for cell in cells_of(box)}
    seen: set[tuple[int, int]] = set()
    for cell in product(*(range(len(dimension.cells)) for dimension in dimensions)):
        for place, dimension in enumerate(dimensions):
            worse = (*cell[:place], cell[place] + 1, *cell[place + 1 :])
            if worse not in row_of:
                continue
            i, j = row_of[cell], row_of[worse]
            if HARDNESS[measures[j]] < HARDNESS[measures[i]] and (i, j) not in seen:
                seen.add((i, j))
                where = f"{dimension.name} {dimension.cells[worse[place]]}"
                yield (
                    (key, j),
                    (
                        f"row {j + 1} gives {measures[j]} for {where}, and row {i + 1} gives {measures[i]}, which is "
                        f"harder, for {dimension.name} {dimension.cells[cell[place]]}"
                    ),
                )


def _first_offences(declared: DeclaredSubject) -> Iterator[Fault]:
    """Steps that limit somebody after one offence that no person has confirmed."""
    for i, (row, box) in enumerate(zip(declared.steps, step_boxes(declared), strict=True)):
        if box[0] & 1 and box[1] & ((1 << CONFIRMED) - 1) and HARDNESS[row.measure] > FRICTION:
            yield (
                ("steps", i, "measure"),
                f"a first offence that no person has confirmed bears at most {MEASURES[FRICTION]}, not {row.measure}",
            )


def unreachable(declared: DeclaredSubject) -> Iterator[Fault]:
    """Measures of sound tables that nothing ever comes to: the other table never lets them be."""
    steps = [(box[1], row.measure) for row, box in zip(declared.steps, step_boxes(declared), strict=True)]
    limits = [(box[0], row.at_most) for row, box in zip(declared.limits, limit_boxes(declared), strict=True)]
    for i, (grades, measure) in enumerate(steps):
        highest = _hardest(limits, grades)
        if HARDNESS[measure] > HARDNESS[highest]:
            told = f"{measure} is never proposed: limits bear at most {highest} for these grades"
            yield ("steps", i, "measure"), told
    for i, (grades, measure) in enumerate(limits):
        highest = _hardest(steps, grades)
        if HARDNESS[measure] > HARDNESS[highest]:
            told = f"nothing comes to {measure}: steps propose at most {highest} for these grades"
            yield ("limits", i, "at_most"), told


def _hardest(rows: Sequence[tuple[int, str]], grades: int) -> str:
    """The hardest measure of the rows, each with its grades, that speak of one of some grades."""
    return max((measure for own, measure in rows if own & grades), key=HARDNESS.__getitem__)
