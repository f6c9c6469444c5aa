"""One simulated platform: people look at some payments of its first part, and a model learns from what they say.

The model is fitted by `lab.train` on the labels that had arrived by the middle of the log, plus the truth about the
payments that were looked at, and judged by the truth on everything after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.engine.bundle import Bundle, untrained
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.base_rates import EVENTS, TRUTH
from bonafide.lab.curves import Floats
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.intervals import estimate
from bonafide.lab.measures import Measure
from bonafide.lab.replay import Replay, run_replay
from bonafide.lab.review.candidates import Candidates, candidates
from bonafide.lab.review.estimate import count_interval, estimate_total
from bonafide.lab.review.pick import disturbing_lines, pick, sample_frame
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run
from bonafide.lab.train.figures import Judged, MoneyCaught, Ranks, judged, main_currency
from bonafide.lab.train.fit import Settings
from bonafide.lab.train.labels import CASH_OUT, GENUINE, Arrived, LabelBook
from bonafide.lab.train.matrix import Matrix, MatrixRun
from bonafide.lab.train.pu import Lesson, learn

LOOKED_AT_FROM: Final = 0.5
"""Of the time of the payments: the moment at which people look, and after which the model is judged."""
SETTINGS: Final = Settings(leaves=15, leaf_rows=20, max_bin=255)
DRAWS: Final = 3
"""Random samples that are averaged."""
RESAMPLES: Final = 200
BUNDLE: Final = "paylater"
WAYS: Final = ("nobody looks", "at random", "the highest scores", "review-sample")

Say = Callable[[str], None]


class Result(NamedTuple):
    """What one way of looking came to on one seed."""

    seed: int
    way: str
    found: float
    """Cash-out among the payments looked at."""
    users: float
    """Users whose cash-out was found."""
    ap: float
    money: float
    """Cash-out money caught where 1 % of honest users are disturbed, 0..1."""
    lead: tuple[float, float, float, float] | None
    """Over random looks: AP, its standard error, money, its standard error; over users of this seed."""
    estimated: tuple[float, float, float] | None
    """Cash-out among all candidates as the sample says, and between what numbers it lies."""
    truly: int
    """Cash-out among all candidates."""


class World(NamedTuple):
    """A platform at the moment when people look."""

    seed: int
    matrix: Matrix
    arrived: Arrived
    latent: NDArray[np.int8]
    """Of every payment: 1 cash-out, 0 genuine."""
    before: NDArray[np.intp]
    after: NDArray[np.intp]
    found: Candidates
    places: dict[str, int]
    """Payments by event_id."""


def measure(seed: int, n: int, folder: Path, say: Say) -> Iterator[Result]:
    """All ways of looking at `n` payments of one platform, which is made in the folder unless it is there."""
    if not (folder / EVENTS).is_file():
        say(f"seed {seed}: simulating")
        folder.mkdir(parents=True, exist_ok=True)
        write_run(Simulation(scenario("small"), seed), folder, lambda done, total: None)
    say(f"seed {seed}: replaying")
    world = _world(seed, folder)
    judged_by = judged(world.matrix.rows[world.after], world.latent[world.after] == 1, main_currency(world.matrix.rows))
    looks = _looks(world, n)
    scores = {}
    for way, samples in looks.items():
        say(f"seed {seed}: {way}")
        scores[way] = [_learnt(world, rows, seed) for rows in samples]
    leads = _leads(scores["at random"], scores["review-sample"], judged_by, seed)
    for way in WAYS:
        yield _result(world, way, looks[way], scores[way], judged_by, leads if way == WAYS[-1] else None)


def _world(seed: int, folder: Path) -> World:
    bundle, truth = shipped_bundle(BUNDLE), pl.read_parquet(folder / TRUTH)
    matrix = _matrix(bundle, folder / EVENTS)
    time_ms = matrix.rows["time_ms"].to_numpy()
    moment = int(time_ms.min() + LOOKED_AT_FROM * (time_ms.max() - time_ms.min()))
    arrived = LabelBook(matrix.rows, matrix.statements, truth).labels_at(moment)
    replayed = _replayed(bundle, folder)
    known = matrix.rows.select("event_id").filter(pl.Series(arrived.label >= 0))
    later = matrix.rows.select("event_id").filter(pl.Series(time_ms >= moment))
    found = candidates(replayed, known)
    kept = ~found.rows["event_id"].is_in(later["event_id"].implode()).to_numpy()
    found = found._replace(rows=found.rows.filter(pl.Series(kept)), space=found.space[kept])
    told = matrix.rows.select("event_id").join(
        truth.select("event_id", "label"), on="event_id", how="left", maintain_order="left"
    )
    places = {name: place for place, name in enumerate(matrix.rows["event_id"].to_list())}
    return World(
        seed, matrix, arrived, told["label"].fill_null(0).cast(pl.Int8).to_numpy(), np.flatnonzero(time_ms < moment),
        np.flatnonzero(time_ms >= moment), found, places,
    )  # fmt: skip


def _matrix(bundle: Bundle, events: Path) -> Matrix:
    with RejectWriter() as rejects:
        run = MatrixRun(Engine(untrained(bundle)), [str(events)], rejects, [])
        for chunk in read_chunks([events], None, None, rejects):
            run.feed(chunk)
        return run.finish()


def _replayed(bundle: Bundle, folder: Path) -> Path:
    """The folder with decisions and features, decided by the rules."""
    out = folder / "replayed"
    if not (out / "summary.json").is_file():
        out.mkdir(exist_ok=True)
        with RejectWriter() as rejects:
            run = Replay(Engine(bundle), out, [folder / EVENTS], rejects, features=True)
            run_replay(read_chunks([folder / EVENTS], None, None, rejects), run, lambda chunk: None, time.monotonic)
    return out


def _looks(world: World, n: int) -> dict[str, list[NDArray[np.intp]]]:
    """What each way looks at, as numbers of payments; random looks are drawn several times."""
    rng = np.random.Generator(np.random.PCG64(world.seed))
    score = world.found.rows["score"].to_numpy() + 1e-9 * rng.random(world.found.n)
    drawn = [rng.choice(world.found.n, n, replace=False) for _ in range(DRAWS)]
    chosen = [one.row for one in pick(world.found, _lines(), n, world.seed)]
    ways = ([np.zeros(0, np.intp)], drawn, [np.argsort(-score)[:n]], [np.array(chosen)])
    names = world.found.rows["event_id"]
    return {
        way: [np.array([world.places[name] for name in names.gather(rows)], dtype=np.intp) for rows in samples]
        for way, samples in zip(WAYS, ways, strict=True)
    }


def _lines() -> list[float]:
    return disturbing_lines(shipped_bundle(BUNDLE).policy)


def _learnt(world: World, looked_at: NDArray[np.intp], seed: int) -> Floats:
    """Margins of the payments after, by a model that was told what the looks found."""
    label, weight = world.arrived.label.copy(), world.arrived.weight.copy()
    suspicion = world.arrived.suspicion.copy()
    label[looked_at] = np.where(world.latent[looked_at] == 1, CASH_OUT, GENUINE)
    weight[looked_at], suspicion[looked_at] = 1.0, 0.0
    told = world.arrived._replace(label=label, weight=weight, suspicion=suspicion)
    model = learn("plain", Lesson(world.matrix, world.before, told, seed), SETTINGS, 0.0)
    return model.margin(world.matrix, world.after)


class _Lead:
    """How far one ranking is ahead of the mean of some others, in AP and money; a `Measure`."""

    names: tuple[str, ...] = ("ap", "money")

    def __init__(self, others: list[Floats], own: Floats, told: Judged) -> None:
        self._ranked = [Ranks(score, told) for score in (own, *others)]
        self._caught = [MoneyCaught(score, told) for score in (own, *others)]

    def of(self, weight: NDArray[np.int64]) -> Floats:
        """The leads under a weighting of the payers; see `Measure`."""
        ap = [one.of(weight)[1] for one in self._ranked]
        money = [one.of(weight)[0] for one in self._caught]
        return np.array([ap[0] - np.mean(ap[1:]), money[0] - np.mean(money[1:])])


def _leads(
    others: list[Floats], own: list[Floats], told: Judged, seed: int
) -> tuple[float, float, float, float]:  # fmt: skip
    measures: list[Measure] = [_Lead(others, own[0], told)]
    found = estimate(measures, told.entities, RESAMPLES, seed)
    told_leads = []
    for name in _Lead.names:
        ends = found.intervals[name] or (np.nan, np.nan)
        told_leads += [float(found.values[name] or 0.0), (ends[1] - ends[0]) / (2 * 1.96)]
    return told_leads[0], told_leads[1], told_leads[2], told_leads[3]


def _result(
    world: World, way: str, samples: list[NDArray[np.intp]], scores: list[Floats], told: Judged,
    lead: tuple[float, float, float, float] | None,
) -> Result:  # fmt: skip
    everyone = np.ones(told.entities, np.int64)
    bad = [rows[world.latent[rows] == 1] for rows in samples]
    users = [world.matrix.rows["user_id"].gather(rows).n_unique() if len(rows) else 0 for rows in bad]
    all_places = [world.places[name] for name in world.found.rows["event_id"]]
    return Result(
        world.seed, way, float(np.mean([len(rows) for rows in bad])), float(np.mean(users)),
        float(np.mean([Ranks(score, told).of(everyone)[1] for score in scores])),
        float(np.mean([MoneyCaught(score, told).of(everyone)[0] for score in scores])), lead,
        _estimated(world, len(samples[0])) if lead else None, int((world.latent[all_places] == 1).sum()),
    )  # fmt: skip


def _estimated(world: World, n: int) -> tuple[float, float, float]:
    sample = sample_frame(world.found, pick(world.found, _lines(), n, world.seed))
    places = [world.places[name] for name in sample["event_id"]]
    told = sample.with_columns(bad=pl.Series(world.latent[places] == 1))
    return estimate_total(told, "bad").total, *count_interval(told, "bad")
