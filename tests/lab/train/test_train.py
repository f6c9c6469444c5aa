"""Training as a whole: figures from a time not seen, the same bytes again, and clear words where it cannot be."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from bonafide.core.moment import DAY_MS
from bonafide.engine.bundles.inputs import Training
from bonafide.lab.train.calibrate import TooFewLabelsError
from bonafide.lab.train.card import Origin, card_files
from bonafide.lab.train.figures import Figures
from bonafide.lab.train.matrix import Matrix
from bonafide.lab.train.pu import METHODS
from bonafide.lab.train.study import Study, as_json, study
from bonafide.lab.train.train import Trained, Try, _Run, chosen, train
from bonafide.lab.train.written import calibration_yaml, model_files
from tests.lab.runs import small_bundle
from tests.lab.train.kit import START_MS, payments

ASKED = Training(trees=25, leaves=7)
ORIGIN = Origin("bonafide train log.parquet --out b", "0" * 64, 0)


def learnt(matrix: Matrix, truth: pl.DataFrame | None = None) -> Trained:
    return train(matrix, truth, 0, ASKED)


@cache
def known() -> Study:
    matrix, truth = payments(6_000, 7)
    return study(matrix, learnt(matrix, truth), truth, small_bundle().policy, ["channel"], 0)


def test_the_model_finds_more_than_the_rules_in_a_time_it_has_not_seen() -> None:
    told = known().trained
    assert told.by_truth is not None
    assert told.rules_by_truth is not None
    assert (told.by_truth.values["ap"] or 0) > (told.rules_by_truth.values["ap"] or 0) + 0.1
    assert [one.method for one in told.tries] == list(METHODS)


def test_the_prior_and_the_frequency_of_labels_are_about_right() -> None:
    prior = known().trained.prior
    assert 0.05 < prior.among_all < 0.17
    assert 0.25 < prior.label_frequency < 0.75


def test_the_same_data_and_seed_give_the_same_bytes() -> None:
    matrix, truth = payments(6_000, 7)
    again = study(matrix, learnt(matrix, truth), truth, small_bundle().policy, ["channel"], 0)
    assert card_files(again, ORIGIN) == card_files(known(), ORIGIN)
    first, second = (model_files(s.trained.model, s.trained.calibration) for s in (known(), again))
    assert first == second


def test_the_card_tells_all_that_it_should_and_escapes_words() -> None:
    text, page = card_files(known(), ORIGIN._replace(command="bonafide train <b>.parquet"))
    for word in ("Labels, and how late", "Class prior", "drain the line", "gift cards", "tenure", "channel", "Limits"):
        assert word in text
        assert word in page
    assert "<b>" not in page
    assert "<svg" in page
    json.dumps(as_json(known()), allow_nan=False)


def test_labels_that_arrive_later_change_no_earlier_lesson() -> None:
    matrix, _ = payments(2_000, 7)
    told = _Run(matrix, None, 0, ASKED, lambda name, number, total: None, None, METHODS)
    late = pl.col("arrived_ms") > told.split.validate.from_ms
    flipped = pl.when(late).then(pl.lit("genuine")).otherwise("label").alias("label")
    other = _Run(
        matrix._replace(statements=matrix.statements.with_columns(flipped)), None, 0, ASKED, told._stage, None, METHODS
    )
    other.split = told.split
    assert (other.lesson(told.split.train).arrived.label == told.lesson(told.split.train).arrived.label).all()
    assert (other.lesson(told.split.test).arrived.label != told.lesson(told.split.test).arrived.label).any()


@pytest.mark.parametrize(("confirmed", "days"), [(0.0, 3.0), (0.5, 4_000.0)])
def test_a_log_without_labels_in_time_is_refused_in_one_sentence(confirmed: float, days: float) -> None:
    matrix, _ = payments(2_000, 3, confirmed=confirmed, delay_days=days)
    with pytest.raises(TooFewLabelsError, match="at least"):
        learnt(matrix._replace(statements=matrix.statements.filter(pl.col("arrived_ms") < START_MS + DAY_MS)))


def test_whoever_gave_a_truth_is_not_told_to_give_one() -> None:
    matrix, truth = payments(2_000, 3, confirmed=0.0)
    nothing = matrix._replace(statements=matrix.statements.clear())
    with pytest.raises(TooFewLabelsError, match="a longer log, with more verdicts in it, or with --truth"):
        learnt(nothing)
    late = truth.with_columns(known_at=pl.lit(None, pl.Datetime("ms", "UTC")))
    with pytest.raises(TooFewLabelsError, match=r"a longer log, so that more of what the truth says was known in time"):
        learnt(nothing, late)


def test_a_log_without_payments_is_refused() -> None:
    matrix, _ = payments(100, 3)
    empty = matrix._replace(x=matrix.x[:0], evidence=matrix.evidence[:0], rows=matrix.rows[:0])
    with pytest.raises(TooFewLabelsError, match="no payment"):
        learnt(empty)


def tried(method: str, gain: float, interval: tuple[float, float]) -> Try:
    nothing = Figures(0, 0, 0, 0, {}, {})
    return Try(method, None, nothing, gain, interval, None)  # type: ignore[arg-type]


def test_the_method_that_catches_more_is_chosen_and_ties_go_to_spies() -> None:
    plain = tried("plain", 0.0, (0.0, 0.0))
    clear, close = tried("spies", 0.1, (0.02, 0.18)), tried("nnpu", 0.11, (0.02, 0.19))
    assert chosen([plain, clear, close]) == "spies"
    assert chosen([plain, tried("spies", -0.01, (-0.5, 0.48))]) == "spies"
    assert chosen([plain, tried("spies", -0.2, (-0.3, -0.1))]) == "plain"
    assert chosen([plain, clear, tried("nnpu", 0.3, (0.25, 0.35))]) == "nnpu"
    assert chosen([plain]) == "plain"


def test_numbers_of_a_calibration_are_read_as_they_were_written(tmp_path: Path) -> None:
    told = known().trained
    text = calibration_yaml(told.model.start.rules_weight, told.calibration)
    import yaml

    read = yaml.safe_load(text)
    assert read["rules_weight"] == told.model.start.rules_weight
    assert [knot[0] for knot in read["knots"]] == told.calibration.margins.tolist()
