"""A simulated pay-later platform: honest life, schemes that turn credit into cash, and the truth about both.

One world with one heap of time, one set of books and named streams of chance; what the platform would see of it leaves
as it happens. Nothing here knows how cash-out is detected.
"""

from bonafide.lab.simulate.run import Simulation, Step
from bonafide.lab.simulate.scenarios import SCENARIOS, Scenario, scenario

__all__ = ["SCENARIOS", "Scenario", "Simulation", "Step", "scenario"]
