"""`bonafide access user` and `bonafide subject`: what each prints where, how it ends, and what stays out of sight."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.core.secret import Secret
from bonafide.office.audit.entry import Actor
from bonafide.office.people.sign_in import SignIn
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.office.vault.opening import open_vault
from bonafide.office.vault.retention import RETENTION, YEAR_MS

PASSWORD = re.compile(r"[a-z2-7]{4}(-[a-z2-7]{4}){5}\n")
CLEAR = {"name": "Zhang Canary", "phone": "13900007777"}
DOCS = Path(__file__).parents[2] / "docs"


def told(*arguments: object, env: dict[str, str] | None = None) -> Result:
    result = CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "100", **(env or {})})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def json_of(*arguments: object) -> dict[str, Any]:
    result = told(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    found = DataDir.open(tmp_path / "data")
    with Store.open(found.office) as store:
        open_vault(store, found, None).remember(Actor("bonafide:service", ""), "user", "u-canary", CLEAR)
    return found.folder


def test_a_user_begins_with_a_password_that_stands_alone_on_stdout(tmp_path: Path) -> None:
    data = tmp_path / "new"
    result = told("access", "user", "create", "ann", "--role", "admin", "--data", data)
    assert result.exit_code == 0
    assert PASSWORD.fullmatch(result.stdout)
    assert result.stdout.strip() not in result.stderr
    assert "must be replaced" in result.stderr
    folder = DataDir(data)
    with Store.open(folder.office) as store:
        desk = SignIn(store, open_vault(store, folder, None).keyring)
        assert desk.sign_in("ann", Secret(result.stdout.strip()), "::1").session.pending == "password"


def test_users_are_listed_disabled_enabled_and_reset(data: Path) -> None:
    made = json_of("access", "user", "create", "ann", "--role", "analyst", "--data", data)
    assert (made["name"], made["role"], made["state"], made["totp"]) == ("ann", "analyst", "invited", False)
    assert told("access", "user", "disable", "ann", "--data", data).stdout == "ann is disabled\n"
    assert json_of("access", "user", "enable", "ann", "--data", data)["state"] == "invited"
    again = json_of("access", "user", "reset", "ann", "--data", data)
    assert again["one_time_password"] != made["one_time_password"]
    assert told("access", "user", "list", "--data", data).stdout.splitlines()[1].split() == [
        "ann", "analyst", "invited", "no", "never"
    ]  # fmt: skip
    assert "one_time_password" not in json_of("access", "user", "list", "--data", data)["users"][0]
    assert told("access", "user", "create", "ann", "--role", "analyst", "--data", data).exit_code == 2
    assert told("access", "user", "create", "bob", "--role", "platform", "--data", data).exit_code == 2
    whats = [e["what"] for e in json_of("audit", "show", "--on", "person:ann", "--data", data)["entries"]]
    assert whats == ["person.create", "person.disable", "person.enable", "person.reset"]


def test_somebody_comes_in_through_the_provider_that_the_settings_name(tmp_path: Path) -> None:
    data = tmp_path / "people"
    create = ("access", "user", "create", "eve", "--role", "legal", "--oidc", "eve-at-home", "--data", data)
    without = told(*create)
    assert without.exit_code == 2
    assert "--oidc: the settings name no provider; set oidc_issuer in bonafide.toml" in without.stderr
    (data / "bonafide.toml").write_text('oidc_issuer = "https://id.example.org"\n')
    settings = {"BONAFIDE_OIDC_CLIENT_ID": "b", "BONAFIDE_OIDC_REDIRECT_URL": "https://x/y"}
    made = told(*create, env=settings)
    assert made.exit_code == 0, made.stderr
    assert "one-time password" not in made.output
    assert json_of("access", "user", "list", "--data", data)["users"][0]["state"] == "active"
    assert told(*create[:3], "bob", *create[4:], env=settings).exit_code == 2
    assert json_of("access", "user", "reset", "eve", "--data", data)["one_time_password"]
    assert told("access", "user", "reset", "eve", "--oidc", "", "--data", data, env=settings).exit_code == 2
    assert told("access", "user", "reset", "eve", "--oidc", "e", "--data", data, env=settings).exit_code == 0


def test_a_subject_is_shown_found_and_written_out(data: Path, tmp_path: Path) -> None:
    result = told("subject", "show", "u-canary", "--case", "C-1", "--data", data)
    assert result.stdout == "id  u-canary\nname  Zhang Canary\nphone  13900007777\n"
    subject = json_of("subject", "show", "u-canary", "--data", data)["subject"]
    assert json_of("subject", "search", "phone", "139-0000-7777", "--data", data) == {"subjects": [subject]}
    assert told("subject", "search", "phone", "1", "--data", data).stdout == "no subjects\n"
    out = tmp_path / "u.json"
    assert told("subject", "export", "u-canary", "--out", out, "--data", data).exit_code == 0
    assert json.loads(out.read_text())["fields"] == {"id": "u-canary", **CLEAR}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert told("subject", "export", "u-canary", "--out", out, "--data", data).exit_code == 2
    assert told("subject", "show", "nobody", "--data", data).exit_code == 1


def test_a_hold_blocks_forgetting_until_it_is_lifted(data: Path) -> None:
    hold = json_of(
        "subject", "hold", "u-canary", "--case", "C-17", "--reason", "court", "--until", "90d", "--data", data
    )
    result = told("subject", "forget", "u-canary", "--data", data)
    assert result.exit_code == 1
    assert f"case C-17 holds it until {hold['expires']} (hold {hold['hold_id']})" in result.stderr
    assert "u-canary" not in result.stderr
    assert told("subject", "holds", "--data", data).stdout.count("C-17  stands until") == 1
    assert json_of("subject", "lift", hold["hold_id"], "--data", data)["stands"] is False
    assert json_of("subject", "forget", "u-canary", "--data", data) == {
        "subject": hold["subject"], "fields": 3, "scrubbed": True
    }  # fmt: skip
    assert told("subject", "show", "u-canary", "--data", data).exit_code == 1
    for path in data.rglob("*"):
        if path.is_file():
            assert not re.search(b"canary|Canary|13900007777", path.read_bytes()), path
    assert told("audit", "verify", "--data", data).exit_code == 0


def test_relations_end_and_sweeps_and_rotation_say_what_they_did(data: Path) -> None:
    assert json_of("subject", "end", "u-canary", "--data", data)["ended"] is True
    assert json_of("subject", "sweep", "--data", data) == {"forgotten": 0, "held": 0, "scrubbed": True}
    assert json_of("subject", "rotate-key", "--data", data)["subjects"] == 1
    assert told("subject", "show", "u-canary", "--data", data).exit_code == 0
    wrong = told("subject", "show", "u-canary", "--data", data, env={"BONAFIDE_MASTER_KEY": "ab" * 32})
    assert (wrong.exit_code, wrong.stdout) == (4, "")
    assert "is not at hand" in wrong.stderr


@pytest.mark.parametrize(
    "arguments",
    [("hold", "u", "--case", "C", "--reason", "r", "--until", "soon"), ("lift", "nothing"), ("search", "id", "u"),
     ("show", "u", "--type", "usr"), ("hold", "u", "--case", "", "--reason", "r", "--until", "1d")],
)  # fmt: skip
def test_what_is_used_wrongly_is_refused(data: Path, arguments: tuple[str, ...]) -> None:
    assert told("subject", *arguments, "--data", data).exit_code == 2


def test_the_page_shows_the_classes_of_retention() -> None:
    text = (DOCS / "subjects.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d+)(?: years?)? \| (\d+) years? \| (.*) \|$", text, re.MULTILINE)
    assert rows == [
        (one.name, str(one.minimum_ms // YEAR_MS), str(one.maximum_ms // YEAR_MS), one.basis)
        for one in RETENTION.values()
    ]
