"""Several runs that differ in their seed alone, judged by their means: one has too few bad cards to be judged by."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from math import sqrt
from pathlib import Path
from statistics import mean

from msgspec import Struct

from bonafide.engine.bundle import Bundle
from bonafide.engine.kernels import Kernels
from bonafide.lab.simulate import Scenario, Simulation
from bonafide.lab.simulated import write_run
from bonafide.testing.realism.gates import Gate, Gates, Measurement, Signal, gate, loudest_first, measured
from bonafide.testing.realism.measure import Progress, measure_gates
from bonafide.testing.realism.signals import signals_gate


class Run(Struct, frozen=True, kw_only=True):
    """One of several runs, by itself."""

    seed: int
    gates: Gates


class Several(Struct, frozen=True, kw_only=True):
    """Runs of one scenario, and what they say together; JSON-ready."""

    holds: bool
    """That of `mean`, whatever single runs say."""
    scenario: str
    users: int
    merchants: int
    days: int
    runs: tuple[Run, ...]
    mean: Gates
    """As `pooled` makes it."""


def measure_seeds(
    asked: Scenario, seeds: Sequence[int], *, bundle: Bundle | None = None, kernels: Kernels | None = None,
    progress: Progress | None = None, models: bool = True,
) -> Several:  # fmt: skip
    """Simulate a scenario on each seed, one after the other in temporary folders, and measure the gates of each.

    `seeds` are one at least. `progress` is told the seeds done, in fractions of one, and their number. The same
    arguments and release give the same figures; `models` as in `measure_gates`. Raises UsageError for a negative seed.
    """
    tell = progress or (lambda done, total: None)
    runs = []
    for number, seed in enumerate(seeds):
        with tempfile.TemporaryDirectory(prefix="bonafide-gates-") as name:
            folder, half = Path(name), _halves(tell, number, len(seeds))
            write_run(Simulation(asked, seed), folder, half(0))
            found = measure_gates(folder, bundle=bundle, kernels=kernels, progress=half(1), models=models)
        runs.append(Run(seed=seed, gates=found))
    together = pooled([run.gates for run in runs])
    return Several(
        holds=together.holds, scenario=asked.name, users=asked.users, merchants=asked.merchants, days=asked.days,
        runs=tuple(runs), mean=together,
    )  # fmt: skip


def _halves(progress: Progress, number: int, seeds: int) -> Callable[[int], Progress]:
    """Progress within seed `number`, whose first half is simulating and whose second is measuring."""
    return lambda half: lambda done, total: progress(number + (half + done / total) / 2, seeds)


def pooled(runs: Sequence[Gates]) -> Gates:
    """Runs that differ in their seed alone as one: means of what is measured, sums of what is counted.

    The gate of signals judges each signal's mean AUC, so that one signal must be loud in all runs, rather than another
    in each, to be the worst. A figure that is undefined in one run is undefined.
    """
    signals = _mean_signals(runs)
    by_signal = signals_gate(signals)
    gates = tuple(
        by_signal if same[0].number == by_signal.number else _mean_gate(same)
        for same in zip(*(run.gates for run in runs), strict=True)
    )
    return Gates(
        holds=all(one.holds for one in gates),
        gates=gates,
        signals=signals,
        payments=sum(run.payments for run in runs),
        payments_bad=sum(run.payments_bad for run in runs),
        cards=sum(run.cards for run in runs),
        cards_bad=sum(run.cards_bad for run in runs),
        events=sum(run.events for run in runs),
        bundle=runs[0].bundle,
        notes=tuple(dict.fromkeys(note for run in runs for note in run.notes)),
    )


def _mean_gate(same: Sequence[Gate]) -> Gate:
    if same[0].skipped:
        return same[0]
    ones = zip(*(one.measurements for one in same), strict=True)
    return gate(same[0].number, same[0].title, *map(_mean_measurement, ones))


def _mean_measurement(same: Sequence[Measurement]) -> Measurement:
    first = same[0]
    squares = _mean([None if one.standard_error is None else one.standard_error**2 for one in same])
    return measured(
        first.name, _mean([one.value for one in same]), first.low, first.high,
        note=first.note if len({one.note for one in same}) == 1 else "",
        standard_error=None if squares is None else sqrt(squares / len(same)),
    )  # fmt: skip


def _mean_signals(runs: Sequence[Gates]) -> tuple[Signal, ...]:
    """Each signal's means; its AUC takes in every run the direction that tells more there, which errs strictly."""
    by_name: dict[str, list[Signal]] = {}
    for run in runs:
        for one in run.signals:
            by_name.setdefault(one.name, []).append(one)
    return loudest_first(
        Signal(
            name=name, kind=same[0].kind, auc=_mean([one.auc for one in same]),
            auc_known=_mean([one.auc_known for one in same]), missing_fraction=mean(o.missing_fraction for o in same),
        )
        for name, same in by_name.items()
    )  # fmt: skip


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if len(known) == len(values) else None
