"""The law of funds, obeyed the obvious way: every tag is an object in a list, and nothing is lost for want of room.

The twin of `engine.funds`. With `Caps` it keeps as little as the kernel does, so that both can be compared beyond the
bounds too; without, it shows what the bounds cost, and with another `Law` what its figures do. It is slow and meant to
be read beside docs/funds.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import floor
from typing import Any, Final, NamedTuple

from bonafide.core.events import (
    AccountLink,
    CreditRecycled,
    Fact,
    LoopClosed,
    LoopPassed,
    MoneyReturned,
    Payment,
    PaymentStatus,
    Payout,
    Refund,
    Repayment,
    Transfer,
)  # fmt: skip
from bonafide.core.fields import FRACTION_UNIT
from bonafide.core.moment import HOUR_MS

HOPS_MAX: Final = 4
AGE_MS: Final = 336 * HOUR_MS
HALVES_MS: Final = 12 * HOUR_MS
CLOSED_SHARE: Final = (1, 2)
CARRIED_SHARE: Final = (1, 4)
FEE_SHARE: Final = (1, 4)
ENDLESS: Final = 10**9
NEVER: Final = 2**63


class Caps(NamedTuple):
    """How much a node, an account and a payer remember."""

    tags: int = ENDLESS
    served: int = ENDLESS
    returns: int = ENDLESS
    settled: int = ENDLESS


class Law(NamedTuple):
    """How far money is followed, and when it is home; as shipped unless said otherwise."""

    hops: int = HOPS_MAX
    age_ms: int = AGE_MS
    closed: tuple[int, int] = CLOSED_SHARE
    carried: tuple[int, int] = CARRIED_SHARE
    fee: tuple[int, int] = FEE_SHARE
    halves_ms: int = HALVES_MS


NO_CAPS: Final = Caps()
SHIPPED: Final = Law()


class Step(NamedTuple):
    """One movement of a payment's money: place in the log, time, how much of it was this payment's."""

    seq: int
    time: int
    amount: int


class Loop(NamedTuple):
    """What an event brought home of one payment."""

    payment_id: str
    returned: int
    home: int
    """All that has come home of the payment by then."""
    amount: int
    closes: bool
    path: tuple[Step, ...]


@dataclass(eq=False)
class Tag:
    """Money of one payment in one place, as far as it may be there."""

    payer: str
    merchant: str
    payment: str
    order: str
    amount: int
    left: int
    paid_at: int
    came: int
    number: int
    hops: int
    home: bool
    accounts: tuple[str, ...]
    path: tuple[Step, ...]


@dataclass(eq=False)
class Flow:
    """One movement of money."""

    time: int
    amount: int
    unsettled: int
    """What of it is not yet told whose it is."""
    seq: int
    via: str
    to: str | None
    """The account it went to; None for a refund that names none."""
    owner: str | None
    order: str | None
    sender: str | None = None
    """The account it left from."""


@dataclass(eq=False)
class Place:
    """A merchant or an account."""

    now: int = -1
    tags: list[Tag] = field(default_factory=list)
    of: dict[tuple[str, bool], Tag] = field(default_factory=dict)
    """The same tags by payment, and by whether they are home."""
    oldest: int = NEVER
    """No payment whose money is here was made before."""
    owner: str | None = None
    linked_at: int = -1
    served: list[str] = field(default_factory=list)


@dataclass
class Told:
    """What one event established."""

    loops: list[Loop] = field(default_factory=list)
    derived: list[Fact] = field(default_factory=list)
    brought_home: int = 0
    own_payments: int = 0
    own_amount: int = 0
    earlier_loops: int = 0
    loops_closed: int = 0
    loop_share: int = 0
    loop_hops: int = 0
    loop_delay_s: int = 0

    @property
    def facts(self) -> dict[str, int | None]:
        """What is said of a payout, a transfer or a refund; hops and delay are missing where nothing came home."""
        came = self.own_payments > 0
        return {
            "brought_home": self.brought_home, "earlier_loops": self.earlier_loops,
            "loop_delay_s": self.loop_delay_s if came else None, "loop_hops": self.loop_hops if came else None,
            "loop_share": self.loop_share, "loops_closed": self.loops_closed, "own_amount": self.own_amount,
            "own_payments": self.own_payments,
        }  # fmt: skip


class FundsTwin:
    """Feeds events one by one and tells what each established."""

    def __init__(self, caps: Caps = NO_CAPS, law: Law = SHIPPED, *, assume_completed: bool = False) -> None:
        self.caps = caps
        self.law = law
        self.assume_completed = assume_completed
        self.places: dict[tuple[str, str], Place] = defaultdict(Place)
        self.returns: dict[str, dict[str, list[int]]] = defaultdict(dict)
        """Payer -> payment -> [come home so far, whether its loop is closed]."""
        self._payments: dict[str, tuple[Payment, int]] = {}
        self._statuses: dict[str, PaymentStatus] = {}
        self._started: set[str] = set()
        self._number = 0

    def feed(self, event: Fact, seq: int) -> Told:
        """What an event that stands at place `seq` of the log establishes."""
        self._number += 1
        told = Told()
        match event:
            case Payment(pay_with="credit"):
                self._payments[event.event_id] = event, seq
                status = self._statuses.get(event.event_id)
                if self.assume_completed:
                    self._start(event.event_id, event.time, told)
                elif status is not None:
                    self._start(event.event_id, status.time, told)
            case PaymentStatus(status="completed"):
                self._statuses.setdefault(event.payment_id, event)
                if event.payment_id in self._payments and not self.assume_completed:
                    self._start(event.payment_id, event.time, told)
            case PaymentStatus():
                self._cancel(event.merchant_id, event.time, lambda tag: tag.payment == event.payment_id, ENDLESS**2)
            case Refund(to="original" | None):
                self._cancel(event.merchant_id, event.time, lambda tag: tag.order == event.order_id, event.amount)
            case Refund() | Payout() | Transfer():
                self._move(event, seq, told)
            case Repayment(status="paid" | "late", account_id=str(account)):
                self._repay(event, account, told)
            case AccountLink():
                self._link(event, seq, told)
        return told

    # Where money starts and ends

    def _start(self, payment_id: str, known_at: int, told: Told) -> None:
        payment, seq = self._payments[payment_id]
        if payment_id in self._started:
            return
        self._started.add(payment_id)
        tag = Tag(
            payment.user_id, payment.merchant_id, payment_id, payment.order_id, payment.amount, payment.amount,
            payment.time, max(payment.time, known_at), self._number, 0, False, (),
            (Step(seq, payment.time, payment.amount),),
        )  # fmt: skip
        self._keep(("merchant", payment.merchant_id), tag)

    def _cancel(self, merchant: str, time: int, concerns: object, amount: int) -> None:
        place = self._find(("merchant", merchant), time)
        if place is None:
            return
        for tag in list(place.tags):
            if amount > 0 and concerns(tag):  # type: ignore[operator]
                taken = min(tag.left, amount)
                amount -= taken
                _lessen(place, tag, taken, self.law)

    def _repay(self, event: Repayment, account: str, told: Told) -> None:
        place = self._find(("account", account), event.time)
        if place is None:
            return
        taken = _spend_home(place, event.amount, event.time, event.user_id, self.law)
        if taken:
            told.derived.append(CreditRecycled(
                event_id="derived", time=event.time, user_id=event.user_id, account_id=account, amount=taken,
                recycled_share=taken / event.amount,
            ))  # fmt: skip

    def _link(self, event: AccountLink, seq: int, told: Told) -> None:
        key = ("account", event.account_id)
        place = self._at(key, event.time)
        if event.owner_type == "merchant":
            self._serve(key, event.owner_id, event.time)
        if event.time < place.linked_at:
            return
        place.linked_at = event.time
        place.owner = event.owner_id if event.owner_type == "user" else None
        own = [g for g in place.tags if not g.home and g.payer == place.owner and g.came <= event.time]
        for tag in _newest_first(own)[: self.caps.settled]:
            flow = Flow(event.time, tag.left, tag.left, seq, "account_link", event.account_id, place.owner, None)
            self._bring_home(place, tag, tag.left, flow, told)

    # How it moves

    def _move(self, event: Refund | Payout | Transfer, seq: int, told: Told) -> None:
        time, to = event.time, event.to_account_id if isinstance(event, Transfer) else event.account_id
        if isinstance(event, Transfer) and event.from_account_id == to:
            return
        if isinstance(event, Payout):
            self._serve(("account", event.account_id), event.merchant_id, time)
        target = None if to is None else self._find(("account", to), time)
        owner = event.user_id if isinstance(event, Refund) else None if target is None else target.owner
        order = event.order_id if isinstance(event, Refund) else None
        flow = Flow(time, event.amount, event.amount, seq, event.type, to, owner, order)
        if isinstance(event, Transfer):
            flow.sender, source = event.from_account_id, ("account", event.from_account_id)
        else:
            source = ("merchant", event.merchant_id)
        first = self._find(source, time)
        if first is None:
            return
        places = [first, *(p for m in first.served if (p := self._find(("merchant", m), time)) is not None)]
        if isinstance(event, Transfer):
            _spend_home(first, event.amount, time, None, self.law)
        pool = [(p, g) for p in places for g in p.tags if not g.home and g.came <= time]
        self._settle([pair for pair in pool if pair[1].payer == owner], flow, told)
        self._carry([pair for pair in pool if pair[1].payer != owner], flow)

    def _settle(self, own: list[tuple[Place, Tag]], flow: Flow, told: Told) -> None:
        """The owner's own money: that of the order, else the payment that fits best, else all of it in proportion where
        that fits, else the newest first."""
        own.sort(key=lambda pair: (pair[1].came, pair[1].number), reverse=True)
        of_order = [pair for pair in own if pair[1].order == flow.order]
        fitting = [pair for pair in own if _fits(pair[1].left, flow.amount, self.law)]
        if of_order:
            own = of_order
        elif fitting:
            own = [min(fitting, key=lambda pair: (pair[1].left, -pair[1].came, -pair[1].number))]
        own = own[: self.caps.settled]
        parts = _parts([tag.left for _, tag in own], flow.amount, self.law)
        for (place, tag), taken in zip(own, parts, strict=True):
            if taken > 0:
                self._bring_home(place, tag, taken, flow, told)

    def _carry(self, others: list[tuple[Place, Tag]], flow: Flow) -> None:
        """What may go on to the account: of a payout, newest first, as far as it goes; of others, all that may."""
        if flow.via == "payout":
            others.sort(key=lambda pair: (pair[1].came, pair[1].number), reverse=True)
        for place, tag in others:
            part = min(tag.left, flow.unsettled if flow.via == "payout" else flow.amount)
            piece = _piece(tag, part, flow, self.law)
            if piece is not None:
                if flow.via == "payout":
                    flow.unsettled -= part
                    _lessen(place, tag, part, self.law)
                self._keep(("account", flow.to or ""), piece)

    def _keep(self, key: tuple[str, str], tag: Tag) -> None:
        """Add a tag to a place, or to what is there of its payment; the least promising one gives way."""
        place = self._at(key, tag.came)
        if tag.paid_at <= place.now - self.law.age_ms:
            return
        same = place.of.setdefault((tag.payment, tag.home), tag)
        if same is not tag:
            _merge(same, tag)
            return
        place.tags.append(tag)
        place.oldest = min(place.oldest, tag.paid_at)
        if len(place.tags) > self.caps.tags:
            _drop(place, min(place.tags, key=lambda g: (self._promise(g, place.now), g.came, g.number, g.home)))

    def _promise(self, tag: Tag, now: int) -> int:
        """What a tag is still worth following for: what is left of it, halved every `halves_ms` since the payment."""
        return tag.left >> min(62, (now - tag.paid_at) // self.law.halves_ms)

    def _bring_home(self, place: Place, tag: Tag, taken: int, flow: Flow, told: Told) -> None:
        """A part of a tag has reached its payer."""
        flow.unsettled -= taken
        hops = tag.hops + (flow.via != "account_link")
        path = (*tag.path, Step(flow.seq, flow.time, taken))
        delay_s = max(0, flow.time - tag.paid_at) // 1000
        one_to_one = taken == flow.amount and 4 * taken >= 3 * tag.amount
        _lessen(place, tag, taken, self.law)
        if told.own_payments == 0:
            told.earlier_loops = sum(closed for _, closed in self.returns[tag.payer].values())
        returned, closes = self._add_return(tag, taken)
        common: dict[str, Any] = {
            "event_id": "derived", "time": flow.time, "user_id": tag.payer, "merchant_id": tag.merchant,
            "payment_id": tag.payment, "via": flow.via, "account_id": flow.to, "return_hops": hops,
            "return_delay_s": delay_s, "one_to_one": one_to_one,
        }  # fmt: skip
        told.derived.append(MoneyReturned(amount=taken, returned_share=taken / tag.amount, **common))
        if closes:
            told.derived.append(LoopClosed(amount=returned, returned_share=returned / tag.amount, **common))
            told.derived += [
                LoopPassed(
                    event_id="derived", time=flow.time, account_id=account, from_account_id=account,
                    user_id=tag.payer, merchant_id=tag.merchant, payment_id=tag.payment, amount=taken,
                    returned_share=returned / tag.amount, return_delay_s=delay_s,
                )
                for account in dict.fromkeys((*tag.accounts, flow.sender)) if account not in (None, flow.to)
            ]  # fmt: skip
        told.loops.append(Loop(tag.payment, taken, returned, tag.amount, closes, path))
        told.own_payments += 1
        told.brought_home += taken
        told.own_amount += tag.amount
        told.loops_closed += closes
        told.loop_share = max(told.loop_share, round(returned / tag.amount * FRACTION_UNIT))
        told.loop_hops = max(told.loop_hops, hops)
        told.loop_delay_s = delay_s if told.own_payments == 1 else min(told.loop_delay_s, delay_s)
        if flow.to is not None:
            self._keep(("account", flow.to), replace(tag, left=taken, came=flow.time, home=True))

    def _add_return(self, tag: Tag, taken: int) -> tuple[int, bool]:
        """All that has come home of a payment, and whether this closes its loop."""
        returns = self.returns[tag.payer]
        entry = returns.setdefault(tag.payment, [0, False])
        while len(returns) > self.caps.returns:
            del returns[next(iter(returns))]
        entry[0] = min(tag.amount, entry[0] + taken)
        closes = not entry[1] and entry[0] * self.law.closed[1] >= tag.amount * self.law.closed[0]
        entry[1] = entry[1] or closes
        return entry[0], closes

    # Places

    def _at(self, key: tuple[str, str], time: int) -> Place:
        """A place as of a moment: its clock never goes back, and what is too old is no longer followed."""
        place = self.places[key]
        place.now = max(place.now, time)
        if place.oldest <= place.now - self.law.age_ms:
            for tag in list(place.tags):
                if tag.paid_at <= place.now - self.law.age_ms:
                    _drop(place, tag)
            place.oldest = min((tag.paid_at for tag in place.tags), default=NEVER)
        return place

    def _find(self, key: tuple[str, str], time: int) -> Place | None:
        """The same, of a place where money or a link has ever come."""
        return self._at(key, time) if key in self.places else None

    def _serve(self, key: tuple[str, str], merchant: str, time: int) -> None:
        """Note that an account is one of a merchant's."""
        place = self._at(key, time)
        if merchant not in place.served:
            place.served.append(merchant)
            del place.served[: max(0, len(place.served) - self.caps.served)]


