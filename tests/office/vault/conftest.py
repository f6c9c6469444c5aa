"""Each test has a database of its own."""

from __future__ import annotations

import pytest

from bonafide.office.store.database import Store
from bonafide.office.vault.vault import Vault
from tests.office.audit.kit import Clock, place, store
from tests.office.vault.kit import open_vault

__all__ = ["clock", "place", "store", "vault"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault(store: Store, clock: Clock) -> Vault:
    return open_vault(store, clock)
