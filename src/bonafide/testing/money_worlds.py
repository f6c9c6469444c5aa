"""Small worlds of money, made without the simulator: random ones for twins, and busy ones for measuring bounds.

`worlds` is a Hypothesis strategy of logs in which money of a payment can come home, or nearly so, in as many odd ways
as a few accounts allow, and `shops` one of logs in which a shop's money stands in any order. `busy_world` makes one
large log of a known shape, with the loops that are in it:

>>> world = busy_world(buyers_per_payout=10, cash_out_buyers=2, payouts=3, seed=1)
>>> len(world.loops), world.loops[0].payment_id in {event.event_id for event in world.events}
(6, True)

`worlds` and `shops` need the `dev` extra.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bonafide.core.events import AccountLink, Event, Payment, PaymentStatus, Payout, Refund, Repayment, Transfer
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

START_MS: Final = 1_767_225_600_000
"""2026-01-01 UTC, where the moments of made worlds begin."""
USERS: Final = 3
MERCHANTS: Final = 2
ACCOUNTS: Final = 5
PERSONS: Final = 2
BUYERS: Final = 10
STEPS_MAX: Final = 30
AWKWARD: Final = (1, 2, 3, 5, 7, 10, 11, 97, 100, 101, 333, 997, 1_000, 1_001)
"""Amounts whose shares leave remainders."""
WAITS_MS: Final = (
    0,
    0,
    0,
    1,
    SECOND_MS,
    MINUTE_MS,
    HOUR_MS,
    20 * HOUR_MS,
    DAY_MS,
    5 * DAY_MS,
    14 * DAY_MS,
    15 * DAY_MS,
)
"""From a step to the next: often none at all, and about as long as a loop may take."""
LATENESS_MS: Final = (0, 0, 0, 0, 0, 1, MINUTE_MS, 3 * HOUR_MS, 2 * DAY_MS, 15 * DAY_MS)
MIDDLEMEN_MAX: Final = 3
_CURRENCY: Final = "CNY"


# Random worlds


def worlds(
    *, users: int = USERS, merchants: int = MERCHANTS, accounts: int = ACCOUNTS, steps_max: int = STEPS_MAX
) -> SearchStrategy[list[Event]]:
    """Logs of a few users, merchants and accounts, in order of arrival; event ids are unique.

    Payments are on credit or not, complete or not, and their statuses stand behind them, before them, or twice;
    accounts are linked to users, merchants and persons, linked anew, or to nobody; transfers also go from an account
    to itself; refunds go back or elsewhere, with and without an account, also of orders that nobody made; repayments
    come with and without one. Times repeat, and any event may be late by up to days. Accounts `a0`, `a1`, ... are
    mostly linked to `u0`, `u1`, ... at first, the last to `m0`; some steps are whole chains, payment, payout and
    transfers to an account of the payer's number, with other steps between, so that money often comes home.
    """
    from hypothesis import strategies as st

    def ids(prefix: str, number: int) -> SearchStrategy[str]:
        return st.sampled_from([f"{prefix}{n}" for n in range(number)])

    amounts = st.sampled_from(AWKWARD) | st.integers(1, 60)
    some_user, some_merchant, some_account = ids("u", users), ids("m", merchants), ids("a", accounts)
    numbers = st.integers(0, 7)
    owners = st.one_of(
        st.tuples(st.just("user"), some_user),
        st.tuples(st.just("merchant"), some_merchant),
        st.tuples(st.just("person"), ids("p", PERSONS)),
    )
    statuses = st.lists(
        st.tuples(st.sampled_from(("completed", "completed", "completed", "cancelled", "reversed")),
                  st.sampled_from((0, 0, 0, 1, 2, 5, -1, -2))), max_size=2,
    )  # fmt: skip
    credit = st.sampled_from(("credit", "credit", "credit", "balance"))
    where = st.sampled_from((None, "original", "balance", "bank", "bank", "cash"))
    steps: list[SearchStrategy[tuple[Any, ...]]] = [
        st.tuples(st.just("payment"), some_user, some_merchant, amounts, credit, statuses),
        st.tuples(st.just("payout"), some_merchant, some_account, amounts),
        st.tuples(st.just("transfer"), some_account, some_account, amounts),
        st.tuples(st.just("transfer"), some_account, some_account, amounts),
        st.tuples(st.just("refund"), numbers, amounts, where, st.none() | some_account),
        st.tuples(st.just("repayment"), some_user, amounts, st.sampled_from(("paid", "late", "missed")),
                  st.none() | some_account),
        st.tuples(st.just("account_link"), some_account, owners),
        st.tuples(st.just("chain"), st.integers(0, min(users, accounts) - 1), some_merchant, amounts,
                  st.lists(some_account, max_size=4), st.integers(0, 12), st.integers(0, 3)),
    ]  # fmt: skip
    moments = st.tuples(st.sampled_from(WAITS_MS), st.sampled_from(LATENESS_MS))
    step = st.tuples(moments, st.one_of(steps))
    drawn = st.lists(step, max_size=steps_max) | st.lists(step, min_size=min(12, steps_max), max_size=steps_max)
    known = min(users, max(0, accounts - 1))
    opening = st.lists(st.booleans(), min_size=known + 1, max_size=known + 1)
    return st.builds(_world, opening, drawn, st.just(accounts))


_Step = tuple[tuple[int, int], tuple[Any, ...]]


def _world(opening: list[bool], steps: Sequence[_Step], accounts: int) -> list[Event]:
    """The log that drawn steps describe."""
    log: list[Event] = []
    for place, linked in enumerate(opening):
        if linked:
            last = place == len(opening) - 1
            account, owner = (f"a{accounts - 1}", ("merchant", "m0")) if last else (f"a{place}", ("user", f"u{place}"))
            log.append(_link(f"l{place}", START_MS, account, owner))
    clock, payments = START_MS, [_paid(step) for _, step in steps if step[0] in {"payment", "chain"}]
    numbers, placed = count(), list[tuple[int, int, Event]]()
    for place, ((wait, late), step) in enumerate(steps):
        clock += wait
        if step[0] not in {"payment", "chain"}:
            placed.append((place, 0, _step(f"e{place}", clock - late, step, payments)))
            continue
        number = next(numbers)
        payment, statuses = _payment(number, clock - late, payments[number])
        placed.append((place, 0, payment))
        placed += [(place + after, 1 if after >= 0 else -1, status) for after, status in statuses]
        if step[0] == "chain":
            placed += [(place + after, 2, event) for after, event in _chain(f"c{place}", clock, step)]
    return log + [event for _, _, event in sorted(placed, key=lambda one: one[:2])]


def _paid(step: tuple[Any, ...]) -> tuple[Any, ...]:
    """The payment of a step: of a chain, one on credit that completes at once."""
    return step if step[0] == "payment" else ("payment", f"u{step[1]}", *step[2:4], "credit", [("completed", 0)])


def _chain(event_id: str, time: int, step: tuple[Any, ...]) -> Iterator[tuple[int, Event]]:
    """A payout and transfers that bring a payment home, with how many steps behind it they stand."""
    _, user, merchant, amount, between, fee, apart = step
    way = [*between, f"a{user}"]
    amount = max(1, amount - fee)
    yield apart, _payout(f"{event_id}.0", time + SECOND_MS, merchant, way[0], amount)
    for n, (source, target) in enumerate(pairwise(way), 1):
        yield (n + 1) * apart, _transfer(f"{event_id}.{n}", time + (n + 1) * SECOND_MS, source, target, amount)


def _payment(number: int, time: int, step: tuple[Any, ...]) -> tuple[Payment, list[tuple[int, PaymentStatus]]]:
    """A payment, and its statuses with how many steps behind (or, below zero, before) it they stand."""
    _, user, merchant, amount, pay_with, statuses = step
    order = f"o{number}"
    payment = Payment(event_id=f"p{number}", time=max(0, time), user_id=user, merchant_id=merchant, order_id=order,
                      amount=amount, currency=_CURRENCY, pay_with=pay_with)  # fmt: skip
    told = [
        (after, PaymentStatus(event_id=f"s{number}.{n}", time=time + max(0, after) * SECOND_MS,
                              payment_id=payment.event_id, order_id=order, user_id=user, merchant_id=merchant,
                              status=status))
        for n, (status, after) in enumerate(statuses)
    ]  # fmt: skip
    return payment, told


def _step(event_id: str, time: int, step: tuple[Any, ...], payments: list[tuple[Any, ...]]) -> Event:
    match step:
        case ("payout", merchant, account, amount):
            return _payout(event_id, time, merchant, account, amount)
        case ("transfer", source, target, amount):
            return _transfer(event_id, time, source, target, amount)
        case ("account_link", account, owner):
            return _link(event_id, time, account, owner)
        case ("repayment", user, amount, status, account):
            return Repayment(event_id=event_id, time=time, user_id=user, amount=amount, currency=_CURRENCY,
                             status=status, account_id=account)  # fmt: skip
        case ("refund", number, amount, to, account):
            _, user, merchant = payments[number % len(payments)][:3] if payments else ("", "u0", "m0")
            order = f"o{number % len(payments)}" if payments else "o-unknown"
            return Refund(event_id=event_id, time=time, order_id=order, user_id=user, merchant_id=merchant,
                          amount=amount, currency=_CURRENCY, to=to, account_id=account)  # fmt: skip
        case other:
            raise AssertionError(f"{other[0]}: no such step")


def _link(event_id: str, time: int, account: str, owner: tuple[Any, str]) -> AccountLink:
    return AccountLink(event_id=event_id, time=time, account_id=account, owner_type=owner[0], owner_id=owner[1])


def _payout(event_id: str, time: int, merchant: str, account: str, amount: int) -> Payout:
    return Payout(event_id=event_id, time=time, merchant_id=merchant, account_id=account, amount=amount,
                  currency=_CURRENCY)  # fmt: skip


def _transfer(event_id: str, time: int, source: str, target: str, amount: int) -> Transfer:
    return Transfer(event_id=event_id, time=time, from_account_id=source, to_account_id=target, amount=amount,
                    currency=_CURRENCY)  # fmt: skip


# Shops


def shops(*, steps_max: int = 45) -> SearchStrategy[list[Event]]:
    """Logs of one shop that a few buy from on credit, in order of arrival.

    Sales come late and are undone, so that the shop's money stands there in any order; some of it is paid out to its
    account `am`, from which some goes to the accounts `a0`, `a1`, ... of `u0`, `u1`, ...
    """
    from hypothesis import strategies as st

    step = st.tuples(
        st.sampled_from(("sale",) * 5 + ("undone",) * 2 + ("payout",) * 3 + ("transfer",) * 3),
        st.integers(0, steps_max), st.integers(1, 9), st.sampled_from((0, 0, 3 * MINUTE_MS, 10 * MINUTE_MS)),
    )  # fmt: skip
    return st.lists(step, min_size=15, max_size=steps_max).map(_shop)


def _shop(steps: Sequence[tuple[str, int, int, int]]) -> list[Event]:
    log: list[Event] = [_link(f"l{n}", START_MS, f"a{n}", ("user", f"u{n}")) for n in range(BUYERS)]
    for i, (what, number, amount, late) in enumerate(steps):
        event_id, time, user = f"e{i}", START_MS + i * MINUTE_MS, number % BUYERS
        if what == "sale":
            sale = ("payment", f"u{user}", "m", 10 * amount, "credit", [("completed", 0)])
            payment, told = _payment(i, time - late, sale)
            log += [payment, *(status for _, status in told)]
        elif what == "undone":
            sold = number % (i + 1)
            log.append(PaymentStatus(event_id=event_id, time=time, payment_id=f"p{sold}", order_id=f"o{sold}",
                                     user_id=f"u{user}", merchant_id="m", status="cancelled"))  # fmt: skip
        elif what == "payout":
            log.append(_payout(event_id, time, "m", "am", 20 * amount))
        else:
            log.append(_transfer(event_id, time, "am", f"a{user}", 8 * amount))
    return log


# Busy worlds


class TrueLoop(NamedTuple):
    """A payment whose money came home, and the transfer that brought it."""

    payment_id: str
    closing_id: str
    middlemen: int
    """Accounts between the shop's and the payer's."""


class BusyWorld(NamedTuple):
    """A log in order of time, and every loop that is in it."""

    events: list[Event]
    loops: list[TrueLoop]


def busy_world(
    buyers_per_payout: int,
    cash_out_buyers: int,
    small_orders: int = 0,
    seed: int = 0,
    *,
    payouts: int = 10,
    middlemen: Sequence[int] = (0, 1, 2, 3),
    fee: tuple[float, float] = (0.03, 0.12),
    delay_hours: tuple[float, float] = (0.2, 12.0),
    small_amount: int = 100,
    flush_account: bool = False,
    suppliers_fraction: float = 0.0,
) -> BusyWorld:
    """One shop that sells on credit to many honest buyers and, between them, to some who cash out.

    Each of `payouts` days the shop sells to `buyers_per_payout` honest buyers and `cash_out_buyers` others in random
    order, all on credit and completed within seconds; then everything is paid out to its one account. From there each
    cash-out payment goes home less a `fee`, drawn between two fractions, after a delay drawn in hours, through as many
    middlemen as `middlemen` says by turns (0 to 3, from a pool that all share); each holds it as long again and keeps
    nothing. `suppliers_fraction` of the honest money leaves the account at a moment drawn from the same delays.

    `small_orders` orders of `small_amount` by other people come between the day's sales and its payout, to push what
    matters out of bounded state; with `flush_account` they are made and paid out after that payout and before any
    money goes home, so that they push it out of the account's state instead. Amounts are in minor units, buyers never
    come twice. The same arguments give the same world. Raises ValueError for a count below zero or too many middlemen.
    """
    if min(buyers_per_payout, cash_out_buyers, small_orders, payouts) < 0:
        raise ValueError("counts of a busy world are from 0")
    if not middlemen or not all(0 <= number <= MIDDLEMEN_MAX for number in middlemen):
        raise ValueError(f"middlemen are {tuple(middlemen)}; accepted are numbers from 0 to {MIDDLEMEN_MAX}")
    shop = _Shop(Random(seed), fee, delay_hours)
    turns = count()
    for day in range(payouts):
        opens = START_MS + day * 2 * DAY_MS
        sales = [False] * buyers_per_payout + [True] * cash_out_buyers
        shop.rng.shuffle(sales)
        paid = [(shop.sell(opens, 10 * HOUR_MS, amount=None), is_cash_out) for is_cash_out in sales]
        evening = opens + 10 * HOUR_MS + MINUTE_MS
        if not flush_account:
            shop.sell_small(evening, small_orders, small_amount)
        shop.pay_out(evening + HOUR_MS)
        if flush_account:
            shop.sell_small(evening + HOUR_MS + MINUTE_MS, small_orders, small_amount)
            shop.pay_out(evening + 2 * HOUR_MS)
        honest = sum(payment.amount for payment, is_cash_out in paid if not is_cash_out)
        shop.pay_suppliers(evening + 2 * HOUR_MS, int(honest * suppliers_fraction))
        for payment, is_cash_out in paid:
            if is_cash_out:
                shop.send_home(evening + 2 * HOUR_MS, payment, middlemen[next(turns) % len(middlemen)])
    return BusyWorld(sorted(shop.events, key=lambda event: event.time), shop.loops)


@dataclass(slots=True)
class _Shop:
    """What happens at the one shop of a busy world, in no order."""

    rng: Random
    fee: tuple[float, float]
    delay_hours: tuple[float, float]
    events: list[Event] = field(default_factory=list)
    loops: list[TrueLoop] = field(default_factory=list)
    takings: int = 0
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        owners = [("am", ("merchant", "m")), ("as", ("person", "supplier"))]
        owners += [(f"ax{n}", ("person", f"middleman{n}")) for n in range(2 * MIDDLEMEN_MAX)]
        self.events += [_link(f"l-{account}", START_MS - DAY_MS, account, owner) for account, owner in owners]

    def sell(self, opens: int, span: int, amount: int | None) -> Payment:
        """A new buyer, whose account is linked, pays on credit; None draws an amount around 300 yuan."""
        number, time = next(self.numbers), opens + int(self.rng.random() * span)
        user, order = f"u{number}", f"o{number}"
        amount = amount if amount is not None else 1 + int(self.rng.lognormvariate(10.3, 0.8))
        payment = Payment(event_id=f"p{number}", time=time, user_id=user, merchant_id="m", order_id=order,
                          amount=amount, currency=_CURRENCY)  # fmt: skip
        status = PaymentStatus(event_id=f"s{number}", time=time + 5 * SECOND_MS, payment_id=payment.event_id,
                               order_id=order, user_id=user, merchant_id="m", status="completed")  # fmt: skip
        self.events += [_link(f"l{number}", START_MS - HOUR_MS, f"a{number}", ("user", user)), payment, status]
        self.takings += amount
        return payment

    def sell_small(self, opens: int, orders: int, amount: int) -> None:
        """Many small orders within most of an hour."""
        for _ in range(orders):
            self.sell(opens, 50 * MINUTE_MS, amount)

    def pay_out(self, time: int) -> None:
        """All takings go to the shop's account."""
        if self.takings:
            self.events.append(_payout(f"po{next(self.numbers)}", time, "m", "am", self.takings))
        self.takings = 0

    def pay_suppliers(self, time: int, amount: int) -> None:
        """Honest money leaves the account."""
        if amount:
            self.events.append(_transfer(f"t{next(self.numbers)}", time + self._delay(), "am", "as", amount))

    def send_home(self, time: int, payment: Payment, middlemen: int) -> None:
        """What a payment brought goes home, less a fee, from one account to the next."""
        amount = max(1, int(payment.amount * (1 - self.rng.uniform(*self.fee))))
        between = self.rng.sample(range(2 * MIDDLEMEN_MAX), middlemen)
        way = ["am", *(f"ax{n}" for n in between), f"a{payment.event_id.removeprefix('p')}"]
        for source, target in pairwise(way):
            time += self._delay()
            self.events.append(_transfer(f"t{next(self.numbers)}", time, source, target, amount))
        self.loops.append(TrueLoop(payment.event_id, self.events[-1].event_id, middlemen))

    def _delay(self) -> int:
        return max(1, int(self.rng.uniform(*self.delay_hours) * HOUR_MS))
