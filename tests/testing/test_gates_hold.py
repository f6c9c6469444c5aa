"""The generator as shipped is about as hard to judge as real trade, and one that drifts off is caught.

By the mean of development seeds: a single run has a third of the bad cards. Scoring seeds are judged by
`bonafide simulate --gates`, never by a test that whoever tunes would look at.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bonafide.lab.simulate import scenario
from bonafide.testing.realism import measure_seeds
from bonafide.testing.realism.gates_text import show_several
from bonafide.testing.realism.seeds import kind_of_seed

SEEDS = (1, 2, 3)
SMALL = scenario("small")


def test_the_gates_hold_on_small_by_the_mean_of_development_seeds() -> None:
    several = measure_seeds(SMALL, SEEDS)
    assert {kind_of_seed(run.seed) for run in several.runs} == {"development"}
    assert several.mean.cards_bad > 150
    assert several.holds, show_several(several)


@pytest.mark.parametrize("drift", [{"camouflage": 0.9}])
def test_a_generator_that_drifts_is_caught(drift: dict[str, float]) -> None:
    several = measure_seeds(replace(SMALL, knobs=replace(SMALL.knobs, **drift)), SEEDS[:1])
    assert not several.holds
    assert not several.mean.gates[0].holds
