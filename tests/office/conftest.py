"""What the office's contract tests run on."""

from tests.office.databases import cluster, place, store, stores

__all__ = ["cluster", "place", "store", "stores"]
