"""Here each migration is run."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def each_migration_is_run(real_migrations: None) -> None:
    """No test of the store gets its tables from what was run before."""
