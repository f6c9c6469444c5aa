"""Measures for tests: a real engine whose log the office reads, people, and a platform that answers when it likes."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, select

from bonafide.core.decision import Decision
from bonafide.core.events import Fact, Payment, Tick
from bonafide.core.pseudonym import show_token
from bonafide.engine.engine import Engine
from bonafide.office.appeals.appeals import Appeals
from bonafide.office.audit.entry import Actor
from bonafide.office.cases.desk import Desk
from bonafide.office.cases.opening import CaseOpener
from bonafide.office.journal import Record
from bonafide.office.measures.measure import Measure, read_measures
from bonafide.office.measures.opening import Openings, reasons_from
from bonafide.office.measures.steps import Measures
from bonafide.office.measures.upkeep import Upkeep
from bonafide.office.measures.words import IN_FORCE
from bonafide.office.people.sessions import Session
from bonafide.office.records.records import Records
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_named, measures, outbox_messages
from bonafide.office.vault.pseudonym import pseudonym_of
from bonafide.office.vault.vault import Vault
from bonafide.testing.ladder.playground import brisk_ladder, hits, playground
from bonafide.testing.webhooks.made import KEY, MadeLog
from tests.office.audit.kit import Clock
from tests.office.people.kit import Office

HERE = "127.0.0.1"
PLATFORM = Actor("key:jgudwygmv73a", HERE)
PEOPLE = {"ann": "analyst", "bob": "senior", "cy": "senior", "lee": "legal"}
HOUR = 3_600_000
USERS = ("u1", "u2")


def settle_people(store: Store) -> None:
    """People who may act, in a store that others are copied from."""
    office = Office(store)
    for name, role in PEOPLE.items():
        office.settled(name, role)


def token_of(name: str) -> str:
    """What stands for an id in the log."""
    return show_token(pseudonym_of(name, KEY))


class House:
    """The office of one store over the log of one engine."""

    def __init__(self, store: Store, ladder: str | None = None, folder: Path | None = None) -> None:
        self.store, self.clock = store, Clock()
        self.office = Office(store, self.clock)
        self.engine = Engine(playground(ladder or brisk_ladder()))
        self.log = MadeLog()
        self.places: dict[str, int] = {}
        self.records = Records(store, clock=self.clock)
        self.vault = Vault(store, self.office.keyring, KEY, clock=self.clock)
        self.folder = folder or Path(tempfile.mkdtemp(prefix="bonafide-house-"))
        self.measures = Measures(store, KEY, self.office.keyring, clock=self.clock)
        self.appeals = Appeals(store, self.folder, KEY, self.vault)
        self.opener = CaseOpener(store, self.log, lambda bundle, hits: 0, clock=self.clock)
        reasons_of = partial(reasons_from, self.log)
        self.openings = Openings(store, KEY, self.office.keyring, reasons_of, clock=self.clock)
        self.desk = Desk(store, KEY, self.office.keyring, clock=self.clock, reasons_of=reasons_of)
        self.restart()

    def case_of(self, name: str) -> int:
        """A case that names somebody, 0 where there is none; what alerts is in cases by then."""
        while self.opener.step():
            pass
        table = case_named.c
        with self.store.reading() as connection:
            return connection.scalar(select(func.max(table.number)).where(table.token == token_of(name))) or 0

    def restart(self) -> None:
        """A new worker in the place of one that has ended."""
        self.upkeep = Upkeep(self.store, self.log, KEY, self.clock)

    def session(self, name: str) -> Session:
        """Somebody who is signed in; how sessions come about is tested elsewhere."""
        return Session(name, PEOPLE[name], None, self.clock.now_ms, self.clock.now_ms + HOUR)

    def decide(self, event: Fact) -> Any:
        """Hand an event to the engine and write it into the log."""
        answer = self.engine.decide_one(event)
        wire = msgspec.json.encode(
            answer.to_wire() if isinstance(answer, Decision)
            else {"event_id": event.event_id, "seq": self.log.next_seq(), "status": "taught"}
        )  # fmt: skip
        self.places[event.event_id] = self.log.next_seq()
        self.log.append(Record(self.clock.now_ms, "", msgspec.json.encode(event), wire))
        return answer

    def pay(self, user: str = "u1", strict: str | None = "verify", typology: str = "user_merchant_loop") -> Decision:
        """A payment on which a rule hits."""
        number = self.log.next_seq()
        found: Decision = self.decide(Payment(
            event_id=f"e{number}", time=self.clock.now_ms, user_id=token_of(user), merchant_id=token_of("m1"),
            order_id="o", amount=200_000, currency="CNY", **hits(typology, strict=strict),  # type: ignore[arg-type]
        ))  # fmt: skip
        return found

    def tick(self) -> None:
        """Bring the log's clock to this one."""
        self.decide(Tick(event_id=f"t{self.log.next_seq()}", time=self.clock.now_ms))

    def write_records(self, *, dies_before_noting: bool = False) -> int:
        """What the service does: write what the office wants into the log, each once under its id."""
        found = list(self.records.pending())
        for wanted in found:
            seq = self.places.get(wanted.event_id)
            if seq is None:
                seq = self.log.next_seq()
                self.decide(wanted.record(max(self.engine.state.latest_ms, 0)))
            if dies_before_noting:
                return 0
            self.records.note_outcome(wanted.number, seq)
        return len(found)

    def settle(self) -> None:
        """Work until nothing is left to do."""
        self.tick()
        while self.upkeep.step() + self.write_records():
            pass

    def messages(self, after: int = 0) -> list[tuple[int, str, dict[str, Any]]]:
        """What has left: number, type and data."""
        asked = select(outbox_messages).where(outbox_messages.c.no > after).order_by(outbox_messages.c.no)
        with self.store.reading() as connection:
            rows = list(connection.execute(asked))
        read = [(row.no, msgspec.json.decode(row.body)) for row in rows]
        return [(no, body["type"], body["data"]) for no, body in read]

    def in_force_at_the_engine(self) -> set[int]:
        """Hashes of the names of what the engine takes to be in force."""
        subjects = [("user", name) for name in USERS] + [("merchant", "m1")]
        return {one.id for kind, name in subjects for one in self.engine.in_force(kind, token_of(name))}

    def in_force_here(self) -> set[int]:
        """The same of what the office says."""
        with self.store.reading() as connection:
            found = read_measures(connection, measures.c.state.in_(IN_FORCE), limit=10_000)
        return {self.hash_of(one.measure_id) for one in found}

    def is_about(self, found: Measure, name: str) -> bool:
        """Whether a measure is about who goes by this id."""
        return found.subject == token_of(name)

    def hash_of(self, measure_id: str) -> int:
        """What the engine knows a measure by."""
        return self.engine.ladder._hash_of(measure_id)
