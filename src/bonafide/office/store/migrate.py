"""The schema of the office's store, brought up to date when it is opened.

A store that is up to date answers one question and goes on; alembic is loaded only where there is something to do.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import inspect, text

from bonafide.core.errors import StateError

if TYPE_CHECKING:
    from sqlalchemy import Connection

VERSIONS: Final = Path(__file__).parent / "versions"
REVISIONS: Final = ("0001",)
"""Every revision in its order; the last is what this version of Bonafide reads and writes."""

Transaction = Callable[[], AbstractContextManager["Connection"]]


def bring_up_to_date(reading: Transaction, writing: Transaction, lock: Path | None, name: str) -> None:
    """Run the migrations that are missing, all of them or none.

    Whoever comes while another process migrates waits for it at `lock`. Raises StateError where a later version of
    Bonafide has written the store.
    """
    if _is_current(reading, name):
        return
    with _locked(lock):
        if not _is_current(reading, name):
            with writing() as connection:
                migrate(connection)


def migrate(connection: Connection, target: str = REVISIONS[-1]) -> None:
    """Run the migrations up to `target` in the transaction that has begun."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(VERSIONS.parent), version_locations=[str(VERSIONS)])

    def steps(revision: str, _: MigrationContext) -> Any:
        return scripts._upgrade_revs(target, revision)

    context = MigrationContext.configure(connection, opts={"fn": steps, "transactional_ddl": True})
    with Operations.context(context):
        context.run_migrations()


def _is_current(reading: Transaction, name: str) -> bool:
    with reading() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in REVISIONS:
        told = f"its schema is {found}, and this version of Bonafide knows schemas up to {REVISIONS[-1]}"
        raise StateError(f"{name}: {told}; use the version that wrote it, or a later one")
    return bool(found == REVISIONS[-1])


@contextmanager
def _locked(path: Path | None) -> Iterator[None]:
    """Holds a file's lock, which ends with the process at the latest. The file stays: removing it would let two in."""
    if path is None:
        yield
        return
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
