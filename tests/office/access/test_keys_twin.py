"""Keys against a twin that knows by plain rules which texts hold, while keys are made, rotated, revoked and expire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bonafide.core.errors import UsageError
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.access.key_text import KEY_LENGTH
from bonafide.office.access.keys import KEY_CACHE_MS, Keys
from bonafide.office.access.roles import ROLES
from bonafide.office.store.database import Store
from tests.office.access.kit import START_MS, Clock, counted, open_keys
from tests.office.databases import Copies, play

SPANS_MS = st.one_of(st.integers(0, 3), st.integers(0, 3 * KEY_CACHE_MS))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def lets_in(keys: Keys, text: str, now_ms: int) -> str | None:
    """The id of the key that a text is taken for; None where nobody is let in."""
    try:
        return keys.verify(f"Bearer {text}", now_ms).key_id
    except UnauthenticatedError as error:
        assert len(text) < KEY_LENGTH or text[16:] not in str(error)
        return None


class Twin:
    """Which keys hold: five lines of rules about plain values."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.made_ms: dict[str, int] = {}
        self.ends_ms: dict[str, float] = {}
        self.replaced: set[str] = set()

    def make(self, key_id: str, text: str, made_ms: int, ends_ms: float) -> None:
        self.texts[key_id], self.made_ms[key_id], self.ends_ms[key_id] = text, made_ms, ends_ms

    def holds(self, text: str, now_ms: int) -> str | None:
        key_id = next((key_id for key_id, one in self.texts.items() if one == text), None)
        return key_id if key_id is not None and now_ms < self.ends_ms[key_id] else None


class KeysPlayed(RuleBasedStateMachine):
    """Every key that was ever made is presented after every step, whole and damaged."""

    copies: Copies

    @initialize()
    def begin(self) -> None:
        self.place = self.copies.new()
        self.clock, self.twin = Clock(), Twin()
        draw = counted()
        self.stores = [Store.open(self.place) for _ in range(2)]
        self.ours, self.others = (Keys(store, clock=self.clock, draw=draw) for store in self.stores)

    def teardown(self) -> None:
        for keys, store in zip((self.ours, self.others), self.stores, strict=True):
            keys.close()
            store.close()
        self.copies.drop(self.place)

    @rule(role=st.sampled_from(sorted(ROLES)), life_ms=st.none() | SPANS_MS)
    def create(self, role: str, life_ms: int | None) -> None:
        now_ms = self.clock.now_ms
        expires = None if life_ms is None else now_ms + 1 + life_ms
        key, row = self.ours.create(role, expires=expires)
        assert row.role == role
        self.twin.make(row.key_id, key.reveal(), now_ms, expires or float("inf"))

    @precondition(lambda self: self.twin.texts)
    @rule(data=st.data(), overlap_ms=SPANS_MS)
    def rotate(self, data: st.DataObject, overlap_ms: int) -> None:
        key_id, twin, now_ms = self.any_key(data), self.twin, self.clock.now_ms
        may = now_ms < twin.ends_ms[key_id] and key_id not in twin.replaced
        try:
            key, row = self.ours.rotate(key_id, overlap_ms)
        except UsageError:
            assert not may
            return
        assert may
        twin.replaced.add(key_id)
        twin.make(row.key_id, key.reveal(), now_ms, now_ms + twin.ends_ms[key_id] - twin.made_ms[key_id])
        twin.ends_ms[key_id] = min(twin.ends_ms[key_id], now_ms + overlap_ms)

    @precondition(lambda self: self.twin.texts)
    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        key_id = self.any_key(data)
        self.ours.revoke(key_id)
        self.twin.ends_ms[key_id] = 0

    @rule(span_ms=SPANS_MS)
    def let_time_pass(self, span_ms: int) -> None:
        self.clock.now_ms += span_ms

    @precondition(lambda self: self.ends_ahead())
    @rule(early_ms=st.integers(0, 1))
    def let_time_pass_to_the_next_end(self, early_ms: int) -> None:
        self.clock.now_ms = max(min(self.ends_ahead()) - early_ms, self.clock.now_ms)

    @precondition(lambda self: self.twin.texts)
    @rule(data=st.data())
    def another_process_is_at_most_a_second_behind(self, data: st.DataObject) -> None:
        lets_in(self.others, self.twin.texts[self.any_key(data)], self.clock.now_ms)
        self.clock.now_ms += KEY_CACHE_MS
        for text in self.twin.texts.values():
            assert lets_in(self.others, text, self.clock.now_ms) == self.twin.holds(text, self.clock.now_ms)

    @invariant()
    def exactly_those_hold_that_should(self) -> None:
        for text in self.twin.texts.values():
            assert lets_in(self.ours, text, self.clock.now_ms) == self.twin.holds(text, self.clock.now_ms)
        live = {row.key_id for row in self.ours.list() if row.state(self.clock.now_ms) == "live"}
        assert live == {key_id for key_id, ends_ms in self.twin.ends_ms.items() if self.clock.now_ms < ends_ms}

    def ends_ahead(self) -> list[int]:
        return [int(end) for end in self.twin.ends_ms.values() if self.clock.now_ms < end < float("inf")]

    def any_key(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(list(self.twin.texts)))


def test_keys_hold_as_the_twin_says(copies: Copies) -> None:
    play(KeysPlayed, copies, examples=15, steps=20)


class TwoKeys(NamedTuple):
    """Two keys that hold, for every example."""

    keys: Keys
    first: str
    second: str


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoKeys]:
    with open_keys(tmp_path_factory.mktemp("two") / "office.db", Clock(), draw=counted()) as keys:
        yield TwoKeys(keys, *(keys.create("platform")[0].reveal() for _ in range(2)))


@given(place=st.integers(0, 58), other=st.sampled_from(ALPHABET))
def test_a_key_with_one_other_letter_never_holds(two: TwoKeys, place: int, other: str) -> None:
    text = two.first
    assume(text[place] != other)
    assert lets_in(two.keys, text[:place] + other + text[place + 1 :], START_MS) is None


@given(length=st.integers(0, 58), more=st.text(ALPHABET, max_size=3))
def test_a_part_of_a_key_never_holds(two: TwoKeys, length: int, more: str) -> None:
    text = two.first
    assume(text[:length] + more != text)
    assert lets_in(two.keys, text[:length] + more, START_MS) is None
    assert lets_in(two.keys, text + more + "A", START_MS) is None


@given(place=st.integers(4, 58))
def test_parts_of_two_keys_never_make_one(two: TwoKeys, place: int) -> None:
    first, second = two.first, two.second
    assume(first[:place] not in {second[:place], first} and first[place:] != second[place:])
    assert lets_in(two.keys, first[:place] + second[place:], START_MS) is None


@given(text=st.text() | st.binary())
def test_whatever_is_sent_is_refused_in_words(two: TwoKeys, text: str | bytes) -> None:
    for header in (text, f"Bearer {text!r}"):
        try:
            two.keys.verify(header, START_MS)
        except UnauthenticatedError:
            continue
        raise AssertionError("somebody was let in")
