"""Expressions as programs: three-address instructions over registers, run by one fixed kernel.

An instruction is four words: operation, operand, operand, destination. Registers are float64: the constants first,
then temporaries. A condition is 1.0, 0.0 or NaN (unknown); a missing number is NaN. A new rule is new data for the
same kernel: nothing is compiled for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from math import floor, isnan, nan
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.fields import ABSENT, FIELDS, FRACTION_UNIT, TYPE_CODE, WORD_CODE
from bonafide.engine.kernel import inner
from bonafide.engine.rules.language import Apply, Equals, Missing, Name, Node, Number

LOCAL_HOUR: Final = len(FIELDS)
LOCAL_DAY: Final = LOCAL_HOUR + 1
TYPE: Final = LOCAL_DAY + 1
ROW_WIDTH: Final = TYPE + 1
"""Words of an event's row: every field of the schema, the derived ones, and the code of its type."""
PLACES: Final = {
    **{name: f.place for name, f in FIELDS.items()}, "local_hour": LOCAL_HOUR, "local_day": LOCAL_DAY, "type": TYPE,
}  # fmt: skip


class Op(IntEnum):
    """What an instruction does; `a` and `b` are registers unless said. The kernel tests by ranges, in this order."""

    FIELD = 0  # the number at place a, divided by b
    FEATURE = 1  # feature a
    SAME_AS_FIELD = 2  # the fields at places a and b are equal
    ONE_OF = 3  # the field at place a is among words[b + 1 : b + 1 + words[b]]
    ABSENT_FIELD = 4
    ABSENT_FEATURE = 5
    LT = 6
    LE = 7
    GT = 8
    GE = 9
    EQ = 10
    NE = 11
    AND = 12
    OR = 13
    NOT = 14
    ADD = 15
    SUB = 16
    MUL = 17
    DIV = 18
    MIN = 19
    MAX = 20
    ABS = 21
    COALESCE = 22
    ROUND_TO = 23
    IS_MISSING = 24  # whether register a is missing


FIELD, FEATURE, SAME_AS_FIELD, ONE_OF, ABSENT_FIELD, ABSENT_FEATURE, LT, LE, GT, GE, EQ, NE = (
    int(o) for o in list(Op)[:12]
)
AND, OR, NOT, ADD, SUB, MUL, DIV, MIN, MAX, ABS, COALESCE, ROUND_TO, IS_MISSING = (int(o) for o in list(Op)[12:])
_UNARY: Final = {"not": Op.NOT, "abs": Op.ABS, "is missing": Op.IS_MISSING}
_BINARY: Final = {
    "<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE, "==": Op.EQ, "!=": Op.NE, "and": Op.AND, "or": Op.OR,
    "+": Op.ADD, "-": Op.SUB, "*": Op.MUL, "/": Op.DIV, "min": Op.MIN, "max": Op.MAX, "coalesce": Op.COALESCE,
    "round_to": Op.ROUND_TO,
}  # fmt: skip


class Program(NamedTuple):
    """A compiled program: arrays for the kernel, and texts that become words when a secret is known."""

    code: NDArray[np.int64]
    """n x 4: operation, operand, operand, destination."""
    constants: NDArray[np.float64]
    """What the first registers hold."""
    results: NDArray[np.int64]
    """The register of each condition."""
    words: tuple[int | str, ...]
    """What fields are compared with: codes of words, flags, and texts still to be hashed."""
    registers: int

    def fresh_registers(self) -> NDArray[np.float64]:
        """Registers for a run: the constants, then room for the temporaries."""
        registers = np.zeros(self.registers)
        registers[: len(self.constants)] = self.constants
        return registers


