"""`bonafide audit`: what it prints, and that it says no where the log was changed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir

START_MS = 1_767_601_800_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    found = DataDir.open(tmp_path / "data")
    with Store.open(found.office) as store, store.writing() as connection:
        for number in range(3):
            append(connection, Actor("person:ann", "::1"), "hold.place", "x", START_MS + number, details={"n": number})
    return found.folder


def told(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["audit", *map(str, arguments)], env={"COLUMNS": "100"})


def test_show_gives_the_newest_in_order(data: Path) -> None:
    assert told("show", "--limit", 2, "--data", data).stdout == (
        "1  2026-01-05T08:30:00.001Z  person:ann  hold.place  x  ::1  done  n=1\n"
        "2  2026-01-05T08:30:00.002Z  person:ann  hold.place  x  ::1  done  n=2\n"
    )
    found = json.loads(told("show", "--after", 0, "--limit", 1, "--data", data, "--json").stdout)
    assert found == {"entries": [{
        "number": 1, "time": "2026-01-05T08:30:00.001Z", "who": "person:ann", "what": "hold.place", "on": "x",
        "from": "::1", "outcome": "done", "details": {"n": 1},
    }]}  # fmt: skip
    assert told("show", "--who", "person:bob", "--data", data).stdout == "no entries\n"


def test_a_checkpoint_shows_that_the_log_was_cut(data: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(told("checkpoint", "--data", data).stdout)
    result = told("verify", "--checkpoint", kept, "--data", data)
    assert (result.exit_code, result.stdout) == (0, "3 entries, whole against the checkpoint\n")
    with closing(sqlite3.connect(data / "office.db")) as raw, raw:
        for name in ("audit_entries_delete", "audit_head_update"):
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("DELETE FROM audit_entries WHERE number = 2")
        raw.execute("UPDATE audit_head SET entries = 2")
    assert told("verify", "--data", data).exit_code == 0
    result = told("verify", "--checkpoint", kept, "--data", data, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "whole": False, "message": "the log has 2 entries, and the checkpoint was made of 3: it was cut"
    }  # fmt: skip


def test_what_is_no_checkpoint_or_data_directory_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff")
    assert told("verify", "--checkpoint", tmp_path / "x", "--data", data).exit_code == 2
    assert told("verify", "--data", tmp_path / "nothing").exit_code == 2
