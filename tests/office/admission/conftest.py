"""A database for each test: what people decided cannot be emptied for the next one.

`store` is PostgreSQL too; `town` is SQLite alone, for what is no matter of the database.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bonafide.office.store.database import Store
from tests.office.admission.kit import Town
from tests.office.audit.kit import place, store

__all__ = ["empty", "place", "store", "town"]


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without anything in it, to be copied."""
    made = tmp_path_factory.mktemp("empty") / "office.db"
    Store.open(made).close()
    return made


@pytest.fixture
def town(empty: Path, tmp_path: Path) -> Iterator[Town]:
    """Merchants over a store in a file."""
    shutil.copy(empty, tmp_path / "office.db")
    with Store.open(tmp_path / "office.db") as opened:
        yield Town(opened, tmp_path)
