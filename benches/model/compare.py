"""The shipped bundle's inputs, rules and training, beside boosted trees on what others have.

All learn from the same log and the same labels as they had arrived, with the same search of settings, and are judged by
the latent truth on the same later time. The *plain* side is what most teams begin with: supervised trees on what a
payment says of itself and on windows without conditions. The *windows* side has every window over what is read that the
shipped bundle declares, conditions, verdicts and parcels included, and learns as ours does. Neither has rules, findings
of funds, links or groups, or features that look two steps far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.engine.bundle import Bundle, untrained
from bonafide.engine.bundles.inputs import Input, Inputs
from bonafide.engine.engine import Engine
from bonafide.engine.features.spec import is_label
from bonafide.engine.rules.language import parse_located
from bonafide.lab.base_rates import EVENTS, TRUTH
from bonafide.lab.curves import Flags, Floats, Ints
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.intervals import Interval, estimate
from bonafide.lab.simulate import Scenario, Simulation
from bonafide.lab.simulated import write_run
from bonafide.lab.train.figures import Figures, Judged, MoneyCaught, Ranks, judged, main_currency
from bonafide.lab.train.labels import CASH_OUT, LabelBook
from bonafide.lab.train.matrix import Matrix, gather
from bonafide.lab.train.train import Trained, train

RAW: Final = (
    "amount", "credit_limit", "credit_used", "instalments", "local_hour", "pay_with == 'credit'", "goods == 'virtual'",
    "goods == 'service'", "channel == 'live'", "channel == 'qr'",
)  # fmt: skip
"""What a payment says of itself."""
SHIFTS: Final[dict[str, dict[str, float]]] = {
    "as shipped": {},
    "hidden better": {"camouflage": 0.75, "knowledge": 0.7, "visible": 0.55},
    "other money": {"fees": 1.5, "delays": 2.0, "go_betweens": 1.0, "combined": 0.5},
    "rarer, milder": {"users": 0.009, "intensity": 0.8, "once": 0.5},
}
"""Knobs of the simulator, turned together."""
RESAMPLES: Final = 200
OURS: Final = "ours"
SUPERVISED: Final = "ours, supervised"
WINDOWS: Final = "windows"
PLAIN: Final = "plain"
OTHERS: Final = (SUPERVISED, WINDOWS, PLAIN)


class Side(NamedTuple):
    """How one model did on the later time."""

    figures: Figures
    method: str
    trees: int


class Compared(NamedTuple):
    """All sides on one log."""

    scenario: str
    seed: int
    shift: str
    payments: int
    cash_out: int
    """Payments of the later time that are."""
    known_fraction: float
    """Of the cash-out payments that ours learnt from, those that were confirmed by then."""
    sides: dict[str, Side]
    error_left: dict[str, tuple[float, Interval | None]]
    """(1 - AP) of ours over that of each other side, with its interval over payers."""
    unseen: dict[str, tuple[int, int]]
    """Typologies that no cash-out had before the later time -> payments above the line that disturbs one honest payer
    in a hundred, and all."""


class ErrorLeft:
    """The ratio of what two rankings leave to be desired, on the same draws; a `Measure`."""

    names: tuple[str, ...] = ("error_left",)

    def __init__(self, full: Floats, plain: Floats, told: Judged) -> None:
        self._sides = [Ranks(score, told) for score in (full, plain)]

    def of(self, weight: Ints) -> Floats:
        """The ratio under a weighting of the payers."""
        full, plain = (side.of(weight)[1] for side in self._sides)
        return np.array([(1 - full) / (1 - plain) if plain < 1 else np.nan])


def compare(about: Scenario, seed: int, shift: str, bundle: Bundle) -> Compared:
    """Simulate one platform, train all sides on it, and judge them."""
    turned = replace(about, knobs=replace(about.knobs, **SHIFTS[shift]))
    texts = [*RAW, *window_names(bundle)]
    others = [_input(f"x{i}", text, bundle) for i, text in enumerate(texts)]
    with TemporaryDirectory(prefix="bonafide-model-") as name:
        folder = Path(name)
        write_run(Simulation(turned, seed), folder, lambda done, total: None)
        matrix = matrix_of(with_inputs(bundle, (*bundle.inputs.model, *others)), folder / EVENTS)
        truth = pl.read_parquet(folder / TRUTH)
    many, plain = len(bundle.inputs.model), {*RAW, *window_names(bundle, conditions=False)}
    ours = with_columns(matrix, range(many))
    bare = matrix._replace(evidence=np.zeros(matrix.n))
    windows = with_columns(bare, range(many, matrix.x.shape[1]))
    few = with_columns(bare, [many + i for i, text in enumerate(texts) if text in plain])
    learnt = {
        OURS: train(ours, truth, seed, bundle.inputs.training),
        SUPERVISED: train(ours, truth, seed, bundle.inputs.training, methods=("plain",)),
        WINDOWS: train(windows, truth, seed, bundle.inputs.training),
        PLAIN: train(few, truth, seed, bundle.inputs.training, methods=("plain",)),
    }
    return _judge(ours, learnt, truth, (about.name, seed, shift))


def with_columns(matrix: Matrix, columns: Sequence[int]) -> Matrix:
    """A matrix of some of the inputs."""
    return matrix._replace(
        inputs=tuple(matrix.inputs[i] for i in columns), x=np.ascontiguousarray(matrix.x[:, list(columns)])
    )


def _judge(matrix: Matrix, learnt: dict[str, Trained], truth: pl.DataFrame, where: tuple[str, int, str]) -> Compared:
    ours = learnt[OURS]
    latent, rows = ours.latent, ours.test.rows
    if latent is None or not all(np.array_equal(rows, one.test.rows) for one in learnt.values()):
        raise AssertionError("all sides are judged by the truth on the same payments")
    known = latent[rows] >= 0
    bad: Flags = latent[rows[known]] == 1
    told = judged(matrix.rows[rows[known]], bad, main_currency(matrix.rows))
    margins = {name: one.test.margin[known] for name, one in learnt.items()}
    left = {}
    for name in OTHERS:
        ratio = estimate([ErrorLeft(margins[OURS], margins[name], told)], told.entities, RESAMPLES, where[1])
        value = ratio.values["error_left"]
        left[name] = float("nan") if value is None else value, ratio.intervals["error_left"]
    above = margins[OURS] > MoneyCaught(margins[OURS], told).line()
    taught = ours.split.before_test.rows(matrix.rows["time_ms"].to_numpy())
    confirmed = LabelBook(matrix.rows, matrix.statements, truth).labels_at(ours.split.before_test.known_ms).label
    of_bad = confirmed[taught][latent[taught] == 1] == CASH_OUT
    return Compared(
        *where, matrix.n, int(bad.sum()), float(of_bad.mean()) if len(of_bad) else 0.0,
        {name: _side(one) for name, one in learnt.items()}, left,
        _unseen(matrix, ours, rows[known], bad, above, truth),
    )  # fmt: skip


def _side(trained: Trained) -> Side:
    if trained.by_truth is None:
        raise AssertionError("a simulated log has its truth")
    return Side(trained.by_truth, trained.method, trained.model.trees.number)


def _unseen(
    matrix: Matrix, trained: Trained, rows: np.typing.NDArray[np.intp], bad: Flags, above: Flags, truth: pl.DataFrame
) -> dict[str, tuple[int, int]]:
    """Typologies of the later time of which nothing was known when the model learnt."""
    typology = matrix.rows.select("event_id").join(
        truth.select("event_id", pl.col("typology").cast(pl.String)), on="event_id", how="left", maintain_order="left"
    )["typology"].to_numpy()  # fmt: skip
    time_ms = matrix.rows["time_ms"].to_numpy()
    taught = np.zeros(matrix.n, dtype=np.bool_)
    taught[trained.split.before_test.rows(time_ms)] = True
    latent = trained.latent
    seen = set(typology[taught & (latent == 1)].tolist()) if latent is not None else set()
    of = typology[rows]
    names = sorted({name for name in of[bad].tolist() if name not in seen})
    return {name: (int((above & bad & (of == name)).sum()), int((bad & (of == name)).sum())) for name in names}


def window_names(bundle: Bundle, *, conditions: bool = True) -> list[str]:
    """Features that are windows over what is read: all, or those that count every event of their type."""
    return [
        f.name for f in bundle.features
        if not (f.derived or f.carried or is_label(f) or f.name.startswith("_")) and (conditions or f.where is None)
    ]  # fmt: skip


def _input(name: str, text: str, bundle: Bundle) -> Input:
    return Input(name, parse_located(text, bundle.vocabulary, number=True).node, None, "")


def with_inputs(bundle: Bundle, inputs: Sequence[Input]) -> Bundle:
    """A bundle that is to be trained on other inputs."""
    return untrained(bundle._replace(inputs=Inputs(tuple(inputs))))


def matrix_of(bundle: Bundle, events: Path) -> Matrix:
    """The payments of a log as a bundle's model sees them."""
    with RejectWriter() as rejects:
        return gather(Engine(bundle), [str(events)], read_chunks([events], rejects=rejects), rejects)
