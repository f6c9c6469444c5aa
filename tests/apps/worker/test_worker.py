"""The worker: it takes the intake into the vault, alone on a data directory, and is kept running by the service."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bonafide.apps.runtime.intake import HandOver
from bonafide.apps.runtime.vault_link import VaultLink
from bonafide.apps.settings import Settings
from bonafide.apps.worker import child, work
from bonafide.apps.worker.child import Child
from bonafide.apps.worker.work import Work
from bonafide.core.pseudonym import ClearText
from bonafide.engine.pseudonyms import Known
from bonafide.office.access.keys import now_ms
from bonafide.office.journal.journal import Journal
from bonafide.office.journal.lock import WORKER_LOCK_FILE, FolderLock
from bonafide.office.measures.steps import Measures
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.office.vault.opening import open_vault
from bonafide.office.vault.vault import Vault
from bonafide.testing.webhooks.made import MadeLog
from tests.apps.server.test_measure_routes import proposals
from tests.office.journal.kit import record
from tests.until import WITHIN_S, until

TEXTS = [ClearText(5, "user", "somebody"), ClearText(6, "device", "d1", "user", 5)]


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir.open(tmp_path / "d")


@contextmanager
def vault_of(data: DataDir) -> Iterator[Vault]:
    with Store.open(data.office) as store:
        yield open_vault(store, data, None)


@contextmanager
def working(data: DataDir, said: list[str]) -> Iterator[threading.Thread]:
    """A worker in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=Work(data, Settings(), None, said.append).run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(WITHIN_S)
        assert not thread.is_alive()


def test_what_waits_is_in_the_vault_and_then_leaves_the_journal(data: DataDir) -> None:
    journal, said = Journal.open(data.folder), list[str]()
    journal.append([record(0)], texts=TEXTS)
    with working(data, said), vault_of(data) as vault:
        until(lambda: vault.clear_of("device", 6) == "d1")
        hand_over = HandOver(journal, VaultLink(vault), Known(), said.append)
        assert hand_over.step()
        assert journal.waiting.rows == 0
        journal.append([record(1)], texts=[ClearText(7, "user", "later")])
    with vault_of(data) as vault:  # what came before the stop was taken in
        assert vault.clear_of("user", 7) == "later"
    journal.close()
    assert said == []


def test_a_worker_waits_for_a_journal_and_says_so_once(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "TROUBLE_S", 0.001)
    said: list[str] = []
    with working(data, said):
        until(lambda: bool(said))
        journal = Journal.open(data.folder)
        journal.append([record(0)], texts=TEXTS)
        with vault_of(data) as vault:
            until(lambda: vault.clear_of("user", 5) is not None)
        journal.close()
    assert "the worker does not get on" in said[0]
    assert "there is no journal here" in said[0]
    assert said[-1] == "the worker gets on again"
    assert len(set(said)) == len(said), "each trouble is told once"


def test_measures_are_asked_for_and_end_whoever_crashed(data: DataDir) -> None:
    journal, said = Journal.open(data.folder), list[str]()
    with vault_of(data) as vault:
        log = MadeLog()
        long_ago = now_ms() - 73 * 3_600_000
        names = [*proposals(vault, log, now_ms(), "limit_credit"), *proposals(vault, log, long_ago, "limit_credit")]
    for _, records in log.rows:
        journal.append(records)
    with working(data, said), vault_of(data) as vault:
        measures = Measures(vault.store, data.read_secret(), vault.keyring)
        until(lambda: measures.figures()["requested"] + measures.figures()["expired"] == 2)
        assert [measures.one(name).state for name in names] == ["requested", "expired"]
    journal.close()
    assert said == []


def test_one_worker_at_a_time(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "TROUBLE_S", 0.001)
    journal, said = Journal.open(data.folder), list[str]()
    journal.append([record(0)], texts=TEXTS)
    held = FolderLock(data.folder, WORKER_LOCK_FILE)
    with working(data, said), vault_of(data) as vault:
        until(lambda: bool(said))
        assert "is using this data directory" in said[0]
        assert vault.clear_of("user", 5) is None
        held.release()
        until(lambda: vault.clear_of("user", 5) is not None)
    journal.close()


def test_without_its_master_key_it_waits_and_takes_nothing_in(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "TROUBLE_S", 0.001)
    with vault_of(data):
        pass
    key = data.folder / "master.key"
    before = key.read_text()
    key.write_text("0" * 64 + "\n")
    journal, said = Journal.open(data.folder), list[str]()
    journal.append([record(0)], texts=TEXTS)
    with working(data, said):
        until(lambda: bool(said))
        key.write_text(before)
        with vault_of(data) as vault:
            until(lambda: vault.clear_of("user", 5) is not None)
    journal.close()


def test_the_service_keeps_a_worker_running_and_ends_it(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "AGAIN_S", (0.001,))
    journal, said = Journal.open(data.folder), list[str]()
    journal.append([record(0)], texts=TEXTS)
    kept = Child(data.folder, Settings(), said.append)
    kept.start()
    try:
        with vault_of(data) as vault:
            until(lambda: vault.clear_of("user", 5) is not None)
            assert kept.pid is not None
            os.kill(kept.pid, signal.SIGKILL)
            journal.append([record(1)], texts=[ClearText(7, "user", "later")])
            until(lambda: vault.clear_of("user", 7) is not None)
            journal.append([record(2)], texts=[ClearText(8, "user", "last")])
    finally:
        kept.stop()
    assert said == ["the worker ended with -9; it is started again in 0 s"]
    with vault_of(data) as vault:
        assert vault.clear_of("user", 8) == "last"
    journal.close()


def test_a_worker_that_was_never_begun_is_stopped_too(data: DataDir) -> None:
    kept = Child(data.folder, Settings(), list[str]().append)
    kept.stop()
    assert kept.pid is None