def _drop(place: Place, tag: Tag) -> None:
    """Take a tag away; the last one takes its place."""
    del place.of[tag.payment, tag.home]
    at = place.tags.index(tag)
    last = place.tags.pop()
    if last is not tag:
        place.tags[at] = last


def _lessen(place: Place, tag: Tag, taken: int, law: Law) -> None:
    """Take a part of a tag; what is less than is carried of a payment is no longer followed."""
    tag.left -= taken
    ends = tag.left <= 0 or (not tag.home and _is_little(tag.left, tag.amount, law))
    if ends and place.of.get((tag.payment, tag.home)) is tag:
        _drop(place, tag)


def _is_little(part: int, whole: int, law: Law) -> bool:
    return part * law.carried[1] < whole * law.carried[0]


def _fits(left: int, amount: int, law: Law) -> bool:
    """Whether a flow of this size can be this money less a fee."""
    return left >= amount and amount * law.fee[1] >= left * (law.fee[1] - law.fee[0])


def _piece(tag: Tag, part: int, flow: Flow, law: Law) -> Tag | None:
    """What a flow carries of somebody else's tag; None where that is too little, too far, or back where it was."""
    hops = tag.hops + (not (flow.via == "payout" and flow.owner is None))
    if flow.to is None or _is_little(part, tag.amount, law) or hops >= law.hops or flow.to in tag.accounts:
        return None
    return replace(
        tag, left=part, came=flow.time, hops=hops,
        accounts=(*tag.accounts, flow.to), path=(*tag.path, Step(flow.seq, flow.time, part)),
    )  # fmt: skip


