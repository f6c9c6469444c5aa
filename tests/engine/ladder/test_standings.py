"""The table of all who stand on the ladder: bounded, swept by a hand, and no different for it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.moment import DAY_MS
from bonafide.engine.ladder import standings as module
from bonafide.engine.ladder.records import find, indicate
from bonafide.engine.ladder.rules import LadderRules
from bonafide.engine.ladder.standing import (
    ADDED_UP,
    ENDED_MAX,
    EVIDENCE_MAX,
    IN_FORCE,
    INDICATORS_MAX,
    MEASURES_MAX,
    NAMED_MAX,
    OFFENCES_MAX,
    PROPOSED,
    Ended,
    Evidence,
    Indicator,
    Measure,
    Offence,
    Standing,
    Weight,
)  # fmt: skip
from bonafide.engine.ladder.standings import HAND_STEPS, Standings
from bonafide.engine.shipped import shipped_bundle


@pytest.fixture(scope="module")
def rules() -> LadderRules:
    ladder = shipped_bundle("paylater").ladder
    assert ladder is not None
    return ladder


def accused(now: int = 0) -> Standing:
    return Standing(offences=[Offence(1, now, now, [Evidence(7, 100, 2, 1)])])


def test_what_is_put_in_is_there_until_it_decays(rules: LadderRules) -> None:
    table = Standings()
    table.put((0, 5), accused(), rules, 0)
    assert (0, 5) in table
    assert (1, 5) not in table
    assert table.get((0, 5), rules, 30 * DAY_MS - 1) == accused()
    assert table.get((0, 5), rules, 30 * DAY_MS).is_nothing
    assert table.get((1, 5), rules, 0).is_nothing


def test_the_hand_lets_go_of_what_decayed_and_nothing_else(rules: LadderRules) -> None:
    table = Standings()
    for i in range(100):
        table.put((0, i), accused(i * DAY_MS), rules, i * DAY_MS)
    assert len(table) <= 31 + 100 // HAND_STEPS
    for i in range(71, 100):
        assert table.get((0, i), rules, 99 * DAY_MS) == accused(i * DAY_MS)
    table.put((0, 500), Standing(), rules, 0)
    assert (0, 500) not in table


def test_when_the_table_is_full_the_one_unseen_for_longest_gives_way_unless_it_is_kept(
    rules: LadderRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SUBJECTS_MAX", 8)
    table = Standings()
    table.put((0, 0), Standing(human_only=True), rules, 0)
    table.put((0, 1), Standing(measures=[Measure(9, 3, IN_FORCE, DAY_MS, DAY_MS, machine=True)]), rules, 0)
    for i in range(2, 60):
        table.put((0, i), accused(), rules, 0)
        assert len(table) <= 8
    assert (0, 0) in table
    assert (0, 1) in table
    assert (0, 59) in table
    assert (0, 2) not in table


def test_whoever_waits_is_known_and_all_of_it_is_saved(rules: LadderRules) -> None:
    table, again = Standings(), Standings()
    waiting = accused()
    waiting.waits = True
    again.put((1, 77), accused(), rules, 0)
    for i in range(5):
        table.put((0, i), waiting if i % 2 else accused(), rules, 0)
    assert list(table.waiting) == [(0, 1), (0, 3)]
    again.load(table.save())
    assert again.save() == table.save()
    assert again.waiting == table.waiting
    assert (again.marks == table.marks).all()
    assert again.marks.sum() == 5
    table.put((0, 1), accused(), rules, 0)
    assert list(table.waiting) == [(0, 3)]


def test_every_list_of_a_standing_is_bounded(rules: LadderRules) -> None:
    standing = Standing()
    for i in range(60):
        now = i * 2 * DAY_MS
        find(standing, rules, 0, Evidence(i, 10, 2, 1), i, now)
        indicate(standing, i, now + DAY_MS)
        standing.open(Measure(i, i % 4, PROPOSED, now + i, now, machine=True))
        standing.close(standing.measures[0], now) if i % 2 else None
        standing.offences[-1].name(i)
    assert len(standing.offences) == OFFENCES_MAX
    assert len(standing.indicators) == INDICATORS_MAX
    assert standing.indicators[0] == Indicator(52, 105 * DAY_MS)
    assert len(standing.measures) <= MEASURES_MAX
    assert len(standing.ended) == ENDED_MAX
    for i in range(20):
        standing.offences[0].name(i)
    assert standing.offences[0].measures == list(range(20 - NAMED_MAX, 20))


def test_of_too_many_events_the_oldest_are_added_up() -> None:
    offence = Offence(1, 0, 0, [])
    for i in range(1, 31):
        offence.add(Evidence(i, 10, 1 << (i % 3), i % 4, judged=2 if i == 3 else 0), i)
    assert len(offence.evidence) == EVIDENCE_MAX
    assert offence.weigh() == Weight(7, 300, 3, 2, doubted=False)
    assert offence.evidence[0].event == ADDED_UP
    assert not offence.knows(3)
    assert offence.knows(30)
    offence.add(Evidence(30, 99, 8, 0), 40)
    assert len(offence.evidence) == EVIDENCE_MAX
    assert offence.weigh().amount == 389


moments = st.integers(0, 200 * DAY_MS)
standings = st.builds(
    Standing,
    st.lists(
        st.builds(
            Offence,
            st.integers(1, 9),
            moments,
            moments,
            st.lists(
                st.builds(Evidence, st.integers(1, 9), st.just(5), st.integers(0, 7), judged=st.integers(0, 4)),
                min_size=1,
            ),
        ),
        max_size=3,
    ),
    st.lists(
        st.builds(Measure, st.integers(1, 9), st.integers(0, 5), st.integers(0, 1), moments, moments, st.booleans())
    ),
    st.lists(st.builds(Indicator, st.integers(1, 9), moments)),
    ended=st.lists(st.builds(Ended, st.integers(1, 9), moments)),
    grouped_until=moments,
)


@given(standings, moments, st.booleans())
def test_before_it_is_due_nothing_of_a_standing_ends(
    rules: LadderRules, standing: Standing, now: int, under: bool
) -> None:
    held = rules if under else None
    before, due = msgspec.msgpack.encode(standing), standing.due(held)
    standing.forget(held, now)
    if now < due:
        assert msgspec.msgpack.encode(standing) == before


@settings(max_examples=30)
@given(st.lists(st.tuples(standings, st.integers(0, 5 * DAY_MS), st.integers(0, 7)), max_size=12))
def test_the_table_says_what_one_says_that_forgets_each_time(
    rules: LadderRules, steps: list[tuple[Standing, int, int]]
) -> None:
    table, plain, now = Standings(), {}, 0
    for standing, later, subject in steps:
        now += later
        standing.forget(rules, now)
        table.put((0, subject), standing, rules, now)
        plain[subject] = msgspec.msgpack.encode(standing)
        for one, packed in plain.items():
            expected = msgspec.msgpack.decode(packed, type=Standing)
            expected.forget(rules, now)
            assert table.get((0, one), rules, now) == expected
            assert ((0, one) in table) or expected.is_nothing
