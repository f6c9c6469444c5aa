"""The audit log on every database: it only grows, keeps one chain, and refuses change."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bonafide.core.errors import UsageError
from bonafide.office.audit.checkpoint import Checkpoint
from bonafide.office.audit.deeds import DEEDS
from bonafide.office.audit.entry import BEGINNING, Actor, Entry, chained
from bonafide.office.audit.log import AuditLog, TamperedError, append
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import audit_entries
from tests.office.audit.kit import START_MS

ANN = Actor("person:ann", "127.0.0.1")
DOCS = Path(__file__).parents[3] / "docs" / "audit.md"


def write(store: Store, times: int, on: str = "subject:user/1") -> None:
    with store.writing() as connection:
        for number in range(times):
            append(connection, ANN, "subject.look", on, START_MS + number, details={"fields": "id", "n": number})


class TestLog:
    def test_an_empty_log_is_whole(self, store: Store) -> None:
        assert AuditLog(store).verify() == Checkpoint(0, BEGINNING)
        assert AuditLog(store).newest() == []

    def test_entries_come_back_as_they_were_written(self, store: Store) -> None:
        with store.writing() as connection:
            written = [
                append(connection, ANN, "session.sign_in", "person:ann", START_MS, outcome="refused",
                       details={"zz": None, "a": "名", "n": 2**60, "b": True}),
                append(connection, ANN, "session.sign_in", "person:ann", START_MS),
            ]  # fmt: skip
        log = AuditLog(store)
        assert log.entries() == written == log.newest()
        assert [entry.number for entry in written] == [0, 1]
        assert log.entries(after=0) == log.newest(1) == written[1:]
        assert log.entries(who="person:bob") == log.newest(what="hold.place") == []
        assert log.verify().size == 2

    def test_an_entry_stands_with_its_transaction(self, store: Store) -> None:
        write(store, 1)

        def fail() -> None:
            with store.writing() as connection:
                append(connection, ANN, "subject.look", "x", START_MS)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        write(store, 1)
        assert AuditLog(store).verify().size == 2

    def test_the_database_refuses_change(self, store: Store) -> None:
        write(store, 3)
        into = "INTO audit_entries (number, made_ms, who, what, on_what, from_where, outcome, details, leaf, chain)"
        copied = "SELECT {}, made_ms, who, what, on_what, from_where, outcome, details, leaf, chain FROM audit_entries"
        refused = [
            "UPDATE audit_entries SET who = 'person:bob' WHERE number = 1", "UPDATE audit_entries SET number = number",
            "DELETE FROM audit_entries WHERE number = 2", "DELETE FROM audit_entries", "DELETE FROM audit_head",
            "UPDATE audit_head SET entries = 2", "UPDATE audit_head SET entries = entries + 2",
            "INSERT INTO audit_head VALUES (1, 0)",
            f"INSERT {into} {copied.format(3)} WHERE number = 2",
            f"INSERT {into} {copied.format(7)} WHERE number = 2",
        ]  # fmt: skip
        if store.engine.dialect.name == "sqlite":
            refused += ["INSERT OR REPLACE INTO audit_head VALUES (0, 1)",
                        f"INSERT OR REPLACE {into} {copied.format(1)} WHERE number = 2"]  # fmt: skip
        else:
            refused += ["TRUNCATE audit_entries", "TRUNCATE audit_head"]
        for statement in refused:
            with pytest.raises(StoreError, match="audit log"), store.writing() as connection:
                connection.execute(text(statement))
        assert AuditLog(store).verify().size == 3

    def test_many_writers_keep_one_chain(self, place: Path | str, store: Store) -> None:
        def work(name: int) -> None:
            with Store.open(place) as other:
                for _ in range(5):
                    write(other, 1, on=f"subject:user/{name}")

        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log = AuditLog(store)
        assert log.verify().size == 20
        assert all(len(log.entries(on_what=f"subject:user/{name}")) == 5 for name in range(4))

    def test_more_than_a_page_is_verified(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bonafide.office.audit.log.PAGE", 3)
        for size in range(1, 8):
            write(store, 1)
            assert AuditLog(store).verify().size == size

    def test_a_checkpoint_of_before_holds_later(self, store: Store) -> None:
        write(store, 2)
        kept = AuditLog(store).verify()
        write(store, 2)
        assert AuditLog(store).verify(kept).size == 4

    def test_another_logs_checkpoint_does_not_hold(self, store: Store) -> None:
        write(store, 2)
        with pytest.raises(TamperedError, match="the first 1 entries are not those"):
            AuditLog(store).verify(Checkpoint(1, b"x" * 32))
        with pytest.raises(TamperedError, match="are not those"):
            AuditLog(store).verify(Checkpoint(0, b"x" * 32))


def test_what_the_log_does_not_take(tmp_path: Path) -> None:
    with Store.open(tmp_path / "office.db") as store:
        for what, who, details, outcome in (
            ("make.coffee", "person:ann", {}, "done"), ("hold.place", "", {}, "done"),
            ("hold.place", "a\nb", {}, "done"), ("hold.place", "person:ann", {"x": "y" * 201}, "done"),
            ("hold.place", "person:ann", {"x": 0.5}, "done"), ("hold.place", "person:ann", {}, "perhaps"),
            ("hold.place", "person:ann", {str(n): n for n in range(17)}, "done"),
        ):  # fmt: skip
            with pytest.raises(ValueError, match=r"audit|detail"), store.writing() as connection:
                append(connection, Actor(who, ""), what, "", START_MS, outcome=outcome, details=details)  # type: ignore[arg-type]
        assert AuditLog(store).verify().size == 0


def test_the_chain_can_be_followed_by_hand(tmp_path: Path) -> None:
    with Store.open(tmp_path / "office.db") as store:
        write(store, 2)
        with store.reading() as connection:
            rows = connection.execute(select(audit_entries).order_by(audit_entries.c.number)).all()
        first = Entry(number=0, made_ms=START_MS, who="person:ann", what="subject.look", on_what="subject:user/1",
                      from_where="127.0.0.1", outcome="done", details={"n": 0, "fields": "id"})  # fmt: skip
        told = (
            b'[0,1767601800000,"person:ann","subject.look","subject:user/1","127.0.0.1","done",{"fields":"id","n":0}]'
        )
        assert first.canonical() == told
        assert rows[0].chain == chained(BEGINNING, first.leaf())
        assert rows[1].chain == AuditLog(store).verify().chain == chained(rows[0].chain, rows[1].leaf)


@pytest.mark.parametrize(
    "told", ["", "x", Checkpoint(3, bytes(32)).show() + "\n", Checkpoint(3, bytes(31)).show(),
             Checkpoint(3, bytes(32)).show().replace("3", "03"), Checkpoint(3, bytes(32)).show().replace("v1", "v2"),
             Checkpoint(3, bytes(32)).show().replace("A=", "B=")],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(told: str) -> None:
    with pytest.raises(UsageError, match="no checkpoint"):
        Checkpoint.read(told)


def test_a_checkpoint_is_read_back() -> None:
    made = Checkpoint(12, bytes(range(32)))
    assert Checkpoint.read(made.show()) == made


def test_the_page_shows_every_deed() -> None:
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| (.*) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(rows) == DEEDS
