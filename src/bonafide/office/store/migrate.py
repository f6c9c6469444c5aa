"""The schema of the office's store, brought up to date when it is opened.

A store that is up to date answers one question and goes on; alembic is loaded only where there is something to do.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import inspect, text

from bonafide.core.errors import StateError
from bonafide.office.store.datadir import FILE_MODE

if TYPE_CHECKING:
    from sqlalchemy import Connection

VERSIONS: Final = Path(__file__).parent / "versions"
REVISIONS: Final = tuple(f"{number:04}" for number in range(1, 17))
"""Every revision in its order; the last is what this version of Bonafide reads and writes."""


def migrate(connection: Connection, target: str = REVISIONS[-1], versions: Path = VERSIONS) -> None:
    """Run the migrations of a folder up to `target` in the transaction that has begun."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(versions.parent), version_locations=[str(versions)])

    def steps(revision: str, _: MigrationContext) -> Any:
        return scripts._upgrade_revs(target, revision)

    context = MigrationContext.configure(connection, opts={"fn": steps, "transactional_ddl": True})
    with Operations.context(context):
        context.run_migrations()


def is_current(connection: Connection, name: str) -> bool:
    """Whether nothing is to be done. Raises StateError where a later version of Bonafide has written the store."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in REVISIONS:
        told = f"its schema is {found}, and this version of Bonafide knows schemas up to {REVISIONS[-1]}"
        raise StateError(f"{name}: {told}; use the version that wrote it, or a later one")
    return bool(found == REVISIONS[-1])


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process at a time; whoever comes while another is in the block waits for it.

    The lock ends with its process at the latest. The file stays: removing it would let two in.
    """
    with open(os.open(lock, os.O_WRONLY | os.O_CREAT, FILE_MODE), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
