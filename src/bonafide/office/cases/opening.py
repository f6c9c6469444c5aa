"""Cases opened from the log: every record is read once, in one transaction with the place up to which it was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, or_, select, update

from bonafide.core.decision import OUTCOMES
from bonafide.office.access.keys import now_ms
from bonafide.office.cases.grouping import SPAN_MS, Key, Named, become_one, choose, keys_of, pair
from bonafide.office.cases.money import recount
from bonafide.office.cases.reading import Alert, Moved, Owned, Refunded, Repaid, Said, TypologiesOf, said
from bonafide.office.cases.rows import UNDECIDED
from bonafide.office.cases.urgency import due_ms
from bonafide.office.outbox.log import Log
from bonafide.office.outbox.places import BEGINNING, LogPlace, put_place, read_place
from bonafide.office.store.database import Store
from bonafide.office.store.tables import (
    case_accounts,
    case_events,
    case_links,
    case_overdues,
    case_subjects,
    case_ties,
    cases,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

FAMILY: Final = "cases"
EVENTS_AT_ONCE: Final = 4_096
"""Events after which a transaction ends, at the end of a commit of the journal."""
EVENTS_EACH_MAX: Final = 5_000
"""Events of one case; what belongs to it beyond that begins another, which is linked to it."""
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
            "loop_amount", "loop_home")  # fmt: skip
    row = {name: getattr(alert, name) for name in same} | {
        "number": number, "user_id": alert.user, "merchant_id": alert.merchant, "order_id": alert.order,
        "shipped": False, "refunded": 0,
    }  # fmt: skip
    connection.execute(case_events.insert().values(**row))
    named = [("device", alert.device), *(("account", one) for one in alert.accounts)]
    others = [(kind, token) for kind, token in named if token is not None]
    for kind, token in dict.fromkeys([*keys, *others]):
        _name(connection, number, (kind, token), 1, alert.time_ms, (kind, token) in keys)
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
    keys = keys_of(alert.user, alert.merchant, alert.accounts, owners)
    found = _named(connection, keys)
    number = choose(found, alert.time_ms)
    full = None
    if number is not None and _alerts(connection, number) >= EVENTS_EACH_MAX:
        full, number = number, None
    if number is None:
        number = open_case(connection, alert, "alerts", now)
    if full is not None:
        link(connection, full, number, now, None)
    add_event(connection, number, alert, keys)
    return _tie(connection, number, found, alert.time_ms, now, touched)


def _tie(
    connection: Connection, number: int, found: Sequence[Named], time_ms: int, now: int, touched: set[int]
) -> int:  # fmt: skip
    """Note whom a case has in common with others, and make those one that are; returns the case it is part of now."""
    others: set[int] = set()
    for one in found:
        if one.number != number and time_ms - one.last_ms <= SPAN_MS:
            low, high = pair(number, one.number)
            _insert_tie(connection, low, high, one.key)
            others.add(one.number)
    for other in sorted(others):
        if _exists(connection, other):
            number = _one_or_two(connection, number, other, now, touched)
    return number


def _one_or_two(connection: Connection, number: int, other: int, now: int, touched: set[int]) -> int:
    low, high = pair(number, other)
    both = and_(case_ties.c.low == low, case_ties.c.high == high)
    ties = connection.scalar(select(func.count()).select_from(case_ties).where(both)) or 0
    alerts = (_alerts(connection, low), _alerts(connection, high))
    keys = (_keys(connection, low), _keys(connection, high))
    if not become_one(ties, alerts, keys) or sum(alerts) > EVENTS_EACH_MAX:
        return number
    states = dict(
        connection.execute(select(cases.c.number, cases.c.state).where(cases.c.number.in_((low, high)))).all()
    )
    if states[low] != "open" and states[high] != "open":  # people work on both: they say what comes of it
        link(connection, low, high, now, None)
        return number
    kept, gone = (low, high) if states[high] == "open" else (high, low)
    _merge(connection, kept, gone)
    touched.discard(gone)
    touched.add(kept)
    return kept


def _merge(connection: Connection, kept: int, gone: int) -> None:
    """Have an open case become part of another."""
    connection.execute(update(case_events).where(case_events.c.number == gone).values(number=kept))
    rows = connection.execute(select(case_subjects).where(case_subjects.c.number == gone)).all()
    for row in rows:
        _name(connection, kept, (row.kind, row.token), row.mentions, row.last_ms, row.binds)
    connection.execute(delete(case_subjects).where(case_subjects.c.number == gone))
    ours = or_(case_ties.c.low == gone, case_ties.c.high == gone)
    for tie in connection.execute(select(case_ties).where(ours)).all():
        other = tie.high if tie.low == gone else tie.low
        if other != kept:
            _insert_tie(connection, *pair(kept, other), (tie.kind, tie.token))
    connection.execute(delete(case_ties).where(ours))
    found = {row.number: row for row in connection.execute(select(cases).where(cases.c.number.in_((kept, gone))))}
    one, other = found[kept], found[gone]
    connection.execute(update(cases).where(cases.c.number == kept).values(
        last_ms=max(one.last_ms, other.last_ms), due_ms=min(one.due_ms, other.due_ms),
        opened_ms=min(one.opened_ms, other.opened_ms), typologies=one.typologies | other.typologies,
        outcome=max(one.outcome, other.outcome, key=OUTCOMES.index),
    ))  # fmt: skip
    zero = {"stake": 0, "caught": 0, "events": 0, "users": 0, "merchants": 0}
    connection.execute(
        update(cases).where(cases.c.number == gone).values(state="merged", closed=True, merged_into=kept, **zero)
    )
    connection.execute(update(cases).where(cases.c.merged_into == gone).values(merged_into=kept))


def link(connection: Connection, one: int, other: int, now: int, person: str | None) -> bool:
    """Note that two cases have to do with one another; whether that is new."""
    low, high = pair(one, other)
    known = select(case_links.c.low).where(case_links.c.low == low, case_links.c.high == high)
    if connection.scalar(known) is not None:
        return False
    connection.execute(case_links.insert().values(low=low, high=high, made_ms=now, person=person))
    return True


def _named(connection: Connection, keys: Sequence[Key]) -> list[Named]:
    """What undecided cases of alerts say of keys."""
    table = case_subjects.c
    wanted = or_(*(and_(table.kind == kind, table.token == token) for kind, token in keys))
    asked = (
        select(table.number, table.kind, table.token, table.mentions, table.last_ms)
        .join(cases, cases.c.number == table.number)
        .where(wanted, table.binds.is_(True), cases.c.state.in_(UNDECIDED), cases.c.queue == "alerts")
        .order_by(table.number)
    )
    if not keys:
        return []
    return [Named(row.number, (row.kind, row.token), row.mentions, row.last_ms) for row in connection.execute(asked)]


def _name(connection: Connection, number: int, key: Key, mentions: int, last_ms: int, binds: bool) -> None:
    table = case_subjects.c
    ours = and_(table.number == number, table.kind == key[0], table.token == key[1])
    found = connection.execute(select(table.last_ms, table.binds).where(ours)).one_or_none()
    if found is None:
        row = {"number": number, "kind": key[0], "token": key[1], "mentions": mentions, "last_ms": last_ms}
        connection.execute(case_subjects.insert().values(**row, binds=binds))
        return
    values: dict[str, Any] = {"mentions": table.mentions + mentions, "last_ms": max(found.last_ms, last_ms)}
    connection.execute(update(case_subjects).where(ours).values(**values, binds=found.binds or binds))


def _insert_tie(connection: Connection, low: int, high: int, key: Key) -> None:
    row = {"low": low, "high": high, "kind": key[0], "token": key[1]}
    known = select(case_ties.c.low).where(*(case_ties.c[name] == value for name, value in row.items()))
    if connection.scalar(known) is None:
        connection.execute(case_ties.insert().values(**row))


def _exists(connection: Connection, number: int) -> bool:
    found = connection.scalar(select(cases.c.state).where(cases.c.number == number))
    return found is not None and found != "merged"


def _alerts(connection: Connection, number: int) -> int:
    return connection.scalar(select(func.count()).where(case_events.c.number == number)) or 0


def _keys(connection: Connection, number: int) -> int:
    ours = (case_subjects.c.number == number) & case_subjects.c.binds.is_(True)
    return connection.scalar(select(func.count()).select_from(case_subjects).where(ours)) or 0


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
