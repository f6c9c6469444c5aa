"""`bonafide journal`, `backup` and `restore`: what they say, what they write, how they end."""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.core.events import Payment
from bonafide.engine.engine import Engine
from bonafide.engine.snapshot import write_snapshot
from bonafide.office.journal import Journal, Record
from tests.engine.kit import assert_golden
from tests.engine.tiny import tiny
from tests.house.tree import ROOT
from tests.lab.runs import as_lines, write_bundle
from tests.office.journal.kit import START_MS, answers, copied, fill, record

GOLDEN = Path(__file__).parent / "golden"
PAGE = ROOT / "docs" / "journal.md"


def told(*arguments: object) -> Result:
    """What a command wrote and how it ended; an error of ours may not come through as an exception."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "100"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a data directory that has one of everything."""
    monkeypatch.chdir(tmp_path)
    journal = Journal.open(Path("bonafide-data"))
    fill(journal)
    journal.close()
    data = Path("bonafide-data")
    (data / "secret").write_text("0123456789abcdef" * 2)
    (data / "secret").chmod(0o600)
    (data / "bonafide.toml").write_text("port = 8321\n")
    bundle = data / "bundles" / ("a" * 64)
    bundle.mkdir(parents=True)
    (bundle / "bundle.yaml").write_text("name: small\n")
    office = sqlite3.connect(data / "office.db")
    office.execute("CREATE TABLE keys (name)")
    office.execute("INSERT INTO keys VALUES ('k1')")
    office.commit()
    office.close()
    (data / "snapshots").mkdir()
    return tmp_path


@pytest.fixture
def served(folder: Path) -> Iterator[Journal]:
    """The same data directory, while a server has it."""
    journal = Journal.open(folder / "bonafide-data")
    yield journal
    journal.close()


def test_show_verify_and_dead_letters_read_as_written_down(folder: Path) -> None:
    text = ""
    for words in (["journal", "show"], ["journal", "verify"], ["journal", "dead-letters"]):
        result = told(*words)
        assert result.exit_code == 0
        text += f"$ bonafide {' '.join(words)}\n{result.stdout}\n"
    assert_golden(GOLDEN / "journal.txt", text)


def test_the_page_shows_what_the_commands_print(folder: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"```text\n(\$ bonafide (.+)\n(?:.*\n)*?)```", page)
    assert [command.split()[:2] for _, command in shown] == [
        ["journal", "show"], ["journal", "verify"], ["journal", "dead-letters"], ["journal", "export"],
        ["backup", "--data"], ["restore", "backup-monday"],
    ]  # fmt: skip
    for text, command in shown:
        result = told(*command.split())
        assert result.exit_code == 0
        page = page.replace(text, f"$ bonafide {command}\n{result.output}")
    assert_golden(PAGE, page)


def test_every_command_and_option_is_on_the_page() -> None:
    import typer

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    page = PAGE.read_text(encoding="utf-8")
    named = {f"journal {name}": one for name, one in commands["journal"].commands.items()}
    for name, command in {**named, "backup": commands["backup"], "restore": commands["restore"]}.items():
        assert f"`bonafide {name}" in page
        options = {option for p in command.params for option in p.opts if option.startswith("--")}
        assert not [option for option in options if f"`{option}" not in page], name


def test_json_is_one_object(folder: Path) -> None:
    shown = json.loads(told("journal", "show", "--json").stdout)
    assert (shown["events"], shown["conflicts"], shown["dead_letters"]) == (20, 2, 3)
    assert shown["first_received"] == "2026-01-05T08:30:00.000Z"
    verified = json.loads(told("journal", "verify", "--json").stdout)
    assert (verified["whole"], verified["events"], verified["commits"]) == (True, 20, 9)
    letters = json.loads(told("journal", "dead-letters", "--json").stdout)
    assert [one["message"] for one in letters["dead_letters"]] == ["no JSON 1", "no JSON 2", "no JSON 3"]
    exported = json.loads(told("journal", "export", "--out", "log.ndjson", "--json").stdout)
    assert (exported["events"], exported["bytes"]) == (20, Path("log.ndjson").stat().st_size)


