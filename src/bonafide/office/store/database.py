"""The office's database: opened with its schema up to date, read and written in short transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFreeError

from bonafide.core.errors import StateError, UsageError
from bonafide.core.secret import Secret
from bonafide.office.store.datadir import write_once
from bonafide.office.store.engines import OUTSIDE, PATIENT, WRITING, engine_of, is_sqlite, show_place, url_of
from bonafide.office.store.migrate import alone, is_current, migrate
from bonafide.office.store.tables import family_versions
from bonafide.office.store.trouble import ONLY_READS, UNSURE, plain_words

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

MIGRATING: Final = ".migrating"
"""What the name of the file ends with whose lock is held while a store is made or migrated."""


class StoreError(StateError):
    """The office's store cannot be read or written now; whoever asks for access is refused until it can.

    Nothing was changed, and nothing is tried again by itself; the next call connects anew where that is needed.
    """


class UnsureError(StoreError):
    """The connection broke while a change was made durable: whoever wrote must look whether it was."""


class Store:
    """The office's tables in one database.

    Use: `with Store.open(data.office) as store:`, and in it `with store.reading() as connection:` or
    `with store.writing() as connection:`; a block of writing that raises leaves nothing behind.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.compacted_at: int | None = None
        """How much had been forgotten when this store last wrote its file anew; None before it did."""
        self._writer = engine.execution_options(**{WRITING: True})
        self._reader, self._upkeep = engine, engine.execution_options(**{OUTSIDE: True})
        if self.is_remote:
            # What a block of reading sees must not change under it; SQLite has no other way.
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._upkeep = self._upkeep.execution_options(isolation_level="AUTOCOMMIT")

    @classmethod
    def open(cls, place: Path | str | Secret) -> Store:
        """The store in an SQLite file, which is made where it is missing, or at the URL of a PostgreSQL database.

        Several processes may open it at once, also the first time. Raises StoreError where it cannot be opened,
        UsageError where the URL is none or what it needs is not installed. No message holds the URL's password.
        """
        url = url_of(place)
        store = cls(engine_of(url), show_place(url))
        try:
            with store._errors_told():
                if isinstance(place, Path):
                    store._prepare_file(place)
                else:
                    store._check_server()
                    store._migrate()
        except BaseException:
            store.close()
            raise
        return store

    @property
    def is_remote(self) -> bool:
        """Whether asking it may take as long as a network takes to say that nobody is there."""
        return not is_sqlite(self.engine.url)

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

    def _check_server(self) -> None:
        with self.reading() as connection:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
            only_reads = connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar()
        if only_reads:
            raise StoreError(f"{self.name}: {ONLY_READS}")
        if encoding != "UTF8":
            raise UsageError(f"{self.name}: its texts are in {encoding}; make it anew with ENCODING 'UTF8'")

    def _migrate(self) -> None:
        if not self._is_current():
            # Whoever comes second waits until the first has migrated, however long it takes.
            with self._errors_told(), self._writer.execution_options(**{PATIENT: True}).begin() as connection:
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
        while it commits, UnsureError leaves open whether it did: whoever writes must be able to look.
        `family` is the family of tables whose content others keep a copy of: its version grows.
        """
        with self._errors_told(), self._writer.connect() as connection, connection.begin() as transaction:
            yield connection
            if family is not None:
                count_change(connection, family)
            with self._unsure_told():
                transaction.commit()

    @contextmanager
    def outside(self) -> Iterator[Connection]:
        """A connection on which each statement stands for itself, and may take as long as it needs: for upkeep."""
        with self._errors_told(), self._upkeep.connect() as connection:
            if self.is_remote:
                # A driver may have begun a transaction to see whether the connection lives; upkeep runs in none.
                connection.connection.rollback()
                connection.exec_driver_sql("SET statement_timeout = 0")
            try:
                yield connection
            finally:
                if self.is_remote:
                    connection.invalidate()  # it would keep what was set

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
            raise StoreError(f"{self.name}: {plain_words(error)}") from None
        except NoneFreeError:
            raise StoreError(f"{self.name}: too many want it at one time; try again") from None
        except OSError as error:
            raise StoreError(f"{self.name}: {error.strerror or error}") from None

    @contextmanager
    def _unsure_told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if error.connection_invalidated:
                raise UnsureError(f"{self.name}: {UNSURE}") from None
            raise


def count_change(connection: Connection, family: str) -> None:
    """Note that a family of tables changes, from within a transaction that changes others, too."""
    ours = family_versions.c.family == family
    table = family_versions
    if not connection.execute(update(table).where(ours).values(version=table.c.version + 1)).rowcount:
        connection.execute(table.insert().values(family=family, version=1))
