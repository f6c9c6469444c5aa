"""The workload that `benches/speed` measures is answered alike by all that are measured, and by the plain twin."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benches.speed.engine import play
from benches.speed.online import RIVER_ANSWERS, ask_plain, ask_river
from benches.speed.peers import ask_duckdb, ask_polars, with_numbers
from benches.speed.runner import different
from benches.speed.workload import CURRENCY, WINDOWS, features, make_events
from bonafide.core.door import convert_event
from bonafide.testing.windows_twin import WindowTwin

EVENTS = 4_000
EVERY = tuple(range(len(WINDOWS)))
PEERS = {
    "polars": (ask_polars, EVERY), "duckdb": (ask_duckdb, EVERY), "collections": (ask_plain, EVERY),
    "river": (ask_river, RIVER_ANSWERS),
}  # fmt: skip
"""What must be there for it -> how it is asked, and which windows it can answer."""
TWIN_EVENTS = 300


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    return make_events(EVENTS)


@pytest.mark.parametrize("form", ["texts", "numbers"])
@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_answers_as_the_engine_does(events: pl.DataFrame, peer: str, form: str) -> None:
    pytest.importorskip(peer)
    ask, columns = PEERS[peer]
    answered = ask(events if form == "texts" else with_numbers(events))
    assert answered.seconds > 0
    assert different(play(events).answers[:, columns], answered.answers) == []


@pytest.mark.parametrize("late", [False, True])
def test_the_engine_answers_as_its_twin_does(late: bool) -> None:
    events = make_events(TWIN_EVENTS, late=late)
    twin = WindowTwin(features(), currency=CURRENCY)
    expected = []
    for record in events.iter_rows(named=True):
        status, answers = twin.feed(convert_event({k: v for k, v in record.items() if v is not None}))
        assert status == "taken"
        expected.append([answers[w.name] for w in WINDOWS])
    assert different(play(events).answers, np.array(expected, dtype=float)) == []


def test_answers_do_not_depend_on_the_batch() -> None:
    events = make_events(EVENTS, late=True)
    assert different(play(events).answers, play(events, batch=97).answers) == []


def test_every_window_has_something_to_tell(events: pl.DataFrame) -> None:
    answers = play(events).answers
    assert (np.nanmax(answers, axis=0) >= 1).all()
    assert np.nanmax(answers[:, [w.name for w in WINDOWS].index("merchant_id_distinct_user_id_24h")]) > 4


def test_the_workload_keeps_its_proportions(events: pl.DataFrame) -> None:
    shares = dict(events["type"].value_counts(normalize=True).iter_rows())
    assert shares == {
        "payment": pytest.approx(0.94, abs=0.02), "refund": pytest.approx(0.05, abs=0.01),
        "login": pytest.approx(0.01, abs=0.005),
    }  # fmt: skip
    busiest = events["merchant_id"].drop_nulls().value_counts(sort=True)["count"][0]
    assert busiest / EVENTS == pytest.approx(0.11, abs=0.02)
    assert events["time"].diff().min() >= 1
    assert make_events(EVENTS, late=True)["time"].diff().min() < 0


def test_keys_as_numbers_are_the_same_keys(events: pl.DataFrame) -> None:
    numbers = with_numbers(events)
    for key in ("user_id", "merchant_id", "device_id"):
        assert numbers[key].null_count() == events[key].null_count()
        pairs = pl.DataFrame({"text": events[key], "number": numbers[key]}).drop_nulls().unique()
        assert pairs.height == numbers[key].drop_nulls().n_unique() == events[key].drop_nulls().n_unique()


def test_a_wrong_answer_is_found() -> None:
    own = np.full((3, len(WINDOWS)), 2.0)
    own[1, 0] = np.nan
    other = own.copy()
    assert different(own, other) == []
    other[1, 0], other[2, 1] = 0.0, np.nan
    assert [(event, column) for event, column, *_ in different(own, other)] == [(1, 0), (2, 1)]
