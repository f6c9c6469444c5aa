"""Every knob of the table is there, is turned to another value, changes the platform, and is turned back."""

from __future__ import annotations

import hashlib

import pytest

from benches.realism.knobs import CHANGES, Change, changed
from bonafide.lab.simulate import Scenario, Simulation, scenario

ASKED = scenario("small", users=1_200, merchants=260, days=14)


def digest(asked: Scenario) -> str:
    """Of the whole log."""
    logged = hashlib.sha256()
    for step in Simulation(asked, 1).run():
        logged.update(step.events.write_ndjson().encode())
    return logged.hexdigest()


@pytest.fixture(scope="module")
def shipped() -> str:
    return digest(ASKED)


@pytest.mark.drill
@pytest.mark.parametrize("change", CHANGES, ids=[change.knob for change in CHANGES])
def test_a_turned_knob_changes_the_log_and_is_turned_back(change: Change, shipped: str) -> None:
    before = change.shipped()
    assert type(before) is type(change.value)
    assert before != change.value
    with changed(ASKED, change) as turned:
        assert digest(turned) != shipped
    assert change.shipped() == before


def test_every_knob_of_a_scenario_is_turned() -> None:
    turned = {change.knob.removeprefix("Knobs.") for change in CHANGES if change.knob.startswith("Knobs.")}
    assert turned == set(type(ASKED.knobs).__dataclass_fields__)
