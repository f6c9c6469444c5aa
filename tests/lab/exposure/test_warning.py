"""Points: monotone, explained, fitted as they should be; a subject is warned of once in a while."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.warning.fit import fit
from bonafide.lab.exposure.warning.points import added, bands_of, cards_of, chance, reasons, shipped_cards, values_of
from bonafide.lab.exposure.warning.rows import feature_columns, rows_of
from bonafide.lab.exposure.warning.terms import MERCHANT, TERMS, needed
from bonafide.lab.exposure.warning.warn import QUIET_DAYS, warnings_of
from tests.lab.exposure.kit import START_MS

KINDS = sorted(TERMS)


@pytest.mark.parametrize("kind", KINDS)
def test_shipped_points_never_fall_in_the_direction_of_their_term(kind: str) -> None:
    card = shipped_cards()[kind]
    assert set(card.points) == {term.name for term in TERMS[kind]}
    for term in TERMS[kind]:
        points = card.points[term.name][:: term.direction]
        assert min(points) == 0
        assert list(points) == sorted(points), term.name
        assert term.en
        assert term.zh


@given(st.sampled_from(KINDS), st.data())
@settings(max_examples=60, deadline=None)
def test_a_worse_figure_never_lowers_the_chance(kind: str, data: st.DataObject) -> None:
    card, terms = shipped_cards()[kind], TERMS[kind]
    values = np.array([[data.draw(st.floats(0, 100)) for _ in terms]])
    place = data.draw(st.integers(0, len(terms) - 1))
    worse = values.copy()
    worse[0, place] += terms[place].direction * data.draw(st.floats(0, 100))
    before, after = (chance(card, added(kind, card, bands_of(kind, one)))[0] for one in (values, worse))
    assert after >= before


def test_a_missing_figure_adds_nothing_and_reasons_are_the_largest() -> None:
    card = shipped_cards()["merchant"]
    values = np.full((1, len(MERCHANT)), np.nan)
    assert added("merchant", card, bands_of("merchant", values)).sum() == 0
    points = np.zeros(len(MERCHANT))
    points[[2, 1]] = 1, 2
    assert [term.name for term in reasons("merchant", points)] == [MERCHANT[1].name, MERCHANT[2].name]


def test_a_fit_finds_the_terms_that_tell() -> None:
    rng = np.random.default_rng(7)
    kind, rows = "user", 4_000
    bands = np.column_stack([rng.integers(0, len(term.cuts) + 1, rows) for term in TERMS[kind]])
    bad = rng.random(rows) < np.where(bands[:, 0] >= 3, 0.5, 0.02)
    card = fit(kind, bands, bad, np.ones(rows), 0.5)
    assert card.points["score"][-1] > 2
    assert max(max(points) for name, points in card.points.items() if name != "score") < 0.5
    told = chance(card, added(kind, card, bands))
    assert abs(told.mean() - bad.mean()) < 0.02


def merchant_rows(days: list[float]) -> pl.DataFrame:
    """Decisions on payouts of one shop that sells cash, and the features of its events."""
    number = len(days)
    decisions = pl.DataFrame({
        "event_id": [f"e{i}" for i in range(number)], "seq": range(number), "type": ["payout"] * number,
        "time": [START_MS + round(day * DAY_MS) for day in days], "user_id": [None] * number,
        "merchant_id": ["m1"] * number, "amount": [100] * number, "score": [0.9] * number, "alert": [True] * number,
    }, schema_overrides={"user_id": pl.String}).with_columns(pl.col("time").cast(pl.Datetime("ms", "UTC")))  # fmt: skip
    features = decisions.select("event_id", **{name: pl.lit(5.0) for name in needed("merchant")})
    payments = pl.DataFrame(schema={"event_id": pl.String})
    return rows_of("merchant", decisions, features, payments)


def test_a_subject_is_warned_of_once_in_a_while_and_told_why() -> None:
    rows = merchant_rows([0, 1, 5, QUIET_DAYS + 0.5, QUIET_DAYS + 1])
    found = warnings_of("merchant", rows, shipped_cards()["merchant"])
    assert [one.event_id for one in found] == ["e0", "e3"]
    assert 0 < len(found[0].reasons_en) == len(found[0].reasons_zh) <= 3
    assert warnings_of("merchant", rows, shipped_cards()["merchant"], line=1.01) == []
    assert values_of("merchant", rows).shape == (5, len(MERCHANT))


def test_a_newcomer_is_warned_of_at_its_own_line() -> None:
    rows = merchant_rows([0, 1])
    assert rows["newcomer"].to_list() == [False, False]  # seen from the log's beginning: it may have traded before
    calm = msgspec.structs.replace(shipped_cards()["merchant"], line=1.01, newcomer_line=0.0)
    assert warnings_of("merchant", rows, calm) == []
    found = warnings_of("merchant", rows.with_columns(newcomer=pl.Series([False, True])), calm)
    assert [one.event_id for one in found] == ["e1"]


def test_a_bundle_without_the_features_is_told_which_one_lacks() -> None:
    rows = merchant_rows([0]).select("event_id")
    with pytest.raises(UsageError, match="merchant_like_return_payers_30d"):
        rows_of("merchant", pl.DataFrame(), rows, pl.DataFrame())
    assert feature_columns(["event_id", "nothing", "merchant_promotions_30d"]) == [
        "event_id",
        "merchant_promotions_30d",
    ]


def test_a_table_with_too_few_points_is_refused() -> None:
    told = {"user": {"base": -1.0, "line": 0.5, "newcomer_line": 0.5, "points": {"score": [0.0, 1.0]}}}
    with pytest.raises(ValueError, match="'score' needs 5 points"):
        cards_of(told)
