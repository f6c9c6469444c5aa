"""The office's database: opened with its schema up to date, read and written in short transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, create_engine, event, make_url, select, update
from sqlalchemy.exc import ArgumentError, DBAPIError

from bonafide.core.errors import StateError, UsageError
from bonafide.office.store.datadir import write_once
from bonafide.office.store.migrate import alone, is_current, migrate
from bonafide.office.store.tables import family_versions

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_TIMEOUT_MS: Final = 5_000
"""How long a writer waits for another to finish; every transaction here takes milliseconds."""
MIGRATING: Final = ".migrating"
"""What the name of the file ends with whose lock is held while a store is made or migrated."""
WAL_PAGES_MAX: Final = 1_000
"""Pages of 4 KiB after which SQLite moves the write-ahead log into the database."""
CONNECT_TIMEOUT_S: Final = 5
"""How long PostgreSQL may take to let somebody in."""
WRITERS_LOCK: Final = 0x626F6E61
"""PostgreSQL's number of the lock that one writer at a time has, as SQLite's writers have the file."""

_PRAGMAS: Final = (
    "secure_delete = ON",  # what is deleted is overwritten too
    "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF",
    f"wal_autocheckpoint = {WAL_PAGES_MAX}",
)  # fmt: skip
_WRITING: Final = "bonafide_writing"


class StoreError(StateError):
    """The office's store cannot be read or written now; whoever asks for access is refused until it can."""


class Store:
    """The office's tables in one database.

    Use: `with Store.open(data.office) as store:`, and in it `with store.reading() as connection:` or
    `with store.writing() as connection:`; a block of writing that raises leaves nothing behind.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self._writer = engine.execution_options(**{_WRITING: True})
        # What a block of reading sees must not change under it; SQLite has no other way.
        self._reader = engine if _is_sqlite(engine.url) else engine.execution_options(isolation_level="REPEATABLE READ")

    @classmethod
    def open(cls, place: Path | str) -> Store:
        """The store in an SQLite file, which is made where it is missing, or at a database URL.

        Several processes may open it at once, also the first time. Raises StoreError where it cannot be opened,
        UsageError where the URL is none or what it needs is not installed.
        """
        url = URL.create("sqlite", database=str(place)) if isinstance(place, Path) else _url(place)
        store = cls(_engine(url), str(place) if isinstance(place, Path) else url.render_as_string(hide_password=True))
        try:
            with store._errors_told():
                if isinstance(place, Path):
                    store._prepare_file(place)
                else:
                    store._migrate()
        except BaseException:
            store.close()
            raise
        return store

    def _prepare_file(self, path: Path) -> None:
        """Make what is missing of an SQLite file. Where nothing is, this reads the file and waits for nobody."""
        if path.exists() and path.stat().st_size and self._in_wal() and self._is_current():
            return
        with alone(path.with_name(path.name + MIGRATING)):
            # Opening and closing the file here would end the locks that another store of this process has on it.
            write_once(path, "")
            # Not on every connection: changing this while others open the file is refused at once.
            with self.engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA journal_mode = WAL")  # type: ignore[union-attr]
            self._migrate()

    def _migrate(self) -> None:
        if not self._is_current():
            with self.writing() as connection:
                migrate(connection)

    def _is_current(self) -> bool:
        with self.reading() as connection:
            return is_current(connection, self.name)

    def _in_wal(self) -> bool:
        with self.reading() as connection:
            return bool(connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the tables throughout the block."""
        with self._errors_told(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, family: str | None = None) -> Iterator[Connection]:
        """A connection whose changes are durable when the block is left, or undone where it raises.

        There is one writer at a time; others wait, and see what it wrote. Where the connection to PostgreSQL breaks
        while it commits, StoreError leaves open whether it did: whoever writes must be able to look.
        `family` is the family of tables whose content others keep a copy of: its version grows.
        """
        with self._errors_told(), self._writer.begin() as connection:
            yield connection
            if family is not None:
                _count_change(connection, family)

    def version(self, family: str) -> int:
        """How often a family has changed: a copy in memory is as good as new while this stays the same."""
        with self.reading() as connection:
            found = connection.scalar(select(family_versions.c.version).where(family_versions.c.family == family))
        return found or 0

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *told: object) -> None:
        self.close()

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(f"{self.name}: {_plain_words(str(error.orig))}") from None
        except OSError as error:
            raise StoreError(f"{self.name}: {error.strerror or error}") from None


def _count_change(connection: Connection, family: str) -> None:
    ours = family_versions.c.family == family
    table = family_versions
    if not connection.execute(update(table).where(ours).values(version=table.c.version + 1)).rowcount:
        connection.execute(table.insert().values(family=family, version=1))


def _url(place: str) -> URL:
    try:
        url = make_url(place)
    except ArgumentError:
        raise UsageError("this is no database URL; give one such as postgresql://user@host/name") from None
    # Without a driver in its name SQLAlchemy would look for another one than we install.
    return url.set(drivername="postgresql+psycopg") if url.drivername in {"postgresql", "postgres"} else url


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _server_engine(url: URL) -> Engine:
    try:
        given = {"connect_timeout": CONNECT_TIMEOUT_S}
        engine = create_engine(url, connect_args=given, pool_pre_ping=True, hide_parameters=True)
    except ImportError:
        told = "PostgreSQL needs psycopg, which is not installed; pip install 'bonafide[postgres]'"
        raise UsageError(told) from None
    event.listen(engine, "begin", _take_turn)
    return engine


def _take_turn(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITING, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")


def _engine(url: URL) -> Engine:
    if not _is_sqlite(url):
        return _server_engine(url)
    # Without an isolation level the driver begins nothing by itself, so that what begins is said below.
    given = {"isolation_level": None, "timeout": BUSY_TIMEOUT_MS / 1_000}
    engine = create_engine(url, connect_args=given, hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: Any, _: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A writer that began by reading would be refused, without waiting, where another wrote in between.
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _plain_words(told: str) -> str:
    """What the database says of itself, and the way out."""
    ways = {
        "locked": f"another process has been writing for more than {BUSY_TIMEOUT_MS / 1_000:.0f} s; try again",
        "full": "the disk is full; make room and try again",
        "readonly": "may not be written; look at its owner and mode",
        "malformed": "is damaged; restore it from a backup",
        "not a database": "is damaged or no database; restore it from a backup",
    }
    return next((way for word, way in ways.items() if word in told), f"cannot be used: {' '.join(told.split())}")
