"""Each test has a database of its own."""

from tests.office.audit.kit import place, store

__all__ = ["place", "store"]
