"""The shipped card of merchants over real histories: no fact against a merchant gives points, and no usual event moves
a score by more than five."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import Fact, MerchantApplication
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.codes import READ, V_CREDIT
from bonafide.engine.compiled import Compiled, compile_bundle
from bonafide.engine.intake import rows_of_events
from bonafide.engine.kernels import load_kernels
from bonafide.engine.scheme import Scheme
from bonafide.engine.shipped import shipped_bundle
from bonafide.engine.state import State
from bonafide.testing.merchant_histories import (
    ADVERSE,
    MERCHANT,
    ORDINARY,
    START_MS,
    Step,
    histories,
    opening,
    played,
    probe,
)
from tests.engine.kit import SECRET

MOVE_MAX: Final = 5
PUT: Final = st.tuples(st.integers(0, 14), st.integers(0, 20), st.sampled_from(("u0", "u1", "u2")))
LATER: Final = st.sampled_from((0, 1, 90, 24 * 8, 24 * 40))


@cache
def compiled() -> Compiled:
    """The shipped features and the merchants' card, without rules and model."""
    bundle = shipped_bundle("paylater")
    told = bundle.compiled.scheme
    scheme = Scheme(merchant_inputs=told.merchant_inputs, merchant_card=told.merchant_card)
    return compile_bundle(bundle.features, [], bundle.settings, scheme=scheme)


def score_after(events: Sequence[Fact]) -> int:
    """What the last event, a payout, reads."""
    state = State(compiled(), SECRET, load_kernels())
    rows = rows_of_events(events, state.kernels, state.bound.key)
    walked = state.walk(rows, np.full(len(events), READ))
    return int(walked.verdicts[-1, V_CREDIT])


def ends(steps: Sequence[Step]) -> int:
    return steps[-1].at_ms if steps else START_MS + DAY_MS


@pytest.mark.parametrize("fact", ADVERSE)
@settings(max_examples=60)
@given(steps=histories(), put=PUT, later=LATER)
def test_no_fact_against_a_merchant_gives_points(
    fact: str, steps: list[Step], put: tuple[int, int, str], later: int
) -> None:
    place = min(put[0], len(steps))
    at_ms = steps[place].at_ms if place < len(steps) else ends(steps)
    step = Step(at_ms, "put", "", put[2], 1_000, put[1])
    orders = [one for one in steps[:place] if one.kind == "sale"]
    asked = probe(ends(steps) + later * HOUR_MS)
    before = score_after(played(steps) + asked)
    after = score_after(played(steps, (place, ADVERSE[fact](step, orders))) + asked)
    assert after <= before


@settings(max_examples=60)
@given(steps=histories(), which=st.integers(0, 20), later=LATER)
def test_a_parcel_that_is_missing_never_gives_points(steps: list[Step], which: int, later: int) -> None:
    events = played(steps) + probe(ends(steps) + later * HOUR_MS)
    parcels = [i for i, event in enumerate(events) if event.type == "shipment"]
    if parcels:
        lost = parcels[which % len(parcels)]
        assert score_after([*events[:lost], *events[lost + 1 :]]) <= score_after(events)


@pytest.mark.parametrize("usual", ORDINARY)
@settings(max_examples=40)
@given(steps=histories(), which=st.integers(0, 20))
def test_no_usual_event_moves_a_score_by_more_than_five_points(usual: str, steps: list[Step], which: int) -> None:
    at_ms = ends(steps)
    orders = [one for one in steps if one.kind == "sale"]
    events = ORDINARY[usual](Step(at_ms, "put", "", "u0", 1_000, which), orders)
    moved = score_after([*played(steps), *events, *probe(at_ms)]) - score_after(played(steps) + probe(at_ms))
    assert abs(moved) <= MOVE_MAX


def test_somebody_without_a_record_has_a_score_too() -> None:
    """At the application itself, and at the first payout; more applications by one representative cost points."""
    state = State(compiled(), SECRET, load_kernels())
    events = played([]) + probe(START_MS + DAY_MS)
    walked = state.walk(rows_of_events(events, state.kernels, state.bound.key), np.full(len(events), READ))
    credit = walked.verdicts[:, V_CREDIT].tolist()
    assert credit[0] == credit[-1] > 600
    assert set(credit[1:-1]) == {0}


def applied(merchant: str, day: int, nth: int) -> MerchantApplication:
    """One more application of the representative of the histories' merchant."""
    first = opening()[0]
    assert isinstance(first, MerchantApplication)
    at_ms = START_MS + day * DAY_MS
    return msgspec.structs.replace(first, event_id=f"{merchant} {nth}", time=at_ms, merchant_id=merchant)


@given(days=st.lists(st.integers(1, 200), max_size=5))
def test_handing_in_papers_that_were_asked_for_costs_nothing(days: list[int]) -> None:
    """They come with another application of the same merchant, which is nobody's relative for that."""
    again = [applied(MERCHANT, day, nth) for nth, day in enumerate(sorted(days))]
    asked = probe(START_MS + 201 * DAY_MS)
    assert score_after([*played([]), *again, *asked]) == score_after([*played([]), *asked])


@given(days=st.lists(st.tuples(st.integers(1, 200), st.sampled_from(("m2", "m3", "m4", MERCHANT))), max_size=6))
def test_more_shops_of_one_representative_never_give_points(days: list[tuple[int, str]]) -> None:
    tried = [applied(who, day, nth) for nth, (day, who) in enumerate(sorted(days))]
    mine = [one for one in tried if one.merchant_id == MERCHANT]
    asked = probe(START_MS + 201 * DAY_MS)
    assert score_after([*played([]), *tried, *asked]) <= score_after([*played([]), *mine, *asked])


def test_shops_of_one_representative_cost_points_when_the_next_applies() -> None:
    three = [applied(who, day, 0) for day, who in ((1, "m2"), (2, "m3"), (3, MERCHANT))]
    asked = probe(START_MS + 4 * DAY_MS)
    assert score_after([*played([]), *three, *asked]) < score_after([*played([]), *asked]) - 10
