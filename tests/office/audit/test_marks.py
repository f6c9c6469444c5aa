"""Marks carry the journal's chain into the audit log, and show when the journal is not what it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from bonafide.core.errors import StateError
from bonafide.office.audit.log import AuditLog, TamperedError
from bonafide.office.audit.marks import Marker, check_marks
from bonafide.office.journal import Journal
from bonafide.office.outbox.log import open_log
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from tests.office.journal.kit import record


class MadeJournal:
    """A journal whose commits have these chains."""

    def __init__(self, *chains: tuple[int, bytes]) -> None:
        self.chains = dict(chains)

    def next_seq(self) -> int:
        return max(self.chains, default=0)

    def chain_at(self, seq: int) -> bytes | None:
        return self.chains.get(seq)


class TestMarks:
    """Each store."""

    def test_a_mark_is_written_where_something_is_new(self, store: Store) -> None:
        journal = MadeJournal()
        marker = Marker(store, journal)
        assert not marker.mark(1)
        journal.chains[3] = b"\x03" * 32
        assert marker.mark(2)
        assert not marker.mark(3)
        journal.chains[5] = b"\x05" * 32
        assert not Marker(store, MadeJournal((3, b"\x03" * 32))).mark(4), "after a start it knows the last"
        assert marker.mark(5)
        assert [entry.details for entry in AuditLog(store).entries(what="journal.mark")] == [
            {"events": 3, "chain": "03" * 32}, {"events": 5, "chain": "05" * 32},
        ]  # fmt: skip
        assert check_marks(AuditLog(store), journal) == 2

    def test_a_journal_that_is_not_what_it_was_is_seen(self, store: Store) -> None:
        Marker(store, MadeJournal((3, b"\x03" * 32))).mark(1)
        for other, told in (
            (MadeJournal((2, b"\x02" * 32)), "has 2 events, and entry 0 marked 3: it was cut"),
            (MadeJournal((3, b"\x04" * 32)), "first 3 events of the journal are not those"),
            (MadeJournal((2, b"\x02" * 32), (4, b"\x04" * 32)), "are not those that entry 0 marked"),
        ):
            with pytest.raises(TamperedError, match=told):
                check_marks(AuditLog(store), other)


def test_a_real_journal_is_marked_and_checked(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "d")
    journal = Journal.open(data.folder)
    journal.append([record(0), record(1)])
    with Store.open(data.office) as store, open_log(data.folder) as log:
        marker = Marker(store, log)
        assert marker.mark(1)
        journal.append([record(2)])
        assert marker.mark(2)
        assert check_marks(AuditLog(store), log) == 2
    journal.close()


def test_without_its_secret_a_journal_is_not_opened_with_another(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "d")
    Journal.open(data.folder).close()
    data.secret.unlink()
    with pytest.raises(StateError, match=r"is gone, and with another one nobody in the journal would be known"):
        DataDir.open(data.folder)
    assert not data.secret.exists()
