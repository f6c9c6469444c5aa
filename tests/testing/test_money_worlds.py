"""Made worlds of money: valid, with the oddities that they are for, and busy ones with the loops that they tell of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import msgspec
import pytest
from hypothesis import Phase, given, settings

from bonafide.core.door import decode_event
from bonafide.core.events import AccountLink, Event, Payment, PaymentStatus, Payout, Refund, Repayment, Transfer
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.testing.money_worlds import MIDDLEMEN_MAX, BusyWorld, busy_world, worlds


@given(worlds())
def test_random_worlds_pass_the_door_and_repeat_no_id(log: list[Event]) -> None:
    assert [decode_event(msgspec.json.encode(event)) for event in log] == log
    assert len({event.event_id for event in log}) == len(log)
    assert all(event.time >= 0 for event in log)


def place_of(log: list[Event], event_id: str) -> int:
    return next(place for place, event in enumerate(log) if event.event_id == event_id)


def comes_home(log: list[Event]) -> bool:
    """Whether a completed payment's shop is paid out to an account from which a transfer reaches the payer."""
    owner: dict[str, str] = {}
    done: dict[str, str] = {}
    reached: dict[str, set[str]] = {}
    for event in log:
        match event:
            case AccountLink():
                owner[event.account_id] = event.owner_id
            case PaymentStatus(status="completed"):
                done[event.merchant_id] = event.user_id
            case Payout() if event.merchant_id in done:
                reached.setdefault(event.account_id, set()).add(done[event.merchant_id])
            case Transfer():
                if owner.get(event.to_account_id) in reached.get(event.from_account_id, ()):
                    return True
    return False


def is_relinked(log: list[Event]) -> bool:
    return max(Counter(e.account_id for e in log if isinstance(e, AccountLink)).values(), default=0) > 1


ODDITIES: dict[str, Callable[[list[Event]], bool]] = {
    "money comes home": comes_home,
    "an account is linked anew": is_relinked,
    "an event is late by days": lambda log: any(b.time < a.time - DAY_MS for a, b in pairwise(log)),
    "two events share a time": lambda log: any(
        a.time == b.time for a, b in pairwise([e for e in log if not isinstance(e, AccountLink)])
    ),
    "a status stands before its payment": lambda log: any(
        isinstance(e, PaymentStatus) and place_of(log, e.payment_id) > place for place, e in enumerate(log)
    ),
    "a payment is reversed": lambda log: any(isinstance(e, PaymentStatus) and e.status == "reversed" for e in log),
    "a payment has two statuses": lambda log: (
        sum(isinstance(e, PaymentStatus) for e in log)
        > len({e.payment_id for e in log if isinstance(e, PaymentStatus)})
    ),
    "a payment is not on credit": lambda log: any(isinstance(e, Payment) and e.pay_with == "balance" for e in log),
    "a refund goes to an account": lambda log: any(isinstance(e, Refund) and e.account_id for e in log),
    "a refund goes elsewhere and names none": lambda log: any(
        isinstance(e, Refund) and e.to == "balance" and e.account_id is None for e in log
    ),
    "a repayment names an account": lambda log: any(isinstance(e, Repayment) and e.account_id for e in log),
    "an account pays itself": lambda log: any(
        isinstance(e, Transfer) and e.from_account_id == e.to_account_id for e in log
    ),
}


@cache
def many_worlds() -> list[list[Event]]:
    """Some hundred of them, always the same."""
    logs: list[list[Event]] = []

    @settings(max_examples=300, database=None, derandomize=True, phases=[Phase.generate], deadline=None)
    @given(worlds())
    def collect(log: list[Event]) -> None:
        logs.append(log)

    collect()
    return logs


@pytest.mark.parametrize("oddity", ODDITIES)
def test_random_worlds_have_every_oddity_in_at_least_one_of_a_hundred(oddity: str) -> None:
    logs = many_worlds()
    assert sum(map(ODDITIES[oddity], logs)) >= 0.01 * len(logs)


def test_money_comes_home_in_many_random_worlds() -> None:
    logs = many_worlds()
    assert sum(map(comes_home, logs)) >= 0.15 * len(logs)


# Busy worlds

