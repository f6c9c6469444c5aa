"""Segments: entries stay what they were however a ring grows and shrinks, and all it took is given back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import types

from bonafide.engine.arena import H_LIMIT, H_TOP, HEADER_WORDS
from bonafide.engine.features import layout as at
from bonafide.engine.features.segments import (
    SEGMENT,
    SHIFT,
    close_segments,
    entry_of,
    leave_segments,
    make_room,
    oldest_of,
)  # fmt: skip
from tests.engine.kit import compiled

WORDS = 2**17
ROW = HEADER_WORDS
TAIL, INLINE = ROW + at.ROW_FIXED, ROW + at.ROW_FIXED + 1
ROW_WORDS = 48
SHAPES = [(4, 6, 16), (4, 3, 8), (2, 9, 16), (1, 2, 2), (1, 3, 2)]
"""Entries inside the row, words of one, segments that the row can tell of."""


def run_segments(mem, plan, what, value):
    width, head = plan[at.F_ENTRY], mem[ROW + at.ROW_HEAD]
    oldest = oldest_of(mem, plan, 0, ROW)
    if what == 0:
        make_room(mem, plan, 0, ROW, oldest, head)
        place = entry_of(mem, ROW, head, width)
        mem[place] = value
        mem[place + width - 1] = ~value
        mem[ROW + at.ROW_HEAD] = head + 1
    elif what == 1:
        mem[TAIL] = oldest + value
        leave_segments(mem, plan, 0, ROW, oldest >> SHIFT, mem[TAIL] >> SHIFT)
    elif what == 2:
        close_segments(mem, plan, 0, ROW)
    else:
        return entry_of(mem, ROW, value, width)
    return np.int64(0)


@pytest.fixture(scope="module")
def run() -> Any:
    line = types.int64[::1]
    return compiled(types.int64(line, line, types.int64, types.int64), run_segments)


def fresh(shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    mem, plan = np.zeros(WORDS, dtype=np.int64), np.zeros(at.F_STRIDE, dtype=np.int64)
    mem[H_TOP], mem[H_LIMIT] = HEADER_WORDS + ROW_WORDS, WORDS
    plan[at.F_INLINE], plan[at.F_ENTRY], plan[at.F_SLOTS] = shape
    plan[at.F_WINDOWS], plan[at.R_TAIL], plan[at.R_INLINE] = 1, TAIL - ROW, INLINE - ROW
    return mem, plan


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SHAPES), st.lists(st.tuples(st.integers(0, 200), st.floats(0, 1)), max_size=12))
def test_entries_stay_what_they_were(run: Any, shape: tuple[int, int, int], steps: list[tuple[int, float]]) -> None:
    mem, plan = fresh(shape)
    first = count = 0
    for more, gone in steps:
        for _ in range(more):
            run(mem, plan, 0, 1000 + first + count)
            count += 1
        places = [run(mem, plan, 3, counter) for counter in range(first, first + count)]
        assert [mem[p] for p in places] == [1000 + counter for counter in range(first, first + count)]
        assert [~mem[p + shape[1] - 1] for p in places] == [mem[p] for p in places]
        left = int(gone * count)
        run(mem, plan, 1, left)
        first, count = first + left, count - left
    assert mem[ROW + at.ROW_HEAD] - mem[TAIL] == count


@pytest.mark.parametrize("shape", SHAPES)
def test_a_ring_takes_no_more_than_its_entries_need_and_gives_all_of_it_back(
    run: Any, shape: tuple[int, int, int]
) -> None:
    mem, plan = fresh(shape)
    tops = []
    for _ in range(4):
        for value in range(100 * SEGMENT):
            run(mem, plan, 0, value)
        run(mem, plan, 2, 0)
        assert mem[ROW + at.ROW_CAPACITY] == 0
        mem[TAIL] = mem[ROW + at.ROW_HEAD]
        tops.append(mem[H_TOP])
    assert len(set(tops)) == 1
    for value in range(5_000):
        run(mem, plan, 0, value)
        run(mem, plan, 1, 1)
    assert mem[H_TOP] == tops[0]
    lines = -(-SEGMENT * shape[1] // 8)
    assert tops[0] - HEADER_WORDS - ROW_WORDS <= 102 * 8 * (lines + (lines > 8)) + 4 * 128
