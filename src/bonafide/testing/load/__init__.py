"""Load for a service: events as a platform sends them, clients that send them as fast or as often as told, a ledger.

>>> shots = singles(Platform(seed=1, start_ms=1_767_225_600_000), key="bf_k_s")
>>> next(shots).ids
('L1-0',)
"""

from bonafide.testing.load.ask import Asker
from bonafide.testing.load.client import Load, Tally, run_beside, run_load
from bonafide.testing.load.feed import Feed
from bonafide.testing.load.latencies import Latencies
from bonafide.testing.load.ledger import Ledger
from bonafide.testing.load.platform import Platform
from bonafide.testing.load.shots import Shot, arrays, probe, singles

__all__ = [
    "Asker",
    "Feed",
    "Latencies",
    "Ledger",
    "Load",
    "Platform",
    "Shot",
    "Tally",
    "arrays",
    "probe",
    "run_beside",
    "run_load",
    "singles",
]
