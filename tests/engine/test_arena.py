"""The arena: what it hands out never overlaps, is zeroed, and is handed out again once it was given back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import types

from bonafide.engine.arena import (
    BLOCK_CLASSES,
    FAMILIES_MAX,
    H_FREE_BLOCKS,
    H_FREE_ROWS,
    H_LARGEST,
    H_LIMIT,
    H_TOP,
    HEADER_WORDS,
    LINE,
    allocate,
    allocate_row,
    block_class,
    block_size,
    has_room,
    release,
    release_row,
)  # fmt: skip
from tests.engine.kit import compiled

WORDS = 2**16
ROW_WORDS = (8, 24, 40)
SIZES = [LINE * lines for lines in (1, 2, 3)] + [LINE * (steps << e) for e in range(40) for steps in (4, 5, 6, 7)]
MARK = -77


def run_arena(mem, what, words, at):
    if what == 0:
        return allocate(mem, words)
    if what == 1:
        release(mem, at, words)
    elif what == 2:
        return allocate_row(mem, at, words)
    elif what == 3:
        release_row(mem, words, at)
    elif what == 4:
        return block_class(words)
    elif what == 6:
        return block_size(words)
    return np.int64(has_room(mem, words, at))


@pytest.fixture(scope="module")
def run() -> Any:
    return compiled(types.int64(types.int64[::1], types.int64, types.int64, types.int64), run_arena)


def fresh() -> np.ndarray:
    mem = np.zeros(WORDS, dtype=np.int64)
    mem[H_TOP], mem[H_LIMIT] = HEADER_WORDS, WORDS
    return mem


STEP = st.tuples(st.sampled_from(["block", "row", "back"]), st.integers(1, 300), st.integers(0, 99))


@settings(max_examples=200)
@given(st.lists(STEP, max_size=80))
def test_what_is_handed_out_never_overlaps(run: Any, steps: list[tuple[str, int, int]]) -> None:
    mem = fresh()
    held: list[tuple[int, int, int]] = []  # where, words, family or -1
    most = 0
    for kind, words, choice in steps:
        if kind == "back":
            if held:
                at, words, family = held.pop(choice % len(held))
                assert (mem[at : at + words] == MARK).all(), "somebody else wrote here"
                run(mem, *((1, words, at) if family < 0 else (3, family, at)))
        elif kind == "row":
            family = choice % len(ROW_WORDS)
            held.append((run(mem, 2, ROW_WORDS[family], family), ROW_WORDS[family], family))
        else:
            held.append((run(mem, 0, words, 0), words, -1))
        if kind != "back":
            at, words, _ = held[-1]
            assert at % LINE == 0
            assert HEADER_WORDS <= at <= at + words <= mem[H_TOP]
            assert not mem[at : at + words].any(), "not zeroed"
            mem[at : at + words] = MARK
        most = max(most, sum(size_of(words) if family < 0 else words for _, words, family in held))
    assert all((mem[at : at + words] == MARK).all() for at, words, _ in held)
    assert mem[H_TOP] >= HEADER_WORDS + most


def size_of(words: int) -> int:
    """Words of the block that holds so many."""
    return next(size for size in SIZES if size >= words)


@given(st.integers(1, 2**12) | st.integers(1, 2**40))
def test_a_block_is_of_the_smallest_size_that_holds_it(run: Any, words: int) -> None:
    c = run(fresh(), 4, words, 0)
    assert SIZES[c] == size_of(words)
    assert run(fresh(), 6, c, 0) == size_of(words)
    assert c < BLOCK_CLASSES


@given(st.integers(32, 2**40))
def test_less_than_a_quarter_of_a_block_is_wasted_and_twice_the_words_take_twice_the_block(words: int) -> None:
    assert 4 * (size_of(words) - words) <= size_of(words) + 4 * LINE
    assert size_of(2 * size_of(words)) == 2 * size_of(words)


def test_the_header_has_room_for_every_free_list() -> None:
    assert H_FREE_ROWS + FAMILIES_MAX <= H_FREE_BLOCKS
    assert H_FREE_BLOCKS + BLOCK_CLASSES <= HEADER_WORDS


def test_what_was_given_back_is_used_before_fresh_memory(run: Any) -> None:
    mem = fresh()
    blocks = [run(mem, 0, 100, 0) for _ in range(5)]
    rows = [run(mem, 2, 24, 1) for _ in range(5)]
    top = mem[H_TOP]
    for block, row in zip(blocks, rows, strict=True):
        run(mem, 1, 100, block)
        run(mem, 3, 1, row)
    assert {run(mem, 0, 104, 0) for _ in range(5)} == set(blocks)
    assert {run(mem, 2, 24, 1) for _ in range(5)} == set(rows)
    assert mem[H_TOP] == top
    assert run(mem, 2, 24, 2) == top


def test_there_is_room_while_every_ring_could_still_double(run: Any) -> None:
    mem = fresh()
    run(mem, 0, 64, 0)
    assert mem[H_LARGEST] == 64
    needed = mem[H_TOP] + 50 + 2 * 3 * 64
    for limit, expected in ((needed, 0), (needed + 1, 1)):
        mem[H_LIMIT] = limit
        assert run(mem, 5, 50, 3) == expected
