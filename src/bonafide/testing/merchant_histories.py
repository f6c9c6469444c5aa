"""Short histories of one merchant, and facts against it that may be put into them: what the merchants' card is held to.

A step is a few events at one moment. Ids depend on the step alone, so that a fact put between two steps changes nothing
else of the history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple

from hypothesis import strategies as st

from bonafide.core.events import (
    AccountLink,
    Complaint,
    Fact,
    MerchantApplication,
    Payment,
    PaymentStatus,
    Payout,
    Refund,
    Shipment,
    Transfer,
    Verdict,
)  # fmt: skip
from bonafide.core.moment import DAY_MS, HOUR_MS

MERCHANT: Final = "m1"
USERS: Final = ("u0", "u1", "u2")
START_MS: Final = 1_767_225_600_000
LIMIT: Final = 100_000
Events = list[Fact]
Goods = Literal["physical", "virtual", "service"]
Channel = Literal["app", "web", "qr"]
RefundTo = Literal["original", "balance", "bank", "cash"]
ELSEWHERE: Final[tuple[RefundTo, ...]] = ("bank", "balance", "cash")
WAYS: Final[tuple[tuple[Goods, Channel], ...]] = (
    ("virtual", "app"), ("physical", "app"), ("physical", "qr"), ("service", "web"),
)  # fmt: skip


class Step(NamedTuple):
    """What happened at one moment."""

    at_ms: int
    name: str
    """Of its own: no other step has it."""
    kind: str
    user: str
    amount: int
    what: int
    """Chooses among the ways of its kind."""


def opening() -> Events:
    """What is known before the history begins: an application, and whose accounts these are."""
    applied = MerchantApplication(
        event_id="apply", time=START_MS, merchant_id=MERCHANT, legal_name="Shop", registration_no="r1",
        representative_id="p1", category="home", account_id="a-" + MERCHANT, opened_on=START_MS - 900 * DAY_MS,
    )  # fmt: skip
    events: Events = [applied]
    for user in USERS:
        link = AccountLink(
            event_id="link " + user, time=START_MS, account_id="a-" + user, owner_type="user", owner_id=user
        )
        events.append(link)
    own = {"account_id": "a-" + MERCHANT, "owner_id": MERCHANT}
    return [*events, AccountLink(event_id="link own", time=START_MS, owner_type="merchant", **own)]


def sale(step: Step, *, sent: bool = True, goods: Goods | None = None, on_credit: bool = False) -> Events:
    """A completed payment, and its parcel where one is due and `sent`."""
    kind, channel = WAYS[step.what % len(WAYS)] if goods is None else (goods, "app")
    told: dict[str, Any] = {"user_id": step.user, "merchant_id": MERCHANT, "order_id": "o " + step.name}
    used = (0, LIMIT // 2, LIMIT - step.amount)[step.what % 3]
    paid = Payment(
        event_id="p " + step.name, time=step.at_ms, amount=step.amount, currency="CNY", goods=kind, channel=channel,
        pay_with="credit" if on_credit or step.what % 7 else "balance", credit_limit=LIMIT, credit_used=used, **told,
    )  # fmt: skip
    events: Events = [paid]
    events.append(
        PaymentStatus(event_id="s " + step.name, time=step.at_ms, payment_id=paid.event_id, status="completed", **told)
    )
    if sent and kind == "physical" and channel == "app":
        events.append(
            Shipment(event_id="d " + step.name, time=step.at_ms, status="created", tracking_no="t " + step.name, **told)
        )
    return events


def chosen(step: Step, orders: Sequence[Step]) -> Step | None:
    """One of the orders before a step; None where there is none."""
    return orders[step.what % len(orders)] if orders else None


def refund(step: Step, orders: Sequence[Step], to: RefundTo) -> Events:
    """Of an order before it, or of one that nobody knows."""
    of = chosen(step, orders) or step
    return [
        Refund(
            event_id="r " + step.name, time=step.at_ms, order_id="o " + of.name, user_id=of.user, merchant_id=MERCHANT,
            amount=max(1, min(step.amount, of.amount)), currency="CNY", to=to,
            account_id="a-" + of.user if to == "bank" else None,
        )
    ]  # fmt: skip


def payout(step: Step, account: str) -> Events:
    """Money of the merchant goes to an account."""
    return [
        Payout(event_id="w " + step.name, time=step.at_ms, merchant_id=MERCHANT, account_id=account, amount=step.amount,
               currency="CNY")
    ]  # fmt: skip


def verdict(step: Step, subject: str, of: Step | None = None) -> Events:
    """People found cash-out: on an order, on the merchant, or on a payer."""
    about: dict[str, Any] = {"subject_type": "merchant", "subject_id": MERCHANT, "merchant_id": MERCHANT}
    if subject == "user":
        about = {"subject_type": "user", "subject_id": step.user, "user_id": step.user}
    elif subject == "event" and of is not None:
        about = {"subject_type": "event", "subject_id": "p " + of.name, "user_id": of.user, "merchant_id": MERCHANT}
    return [Verdict(event_id="v " + step.name, time=step.at_ms, label="cash_out", source="analyst", **about)]


def complaint(step: Step) -> Events:
    """Somebody complains of the merchant."""
    return [Complaint(event_id="c " + step.name, time=step.at_ms, user_id=step.user, merchant_id=MERCHANT)]


def home(step: Step) -> Events:
    """A sale on credit whose money, less a fee, comes straight back to its payer."""
    back = step._replace(amount=max(1, step.amount * 95 // 100))
    return [*sale(step, goods="virtual", on_credit=True), *payout(back, "a-" + step.user)]


def refunded(step: Step, to: RefundTo) -> Events:
    """A sale on credit of its own that is refunded: the money of an older one comes home once, so that a refund of it
    would only bring forward what a later refund of the same order is counted for."""
    return [*sale(step, goods="virtual", on_credit=True), *refund(step, [step], to)]


def events_of(step: Step, before: Sequence[Step]) -> Events:
    """What a step of a history is, those before it being known."""
    orders = [one for one in before if one.kind == "sale"]
    match step.kind:
        case "sale":
            return sale(step, sent=step.what % 5 != 0)
        case "refund":
            return refund(step, orders, "original")
        case "elsewhere":
            return refund(step, orders, ELSEWHERE[step.what % 3])
        case "payout":
            return payout(step, f"a-{MERCHANT}" if step.what % 3 else f"a-{step.what}")
        case "home":
            return payout(step, "a-" + step.user)
        case "transfer":
            told = Transfer(
                event_id="x " + step.name, time=step.at_ms, from_account_id="a-" + MERCHANT,
                to_account_id="a-" + step.user, amount=step.amount, currency="CNY",
            )  # fmt: skip
            return [told]
        case "verdict":
            return verdict(step, ("event", "user", "merchant")[step.what % 3], orders[-1] if orders else None)
        case _:
            return complaint(step)


KINDS: Final = ("sale", "sale", "sale", "refund", "elsewhere", "payout", "home", "transfer", "verdict", "complaint")
ADVERSE: Final[dict[str, Callable[[Step, Sequence[Step]], Events]]] = {
    "a verdict on the merchant": lambda step, _: verdict(step, "merchant"),
    "a verdict on a sale": lambda step, orders: verdict(step, "event", chosen(step, orders)),
    "a verdict on a payer": lambda step, _: verdict(step, "user"),
    "a complaint": lambda step, _: complaint(step),
    "a sale refunded elsewhere": lambda step, _: refunded(step, ELSEWHERE[step.what % 3]),
    "a sale whose money comes home": lambda step, _: home(step),
    "a parcel never sent": lambda step, _: sale(step, sent=False, goods="physical"),
    "a sale to a judged payer": lambda step, _: sale(step._replace(user="judged"), sent=False),
}  # fmt: skip
"""Facts against a merchant by name: what is put in at a step, the orders before it being known. None of them sends a
parcel: that speaks for a merchant, whoever it is for, and counts for the oldest order that waits for one."""
ORDINARY: Final[dict[str, Callable[[Step, Sequence[Step]], Events]]] = {
    "a payment": lambda step, _: sale(step)[:1],
    "a shipment": lambda step, orders: sale(step._replace(what=1))[2:],
    "a sale, complete": lambda step, _: sale(step),
    "a refund to where it was paid from": lambda step, orders: refund(step, orders, "original"),
    "a payout": lambda step, _: payout(step, f"a-{MERCHANT}"),
}
"""Usual events by name."""


@st.composite
def histories(draw: st.DrawFn, most: int = 14) -> list[Step]:
    """Steps some hours to days apart."""
    at_ms, steps = START_MS + DAY_MS, list[Step]()
    for i in range(draw(st.integers(0, most))):
        at_ms += draw(st.sampled_from((0, 1, 6, 30, 80, 200))) * HOUR_MS
        kind, user = draw(st.sampled_from(KINDS)), draw(st.sampled_from(USERS))
        amount, what = draw(st.sampled_from((500, 950, 1_000, 20_000))), draw(st.integers(0, 20))
        steps.append(Step(at_ms, str(i), kind, user, amount, what))
    return steps


def played(steps: Sequence[Step], put: tuple[int, Events] | None = None) -> Events:
    """The events of a history; `put` puts some before the step of this number."""
    events = opening()
    # A payer who was judged before anything began: their purchases are never good ones.
    events += verdict(Step(START_MS, "judged", "", "judged", 0, 0), "user")
    for i, step in enumerate(steps):
        events += put[1] if put is not None and put[0] == i else []
        events += events_of(step, steps[:i])
    return events + (put[1] if put is not None and put[0] >= len(steps) else [])


def probe(at_ms: int) -> Events:
    """A payout that reads the score."""
    return payout(Step(at_ms, "probe", "", "", 1, 0), "a-" + MERCHANT)
