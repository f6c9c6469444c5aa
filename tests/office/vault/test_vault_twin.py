"""The vault against plain dictionaries, while subjects come, are held, restricted and forgotten, and keys rotate."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bonafide.core.moment import DAY_MS
from bonafide.office.audit.log import AuditLog
from bonafide.office.store.database import Store
from bonafide.office.vault.errors import HeldError, RestrictedError, UnknownSubjectError
from bonafide.office.vault.forgetting import forget, sweep
from bonafide.office.vault.master import MasterKeys
from bonafide.office.vault.retention import RETENTION
from bonafide.office.vault.rotation import rewrap
from tests.office.audit.kit import Clock
from tests.office.databases import Copies, play
from tests.office.vault.kit import ANN, MASTER, open_vault

NAMES = st.sampled_from(["u1", "u2", "u3"])
PHONES = st.sampled_from(["1", "+1", "22"])
SPANS_MS = st.sampled_from([1, DAY_MS, *(one.maximum_ms for one in RETENTION.values())])


class VaultPlayed(RuleBasedStateMachine):
    copies: Copies

    @initialize()
    def begin(self) -> None:
        self.place = self.copies.new(open_vault)
        self.store, self.clock = Store.open(self.place), Clock()
        self.keys = [MASTER]
        self.vault = open_vault(self.store, self.clock, MasterKeys(self.keys, lambda: self.keys))
        self.twin: dict[str, dict[str, Any]] = {}
        self.holds: dict[str, tuple[str, int]] = {}
        self.entries = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert AuditLog(self.store).verify().size == self.entries
            self.store.close()
            self.copies.drop(self.place)

    def held(self, name: str) -> bool:
        return any(whose == name and self.clock.now_ms < until for whose, until in self.holds.values())

    @rule(span=SPANS_MS)
    def wait(self, span: int) -> None:
        self.clock.now_ms += span

    @rule(name=NAMES, phone=PHONES, retention=st.sampled_from([None, *RETENTION]))
    def remember(self, name: str, phone: str, retention: str | None) -> None:
        row = self.twin.get(name)
        if row is not None and row["restricted"]:
            with pytest.raises(RestrictedError):
                self.vault.remember(ANN, "user", name, {"phone": phone}, retention=retention)
            return
        self.vault.remember(ANN, "user", name, {"phone": phone}, retention=retention)
        self.entries += 1
        if row is None:
            row = self.twin[name] = {"retention": "link", "ended": None, "restricted": False}
        row["phone"] = phone
        row["retention"] = retention or row["retention"]

    @rule(name=NAMES)
    def end(self, name: str) -> None:
        subject = self.vault.subject_of("user", name)
        if name not in self.twin:
            with pytest.raises(UnknownSubjectError):
                self.vault.end(ANN, subject)
            return
        self.vault.end(ANN, subject)
        self.entries += 1
        self.twin[name]["ended"] = self.clock.now_ms

    @rule(name=NAMES, span=st.sampled_from([1, DAY_MS, 1_000 * DAY_MS]))
    def hold(self, name: str, span: int) -> None:
        with self.store.writing() as connection:
            now = self.clock.now_ms
            placed = self.vault.holds.place(
                connection, ANN, self.vault.subject_of("user", name), "C", "r", now + span, now
            )
        self.holds[placed.hold_id] = (name, now + span)
        self.entries += 1

    @rule(data=st.data())
    def lift(self, data: st.DataObject) -> None:
        if self.holds:
            hold_id = data.draw(st.sampled_from(sorted(self.holds)))
            with self.store.writing() as connection:
                self.vault.holds.lift(connection, ANN, hold_id, self.clock.now_ms)
            del self.holds[hold_id]
            self.entries += 1

    @rule(name=NAMES)
    def forget(self, name: str) -> None:
        subject, row = self.vault.subject_of("user", name), self.twin.get(name)
        if row is None:
            with pytest.raises(UnknownSubjectError):
                forget(self.vault, ANN, subject)
            return
        self.entries += 1
        minimum = RETENTION[row["retention"]].minimum_ms
        over = minimum == 0 or (row["ended"] is not None and self.clock.now_ms >= row["ended"] + minimum)
        if self.held(name) or not over:
            with pytest.raises(HeldError):
                forget(self.vault, ANN, subject)
            row["restricted"] = row["restricted"] or not self.held(name)
        else:
            assert forget(self.vault, ANN, subject).fields == 2
            del self.twin[name]

    @rule()
    def sweep(self) -> None:
        due = []
        for name, row in self.twin.items():
            kept = RETENTION[row["retention"]]
            least = kept.minimum_ms if row["restricted"] else kept.maximum_ms
            if row["ended"] is not None and self.clock.now_ms >= row["ended"] + least:
                due.append(name)
        done = sweep(self.vault)
        gone = [name for name in due if not self.held(name)]
        assert (done.forgotten, done.held) == (len(gone), len(due) - len(gone))
        for name in gone:
            del self.twin[name]
        self.entries += len(gone)

    @rule()
    def rotate(self) -> None:
        self.keys = [self.keys[-1], bytes([len(self.keys), self.entries % 256]) * 16]
        self.vault.keyring.master.reload()
        rewrap(self.vault, ANN)
        self.keys = self.keys[-1:]
        self.entries += 1

    @rule(phone=PHONES)
    def search(self, phone: str) -> None:
        digits = phone.strip("+")
        wanted = [self.vault.subject_of("user", name) for name, row in self.twin.items()
                  if row["phone"].strip("+") == digits and not row["restricted"]]  # fmt: skip
        assert self.vault.search(ANN, "phone", phone) == sorted(wanted)
        self.entries += 1

    @rule(name=NAMES, again=st.booleans())
    def look(self, name: str, again: bool) -> None:
        vault = open_vault(self.store, self.clock, MasterKeys(self.keys)) if again else self.vault
        subject, row = vault.subject_of("user", name), self.twin.get(name)
        if row is None or row["restricted"]:
            with pytest.raises((UnknownSubjectError, RestrictedError)):
                vault.look(ANN, subject)
        else:
            assert vault.look(ANN, subject) == {"id": name, "phone": row["phone"]}
            self.entries += 1

    @invariant()
    def nothing_more_is_kept(self) -> None:
        if hasattr(self, "store"):
            with self.store.reading() as connection:
                counted = [connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar()
                           for name in ("subjects", "subject_fields")]  # fmt: skip
            assert counted == [len(self.twin), 2 * len(self.twin)]


def test_the_vault_keeps_what_the_twin_keeps(copies: Copies) -> None:
    play(VaultPlayed, copies, examples=25, steps=30)
