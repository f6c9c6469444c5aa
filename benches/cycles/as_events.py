"""AMLSim's transfers as events, so that whatever follows money in a log of events can be asked for its cycles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bonafide.core.events import AccountLink, Event, Payment, PaymentStatus, Payout, Transfer
from bonafide.core.moment import DAY_MS

from .amlsim import Bank

START_MS: Final = 1_483_228_800_000
"""2017-01-01 UTC, AMLSim's usual base date and that of mappings/amlsim.yaml."""
STEP_MS: Final = 4
"""From one transfer to the next of a day: room for its events, each at a time of its own."""
CURRENCY: Final = "USD"


def events_of(bank: Bank) -> Iterator[Event]:
    """Each account linked to a user of its own, then four events for each transfer, in order.

    Money that is followed starts at a payment. So the sender pays the receiver, as a shop, on credit; the payment
    completes and is paid out to the receiver's account, where its money can be followed from; only then comes the
    transfer itself, which carries on what was followed to the sender. In this order, because where the newest money
    leaves first, what has come from afar must lie above what begins here, or nothing would travel two steps. The
    receiver holds twice what it got: at each step a part of what could be followed stays behind.
    """
    for number in bank.accounts:
        yield AccountLink(event_id=f"l{number}", time=START_MS, account_id=f"a{number}", owner_type="user",
                          owner_id=f"u{number}")  # fmt: skip
    day, of_day = -1, 0
    for one in bank.transfers:
        day, of_day = (day, of_day + 1) if one.day == day else (one.day, 0)
        time = START_MS + day * DAY_MS + of_day * STEP_MS
        n, user, shop, account = one.number, f"u{one.source}", f"m{one.target}", f"a{one.target}"
        yield Payment(event_id=f"p{n}", time=time, user_id=user, merchant_id=shop, order_id=f"o{n}",
                      amount=one.amount, currency=CURRENCY, pay_with="credit")  # fmt: skip
        yield PaymentStatus(event_id=f"s{n}", time=time + 1, payment_id=f"p{n}", order_id=f"o{n}", user_id=user,
                            merchant_id=shop, status="completed")  # fmt: skip
        yield Payout(event_id=f"po{n}", time=time + 2, merchant_id=shop, account_id=account, amount=one.amount,
                     currency=CURRENCY)  # fmt: skip
        yield Transfer(event_id=f"t{n}", time=time + 3, from_account_id=f"a{one.source}", to_account_id=account,
                       amount=one.amount, currency=CURRENCY)  # fmt: skip
