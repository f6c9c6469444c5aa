"""The shipped bundle's inputs, rules and training, beside boosted trees on raw event fields and plain windows.

Both learn from the same log, the same labels as they had arrived, with the same search, and both are judged by the
latent truth on the same later time. The plain side has everything that a team without this engine has: what a payment
says of itself, and exact windows over what is read. It has no rules, no findings of funds, links or groups, and no
features that look two steps far.
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
UNSEEN_AFTER: Final = 0.7
"""In `new-scheme` two typologies are first seen after this part of the days."""


class Side(NamedTuple):
    """How one model did on the later time."""

    figures: Figures
    method: str
    trees: int


class Compared(NamedTuple):
    """Both on one log."""

    scenario: str
    seed: int
    shift: str
    payments: int
    cash_out: int
    """Payments of the later time that are."""
    full: Side
    plain: Side
    error_left: float
    """(1 - AP) of the full side over that of the plain one."""
    error_left_interval: Interval | None
    unseen: dict[str, tuple[int, int]]
    """Typologies that no label had taught before the later time -> payments above the line that disturbs one honest
    payer in a hundred, and all."""


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
    """Simulate one platform, train both sides on it, and judge both."""
    turned = replace(about, knobs=replace(about.knobs, **SHIFTS[shift]))
    both = with_inputs(bundle, (*bundle.inputs.model, *plain_inputs(bundle)))
    with TemporaryDirectory(prefix="bonafide-model-") as name:
        folder = Path(name)
        write_run(Simulation(turned, seed), folder, lambda done, total: None)
        matrix = matrix_of(both, folder / EVENTS)
        truth = pl.read_parquet(folder / TRUTH)
    many = len(bundle.inputs.model)
    full = matrix._replace(inputs=matrix.inputs[:many], x=np.ascontiguousarray(matrix.x[:, :many]))
    plain = matrix._replace(
        inputs=matrix.inputs[many:], x=np.ascontiguousarray(matrix.x[:, many:]), evidence=np.zeros(matrix.n)
    )
    trained = [train(one, truth, seed, bundle.inputs.training) for one in (full, plain)]
    return _judge(full, trained[0], trained[1], truth, (about.name, seed, shift))


def _judge(
    matrix: Matrix, full: Trained, plain: Trained, truth: pl.DataFrame, where: tuple[str, int, str]
) -> Compared:  # fmt: skip
    latent, rows = full.latent, full.test.rows
    if latent is None or full.by_truth is None or plain.by_truth is None or not np.array_equal(rows, plain.test.rows):
        raise AssertionError("both sides are judged by the truth on the same payments")
    known = latent[rows] >= 0
    bad: Flags = latent[rows[known]] == 1
    told = judged(matrix.rows[rows[known]], bad, main_currency(matrix.rows))
    margins = full.test.margin[known], plain.test.margin[known]
    ratio = estimate([ErrorLeft(*margins, told)], told.entities, RESAMPLES, where[1])
    left = ratio.values["error_left"]
    above = margins[0] > MoneyCaught(margins[0], told).line()
    return Compared(
        *where, matrix.n, int(bad.sum()), _side(full, full.by_truth), _side(plain, plain.by_truth),
        float("nan") if left is None else left, ratio.intervals["error_left"],
        _unseen(matrix, full, rows[known], bad, above, truth),
    )  # fmt: skip


def _side(trained: Trained, figures: Figures) -> Side:
    return Side(figures, trained.method, trained.model.trees.number)


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


def plain_inputs(bundle: Bundle) -> tuple[Input, ...]:
    """What a payment says of itself, and every feature that is a plain window over what is read."""
    windows = [
        f.name for f in bundle.features
        if not (f.derived or f.carried or is_label(f) or f.name.startswith("_"))
    ]  # fmt: skip
    return tuple(_input(f"plain_{i}", text, bundle) for i, text in enumerate((*RAW, *windows)))


def _input(name: str, text: str, bundle: Bundle) -> Input:
    return Input(name, parse_located(text, bundle.vocabulary, number=True).node, None, "")


def with_inputs(bundle: Bundle, inputs: Sequence[Input]) -> Bundle:
    """A bundle that is to be trained on other inputs."""
    return untrained(bundle._replace(inputs=Inputs(tuple(inputs))))


def matrix_of(bundle: Bundle, events: Path) -> Matrix:
    """The payments of a log as a bundle's model sees them."""
    with RejectWriter() as rejects:
        return gather(Engine(bundle), [str(events)], read_chunks([events], rejects=rejects), rejects)
