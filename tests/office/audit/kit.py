"""Stores for tests of the office: SQLite in a file, and PostgreSQL where Debian's package is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest

from bonafide.office.store.database import Store

START_MS = 1_767_601_800_000
_NUMBERS = count()


def _tools() -> Path | None:
    """The folder of Debian's PostgreSQL, the newest one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def why_no_postgresql() -> str:
    """What is missing to run a PostgreSQL here; empty where nothing is."""
    if _tools() is None:
        return "no PostgreSQL is installed (apt-get install postgresql)"
    if os.geteuid() == 0 and "postgres" not in {one.pw_name for one in pwd.getpwall()}:
        return "PostgreSQL does not run as root, and there is no user postgres"
    return "" if find_spec("pg8000") else "pg8000 is not installed"


@contextmanager
def cluster() -> Iterator[str]:
    """A PostgreSQL of our own behind a socket in a temporary folder; yields the URL, whose database is to be named."""
    tools, user = _tools(), "postgres" if os.geteuid() == 0 else None
    assert tools is not None
    folder = Path(tempfile.mkdtemp(prefix="bf"))
    try:
        if user:
            shutil.chown(folder, user)
        place = folder / "data"

        def run(*command: object) -> None:
            subprocess.run(list(map(str, command)), check=True, capture_output=True, user=user, cwd=folder)

        run(tools / "initdb", "-D", place, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale")
        options = f"-c listen_addresses='' -c fsync=off -k {folder}"
        run(tools / "pg_ctl", "-D", place, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            yield f"postgresql+pg8000://postgres@/NAME?unix_sock={folder}/.s.PGSQL.5432"
        finally:
            run(tools / "pg_ctl", "-D", place, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(url: str) -> str:
    """The URL of a database that is empty."""
    from sqlalchemy import create_engine

    name = f"office{next(_NUMBERS)}"
    admin = create_engine(url.replace("NAME", "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    return url.replace("NAME", name)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def store(place: Path | str) -> Iterator[Store]:
    """The store in a database of its own: an audit log cannot be emptied for the next test."""
    with Store.open(place) as opened:
        yield opened
