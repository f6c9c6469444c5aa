"""The law of a feature read, in small logs whose answers anybody can work out."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import Fact, Group, Indicator, Login, Payout, Registration, Transfer
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, parse_span
from bonafide.engine.codes import ANSWERED, FAULT_CURRENCY, V_FAULTS
from bonafide.engine.compiled import KNOWN_MS, LATENESS_MS, Rate, Settings
from bonafide.engine.features.family import TERM_MS
from bonafide.engine.features.layout import BITS_MAX, SETS_MAX
from bonafide.engine.intake import rows_of_events
from tests.engine.features.logs import features, logs
from tests.engine.kit import (
    SETTINGS,
    START_MS,
    TAKES,
    answers_of,
    feature,
    feed,
    fresh_state,
    fresh_twin,
    payment,
    play,
    refund,
    same,
    specs_of,
    status_of,
)  # fmt: skip

OVERS = ("1m", "1h", "24h", "90d")


def registration(number: int, time: int, user: str = "u", **told: Any) -> Registration:
    return Registration(event_id=f"e{number}", time=START_MS + time, user_id=user, **told)


# ---- what a window covers


@pytest.mark.parametrize("over", OVERS)
@pytest.mark.parametrize("take", ["count", "sum", "mean", "min", "max", "distinct", "last", "entropy", "share"])
def test_a_window_ends_just_before_its_length(take: str, over: str) -> None:
    """(as_of - over, as_of]: exactly `over` ago is outside, one millisecond less is inside."""
    of = {"share": None, "count": None}.get(take, "amount")
    told = feature(take, over, of=of, where="amount > 0" if take == "share" else None)
    inside = {"count": 1.0, "distinct": 1.0, "share": 1.0, "entropy": 0.0}.get(take, 700.0)
    outside = 0.0 if take in {"count", "sum", "distinct", "share"} else None
    length = parse_span(over)
    for age, expected in ((length - 1, inside), (length, outside), (length + 1, outside)):
        assert answers_of(told, [payment(1, 0, 700), payment(2, age)])[1] == expected


@pytest.mark.parametrize("over", OVERS)
def test_a_cursor_obeys_the_same_boundary(over: str) -> None:
    length = parse_span(over)
    log = [payment(1, 0), payment(2, 10), payment(3, length - 1), payment(4, length), payment(5, length + 10)]
    first = answers_of(feature("seconds_since_first", over), log)
    assert first == [None, 0.01, (length - 1) / 1000, (length - 10) / 1000, 0.011]
    assert answers_of(feature("seconds_since_last", over), log)[4] == 0.01


def test_an_event_never_sees_itself() -> None:
    assert answers_of(feature("sum", of="amount"), [payment(1, 0, 5), payment(2, 0, 7), payment(3, 0, 9)]) == [0, 5, 12]


def test_the_moment_of_a_read_never_goes_back_for_a_key() -> None:
    """A registration at 1h moves the user's moment on: a later payment with an earlier time reads as of 1h."""
    log = [payment(1, 0), registration(2, HOUR_MS), payment(3, 1), payment(4, HOUR_MS)]
    assert answers_of(feature("count", "1h"), log) == [0, 0, 0, 1]
    assert answers_of(feature("count", "1h", by="merchant_id"), log) == [0, None, 1, 1]


def test_a_late_event_changes_later_answers_only() -> None:
    told = feature("sum", "1h", of="amount")
    log = [payment(1, 0, 1), payment(2, 30 * MINUTE_MS, 2), payment(3, 40 * MINUTE_MS, 4)]
    late = payment(9, 10 * MINUTE_MS, 8)
    after = [
        payment(4, 50 * MINUTE_MS),
        payment(5, 69 * MINUTE_MS),
        payment(6, 70 * MINUTE_MS),
        payment(7, 71 * MINUTE_MS),
    ]
    assert answers_of(told, [*log, *after]) == [0, 1, 3, 7, 106, 206, 306]
    assert answers_of(told, [*log, late, *after]) == [0, 1, 3, 7, 15, 114, 206, 306]


