"""The audit log against a list, with two writers, transactions that fail, checkpoints of before, and forgers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bonafide.office.audit.checkpoint import Checkpoint
from bonafide.office.audit.entry import Actor, Entry
from bonafide.office.audit.log import AuditLog, TamperedError, append
from bonafide.office.store.database import Store
from tests.office.audit.kit import START_MS
from tests.office.databases import Copies, play

DETAILS = st.dictionaries(
    st.text("abc_", min_size=1, max_size=5), st.one_of(st.integers(-(2**63), 2**63 - 1), st.booleans(), st.none()),
    max_size=3,
)  # fmt: skip


class LogPlayed(RuleBasedStateMachine):
    copies: Copies

    @initialize()
    def begin(self) -> None:
        self.place = self.copies.new()
        self.stores = [Store.open(self.place) for _ in range(2)]
        self.twin: list[Entry] = []
        self.kept: list[Checkpoint] = []

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            for store in self.stores:
                assert AuditLog(store).entries(limit=10_000) == self.twin
                store.close()
            self.copies.drop(self.place)

    @rule(
        which=st.integers(0, 1), who=st.sampled_from(["person:ann", "key:a"]), details=DETAILS,
        times=st.integers(1, 3), fails=st.booleans(),
    )  # fmt: skip
    def write(self, which: int, who: str, details: dict[str, int | bool | None], times: int, fails: bool) -> None:
        written = []
        try:
            with self.stores[which].writing() as connection:
                for _ in range(times):
                    now = START_MS + len(self.twin)
                    written.append(append(connection, Actor(who, ""), "hold.place", "x", now, details=details))
                if fails:
                    raise ZeroDivisionError
            self.twin += written
        except ZeroDivisionError:
            pass

    @rule(which=st.integers(0, 1))
    def verify(self, which: int) -> None:
        log = AuditLog(self.stores[which])
        now = log.verify()
        assert now.size == len(self.twin)
        for kept in self.kept:
            assert log.verify(kept) == now
        self.kept.append(Checkpoint.read(now.show()))

    @precondition(lambda self: self.twin)
    @rule(data=st.data(), way=st.sampled_from(["who", "drop", "cut"]))
    def forge(self, data: st.DataObject, way: str) -> None:
        """A copy of the file is forged; the log itself goes on."""
        at = data.draw(st.integers(0, len(self.twin) - 1))
        kept = AuditLog(self.stores[0]).verify()
        assume(isinstance(self.place, Path))  # a server copies no database that somebody is connected to
        copy = self.place.parent / "forged.db"
        with closing(sqlite3.connect(self.place)) as raw:
            raw.execute(f"VACUUM INTO '{copy}'")
        statement = {
            "who": f"UPDATE audit_entries SET who = 'person:mallory' WHERE number = {at}",
            "drop": f"DELETE FROM audit_entries WHERE number = {at}",
            "cut": f"DELETE FROM audit_entries WHERE number >= {at}",
        }[way]
        with Store.open(copy) as forged:
            with forged.writing() as connection:
                for trigger in ("entries_update", "entries_delete", "head_update"):
                    connection.exec_driver_sql(f"DROP TRIGGER audit_{trigger}")
                connection.exec_driver_sql(statement)
                if way == "cut":
                    connection.exec_driver_sql(f"UPDATE audit_head SET entries = {at}")
            with pytest.raises(TamperedError):
                AuditLog(forged).verify(kept)
        for path in self.place.parent.glob("forged.db*"):
            path.unlink()


def test_the_log_is_what_the_list_is(copies: Copies) -> None:
    play(LogPlayed, copies, examples=20, steps=15)
