"""Gates 3 to 6 measure what they say: each holds in a world that is as it asks, and fails in one that is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.simulate import scenario
from bonafide.testing.realism import measure_seeds
from bonafide.testing.realism.fits import OF_PAYMENTS, Scores, figures, learnt
from bonafide.testing.realism.gates import Gate, Measurement
from bonafide.testing.realism.gates_text import show, show_several
from bonafide.testing.realism.learned import _as_much, learned_gates, parts
from bonafide.testing.realism.sheet import (
    Column,
    Sheet,
    amount_and_time,
    everything,
    make_sheet,
    own_windows,
    told,
    windows,
)  # fmt: skip
from bonafide.testing.realism.signals import is_finding, is_label_history
from bonafide.testing.realism.users import halves, users_gate

PAYERS, DAYS, CHEATS = 300, 60, 60
COLUMNS = (
    Column("amount", of_moment=True), Column("local_hour", of_moment=True), Column("user_window", of_user=True),
    Column("shop_window"), Column("found", finding=True), Column("judged", label_history=True),
)  # fmt: skip
TINY = scenario("small", users=300, merchants=40, days=14)
Number = np.typing.NDArray[np.float64]


@dataclass
class World:
    """A payment of every payer a day; cheats cash out now and then. `tells` makes a column tell cash-out."""

    tells: dict[str, Callable[[Number, Number], Number]]
    """Column -> its value by (whether a payment is cash-out, which part of the days has gone by), before noise."""
    late: bool = False
    """Whether a scheme of half the cheats begins when two thirds of the days are over."""

    def sheet(self) -> Sheet:
        rng = np.random.default_rng(7)
        payer = np.tile(np.arange(PAYERS), DAYS)
        day = np.repeat(np.arange(DAYS), PAYERS)
        bad = (payer < CHEATS) & (rng.random(payer.size) < 0.1)
        x = rng.normal(0, 1, (payer.size, len(COLUMNS)))
        for place, column in enumerate(COLUMNS):
            if column.name in self.tells:
                x[:, place] += self.tells[column.name](bad.astype(np.float64), day / DAYS)
        newer = (payer % 2 == 0) & self.late
        bad &= ~(newer & (day <= 40))
        scheme = np.where(bad, np.where(newer, "late", "early"), None)
        time_ms = day * DAY_MS + payer * HOUR_MS // PAYERS
        return Sheet(COLUMNS, x.astype(np.float32), bad, time_ms.astype(np.int64), payer.astype(np.int64), scheme)


def found(*gates: Gate) -> dict[str, Measurement]:
    return {one.name: one for of in gates for one in of.measurements}


def lasting(bad: Number, gone: Number) -> Number:
    return 4 * bad


def fading(bad: Number, gone: Number) -> Number:
    """What tells at first points the other way in the end."""
    return bad * np.where(gone < 0.6, 4.0, -4.0)


def test_what_is_found_on_windows_by_a_lasting_sign_holds_all_but_drift() -> None:
    third, fourth, sixth = learned_gates(World({"user_window": lasting}).sheet())
    assert (third.number, fourth.number, sixth.number) == (3, 4, 6)
    assert third.holds, third
    assert fourth.holds, fourth
    assert not sixth.holds, "where nothing changes, nothing wears off"
    rows = found(third, fourth, sixth)
    assert rows["ap_windows"].value is not None
    assert rows["ap_windows"].value > 10 * (rows["ap_amount_time"].value or 1)
    assert (rows["amount_time_of_full"].standard_error or 0) > 0
    assert (rows["label_features"].value, rows["label_features"].note) == (1, "judged")


def test_a_world_that_amounts_give_away_is_caught() -> None:
    third, *_ = learned_gates(World({"amount": lasting, "user_window": lasting}).sheet())
    assert not third.holds
    assert (found(third)["amount_time_of_full"].value or 0) > 0.35


@pytest.mark.drill
def test_a_world_that_earlier_judgements_give_away_is_caught() -> None:
    _, fourth, _ = learned_gates(World({"judged": lasting, "user_window": lambda bad, gone: 0.5 * bad}).sheet())
    rows = found(fourth)
    assert not fourth.holds
    assert [rows[name].holds for name in ("label_loss_full", "label_loss_windows")] == [False, False]


def test_what_changes_half_way_wears_off_and_does_not_where_all_times_are_learnt_from() -> None:
    *_, sixth = learned_gates(World({"user_window": fading, "found": lasting}).sheet())
    rows = found(sixth)
    assert rows["drift_windows"].holds
    assert (rows["ap_windows_random"].value or 0) > 2 * (rows["ap_windows_time"].value or 1)
    assert (rows["ap_full_time"].value or 0) > (rows["ap_windows_time"].value or 1)


@pytest.mark.drill
def test_schemes_that_were_never_learnt_are_recalled_apart() -> None:
    world = World({"user_window": lasting}, late=True).sheet()
    rows = found(learned_gates(world)[2])
    assert rows["recall_unseen"].note == "late"
    assert rows["recall_unseen"].holds is None
    assert 0 < (rows["recall_unseen"].value or 0) <= 1
    known = world._replace(scheme=np.where(world.bad, "early", None))
    rows = found(learned_gates(known)[2])
    assert (rows["recall_unseen"].value, rows["recall_unseen"].note) == (
        None,
        "no typology appears that was not learnt",
    )


def test_users_whom_nothing_and_whom_everything_gives_away_are_caught() -> None:
    for sign, too_high in ((lambda bad, gone: 0 * bad, False), (lambda bad, gone: 9 * bad, True)):
        sheet = World({"user_window": sign}).sheet()
        sheet = sheet._replace(x=_held(sheet))
        gate = users_gate(sheet)
        auc = found(gate)["user_auc"]
        assert not gate.holds
        assert auc.value is not None
        assert (auc.value > (auc.high or 1)) is too_high
        assert (auc.value < (auc.low or 0)) is not too_high
    assert found(gate)["user_auc_full"].holds is None


def _held(sheet: Sheet) -> np.typing.NDArray[np.float32]:
    """Every payment shows the largest value that its payer has shown, as a window does."""
    grid = sheet.x.reshape(DAYS, PAYERS, len(COLUMNS))
    return np.maximum.accumulate(grid, axis=0).reshape(sheet.x.shape)


def test_a_user_is_their_last_payment_of_a_half_and_bad_by_any() -> None:
    sheet = World({}).sheet()
    first, second = halves(sheet)
    for half, days in ((first, range(27)), (second, range(30, DAYS))):
        whose = (sheet.payer == 5) & np.isin(sheet.time_ms // DAY_MS, days)
        place = int(np.flatnonzero(half.payer == 5)[0])
        assert half.last[place].tolist() == sheet.x[whose][-1].tolist()
        assert half.most[place].tolist() == sheet.x[whose].max(axis=0).tolist()
        assert half.bad[place] == sheet.bad[whose].any()


def test_both_sides_of_the_drift_learn_from_as_much_cash_out_of_others() -> None:
    sheet = World({}).sheet()
    split = parts(sheet)
    assert sheet.time_ms[split.later].min() - sheet.time_ms[split.earlier].max() >= 3 * DAY_MS
    rows = np.flatnonzero(sheet.payer % 3 != 0)
    like = split.earlier[sheet.payer[split.earlier] % 3 != 0]
    place = np.random.default_rng(1).permutation(sheet.payers)
    chosen = _as_much(sheet, rows, like, place)
    assert len(chosen) == len(like) == len(set(chosen))
    assert sheet.bad[chosen].sum() == sheet.bad[like].sum()
    assert not (sheet.payer[chosen] % 3 == 0).any()
    assert np.ptp(sheet.time_ms[chosen]) > np.ptp(sheet.time_ms[like])


def test_a_score_of_one_kind_alone_has_no_figures() -> None:
    x = np.ones((4, 1), np.float32)
    score = learnt(x, np.zeros(4, np.bool_), x, OF_PAYMENTS)
    found = figures(Scores({"a": score}, np.array([True, False, True, False]), np.arange(4)), 4, 4)
    assert found["a/ap"].value is None
    assert found["a/auc"].error is None


def test_columns_are_told_apart_by_what_they_count() -> None:
    features = shipped_bundle("paylater").features
    judged = {f.name for f in features if is_label_history(f)}
    assert judged >= {"user_verdicts_90d", "merchant_verdicts_90d", "merchant_judged_buyers_share_30d"}
    assert {"user_credit_sum_7d", "user_missed_90d", "pair_like_returns_90d"}.isdisjoint(judged)
    payments = pl.DataFrame({
        "user_id": ["b", None, "b"], "time_ms": [0, HOUR_MS, DAY_MS], "bad": [False, True, False], "amount": [5, 6, 7],
        "pay_with": [None, "card", "credit"], "credit_limit": [10, None, 0], "credit_used": [2, None, 1],
    })  # fmt: skip
    chosen = [f for f in features if f.name in {"user_credit_sum_7d", "merchant_sum_24h", "user_like_returns_30d"}]
    sheet = make_sheet(payments, chosen, lambda name: pl.Series(name, [1.0, None, 3.0]), 8 * HOUR_MS)
    names = [column.name for column in sheet.columns]
    assert [names[place] for place in sheet.places(amount_and_time)] == ["amount", "local_hour", "weekday"]
    assert {names[p] for p in sheet.places(everything)} - {names[p] for p in sheet.places(windows)} == {
        f.name for f in chosen if is_finding(f)
    }
    assert sheet.places(told) == sheet.places(windows)
    assert [names[place] for place in sheet.places(own_windows)] == [
        "user_credit_sum_7d", "credit_limit", "credit_used", "utilisation", "on_credit",
    ]  # fmt: skip
    table = dict(zip(names, sheet.x.T.tolist(), strict=True))
    assert table["local_hour"] == [8, 9, 8]
    assert table["weekday"] == [3, 3, 4]  # 1 January 1970 was a Thursday
    assert table["on_credit"] == [1, 0, 1]
    assert table["utilisation"][0] == pytest.approx(0.7)
    assert np.isnan(table["utilisation"][1:]).all()
    assert sheet.payer[0] == sheet.payer[2] != sheet.payer[1]


def test_of_a_long_log_whole_payers_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.testing.realism.sheet.PAYMENTS_MAX", 500)
    users = [f"u{n % 100}" for n in range(1_000)]
    payments = pl.DataFrame({
        "user_id": users, "time_ms": range(1_000), "bad": [False] * 1_000, "amount": range(1_000),
    })  # fmt: skip
    sheet = make_sheet(payments, (), lambda name: pl.Series(name, []), 0)
    assert 300 < len(sheet.bad) < 700
    assert set(np.bincount(sheet.payer).tolist()) == {10}


def test_without_the_library_the_gates_say_so_and_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise UsageError("training needs lightgbm, which is not installed: pip install 'bonafide[train]'")

    monkeypatch.setattr("bonafide.testing.realism.fits.lightgbm", missing)
    several = measure_seeds(TINY, [5])
    passed = [one for one in several.mean.gates if one.skipped]
    assert [one.number for one in passed] == [3, 4, 5, 6]
    assert all(one.holds for one in passed)
    assert "Gate 4: What was judged before is not what finds cash-out: skipped: training needs lightgbm" in show(
        several.runs[0].gates
    )
    text = show_several(several)
    assert "Gates 3 to 6 are skipped: training needs lightgbm, which is not installed" in text
    assert text.endswith("skipped: gate 3, gate 4, gate 5, gate 6.")
