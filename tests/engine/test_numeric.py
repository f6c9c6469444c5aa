"""Exact arithmetic, rounded once: bit for bit what Python's integers and fractions say."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import types

from bonafide.core.fields import FRACTION_UNIT
from bonafide.engine.numeric import deviation, divide, multiply_wide, quotient, wide_to_double
from tests.engine.kit import compiled

WORD = 2**64
ROOT_BITS = 300
"""Extra bits of a square root, so that rounding it to a float64 is right."""


def run_quotient(total, by):
    return quotient(total, by)


def run_deviation(count, total, high, low, unit):
    return deviation(count, total, high, low, unit)


def run_multiply(a, b, out):
    out[0], out[1] = multiply_wide(a, b)


def run_divide(high, low, by):
    s, e = wide_to_double(high, low)
    return divide(s, e, by)


@pytest.fixture(scope="module")
def run() -> dict[str, Any]:
    word, number = types.int64, types.float64
    return {
        "quotient": compiled(number(word, word), run_quotient),
        "deviation": compiled(number(word, word, word, word, word), run_deviation),
        "multiply": compiled(types.void(word, word, types.uint64[::1]), run_multiply),
        "divide": compiled(number(word, word, number), run_divide),
    }


def signed(word: int) -> int:
    """The 64-bit word that stands for an unsigned one."""
    return word - WORD if word >= WORD // 2 else word


WORDS = st.one_of(st.integers(0, 2**63 - 1), st.integers(0, 2**53 + 10), st.integers(2**53 - 5, 2**53 + 5))
COUNTS = st.one_of(st.integers(1, 200), st.integers(1, 2**23))


@given(WORDS, COUNTS, st.sampled_from([1, FRACTION_UNIT]))
@example(2**63 - 1, 1, 1)
@example(2**63 - 1, 3, 1)
@example(2**53 + 1, 1, 1)
@example(2**54 + 2, 2, 1)
@example(2**54 + 6, 4, 1)
@example(1, 2**23, FRACTION_UNIT)
def test_a_quotient_is_rounded_once(run: dict[str, Any], total: int, count: int, unit: int) -> None:
    by = count * unit
    assert run["quotient"](total, by) == float(Fraction(total, by))


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=40),
    st.integers(1, 250_000),
    st.sampled_from([1, FRACTION_UNIT]),
)
@example([10**12, 10**12 - 1], 250_000, 1)
@example([10**12], 8_000_000, 1)
@example([0, 1], 1, FRACTION_UNIT)
@example([3], 7, 1)
def test_a_deviation_is_rounded_once(run: dict[str, Any], values: list[int], times: int, unit: int) -> None:
    """Of values that each come `times` times: sums of squares of up to a hundred bits and more."""
    count, total, squares = len(values) * times, sum(values) * times, sum(v * v for v in values) * times
    if count * squares >= 2**128 or total >= 2**63 or count * unit > 2**53:
        return
    got = run["deviation"](count, total, signed(squares >> 64), signed(squares % WORD), unit)
    square = count * squares - total**2
    assert got == float(Fraction(isqrt(square << (2 * ROOT_BITS)), (count * unit) << ROOT_BITS))


@given(st.integers(0, WORD - 1), st.integers(0, WORD - 1))
@example(WORD - 1, WORD - 1)
@example(2**32 - 1, 2**32 + 1)
def test_a_product_has_all_its_bits(run: dict[str, Any], a: int, b: int) -> None:
    out = np.zeros(2, dtype=np.uint64)
    run["multiply"](signed(a), signed(b), out)
    assert int(out[0]) * WORD + int(out[1]) == a * b


@given(st.integers(0, 2**127), st.integers(1, 2**53))
def test_a_wide_integer_is_divided_to_the_nearest(run: dict[str, Any], value: int, by: int) -> None:
    assert run["divide"](signed(value >> 64), signed(value % WORD), float(by)) == float(Fraction(value, by))