def test_a_late_event_that_every_window_has_left_is_not_kept() -> None:
    log = [payment(1, HOUR_MS), payment(2, 0), payment(3, HOUR_MS)]
    assert answers_of(feature("count", "1h"), log) == [0, 1, 1]
    assert answers_of(feature("count", None), log) == [0, 1, 2]


def test_equal_times_rank_by_place_in_the_log() -> None:
    log = [payment(1, 10, 1), payment(2, 10, 2), payment(3, 0, 3), payment(4, 10, 4), payment(5, 10)]
    assert answers_of(feature("last", of="amount"), log) == [None, 1, 2, 2, 4]
    assert answers_of(feature("last", None, of="amount"), log) == [None, 1, 2, 2, 4]


def test_any_event_that_names_the_key_gets_an_answer_and_others_none() -> None:
    log = [
        payment(1, 0), registration(2, 1), registration(3, 2, user="other"), refund(4, 3, user_id="u"),
        Login(event_id="e5", time=START_MS + 4, subject_type="user", subject_id="u"),
    ]  # fmt: skip
    assert answers_of(feature("count"), log) == [0, 1, 0, 1, None]
    assert answers_of(feature("mean", of="amount"), log) == [None, 100, None, 100, None]


def test_an_absent_part_of_a_key_makes_the_answer_missing() -> None:
    told = feature("count", by=["user_id", "device_id", "channel"])
    log = [
        payment(1, 0), payment(2, 1, device_id="d"), payment(3, 2, device_id="d", channel="app"),
        payment(4, 3, device_id="d", channel="app"), payment(5, 4, device_id="d", channel="web"),
    ]  # fmt: skip
    assert answers_of(told, log) == [None, None, 0, 1, 0]


def test_the_parts_of_a_key_are_not_confused() -> None:
    log = [payment(1, 0, user_id="ab", merchant_id="c"), payment(2, 1, user_id="a", merchant_id="bc"),
           payment(3, 2, user_id="c", merchant_id="ab"), payment(4, 3, user_id="ab", merchant_id="c")]  # fmt: skip
    assert answers_of(feature("count", by=["user_id", "merchant_id"]), log) == [0, 0, 0, 1]


def test_an_event_without_the_value_is_skipped() -> None:
    log = [payment(1, 0, credit_used=4), payment(2, 1), payment(3, 2, credit_used=8), payment(4, 3)]
    assert answers_of(feature("mean", of="credit_used"), log) == [None, 4, 4, 6]
    assert answers_of(feature("count"), log) == [0, 1, 2, 3]
    assert answers_of(feature("seconds_since_last", of="credit_used"), log) == [None, 0.001, 0.002, 0.001]
    assert answers_of(feature("share", of="credit_used", where="credit_used > 4"), log) == [0, 0, 0, 0.5]


def test_an_unknown_condition_does_not_match() -> None:
    log = [payment(1, 0), payment(2, 1, goods="virtual"), payment(3, 2, goods="physical"), payment(4, 3)]
    assert answers_of(feature("count", where="goods == 'virtual'"), log) == [0, 0, 1, 1]
    assert answers_of(feature("count", where="goods != 'virtual'"), log) == [0, 0, 0, 1]
    assert answers_of(feature("share", where="not (goods == 'virtual')"), log) == [0, 0, 0, 1 / 3]


@pytest.mark.parametrize("take", TAKES)
@pytest.mark.parametrize("over", ["24h", None])
def test_an_empty_window_is_zero_or_missing(take: str, over: str | None) -> None:
    of = "amount" if take in {"sum", "mean", "std", "min", "max", "distinct", "entropy", "zscore", "last"} else None
    told = feature(take, over, of=of, where="amount > 0" if take == "share" else None)
    empty = 0 if take in {"count", "sum", "distinct", "share"} else None
    assert answers_of(told, [payment(1, 0)]) == [empty]
    if over:
        assert answers_of(told, [payment(1, 0), payment(2, DAY_MS)])[1] == empty


# ---- values


