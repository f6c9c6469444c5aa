"""The program kernel against its plain-Python twin, on random well-typed expressions: equal, unknowns included."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numba import types

from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, WORD_CODE
from bonafide.engine.compiled import Compiled
from bonafide.engine.features.plan import compile_features
from bonafide.engine.kernel import pointer
from bonafide.engine.kernels import load_kernels
from bonafide.engine.rules.language import Apply, Node, Number, parse
from bonafide.engine.rules.program import LOCAL_DAY, LOCAL_HOUR, ROW_WIDTH, TYPE, Builder, run
from bonafide.testing.rules_twin import Value, evaluate
from tests.engine.kit import SECRET, SETTINGS, compiled
from tests.engine.rules.expressions import FEATURES, answers, conditions, numbers, records


def run_program(code, words, row, features, registers):
    run(pointer(code), 0, code.shape[0], pointer(words), pointer(row), pointer(features), pointer(registers))


@pytest.fixture(scope="module")
def kernel() -> Any:
    line, table, floats = types.int64[::1], types.int64[:, ::1], types.float64[::1]
    return compiled(types.void(table, line, line, floats, floats), run_program)


def row_of(record: Mapping[str, Any], key: tuple[np.uint64, np.uint64]) -> np.ndarray:
    """A record as the kernel reads it."""
    row = np.full((1, ROW_WIDTH), ABSENT, dtype=np.int64)
    row[0, TYPE] = TYPE_CODE[record["type"]]
    row[0, LOCAL_HOUR], row[0, LOCAL_DAY] = record["local_hour"], record["local_day"]
    for name, value in record.items():
        if name in FIELDS and FIELDS[name].kind == "text":
            load_kernels().hash_texts(np.frombuffer(value.encode(), dtype=np.uint8), row, FIELDS[name].place, *key)
        elif name in FIELDS:
            row[0, FIELDS[name].place] = WORD_CODE[value] if FIELDS[name].kind == "word" else value
    return row[0]


def values_of(
    kernel: Any, nodes: Sequence[Node], record: Mapping[str, Any], features: Mapping[str, float | None]
) -> list[float]:
    """What one program of all these expressions gives for each."""
    builder = Builder({name: i for i, name in enumerate(FEATURES)})
    plan = compile_features([], builder)
    places = [builder.add(node) for node in nodes]
    program = builder.build()
    bound = Compiled(plan, program, (), (), 0, SETTINGS).bind(SECRET, load_kernels().hash_texts)
    known = np.array([math.nan if features[name] is None else features[name] for name in FEATURES])
    kernel(bound.code, bound.words, row_of(record, bound.key), known, bound.registers)
    return [float(bound.registers[program.results[place]]) for place in places]


def assert_equal(kernel: Any, nodes: Sequence[Node], record: Mapping[str, Any], features: Mapping[str, Any]) -> None:
    try:
        expected: list[Value] = [evaluate(node, record, features) for node in nodes]
    except OverflowError:  # the twin rounds to whole numbers by way of integers, which have no infinity
        assume(False)
        raise
    for node, want, got in zip(nodes, expected, values_of(kernel, nodes, record, features), strict=True):
        assert (want is None and math.isnan(got)) or got == want, (node, record, features, want, got)


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
def test_conditions(
    kernel: Any, texts: list[str], record: Mapping[str, Any], features: Mapping[str, float | None]
) -> None:
    assert_equal(kernel, [parse(text, FEATURES) for text in texts], record, features)


@settings(max_examples=200)
@given(numbers, records, answers)
def test_numbers(kernel: Any, text: str, record: Mapping[str, Any], features: Mapping[str, float | None]) -> None:
    """The number itself, not only how it compares: its twin's, bit by bit."""
    compared = parse(f"{text} > 0", FEATURES)
    assert isinstance(compared, Apply)
    assert_equal(kernel, [compared.parts[0]], record, features)


def test_shared_parts_are_computed_once() -> None:
    builder = Builder({})
    for text in ("amount * 2 > 10 and goods == 'virtual'", "amount * 2 > 11 or goods == 'virtual'", "amount * 2 > 10"):
        builder.add(parse(text))
    assert len(builder.build().code) == len(["amount", "* 2", "> 10", "goods", "and", "> 11", "or"])


TRUTHS = {"amount > 1": True, "amount < 1": False, "credit_used > 1": None}


@pytest.mark.parametrize("left", TRUTHS)
@pytest.mark.parametrize("right", TRUTHS)
def test_logic_is_three_valued(kernel: Any, left: str, right: str) -> None:
    """Kleene: false wins over unknown in `and`, true in `or`; not unknown is unknown."""
    a, b = TRUTHS[left], TRUTHS[right]
    both = False if False in (a, b) else None if None in (a, b) else True
    either = True if True in (a, b) else None if None in (a, b) else False
    opposite = None if a is None else not a
    nodes = [parse(text) for text in (f"{left} and {right}", f"{left} or {right}", f"not ({left})")]
    got = values_of(kernel, nodes, BARE | {"amount": 5}, NOTHING)
    assert [None if math.isnan(value) else bool(value) for value in got] == [both, either, opposite]


def test_a_constant_is_itself(kernel: Any) -> None:
    assert values_of(kernel, [Number(7.25), Number(-0.5)], BARE, NOTHING) == [7.25, -0.5]
