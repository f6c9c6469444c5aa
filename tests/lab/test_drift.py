"""What moved between two periods: the kernels against slow twins, and the comparison on decisions made by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.drift import BINS, SHARE_MIN, word_for
from bonafide.core.errors import UsageError
from bonafide.lab.drift.compare import Drift, compare
from bonafide.lab.drift.periods import parted, whole
from bonafide.lab.drift.shown import drift_html, drift_svg, drift_text
from bonafide.lab.stability import bin_edges, by_chance, distance, stability
from bonafide.lab.wilson import wilson

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY_MS = 86_400_000
START_MS = int(START.timestamp() * 1000)
VALUES = st.lists(st.one_of(st.just(math.nan), st.sampled_from([0.0, 1.0, 2.0, 7.5, -3.0])), max_size=40)


def slow_index(before: list[float], after: list[float]) -> float:
    """The definition, a value at a time."""
    known = sorted(value for value in before if not math.isnan(value))
    edges = sorted({float(np.quantile(known, i / BINS)) for i in range(1, BINS)}) if known else []

    def share(values: list[float], of: int) -> float:
        own = [len(edges) + 1 if math.isnan(v) else sum(v > edge for edge in edges) for v in values]
        return max(own.count(of) / len(values), SHARE_MIN)

    pairs = [(share(before, i), share(after, i)) for i in range(len(edges) + 2)]
    return sum((then - first) * math.log(then / first) for first, then in pairs)


@given(VALUES, VALUES)
def test_the_index_is_its_definition(before: list[float], after: list[float]) -> None:
    found = stability(np.array(before), np.array(after))
    if before and after:
        assert found == pytest.approx(slow_index(before, after), abs=1e-12)
        assert found >= 0
    else:
        assert math.isnan(found)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
@settings(max_examples=30)
@given(VALUES, VALUES)
def test_the_distance_is_that_of_scipy(before: list[float], after: list[float]) -> None:
    stats = pytest.importorskip("scipy.stats")
    found = distance(np.array(before), np.array(after))
    known = [[value for value in values if not math.isnan(value)] for values in (before, after)]
    if found is None:
        assert not all(known)
    else:
        assert found == pytest.approx(stats.ks_2samp(*known, method="asymp").statistic, abs=1e-12)


def test_the_same_numbers_do_not_move_and_order_says_nothing() -> None:
    values = np.array([3.0, 1.0, math.nan, 2.0, 2.0])
    assert (stability(values, values[::-1]), distance(values, values[::-1])) == (0, 0)


def test_a_value_that_goes_missing_is_a_shift() -> None:
    before, after = np.arange(100.0), np.where(np.arange(100) < 40, math.nan, np.arange(100.0))
    assert stability(before, after) > 0.25
    assert word_for(stability(before, after)) == "shifted"


def test_chance_alone_makes_about_the_index_that_it_is_said_to_make() -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    made = [(rng.normal(size=400), rng.normal(size=600)) for _ in range(60)]
    found = float(np.mean([stability(*pair) for pair in made]))
    assert found == pytest.approx(np.mean([by_chance(*pair) for pair in made]), rel=0.2)
    assert len(bin_edges(made[0][0])) == BINS - 1


def test_an_interval_of_a_share_holds_it_and_of_nothing_is_none() -> None:
    assert wilson(0, 0) is None
    for part in range(11):
        low, high = wilson(part, 10) or (1.0, 0.0)
        assert 0 <= low <= part / 10 <= high <= 1


def results(folder: Path, *, shift: float = 0.0, day: int = 0, features: bool = True) -> Path:
    """Forty payments of ten days: a score that rises, an alert from 0.5 on, a rule that hits with it."""
    folder.mkdir()
    n = 40
    score = np.clip(np.arange(n) / n + shift, 0, 1).round(6)
    table = pl.DataFrame({
        "seq": pl.Series(np.arange(n) * 2, dtype=pl.Int64),
        "event_id": [f"p{day}-{i}" for i in range(n)], "type": ["payment"] * n,
        "score": score, "credit_score": pl.Series([None] * n, dtype=pl.Int64), "alert": score >= 0.5,
        "hits": [["R1", "R2"] if one >= 0.5 else [] for one in score],
        "time": pl.Series(START_MS + day * DAY_MS + np.arange(n) * DAY_MS // 4).cast(pl.Datetime("ms", "UTC")),
    })  # fmt: skip
    other = table.head(1).with_columns(type=pl.lit("refund"), event_id=pl.lit("r"), seq=pl.lit(99, pl.Int64))
    pl.concat([table, other]).write_parquet(folder / "decisions.parquet")
    if features:
        named = {"event_id": [*table["event_id"], "r"], "seq": [*table["seq"], 99], "still": [1.0] * (n + 1)}
        moved = {"moved": [*(np.arange(n) + 100 * shift), math.nan]}
        pl.DataFrame(named | moved).with_columns(pl.col("moved").fill_nan(None)).write_parquet(
            folder / "features.parquet"
        )
    return folder


def known(day: int = 0) -> pl.DataFrame:
    """Of every second payment a label that arrives a day after it; those with a high score are cash-out."""
    which = np.arange(0, 40, 2)
    arrived = START_MS + (day + 1) * DAY_MS + which * DAY_MS // 4
    return pl.DataFrame({"event_id": [f"p{day}-{i}" for i in which], "bad": which >= 30, "arrived_ms": arrived})


@pytest.fixture
def drift(tmp_path: Path) -> Drift:
    before = whole(results(tmp_path / "a"), known())
    return compare(before, whole(results(tmp_path / "b", shift=0.3, day=20), known(20)))


def test_the_worst_comes_first_and_gives_the_verdict(drift: Drift) -> None:
    assert (drift.verdict, drift.worst) == ("shifted", "moved")
    assert [one.name for one in drift.all_moved] == ["moved", "score", "still"]
    still = drift.features[-1]
    assert (still.index, still.verdict, still.ks) == (0, "stable", 0)
    assert {one.name for one in drift.above(0.25)} == {"moved", "score"}
    assert drift.credit_score is None


def test_alerts_and_rules_are_told_by_the_day_and_only_payments_have_features(drift: Drift) -> None:
    days = 39 / 4
    assert drift.before.payments == 40
    assert drift.before.decided == 41  # the refund lies within
    assert drift.before.alerts_per_day == pytest.approx(20 / days)
    assert [rule.rule for rule in drift.rules] == ["R1", "R2"]
    assert drift.rules[0].ratio == pytest.approx(32 / 20)
    assert drift.features[0].missing_before == 0


def test_only_labels_that_had_arrived_in_their_period_are_counted(drift: Drift) -> None:
    # The last payment falls on 9 3/4 days; labels of payments after 8 3/4 days are still to come.
    assert drift.before.labelled == 18
    highest = drift.calibration[-1]
    assert (highest.before.cash_out, highest.before.labelled) == (0, 0)
    sums = [sum(getattr(pair, side).payments for pair in drift.calibration) for side in ("before", "after")]
    assert sums == [40, 40]
    assert sum(pair.before.cash_out for pair in drift.calibration) == 3


def test_one_folder_is_parted_at_a_moment(tmp_path: Path) -> None:
    folder = results(tmp_path / "a")
    before, after = parted(folder, START_MS + 5 * DAY_MS, known())
    assert (before.payments.height, after.payments.height) == (20, 20)
    assert (before.days, after.days) == (5, 4.75)
    assert before.labels is not None
    assert before.labels.height == 9
    with pytest.raises(UsageError, match="choose a moment between them"):
        parted(folder, START_MS, None)


def test_without_features_and_labels_scores_are_compared_all_the_same(tmp_path: Path) -> None:
    folder = results(tmp_path / "a", features=False)
    told = compare(*parted(folder, START_MS + 5 * DAY_MS, None))
    assert (told.features, told.calibration, told.before.labelled) == ([], [], None)
    assert told.worst == "score"
    assert "replay with --features" in drift_text(told)


def test_text_drawing_and_page_name_what_moved_and_are_the_same_again(drift: Drift) -> None:
    text = drift_text(drift)
    assert text.splitlines()[0] == "shifted: 2 shifted, 1 stable; the worst is moved"
    assert all(line == line.rstrip() for line in text.splitlines())
    drawing, page = drift_svg(drift), drift_html(drift, "bonafide drift a b")
    assert drawing.startswith('<svg xmlns="http://www.w3.org/2000/svg" ')
    assert drawing.count('class="missed"') == 2
    assert "<pre>bonafide drift a b</pre>" in page
    assert "<script" not in page + drawing
    assert (drawing, page) == (drift_svg(drift), drift_html(drift, "bonafide drift a b"))