def test_large_amounts_stay_exact() -> None:
    """Two hundred amounts of a trillion that differ by one: neither sums nor squares lose a unit."""
    amounts = [10**12 - i % 2 for i in range(200)]
    log = [payment(i, i, a) for i, a in enumerate(amounts)] + [payment(900, 900, 10**12)]
    assert answers_of(feature("sum", of="amount"), log)[-1] == float(sum(amounts))
    assert answers_of(feature("std", of="amount"), log)[-1] == 0.5
    assert answers_of(feature("zscore", of="amount"), log)[-1] == 1.0
    assert answers_of(feature("mean", of="amount"), log)[-1] == float(Fraction(sum(amounts), 200))


def test_zscore_is_of_the_event_s_own_value() -> None:
    log = [payment(1, 0, 100), payment(2, 1, 300), payment(3, 2, 500), payment(4, 3, 300), registration(5, 4)]
    assert answers_of(feature("zscore", of="amount"), log) == [None, None, 3.0, 0.0, None]


def test_entropy_is_in_bits() -> None:
    log = [payment(i, i, merchant_id=m) for i, m in enumerate("aabbccddd")]
    got = answers_of(feature("entropy", of="merchant_id"), log)
    assert got[:3] == [None, 0, 0]
    assert got[4] == 1.0
    assert got[8] == 2.0


def test_fractions_are_taken_as_the_numbers_they_are() -> None:
    def group(number: int, score: float) -> Group:
        return Group(event_id=f"e{number}", time=START_MS + number, group_id="g", subject_type="user", subject_id="u",
                     method="dense", score=score, valid_until=START_MS)  # fmt: skip

    log: list[Fact] = [group(1, 0.1), group(2, 0.2), group(3, 1.0), group(4, 0.0)]
    told = {"event": "group", "by": "group_id", "of": "score"}
    assert answers_of(feature("sum", **told), log) == [0, 0.1, 0.3, 1.3]
    assert answers_of(feature("max", **told), log) == [None, 0.1, 0.2, 1.0]
    assert answers_of(feature("std", **told), log)[2] == 0.05
    assert answers_of(feature("last", None, **told), log) == [None, 0.1, 0.2, 1.0]
    assert answers_of(feature("zscore", **told), log)[3] == pytest.approx(-1.07589, abs=1e-5)
    assert answers_of(feature("count", event="group", by="group_id", where="score >= 0.2"), log) == [0, 0, 1, 2]


def test_moments_are_taken_as_milliseconds() -> None:
    def indicator(number: int, until: int) -> Indicator:
        return Indicator(event_id=f"e{number}", time=START_MS + number, indicator_id="i", subject_type="ip",
                         subject_id="10.0.0.1", typology="broker_ring", confidence=0.25, valid_until=START_MS + until,
                         status="active")  # fmt: skip

    log: list[Fact] = [indicator(1, 5), indicator(2, 9), indicator(3, 7), indicator(4, 0)]
    told = {"event": "indicator", "by": "subject_id", "of": "valid_until"}
    assert answers_of(feature("max", **told), log) == [None, START_MS + 5, START_MS + 9, START_MS + 9]
    assert answers_of(feature("mean", **told), log)[3] == START_MS + 7
    assert answers_of(feature("sum", None, **told), log)[3] == 3 * START_MS + 21


def test_accounts_and_words_are_keys() -> None:
    log: list[Fact] = [
        Payout(event_id="e1", time=START_MS, merchant_id="m", account_id="a", amount=5, currency="CNY",
            speed="instant"),
        Payout(event_id="e2", time=START_MS, merchant_id="n", account_id="a", amount=7, currency="CNY",
            speed="instant"),
        Transfer(event_id="e3", time=START_MS, from_account_id="a", to_account_id="b", amount=1, currency="CNY"),
        Transfer(event_id="e4", time=START_MS, from_account_id="a", to_account_id="a", amount=2, currency="CNY"),
        Transfer(event_id="e5", time=START_MS, from_account_id="c", to_account_id="b", amount=4, currency="CNY"),
    ]  # fmt: skip
    assert answers_of(feature("sum", event="payout", by="account_id", of="amount"), log)[:2] == [0, 5]
    assert answers_of(feature("count", event="payout", by="speed"), log) == [0, 1, None, None, None]
    assert answers_of(feature("sum", event="transfer", by="from_account_id", of="amount"), log)[2:] == [0, 1, 0]
    assert answers_of(feature("sum", event="transfer", by="to_account_id", of="amount"), log)[2:] == [0, 0, 1]


