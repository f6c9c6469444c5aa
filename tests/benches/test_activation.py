"""The bench of activations, with few events: it ends, and holds every decision against the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from benches.activation import run, text_of


@pytest.mark.drill
def test_a_small_run_pins_every_decision_to_one_bundle(tmp_path: Path) -> None:
    found, decided = run(tmp_path, events=1_600, swaps=3, warm=1, kinds=2)
    assert (found.events, len(found.swaps), decided) == (1_600, 3, 1_400)
    assert [swap.warm for swap in found.swaps].count(True) >= 1
    told = text_of(found, decided)
    assert "all 1,400 decisions say the bundle in force" in told
    assert "warmed" in told
