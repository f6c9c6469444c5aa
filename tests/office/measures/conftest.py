"""Each test has a database of its own, with people in it: measures are never taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.office.audit.kit import store
from tests.office.databases import Copies
from tests.office.measures.kit import settle_people

__all__ = ["store"]


@pytest.fixture
def place(copies: Copies) -> Iterator[Path | str]:
    """The store's file or URL."""
    with copies.one(settle_people) as made:
        yield made
