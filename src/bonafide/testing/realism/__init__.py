"""Realism gates: is what the simulator makes about as hard to judge as real trade is?

A detector that does well on trade that is too easy has shown nothing. Each gate measures a folder that the simulator
wrote and says whether the figures lie where figures published for real data lie. docs/realism.md tells of each.
"""

from __future__ import annotations

from bonafide.testing.realism.gates import Gate, Gates, Measurement, Signal
from bonafide.testing.realism.measure import measure_gates
from bonafide.testing.realism.several import Run, Several, measure_seeds

__all__ = ["Gate", "Gates", "Measurement", "Run", "Several", "Signal", "measure_gates", "measure_seeds"]