def test_a_feature_may_count_several_types() -> None:
    log: list[Fact] = [payment(1, 0, 5), refund(2, 1, 7), registration(3, 2), refund(4, 3, 1)]
    assert answers_of(feature("sum", event=["payment", "refund"], of="amount"), log) == [0, 5, 12, 12]
    assert answers_of(feature("sum", event=["refund"], of="amount"), log) == [0, 0, 7, 7]


# ---- ids, lateness


def test_a_duplicate_counts_once_and_a_conflict_not_at_all() -> None:
    log = [payment(1, 0), payment(1, 0), payment(1, 0, 101), payment(1, 1), refund(1, 0), payment(2, 2)]
    statuses, answers = feed(fresh_state(specs_of(feature("count"))), log)
    assert statuses == ["taken", "duplicate", "conflict", "conflict", "conflict", "taken"]
    assert answers[-1, 0] == 1


def test_an_id_is_known_for_ninety_days_of_log_time() -> None:
    log = [
        payment(1, 0),
        payment(2, KNOWN_MS),
        payment(1, 0),
        payment(3, KNOWN_MS + 1),
        payment(1, KNOWN_MS),
        payment(1, 0),
    ]
    statuses, _ = feed(fresh_state(specs_of(feature("count"))), log)
    assert statuses == ["taken", "taken", "duplicate", "taken", "taken", "conflict"]


@pytest.mark.parametrize("lateness_ms", [LATENESS_MS, HOUR_MS])
def test_an_event_behind_by_more_than_the_lateness_is_refused(lateness_ms: int) -> None:
    log = [payment(1, lateness_ms + 1), payment(2, 1), payment(3, 0), payment(3, 1), payment(4, lateness_ms)]
    statuses, answers = feed(
        fresh_state(specs_of(feature("count", None)), Settings("CNY", lateness_ms=lateness_ms)), log
    )
    assert statuses == ["taken", "taken", "too-late", "taken", "taken"]
    assert answers[-1, 0] == 3


# ---- completion

COMPLETED = feature("sum", "24h", of="amount", completed=True)


def test_a_payment_counts_as_completed_from_its_status_on() -> None:
    paid = payment(1, 0, 5)
    log = [paid, payment(2, 1), status_of(3, paid, 2), payment(4, 3), payment(5, DAY_MS)]
    assert answers_of(COMPLETED, log) == [0, 0, 0, 5, 0]


def test_a_status_may_come_before_its_payment() -> None:
    paid = payment(1, 10, 5)
    assert answers_of(COMPLETED, [status_of(3, paid, 0), payment(2, 1), paid, payment(4, 20)]) == [0, 0, 0, 5]


def test_completed_twice_is_completed_once() -> None:
    paid = payment(1, 0, 5)
    log = [status_of(2, paid, 0), status_of(3, paid, 1), paid, status_of(4, paid, 2), payment(5, 3)]
    assert answers_of(COMPLETED, log) == [0, 0, 0, 5, 5]


def test_cancelled_or_reversed_is_not_completed() -> None:
    paid = payment(1, 0, 5)
    log = [paid, status_of(2, paid, 1, "cancelled"), status_of(3, paid, 2, "reversed"), payment(4, 3)]
    assert answers_of(COMPLETED, log) == [0, 0, 0, 0]


def test_a_status_that_has_done_its_work_completes_nothing_more() -> None:
    """An id may come again once it is forgotten, while its status, of a later time, is not: it was used already."""
    log = [
        status_of(2, payment(1, 0), 10 * DAY_MS), payment(1, 0, 5), payment(3, 95 * DAY_MS), payment(1, 95 * DAY_MS, 7),
        payment(4, 95 * DAY_MS + 1),
    ]  # fmt: skip
    assert answers_of(feature("sum", "90d", of="amount", completed=True), log) == [0, 0, 0, 0, 0]
    assert answers_of(feature("sum", None, of="amount", completed=True), log) == [0, 0, 5, 5, 5]


