"""The index against a dictionary: filled, split, swept, filled again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import types

from bonafide.engine.arena import H_KEYS, H_LIMIT, H_TOP, HEADER_WORDS
from bonafide.engine.index import (
    FULL,
    I_COUNT,
    I_DEPTH,
    S_COUNT,
    S_SLOTS,
    SLOTS,
    find,
    index_open,
    insert,
    next_segment,
    reinsert,
    segment_words,
)  # fmt: skip
from tests.engine.kit import compiled

WORDS = 2**22
OPEN, FIND, INSERT, SWEEP = range(4)


def run_index(mem, what, h, width, doomed):
    """The four things that are done with an index; a sweep drops what carries the mark `doomed` as its last word."""
    if what == OPEN:
        index_open(mem, H_KEYS, width)
        return np.int64(segment_words(width))
    if what == FIND:
        return find(mem, H_KEYS, h, width)
    if what == INSERT:
        return insert(mem, H_KEYS, h, width)
    segment = next_segment(mem, H_KEYS)
    gone = np.int64(0)
    for s in range(SLOTS):
        at = segment + S_SLOTS + s * width
        if mem[at] != 0 and mem[at + width - 1] == doomed:
            mem[at] = 0
            gone += 1
    if gone:
        mem[H_KEYS + I_COUNT] -= gone
        reinsert(mem, H_KEYS, segment, width)
    return segment


@pytest.fixture(scope="module")
def run() -> Any:
    word = types.int64
    return compiled(word(types.int64[::1], word, word, word, word), run_index)


class Model:
    """An index and the dictionary that it should be."""

    def __init__(self, run: Any, width: int) -> None:
        self.mem = np.zeros(WORDS, dtype=np.int64)
        self.mem[H_TOP], self.mem[H_LIMIT] = HEADER_WORDS, WORDS
        self.run, self.width = run, width
        self.known: dict[int, int] = {}
        self.do(OPEN)

    def do(self, what: int, h: int = 0, doomed: int = 0) -> int:
        return int(self.run(self.mem, what, h, self.width, doomed))

    def insert(self, h: int, value: int) -> None:
        if h in self.known:
            return
        at = self.do(INSERT, h)
        assert self.mem[at] == h
        assert not self.mem[at + 1 : at + self.width].any()
        self.mem[at + self.width - 1] = value
        self.known[h] = value

    def sweep(self, doomed: int) -> None:
        """Pass every segment once."""
        seen = set()
        while (segment := self.do(SWEEP, doomed=doomed)) not in seen:
            seen.add(segment)
        self.known = {h: value for h, value in self.known.items() if value != doomed}

    def check(self) -> None:
        assert self.mem[H_KEYS + I_COUNT] == len(self.known)
        for h, value in self.known.items():
            at = self.do(FIND, h)
            assert at
            assert self.mem[at] == h
            assert self.mem[at + self.width - 1] == value


HASHES = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(1, 40), st.integers(1, 40).map(lambda n: n * SLOTS),
    st.integers(1, 500).map(lambda n: n << 54),
).filter(bool)  # fmt: skip
STEP = st.one_of(
    st.tuples(st.just("some"), st.lists(HASHES, max_size=40), st.integers(1, 3)),
    st.tuples(st.just("many"), st.integers(0, 2**32), st.integers(1, 3)),
    st.tuples(st.just("sweep"), st.integers(1, 3), st.just(0)),
)


@settings(max_examples=60)
@given(st.sampled_from([2, 3]), st.lists(STEP, max_size=8))
def test_an_index_is_a_dictionary(run: Any, width: int, steps: list[tuple[str, Any, int]]) -> None:
    model = Model(run, width)
    for kind, told, value in steps:
        if kind == "sweep":
            model.sweep(told)
        else:
            some = told if kind == "some" else np.random.default_rng(told).integers(1, 2**63, 300).tolist()
            for h in some:
                model.insert(h, value)
        model.check()
    for h in (5, SLOTS * 41, -9, 511 << 54):
        assert bool(model.do(FIND, h)) == (h in model.known)


def test_a_full_segment_splits_and_no_segment_is_ever_full(run: Any) -> None:
    model = Model(run, 2)
    for h in np.random.default_rng(1).integers(-(2**63), 2**63 - 1, 20_000).tolist():
        model.insert(h, 9)
    model.check()
    assert model.mem[H_KEYS + I_DEPTH] >= 7
    segments = {model.do(SWEEP) for _ in range(1_000)}
    counts = [int(model.mem[segment + S_COUNT]) for segment in segments]
    assert sum(counts) == 20_000
    assert max(counts) <= FULL
    assert len(segments) < 20_000 / (FULL / 2) * 1.1


def test_a_hand_comes_to_every_segment_as_the_index_grows(run: Any) -> None:
    """Half of what is there is dropped while as much comes in: nothing that should go stays for two rounds."""
    model = Model(run, 2)
    rng = np.random.default_rng(2)
    for turn in range(40):
        for h in rng.integers(1, 2**63, 300).tolist():
            model.insert(h, 1 + turn % 2)
        model.sweep(1 + turn % 2)
        model.check()
        assert len(model.known) == 0


def test_sweeping_makes_room_for_what_comes(run: Any) -> None:
    model = Model(run, 3)
    rng = np.random.default_rng(3)
    tops = []
    for _ in range(30):
        for h in rng.integers(1, 2**63, 2_000).tolist():
            model.insert(h, 1)
        model.sweep(1)
        tops.append(int(model.mem[H_TOP]))
    assert tops[-1] <= 1.5 * tops[0]
    assert model.do(OPEN) == S_SLOTS + 3 * SLOTS