def test_an_empty_journal_is_shown_and_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Journal.open(tmp_path / "d").close()
    assert re.search(r"first received +-\n", told("journal", "show", "--data", "d").stdout)
    assert told("journal", "verify", "--data", "d").stdout.startswith("0 events in 0 commits")
    assert told("journal", "export", "--data", "d", "--out", "log.ndjson").exit_code == 0
    assert Path("log.ndjson").read_bytes() == b""


def test_the_log_is_written_in_order_while_a_server_appends(served: Journal) -> None:
    served.append([record(20)])
    assert told("journal", "export", "--out", "log.ndjson").exit_code == 0
    served.append([record(21)])
    lines = Path("log.ndjson").read_bytes().splitlines()
    assert lines == [record(n).content for n in range(21)]
    assert told("journal", "verify").exit_code == 0
    assert json.loads(told("journal", "show", "--json").stdout)["events"] == 22


def test_the_journal_of_a_server_that_was_killed_is_exported_whole(served: Journal, folder: Path) -> None:
    served.append([record(20)])
    copied(served.folder, folder / "killed")
    assert told("journal", "export", "--data", "killed", "--out", "log.ndjson").exit_code == 0
    assert Path("log.ndjson").read_bytes().splitlines() == [record(n).content for n in range(21)]


def payment(number: int, **fields: Any) -> Payment:
    fact = {"event_id": f"p{number}", "time": START_MS + number * 1_000, "order_id": "o1", "currency": "CNY"}
    return Payment(**{**fact, "user_id": "u1", "merchant_id": "m1", "amount": 1_250, **fields})


def test_replaying_the_exported_log_gives_the_same_decisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    events = [payment(n, user_id=f"u{n % 3}") for n in range(30)]
    (tmp_path / "sent.ndjson").write_bytes(as_lines(events))
    journal = Journal.open(tmp_path / "d")
    for n in range(0, 30, 7):
        journal.append([Record(START_MS, "k", msgspec.json.encode(e), b"{}") for e in events[n : n + 7]])
    journal.close()
    write_bundle(tmp_path / "small")
    assert told("journal", "export", "--data", "d", "--out", "log.ndjson").exit_code == 0
    for name in ("sent", "log"):
        assert told("replay", f"{name}.ndjson", "--bundle", "small", "--out", name).exit_code == 0
    assert Path("sent/decisions.parquet").read_bytes() == Path("log/decisions.parquet").read_bytes()


def test_an_export_writes_over_a_file_only_when_forced_and_leaves_no_part(folder: Path) -> None:
    Path("log.ndjson").write_text("mine")
    result = told("journal", "export", "--out", "log.ndjson")
    assert (result.exit_code, Path("log.ndjson").read_text()) == (2, "mine")
    assert told("journal", "export", "--out", "log.ndjson", "--force").exit_code == 0
    assert len(Path("log.ndjson").read_bytes().splitlines()) == 20
    assert [p.name for p in folder.glob(".*")] == []


def damaged(data: Path) -> None:
    body = bytearray((data / "journal.db").read_bytes())
    place = body.index(b'"event_id":"e7"')
    body[place + 13] ^= 1
    (data / "journal.db").write_bytes(body)