@pytest.mark.parametrize(("after", "expected"), [(TERM_MS, 5), (TERM_MS + 1, 0)])
def test_a_status_is_waited_for_as_long_as_a_key_may_be_silent(after: int, expected: int) -> None:
    paid = payment(1, 0, 5)
    log = [paid, registration(2, after, user="x"), status_of(3, paid, after), payment(4, after)]
    assert answers_of(feature("sum", None, of="amount", completed=True), log)[-1] == expected


def test_a_late_status_completes_a_payment_that_its_payer_still_looks_back_to() -> None:
    paid = payment(1, 0, 5)
    log = [paid, registration(2, 100 * DAY_MS, user="x"), status_of(3, paid, 85 * DAY_MS), payment(4, 85 * DAY_MS)]
    assert answers_of(feature("count", "90d", completed=True), log)[-1] == 1


def test_payments_of_one_time_rank_by_their_own_place_not_by_their_completion() -> None:
    first, second = payment(1, 0, 5), payment(2, 0, 7)
    log = [first, second, status_of(3, second, 10), status_of(4, first, 20), payment(5, 30)]
    for over in ("24h", None):
        assert answers_of(feature("last", over, of="amount", completed=True), log)[-1] == 7


def test_a_completed_payment_counts_by_its_own_time_key_and_values() -> None:
    """Whoever is named in the status does not matter, only the payment's id; conditions see the payment as it was."""
    paid = payment(1, 0, 5, goods="virtual", device_id="d")
    told = status_of(2, paid, 5, user_id="someone", merchant_id="else")
    log = [
        paid,
        told,
        payment(3, 10, device_id="d"),
        payment(4, DAY_MS - 1, device_id="d"),
        payment(5, DAY_MS, device_id="d"),
    ]
    for by in ("user_id", "merchant_id", "device_id", ["user_id", "device_id"]):
        got = answers_of(COMPLETED | {"by": by, "where": "goods == 'virtual' and local_hour == 8"}, log)
        assert got[2:] == [5, 5, 0]
    first = feature("seconds_since_first", "24h", completed=True)
    assert answers_of(first, log)[2:4] == [0.01, (DAY_MS - 1) / 1000]


def test_where_attempts_count_as_completed_no_status_is_waited_for() -> None:
    log = [payment(1, 0, 5), payment(2, 1)]
    assert answers_of(COMPLETED, log, SETTINGS._replace(assume_completed=True)) == [0, 5]


# ---- currencies


def test_money_in_a_currency_without_a_rate_is_missing() -> None:
    log = [payment(1, 0, 5), payment(2, 1, 7, currency="USD", credit_limit=3), payment(3, 2)]
    state = fresh_state(
        specs_of(feature("sum", of="amount"), feature("count"), feature("count", of=None, by="merchant_id"))
    )
    walked = state.walk(rows_of_events(log, state.kernels, state.bound.key), np.full(3, ANSWERED))
    assert walked.answers.tolist() == [[0, 0, 0], [5, 1, 1], [5, 2, 2]]
    assert walked.verdicts[:, V_FAULTS].tolist() == [0, FAULT_CURRENCY, 0]
    assert answers_of(feature("mean", of="credit_limit"), log) == [None, None, None]


RATES = {"USD": Fraction(7), "JPY": Fraction(47, 10), "EUR": Fraction(783, 100), "KWD": Fraction(2281, 1000)}


