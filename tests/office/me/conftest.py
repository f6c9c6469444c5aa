"""Each test has a database of its own."""

from __future__ import annotations

from tests.office.audit.kit import place, store

__all__ = ["place", "store"]
