"""What the office's contract tests run on."""

from tests.office.databases import cluster, copiers, copies, place, shared, store, stores

__all__ = ["cluster", "copiers", "copies", "place", "shared", "store", "stores"]