def _merge(old: Tag, new: Tag) -> None:
    """Two findings of one payment in one place: never more than the larger, by the shorter way, the later one's time.
    Of what came home, both."""
    if new.home:
        old.left = min(old.amount, old.left + new.left)
    else:
        if new.hops <= old.hops:
            old.hops, old.accounts, old.path = new.hops, new.accounts, new.path
        old.left = max(old.left, new.left)
    old.came = max(old.came, new.came)


def _parts(lefts: list[int], amount: int, law: Law) -> list[int]:
    """What a flow takes of each of some tags: in proportion, remainders to the first, of the shortest run from the
    first on that together is this money less a fee; where there is none, as much of each as goes."""
    run = next((n for n in range(2, len(lefts) + 1) if _fits(sum(lefts[:n]), amount, law)), None)
    if run is None:
        before = [min(amount, sum(lefts[:i])) for i in range(len(lefts) + 1)]
        return [after - earlier for earlier, after in pairwise(before)]
    ratio = amount / sum(lefts[:run])
    parts = [floor(left * ratio) for left in lefts[:run]]
    over = amount - sum(parts)
    return [part + (i < over) for i, part in enumerate(parts)] + [0] * (len(lefts) - run)


def _newest_first(tags: Iterable[Tag]) -> list[Tag]:
    return sorted(tags, key=lambda tag: (tag.came, tag.number), reverse=True)


def _spend_home(place: Place, amount: int, time: int, payer: str | None, law: Law) -> int:
    """Use up money that came home, newest first; of one payer only where one is named. How much it was."""
    used = 0
    for tag in _newest_first(g for g in place.tags if g.home and g.came <= time and payer in (None, g.payer)):
        taken = min(tag.left, amount - used)
        used += taken
        _lessen(place, tag, taken, law)
    return used
