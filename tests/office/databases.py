"""The databases that the office's contract tests run on: SQLite, and PostgreSQL in a cluster of the test's own.

`store` is an empty Store of each kind in turn, `place` a database without tables (a path or a URL), `copies` makes
databases that begin alike, for whoever needs one of its own. Where Debian's package `postgresql` or the extra
`postgres` is missing, the tests on PostgreSQL are skipped and say so.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, LiteralString, NamedTuple

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from sqlalchemy import delete

from bonafide.office.store.database import Store
from bonafide.office.store.tables import metadata

KINDS = ("sqlite", "postgresql")
DEBIAN = Path("/usr/lib/postgresql")
OWNER = "postgres"
"""PostgreSQL refuses to run as root; Debian's package brings this user."""
STARTED_WITHIN_S = 60
STARTS_MAX = 50
READY = re.compile(rb"ready to accept (read-only )?connections")
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "64MB"}
"""For tests that cut no power and kill nobody."""
MEMORY = Path("/dev/shm")
"""Linux keeps what is in it in memory: a database is a thousand files, and a tenth of the time to make there."""
ROOM = 2**31
"""How much must be free of it, in bytes; the tests of a process never fill a fourth of that."""
SERVER_COSTS = 5
"""How much more an example on a server costs."""
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
                if READY.search(line):
                    self._server = server
                    self._reading = Thread(target=server.stderr.read)  # or it would stop when the pipe is full
                    self._reading.start()
                    return
            server.wait()
            server.stderr.close()
        raise AssertionError(told.decode())

    def become_replica(self) -> None:
        """From the next start on it reads alone, as one that follows another."""
        signal_file = self._data / "standby.signal"
        signal_file.touch()
        if os.geteuid() == 0:
            shutil.chown(signal_file, OWNER, OWNER)

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

    def new_database(self, like: str = "template1") -> str:
        """An empty database, or a copy of another that nobody is connected to; returns its URL."""
        name = f"t{os.getpid()}_{next(_databases)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {like}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Do away with a database, whoever is connected to it."""
        self._run(f"DROP DATABASE {name_of(url)} WITH (FORCE)")

    def _run(self, statement: LiteralString) -> None:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)


def name_of(url: str) -> str:
    """The database that one of our URLs names."""
    return url.partition("@/")[2].partition("?")[0]


class Copies:
    """Databases of one kind that begin alike: one is filled, and the others are copies of it, which is quicker."""

    def __init__(self, kind: str, folder: Path, cluster: Cluster | None) -> None:
        self.kind = kind
        self._folder = folder
        self._cluster = cluster
        self._filled: dict[Callable[[Store], object], Path | str] = {}

    def new(self, fill: Callable[[Store], object] = Store.close) -> Path | str:
        """A database as `fill` leaves it, which is called once for all copies."""
        if fill not in self._filled:
            place = self.empty()
            with Store.open(place) as store:
                fill(store)
            self._filled[fill] = place
        return self._copy(self._filled[fill])

    def drop(self, place: Path | str) -> None:
        """Do away with a database; whoever has it open has closed it."""
        if isinstance(place, Path):
            shutil.rmtree(place.parent)
        elif self._cluster is not None:
            self._cluster.drop(place)

    @contextmanager
    def one(self, fill: Callable[[Store], object] = Store.close) -> Iterator[Path | str]:
        """A database that is there as long as the block."""
        place = self.new(fill)
        try:
            yield place
        finally:
            self.drop(place)

    def empty(self) -> Path | str:
        """A database without tables."""
        if self._cluster is not None:
            return self._cluster.new_database()
        return Path(tempfile.mkdtemp(dir=self._folder)) / "office.db"

    def _copy(self, place: Path | str) -> Path | str:
        if self._cluster is not None:
            return self._cluster.new_database(like=name_of(str(place)))
        made = self.empty()
        shutil.copy(place, made)
        return made