WORLD = busy_world(40, 5, small_orders=20, seed=3, payouts=4, suppliers_fraction=0.6)


def test_the_same_seed_gives_the_same_world_and_another_another() -> None:
    assert busy_world(40, 5, small_orders=20, seed=3, payouts=4, suppliers_fraction=0.6) == WORLD
    assert busy_world(40, 5, small_orders=20, seed=4, payouts=4, suppliers_fraction=0.6) != WORLD


def test_busy_worlds_are_valid_in_order_of_time_and_hold_as_many_as_they_say() -> None:
    assert [decode_event(msgspec.json.encode(event)) for event in WORLD.events] == WORLD.events
    assert [e.time for e in WORLD.events] == sorted(e.time for e in WORLD.events)
    counts = Counter(event.type for event in WORLD.events)
    assert counts["payment"] == counts["payment_status"] == 4 * (40 + 5 + 20)
    assert counts["payout"] == 4
    assert len(WORLD.loops) == 4 * 5
    assert Counter(loop.middlemen for loop in WORLD.loops) == dict.fromkeys(range(4), 5)
    assert len({event.event_id for event in WORLD.events}) == len(WORLD.events)


@pytest.mark.parametrize("world", [WORLD, busy_world(10, 3, 30, 1, payouts=3, flush_account=True)])
def test_each_loop_leads_from_its_payment_by_a_payout_to_an_account_of_the_payer(world: BusyWorld) -> None:
    by_id = {event.event_id: event for event in world.events}
    owners = {e.account_id: e.owner_id for e in world.events if isinstance(e, AccountLink)}
    transfers = [event for event in world.events if isinstance(event, Transfer)]
    for loop in world.loops:
        payment, last = by_id[loop.payment_id], by_id[loop.closing_id]
        assert isinstance(payment, Payment)
        assert isinstance(last, Transfer)
        assert owners[last.to_account_id] == payment.user_id
        assert 0.88 * payment.amount - 1 <= last.amount <= 0.97 * payment.amount
        for _ in range(loop.middlemen):
            last = max((t for t in transfers if t.to_account_id == last.from_account_id and t.amount == last.amount
                        and t.time < last.time), key=lambda t: t.time)  # fmt: skip
        assert last.from_account_id == "am"
        assert any(isinstance(e, Payout) and payment.time < e.time < last.time for e in world.events)


def test_the_shop_pays_no_more_than_it_was_paid_out() -> None:
    held = 0
    for event in WORLD.events:
        if isinstance(event, Payout):
            held += event.amount
        elif isinstance(event, Transfer) and event.from_account_id == "am":
            held -= event.amount
            assert held >= 0


@pytest.mark.parametrize("flush_account", [False, True])
def test_small_orders_stand_between_a_days_sales_and_the_money_that_goes_home(flush_account: bool) -> None:
    world = busy_world(5, 2, 50, 1, payouts=1, flush_account=flush_account)
    small = [e.time for e in world.events if isinstance(e, Payment) and e.amount == 100]
    others = [e.time for e in world.events if isinstance(e, Payment) and e.amount != 100]
    paid_out = [e.time for e in world.events if isinstance(e, Payout)]
    home = [e.time for e in world.events if isinstance(e, Transfer)]
    assert len(small) == 50
    assert max(others) < min(small) < max(small) < paid_out[-1] < min(home)
    assert (paid_out[0] < min(small)) is flush_account
    assert len(paid_out) == (2 if flush_account else 1)


def test_impossible_worlds_are_refused() -> None:
    with pytest.raises(ValueError, match="counts of a busy world are from 0"):
        busy_world(-1, 1)
    with pytest.raises(ValueError, match=f"middlemen are .4,.; accepted are numbers from 0 to {MIDDLEMEN_MAX}"):
        busy_world(1, 1, middlemen=(4,))
    assert busy_world(0, 0, payouts=2).loops == []
    assert busy_world(1, 1, payouts=1, middlemen=(0,), delay_hours=(0, 0)).events[-1].time < busy_world(
        1, 1, payouts=1, middlemen=(0,), delay_hours=(5, 5)
    ).events[-1].time - 4 * HOUR_MS  # fmt: skip
