"""Work on every family of tables, by a thread for each, while the database server is killed under them.

A thread does one thing after another and notes what it was told: done, failed (StoreError: nothing was changed) or
unsure (UnsureError: the connection broke in the commit). In the end the tables must hold every effect that was told as
done, none of those that failed, each of the unsure ones whole or not at all, and nothing twice.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from random import Random
from threading import Event, Thread
from typing import NamedTuple

from sqlalchemy import select

from bonafide.core.moment import DAY_MS
from bonafide.core.secret import Secret
from bonafide.office.access.keys import Keys, now_ms
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import AuditLog, append
from bonafide.office.outbox.deliveries import STATES
from bonafide.office.outbox.pull import pull
from bonafide.office.people.services import open_services
from bonafide.office.store.database import Store, StoreError, UnsureError
from bonafide.office.store.datadir import DataDir
from bonafide.office.store.tables import audit_entries, legal_holds, people
from bonafide.office.vault.errors import UnknownSubjectError
from bonafide.office.vault.forgetting import forget
from bonafide.office.vault.opening import open_vault
from bonafide.office.vault.rotation import rotate
from bonafide.office.vault.vault import FAMILY as SUBJECTS
from tests.office.outbox.kit import Clock, MadeLog, Outbox, decided
from tests.office.outbox.test_killed import Takes, send
from tests.office.people.kit import HERE, PASSWORD, ROOT, quick

DONE, FAILED, UNSURE = "done", "failed", "unsure"
EVENTS = 40
"""Records that the log grows by in one step of the outbox."""
REST_S = 0.02
"""How long a thread rests after a failure, as whoever comes again does."""


class Tried(NamedTuple):
    """Something that was asked for, and what came of it."""

    what: str
    outcome: str


class Family:
    """What is done to one family of tables, over connections and objects as a process of its own has them."""

    name = ""

    def __init__(self, url: str, data: DataDir) -> None:
        self.store, self.data = Store.open(url), data
        self.begin()

    def begin(self) -> None:
        """Make what the steps need."""

    def step(self, what: str) -> None:
        """Do one thing under a name of its own."""
        raise AssertionError(what)

    def check(self, tried: list[Tried]) -> None:
        """Hold what is kept against what was told."""


def hold_against(tried: list[Tried], kept: Iterable[str]) -> None:
    """Each thing is there as often as it was done."""
    found = Counter(kept)
    for what, outcome in tried:
        least, most = {DONE: (1, 1), FAILED: (0, 0), UNSURE: (0, 1)}[outcome]
        assert least <= found[what] <= most, f"{what} was {outcome} and is there {found[what]} times"
    assert set(found) <= {what for what, _ in tried}


class Audit(Family):
    name = "audit"

    def step(self, what: str) -> None:
        with self.store.writing() as connection:
            append(connection, Actor("person:ann", HERE), "subject.look", what, now_ms())

    def check(self, tried: list[Tried]) -> None:
        asked = select(audit_entries.c.on_what).where(audit_entries.c.on_what.startswith(f"{self.name}-"))
        with self.store.reading() as connection:
            hold_against(tried, connection.scalars(asked))


class AuditToo(Audit):
    name = "audit2"


class KeysMade(Family):
    name = "keys"

    def begin(self) -> None:
        self.keys, self.chance = Keys(self.store), Random(3)
        self.made: dict[str, Secret] = {}
        self.revoked: set[str] = set()
        self.unsure: set[str] = set()

    def step(self, what: str) -> None:
        live = sorted(set(self.made) - self.revoked - self.unsure)
        if live and self.chance.random() < 0.3:
            key_id = self.chance.choice(live)
            try:
                self.keys.revoke(key_id)
            except UnsureError:
                self.unsure.add(key_id)
                raise
            self.revoked.add(key_id)
        key, row = self.keys.create("platform", note=what)
        self.made[row.key_id] = key

    def check(self, tried: list[Tried]) -> None:
        rows = {row.key_id: row for row in self.keys.list()}
        hold_against([one for one in tried if one.outcome != UNSURE or one.what in {r.note for r in rows.values()}],
                     (row.note for row in rows.values()))  # fmt: skip
        for key_id, key in self.made.items():
            if key_id in self.revoked:
                assert rows[key_id].revoked_ms is not None
            elif key_id not in self.unsure:
                assert self.keys.verify(f"Bearer {key.reveal()}", now_ms()).key_id == key_id
        with self.store.reading() as connection:
            asked = select(audit_entries.c.number).where(audit_entries.c.what.in_(["key.create", "key.revoke"]))
            assert self.store.version("machine_keys") == len(connection.scalars(asked).all())


class Vault(Family):
    name = "vault"

    def begin(self) -> None:
        self.vault, self.chance = open_vault(self.store, self.data, None), Random(self.name)
        self.states: dict[str, set[str | None]] = {f"{self.name}-{n}": {None} for n in range(3)}
        """What may be kept of each subject: one thing, or more after a change of which nobody knows."""
        self.counted = 0

    def step(self, what: str) -> None:
        name = self.chance.choice(sorted(self.states))
        subject, new = self.vault.subject_of("user", name), None if self.chance.random() < 0.4 else what
        try:
            if new is None:
                forget(self.vault, ROOT, subject)
            else:
                self.vault.remember(ROOT, "user", name, {"phone": new})
        except UnsureError:
            self.states[name].add(new)
            raise
        except UnknownSubjectError:
            assert None in self.states[name], "what was remembered is gone"
        self.states[name] = {new}

    def check(self, tried: list[Tried]) -> None:
        vault = open_vault(self.store, self.data, None)  # with the master key that was left in the end
        for name, states in self.states.items():
            try:
                kept: str | None = vault.look(ROOT, vault.subject_of("user", name))["phone"]
            except UnknownSubjectError:
                kept = None
            assert kept in states, f"{name}: {kept} is kept, and {states} may be"


class VaultToo(Vault):
    name = "vault2"

    def check(self, tried: list[Tried]) -> None:
        super().check(tried)
        with self.store.reading() as connection:
            asked = select(audit_entries.c.number).where(audit_entries.c.what == "subject.forget")
            assert self.store.version(SUBJECTS) == len(connection.scalars(asked).all())


class Holds(Family):
    name = "holds"

    def begin(self) -> None:
        self.vault = open_vault(self.store, self.data, None)
        self.placed: str | None = None

    def step(self, what: str) -> None:
        now = now_ms()
        with self.store.writing() as connection:
            if self.placed is not None:
                self.vault.holds.lift(connection, ROOT, self.placed, now)
            subject = self.vault.subject_of("user", "held")
            placed = self.vault.holds.place(connection, ROOT, subject, what, "r", now + DAY_MS, now)
        self.placed = placed.hold_id

    def check(self, tried: list[Tried]) -> None:
        with self.store.reading() as connection:
            rows = connection.execute(select(legal_holds)).all()
        hold_against(tried, (row.case_id for row in rows))
        unsure = sum(outcome == UNSURE for _, outcome in tried)
        assert sum(row.lifted_ms is None for row in rows) <= 1 + unsure


class Rotation(Family):
    name = "rotation"

    def begin(self) -> None:
        self.vault = open_vault(self.store, self.data, None)

    def step(self, what: str) -> None:
        rotate(self.vault, ROOT, self.data)

    def check(self, tried: list[Tried]) -> None:
        rotate(self.vault, ROOT, self.data)
        assert len((self.data.folder / "master.key").read_text().split()) == 1


class Signing(Family):
    name = "people"

    def begin(self) -> None:
        self.services = open_services(self.store, self.data, None, passwords=quick())
        self.standing: set[str] = set()

    def step(self, what: str) -> None:
        desk = self.services.desk
        first, _ = self.services.people.create(ROOT, what, "analyst")
        token, _ = desk.sign_in(what, first, HERE)
        token, _ = desk.change_password(token, first, PASSWORD, HERE)
        assert desk.sessions.find(token, now_ms()).name == what

    def check(self, tried: list[Tried]) -> None:
        with self.store.reading() as connection:
            names = set(connection.scalars(select(people.c.name)))
        for what, outcome in tried:
            if outcome == DONE:
                assert self.services.desk.sign_in(what, PASSWORD, HERE).session.name == what
        assert names <= {what for what, _ in tried}


class Sending(Family):
    name = "outbox"

    def begin(self) -> None:
        self.log, self.clock, self.takes = MadeLog(), Clock(), Takes()
        self.outbox = Outbox(self.store, self.log, self.clock, carrier=self.takes)
        self.outbox.destinations.add(ROOT, "http://127.0.0.1:9/")

    def step(self, what: str) -> None:
        begin = self.log.next_seq()
        try:
            if begin - self.outbox.tailer.place().next_seq < 3 * EVENTS:
                self.log.append(*(decided(n, f"u{n % 7}", alert=True, n=n) for n in range(begin, begin + EVENTS)))
            self.outbox.tailer.step()
            asyncio.run(send(self.outbox))
        except StoreError:
            self.clock.now_ms += 240_000  # what was taken and not settled is free again
            raise

    def check(self, tried: list[Tried]) -> None:
        while self.outbox.tailer.step():
            pass
        for _ in range(3):
            self.clock.now_ms += 240_000
            asyncio.run(send(self.outbox))
        found, cursor = [], 0
        while messages := pull(self.store, None, 0, cursor, limit=1_000).messages:
            found += messages
            cursor = messages[-1].no
        assert [message.seq for message in found] == list(range(self.log.next_seq()))  # lost 0, doubled 0
        assert self.outbox.deliveries.counts() == dict.fromkeys(STATES, 0) | {"delivered": len(found)}
        assert {message_id for _, message_id in self.takes.took} == {message.id for message in found}


FAMILIES = (Audit, AuditToo, KeysMade, Vault, VaultToo, Holds, Rotation, Signing, Sending)


class Worker(Thread):
    """Does one thing after another until it is told to stop; `error` is what no program should ever be told."""

    def __init__(self, family: Family, stop: Event) -> None:
        super().__init__(name=family.name, daemon=True)
        self.family, self._stopped = family, stop
        self.tried: list[Tried] = []
        self.longest_s = 0.0
        self.error: BaseException | None = None

    def run(self) -> None:
        while not self._stopped.is_set() and self.error is None:
            what, began = f"{self.family.name}-{len(self.tried)}", time.monotonic()
            self.tried.append(Tried(what, self._try(what)))
            self.longest_s = max(self.longest_s, time.monotonic() - began)

    def _try(self, what: str) -> str:
        try:
            self.family.step(what)
        except UnsureError:
            return UNSURE
        except StoreError as error:
            assert "\n" not in str(error)
            self._stopped.wait(REST_S)
            return FAILED
        except BaseException as error:  # noqa: BLE001  (the test says which it was)
            self.error = error
            return FAILED
        return DONE


def check_all(workers: list[Worker], store: Store) -> Counter[str]:
    """Hold everything that is kept against what every thread was told; returns how often which outcome was."""
    for worker in workers:
        assert worker.error is None, f"{worker.name}: {worker.error!r}"
        assert any(outcome == DONE for _, outcome in worker.tried), f"{worker.name} got nothing done"
        worker.family.check(worker.tried)
    AuditLog(store).verify()
    return Counter(outcome for worker in workers for _, outcome in worker.tried)
