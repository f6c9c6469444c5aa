"""Migrations of the office's store, in their order."""
