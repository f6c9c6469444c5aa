"""Another bundle for a running engine: at once where what is kept is enough, warmed from the log where it is not."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from bonafide.core.decision import Decision
from bonafide.core.errors import StateError
from bonafide.core.events import Event, Fact, Group
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import ABSORBED
from bonafide.engine.compiled import compile_bundle
from bonafide.engine.engine import Engine, Warming
from bonafide.engine.features.plan import NotKeptError
from bonafide.engine.features.spec import Feature
from bonafide.engine.intake import rows_of_events
from bonafide.engine.swap import NotSwappableError, swap_kind
from bonafide.testing.generators import events
from tests.engine.features.logs import features, logs
from tests.engine.kit import SETTINGS, START_MS, feature, feed, fresh_state, payment, specs_of
from tests.engine.tiny import TINY, tiny

RENAMED = {"count": "sum", "mean": "sum", "std": "mean", "zscore": "std", "last": "seconds_since_last"}


@st.composite
def successors(draw: st.DrawFn) -> tuple[tuple[Feature, ...], tuple[Feature, ...]]:
    """Features, and others over nearly the same measures: some dropped, some taken otherwise or over other spans."""
    old = draw(features())
    new = []
    for number, kept in enumerate(draw(st.lists(st.sampled_from(old), min_size=1, max_size=12))):
        take = RENAMED.get(kept.take, kept.take) if draw(st.booleans()) and kept.of is not None else kept.take
        over = draw(st.sampled_from([kept.over_ms, kept.over_ms, draw(st.sampled_from(old)).over_ms]))
        new.append(kept._replace(name=f"n{number}", take=take, over_ms=over))
    return old, tuple(new)


@settings(max_examples=40)
@given(successors(), logs(60), st.floats(0, 1))
def test_what_swaps_answers_as_if_it_had_always_been_there(
    specs: tuple[tuple[Feature, ...], tuple[Feature, ...]], log: list[Fact], part: float
) -> None:
    old, new = specs
    state, cut = fresh_state(old), int(part * len(log))
    feed(state, log[:cut])
    try:
        state.swap(compile_bundle(new, [], SETTINGS, state.compiled.features.layout))
    except NotKeptError as error:
        event("more would have to be kept")
        assert set(error.names) <= {f.name for f in new}
        return
    event("swapped")
    statuses, answers = feed(state, log[cut:])
    wanted_statuses, wanted = feed(fresh_state(new), log)
    assert statuses == wanted_statuses[cut:]
    taken = np.array([status == "taken" for status in statuses], dtype=bool)
    np.testing.assert_array_equal(answers[taken], wanted[cut:][taken])


@settings(max_examples=40)
@given(features(), features(), logs(60), st.floats(0, 1))
def test_a_warmed_state_answers_as_a_replay_from_the_start(
    old: Sequence[Feature], new: Sequence[Feature], log: list[Fact], part: float
) -> None:
    running, cut = fresh_state(old), int(part * len(log))
    feed(running, log[:cut])
    warmed = running.twin(compile_bundle(new, [], SETTINGS))
    warmed.walk(rows_of_events(log[:cut], warmed.kernels, warmed.bound.key), np.full(cut, ABSORBED))
    assert warmed.mark == running.mark
    assert feed(warmed, log[cut:])[0] == feed(fresh_state(new), log)[0][cut:]


def test_a_feature_over_another_window_is_not_kept() -> None:
    state = fresh_state(specs_of(feature("count", "24h")))
    with pytest.raises(NotKeptError) as caught:
        compile_bundle(specs_of(feature("count", "24h"), feature("count", "25h")), [], SETTINGS,
                       state.compiled.features.layout)  # fmt: skip
    assert caught.value.names == ("f1",)


def test_a_last_without_a_window_is_not_answered_from_one_with_a_window() -> None:
    """The value is kept for both, but the one with a window is forgotten with its key."""
    state = fresh_state(specs_of(feature("last", "24h", of="amount")))
    with pytest.raises(NotKeptError):
        compile_bundle(specs_of(feature("last", None, of="amount")), [], SETTINGS, state.compiled.features.layout)


def test_a_state_refuses_what_was_kept_for_other_features() -> None:
    state = fresh_state(specs_of(feature("count")))
    with pytest.raises(StateError, match="warm a new state"):
        state.swap(compile_bundle(specs_of(feature("sum", of="amount")), [], SETTINGS))


# ---- engines


def changed(folder: Path, file: str, old: str, new: str) -> Bundle:
    """The tiny bundle with one text of one file replaced."""
    shutil.copytree(TINY, folder, dirs_exist_ok=True)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return load_bundle(folder)


LOGS = st.lists(events(pool=2), min_size=2, max_size=30, unique_by=lambda told: told.event_id)


@pytest.fixture(scope="module")
def stricter(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return changed(tmp_path_factory.mktemp("stricter"), "rules.yaml", "amount >= 100000", "amount >= 500")


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return changed(tmp_path_factory.mktemp("longer"), "features.yaml", "over: 1h", "over: 2h")


@settings(max_examples=40)
@given(LOGS, st.floats(0, 1))
def test_a_swap_decides_as_the_new_bundle_from_the_next_event_on(
    stricter: Bundle, log: list[Event], part: float
) -> None:
    engine, cut = Engine(tiny()), int(part * len(log))
    engine.decide(log[:cut])
    engine.swap(stricter)
    assert engine.decide(log[cut:]) == Engine(stricter).decide(log)[cut:]
    assert swap_kind(tiny(), stricter) == "at-once"


@settings(max_examples=40)
@given(LOGS, st.floats(0, 1))
def test_a_new_feature_is_warmed_while_the_engine_decides(longer: Bundle, log: list[Event], part: float) -> None:
    engine, cut = Engine(tiny()), int(part * (len(log) - 1))
    engine.decide(log[:cut])
    warming = Warming(engine, longer)
    background = threading.Thread(target=lambda: [warming.absorb([told]) for told in log[:cut]])
    background.start()
    later = log[cut:-1]
    engine.decide(later)
    background.join()
    warming.absorb(later)
    engine.adopt(warming)
    assert engine.decide(log[-1:]) == Engine(longer).decide(log)[-1:]
    assert engine.bundle is longer


def test_a_bundle_that_needs_more_is_refused_and_nothing_changes(longer: Bundle) -> None:
    engine = Engine(tiny())
    with pytest.raises(NotSwappableError) as caught:
        engine.swap(longer)
    assert len(caught.value.features) == 1
    assert caught.value.features[0] in str(caught.value)
    answer = engine.decide_one(payment(1, 0))
    assert isinstance(answer, Decision)
    assert answer.bundle == tiny().hash
    assert swap_kind(tiny(), longer) == "warm"


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    moved = changed(tmp_path, "bundle.yaml", "currency: CNY", "currency: EUR")
    with pytest.raises(NotSwappableError, match="changes currency"):
        Engine(tiny()).swap(moved)


def test_a_state_that_lags_is_not_adopted(longer: Bundle) -> None:
    engine = Engine(tiny())
    warming = Warming(engine, longer)
    engine.decide([payment(1, 0), payment(2, 1)])
    warming.absorb([payment(1, 0)])
    with pytest.raises(StateError, match="stands at event 1 of the log and the engine at 2"):
        engine.adopt(warming)
    assert engine.bundle.hash == tiny().hash


def test_a_bundle_that_counts_what_is_established_is_warmed_where_the_old_one_did_not(tmp_path: Path) -> None:
    """Derived events have places in the order of all, which only a bundle that counts them gives them."""
    folder = tmp_path / "counting"
    shutil.copytree(TINY, folder)
    with (folder / "features.yaml").open("a", encoding="utf-8") as file:
        file.write("- {name: user_groups, event: grouped, by: user_id, take: count, over: 7d, note: test}\n")
    counting, engine = load_bundle(folder), Engine(tiny())
    told: dict[str, Any] = {"group_id": "g", "method": "m", "score": 1.0, "valid_until": START_MS + DAY_MS}
    group = Group(event_id="g", time=START_MS, subject_type="user", subject_id="u", **told)
    log: list[Fact] = [payment(1, 0), group, payment(2, 1)]
    engine.decide(log)
    warming = Warming(engine, counting)
    warming.absorb(log)
    engine.adopt(warming)
    later = payment(3, 2)
    whole = Engine(counting)
    assert engine.decide_one(later) == whole.decide([*log, later])[-1]
    np.testing.assert_array_equal(engine.state.save(), whole.state.save())
