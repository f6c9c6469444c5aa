"""A bundle with a model, trained on one simulated platform and calibrated on another, and what it decides on more."""

from __future__ import annotations

import shutil
from math import log1p
from pathlib import Path
from typing import Any, Final, NamedTuple

import lightgbm
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.fields import TYPE_CODE
from bonafide.engine.bundle import Bundle, load_bundle, untrained
from bonafide.engine.bundles.inputs import SIGN
from bonafide.engine.bundles.model import CALIBRATION, MODEL, TEXT
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.trees.files import to_npz
from bonafide.engine.trees.lightgbm_text import read_lightgbm
from bonafide.engine.trees.rows import raw_scores
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.inputs import read_chunks
from bonafide.testing.fidelity import Cases, cases_of, together

Floats = NDArray[np.float64]
SETTINGS: Final[dict[str, Any]] = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "lambda_l2": 1.0,
    "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1, "max_bin": 511, "seed": 1, "num_threads": 1,
    "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip
ROUNDS: Final = 200
_PAYMENT: Final = TYPE_CODE["payment"]


class Payments(NamedTuple):
    """The payments of a log that were decided on."""

    cases: Cases
    cash_out: NDArray[np.bool_]
    """By the truth."""


def payments_of(bundle: Bundle, log: Path) -> Payments:
    """What a bundle makes of the payments of a simulated log (a folder with events.parquet and truth.parquet)."""
    engine = Engine(bundle)
    truth = pl.read_parquet(log / "truth.parquet", columns=["event_id", "label"])
    cases: list[Cases] = []
    labels: list[NDArray[np.bool_]] = []
    for chunk in read_chunks([log / "events.parquet"]):
        frame = chunk.frame
        kinds = kinds_of(frame)
        batch = engine.decide_columns(kinds, columns_of(frame), np.full(frame.height, READ))
        which = np.flatnonzero((kinds == _PAYMENT) & (batch.template >= 0))
        told = frame[which].select("event_id").join(truth, on="event_id", how="left", maintain_order="left")
        cases.append(cases_of(bundle, batch, which))
        labels.append((told["label"] == 1).to_numpy())
    return Payments(together(cases), np.concatenate(labels))


def train(folder: Path, bundle_folder: Path, log: Path, held_out: Path, rules_weight: float | None = None) -> Bundle:
    """The bundle of a folder with a model, in a new folder: fitted to the truth of one log, calibrated on another.

    rules_weight: instead of the one that a logistic regression on the rules' evidence finds.
    """
    shutil.copytree(bundle_folder, folder)
    bundle = untrained(load_bundle(folder))
    evidence_of = np.array([-log1p(-rule.weight) for rule in bundle.rules])
    seen, unseen = payments_of(bundle, log), payments_of(bundle, held_out)
    evidence = seen.cases.hits @ evidence_of
    weight = max(_logistic(evidence, seen.cash_out)[0], 0.0) if rules_weight is None else rules_weight
    signs = [SIGN[one.direction] for one in bundle.inputs.model]
    names = [one.name for one in bundle.inputs.model]
    labels = seen.cash_out.astype(float)
    data = lightgbm.Dataset(seen.cases.inputs, labels, init_score=weight * evidence, feature_name=names)
    text = lightgbm.train({**SETTINGS, "monotone_constraints": signs}, data, ROUNDS).model_to_string()
    trees = read_lightgbm(text)
    margins = raw_scores(trees, unseen.cases.inputs) + weight * (unseen.cases.hits @ evidence_of)
    (folder / TEXT).write_text(text, encoding="utf-8")
    (folder / MODEL).write_bytes(to_npz(trees))
    (folder / CALIBRATION).write_text(_calibration(weight, margins, unseen.cash_out), encoding="utf-8")
    return load_bundle(folder)


def _calibration(weight: float, margins: Floats, cash_out: NDArray[np.bool_]) -> str:
    """A logistic curve as knots."""
    slope, start = _logistic(margins, cash_out)
    at = np.linspace(float(margins.min()), float(margins.max()), 64)
    chances = 1 / (1 + np.exp(-(max(slope, 0.01) * at + start)))
    knots = "\n".join(f"  - [{float(m)!r}, {float(p)!r}]" for m, p in zip(at, chances, strict=True))
    return f"rules_weight: {weight!r}\nknots:\n{knots}\n"


def _logistic(x: Floats, y: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and start of a logistic regression, by Newton's method."""
    columns = np.column_stack((x, np.ones(len(x))))
    found = np.zeros(2)
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(columns @ found, -30, 30)))
        spread = columns.T @ (columns * (chance * (1 - chance))[:, None]) + 1e-6 * np.eye(2)
        found = found + np.linalg.solve(spread, columns.T @ (y - chance) - 1e-6 * found)
    return float(found[0]), float(found[1])
