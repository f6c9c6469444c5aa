"""The program kernel against its plain-Python twin, on random well-typed expressions: equal, unknowns included."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numba import types

from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, WORD_CODE
from bonafide.engine.compiled import hash_words
from bonafide.engine.kernel import pointer
from bonafide.engine.kernels import load_kernels
from bonafide.engine.rules.language import Apply, Node, parse
from bonafide.engine.rules.machine import COLUMN, run, run_columns
from bonafide.engine.rules.operations import LOCAL_DAY, LOCAL_HOUR, ROW_WIDTH, TYPE, Op
from bonafide.engine.rules.program import Builder
from bonafide.engine.siphash import HashKey
from bonafide.testing.rules_twin import Value, evaluate
from tests.engine.kit import SECRET, compiled
from tests.engine.rules.expressions import FEATURES, IDS, VOCABULARY, answers, conditions, numbers, records


def run_both(code, words, rows, answers, columns, registers):
    """One event after the other, and all at once: columns are left as they are, registers get a row per event."""
    for i in range(rows.shape[0]):
        run(pointer(code), 0, code.shape[0], pointer(words), pointer(rows[i]), pointer(registers[i]))
    run_columns(pointer(code), 0, code.shape[0], pointer(words), pointer(rows), rows.shape[0], pointer(columns))


@pytest.fixture(scope="module")
def kernel() -> Any:
    line, table, floats = types.int64[::1], types.int64[:, ::1], types.float64[:, ::1]
    return compiled(types.void(table, line, table, floats, types.float64[::1], floats), run_both)


def row_of(record: Mapping[str, Any], key: HashKey) -> np.ndarray:
    """A record as the kernel reads it."""
    row = np.full((1, ROW_WIDTH), ABSENT, dtype=np.int64)
    row[0, TYPE] = TYPE_CODE[record["type"]]
    row[0, LOCAL_HOUR], row[0, LOCAL_DAY] = record["local_hour"], record["local_day"]
    for name, value in record.items():
        if name in FIELDS and FIELDS[name].kind == "text":
            load_kernels().hash_texts(value.encode(), row, FIELDS[name].place, key)
        elif name in FIELDS:
            row[0, FIELDS[name].place] = WORD_CODE[value] if FIELDS[name].kind == "word" else value
    return row[0]


COLUMNS = {name: i for i, name in enumerate(FEATURES)}


def known_of(features: Mapping[str, float | None]) -> list[float]:
    return [math.nan if features[name] is None else features[name] for name in FEATURES]


def values_of(nodes: Sequence[Node], record: Mapping[str, Any], features: Mapping[str, float | None]) -> list[float]:
    """What one program of all these expressions gives for each."""
    builder = Builder(COLUMNS)
    for node in nodes:
        builder.add(node)
    program, key = builder.build(), np.frombuffer(SECRET, dtype="<u8")
    registers = program.fresh_registers()
    load_kernels().evaluate(
        program.code, hash_words(program.words, key, load_kernels().hash_texts), row_of(record, key),
        np.array(known_of(features)), registers,
    )  # fmt: skip
    return registers[program.results].tolist()


def truths_of(kernel: Any, nodes: Sequence[Node], cases: Sequence[tuple[Mapping[str, Any], Any]]) -> list[list[bool]]:
    """Whether each rule holds, once event by event and once by columns, which must be the same."""
    builder = Builder(COLUMNS, skips=True)
    for node in nodes:
        builder.add(node)
    program, key = builder.build(), np.frombuffer(SECRET, dtype="<u8")
    rows = np.array([row_of(record, key) for record, _ in cases])
    answers = np.array([known_of(features) for _, features in cases])
    registers = np.tile(program.fresh_registers(), (len(cases), 1))
    registers[:, : len(FEATURES)] = answers
    columns = np.repeat(program.fresh_registers(), COLUMN).reshape(-1, COLUMN)
    columns[: len(FEATURES), : len(cases)] = answers.T
    words = hash_words(program.words, key, load_kernels().hash_texts)
    flat = columns.reshape(-1)
    kernel(program.code, words, rows, answers, flat, registers)
    single = (registers[:, program.results] == 1.0).tolist()
    assert (flat.reshape(-1, COLUMN)[program.results, : len(cases)].T == 1.0).tolist() == single
    return single


def assert_equal(nodes: Sequence[Node], record: Mapping[str, Any], features: Mapping[str, Any]) -> None:
    for node, want, got in zip(nodes, twins(nodes, record, features), values_of(nodes, record, features), strict=True):
        assert (want is None and math.isnan(got)) or got == want, (node, record, features, want, got)


def twins(nodes: Sequence[Node], record: Mapping[str, Any], features: Mapping[str, Any]) -> list[Value]:
    try:
        return [evaluate(node, record, features) for node in nodes]
    except OverflowError:  # the twin rounds to whole numbers by way of integers, which have no infinity
        assume(False)
        raise


NOTHING = dict.fromkeys(FEATURES)
BARE = {"type": "payment", "local_hour": 0, "local_day": 20_000}


@settings(max_examples=400)
@given(st.lists(conditions, min_size=1, max_size=4), records, answers)
@example(["amount / amount > 0", "not (amount / 0 == 1)"], BARE | {"amount": 0}, NOTHING)
@example(["user_id == device_id", "not user_id == device_id"], BARE | {"user_id": "u1"}, NOTHING)
@example(["f0 is missing and f0 > 1", "f0 is not missing or f0 > 1"], BARE, NOTHING)
@example(["round_to(amount, 100) == 300"], BARE | {"amount": 250}, NOTHING)
@example(["round_to(-amount, 100) == -200"], BARE | {"amount": 250}, NOTHING)
@example(["round_to(amount, 0) == 0", "round_to(amount, -1) == 0"], BARE | {"amount": 250}, NOTHING)
@example(["1 < f0 <= 2", "f0 == f0"], BARE, NOTHING | {"f0": 2.0})
def test_conditions(texts: list[str], record: Mapping[str, Any], features: Mapping[str, float | None]) -> None:
    assert_equal([parse(text, VOCABULARY) for text in texts], record, features)


@settings(max_examples=300)
@given(st.lists(conditions, min_size=1, max_size=6), st.lists(st.tuples(records, answers), min_size=1, max_size=6))
def test_rules_hold_where_their_twins_do(kernel: Any, texts: list[str], cases: list[tuple[Any, Any]]) -> None:
    """Left early or by columns, a rule holds exactly where its condition is true."""
    nodes = [parse(text, VOCABULARY) for text in texts]
    wanted = [[value is not None and bool(value) for value in twins(nodes, *case)] for case in cases]
    assert truths_of(kernel, nodes, cases) == wanted


@settings(max_examples=200)
@given(numbers, records, answers)
def test_numbers(text: str, record: Mapping[str, Any], features: Mapping[str, float | None]) -> None:
    """The number itself, not only how it compares: its twin's, bit by bit."""
    compared = parse(f"{text} > 0", VOCABULARY)
    assert isinstance(compared, Apply)
    assert_equal([compared.parts[0]], record, features)


