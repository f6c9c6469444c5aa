"""Stores and journals of these tests get their tables as the office's do."""

from tests.schemas import remember_migrations

remember_migrations()
