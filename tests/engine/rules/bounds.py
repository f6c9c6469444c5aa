"""Whether everything that a program tells the kernel to read and write lies where it may."""

from __future__ import annotations

from bonafide.engine.rules.operations import ON_ONE, ROW_WIDTH, Op
from bonafide.engine.rules.program import Program


def assert_in_bounds(program: Program) -> None:
    """Every operand of every instruction, by what the operation takes it for."""
    given = program.features + len(program.constants)
    groups = group_starts(program.words)
    assert program.fresh_registers().shape == (program.registers,)
    for at, (code, a, b, d) in enumerate(program.code.tolist()):
        op = Op(code)
        if op == Op.SKIP:
            assert 0 <= a < program.registers
            assert at < b <= len(program.code)  # forwards only: every program ends
            continue
        assert given <= d < program.registers  # features and constants are never written
        match op:
            case Op.FIELD:
                assert 0 <= a < ROW_WIDTH
                assert b >= 1
            case Op.SAME_AS_FIELD:
                assert 0 <= a < ROW_WIDTH
                assert 0 <= b < ROW_WIDTH
            case Op.ONE_OF:
                assert 0 <= a < ROW_WIDTH
                assert b in groups
            case Op.ABSENT_FIELD:
                assert 0 <= a < ROW_WIDTH
            case _:
                assert 0 <= a < program.registers
                assert op in ON_ONE or 0 <= b < program.registers
    assert all(given <= result < program.registers for result in program.results.tolist())


def group_starts(words: tuple[int | str, ...]) -> set[int]:
    """Where groups of words begin; each lies within the words."""
    starts, at = set(), 0
    while at < len(words):
        size = words[at]
        assert isinstance(size, int)
        assert size >= 0
        starts.add(at)
        at += 1 + size
    assert at == len(words)
    return starts
