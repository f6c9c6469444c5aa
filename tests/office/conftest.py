"""What the contract tests of the office run on: SQLite always, PostgreSQL where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.office.audit.kit import cluster, new_database, why_no_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL that runs until the tests end."""
    if missing := why_no_postgresql():
        pytest.skip(missing)
    with cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a store is to be opened; a class of contract tests runs on each."""
    if request.param == "sqlite":
        return tmp_path / "office.db"
    return new_database(request.getfixturevalue("postgresql"))
