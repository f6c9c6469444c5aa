"""People, and a log of a test's own, over one store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from bonafide.core.moment import show_moment
from bonafide.office.cases.desk import Desk
from bonafide.office.cases.listing import CaseBook
from bonafide.office.cases.opening import CaseOpener
from bonafide.office.cases.rows import Case, read_case
from bonafide.office.journal import Record
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store
from bonafide.office.store.tables import people
from tests.office.audit.kit import START_MS, Clock
from tests.office.people.kit import HERE, MASTER, counted

SECRET = bytes(range(16))
HOUR = 3_600_000
DAY = 24 * HOUR
BITS = {"U-BURST": 4, "M-RETURNS": 1}


def token(name: str) -> str:
    """What stands for an id in the journal."""
    return "~" + sha256(name.encode()).hexdigest()[:16]


def alerting(
    event_id: str,
    type: str = "payment",
    *,
    outcome: str = "verify",
    hits: Sequence[str] = ("U-BURST",),
    at: int = START_MS,
    loops: Sequence[dict[str, Any]] = (),
    alert: bool = True,
    **fields: Any,
) -> Record:
    """A decided event, as the journal has it; ids are given as names."""
    names = {"user_id", "merchant_id", "device_id", "account_id", "from_account_id", "to_account_id"}
    told = {name: token(value) if name in names else value for name, value in fields.items()}
    content = {"type": type, "event_id": event_id, "time": at, "amount": 10_000, "currency": "CNY"} | told
    answer = {
        "event_id": event_id,
        "seq": 0,
        "time": show_moment(at),
        "outcome": outcome,
        "score": 0.7,
        "risk_level": "high",
        "credit_score": 500,
        "alert": alert,
        "reasons": [],
        "hits": list(hits),
        "measures": [],
        "faults": [],
        "loops": list(loops),
        "release_by": None,
        "bundle": "b",
        "digest": "d",
    }
    return Record(at, "key", msgspec.json.encode(content), msgspec.json.encode(answer))


def taught(event_id: str, type: str, at: int = START_MS, **fields: Any) -> Record:
    """An event that only teaches."""
    names = {"user_id", "merchant_id", "account_id", "owner_id"}
    told = {name: token(value) if name in names else value for name, value in fields.items()}
    content = {"type": type, "event_id": event_id, "time": at} | told
    answer = {"event_id": event_id, "seq": 0, "status": "taught"}
    return Record(at, "key", msgspec.json.encode(content), msgspec.json.encode(answer))


class FakeLog:
    """A log in memory, one record a commit."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.salt = b""

    def next_seq(self) -> int:
        return len(self.records)

    def commits(self, from_seq: int, until: int) -> Iterator[tuple[int, list[Record]]]:
        for seq in range(from_seq, until):
            yield seq, [self.records[seq]]

    def chain_at(self, seq: int) -> bytes | None:
        return sha256(self.salt + b"%d" % seq).digest() if 0 < seq <= len(self.records) else None


def bits(bundle: str, hits: Sequence[str]) -> int:
    """The typologies of the rules of tests."""
    return sum({BITS[hit] for hit in hits if hit in BITS})


class Site:
    """Two analysts, two seniors, one who only reads, a log, and the desk."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock, self.log = store, Clock(), FakeLog()
        from bonafide.office.vault.keyring import Keyring
        from bonafide.office.vault.master import MasterKeys

        self.keyring = Keyring(store, MasterKeys([MASTER]), counted())
        self.desk = Desk(store, SECRET, self.keyring, clock=self.clock, draw=counted())
        self.book = CaseBook(store, self.keyring, clock=self.clock)
        roles = {"ann": "analyst", "eve": "analyst", "bob": "senior", "cat": "senior", "dan": "auditor"}
        row = {"password": "x", "totp_step": -1, "totp_confirmed": True, "created_ms": START_MS}
        with store.writing() as connection:
            connection.execute(people.insert(), [{**row, "name": n, "role": role} for n, role in roles.items()])
        self.who = {name: Session(name, role, None, 0, 2**53) for name, role in roles.items()}
        self.opener = CaseOpener(store, self.log, bits, clock=self.clock)

    def take(self, *records: Record) -> None:
        """Append to the log, and read it for cases."""
        self.log.records += records
        while self.opener.step():
            pass

    def case(self, number: int) -> Case:
        with self.store.reading() as connection:
            return read_case(connection, number)

    def open(self, name: str = "e1", user: str = "u1", merchant: str = "m1", **more: Any) -> int:
        """A case of one payment."""
        self.take(alerting(name, user_id=user, merchant_id=merchant, order_id=f"o-{name}", **more))
        with self.store.reading() as connection:
            from sqlalchemy import select

            from bonafide.office.store.tables import case_events

            found = connection.scalar(select(case_events.c.number).where(case_events.c.event_id == name))
            assert found is not None
            return int(found)

    def claimed(self, name: str = "ann", **more: Any) -> int:
        """A case of one payment that somebody has taken."""
        number = self.open(**more)
        self.desk.assign(self.who[name], HERE, number)
        return number
