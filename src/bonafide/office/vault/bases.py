"""Who was forgotten while the journal kept bases of decisions about them.

The store has no transaction in common with the journal. So forgetting leaves a mark in its own, and the deciding
service deletes the bases and then the mark.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from bonafide.office.store.tables import forgotten_bases
from bonafide.office.vault.subjects import Subject

if TYPE_CHECKING:
    from sqlalchemy import Connection

NAMED: Final = frozenset({"user", "merchant"})
"""Whom bases are about."""


def mark_for_bases(connection: Connection, gone: Collection[Subject], now_ms: int) -> None:
    """Have the bases of decisions about these deleted."""
    for subject in gone:
        if subject.subject_type in NAMED:
            connection.execute(delete(forgotten_bases).where(subject.is_in(forgotten_bases)))
            connection.execute(forgotten_bases.insert().values(**subject._asdict(), forgotten_ms=now_ms))


def marked_for_bases(connection: Connection) -> dict[Subject, int]:
    """Whose bases are to be deleted, and when they were forgotten."""
    rows = connection.execute(select(forgotten_bases))
    return {Subject(row.subject_type, row.pseudonym): row.forgotten_ms for row in rows}


def unmark_for_bases(connection: Connection, gone: Mapping[Subject, int]) -> None:
    """They are deleted, as far as nobody was forgotten again meanwhile."""
    for subject, forgotten_ms in gone.items():
        same = subject.is_in(forgotten_bases) & (forgotten_bases.c.forgotten_ms == forgotten_ms)
        connection.execute(delete(forgotten_bases).where(same))
