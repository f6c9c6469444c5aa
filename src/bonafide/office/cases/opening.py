"""Cases opened from the log: every record is read once, in one transaction with the place up to which it was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, select, update

from bonafide.core.decision import OUTCOMES
from bonafide.office.access.keys import now_ms
from bonafide.office.cases.grouping import ACCOUNT, Key, choose, keys_of
from bonafide.office.cases.joining import EVENTS_EACH_MAX, link, named_by, size_of, tie
from bonafide.office.cases.money import recount
from bonafide.office.cases.naming import name_event
from bonafide.office.cases.reading import Alert, Moved, Owned, Refunded, Repaid, Said, TypologiesOf, said
from bonafide.office.cases.regrouping import keys_that_bind
from bonafide.office.cases.urgency import due_ms
from bonafide.office.outbox.log import Log
from bonafide.office.outbox.places import BEGINNING, LogPlace, put_place, read_place
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_accounts, case_events, case_overdues, cases

if TYPE_CHECKING:
    from sqlalchemy import Connection

FAMILY: Final = "cases"
EVENTS_AT_ONCE: Final = 4_096
"""Events after which a transaction ends, at the end of a commit of the journal."""
PLACE: Final = "cases"
_OWNERS: Final = ("user", "merchant")


class CaseOpener:
    """Reads a log from where the last one stopped. Several may run: one of them writes each step."""

    def __init__(
        self, store: Store, log: Log, typologies_of: TypologiesOf, *, clock: Callable[[], int] = now_ms
    ) -> None:  # fmt: skip
        self._store = store
        self._log = log
        self._typologies_of = typologies_of
        self._clock = clock
        self._checked = False

    def step(self) -> int:
        """Take in the next events; returns how many were read, 0 where there are none.

        Raises StoreError where nothing could be written: the same events are read again then. Where the journal is
        another than the one that was read before (after a restore), it is read anew from its start; what is in a case
        already is known by its event's id and stays there.
        """
        with self._store.reading() as connection:
            begin = read_place(connection, PLACE)
        end = self._log.next_seq()
        after = begin if self._checked or begin.is_of(self._log) else BEGINNING
        self._checked = True
        if after.next_seq >= end:
            return 0
        found: list[Said] = []
        seq = after.next_seq
        for first_seq, records in self._log.commits(after.next_seq, end):
            found += said(first_seq, records, self._typologies_of)
            seq = first_seq + len(records)
            if seq - after.next_seq >= EVENTS_AT_ONCE:
                break
        return seq - after.next_seq if self._write(begin, seq, found) else 0

    def _write(self, begin: LogPlace, seq: int, found: Iterable[Said]) -> bool:
        chain, now = self._log.chain_at(seq), self._clock()
        with self._store.writing(FAMILY) as connection:  # its counter keeps people's steps out meanwhile
            if read_place(connection, PLACE) != begin:
                return False
            take_in(connection, found, now)
            put_place(connection, PLACE, LogPlace(seq, chain))
        return True


def take_in(connection: Connection, found: Iterable[Said], now: int) -> None:
    """Take in what the log said, in its order, in the transaction that has begun."""
    touched: set[int] = set()
    for one in found:
        match one:
            case Alert():
                touched.add(_place_alert(connection, one, now, touched))
            case Owned():
                _note_owner(connection, one)
            case Repaid():
                _note_repaid(connection, one)
            case Moved():
                _of_order(connection, one.order, {"shipped": True})
            case Refunded():
                more = case_events.c.refunded + one.amount
                _of_order(connection, one.order, {"refunded": more, "refund_to": one.to})
    for number in sorted(touched):
        recount(connection, number)


def open_case(connection: Connection, alert: Alert, queue: str, now: int) -> int:
    """Begin a case with one event; returns its number."""
    number = int(connection.scalar(select(func.max(cases.c.number))) or 0) + 1
    due = due_ms(queue, now, alert.release_ms)
    zero = dict.fromkeys(("stake", "caught", "events", "users", "merchants", "typologies"), 0)
    row = {"number": number, "queue": queue, "state": "open", "closed": False, "opened_ms": now,
           "last_ms": alert.time_ms, "due_ms": due, "rank_ms": due, "outcome": alert.outcome, **zero}  # fmt: skip
    connection.execute(cases.insert().values(**row))
    return number


def add_event(connection: Connection, number: int, alert: Alert, keys: Sequence[Key]) -> None:
    """Put an event into a case, with whom it names; `keys` are those that bind."""
    same = ("seq", "event_id", "type", "time_ms", "amount", "currency", "outcome", "score_e6", "goods", "refund_to",
            "loop_amount", "loop_home", "typologies", "release_ms")  # fmt: skip
    row = {name: getattr(alert, name) for name in same} | {
        "number": number, "user_id": alert.user, "merchant_id": alert.merchant, "order_id": alert.order,
        "shipped": False, "refunded": 0,
    }  # fmt: skip
    connection.execute(case_events.insert().values(**row))
    others = [("device", alert.device), *((ACCOUNT, one) for one in alert.accounts)]
    named = dict.fromkeys([*keys, *((kind, token) for kind, token in others if token is not None)])
    name_event(connection, number, alert.seq, alert.time_ms, [(key, key in keys) for key in named])
    ours = cases.c.number == number
    found = connection.execute(select(cases.c.last_ms, cases.c.outcome, cases.c.typologies, cases.c.due_ms).where(ours))
    last, outcome, typologies, due = found.one()
    connection.execute(update(cases).where(ours).values(
        last_ms=max(last, alert.time_ms), outcome=max(outcome, alert.outcome, key=OUTCOMES.index),
        typologies=typologies | alert.typologies,
        due_ms=due if alert.release_ms is None else min(due, alert.release_ms),
    ))  # fmt: skip


def _place_alert(connection: Connection, alert: Alert, now: int, touched: set[int]) -> int:
    known = connection.scalar(
        select(case_events.c.number).join(cases, cases.c.number == case_events.c.number)
        .where(case_events.c.event_id == alert.event_id, cases.c.queue == "alerts").limit(1)
    )  # fmt: skip
    if known is not None:
        return int(known)
    owners = _owners(connection, alert.accounts)
    keys = keys_that_bind(connection, keys_of(alert.user, alert.merchant, alert.accounts, owners), touched)
    found = named_by(connection, keys)
    number = choose(found, alert.time_ms)
    full = None
    if number is not None and size_of(connection, number) >= EVENTS_EACH_MAX:
        full, number = number, None
    if number is None:
        number = open_case(connection, alert, "alerts", now)
    if full is not None:
        link(connection, full, number, now, None)
    add_event(connection, number, alert, keys)
    return tie(connection, number, found, alert.time_ms, now, touched)


def _owners(connection: Connection, accounts: Sequence[str]) -> dict[str, Key]:
    if not accounts:
        return {}
    found = connection.execute(select(case_accounts).where(case_accounts.c.token.in_(accounts)))
    return {row.token: (row.kind, row.owner) for row in found}


def _note_owner(connection: Connection, one: Owned) -> None:
    connection.execute(delete(case_accounts).where(case_accounts.c.token == one.account))
    if one.kind in _OWNERS:
        connection.execute(case_accounts.insert().values(token=one.account, kind=one.kind, owner=one.owner))


def _note_repaid(connection: Connection, one: Repaid) -> None:
    connection.execute(delete(case_overdues).where(case_overdues.c.token == one.user))
    if one.status == "missed":
        row = {"token": one.user, "amount": one.amount, "currency": one.currency, "days": one.days}
        connection.execute(case_overdues.insert().values(**row, time_ms=one.time_ms))


def _of_order(connection: Connection, order: str, values: dict[str, Any]) -> None:
    connection.execute(update(case_events).where(case_events.c.order_id == order).values(**values))
