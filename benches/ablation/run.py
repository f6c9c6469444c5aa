"""One ablation: each layer's bundle over the same logs, and the mean of their figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory

import polars as pl
from msgspec import Struct

from bonafide.engine.bundle import Bundle
from bonafide.engine.kernels import Kernels
from bonafide.lab.base_rates import EVENTS, FLOWS, LOOPS, TRUTH
from bonafide.lab.simulate import Scenario, Simulation
from bonafide.lab.simulated import write_run

from .grouped import write_grouped
from .judge import BESIDE, COLUMNS, Figures, Log, figures_of
from .layers import LAYERS, Layer, layers_of, up_to


class Figure(Struct, frozen=True):
    """One figure over all seeds."""

    mean: float | None
    """Over the seeds under which the figure is defined; None where it is under none."""
    deviation: float | None
    """The standard deviation of one seed's figure; None of fewer than two."""
    of_seeds: list[float | None]


class Row(Struct, frozen=True):
    """A layer: what it adds, and how the bundle fares that holds it and all before it."""

    layer: Layer
    says: str
    added: list[str]
    """Ids of the rules that this layer adds; where there are none, the figures are those of the row before."""
    rules: int
    features: int
    figures: dict[str, Figure]


class Ablation(Struct, frozen=True):
    """All rows, and what they come from."""

    scenario: str
    users: int
    merchants: int
    days: int
    seeds: list[int]
    bundle: str
    bundle_hash: str
    layer_of: dict[str, Layer]
    """Of every rule of the bundle."""
    rows: list[Row]
    jobs: int
    """Runs of the batch jobs, over all seeds; 0 where no rule reads groups."""
    group_events: dict[str, int]
    """What they wrote, by method."""
    left_out: dict[str, str]
    """Methods that lack a package."""


class _Jobs:
    """What the batch jobs of all seeds wrote."""

    def __init__(self) -> None:
        self.runs = 0
        self.events = Counter[str]()
        self.left_out: dict[str, str] = {}


def ablate(
    asked: Scenario, seeds: Sequence[int], bundle: Bundle, every_ms: int, kernels: Kernels,
    progress: Callable[[float, float], None] = lambda done, total: None,
) -> Ablation:  # fmt: skip
    """Simulate a scenario on each seed, decide it by each layer's bundle, and judge.

    Batch jobs write groups into the log of the last layer alone, at the end of each `every_ms`. `progress` is told
    (done, total). The same arguments give the same figures, but for the times.
    """
    layer_of = layers_of(bundle)
    added = {layer: [rule for rule, own in layer_of.items() if own == layer] for layer in LAYERS}
    bundles = {layer: up_to(bundle, layer) for layer in LAYERS if added[layer] or layer == next(iter(LAYERS))}
    played: dict[Layer, list[Figures]] = {layer: [] for layer in bundles}
    jobs, steps = _Jobs(), 1 + len(bundles)
    for number, seed in enumerate(seeds):
        with TemporaryDirectory(prefix="bonafide-ablation-") as made:
            folder = Path(made)
            simulation = Simulation(asked, seed)
            write_run(simulation, folder, lambda done, total: None)
            for place, (layer, smaller) in enumerate(bundles.items(), 1):
                progress(number * steps + place, len(seeds) * steps)
                events = folder / EVENTS
                if layer == "rings":
                    events = _grouped(events, folder, simulation.world.start, every_ms, jobs)
                log = Log(events, *(pl.read_parquet(folder / name) for name in (TRUTH, LOOPS, FLOWS)))
                played[layer].append(figures_of(smaller, log, folder, kernels))
    return Ablation(
        asked.name, asked.users, asked.merchants, asked.days, list(seeds), bundle.name, bundle.hash, layer_of,
        _rows(bundles, added, played), jobs.runs, dict(sorted(jobs.events.items())), jobs.left_out,
    )  # fmt: skip


def _grouped(events: Path, folder: Path, start_ms: int, every_ms: int, jobs: _Jobs) -> Path:
    out = folder / "grouped.parquet"
    told = write_grouped(events, out, start_ms, every_ms)
    jobs.runs += told.jobs
    jobs.events.update(told.events)
    jobs.left_out |= told.left_out
    return out


def _rows(bundles: dict[Layer, Bundle], added: dict[Layer, list[str]], played: dict[Layer, list[Figures]]) -> list[Row]:
    rows: list[Row] = []
    for layer, says in LAYERS.items():
        if layer not in bundles:
            before = rows[-1]
            rows.append(Row(layer, says, [], before.rules, before.features, before.figures))
            continue
        names = (*COLUMNS, *BESIDE)
        figures = {name: figure([one[name] for one in played[layer]]) for name in names}
        own = bundles[layer]
        rows.append(Row(layer, says, added[layer], len(own.rules), len(own.feature_names), figures))
    return rows


def figure(of_seeds: list[float | None]) -> Figure:
    """The mean and spread of one figure.

    >>> figure([1.0, None, 3.0])
    Figure(mean=2.0, deviation=1.4142135623730951, of_seeds=[1.0, None, 3.0])
    """
    known = [value for value in of_seeds if value is not None]
    return Figure(fmean(known) if known else None, stdev(known) if len(known) > 1 else None, of_seeds)
