"""`bonafide access key`: what each command prints where, how it ends, and that it works beside a running server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.core.moment import DAY_MS, parse_moment
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.access.keys import Keys, now_ms
from bonafide.office.store.database import Store

DOCS = Path(__file__).parents[2] / "docs" / "access.md"
KEY = re.compile(r"bf_[a-z2-7]{12}_[A-Za-z0-9_-]{43}\n")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def told(*arguments: object) -> Result:
    """What a command wrote and how it ended."""
    result = CliRunner().invoke(app, ["access", "key", *map(str, arguments)], env={"COLUMNS": "100"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def json_of(*arguments: object) -> dict[str, Any]:
    result = told(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_key_stands_alone_on_stdout_and_holds(data: Path) -> None:
    result = told("create", "--role", "platform", "--data", data)
    assert result.exit_code == 0
    assert KEY.fullmatch(result.stdout)
    assert "only time that the key is shown" in result.stderr
    assert result.stdout.strip() not in result.stderr
    with Store.open(data / "office.db") as store:
        assert Keys(store).verify(f"Bearer {result.stdout.strip()}", now_ms()).role == "platform"


def test_json_has_the_key_and_what_it_may_do(data: Path) -> None:
    found = json_of(
        "create", "--role", "platform", "--types", "payment, refund", "--types", "verdict", "--routes", "/v1/events",
        "--expires", "90d", "--rate", 500, "--note", "till", "--data", data,
    )  # fmt: skip
    assert found["key"].startswith(f"bf_{found['key_id']}_")
    assert found["types"] == ["payment", "refund", "verdict"]
    assert (found["routes"], found["rate_per_s"], found["note"]) == (["/v1/events"], 500, "till")
    assert parse_moment(found["expires"]) - parse_moment(found["created"]) in range(
        90 * DAY_MS - 5_000, 90 * DAY_MS + 1
    )
    assert (found["state"], found["revoked"], found["last_used"]) == ("live", None, None)


def test_keys_are_made_and_ended_while_a_server_has_the_store_open(data: Path) -> None:
    json_of("create", "--role", "auditor", "--data", data)
    with Store.open(data / "office.db") as store:
        keys = Keys(store, cache_ms=0)
        made = json_of("create", "--role", "partner", "--data", data)
        header = f"Bearer {made['key']}"
        assert keys.verify(header, now_ms()).source == "partner"
        new = json_of("rotate", made["key_id"], "--overlap", "2h", "--data", data)
        assert new["replaces"] == made["key_id"]
        assert parse_moment(new["replaced_expires"]) > now_ms()
        assert keys.verify(f"Bearer {new['key']}", now_ms()).key_id == new["key_id"]
        keys.verify(header, now_ms())
        assert json_of("revoke", made["key_id"], "--data", data)["state"] == "revoked"
        with pytest.raises(UnauthenticatedError, match="was revoked"):
            keys.verify(header, now_ms())
        keys.close()


def test_list_shows_keys_and_no_secret(data: Path) -> None:
    first = json_of("create", "--role", "platform", "--note", "till", "--data", data)
    second = json_of("rotate", first["key_id"], "--overlap", "0", "--data", data)
    json_of("create", "--role", "auditor", "--data", data)
    listed = json_of("list", "--data", data)["keys"]
    assert [(key["role"], key["state"]) for key in listed] == [
        ("platform", "expired"), ("platform", "live"), ("auditor", "live")
    ]  # fmt: skip
    assert "key" not in listed[0]
    text = told("list", "--data", data).stdout
    assert re.search(
        rf"^{first['key_id']}  platform  expired -> {second['key_id']} .*15 types  till$", text, re.MULTILINE
    )
    assert re.search(r"auditor +live +never +never +none$", text, re.MULTILINE)
    for made in (first, second):
        assert made["key"][16:] not in text + json.dumps(listed)


def test_revoke_says_when(data: Path) -> None:
    made = json_of("create", "--role", "platform", "--data", data)
    assert told("revoke", made["key_id"], "--data", data).stdout.startswith(f"{made['key_id']} was revoked at 20")
    assert told("rotate", made["key_id"], "--data", data).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["create", "--role", "plattform"], "did you mean platform?"),
        (["create", "--role", "platform", "--types", "group"], "a platform key may not send group"),
        (["create", "--role", "platform", "--types", ","], "none is named"),
        (["create", "--role", "platform", "--expires", "soon"], "give a span from now such as 90d, or a time such as"),
        (["create", "--role", "platform", "--expires", "2020-01-01T00:00:00Z"], "give a moment after now"),
        (["create", "--role", "platform", "--rate", "0"], "events a second"),
        (["rotate", "nobody", "--overlap", "2"], "give a span such as 2h or 1d, or 0"),
        (["rotate", "nobody", "--overlap", "91d"], "give at most 90d"),
        (["rotate", "nobody"], "there is none of this id"),
        (["revoke", "nobody"], "there is none of this id"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(data: Path, arguments: list[str], says: str) -> None:
    json_of("create", "--role", "auditor", "--data", data)
    result = told(*arguments, "--data", data)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""
    assert len(json_of("list", "--data", data)["keys"]) == 1


@pytest.mark.parametrize("command", [["list"], ["revoke", "x"], ["rotate", "x"]])
def test_only_create_makes_a_data_directory(data: Path, command: list[str]) -> None:
    result = told(*command, "--data", data)
    assert result.exit_code == 2
    assert "there is no data directory here" in result.stderr
    assert not data.exists()


def test_a_damaged_store_ends_with_the_way_out(data: Path) -> None:
    told("create", "--role", "auditor", "--data", data)
    for file in data.glob("office.db*"):
        file.unlink()
    (data / "office.db").write_bytes(b"x" * 5_000)
    result = told("list", "--data", data)
    assert result.exit_code == 4
    assert "is damaged or no database; restore it from a backup" in result.stderr


def test_the_page_names_every_command_and_option() -> None:
    page = DOCS.read_text(encoding="utf-8")
    group = typer.main.get_command(app).commands["access"].commands["key"]  # type: ignore[attr-defined]
    for name, command in group.commands.items():
        assert f"bonafide access key {name}" in page
        options = [option for given in command.params for option in given.opts if option.startswith("--")]
        assert [option for option in options if f"{option}" not in page] == []
