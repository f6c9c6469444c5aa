"""Each shipped rule on one small log that fires it and on a near miss: one step less, and it stays silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import pytest

from bonafide.core.decision import Decision
from bonafide.core.events import (
    CreditLine,
    Fact,
    Payment,
    PaymentStatus,
    Payout,
    Refund,
    Repayment,
    Shipment,
    Verdict,
)  # fmt: skip
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from tests.engine.kit import START_MS

LIMIT = 1_000_000
NIGHT = 17 * HOUR_MS
"""One o'clock in the morning, by the bundle's +08:00."""
Log = list[Fact]


def pay(at: int, amount: int, user: str = "u", merchant: str = "m", used: int = 0, **told: Any) -> Payment:
    """A credit payment `at` ms after the start; its id is given later."""
    fields = {"order_id": "o", "currency": "CNY", "credit_limit": LIMIT, "credit_used": used, **told}
    return Payment(event_id="?", time=START_MS + at, user_id=user, merchant_id=merchant, amount=amount, **fields)


def refund(at: int, to: Any, user: str = "u", merchant: str = "m") -> Refund:
    return Refund(event_id="?", time=START_MS + at, order_id="o", user_id=user, merchant_id=merchant, amount=500,
                  currency="CNY", to=to)  # fmt: skip


def payout(at: int, amount: int, account: str = "a", speed: Any = "instant") -> Payout:
    return Payout(event_id="?", time=START_MS + at, merchant_id="m", account_id=account, amount=amount, currency="CNY",
                  speed=speed)  # fmt: skip


def repaid(at: int, amount: int, status: Any = "paid") -> Repayment:
    return Repayment(event_id="?", time=START_MS + at, user_id="u", amount=amount, currency="CNY", status=status)


def verdict(at: int, label: Any = "cash_out", **who: Any) -> Verdict:
    return Verdict(event_id="?", time=START_MS + at, subject_type="event", subject_id="e", label=label,
        source="analyst",
                   **who)  # fmt: skip


def shipped_parcel(at: int) -> Shipment:
    return Shipment(event_id="?", time=START_MS + at, order_id="o", merchant_id="m", user_id="u", status="created")


def crowd(count: int, amount: int, merchant: str = "m", **told: Any) -> Log:
    """As many buyers, a minute apart, at one merchant."""
    return [pay(i * MINUTE_MS, amount, f"buyer{i}", merchant, **told) for i in range(count)]


def completed(log: Log) -> Log:
    """Payments, each with the status that completes it; the ids are those that `numbered` gives."""
    found: Log = []
    for event in log:
        assert isinstance(event, Payment)
        done = PaymentStatus(event_id="?", time=event.time, payment_id=f"e{len(found)}", order_id="o",
                             user_id=event.user_id, merchant_id=event.merchant_id, status="completed")  # fmt: skip
        found += [event, done]
    return found


class Case(NamedTuple):
    """What happened before, and the last event of the log that fires and of the near miss."""

    fires: Log
    misses: Log


def same(before: Log, fires: Fact, misses: Fact) -> Case:
    """The same past; only the last event differs."""
    return Case([*before, fires], [*before, misses])


HOURLY = [pay(0, 100_000, merchant="m1"), pay(HOUR_MS, 400_000, merchant="m2", used=100_000)]
FOUR_SHOPS = [pay(i * HOUR_MS, 100_000, merchant=f"m{i}") for i in range(4)]
TEN_USUAL = [pay(i * DAY_MS // 2, 1_000 + i % 2 * 200) for i in range(10)]
ELSEWHERE = [refund(i, "cash", user=f"r{i}") for i in range(5)]
PARCELS = completed(crowd(15, 20_000, goods="physical"))
LATE = 30 * MINUTE_MS

CASES: dict[str, Case] = {
    "U-DRAIN": same(
        HOURLY, pay(2 * HOUR_MS, 400_000, merchant="m3", used=500_000), pay(2 * HOUR_MS, 399_999, merchant="m3",
            used=500_000)
    ),
    "U-DRAIN-VIRTUAL": Case(
        [pay(0, 200_000, used=600_000, goods="virtual")],
        [pay(0, 1_000), pay(40 * DAY_MS, 200_000, used=600_000, goods="virtual")],
    ),
    "U-BURST": same(FOUR_SHOPS, pay(4 * HOUR_MS, 200_000, merchant="m4"), pay(4 * HOUR_MS, 199_999, merchant="m4")),
    "U-BURST-HOUR": Case(
        [*(pay(i, 5_000, merchant=f"m{i}") for i in range(4)), pay(HOUR_MS - 1, 10_000, merchant="m9")],
        [*(pay(i, 5_000, merchant=f"m{i}") for i in range(4)), pay(HOUR_MS, 10_000, merchant="m9")],
    ),
    "U-PAIR-CONCENTRATED": same(
        [pay(0, 100_000), pay(HOUR_MS, 100_000)], pay(2 * HOUR_MS, 200_000), pay(2 * HOUR_MS, 199_999)
    ),
    "U-REPAY-DRAIN": Case(
        [repaid(0, 300_000), pay(DAY_MS - 1, 210_000, used=300_000)],
        [repaid(0, 300_000), pay(DAY_MS, 210_000, used=300_000)],
    ),
    "P-SHAPED": Case(
        [*crowd(4, 29_900), *crowd(6, 15_000), pay(LATE, 249_600)],
        [*crowd(3, 29_900), *crowd(7, 15_000), pay(LATE, 249_600)],
    ),
    "M-DRAINED-BUYERS": Case(
        [*crowd(3, 50_000, used=750_000), *crowd(7, 50_000), pay(LATE, 100_000)],
        [*crowd(2, 50_000, used=750_000), *crowd(8, 50_000), pay(LATE, 100_000)],
    ),
    "M-TICKET": same(
        [*crowd(10, 10_000), *crowd(10, 11_000)],
        pay(LATE, 12_500, credit_limit=40_000), pay(LATE, 12_499, credit_limit=40_000),
    ),
    "M-NO-PARCEL": Case(
        [*PARCELS, *[shipped_parcel(LATE)] * 2, pay(LATE, 20_000, goods="physical")],
        [*PARCELS, *[shipped_parcel(LATE)] * 3, pay(LATE, 20_000, goods="physical")],
    ),
    "R-ELSEWHERE": Case([refund(0, "cash"), refund(1, "bank")], [refund(0, "original"), refund(1, "bank")]),
    "R-MERCHANT-ELSEWHERE": Case(
        [*crowd(50, 9_000), *ELSEWHERE, refund(LATE, "balance")],
        [*crowd(51, 9_000), *ELSEWHERE, refund(LATE, "balance")]
    ),
    "P-AFTER-REFUND": same([refund(0, "bank")], pay(DAY_MS, 100_000), pay(DAY_MS, 99_999)),
    "O-BURST-PAYOUT": same([pay(0, 500_000)], payout(HOUR_MS, 350_000), payout(HOUR_MS, 349_999)),
    "O-MANY-ACCOUNTS": same(
        [pay(0, LIMIT), *(payout(i, 200_000, f"a{i}") for i in range(3))],
        payout(HOUR_MS, 200_000, "a4"), payout(HOUR_MS, 200_000, "a4", speed="scheduled"),
    ),
    "M-NIGHT": Case(
        [*crowd(8, 9_000), pay(NIGHT, 9_000, "n1"), pay(NIGHT, 9_000, "n2"), pay(NIGHT + 1, 200_000)],
        [*crowd(9, 9_000), pay(NIGHT, 9_000, "n1"), pay(NIGHT + 1, 200_000)],
    ),
    "D-FARM": Case(
        [*crowd(6, 9_000, device_id="d"), pay(LATE, 200_000, device_id="d")],
        [*crowd(5, 9_000, device_id="d"), pay(LATE, 200_000, device_id="d")],
    ),
    "V-KNOWN-MERCHANT": Case(
        [*[verdict(0, merchant_id="m")] * 3, pay(DAY_MS, 100_000)],
        [*[verdict(0, merchant_id="m")] * 2, verdict(0, "genuine", merchant_id="m"), pay(DAY_MS, 100_000)],
    ),
    "V-KNOWN-PAYER": Case(
        [verdict(0, user_id="u"), pay(90 * DAY_MS - 1, 100_000)], [verdict(0, user_id="u"), pay(90 * DAY_MS, 100_000)]
    ),
    "U-UNUSUAL": same(TEN_USUAL, pay(6 * DAY_MS, 5_500), pay(6 * DAY_MS, 5_499)),
}  # fmt: skip


def numbered(log: Sequence[Fact]) -> Log:
    """A log whose events have their places as ids."""
    return [msgspec.structs.replace(event, event_id=f"e{i}") for i, event in enumerate(log)]


def hits(log: Log) -> tuple[str, ...]:
    """The rules that fire on the last event of a log."""
    answer = Engine(shipped_bundle("paylater")).decide(numbered(log))[-1]
    assert isinstance(answer, Decision), answer
    return answer.hits


def test_every_shipped_rule_has_its_case() -> None:
    assert set(CASES) == {rule.id for rule in shipped_bundle("paylater").rules}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_fires(rule: str) -> None:
    assert rule in hits(CASES[rule].fires)


@pytest.mark.parametrize("rule", CASES)
def test_a_near_miss_stays_silent(rule: str) -> None:
    assert rule not in hits(CASES[rule].misses)


@pytest.mark.parametrize("rule", CASES)
def test_paying_with_one_s_own_money_is_nobody_s_cash_out(rule: str) -> None:
    """Every rule but those on refunds, payouts, parcels and unusual amounts is about credit."""
    log = [msgspec.structs.replace(e, pay_with="card") if isinstance(e, Payment) else e for e in CASES[rule].fires]
    about_credit = rule not in {"M-NO-PARCEL", "R-ELSEWHERE", "R-MERCHANT-ELSEWHERE", "U-UNUSUAL"}
    assert (rule in hits(log)) != about_credit


def test_an_ordinary_month_disturbs_nobody() -> None:
    """A payer with a line who buys groceries every day, a phone once, repays, and returns a coat."""
    log: Log = [CreditLine(event_id="?", time=START_MS, user_id="u", limit=LIMIT, currency="CNY", reason="grant")]
    used = 0
    for day in range(30):
        log.append(
            pay(day * DAY_MS + 2 * HOUR_MS, 3_000 + day * 70, merchant=f"m{day % 4}", used=used, goods="physical")
        )
        used += 3_000 + day * 70
    log += [
        pay(12 * DAY_MS + 5 * HOUR_MS, 250_000, merchant="phones", used=used, goods="physical"),
        refund(15 * DAY_MS, "original", merchant="m1"), repaid(29 * DAY_MS, 200_000),
        pay(30 * DAY_MS, 5_000, merchant="m1", used=100_000),
    ]  # fmt: skip
    log.sort(key=lambda event: event.time)
    answers = Engine(shipped_bundle("paylater")).decide(numbered(log))
    assert {a.outcome for a in answers if isinstance(a, Decision)} == {"allow"}
