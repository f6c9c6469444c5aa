"""What alerts caught and whom they disturbed, for all bundles on the same resamples of payers.

A challenger's figure and the champion's rise and fall together in a resample, so the interval of their difference is
taken of the differences, and is narrower than either's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import OUTCOMES
from bonafide.lab.backtest.facts import CASH_OUT, HONEST, Facts
from bonafide.lab.backtest.streams import Stream
from bonafide.lab.backtest.told import Figure, Judged, Typology
from bonafide.lab.curves import Flags, Floats, Ints
from bonafide.lab.intervals import Estimates, Progress, affordable_resamples, estimate

PER: Final = 10_000
RARE_BELOW: Final = 0.2
"""A sum that fewer payers than this share have anything of is rare."""
_HOLD: Final = OUTCOMES.index("hold")
_PLAIN: Final = (
    "money_caught_fraction", "precision", "recall", "honest_disturbed_per_10000", "honest_stopped_per_10000",
    "honest_users_disturbed_per_10000",
)  # fmt: skip


class Ratios:
    """Sums over payers divided by other sums, and their differences from the first bundle's."""

    def __init__(self, names: Sequence[str], parts: Floats, wholes: Floats, per: Floats, first: Ints) -> None:
        """parts, wholes: payers x names; per: names; first: for each name the place of the champion's figure, or its
        own place where it is the champion's."""
        self._own = tuple(names)
        # Bundles share their wholes and, where they are alike, their parts: each sum is weighed once. Most sums are 0
        # of nearly all payers, and are weighed over the others alone.
        sums, place = np.unique(np.concatenate((parts, wholes), axis=1), axis=1, return_inverse=True)
        self._place, self._count = place.reshape(-1), len(names)
        rare = (sums != 0).mean(axis=0) < RARE_BELOW
        self._order = np.argsort(np.concatenate((np.flatnonzero(rare), np.flatnonzero(~rare))), kind="stable")
        self._rows = np.flatnonzero(sums[:, rare].any(axis=1))
        self._rare = np.ascontiguousarray(sums[self._rows][:, rare])
        self._common = np.ascontiguousarray(sums[:, ~rare])
        self._per, self._first = per, first
        self.names: tuple[str, ...] = (*self._own, *(f"{name} change" for name in self._own))

    def of(self, weight: Ints) -> Floats:
        """The figures where payers weigh so much."""
        drawn = weight.astype(np.float64)
        sums = np.concatenate((drawn[self._rows] @ self._rare, drawn @ self._common))[self._order][self._place]
        part, whole = sums[: self._count], sums[self._count :]
        value = self._per * part / np.where(whole > 0, whole, np.nan)
        return np.concatenate((value, value - value[self._first]))


def judge_all(
    facts: Facts, streams: Sequence[Stream], resamples: int, seed: int, progress: Progress
) -> tuple[list[Judged], int]:
    """How each stream's alerts fared on labelled payments, and how many resamples were drawn."""
    drawn = affordable_resamples(int(facts.labelled.sum()), resamples)
    columns = [_columns(facts, stream) for stream in streams]
    names = [f"{i} {name}" for i, told in enumerate(columns) for name in told]
    width = len(columns[0])
    parts, wholes = (
        np.stack([told[name][side] for told in columns for name in told], axis=1) for side in range(2)
    )  # fmt: skip
    per = np.array([PER if "per_10000" in name else 1.0 for name in names])
    found = estimate(
        [Ratios(names, parts, wholes, per, np.arange(len(names)) % width)], facts.entities, drawn, seed, progress
    )
    return [_judged(facts, stream, i, found) for i, stream in enumerate(streams)], drawn


def _columns(facts: Facts, stream: Stream) -> dict[str, tuple[Floats, Floats]]:
    """For each figure what every payer adds to the part and to the whole."""
    alert = stream.alerts
    stopped = stream.outcomes >= _HOLD
    bad, honest = facts.label == CASH_OUT, facts.label == HONEST

    def sums(which: Flags, of: NDArray[np.int64] | None = None) -> Floats:
        weights = None if of is None else of[which].astype(np.float64)
        return np.bincount(facts.entity[which], weights, minlength=facts.entities).astype(np.float64)

    honest_disturbed = sums(honest & alert)
    pure = (sums(bad) == 0).astype(np.float64)
    told = {
        "money_caught_fraction": (sums(bad & alert, facts.money), sums(bad, facts.money)),
        "precision": (sums(bad & alert), sums(alert & facts.labelled)),
        "recall": (sums(bad & alert), sums(bad)),
        "honest_disturbed_per_10000": (honest_disturbed, sums(honest)),
        "honest_stopped_per_10000": (sums(honest & stopped), sums(honest)),
        "honest_users_disturbed_per_10000": (pure * (honest_disturbed > 0), pure),
    }
    for i, name in enumerate(facts.typologies):
        own = facts.typology == i
        told[f"typology {name}"] = (sums(own & alert), sums(own))
    return told


def _judged(facts: Facts, stream: Stream, number: int, found: Estimates) -> Judged:
    def figure(name: str) -> Figure:
        key, change = f"{number} {name}", f"{number} {name} change"
        if number == 0:
            return Figure(found.values[key], found.intervals[key])
        return Figure(found.values[key], found.intervals[key], found.values[change], found.intervals[change])

    alert, bad, honest = stream.alerts, facts.label == CASH_OUT, facts.label == HONEST
    caught, everything = int(facts.money[bad & alert].sum()), int(facts.money[bad].sum())
    guilty = np.zeros(facts.entities, dtype=np.bool_)
    guilty[facts.entity[bad]] = True
    met = np.zeros(facts.entities, dtype=np.bool_)
    met[facts.entity[honest & alert]] = True
    typologies: dict[str, Typology] = {}
    for i, name in enumerate(facts.typologies):
        own = facts.typology == i
        typologies[name] = Typology(
            int(own.sum()), int((own & alert).sum()), int(facts.money[own].sum()),
            int(facts.money[own & alert].sum()), figure(f"typology {name}"),
        )  # fmt: skip
    return Judged(
        money_caught=caught, money_missed=everything - caught, honest_disturbed=int((honest & alert).sum()),
        honest_users_disturbed=int((met & ~guilty).sum()), per_typology=typologies,
        **{name: figure(name) for name in _PLAIN},
    )  # fmt: skip
