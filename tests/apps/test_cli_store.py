"""Commands of a data directory find the store that its settings name, all of them the same one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.office.store.database import Store
from tests.office.databases import Cluster, cluster

__all__ = ["cluster"]
COMMANDS = (
    ("access", "key", "list"), ("access", "user", "list"), ("audit", "verify"), ("audit", "show"), ("subject", "holds"),
    ("access", "key", "create", "--role", "platform"), ("access", "user", "create", "bob", "--role", "analyst"),
    ("subject", "sweep"), ("outbox", "receiver", "list"), ("outbox", "dead-letters"),
)  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def told(data: Path, *arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--data", str(data)], env={"COLUMNS": "200", **environment})


def test_every_command_uses_the_database_that_the_settings_name(data: Path, cluster: Cluster) -> None:
    url = cluster.new_database()
    made = told(data, "access", "user", "create", "ann", "--role", "admin", BONAFIDE_STORE_URL=url)
    assert made.exit_code == 0, made.output
    (data / "bonafide.toml").write_text(f'store_url = "{url}"\n')
    for command in COMMANDS:
        result = told(data, *command, "--json")
        assert result.exit_code == 0, f"{command}: {result.output}"
        json.loads(result.stdout)
    assert not (data / "office.db").exists()
    with Store.open(url) as store, store.reading() as connection:
        assert connection.exec_driver_sql("SELECT name FROM people ORDER BY name").scalars().all() == ["ann", "bob"]
        assert connection.exec_driver_sql("SELECT count(*) FROM machine_keys").scalar() == 1


def test_without_the_setting_every_command_stops_and_says_so(data: Path, cluster: Cluster) -> None:
    told(data, "access", "key", "list", BONAFIDE_STORE_URL=cluster.new_database())
    told(data, "access", "key", "create", "--role", "platform", BONAFIDE_STORE_URL=cluster.new_database())
    for command in COMMANDS:
        result = told(data, *command)
        assert result.exit_code == 2, f"{command}: {result.output}"
        assert "store_url is not set" in result.stderr
    assert not (data / "office.db").exists()


def test_a_server_that_is_away_ends_a_command_in_a_sentence(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    away = f"postgresql://ann:sesame@/x?host={tmp_path}"
    result = told(data, "access", "key", "create", "--role", "platform", BONAFIDE_STORE_URL=away)
    assert result.exit_code == 4
    assert result.stderr.startswith(f"bonafide: postgresql://ann@/x?host={tmp_path}: cannot be used: ")
    assert "sesame" not in result.output
    assert "Traceback" not in result.output
