"""Public data: the handbook's protocol against plain twins, XGBoost's features by hand, and a period's boundaries."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benches.decisions.handbook_reference import Setting, Windows, fifteen, tuned
from benches.decisions.protocol import CardPrecision, Compared, Fold, Ranked, judging
from benches.decisions.public import FILES, learnt, main, read_log, s_ffsd
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import load_bundle
from bonafide.lab.train.split import Part

BUNDLES = Path(__file__).parents[2] / "benches" / "decisions" / "bundles"


def cards_found(score: list[float], customer: list[int], day: list[int], bad: list[int], budget: int) -> float:
    """The handbook's card_precision_top_k, word for word in plain Python."""
    found: set[int] = set()
    shares = []
    for one in sorted(set(day)):
        highest: dict[int, float] = {}
        is_bad: dict[int, int] = {}
        for s, c, d, b in zip(score, customer, day, bad, strict=True):
            if d == one and c not in found:
                highest[c] = max(highest.get(c, -np.inf), s)
                is_bad[c] = max(is_bad.get(c, 0), b)
        first = sorted(highest, key=lambda c: (-highest[c], c))[:budget]
        detected = {c for c in first if is_bad[c]}
        found |= detected
        shares.append(len(detected) / budget)
    return float(np.mean(shares))


@pytest.mark.parametrize("seed", range(20))
def test_card_precision_is_the_handbooks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, budget = 200, int(rng.integers(1, 12))
    score, customer = rng.integers(0, 15, n) / 15, rng.integers(0, 30, n)
    day, bad = rng.integers(0, 7, n), rng.random(n) < 0.1
    told = CardPrecision(score, customer, day * DAY_MS, bad, budget).of(np.ones(30, np.int64))
    plain = cards_found(score.tolist(), customer.tolist(), day.tolist(), bad.astype(int).tolist(), budget)
    assert told.tolist() == [pytest.approx(plain)]


def test_a_customer_drawn_twice_is_two_cards() -> None:
    score, customer = np.array([0.9, 0.8, 0.7]), np.array([0, 1, 2])
    precision = CardPrecision(score, customer, np.zeros(3, np.int64), np.array([True, False, True]), budget=3)
    assert precision.of(np.array([2, 1, 1])).tolist() == [pytest.approx(2 / 3)]
    assert precision.of(np.array([0, 1, 1])).tolist() == [pytest.approx(1 / 3)]


def test_a_found_card_is_not_looked_at_again() -> None:
    score, customer = np.array([0.9, 0.9, 0.5]), np.array([0, 0, 1])
    time_ms, bad = np.array([0, DAY_MS, DAY_MS]), np.array([True, True, True])
    assert CardPrecision(score, customer, time_ms, bad, budget=1).of(np.ones(2, np.int64)).tolist() == [1.0]


def test_who_is_known_as_a_day_begins_leaves_from_that_day() -> None:
    fold = Fold(0)
    delay = 7 * DAY_MS
    #                     learnt       waited        tested: before and after the label of day 8 came
    time_ms = np.array([DAY_MS, 8 * DAY_MS + 5, 14 * DAY_MS, 15 * DAY_MS, 16 * DAY_MS, 20 * DAY_MS, 21 * DAY_MS])
    customer = np.array([0, 1, 0, 1, 1, 2, 2])
    bad = np.array([True, True, False, False, True, False, False])
    assert judging(customer, time_ms, bad, time_ms + delay, fold).tolist() == [3, 5]


def test_fraud_before_the_fold_is_nothing_known() -> None:
    time_ms, customer = np.array([DAY_MS, 16 * DAY_MS]), np.array([0, 0])
    bad = np.array([True, False])
    assert judging(customer, time_ms, bad, time_ms + 7 * DAY_MS, Fold(2 * DAY_MS)).tolist() == [1]


def test_both_models_are_compared_on_the_same_draw() -> None:
    rng = np.random.default_rng(0)
    n = 400
    customer, bad = rng.integers(0, 40, n), rng.random(n) < 0.2
    score = rng.random(n)
    fold = Ranked(customer, rng.integers(0, 7, n) * DAY_MS, bad, score, score)
    told = Compared([fold, fold], 40).of(rng.integers(0, 3, 40))
    assert told[:3].tolist() == told[3:6].tolist()
    assert told[6:].tolist() == [0, 0, 0]


