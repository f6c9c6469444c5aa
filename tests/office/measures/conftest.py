"""Each test has a database of its own: measures are never taken away."""

from tests.office.audit.kit import place, store

__all__ = ["place", "store"]
