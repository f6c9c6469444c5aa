"""What all tables of the office are declared in, and how their constraints are called."""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}  # fmt: skip
"""Constraints get names, so that a later migration can change them."""

metadata: Final = MetaData(naming_convention=NAMING)
