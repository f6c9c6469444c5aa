"""Every stage runs on tiny inputs, gives the figures that it declares, and compares what it should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benches.speed.machine import installed
from benches.speed.runner import different
from benches.speed.stage import Measured, answers_file
from benches.speed.stages import STAGES

TINY = {
    "windows": {"events": 2_000, "plain events": 1_000, "river events": 300},
    "rules": {"events": 6_000, "single events": 300, "peer events": 200},
    "trees": {"rows": 400, "single rows": 20, "Shapley rows": 20},
    "bundle": {"users": 60, "trade events": 2_000},
    "single": {"users": 60, "events in state": 1_000, "events": 500},
    "growth": {
        "events at least": 10**4, "events at most": 10**4, "events timed": 500, "single events": 50,
        "events for memory": 2_000,
    },
    "swap": {"events in state": 1_000, "events after": 500, "swaps": 2},
    "start": {"starts": 1, "compilations": 0},
    "service": {"single events": 300, "array events": 600},
}  # fmt: skip


HEAVY = ("service", "single", "swap", "start")
"""Stages of several engines or processes."""


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.drill) if one in HEAVY else one for one in STAGES]
)
def test_a_stage_runs_and_its_answers_agree(name: str, tmp_path: Path) -> None:
    stage = STAGES[name]
    assert all(TINY[name].keys() == size.keys() for size in stage.sizes.values())
    stage.prepare(tmp_path, TINY[name])
    present = {one: side for one, side in stage.sides.items() if all(map(installed, side.libraries))}
    for side in present.values():
        ran = side.run(tmp_path, TINY[name])
        assert set(ran.figures) <= set(side.figures)
        assert ran.equal is not False
        assert all(np.isfinite(value) for value in ran.figures.values())
    for one, side in present.items():
        if side.reference is not None:
            own, other = (np.load(answers_file(tmp_path, which)) for which in (side.reference, one))
            assert len(other)
            assert different(own[: len(other)][:, side.columns or slice(None)], other) == []


def test_a_figure_is_declared_once_and_stands_beside_one_of_its_stage() -> None:
    for stage in STAGES.values():
        figures: dict[str, Measured] = {}
        for side in stage.sides.values():
            assert not figures.keys() & side.figures.keys()
            figures |= side.figures
            assert side.reference is None or side.reference in stage.sides
        assert {told.beside for told in figures.values()} <= {None, *figures}
        assert {"quick", "normal"} <= set(stage.sizes)
