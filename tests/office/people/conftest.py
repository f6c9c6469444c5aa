"""Each test has a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bonafide.office.store.database import Store
from tests.office.audit.kit import place, store
from tests.office.people.door import Door
from tests.office.people.issuer import Issuer, running_issuer
from tests.office.people.kit import Office

__all__ = ["place", "store"]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """A provider of identities on loopback."""
    with running_issuer() as one:
        yield one


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office in a file."""
    with Store.open(tmp_path / "office.db") as opened:
        yield Office(opened)


@pytest.fixture
def door(office: Office, issuer: Issuer) -> Door:
    """A desk for people who come from a provider."""
    return Door(office, issuer)