def everything_in(place: Path | str) -> bytes:
    """All that a database keeps: the bytes of its files, or the rows of its tables as PostgreSQL writes them out."""
    if isinstance(place, Path):
        return b"".join(file.read_bytes() for file in place.parent.iterdir())
    import psycopg

    with psycopg.connect(place) as connection, connection.cursor() as cursor:
        found = []
        for table in metadata.sorted_tables:
            with cursor.copy(psycopg.sql.SQL("COPY {} TO STDOUT (FORMAT BINARY)").format(
                psycopg.sql.Identifier(table.name))) as copied:  # fmt: skip
                found += [bytes(part) for part in copied]
        return b"".join(found)


def play(machine: type[RuleBasedStateMachine], copies: Copies, *, examples: int, steps: int) -> None:
    """Play a state machine that makes each of its examples a database of `copies`; fewer where one costs more."""
    over = type(machine.__name__, (machine,), {"copies": copies})
    most = examples if copies.kind == "sqlite" else -(-examples // SERVER_COSTS)
    run_state_machine_as_test(over, settings=settings(max_examples=most, stateful_step_count=steps))


def has_room(folder: Path) -> bool:
    """Whether a cluster can be there."""
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM


@contextmanager
def running_cluster(**settings: str) -> Iterator[Cluster]:
    """A cluster that runs while the block does; the test is skipped where there can be none."""
    if (why := missing()) is not None:
        pytest.skip(why)
    # A socket's path is short, and its folder the server's own.
    folder = Path(tempfile.mkdtemp(prefix="bf-pg-", dir=MEMORY if has_room(MEMORY) else None))
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
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """An empty database of each kind in turn: a file to be made, or a URL."""
    if request.param == "sqlite":
        yield tmp_path / "office.db"
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.new_database()
        yield url
        cluster.drop(url)


@pytest.fixture(scope="session")
def copiers() -> dict[str, Copies]:
    """What `copies` hands out, by kind."""
    return {}


@pytest.fixture(params=KINDS)
def copies(
    request: pytest.FixtureRequest, copiers: dict[str, Copies], tmp_path_factory: pytest.TempPathFactory
) -> Copies:  # fmt: skip
    """Databases that begin alike, of each kind in turn."""
    kind: str = request.param
    if kind not in copiers:
        cluster: Cluster | None = request.getfixturevalue("cluster") if kind == "postgresql" else None
        copiers[kind] = Copies(kind, tmp_path_factory.mktemp("copies"), cluster)
    return copiers[kind]


class Shared(NamedTuple):
    """A store that tests take turns with, and where it is."""

    place: Path | str
    store: Store


@pytest.fixture(scope="session")
def stores() -> Iterator[dict[str, Shared]]:
    """The stores that are emptied and handed out, by kind: making one for each test would take longer than the test."""
    found: dict[str, Shared] = {}
    yield found
    for one in found.values():
        one.store.close()


@pytest.fixture(params=KINDS)
def shared(
    request: pytest.FixtureRequest, stores: dict[str, Shared], tmp_path_factory: pytest.TempPathFactory
) -> Shared:  # fmt: skip
    """An emptied store of each kind in turn; of its audit log alone more may be there."""
    kind: str = request.param
    if kind not in stores:
        cluster: Cluster | None = request.getfixturevalue("cluster") if kind == "postgresql" else None
        place = tmp_path_factory.mktemp("office") / "office.db" if cluster is None else cluster.new_database()
        stores[kind] = Shared(place, Store.open(place))
    wipe(stores[kind].store)
    return stores[kind]


@pytest.fixture
def store(shared: Shared) -> Store:
    """An emptied store of each kind in turn."""
    return shared.store


def wipe(store: Store) -> None:
    """Empty every table of ours but those that let nothing go; tests that write them have databases of their own."""
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if not table.name.startswith(("audit_", "bundle_", "list_", "merchant_", "signing_")):
                connection.execute(delete(table))
