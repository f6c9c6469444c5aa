"""The kernel of funds against its twin: every loop, every fact, every derived event, on any small world of money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import Event, Fact
from bonafide.engine.codes import ANSWERED, V_SEQ, V_STATUS
from bonafide.engine.compiled import Settings
from bonafide.engine.engine import loops_of
from bonafide.engine.features.spec import Feature
from bonafide.engine.funds.layout import (
    FACTS,
    RETURNS_MAX,
    SERVED_MAX,
    SETTLED_MAX,
    TAGS_MAX,
    TRAIL_OF_EVENT,
)  # fmt: skip
from bonafide.engine.intake import rows_of_events
from bonafide.engine.rules.operations import PLACES
from bonafide.engine.siphash import ABSENT
from bonafide.testing.funds_twin import Caps, FundsTwin, Told
from bonafide.testing.money_worlds import busy_world, shops, worlds
from tests.engine.kit import SETTINGS, STATUS, fresh_state, fresh_twin, same, specs_of

KERNEL = Caps(tags=TAGS_MAX, served=SERVED_MAX, returns=RETURNS_MAX, settled=SETTLED_MAX)
ASSUMES = SETTINGS._replace(assume_completed=True)
MOVES = ("payout", "transfer", "refund")


def derived(event: str, by: Any, take: str = "count", **told: Any) -> dict[str, Any]:
    return {"event": event, "by": by, "take": take, **told}


SPECS = specs_of(
    derived("money_returned", "user_id", "sum", of="amount", over="30d"),
    derived("money_returned", "merchant_id", "mean", of="returned_share", over="7d"),
    derived("money_returned", ["user_id", "merchant_id"], where="one_to_one and via != 'refund'", over="90d"),
    derived("loop_closed", "user_id", "max", of="return_hops"),
    derived("loop_closed", "merchant_id", "distinct", of="user_id", over="30d"),
    derived("loop_closed", "account_id", "min", of="return_delay_s", over="30d"),
    derived("loop_closed", "user_id", "last", of="returned_share"),
    derived("loop_passed", "account_id", "distinct", of="user_id", over="30d"),
    derived("loop_passed", "from_account_id", "sum", of="amount", over="30d"),
    derived("loop_passed", "from_account_id", "mean", of="return_delay_s", over="30d"),
    derived("credit_recycled", "user_id", "sum", of="amount", over="30d"),
    derived("credit_recycled", "account_id", "max", of="recycled_share"),
)


def play(
    log: Sequence[Event], caps: Caps, chunk: int, settings: Settings = SETTINGS, specs: Sequence[Feature] = SPECS
) -> list[Told]:
    """Feed a log to the kernel and to its twins, and compare all that is told; what the twin told is returned."""
    state, windows = fresh_state(specs, settings), fresh_twin(specs, settings)
    funds = FundsTwin(caps, assume_completed=settings.assume_completed)
    told: list[Told] = []
    for first in range(0, len(log), chunk):
        part = log[first : first + chunk]
        rows = rows_of_events(part, state.kernels, state.bound.key)
        walked = state.walk(rows, np.full(len(part), ANSWERED))
        loops = loops_of(walked.ways)
        seqs = walked.verdicts[:, V_SEQ].tolist()
        for i, event in enumerate(part):
            status, answers = windows.feed(event)
            assert status == STATUS[int(walked.verdicts[i, V_STATUS])]
            if status != "taken":
                continue
            expected = funds.feed(event, seqs[i])
            told.append(expected)
            assert [
                (loop.returned, loop.home, loop.amount, loop.closes, [(s.seq, s.time, s.amount) for s in loop.path])
                for loop in loops.get(i, ())
            ] == [
                (loop.returned, loop.home, loop.amount, loop.closes, [tuple(step) for step in loop.path])
                for loop in expected.loops[:TRAIL_OF_EVENT]
            ], (first + i, event)
            if event.type in MOVES:
                assert facts_of(rows[i]) == expected.facts, (first + i, event)
            for f, spec in enumerate(specs):
                got = float(walked.answers[i, f])
                assert same(spec, answers[spec.name], got), (first + i, event, spec, answers[spec.name], got)
            for fact in expected.derived:
                windows.establish(fact)
    return told


def facts_of(row: Any) -> dict[str, int | None]:
    """What a row says of money that came home; None is missing."""
    return {name: None if row[PLACES[name]] == ABSENT else int(row[PLACES[name]]) for name in sorted(FACTS)}


@given(worlds(), st.sampled_from((1, 7, 100)), st.sampled_from((SETTINGS, ASSUMES)))
@settings(max_examples=150)
def test_any_small_world_is_followed_as_the_law_says(log: list[Event], chunk: int, given: Settings) -> None:
    """Below the caps, the kernel is the twin that has none."""
    play(log, Caps(), chunk, given)


@given(shops(), st.sampled_from((1, 100)))
@settings(max_examples=150)
def test_a_payout_takes_the_newest_of_a_shop_whose_money_stands_in_any_order(log: list[Event], chunk: int) -> None:
    play(log, Caps(), chunk, specs=SPECS[:1])


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("flush_account", [False, True])
def test_beyond_the_caps_what_promises_least_gives_way(seed: int, flush_account: bool) -> None:
    world = busy_world(260, 12, 80, seed, payouts=3, flush_account=flush_account)
    told = play(world.events, KERNEL, 1_000, specs=SPECS[:1])
    assert sum(len(t.loops) for t in told) > 10
    uncapped = FundsTwin()
    assert [t.loops for t in told] != [uncapped.feed(event, seq).loops for seq, event in enumerate(world.events)]


def test_a_walk_pauses_where_its_trail_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """More ways home in one batch than the trail holds: the walk goes on where it paused."""
    world = busy_world(0, 40, seed=3, payouts=110, middlemen=(0,), delay_hours=(0.2, 1.0))
    events: list[Fact] = list(world.events)
    state = fresh_state(SPECS)
    rows = rows_of_events(events, state.kernels, state.bound.key)
    whole = state.walk(rows.copy(), np.full(len(events), ANSWERED))
    parts, other = [], fresh_state(SPECS)
    for first in range(0, len(events), 500):
        part = rows[first : first + 500]
        walked = other.walk(part, np.full(len(part), ANSWERED))
        parts.append(walked.ways + np.array([first, *[0] * (walked.ways.shape[1] - 1)]))
    assert len(whole.ways) > 4_096
    np.testing.assert_array_equal(whole.ways, np.concatenate(parts))


def test_what_is_swept_could_not_be_asked_for() -> None:
    """A long log, so that places, links and records are swept: the same loops as by a twin that forgets nothing."""
    log: list[Event] = []
    for round_ in range(6):
        world = busy_world(4, 3, seed=round_, payouts=20)
        shift = round_ * 60 * 86_400_000
        log += [renamed(event, f"r{round_}", shift) for event in world.events]
    told = play(log, Caps(), 700, specs=SPECS[:1])
    assert sum(t.loops_closed for t in told) > 200


def renamed(event: Event, prefix: str, shift: int) -> Event:
    names = {n for n in event.__struct_fields__ if n.endswith("_id") and getattr(event, n) is not None}
    changed: dict[str, Any] = {name: f"{prefix}{getattr(event, name)}" for name in names}
    return type(event)(**{
        **{n: getattr(event, n) for n in event.__struct_fields__}, **changed, "time": event.time + shift
    })  # fmt: skip
