"""The law of funds, case by case: what comes home, what goes on, what ends; docs/funds.md in small."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from bonafide.core.decision import Decision
from bonafide.core.events import AccountLink, Event, Fact, Payment, PaymentStatus, Payout, Refund, Repayment, Transfer
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.codes import ANSWERED
from bonafide.engine.compiled import RULES_ALONE
from bonafide.engine.engine import Engine, loops_of
from bonafide.engine.funds.layout import AGE_MS, N_TAGS, TAG_WORDS, TAGS_MAX
from bonafide.engine.intake import rows_of_events
from bonafide.engine.rules.operations import PLACES
from bonafide.engine.shipped import shipped_bundle
from bonafide.engine.siphash import ABSENT
from bonafide.engine.swap import swap_kind
from tests.engine.kit import START_MS, fresh_state, specs_of

SPECS = specs_of({"event": "loop_closed", "by": "user_id", "take": "count"})


def buys(n: int, at: int, amount: int, user: str = "u", shop: str = "m", **told: Any) -> list[Event]:
    """A completed payment on credit."""
    common = {"order_id": f"o{n}", "user_id": user, "merchant_id": shop}
    return [
        Payment(event_id=f"p{n}", time=START_MS + at, amount=amount, currency="CNY", **common, **told),
        PaymentStatus(event_id=f"s{n}", time=START_MS + at + 1, payment_id=f"p{n}", status="completed", **common),
    ]


def owns(account: str, owner: str, kind: Any = "user", at: int = 0) -> Event:
    return AccountLink(
        event_id=f"l {account} {owner} {at}", time=START_MS + at, account_id=account, owner_type=kind, owner_id=owner
    )


def pays_out(at: int, amount: int, account: str = "till", shop: str = "m") -> Event:
    return Payout(event_id=f"po {at} {account}", time=START_MS + at, merchant_id=shop, account_id=account,
                  amount=amount, currency="CNY")  # fmt: skip


def sends(at: int, source: str, target: str, amount: int) -> Event:
    return Transfer(event_id=f"t {at} {source}", time=START_MS + at, from_account_id=source, to_account_id=target,
                    amount=amount, currency="CNY")  # fmt: skip


def gives_back(at: int, n: int, amount: int, to: Any, account: str | None = None) -> Event:
    return Refund(event_id=f"r {at}", time=START_MS + at, order_id=f"o{n}", user_id="u", merchant_id="m",
                  amount=amount, currency="CNY", to=to, account_id=account)  # fmt: skip


def home(*log: Event) -> dict[str, int | None]:
    """What the last event of a log says of money that came home."""
    state = fresh_state(SPECS)
    rows = rows_of_events(log, state.kernels, state.bound.key)
    state.walk(rows, np.full(len(log), ANSWERED))
    names = ("brought_home", "own_payments", "loops_closed", "loop_hops")
    return {name: None if (value := int(rows[-1, PLACES[name]])) == ABSENT else value for name in names}


def brought(*log: Event) -> int | None:
    return home(*log)["brought_home"]


MINE, OTHERS = owns("mine", "u"), owns("others", "v")


@pytest.mark.parametrize("between", [(), ("x1",), ("x1", "x2"), ("x1", "x2", "x3")])
def test_it_comes_home_through_up_to_three_others(between: tuple[str, ...]) -> None:
    way = ["till", *between, "mine"]
    steps = [sends(HOUR_MS * (2 + i), a, b, 95_000) for i, (a, b) in enumerate(itertools.pairwise(way))]
    told = home(MINE, *buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000), *steps)
    assert told == {"brought_home": 95_000, "own_payments": 1, "loops_closed": 1, "loop_hops": len(between) + 1}


def test_a_fourth_go_between_is_too_far() -> None:
    way = ["till", "x1", "x2", "x3", "x4", "mine"]
    steps = [sends(HOUR_MS * (2 + i), a, b, 95_000) for i, (a, b) in enumerate(itertools.pairwise(way))]
    assert brought(MINE, *buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000), *steps) == 0


def test_a_payout_to_the_payer_is_one_hop() -> None:
    told = home(MINE, *buys(1, 0, 100_000), pays_out(HOUR_MS, 90_000, "mine"))
    assert told == {"brought_home": 90_000, "own_payments": 1, "loops_closed": 1, "loop_hops": 1}


def test_a_shop_may_send_it_on_before_it_is_paid_out() -> None:
    assert (
        brought(MINE, owns("till", "m", "merchant"), *buys(1, 0, 100_000), sends(9, "till", "mine", 90_000)) == 90_000
    )


@pytest.mark.parametrize(
    ("changed", "comes"),
    [({}, 90_000), ({"pay_with": "balance"}, 0), ({"pay_with": "card"}, 0)],
)
def test_only_credit_is_followed(changed: dict[str, Any], comes: int) -> None:
    log = [MINE, *buys(1, 0, 100_000, **changed), pays_out(HOUR_MS, 99_000), sends(2 * HOUR_MS, "till", "mine", 90_000)]
    assert brought(*log) == comes


def test_a_payment_that_was_not_completed_is_not_followed() -> None:
    attempt = buys(1, 0, 100_000)[:1]
    assert brought(MINE, *attempt, pays_out(HOUR_MS, 99_000), sends(2 * HOUR_MS, "till", "mine", 90_000)) == 0


def test_somebody_elses_account_is_not_home() -> None:
    log = [MINE, OTHERS, *buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000)]
    assert brought(*log, sends(2 * HOUR_MS, "till", "others", 90_000)) == 0


def test_the_link_in_force_counts() -> None:
    """The newest by its own time; one that arrives late changes nothing."""
    log = [owns("mine", "u", at=0), owns("mine", "v", at=9), owns("mine", "u", at=5), *buys(1, 10, 100_000)]
    assert brought(*log, pays_out(HOUR_MS, 99_000), sends(2 * HOUR_MS, "till", "mine", 90_000)) == 0


def test_a_link_brings_home_what_stands_there() -> None:
    log = [*buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000), sends(2 * HOUR_MS, "till", "mine", 90_000)]
    state = fresh_state(SPECS)
    log.append(owns("mine", "u", at=3 * HOUR_MS))
    ways = state.walk(rows_of_events(log, state.kernels, state.bound.key), np.full(len(log), ANSWERED)).ways
    ((number, (loop,)),) = loops_of(ways).items()
    assert (number, loop.returned, loop.closes, len(loop.path)) == (4, 90_000, True, 4)


def test_a_refund_to_the_card_takes_it_away_and_one_elsewhere_brings_it_home() -> None:
    log = [MINE, *buys(1, 0, 100_000)]
    sent = [pays_out(HOUR_MS, 99_000), sends(2 * HOUR_MS, "till", "mine", 90_000)]
    assert brought(*log, gives_back(9, 1, 100_000, "original"), *sent) == 0
    assert brought(*log, gives_back(9, 1, 90_000, "balance")) == 90_000
    assert brought(*log, gives_back(9, 1, 90_000, "bank", "anywhere")) == 90_000


def test_of_one_order_the_refund_brings_home_that_order() -> None:
    log = [*buys(1, 0, 50_000), *buys(2, 9, 50_000)]
    state = fresh_state(SPECS)
    log.append(gives_back(20, 1, 50_000, "balance"))
    ways = state.walk(rows_of_events(log, state.kernels, state.bound.key), np.full(len(log), ANSWERED)).ways
    assert loops_of(ways)[4][0].path[0].seq == 0


def test_what_fits_best_comes_home_else_the_newest() -> None:
    log = [MINE, *buys(1, 0, 100_000), *buys(2, 9, 40_000), pays_out(HOUR_MS, 139_000)]
    assert home(*log, sends(2 * HOUR_MS, "till", "mine", 91_000))["own_payments"] == 1
    assert brought(*log, sends(2 * HOUR_MS, "till", "mine", 500_000)) == 139_000


def test_one_transfer_for_several_payments_is_shared_among_them() -> None:
    log = [MINE, *buys(1, 0, 100_000), *buys(2, 9, 40_000), *buys(3, 19, 30_001), pays_out(HOUR_MS, 170_001)]
    told = home(*log, sends(2 * HOUR_MS, "till", "mine", 153_000))
    assert told == {"brought_home": 153_000, "own_payments": 3, "loops_closed": 3, "loop_hops": 1}


def test_no_more_comes_home_than_was_sent_nor_than_was_paid() -> None:
    log = [MINE, *buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000)]
    assert (
        brought(*log, sends(2 * HOUR_MS, "till", "mine", 60_000), sends(3 * HOUR_MS, "till", "mine", 60_000)) == 39_000
    )


def test_half_of_it_closes_the_loop_once() -> None:
    log = [MINE, *buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000)]
    first, second = sends(2 * HOUR_MS, "till", "mine", 49_999), sends(3 * HOUR_MS, "till", "mine", 1)
    assert home(*log, first)["loops_closed"] == 0
    assert home(*log, first, second)["loops_closed"] == 1
    assert home(*log, first, second, sends(4 * HOUR_MS, "till", "mine", 10_000))["loops_closed"] == 0


def test_a_quarter_of_a_payment_goes_on_and_less_does_not() -> None:
    log = [MINE, *buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000)]
    assert brought(*log, sends(2 * HOUR_MS, "till", "x", 25_000), sends(3 * HOUR_MS, "x", "mine", 25_000)) == 25_000
    assert brought(*log, sends(2 * HOUR_MS, "till", "x", 24_999), sends(3 * HOUR_MS, "x", "mine", 24_999)) == 0


def test_it_is_followed_for_two_weeks() -> None:
    log = [MINE, *buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000)]
    assert brought(*log, sends(AGE_MS - 1, "till", "mine", 90_000)) == 90_000
    assert brought(*log, sends(AGE_MS, "till", "mine", 90_000)) == 0


def test_what_came_later_did_not_go_before() -> None:
    """A transfer that is told late finds what was there by its own time."""
    log = [MINE, *buys(1, 2 * HOUR_MS, 100_000), pays_out(3 * HOUR_MS, 99_000)]
    assert brought(*log, sends(HOUR_MS, "till", "mine", 90_000)) == 0


def test_an_account_sends_nothing_to_itself() -> None:
    assert brought(owns("till", "u"), *buys(1, 0, 100_000), pays_out(1, 99_000, "x"), sends(9, "till", "till", 9)) == 0


def test_credit_repaid_with_what_credit_brought_is_recycled() -> None:
    specs = specs_of({"event": "credit_recycled", "by": "user_id", "take": "sum", "of": "amount"})
    repays = [
        Repayment(event_id=f"re{n}", time=START_MS + 4 * HOUR_MS + n, user_id="u", amount=50_000, currency="CNY",
                  status="paid", account_id="mine")
        for n in range(3)
    ]  # fmt: skip
    log: list[Fact] = [MINE, *buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000)]
    log += [sends(2 * HOUR_MS, "till", "mine", 90_000), *repays, *buys(2, DAY_MS, 1)]
    state = fresh_state(specs)
    walked = state.walk(rows_of_events(log, state.kernels, state.bound.key), np.full(len(log), ANSWERED))
    assert walked.answers[-1, 0] == 90_000


def test_a_place_is_as_large_as_what_is_in_it() -> None:
    """128 tags of a busy shop; when they are too old, most of its room is given back."""
    state = fresh_state(SPECS)
    log = [event for n in range(TAGS_MAX + 50) for event in buys(n, n, 1_000 + n, user=f"u{n}")]
    state.walk(rows_of_events(log, state.kernels, state.bound.key), np.full(len(log), ANSWERED))
    assert 8 * (N_TAGS + TAGS_MAX * TAG_WORDS) < 31 * 1024
    used = state.used_bytes
    later = buys(999, AGE_MS + DAY_MS, 5)
    state.walk(rows_of_events(later, state.kernels, state.bound.key), np.full(len(later), ANSWERED))
    assert state.used_bytes == used


def test_the_decision_carries_the_way() -> None:
    log = [MINE, *buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000), sends(2 * HOUR_MS, "till", "mine", 93_000)]
    bundle = shipped_bundle("paylater")
    together = Engine(bundle).decide(log)
    alone = Engine(bundle)
    assert [alone.decide_one(event) for event in log] == together
    decided = together[-1]
    assert isinstance(decided, Decision)
    (loop,) = decided.loops
    assert (loop.returned, loop.home, loop.amount, loop.closes) == (93_000, 93_000, 100_000, True)
    assert [(step.seq, step.time - START_MS, step.amount) for step in loop.path] == [
        (1, 0, 100_000), (3, HOUR_MS, 99_000), (4, 2 * HOUR_MS, 93_000)
    ]  # fmt: skip
    assert "F-RETURN" in decided.hits


def test_a_bundle_that_follows_money_is_warmed_and_one_that_does_not_swaps_at_once() -> None:
    paylater = shipped_bundle("paylater")
    plain = paylater._replace(
        rules=tuple(r for r in paylater.rules if r.id == "U-BURST"),
        features=tuple(f for f in paylater.features if not f.derived and not f.carried),
        compiled=paylater.compiled._replace(scheme=RULES_ALONE),
    )
    assert swap_kind(paylater, plain) == "at-once"


def test_a_refund_to_an_account_moves_its_clock() -> None:
    """What is too old by then is no longer followed, also where an earlier transfer is told afterwards."""
    log = [MINE, *buys(1, 0, 100_000), pays_out(HOUR_MS, 99_000, "x")]
    late = sends(2 * HOUR_MS, "x", "mine", 90_000)
    assert brought(*log, late) == 90_000
    assert brought(*log, gives_back(AGE_MS + DAY_MS, 7, 5, "balance", "x"), late) == 0
