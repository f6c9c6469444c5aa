"""Inner functions compiled as parts of their callers answer as numba's own way of compiling them does."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from numba import types
from numba.core.compiler import Flags

from bonafide.engine import kernel, parts
from bonafide.engine.kernel import inner_as_part, inner_by_numba, pointer, shift
from bonafide.engine.parts import WholeCompiler

ROWS, WIDTH = 50, 3


def made_with(inner: Callable[..., Any], compiler: Any) -> Any:
    """A small kernel: three levels of calls, constants and numbers as arguments, pointers, a sum of floats."""

    @inner
    def mixed(number, times):
        return (number ^ np.uint64(0x9E3779B97F4A7C15)) * np.uint64(times)

    @inner
    def place(words, row, at):
        return shift(words, row * WIDTH + at)

    @inner
    def least(words, rows, at):
        found = place(words, 0, at)[0]
        for row in range(1, rows):
            found = min(found, place(words, row, at)[0])
        return found

    @inner
    def share(words, rows, at):
        total = 0.0
        for row in range(rows):
            total += place(words, row, at)[0] / place(words, row, 0)[0]
        return total

    signature = types.void(types.int64[:, ::1], types.float64[::1])

    @numba.njit(signature, nogil=True, error_model="numpy", _nrt=False, pipeline_class=compiler)
    def answer(table, out):
        words, rows = pointer(table), table.shape[0]
        out[0], out[1] = least(words, rows, 1), least(words, rows, 2)
        out[2], out[3] = share(words, rows, 1), share(words, rows, out.size - 4)
        out[4] = np.float64(mixed(np.uint64(table[0, 1]), 3) >> np.uint64(12))

    return answer, (mixed, place, least, share)


def answers(kernel_made: Any) -> bytes:
    """What a kernel answers about the same random numbers, to the bit."""
    table = np.random.Generator(np.random.PCG64(3)).integers(-(10**9), 10**9, (ROWS, WIDTH))
    out = np.zeros(5)
    kernel_made(table, out)
    assert out.all()
    return out.tobytes()


def test_kernels_use_parts_with_the_numba_that_is_installed() -> None:
    assert kernel.inner is inner_as_part
    assert kernel.WholeCompiler is not None


def test_both_ways_of_compiling_give_the_same_answers() -> None:
    ours, _ = made_with(inner_as_part, WholeCompiler)
    plain, _ = made_with(inner_by_numba, None)
    assert answers(ours) == answers(plain)


def test_an_inner_function_is_compiled_once_whatever_constants_it_is_called_with() -> None:
    _, ours = made_with(inner_as_part, WholeCompiler)
    _, plain = made_with(inner_by_numba, None)
    assert [len(function.signatures) for function in ours] == [1, 1, 1, 1]
    assert max(len(function.signatures) for function in plain) > 1


def test_a_function_that_calls_itself_is_refused() -> None:
    @inner_as_part
    def down(number):
        if number <= 0:
            return 0
        return down(number - 1)

    with pytest.raises(TypeError, match="down: functions of kernels do not call themselves"):
        numba.njit(types.int64(types.int64))(lambda number: down(number))


def test_parts_say_so_where_numba_has_not_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Flags, "no_compile")
    spec = importlib.util.spec_from_file_location("parts_again", parts.__file__)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(ImportError, match=r"numba has no Flags\.no_compile"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