class Builder:
    """Compiles conditions into one program; parts that several conditions share are computed once."""

    def __init__(self, features: Mapping[str, int]) -> None:
        self._features = features
        self._constants: dict[float, int] = {}
        self._code: list[tuple[Op, int, int]] = []
        self._words: list[int | str] = []
        self._results: list[int] = []
        self._seen: dict[Node, int] = {}

    def add(self, node: Node) -> int:
        """Compile one condition; returns its number in the program."""
        self._results.append(self._compile(node))
        return len(self._results) - 1

    @property
    def length(self) -> int:
        """Instructions so far."""
        return len(self._code)

    def build(self) -> Program:
        """The program of all conditions added so far."""
        base = len(self._constants)

        def register(operand: int) -> int:
            # The i-th instruction's result is known as -1 - i until the number of constants is.
            return base - 1 - operand if operand < 0 else operand

        rows = [(op, register(a), register(b), base + i) for i, (op, a, b) in enumerate(self._code)]
        return Program(
            np.array(rows, dtype=np.int64).reshape(-1, 4),
            np.array(list(self._constants), dtype=np.float64),
            np.array([register(r) for r in self._results], dtype=np.int64),
            tuple(self._words),
            base + len(rows),
        )

    def _emit(self, op: Op, a: int, b: int) -> int:
        self._code.append((op, a, b))
        return -len(self._code)

    def _compile(self, node: Node) -> int:
        if node not in self._seen:
            self._seen[node] = self._compile_new(node)
        return self._seen[node]

    def _compile_new(self, node: Node) -> int:
        match node:
            case Number(value):
                return self._constants.setdefault(value, len(self._constants))
            case Name(name) if name in self._features:
                return self._emit(Op.FEATURE, self._features[name], 0)
            case Name(name):
                fraction = name in FIELDS and FIELDS[name].kind == "fraction"
                return self._emit(Op.FIELD, PLACES[name], FRACTION_UNIT if fraction else 1)
            case Missing(name) if name in self._features:
                return self._emit(Op.ABSENT_FEATURE, self._features[name], 0)
            case Missing(name):
                return self._emit(Op.ABSENT_FIELD, PLACES[name], 0)
            case Equals(field, _, str() as other):
                return self._emit(Op.SAME_AS_FIELD, PLACES[field], PLACES[other])
            case Equals(field, values, None):
                return self._among(field, values)
            case Apply("not" | "abs" | "is missing" as name, (part,)):
                return self._emit(_UNARY[name], self._compile(part), 0)
            case Apply(name, parts):
                result = self._compile(parts[0])
                for part in parts[1:]:
                    result = self._emit(_BINARY[name], result, self._compile(part))
                return result
        raise AssertionError(f"no instruction for {node}")

    def _among(self, field: str, values: tuple[str | bool, ...]) -> int:
        at = len(self._words)
        codes = TYPE_CODE if field == "type" else WORD_CODE if FIELDS[field].kind == "word" else None
        words = [v if codes is None or isinstance(v, bool) else codes[v] for v in values]
        self._words += [len(words), *words]
        return self._emit(Op.ONE_OF, PLACES[field], at)


@inner
def _member(row, place, words, at):
    if row[place] == ABSENT:
        return nan
    for i in range(at + 1, at + 1 + words[at]):
        if words[i] == row[place]:
            return 1.0
    return 0.0


@inner
def _arithmetic(op, x, y):
    if op == ADD:
        return x + y
    if op == SUB:
        return x - y
    if op == MUL:
        return x * y
    if op == DIV:
        return x / y if y != 0.0 else nan
    if op == COALESCE:
        return y if isnan(x) else x
    if op == IS_MISSING:
        return 1.0 if isnan(x) else 0.0
    if op == ABS:
        return abs(x)
    if isnan(x) or isnan(y):
        return nan
    if op == ROUND_TO:
        return floor(x / y + 0.5) * y if y > 0.0 else nan
    return min(x, y) if op == MIN else max(x, y)


@inner
def _logic(op, x, y):
    if op == NOT:
        return 1.0 - x
    decisive = 0.0 if op == AND else 1.0
    if x == decisive or y == decisive:
        return decisive
    return x + y - x  # NaN when either is unknown


@inner
def _compare(op, x, y):
    if isnan(x) or isnan(y):
        return nan
    if op == LT:
        held = x < y
    elif op == LE:
        held = x <= y
    elif op == GT:
        held = x > y
    elif op == GE:
        held = x >= y
    elif op == EQ:
        held = x == y
    else:
        held = x != y
    return 1.0 if held else 0.0


@inner
def run(code, first, last, words, row, features, registers):
    """Run instructions first..last over an event's row and its features; every register of theirs is written."""
    for i in range(first, last):
        op, a, b, d = code[4 * i], code[4 * i + 1], code[4 * i + 2], code[4 * i + 3]
        if op == FEATURE:
            registers[d] = features[a]
        elif op == FIELD:
            registers[d] = nan if row[a] == ABSENT else row[a] / b
        elif op >= ADD:
            registers[d] = _arithmetic(op, registers[a], registers[b])
        elif op >= AND:
            registers[d] = _logic(op, registers[a], registers[b])
        elif op >= LT:
            registers[d] = _compare(op, registers[a], registers[b])
        elif op == ONE_OF:
            registers[d] = _member(row, a, words, b)
        elif op == SAME_AS_FIELD:
            absent = row[a] == ABSENT or row[b] == ABSENT
            registers[d] = nan if absent else 1.0 if row[a] == row[b] else 0.0
        elif op == ABSENT_FIELD:
            registers[d] = 1.0 if row[a] == ABSENT else 0.0
        else:
            registers[d] = 1.0 if isnan(features[a]) else 0.0