@settings(max_examples=40)
@given(features(), logs(40), st.sampled_from(sorted(RATES)))
def test_a_rate_converts_every_amount_rounding_halves_up(specs: Any, log: list[Fact], currency: Any) -> None:
    """The engine's answers on foreign money are the twin's on money that was converted before."""

    def converted(event: Any) -> Any:
        rate = RATES.get(getattr(event, "currency", None))
        if rate is None:
            return event
        names = [n for n in ("amount", "credit_limit", "credit_used") if getattr(event, n, None) is not None]
        money = {n: floor(getattr(event, n) * rate + Fraction(1, 2)) for n in names}
        return msgspec.structs.replace(event, **money, currency="CNY")

    foreign: list[Any] = [msgspec.structs.replace(event, event_id=f"e{i}") for i, event in enumerate(log)]
    foreign[::2] = [
        msgspec.structs.replace(e, currency=currency) if hasattr(e, "currency") else e for e in foreign[::2]
    ]
    rates = tuple(Rate(code, ratio.numerator, ratio.denominator) for code, ratio in RATES.items())
    statuses, answers = feed(fresh_state(specs, SETTINGS._replace(rates=rates)), foreign)
    twin = fresh_twin(specs)
    for i, event in enumerate(foreign):
        status, expected = twin.feed(converted(event))
        assert status == statuses[i]
        for f, spec in enumerate(specs if status == "taken" else ()):
            assert same(spec, expected[spec.name], float(answers[i, f])), (i, event, spec)


# ---- many features on one key


def test_more_conditions_than_an_entry_can_flag_are_split_over_families() -> None:
    wanted = BITS_MAX + 9
    specs = specs_of(*(feature("count", where=f"amount >= {i}") for i in range(wanted)))
    state = fresh_state(specs)
    assert state.compiled.features.families == 2
    log = [payment(i, i * SECOND_MS, 1 + (i * 7) % wanted) for i in range(60)]
    _, answers = feed(state, log)
    assert answers[-1].tolist() == [sum(p.amount >= i for p in log[:-1]) for i in range(wanted)]


def test_more_distinct_counts_than_an_entry_can_flag_are_split_over_families() -> None:
    wanted = SETS_MAX + 5
    specs = specs_of(*(feature("distinct", of="order_id", where=f"amount >= {i}") for i in range(wanted)))
    state = fresh_state(specs)
    assert state.compiled.features.families == 2
    log = [payment(i, i * SECOND_MS, 1 + (i * 7) % wanted, order_id=f"o{i % 9}") for i in range(120)]
    _, answers = feed(state, log)
    assert answers[-1].tolist() == [len({p.order_id for p in log[:-1] if p.amount >= i}) for i in range(wanted)]


def test_wide_families_equal_their_twin() -> None:
    specs = specs_of(
        *(feature(take, over, of="amount", where=f"amount > {i} or device_id == 'd1'")
          for i, take in enumerate(("sum", "distinct", "entropy", "min", "max", "std") * 8) for over in ("1h", "90d"))
    )  # fmt: skip
    log = [payment(i, (i // 3) * 17 * MINUTE_MS - (i % 5 == 0) * HOUR_MS, 1 + (i * 13) % 50, device_id=f"d{i % 3}")
           for i in range(10, 90)]  # fmt: skip
    play(specs, log, every=9)


# ---- silence


@pytest.mark.parametrize("take", ["seconds_since_first", "seconds_since_last"])
@pytest.mark.parametrize("busy", [False, True])
def test_first_and_last_are_kept_for_their_term_after_a_key_falls_silent(take: str, busy: bool) -> None:
    """With other keys busy meanwhile, so that sweeping hands pass by, or without."""
    for silence, expected in ((TERM_MS, TERM_MS / 1000), (TERM_MS + 1, None)):
        noise = [payment(1_000 + i, i * DAY_MS, user_id=f"n{i}") for i in range(1, 400)] if busy else []
        log = [payment(1, 0), *noise, payment(2, silence), payment(3, silence + 1)]
        got = answers_of(feature(take, None), log)
        assert got[-2] == expected
        assert got[-1] == (0.001 if take.endswith("last") or expected is None else (silence + 1) / 1000)


def test_everything_kept_is_kept_through_any_silence() -> None:
    log = [payment(1, 0, 5), payment(2, 5 * TERM_MS, 7), payment(3, 10 * TERM_MS)]
    for take, expected in (("sum", 12), ("min", 5), ("last", 7), ("distinct", 2), ("mean", 6), ("entropy", 1)):
        assert answers_of(feature(take, None, of="amount"), log)[-1] == expected
    assert answers_of(feature("std", None, of="amount"), log)[-1] == 1.0
