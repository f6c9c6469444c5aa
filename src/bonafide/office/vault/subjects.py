"""A subject as the vault names it, and its row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Table, select, tuple_

from bonafide.core.errors import UsageError
from bonafide.core.events import ID_LENGTH_MAX
from bonafide.core.text import is_tidy, to_nfc
from bonafide.office.store.tables import subject_fields, subjects
from bonafide.office.vault.errors import UnknownSubjectError
from bonafide.office.vault.fields import ID_FIELD, check_type
from bonafide.office.vault.pseudonym import pseudonym_of, show_pseudonym

if TYPE_CHECKING:
    from sqlalchemy import Connection

ROOM: Final = 500
"""Rows that one question asks for by name."""


class Subject(NamedTuple):
    """A type and a pseudonym: all that logs, messages and the audit log say of somebody."""

    subject_type: str
    pseudonym: int

    @classmethod
    def of(cls, subject_type: str, subject_id: str, secret: bytes) -> Subject:
        """The subject that an id names, under the data directory's secret; UsageError for what is no id."""
        found = to_nfc(subject_id, ID_LENGTH_MAX)
        if not 1 <= len(found) <= ID_LENGTH_MAX or not is_tidy(found):
            raise UsageError(f"id: give 1 to {ID_LENGTH_MAX} characters without control characters")
        return cls(check_type(subject_type), pseudonym_of(found, secret))

    def __str__(self) -> str:
        return f"{self.subject_type}/{show_pseudonym(self.pseudonym)}"

    @property
    def on_what(self) -> str:
        """What the audit log calls it."""
        return f"subject:{self}"

    @property
    def place(self) -> str:
        """What its sealed data is bound to."""
        return f"subject {self}"

    def is_in(self, table: Table) -> ColumnElement[bool]:
        """The rows of this subject in a table."""
        return (table.c.subject_type == self.subject_type) & (table.c.pseudonym == self.pseudonym)


def find_subject(connection: Connection, subject: Subject, *, to_change: bool = False) -> Any | None:
    """The row of a subject, or None; `to_change` keeps others from changing it until the transaction ends."""
    asked = select(subjects).where(subject.is_in(subjects))
    return connection.execute(asked.with_for_update() if to_change else asked).one_or_none()


def find_ids(connection: Connection, wanted: Sequence[Subject]) -> Iterator[Any]:
    """Of each subject that is known and not to be forgotten: (subject_type, pseudonym, wrapped, sealed id)."""
    columns = (subjects.c.subject_type, subjects.c.pseudonym, subjects.c.wrapped, subject_fields.c.sealed)
    used = (subject_fields.c.field == ID_FIELD) & subjects.c.restricted_ms.is_(None)
    asked, pair = select(*columns).select_from(subjects.join(subject_fields)), tuple_(*columns[:2])
    for at in range(0, len(wanted), ROOM):
        yield from connection.execute(asked.where(used, pair.in_(wanted[at : at + ROOM])))


def known_subject(connection: Connection, subject: Subject, *, to_change: bool = False) -> Any:
    """The row of a subject; UnknownSubjectError where nothing is kept of it."""
    found = find_subject(connection, subject, to_change=to_change)
    if found is None:
        raise UnknownSubjectError(f"{subject}: nothing is kept of this subject")
    return found