def test_damage_is_the_answer_no_and_nothing_is_exported(folder: Path) -> None:
    damaged(folder / "bonafide-data")
    result = told("journal", "verify", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["whole"] is False
    assert "the commit of event 4 is not what was written" in found["fault"]
    result = told("journal", "export", "--out", "log.ndjson")
    assert result.exit_code == 4
    assert "is damaged: the commit of event 4" in result.stderr
    assert not Path("log.ndjson").exists()
    assert told("backup", "--out", "b").exit_code == 4
    assert sorted(p.name for p in folder.iterdir()) == ["bonafide-data"]


def test_a_backup_made_while_a_server_appends_is_restored_whole(served: Journal, folder: Path) -> None:
    served.append([record(20)])
    before = answers(served)
    result = told("backup", "--out", "b", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["events"] == 21
    served.append([record(21)])
    assert told("restore", "b", "--data", "new").exit_code == 0
    assert not Path("new/journal.key").exists()  # it is kept elsewhere
    shutil.copyfile("bonafide-data/journal.key", "new/journal.key")
    restored = Journal.open(folder / "new")
    assert answers(restored) == before
    restored.close()
    for name in ("secret", "bonafide.toml", f"bundles/{'a' * 64}/bundle.yaml"):
        assert Path("new", name).read_bytes() == Path("bonafide-data", name).read_bytes()
    assert Path("new/secret").stat().st_mode & 0o777 == 0o600
    office = sqlite3.connect("new/office.db")
    assert office.execute("SELECT * FROM keys").fetchall() == [("k1",)]
    office.close()


def snapshot(name: str, *, whole: bool = True) -> None:
    file = io.BytesIO()
    write_snapshot(Engine(tiny()), file)
    Path("bonafide-data/snapshots", name).write_bytes(file.getvalue() if whole else file.getvalue()[:-1])


def test_the_newest_snapshot_that_is_whole_is_backed_up(folder: Path) -> None:
    for name, whole in (("5.snapshot", True), ("12.snapshot", True), ("100.snapshot", False)):
        snapshot(name, whole=whole)
    Path("bonafide-data/snapshots/200.snapshot").write_bytes(b"none")
    assert told("backup", "--out", "b").exit_code == 0
    assert [p.name for p in Path("b/snapshots").iterdir()] == ["12.snapshot"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda b: (b / "secret").write_text("other"), "b/secret: is not what was backed up; take another backup"),
        (lambda b: (b / "office.db").unlink(), "b/office.db: is missing from the backup"),
        (lambda b: (b / "more").touch(), "b/more: is not in the backup's manifest.json"),
        (lambda b: (b / "manifest.json").unlink(), "b: is no backup: it has no manifest.json"),
        (lambda b: (b / "manifest.json").write_text("{"), "b/manifest.json: cannot be read"),
        (
            lambda b: (b / "manifest.json").write_text((b / "manifest.json").read_text().replace("secret", "../x")),
            "b/manifest.json: names files that no backup has",
        ),
    ],
)
def test_a_backup_that_is_not_what_was_written_restores_nothing(folder: Path, change: Any, says: str) -> None:
    assert told("backup", "--out", "b").exit_code == 0
    change(Path("b"))
    result = told("restore", "b", "--data", "new")
    assert result.exit_code == 4
    assert says in result.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["b", "bonafide-data"]


def test_nothing_is_restored_or_backed_up_over_what_is_there(folder: Path) -> None:
    assert told("backup", "--out", "b").exit_code == 0
    shutil.copytree("b", "c")
    for words in (["backup", "--out", "b"], ["restore", "b", "--data", "c"], ["backup", "--out", "b/secret"]):
        assert told(*words).exit_code == 2
    assert told("restore", "c", "--data", "bonafide-data").exit_code == 2


def test_the_folder_in_which_one_stands_may_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told("backup", "--out", "b").exit_code == 0
    (folder / "here").mkdir()
    monkeypatch.chdir(folder / "here")
    assert told("restore", "../b", "--data", ".").exit_code == 0
    monkeypatch.chdir(folder)
    assert Path("here/journal.db").is_file()


def test_what_cannot_be_replaced_is_refused_before_anything_is_copied(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told("backup", "--out", "b").exit_code == 0
    Path("volume").mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "volume")
    result = told("restore", "b", "--data", "volume")
    assert (result.exit_code, "name a folder in it" in " ".join(result.stderr.split())) == (2, True)


def test_refusals_read_as_written_down(folder: Path) -> None:
    Path("file").touch()
    Path("full").mkdir()
    Path("full/x").touch()
    asked = [
        ["journal", "show", "--data", "none"],
        ["journal", "export", "--out", "file"],
        ["journal", "export", "--out", "full"],
        ["backup", "--out", "full"],
        ["backup", "--data", "none", "--out", "b"],
        ["restore", "full", "--data", "new"],
        ["restore", "none", "--data", "new"],
        ["restore", "full", "--data", "bonafide-data"],
        ["restore", "full", "--data", "file"],
    ]
    text = ""
    for words in asked:
        result = told(*words)
        assert result.stdout == ""
        text += f"$ bonafide {' '.join(words)}\n{result.stderr}-> {result.exit_code}\n\n"
    assert_golden(GOLDEN / "journal_refusals.txt", text)


def test_a_journal_that_is_gone_is_no_slip_of_the_hand(folder: Path) -> None:
    (folder / "bonafide-data" / "journal.db").unlink()
    for command, ends in ((("journal", "verify"), 1), (("backup", "--out", "b"), 4)):
        result = told(*command)
        assert result.exit_code == ends
        assert "events were acknowledged (journal.mark)" in result.stderr
