"""Forecasts: bounds, sums, sameness; shares of a loss against a loop; intervals that hold what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.calibration import PAST, STUDENT, UNPROVEN, lost_of, span, stretch_of, stretches
from bonafide.lab.exposure.forecast import STEP_DAYS, forecast, interval, past_months
from bonafide.lab.exposure.kernels import load_kernels
from bonafide.lab.exposure.ledger import ledger_of
from bonafide.lab.exposure.run import check_horizons
from tests.lab.exposure.kit import at, known_of, log_of, paid, spenders

LOG = log_of(spenders(80, 200), rows=4_000)


def test_groups_add_up_to_the_whole_and_nobody_loses_more_than_is_open() -> None:
    ledger = ledger_of(LOG.until(at(160)))
    of = {"merchant": ledger.merchant, "one": np.zeros(ledger.payer.size, np.int64)}
    loss = forecast(ledger, of, (30, 60), 7, draws=20)
    assert loss.by["merchant"].shape == (2, 20, len(ledger.merchants))
    assert np.allclose(loss.by["one"][..., 0], loss.total)
    before = loss.by["merchant"].sum(axis=2)  # but for what was owed before the log
    assert np.all(before <= loss.total + 1e-6)
    assert np.all(loss.total <= ledger.at(ledger.as_of_ms).open.sum())
    assert loss.total.min() > 0


def test_the_same_arguments_give_the_same_draws_and_another_seed_others() -> None:
    ledger = ledger_of(LOG.until(at(150)))
    first, again, other = (forecast(ledger, {}, (30,), seed, draws=10).total for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_past_forecast_knows_nothing_of_what_came_after_its_moment() -> None:
    then, later = ledger_of(LOG.until(at(140))), ledger_of(LOG.until(at(190)))
    told = forecast(later, {}, (30,), 7, draws=10, as_of_ms=then.as_of_ms).total
    assert np.allclose(told, forecast(then, {}, (30,), 7, draws=10).total)


def test_what_came_is_near_the_forecast() -> None:
    ledger, whole = ledger_of(LOG.until(at(160))), ledger_of(LOG.until())
    came = lost_of(whole, ledger.as_of_ms, 30).sum()
    wide = stretches(ledger, {}, 5, draws=60)["total"]
    told = span(forecast(ledger, {}, (30,), 7, draws=60).total[0][:, None], wide)
    assert told.low[0] <= came <= told.high[0]


def test_new_debts_of_a_past_month_are_amounts() -> None:
    ledger, begin = ledger_of(LOG.until(at(160))), at(110)
    end = begin + STEP_DAYS * DAY_MS
    months = past_months(ledger, [begin], ledger.at(begin).open, None)
    left, before = ledger.at(end).open, ledger.at(begin).open
    for payer, closed, bought in zip(months.payer, months.closed, months.bought, strict=True):
        debts = range(ledger.begins[payer], ledger.begins[payer + 1])
        assert bought == sum(left[debt] for debt in debts if ledger.opened_ms[debt] > begin)
        old = [debt for debt in debts if ledger.opened_ms[debt] <= begin]
        owed, still = sum(before[debt] for debt in old), sum(left[debt] for debt in old)
        assert closed == pytest.approx(1 - still / owed)


def test_a_young_log_has_no_forecast_and_unproven_intervals() -> None:
    ledger = ledger_of(known_of(paid(1, "u1", "m1", 1, 500, credit_used=0)))
    with pytest.raises(UsageError, match="history"):
        forecast(ledger, {}, (30,), 7)
    assert stretches(ledger, {}, 7) == {"total": UNPROVEN[0]}


def test_a_few_past_moments_make_intervals_that_hold_nine_in_ten() -> None:
    """Whatever the spread of the misses is: their largest of five would hold five times in six."""
    rng = np.random.default_rng(5)
    assert len(STUDENT) == PAST
    for moments in (2, PAST):
        misses = np.abs(rng.normal(0, 0.8, (2_000, moments + 1)))
        held = [one[-1] <= stretch_of([value[None] for value in one[:-1]], fine=False) for one in misses]
        assert 0.88 <= np.mean(held) <= 0.92


def test_of_many_groups_the_stretch_is_the_miss_that_nine_in_ten_do_not_exceed() -> None:
    misses = np.arange(1, 100) / 50  # 99 of them: the 90th, (99 + 1) nine tenths
    assert stretch_of([misses[::2], np.zeros(0), misses[1::2]], fine=True) == pytest.approx(1.8)
    assert stretch_of([misses / 2], fine=True) == pytest.approx(0.9)  # too wide in the past: narrower now


@pytest.mark.parametrize("days", [(), (20,), (60, 30), (30, 45)])
def test_horizons_are_whole_steps(days: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="multiples of 30"):
        check_horizons(days)


@st.composite
def payers(draw: st.DrawFn) -> tuple[list[list[tuple[int, int, int]]], list[tuple[int, int]]]:
    """Of each payer debts (group, amount, age; the oldest first), and (age of the youngest lost one, share lost)."""
    debt = st.tuples(st.integers(-1, 3), st.integers(1, 50), st.integers(0, 90))
    some = draw(st.lists(st.lists(debt, min_size=1, max_size=6), min_size=1, max_size=5))
    losses = [(draw(st.integers(0, 90)), draw(st.integers(0, 100))) for _ in some]
    return [sorted(one, key=lambda told: -told[2]) for one in some], losses


@given(payers())
@settings(max_examples=80, deadline=None)
def test_a_loss_is_shared_out_as_a_row_of_debts(
    told: tuple[list[list[tuple[int, int, int]]], list[tuple[int, int]]],
) -> None:
    debts, losses = told
    lost = [share * sum(amount for _, amount, _ in one) // 100 for one, (_, share) in zip(debts, losses, strict=True)]
    wanted = [0, 0, 0, 0]
    for one, (youngest, _), much in zip(debts, losses, lost, strict=True):
        units = [(group, age) for group, amount, age in one for _ in range(amount)]  # the oldest unit first
        old = sum(age >= youngest for _, age in units)
        first = max(0, old - much)
        for group, _ in units[first : first + much]:
            if group >= 0:
                wanted[group] += 1
    flat = [debt for one in debts for debt in one]
    group, amount, age = (np.array(part) for part in zip(*flat, strict=True))
    out = np.zeros(4)
    load_kernels().share_out(
        group.astype(np.int64), amount.astype(float), age.astype(float), np.array([float(age) for age, _ in losses]),
        np.array(lost, float), np.cumsum([0, *(len(one) for one in debts)]).astype(np.int64), out,
    )  # fmt: skip
    assert out.tolist() == wanted


@given(st.lists(st.integers(0, 50), min_size=10, max_size=60))
def test_the_interval_is_the_shortest_that_holds_nine_in_ten(values: list[int]) -> None:
    low, high = interval(np.array(values, float), 0.9)
    need = int(np.ceil(0.9 * len(values)))
    assert sum(low <= value <= high for value in values) >= need
    ordered = sorted(values)
    assert high - low == min(ordered[i + need - 1] - ordered[i] for i in range(len(ordered) - need + 1))
