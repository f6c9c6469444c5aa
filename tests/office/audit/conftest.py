"""Each test has a database of its own."""

from tests.office.audit.kit import store

__all__ = ["store"]