@settings(max_examples=60)
@given(st.lists(st.sampled_from([*IDS[:2], *(f"x{i}" for i in range(40))]), min_size=1, max_size=40), records)
def test_long_lists(values: list[str], record: Mapping[str, Any]) -> None:
    """A long group is halved, a short one scanned."""
    assert_equal([parse(f"user_id in {values!r}", VOCABULARY)], record, NOTHING)


def test_shared_parts_are_computed_once() -> None:
    builder = Builder({}, skips=True)
    for text in ("amount * 2 > 10 and goods == 'virtual'", "amount * 2 > 11 or goods == 'virtual'", "amount * 2 > 10"):
        builder.add(parse(text))
    ops = [Op(op) for op in builder.build().code[:, 0]]
    assert Counter(ops) == {
        Op.FIELD: 1,
        Op.MUL: 1,
        Op.GT: 2,
        Op.ONE_OF: 1,
        Op.AND: 1,
        Op.OR: 1,
        Op.SKIP: 1,
        Op.COALESCE: 2,
    }


def test_what_lies_behind_a_gate_is_computed_again(kernel: Any) -> None:
    """The first rule is left before `amount > 1` is looked at; the second still knows it."""
    nodes = [parse(text) for text in ("success and amount > 1 and amount < 9", "amount > 1 or credit_used > 1")]
    assert truths_of(kernel, nodes, [(BARE | {"amount": 5, "success": False}, NOTHING)]) == [[False, True]]


TRUTHS = {"amount > 1": True, "amount < 1": False, "credit_used > 1": None}


@pytest.mark.parametrize("left", TRUTHS)
@pytest.mark.parametrize("right", TRUTHS)
def test_logic_is_three_valued(left: str, right: str) -> None:
    """Kleene: false wins over unknown in `and`, true in `or`; not unknown is unknown."""
    a, b = TRUTHS[left], TRUTHS[right]
    both = False if False in (a, b) else None if None in (a, b) else True
    either = True if True in (a, b) else None if None in (a, b) else False
    opposite = None if a is None else not a
    nodes = [parse(text) for text in (f"{left} and {right}", f"{left} or {right}", f"not ({left})")]
    got = values_of(nodes, BARE | {"amount": 5}, NOTHING)
    assert [None if math.isnan(value) else bool(value) for value in got] == [both, either, opposite]
