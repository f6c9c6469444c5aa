"""What limits save is worked out from the log of a simulated platform, whose decisions on others stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from benches.payout_limits import measure
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.simulate import Simulation, scenario

pytestmark = pytest.mark.drill


def test_newcomers_on_their_ramp_are_held_and_nobody_else_is_decided_on_otherwise(tmp_path: Path) -> None:
    found = measure(Simulation(scenario("small", 600, 80, 20), 61), shipped_bundle("paylater"), tmp_path)
    assert found.others == 0
    assert found.bad > 0
    assert found.honest > 0
    assert found.held == found.honest  # this platform pays at once, so that all of them are ahead of their limits
    assert found.days > 0
    assert found.end[0] < found.end[1] < found.end[2]
