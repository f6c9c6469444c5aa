"""Each test has a database of its own: an audit log cannot be emptied for the next one."""

from tests.office.audit.kit import store

__all__ = ["store"]
