"""Each drill against the real server, as a test: sampled unless DRILL_FULL is set, from the seed DRILL_SEED.

What a drill found is printed; `python -m bonafide.testing.reliability --out RELIABILITY.md` writes it down.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bonafide.testing.faults import Launch
from bonafide.testing.reliability.drills import DRILLS, run_drill
from bonafide.testing.reliability.setting import Setting
from bonafide.testing.reliability.site import engine_replays
from bonafide.testing.reliability.text import line

pytestmark = pytest.mark.drill
SAMPLED = not os.environ.get("DRILL_FULL")
SEED = int(os.environ.get("DRILL_SEED", "7"))


@pytest.mark.parametrize("name", DRILLS)
def test_what_was_acknowledged_is_there_once_and_the_same(name: str, tmp_path: Path) -> None:
    told: list[str] = []
    setting = Setting(tmp_path, SAMPLED, SEED, Launch(), engine_replays(), told.append)
    row = run_drill(DRILLS[name], setting)
    print("\n".join([f"seed {SEED}, {'sampled' if SAMPLED else 'full'}", *told, line(row), *row.notes]))
    if row.skipped:
        pytest.skip(row.skipped)
    assert row.passed, row
