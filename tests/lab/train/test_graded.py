"""The fit of the merchants' card: it goes against no direction, and keeps within what one event may move."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundles.inputs import MerchantInput, Shape, declared_graded
from bonafide.engine.graded import read_graded
from bonafide.engine.rules.language import Name
from bonafide.engine.rules.source import read_yaml_with_places
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.curves import Floats
from bonafide.lab.merchant_scores import weekly_scores
from bonafide.lab.train.graded import FADES, GradedFit, fit_graded, graded_scores, worst_moves
from bonafide.lab.train.graded_text import graded_text
from bonafide.lab.train.graded_trial import area, by_vintage
from bonafide.lab.train.merchants import MERCHANT_TARGET, MerchantLog, MerchantTarget, choose_moments, found_out

STEP = 1 / 120
PAYMENT = ("shaped_sales", "night_sales", "drained_buyers", "judged_buyers")
"""What one payment can add to at once."""


def declared(name: str, direction: str = "up", **shape: object) -> MerchantInput:
    return MerchantInput(name, Name(name, "number"), direction, "RC01", "service", name, name, Shape(**shape))  # type: ignore[arg-type]


INPUTS = (
    declared("told", step=STEP, most=4.0, fades=True),
    declared("noise", step=STEP, most=4.0, fades=True),
    declared("rare", most=80.0, least=60.0, knots=(0.0, 1.0)),
    declared("good", "down", step=1.0, most=0.5),
)


def rows_of(seed: int = 5, n: int = 4_000) -> tuple[Floats, Floats]:
    rng = np.random.Generator(np.random.PCG64(seed))
    bad = rng.random(n) < 0.03
    told = np.where(bad, rng.gamma(2.0, 0.2, n), rng.gamma(1.0, 0.02, n))
    good = np.where(bad, rng.poisson(5, n), rng.poisson(60, n)).astype(np.float64)
    rows = np.column_stack((told, rng.random(n), np.zeros(n), good))
    rows[rng.random(n) < 0.1, 1] = np.nan
    return rows, bad.astype(np.float64)


@pytest.fixture(scope="module")
def fitted() -> GradedFit:
    return fit_graded(INPUTS, *rows_of())


def test_bad_merchants_score_low_and_no_direction_is_turned(fitted: GradedFit) -> None:
    rows, bad = rows_of(6)
    told = area(graded_scores(fitted.graded, rows), bad > 0)
    assert told is not None
    assert told > 0.9
    for one in fitted.graded.card.inputs:
        turn = -1 if one.name == "good" else 1
        assert all(turn * (after - before) <= 0 for before, after in zip(one.points, one.points[1:], strict=False))


def test_no_event_moves_more_than_was_asked(fitted: GradedFit) -> None:
    moves = worst_moves(fitted.graded.card, INPUTS)
    assert moves["good_sale"] <= FADES + 0.6  # points are rounded to whole ones
    assert moves["told"] <= 4.5


def test_what_people_found_counts_however_few_cases_there_are(fitted: GradedFit) -> None:
    rare = next(one for one in fitted.graded.card.inputs if one.name == "rare")
    assert -80 <= rare.points[-1] <= -60


def test_the_same_rows_give_the_same_file_and_it_is_read_as_it_was_written(fitted: GradedFit) -> None:
    text = graded_text(fitted, MERCHANT_TARGET)
    assert text == graded_text(fit_graded(INPUTS, *rows_of()), MERCHANT_TARGET)
    read, mistakes = read_graded(read_yaml_with_places(text.encode(), "f"), "f", declared_graded(INPUTS))
    assert mistakes == []
    assert read is not None
    assert read.card == fitted.graded.card


def test_too_few_bad_ones_are_refused() -> None:
    rows, bad = rows_of()
    bad[np.flatnonzero(bad)[15:]] = 0
    with pytest.raises(UsageError, match="15 of 4000 moments of merchants are bad"):
        fit_graded(INPUTS, rows, bad)


def test_the_shipped_card_moves_by_no_more_than_five_points() -> None:
    """The worst case of every usual event, whatever a merchant's record."""
    bundle = shipped_bundle("paylater")
    card = bundle.compiled.scheme.merchant_card
    assert card is not None
    moves = worst_moves(card.card, bundle.inputs.merchant_scorecard)
    good_sale = moves["good_sale"]
    assert good_sale + sum(moves[name] for name in PAYMENT) <= 5
    assert good_sale + moves["unsent_parcels"] <= 5
    assert moves["payout_accounts"] <= 5


