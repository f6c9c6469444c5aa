"""Stores for tests of the office: SQLite in a file, and PostgreSQL where Debian's package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bonafide.office.store.database import Store
from tests.office.databases import Copies

START_MS = 1_767_601_800_000


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def place(copies: Copies) -> Iterator[Path | str]:
    """An empty store's file or URL: an audit log cannot be emptied for the next test."""
    with copies.one() as made:
        yield made


@pytest.fixture
def store(place: Path | str) -> Iterator[Store]:
    """The store there."""
    with Store.open(place) as opened:
        yield opened
