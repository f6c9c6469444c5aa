"""How the office's database is connected to: an SQLite file, or a PostgreSQL server, each with its bounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from bonafide.core.errors import UsageError
from bonafide.core.secret import Secret

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_TIMEOUT_MS: Final = 5_000
"""How long a writer waits for another to finish; every transaction here takes milliseconds."""
CONNECTIONS_MAX: Final = 15
"""Connections of one process at one time, of which POOL_SIZE stay open; who finds none free waits BUSY_TIMEOUT_MS."""
POOL_SIZE: Final = 5
WAL_PAGES_MAX: Final = 1_000
"""Pages of 4 KiB after which SQLite moves the write-ahead log into the database."""
CONNECT_TIMEOUT_S: Final = 5
"""How long PostgreSQL may take to let somebody in."""
STATEMENT_TIMEOUT_MS: Final = 60_000
"""How long PostgreSQL works on one statement; and how long a transaction may do nothing while others wait for it."""
SILENT_MS: Final = 20_000
"""How long a PostgreSQL that is cut off is waited for: a network does not say that nobody is there any more."""
KEEPALIVE: Final = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3}
"""In seconds: a connection on which nothing comes is asked after 10, and given up after 9 more."""
WRITERS_LOCK: Final = 0x626F6E61
"""PostgreSQL's number of the lock that one writer at a time has, as SQLite's writers have the file."""
WRITING: Final = "bonafide_writing"
PATIENT: Final = "bonafide_patient"
OUTSIDE: Final = "bonafide_outside"
"""Execution options: who writes; who waits for the other writer however long it takes; who wants no transaction."""
DRIVER: Final = "postgresql+psycopg"
NO_DRIVER: Final = "PostgreSQL needs psycopg, which is not installed; pip install 'bonafide[postgres]'"

_PRAGMAS: Final = (
    "secure_delete = ON",  # what is deleted is overwritten too
    "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF",
    f"wal_autocheckpoint = {WAL_PAGES_MAX}",
)  # fmt: skip
# Where a server answers before a commit is on disk, ours wait for the disk all the same.
_DURABLE: Final = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
_TURN: Final = f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})"
_PATIENT_TURN: Final = f"SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; {_TURN}"
_PLACES: Final = ("host", "port", "service")
"""What of a URL's query says where a server is. The rest may hold passwords and is not shown."""
_ACCEPTED: Final = "give one such as postgresql://user@host/name"


def url_of(place: Path | str | Secret) -> URL:
    """The URL of an SQLite file or of a PostgreSQL database; UsageError, which repeats nothing, for another text."""
    if isinstance(place, Path):
        return URL.create("sqlite", database=str(place))
    try:
        url = make_url(place.reveal() if isinstance(place, Secret) else place)
    except (ArgumentError, ValueError):
        raise UsageError(f"this is no database URL; {_ACCEPTED}") from None
    # Without a driver in its name SQLAlchemy would look for another one than we install.
    if url.drivername not in {"postgresql", "postgres", DRIVER}:
        raise UsageError(f"this is no URL of PostgreSQL; {_ACCEPTED}")
    return url.set(drivername=DRIVER)


def show_place(url: URL) -> str:
    """A database as messages name it: without a password, wherever the URL has one.

    >>> show_place(url_of("postgresql://ann:sesame@db/office?sslpassword=sesame&host=db2"))
    'postgresql://ann@db/office?host=db2'
    """
    if is_sqlite(url):
        return str(url.database)
    shown = url.set(drivername="postgresql", query={k: v for k, v in url.query.items() if k in _PLACES})
    return unquote(shown._replace(password=None).render_as_string())


def is_sqlite(url: URL) -> bool:
    """Whether a URL names a file of SQLite."""
    return url.get_backend_name() == "sqlite"


def engine_of(url: URL) -> Engine:
    """Connections to a database, none of them open yet; UsageError where what it needs is not installed."""
    pool = {"pool_size": POOL_SIZE, "max_overflow": CONNECTIONS_MAX - POOL_SIZE, "hide_parameters": True,
            "pool_timeout": BUSY_TIMEOUT_MS / 1_000}  # fmt: skip
    if is_sqlite(url):
        # Without an isolation level the driver begins nothing by itself, so that what begins is said below.
        given = {"isolation_level": None, "timeout": BUSY_TIMEOUT_MS / 1_000}
        engine = create_engine(url, connect_args=given, **pool)
        event.listen(engine, "connect", _set_up_file)
        event.listen(engine, "begin", _begin)
        return engine
    try:
        # A connection is tried before it is handed out: those of before a restart of the server are made anew.
        engine = create_engine(url, connect_args=_bounds(url), pool_pre_ping=True, **pool)
    except ImportError:
        raise UsageError(NO_DRIVER) from None
    event.listen(engine, "connect", _set_up_session)
    event.listen(engine, "begin", _take_turn)
    return engine


def _bounds(url: URL) -> dict[str, Any]:
    """What every connection to a server is made with, unless its URL says otherwise."""
    given = {"connect_timeout": CONNECT_TIMEOUT_S, "tcp_user_timeout": SILENT_MS, "application_name": "bonafide"}
    return {name: value for name, value in (given | KEEPALIVE).items() if name not in url.query}


def _set_up_file(connection: Any, _: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A writer that began by reading would be refused, without waiting, where another wrote in between.
    options = connection.get_execution_options()
    if not options.get(OUTSIDE, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITING, False) else "BEGIN")


def _set_up_session(connection: Any, _: object) -> None:
    connection.autocommit = True  # or this would hold until the first transaction that fails
    for name, most in (
        ("lock_timeout", BUSY_TIMEOUT_MS), ("statement_timeout", STATEMENT_TIMEOUT_MS),
        ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT_MS),
    ):  # fmt: skip
        connection.execute(f"SET {name} = {most}")
    connection.execute(_DURABLE)
    connection.autocommit = False


def _take_turn(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(WRITING, False):
        connection.exec_driver_sql(_PATIENT_TURN if options.get(PATIENT, False) else _TURN)
