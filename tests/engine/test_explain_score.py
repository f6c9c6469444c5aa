"""What is told of a score adds up to it, is fair to its inputs, and is the same however it is come by."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from bonafide.core.decision import SCORE_UNIT, Decision
from bonafide.core.events import Degraded, Event, Payment
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.explain_score import MarginTold, ScoreTold, tell_score
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.testing import scorecard_twin
from tests.engine.kit import START_MS, frame_of, payment
from tests.engine.modelled import modelled
from tests.engine.test_engine_same import LOGS, fixed_log
from tests.engine.tiny import tiny

TWINS = ((0, 500.0, False, -1.5, 1.0), (1, 500.0, False, -1.5, 1.0))
"""Two inputs that play the same part."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(modelled(tmp_path_factory.mktemp("modelled") / "b"))


def told_of(bundle: Bundle, log: Sequence[Event]) -> list[tuple[Event, Decision, ScoreTold]]:
    """Every decision on a log, and what is told of its scores."""
    frame = frame_of(log)
    batch = Engine(bundle).decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
    return [
        (event, made, tell_score(bundle, batch.rows[i], batch.answers[i], made.hits, made.credit_score is not None))
        for i, (event, made) in enumerate(zip(log, Engine(bundle).decide(log), strict=True))
        if isinstance(made, Decision)
    ]


def margins_of(bundle: Bundle, log: Sequence[Event]) -> list[tuple[Decision, MarginTold]]:
    return [(made, told.margin) for _, made, told in told_of(bundle, log) if told.margin is not None]


@settings(max_examples=40)
@given(log=LOGS)
def test_the_parts_add_up_to_the_margin_and_this_is_the_score(bundle: Bundle, log: list[Event]) -> None:
    for event, made, told in told_of(bundle, log):
        assert (told.margin is not None) == isinstance(event, Payment)
        if told.margin is None:
            continue
        margin = told.margin
        parts = [margin.base, *(one.part for one in margin.rules), *(one.part for one in margin.inputs)]
        assert sum(parts) == pytest.approx(margin.margin, abs=1e-9)
        assert sum(margin.by_reason.values()) + margin.base == pytest.approx(margin.margin, abs=1e-9)
        assert {one.rule.id for one in margin.rules} == set(made.hits)
        assert int(margin.probability * SCORE_UNIT + 0.5) == made.score_e6


@settings(max_examples=40)
@given(log=LOGS)
def test_the_points_add_up_to_the_credit_score(bundle: Bundle, log: list[Event]) -> None:
    card = bundle.compiled.scheme.scorecard
    assert card is not None
    for _, made, told in told_of(bundle, log):
        assert (told.credit is None) == (made.credit_score is None)
        if told.credit is None:
            continue
        credit = told.credit
        values = {one.input.name: None if np.isnan(one.value) else one.value for one in credit.inputs}
        assert credit.score == made.credit_score == scorecard_twin.credit_score(card.card, values)
        assert credit.level == scorecard_twin.risk_level(card.card, credit.score)
        assert credit.base + sum(credit.families.values()) == credit.score
        assert sum(one.points for one in credit.inputs) == sum(credit.families.values())
        assert all(one.points + one.lost == 40 for one in credit.inputs)
        assert [one.lost for one in credit.costliest] == sorted((o.lost for o in credit.inputs if o.lost), reverse=True)


def test_inputs_that_play_the_same_part_are_told_the_same(tmp_path: Path) -> None:
    """Two inputs read one amount; a third, which no tree asks, is told nothing."""
    folder = modelled(tmp_path / "b", TWINS)
    path = folder / "model" / "inputs.yaml"
    path.write_text(path.read_text().replace("of: amount / credit_limit", "of: amount"))
    for _, margin in margins_of(load_bundle(folder), fixed_log()[:120]):
        first, second, dummy = (one.part for one in margin.inputs)
        assert first == pytest.approx(second, abs=1e-12)
        assert dummy == 0.0


def test_parts_are_shapley_values_by_their_definition(bundle: Bundle) -> None:
    """Stumps with as many rows on each side: unknown, a stump answers its middle."""
    middles = [(-1.5 + 1.0) / 2, (-1.0 + 0.75) / 2, 0.0]
    answers = [(-1.5, 1.0), (-1.0, 0.75), (-0.25, 0.25)]

    def worth(known: Sequence[int], met: Sequence[int]) -> float:
        return sum(answers[i][met[i]] if i in known else middles[i] for i in range(3))

    for _, margin in margins_of(bundle, fixed_log()[:120]):
        values = [one.value for one in margin.inputs]
        met = [values[0] > 500, not values[1] <= 0.5, values[2] > 0.5]
        for i in range(3):
            others = [o for o in range(3) if o != i]
            due = sum(
                (worth((*some, i), met) - worth(some, met)) / (3 * comb(2, size))
                for size in range(3) for some in combinations(others, size)
            )  # fmt: skip
            assert margin.inputs[i].part == pytest.approx(due, abs=1e-12)


def test_a_replay_tells_the_same_whatever_its_batches(bundle: Bundle) -> None:
    log = fixed_log()[:200]
    once, again = told_of(bundle, log), told_of(bundle, log)
    assert [plain(told) for _, _, told in once] == [plain(told) for _, _, told in again]
    frame, engine, parts = frame_of(log), Engine(bundle), []
    for first in range(0, len(log), 7):
        some = frame[first : first + 7]
        batch = engine.decide_columns(kinds_of(some), columns_of(some), np.full(some.height, READ))
        parts += [(batch.rows[i], batch.answers[i]) for i in range(some.height) if batch.template[i] >= 0]
    told = [
        tell_score(bundle, *part, made.hits, made.credit_score is not None)
        for part, (_, made, _) in zip(parts, once, strict=True)
    ]
    assert [plain(one) for one in told] == [plain(one) for _, _, one in once]


def plain(told: ScoreTold) -> Any:
    """What is told, so that a missing value equals a missing value."""
    return repr(told)


def test_a_bundle_without_a_model_tells_nothing_of_one() -> None:
    assert {told for _, _, told in told_of(tiny(), fixed_log()[:50])} == {ScoreTold(None, None)}


def test_the_deciding_process_loads_nothing_of_this() -> None:
    code = (
        "import sys, bonafide.engine.engine, bonafide.engine.bundle; "
        "print([m for m in sys.modules if m.endswith(('explain_score', 'trees.rows', 'trees.shapley'))])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_a_model_that_did_not_answer_is_not_told_of(bundle: Bundle) -> None:
    log: list[Event] = [Degraded(event_id="d", time=START_MS, parts=("model",)), payment(1, 1, 900)]
    frame = frame_of(log)
    batch = Engine(bundle).decide_columns(kinds_of(frame), columns_of(frame), np.full(2, READ))
    told = tell_score(bundle, batch.rows[1], batch.answers[1], (), True, batch.templates[batch.template[1]].degraded)
    assert told.margin is None
    assert told.credit is not None
