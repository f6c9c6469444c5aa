"""Everything that a model card tells about a trained model, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.moment import show_moment
from bonafide.engine.policy import Policy
from bonafide.lab.curves import Flags, Floats
from bonafide.lab.stability import stability
from bonafide.lab.train.calibrate import Band, bands, brier, expected_error
from bonafide.lab.train.figures import Figures, Judged, MoneyCaught, judged, main_currency
from bonafide.lab.train.groups import Group, groups_of, is_alert, limit_band, tenure
from bonafide.lab.train.labels import CASH_OUT, GENUINE
from bonafide.lab.train.matrix import Matrix
from bonafide.lab.train.split import Part
from bonafide.lab.train.train import Trained

INPUTS_SHOWN: Final = 20


class Kind(NamedTuple):
    """A kind of cash-out, or of honest trade that looks like it, on the test part."""

    name: str
    n: int
    above: int
    """Payments above the line that disturbs one honest user in a hundred."""
    money: int
    money_above: int


class Source(NamedTuple):
    """Who said what about payments by the end of the log, and how late."""

    name: str
    cash_out: int
    genuine: int
    median_days: float


class Study(NamedTuple):
    """A trained model and what became of the test part under it."""

    trained: Trained
    matrix: Matrix
    currency: str | None
    by_truth: bool
    """Whether the latent truth judges the groups; else the confirmed labels do."""
    told: Judged
    rows: NDArray[np.intp]
    """Numbers of the payments that judge: those of the test part of which it is known what they were."""
    score: Floats
    bands: list[Band]
    brier: float
    calibration_error: float
    brier_confirmed: float
    sources: list[Source]
    typologies: list[Kind]
    lookalikes: list[Kind]
    segments: dict[str, list[Group]]
    gains: list[tuple[str, float]]
    """Inputs by their part of all gain, the highest first."""
    drift: list[tuple[str, float]]
    """Inputs by stability index between train and test part, the highest first."""


def study(
    matrix: Matrix, trained: Trained, truth: pl.DataFrame | None, policy: Policy, segments: Sequence[str], seed: int
) -> Study:  # fmt: skip
    """Work out what the card tells; `segments` are fields of a payment that `matrix.rows` has."""
    currency = main_currency(matrix.rows)
    test, latent = trained.test, trained.latent
    known = np.ones(len(test.rows), dtype=np.bool_) if latent is None else latent[test.rows] >= 0
    rows, margin = test.rows[known], test.margin[known]
    bad: Flags = test.confirmed if latent is None else latent[rows] == 1
    score = trained.earlier_calibration.of(margin)
    frame = matrix.rows[rows]
    told = judged(frame, bad, currency)
    alerted = is_alert(score, frame["at_least"].to_numpy(), policy)
    words = {"tenure": tenure(frame), "credit limit": limit_band(frame, currency), **{s: frame[s] for s in segments}}
    shown = bands(score, bad)
    line = MoneyCaught(margin, told).line()
    kinds = _kinds(frame, bad, margin > line, told.money, truth)
    return Study(
        trained, matrix, currency, latent is not None, told, rows, score, shown, brier(score, bad),
        expected_error(shown), brier(trained.earlier_calibration.of(test.margin), test.confirmed),
        _sources(trained, matrix), *kinds,
        {name: groups_of(word, alerted, told, seed) for name, word in words.items()},
        _gains(trained, matrix), _drift(trained, matrix),
    )  # fmt: skip


def _kinds(
    frame: pl.DataFrame, bad: Flags, above: Flags, money: NDArray[np.int64], truth: pl.DataFrame | None
) -> tuple[list[Kind], list[Kind]]:
    if truth is None or "typology" not in truth.columns:
        return [], []
    named = frame.select("event_id").join(
        truth.select("event_id", pl.col("typology").cast(pl.String)), on="event_id", how="left", maintain_order="left"
    )
    told = named.with_columns(bad=pl.Series(bad), above=pl.Series(above), money=pl.Series(money))
    counted = (
        told.drop_nulls("typology")
        .group_by("bad", "typology")
        .agg(pl.len(), pl.col("above").sum(), pl.col("money").sum(), money_above=pl.col("money").filter("above").sum())
        .sort("money", "typology", descending=[True, False])
    )
    bad_kinds, honest = (counted.filter(pl.col("bad") == flag).drop("bad").rows() for flag in (True, False))
    return [Kind(*row) for row in bad_kinds], [Kind(*row) for row in honest]


def _sources(trained: Trained, matrix: Matrix) -> list[Source]:
    arrived = trained.arrived
    told = pl.DataFrame({
        "source": arrived.source, "label": arrived.label, "late": arrived.arrived_ms - matrix.rows["time_ms"].to_numpy()
    })  # fmt: skip
    counted = told.drop_nulls("source").group_by("source").agg(
        (pl.col("label") == CASH_OUT).sum().alias("bad"), (pl.col("label") == GENUINE).sum().alias("good"),
        pl.col("late").median() / 86_400_000,
    )  # fmt: skip
    return [Source(*row) for row in counted.sort("source").iter_rows()]


def _gains(trained: Trained, matrix: Matrix) -> list[tuple[str, float]]:
    gain = trained.model.trees.gain()
    share = gain / max(gain.sum(), 1e-12)
    order = np.argsort(-share, kind="stable")
    return [(matrix.inputs[i].name, float(share[i])) for i in order if share[i] > 0]


def _drift(trained: Trained, matrix: Matrix) -> list[tuple[str, float]]:
    time_ms = matrix.rows["time_ms"].to_numpy()
    before, after = trained.split.train.rows(time_ms), trained.split.test.rows(time_ms)
    moved = [(one.name, stability(matrix.x[before, i], matrix.x[after, i])) for i, one in enumerate(matrix.inputs)]
    return sorted(moved, key=lambda pair: (-pair[1], pair[0]))


def as_json(told: Study) -> dict[str, Any]:
    """The figures as one JSON object."""
    t = told.trained
    return {
        "payments": told.matrix.n,
        "positives_arrived": int((t.arrived.label == CASH_OUT).sum()),
        "currency": told.currency,
        "split": {name: _part(part) for name, part in t.split._asdict().items() if isinstance(part, Part)},
        "gap_ms": t.split.gap_ms,
        "settings": t.settings._asdict(),
        "searched": [{**s._asdict(), "validated_ap": None if ap is None else float(ap)} for s, ap in t.searched],
        "prior": {"best_bin": t.prior._asdict(), "elkan_noto": t.elkan_noto._asdict()},
        "methods": [
            {
                "method": one.method, "trees": one.model.trees.number, "rules_weight": one.model.start.rules_weight,
                "validated": _figures(one.validated), "gain": one.gain, "gain_interval": one.gain_interval,
                "tested_by_truth": _figures(one.tested),
            }
            for one in t.tries
        ],
        "method": t.method,
        "trees": t.model.trees.number,
        "rules_weight": t.model.start.rules_weight,
        "test": {
            "by_confirmed": {"model": _figures(t.by_confirmed), "rules": _figures(t.rules_by_confirmed)},
            "by_truth": {"model": _figures(t.by_truth), "rules": _figures(t.rules_by_truth)},
        },
        "calibration": {
            "method": t.calibration.method, "knots": len(t.calibration.margins), "brier": told.brier,
            "brier_confirmed": told.brier_confirmed, "error": told.calibration_error, "judged_by_truth": told.by_truth,
        },
        "typologies": [kind._asdict() for kind in told.typologies],
        "lookalikes": [kind._asdict() for kind in told.lookalikes],
        "segments": {name: [group._asdict() for group in groups] for name, groups in told.segments.items()},
        "gains": dict(told.gains[:INPUTS_SHOWN]),
        "drift": dict(told.drift[:INPUTS_SHOWN]),
    }  # fmt: skip


def _part(part: Part) -> dict[str, str]:
    return {"from": show_moment(part.from_ms), "to": show_moment(part.to_ms), "known": show_moment(part.known_ms)}


def _figures(figures: Figures | None) -> dict[str, Any] | None:
    return None if figures is None else figures._asdict()
