"""What the office's contract tests run on."""

from tests.office.databases import cluster, copiers, copies, place, shared, store, stores
from tests.schemas import real_migrations, remember_migrations

__all__ = ["cluster", "copiers", "copies", "place", "real_migrations", "shared", "store", "stores"]

remember_migrations()