def test_windows_hold_what_a_scan_finds() -> None:
    rng = np.random.default_rng(1)
    n, day = 300, 86_400
    time = np.sort(rng.integers(0, 20, n) * day // 2)
    key, value = rng.integers(0, 5, n), rng.random(n)
    told = Windows(key, time).sums(value, 3)
    for i in range(n):
        inside = (key[: i + 1] == key[i]) & (time[: i + 1] > time[i] - 3 * day)
        assert told[i] == pytest.approx(value[: i + 1][inside].sum())


def test_the_fifteen_features_by_hand() -> None:
    start = dt.datetime(2018, 7, 25)  # noqa: DTZ001  a Wednesday, without a zone as in the file
    days = [0, 0.5, 8, 10.25]
    moment = [start + dt.timedelta(days=day) for day in days]
    payments = pl.DataFrame({
        "moment": moment, "time_s": [int(day * 86_400) for day in days], "customer": [1, 1, 1, 1],
        "terminal": [1, 2, 1, 1], "amount": [10.0, 30.0, 20.0, 60.0], "fraud": [1, 0, 0, 0],
    })  # fmt: skip
    told = fifteen(payments)
    assert told.shape == (4, 15)
    # amount, weekend, night; then number and mean of 1, 7 and 30 days of the card
    assert told[1, :9].tolist() == [30, 0, 0, 2, 20, 2, 20, 2, 20]
    assert told[3, :9].tolist() == [60, 1, 1, 1, 60, 2, 40, 4, 30]
    # number and risk of the terminal, seven days back: the fraud of day 0 is seen on day 8 from 7 days on
    assert told[2, 9:].tolist() == [0, 0, 1, 1, 1, 1]
    assert told[0, 9:].tolist() == [0, 0, 0, 0, 0, 0]


def test_the_better_setting_is_chosen() -> None:
    pytest.importorskip("xgboost")
    x = np.arange(200.0).reshape(-1, 1)
    bad = (x[:, 0] % 20 < 2) | (x[:, 0] > 180)
    stump, deep = Setting(1, 1, 0.3), Setting(6, 50, 0.3)
    assert tuned(x, bad, x, bad, [stump, deep]) == deep


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_bundle_reads_its_model_from_declared_inputs_alone(name: str) -> None:
    bundle = load_bundle(BUNDLES / name)
    assert bundle.inputs.model
    assert bundle.inputs.training.unlabelled == "left_out"


def made_up(folder: Path, rows: int = 6_000, later: int | None = None) -> Path:
    """Data in S-FFSD's shape, where the new pay with fraud; labels from row `later` on are turned round."""
    rng = np.random.default_rng(3)
    source = np.where(rng.random(rows) < 0.1, np.arange(rows) + 1_000, rng.integers(0, 300, rows))
    seen = pl.Series(source).is_first_distinct().to_numpy()
    label = np.where(rng.random(rows) < 0.3, 2, ((source >= 1_000) & seen & (rng.random(rows) < 0.9)).astype(int))
    turned = np.arange(rows) >= rows if later is None else np.arange(rows) >= later
    label = np.where(turned & (label < 2), 1 - label, label)
    table = pl.DataFrame({
        "Time": np.arange(rows), "Source": [f"S{one}" for one in source],
        "Target": [f"T{one}" for one in rng.integers(0, 40, rows)], "Amount": np.round(rng.random(rows) * 90 + 1, 2),
        "Location": [f"L{one}" for one in rng.integers(0, 9, rows)],
        "Type": [f"TP{one}" for one in rng.integers(0, 9, rows)], "Labels": label,
    })  # fmt: skip
    path = folder / FILES["s-ffsd"]
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wb") as file:
        file.write(table.write_csv().encode())
    return folder


def test_what_comes_after_the_periods_moment_changes_nothing(tmp_path: Path) -> None:
    pytest.importorskip("lightgbm")
    learnt_rows, delay_rows = 1_900, 3_600
    texts = []
    for name, later in (("as_is", None), ("turned", learnt_rows + 1)):
        log = read_log("s-ffsd", made_up(tmp_path / name, later=later))
        first = int(log.time_ms.min())
        end = first + learnt_rows * 1_000
        trained = learnt(log, Part(first, end, end + delay_rows * 1_000))
        texts.append(trained.model.trees.text())
        assert trained.method == "plain"
        assert trained.prior.among_unlabelled == 0
    assert texts[0] == texts[1]


def test_only_labelled_payments_are_learnt_from(tmp_path: Path) -> None:
    pytest.importorskip("lightgbm")
    log = read_log("s-ffsd", made_up(tmp_path))
    first = int(log.time_ms.min())
    trained = learnt(log, Part(first, first + 2_000_000, log.matrix.last_ms))
    assert (trained.arrived.label[trained.test.rows] >= 0).all()
    assert not log.known.all()


@pytest.mark.drill
def test_the_harness_tells_figures_with_intervals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lightgbm")
    data = made_up(tmp_path, rows=24_000)
    s_ffsd(read_log("s-ffsd", data), data)
    told = capsys.readouterr().out
    auc = [line.split() for line in told.splitlines() if line.strip().startswith("auc")]
    assert all("to" in cells for cells in auc)
    assert len(auc) == 2
    assert all(float(cells[1]) > 0.7 for cells in auc)


def test_data_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.argv", ["public", "handbook", "--data", str(tmp_path)])
    assert main() == 0
    assert "skipped" in capsys.readouterr().err
