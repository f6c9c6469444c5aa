"""The databases that the office's contract tests run on: SQLite, and PostgreSQL in a cluster of the test's own.

`store` is an empty Store of each kind in turn, `place` a database without tables (a path or a URL). Where Debian's
package `postgresql` or the extra `postgres` is missing, the tests on PostgreSQL are skipped and say so.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import delete

from bonafide.office.store.database import Store
from bonafide.office.store.tables import metadata

KINDS = ("sqlite", "postgresql")
DEBIAN = Path("/usr/lib/postgresql")
OWNER = "postgres"
"""PostgreSQL refuses to run as root; Debian's package brings this user."""
STARTED_WITHIN_S = 60
STARTS_MAX = 50
READY = b"ready to accept connections"
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests that cut no power and kill nobody."""
_databases = count()


def missing() -> str | None:
    """Why there is no PostgreSQL here; None where there is."""
    if find_spec("psycopg") is None:
        return "psycopg is not installed (pip install 'bonafide[postgres]'), so PostgreSQL is not tested"
    if programs() is None:
        return "initdb and postgres are not here (apt-get install postgresql), so PostgreSQL is not tested"
    if os.geteuid() == 0 and not _has_owner():
        return f"PostgreSQL does not run as root and there is no user {OWNER}, so it is not tested"
    return None


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest first."""
    found = shutil.which("initdb")
    folders = sorted(DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    folders += [Path(found).resolve().parent] if found else []
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def _has_owner() -> bool:
    return any(entry.pw_name == OWNER for entry in pwd.getpwall())


def _as_owner() -> dict[str, Any]:
    return {"user": OWNER, "group": OWNER, "extra_groups": []} if os.geteuid() == 0 else {}


class Cluster:
    """A PostgreSQL server of our own on a socket in a folder of our own; it listens on no network."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self._data = folder / "data"
        self._settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "max_connections": "40"}
        self._settings |= settings
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER, OWNER)
        self._server: subprocess.Popen[bytes] | None = None
        program = self._program("initdb")
        done = subprocess.run(
            [program, "--pgdata", self._data, "--username", "bonafide", "--auth", "trust", "--no-sync", "--encoding",
             "UTF8", "--locale", "C.UTF-8"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            **_as_owner(),
        )  # fmt: skip
        assert done.returncode == 0, done.stdout.decode()

    @staticmethod
    def _program(name: str) -> str:
        folder = programs()
        assert folder is not None
        return str(folder / name)

    def start(self) -> None:
        """Run the server; returns when it lets people in.

        The processes of one that was killed may still be going, and then the new one refuses to begin.
        """
        told = b""
        for _ in range(STARTS_MAX):
            settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
            server = subprocess.Popen(
                [self._program("postgres"), "-D", str(self._data), *settings], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **_as_owner(),
            )  # fmt: skip
            assert server.stderr is not None
            for line in server.stderr:
                told += line
                if READY in line:
                    self._server = server
                    self._reading = Thread(target=server.stderr.read)  # or it would stop when the pipe is full
                    self._reading.start()
                    return
            server.wait()
            server.stderr.close()
        raise AssertionError(told.decode())

    def stop(self) -> None:
        """End the server, without waiting for who is connected."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._ended()

    def kill(self) -> None:
        """End the server and all that it has started at once, in the middle of whatever they do."""
        assert self._server is not None
        pid = self._server.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._server.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self._ended()

    def _ended(self) -> None:
        server, self._server = self._server, None
        assert server is not None
        server.wait(STARTED_WITHIN_S)
        self._reading.join(STARTED_WITHIN_S)
        assert server.stderr is not None
        server.stderr.close()

    def url(self, database: str = "postgres") -> str:
        """The URL of a database."""
        return f"postgresql://bonafide@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """An empty database; returns its URL."""
        import psycopg

        name = f"t{os.getpid()}_{next(_databases)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@contextmanager
def running_cluster(**settings: str) -> Iterator[Cluster]:
    """A cluster that runs while the block does; the test is skipped where there can be none."""
    if (why := missing()) is not None:
        pytest.skip(why)
    folder = Path(tempfile.mkdtemp(prefix="bf-pg-"))  # a socket's path is short, and its folder the server's own
    try:
        cluster = Cluster(folder, settings)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One quick cluster for all tests of a process."""
    with running_cluster(**QUICK) as found:
        yield found


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty database of each kind in turn: a file to be made, or a URL."""
    if request.param == "sqlite":
        return tmp_path / "office.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.new_database()


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Store]]:
    """The stores that `store` empties and hands out, by kind: making tables for each test would take longer than it."""
    found: dict[str, Store] = {}
    yield found
    for one in found.values():
        one.close()


@pytest.fixture(params=KINDS)
def store(
    request: pytest.FixtureRequest, stores: dict[str, Store], tmp_path_factory: pytest.TempPathFactory
) -> Store:  # fmt: skip
    """An empty store of each kind in turn."""
    kind: str = request.param
    if kind not in stores:
        cluster: Cluster | None = request.getfixturevalue("cluster") if kind == "postgresql" else None
        place = tmp_path_factory.mktemp("office") / "office.db" if cluster is None else cluster.new_database()
        stores[kind] = Store.open(place)
    wipe(stores[kind])
    return stores[kind]


def wipe(store: Store) -> None:
    """Empty every table of ours but those that let nothing go; tests that write them have databases of their own."""
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if not table.name.startswith(("audit_", "bundle_", "list_", "signing_")):
                connection.execute(delete(table))