def test_found_out_is_a_verdict_on_the_merchant_or_two_on_its_sales_that_nobody_took_back() -> None:
    sales = pl.DataFrame({"event_id": ["p1", "p2", "p3"], "merchant_id": ["m1", "m1", "m2"], "time": [0, 0, 0]})
    facts = pl.DataFrame({
        "type": ["verdict"] * 5, "time": [5, 6, 7, 8, 9], "user_id": [None] * 5,
        "subject_type": ["event", "event", "event", "merchant", "merchant"],
        "subject_id": ["p1", "p2", "p3", "m3", "m4"], "label": ["cash_out"] * 5, "status": [None] * 5,
    })  # fmt: skip
    back = facts[4:].with_columns(time=pl.lit(10, pl.Int64), label=pl.lit("genuine"))
    log = MerchantLog(pl.DataFrame(), sales, pl.concat([facts, back]))
    assert found_out(log, 20).rows() == [("m1", 6), ("m3", 8)]
    assert found_out(log, 9).rows() == [("m1", 6), ("m3", 8), ("m4", 9)]
    assert found_out(log, 20, MerchantTarget(judged_sales=1)).rows() == [("m1", 5), ("m1", 6), ("m2", 7), ("m3", 8)]


def moments(rows: list[tuple[str, int, float]]) -> pl.DataFrame:
    return pl.DataFrame({
        "event_id": [f"w{i}" for i in range(len(rows))], "type": ["payout"] * len(rows),
        "merchant_id": [who for who, _, _ in rows], "time": [day * DAY_MS for _, day, _ in rows],
        "category": pl.Series([None] * len(rows), dtype=pl.String), "told": [value for _, _, value in rows],
        "noise": [0.0] * len(rows), "rare": [0.0] * len(rows), "good": [0.0] * len(rows),
    })  # fmt: skip


def test_each_merchant_stands_for_itself_at_a_few_moments() -> None:
    log = MerchantLog(
        moments([("m1", day, 0.0) for day in range(40)] + [("m2", 3, 0.0)]), pl.DataFrame(), pl.DataFrame()
    )
    chosen = choose_moments(log, 0, 100 * DAY_MS, MerchantTarget(per_merchant=4))
    assert chosen["merchant_id"].to_list() == ["m1"] * 4 + ["m2"]
    assert (chosen["time"] // DAY_MS).to_list() == [0, 10, 20, 30, 3]


def test_weeks_and_peers(fitted: GradedFit) -> None:
    """Six of one category, of whom the first is worst; one of another is compared with all of its age."""
    rows = [(f"m{i}", 4, 0.9 - 0.1 * i) for i in range(6)] + [("n", 4, 0.9), ("m0", 5, 0.9), ("m0", 11, 0.0)]
    sales = pl.DataFrame({
        "event_id": [f"p{i}" for i in range(7)], "merchant_id": [*(f"m{i}" for i in range(6)), "n"], "time": [0] * 7,
        "category": [*["home"] * 6, "toys"],
    })  # fmt: skip
    weekly = weekly_scores(MerchantLog(moments(rows), sales, pl.DataFrame()), fitted.graded)
    assert weekly.height == 8  # two weeks of m0, the first read twice
    first = weekly.filter((pl.col("merchant_id") == "m0") & (pl.col("week") == 4 * DAY_MS)).row(0, named=True)
    assert (first["time"], first["category"], first["age"]) == (5 * DAY_MS, "home", "under 30 days")
    assert (first["peers"], first["compared_by"]) == (5, "category and age")
    assert first["below"] < 0.5
    lone = weekly.filter(pl.col("merchant_id") == "n").row(0, named=True)
    assert (lone["category"], lone["peers"], lone["compared_by"]) == ("toys", 6, "age")
    best = weekly.filter(pl.col("merchant_id") == "m5").row(0, named=True)
    assert best["below"] >= first["below"]
    again = weekly.filter((pl.col("merchant_id") == "m0") & (pl.col("week") == 11 * DAY_MS)).row(0, named=True)
    assert (again["peers"], again["below"]) == (0, None)


def test_vintages_are_months_of_first_sale(fitted: GradedFit) -> None:
    told = moments([("m1", 1, 0.9), ("m2", 2, 0.0), ("m3", 40, 0.9), ("m4", 41, 0.0)])
    firsts = pl.DataFrame({"merchant_id": ["m1", "m2", "m3", "m4"], "time": [0, 0, 31 * DAY_MS, 31 * DAY_MS]})
    scores = graded_scores(fitted.graded, told.select(one.name for one in INPUTS).to_numpy())
    figures = by_vintage(told, scores, np.array([True, False, True, False]), firsts)
    assert [(one.vintage, one.merchants, one.bad, one.auc) for one in figures] == [
        (-1, 4, 2, 1.0), (0, 2, 1, 1.0), (1, 2, 1, 1.0)
    ]  # fmt: skip
