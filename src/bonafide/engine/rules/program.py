"""Conditions as programs: three-address instructions over registers, run by one fixed kernel (`machine`).

An instruction is four words: operation, operand, operand, destination. A new rule is new data for the same kernel:
nothing is compiled for it, and every index in it is made here, within its bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.fields import FIELDS, TYPE_CODE, WORD_CODE
from bonafide.engine.rules.language import Apply, Equals, Missing, Name, Node, Number, unit_of_field
from bonafide.engine.rules.operations import BINARY, ON_ONE, ON_ROW, PLACES, UNARY, Op

Word = int | str
_FEATURE, _CONSTANT, _VALUE = 0, 1, 2
Operand = tuple[int, int]
"""What kind of register, and which of its kind: features and constants are given, values are computed."""


class Program(NamedTuple):
    """A compiled program: arrays for the kernel, and texts that become words when a secret is known."""

    code: NDArray[np.int64]
    """n x 4: operation, operand, operand, destination."""
    features: int
    """How many of the first registers are the event's features."""
    constants: NDArray[np.float64]
    """What the registers after the features hold."""
    results: NDArray[np.int64]
    """The registers of the conditions, one after the other, in the order in which they were added."""
    words: tuple[Word, ...]
    """What fields are compared with, group by group, each preceded by its size: codes of words, flags, and texts
    still to be hashed."""
    registers: int

    @property
    def first_result(self) -> int:
        """The register of the first condition."""
        return self.features + len(self.constants)

    def moved(self, code: int, words: int) -> NDArray[np.int64]:
        """The code as it stands behind that many instructions and words of another program."""
        moved = self.code.copy()
        moved[moved[:, 0] == Op.SKIP, 2] += code
        moved[moved[:, 0] == Op.ONE_OF, 2] += words
        return moved

    def fresh_registers(self) -> NDArray[np.float64]:
        """Registers for a run: room for the features, the constants, room for everything else."""
        registers = np.zeros(self.registers)
        registers[self.features : self.features + len(self.constants)] = self.constants
        return registers


class Builder:
    """Compiles conditions into one program; parts that several conditions share are computed once.

    With `skips`, a condition `a and b and c` is left as soon as a part is not true, and its result is then 0.0, which
    says no more than that it does not hold: enough for a rule, not for a condition whose unknown is told apart, nor
    for a number, which are added as `whole`.
    """

    def __init__(self, features: Mapping[str, int], *, skips: bool = False) -> None:
        self.columns = features
        """Feature -> its register."""
        self._skips = skips
        self._conditions: list[Node] = []
        self._whole: set[int] = set()
        self.places: dict[str, tuple[int, int]] = {}
        """Other names -> where in an event's row they stand, and by what they are divided there."""

    def add(self, node: Node, *, whole: bool = False) -> int:
        """Add a condition, or as `whole` any expression; returns its number in the program."""
        self._conditions.append(node)
        if whole:
            self._whole.add(len(self._conditions) - 1)
        return len(self._conditions) - 1

    def build(self) -> Program:
        """The program of all conditions added so far."""
        made = _Assembly(self.columns, self.places)
        if self._skips:
            for node in _shared(self._conditions):
                made.value(node)
        for number, node in enumerate(self._conditions):
            made.condition(number, node, skips=self._skips and number not in self._whole)
        return made.program(len(self._conditions))


class _Step(NamedTuple):
    op: Op
    a: Operand | int
    """An operand, or a number where the operation takes one."""
    b: Operand | int
    result: int | None
    """The condition whose result this is; None for a value that later steps read."""


class _Assembly:
    """Instructions in the making: what each computes is a value, and values become registers at the end."""

    def __init__(self, features: Mapping[str, int], places: Mapping[str, tuple[int, int]]) -> None:
        self._features = features
        self._places = places
        self._constants: dict[float, int] = {}
        self._steps: list[_Step] = []
        self._words: list[Word] = []
        self._groups: dict[tuple[Word, ...], int] = {}
        self._seen: dict[Node, Operand] = {}

    def condition(self, number: int, node: Node, *, skips: bool) -> None:
        """Compile a condition into its result's register."""
        parts = node.parts if skips and isinstance(node, Apply) and node.op == "and" else (node,)
        gates: list[int] = []
        known = dict(self._seen)
        values: list[Operand] = []
        for part in parts:
            values.append(self.value(part))
            if part is not parts[-1]:
                gates.append(len(self._steps))
                self._emit(Op.SKIP, values[-1], 0)
        for left in values[1:-1]:
            values[0] = self._emit(Op.AND, values[0], left)
        # Of one part the result is a copy: a value's register may soon hold another's.
        self._emit(Op.COALESCE if len(values) == 1 else Op.AND, values[0], values[-1], number)
        for gate in gates:
            self._steps[gate] = self._steps[gate]._replace(b=len(self._steps))
        if gates:
            # What lies behind a gate may not have been computed when another condition wants it.
            self._seen = known

    def value(self, node: Node) -> Operand:
        """Compile an expression, unless it was before."""
        if node not in self._seen:
            self._seen[node] = self._compile(node)
        return self._seen[node]

    def _emit(self, op: Op, a: Operand | int, b: Operand | int, result: int | None = None) -> Operand:
        self._steps.append(_Step(op, a, b, result))
        return _VALUE, len(self._steps) - 1

    def _compile(self, node: Node) -> Operand:
        match node:
            case Number(number):
                return _CONSTANT, self._constants.setdefault(number, len(self._constants))
            case Name(name) if name in self._features:
                return _FEATURE, self._features[name]
            case Name(name) if name in self._places:
                return self._emit(Op.FIELD, *self._places[name])
            case Name(name):
                return self._emit(Op.FIELD, PLACES[name], unit_of_field(name))
            case Missing(name) if name in self._features:
                return self._emit(Op.IS_MISSING, (_FEATURE, self._features[name]), (_FEATURE, self._features[name]))
            case Missing(name):
                place = self._places[name][0] if name in self._places else PLACES[name]
                return self._emit(Op.ABSENT_FIELD, place, 0)
            case Equals(field=field, other=str() as other):
                return self._emit(Op.SAME_AS_FIELD, PLACES[field], PLACES[other])
            case Equals(field=field, values=values):
                return self._emit(Op.ONE_OF, PLACES[field], self._group(field, values))
            case Apply(op, (part,)) if op in UNARY:
                value = self.value(part)
                return self._emit(UNARY[op], value, value)
            case Apply(op, parts):
                total = self.value(parts[0])
                for part in parts[1:]:
                    total = self._emit(BINARY[op], total, self.value(part))
                return total
        raise AssertionError(f"no instruction for {node}")

    def _group(self, field: str, values: tuple[str | bool, ...]) -> int:
        codes = TYPE_CODE if field == "type" else WORD_CODE if FIELDS[field].kind == "word" else None
        words: tuple[Word, ...]
        if codes is None:
            words = tuple(v if isinstance(v, str) else int(v) for v in values)
        else:  # a list that the log has changed may hold what is no word of the field
            words = tuple(codes[v] for v in values if isinstance(v, str) and v in codes)
        if words not in self._groups:
            self._groups[words] = len(self._words)
            self._words += [len(words), *words]
        return self._groups[words]

    def program(self, conditions: int) -> Program:
        """The program; a register serves another value once nothing reads the one that it held."""
        constants = max(self._features.values(), default=-1) + 1
        results = constants + len(self._constants)
        first = results + conditions
        places = _places(self._steps, first)
        bases = {_FEATURE: 0, _CONSTANT: constants}

        def word(operand: Operand | int) -> int:
            if isinstance(operand, int):
                return operand
            kind, number = operand
            return places[number] if kind == _VALUE else bases[kind] + number

        code = [
            (step.op, word(step.a), word(step.b), places[i] if step.result is None else results + step.result)
            for i, step in enumerate(self._steps)
        ]  # fmt: skip
        return Program(
            np.array(code, dtype=np.int64).reshape(-1, 4), constants, np.array(list(self._constants), dtype=np.float64),
            np.arange(results, first, dtype=np.int64), tuple(self._words), max([first, *(p + 1 for p in places)]),
        )  # fmt: skip


def _places(steps: Sequence[_Step], first: int) -> list[int]:
    """A register from `first` on for the value of each step, free again after the last step that reads it."""
    last = {number: i for i, step in enumerate(steps) for number in _reads(step)}
    free: list[int] = []
    top = first
    places: list[int] = []
    for i, step in enumerate(steps):
        # An operand's register may be the result's: a step reads before it writes.
        free += sorted({places[number] for number in _reads(step) if last[number] == i}, reverse=True)
        if step.op == Op.SKIP or step.result is not None:
            places.append(first)
        elif free:
            places.append(free.pop())
        else:
            places.append(top)
            top += 1
    return places


def _reads(step: _Step) -> Iterator[int]:
    """The values that a step reads."""
    if step.op not in ON_ROW:
        for operand in (step.a,) if step.op in ON_ONE else (step.a, step.b):
            if not isinstance(operand, int) and operand[0] == _VALUE:
                yield operand[1]


def _shared(conditions: Sequence[Node]) -> list[Node]:
    """The largest parts that stand in several conditions, in the order in which they are met."""
    counts: Counter[Node] = Counter()
    for node in conditions:
        counts.update(set(_parts(node)))
    found: dict[Node, None] = {}
    for node in conditions:
        _collect(node, counts, found)
    return list(found)


def _collect(node: Node, counts: Counter[Node], found: dict[Node, None]) -> None:
    if counts[node] > 1 and not isinstance(node, Number):
        found[node] = None
    elif isinstance(node, Apply):
        for part in node.parts:
            _collect(part, counts, found)


def _parts(node: Node) -> Iterator[Node]:
    """An expression and everything in it."""
    yield node
    if isinstance(node, Apply):
        for part in node.parts:
            yield from _parts(part)
