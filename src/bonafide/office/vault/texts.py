"""What events name together with a subject, such as its devices and addresses, in the vault's table of texts.

A text is known by its kind and the hash that stands for it in the journal. It lies under the key of whoever it belongs
to, once for each of them, so that forgetting one takes it from nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, delete, exists, or_, select

from bonafide.core.pseudonym import PARTIES
from bonafide.office.store.tables import forgotten_subjects, legal_holds, subject_fields, subject_texts, subjects
from bonafide.office.vault.fields import ID_FIELD
from bonafide.office.vault.retention import RETENTION
from bonafide.office.vault.subjects import Subject

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

OWNERS_SHOWN_MAX: Final = 1_000
"""Subjects that are told of a text: an address of a network may be a million people's."""
FIELD_OF_KIND: Final = {
    "phone": "phone", "street": "address", "person": "id_no", "legal_name": "legal_name",
    "registration_no": "registration_no", "account": "account_no",
}  # fmt: skip
"""Kind of a text -> the field that it is found by where somebody searches; other kinds are found by their whole id."""


def place_of(owner: Subject, text: Subject) -> str:
    """What the sealed text is bound to."""
    return f"{owner.place} names {text}"


def is_text(text: Subject) -> Any:
    """The rows of a text, whosever it is."""
    return (subject_texts.c.kind == text.subject_type) & (subject_texts.c.hash == text.pseudonym)


def texts_of(connection: Connection, owner: Subject) -> list[Any]:
    """The rows of the texts that belong to a subject, in the order of their kinds."""
    table = subject_texts
    return list(connection.execute(
        select(table).where(owner.is_in(table)).order_by(table.c.kind, table.c.hash)
    ))  # fmt: skip


def owners_of(connection: Connection, text: Subject) -> list[Subject]:
    """Whose a text is, at most OWNERS_SHOWN_MAX of them."""
    return [Subject(*row) for row in connection.execute(_owners(text).limit(OWNERS_SHOWN_MAX))]


def has_owner(connection: Connection, text: Subject) -> bool:
    """Whether a text is anybody's."""
    return connection.execute(_owners(text).limit(1)).one_or_none() is not None


def owners_who_may_hinder(connection: Connection, text: Subject, now_ms: int) -> Iterator[Subject]:
    """Of those a text belongs to: on whom a hold stands, or whose data a law asks to keep for some time."""
    held = exists().where(
        legal_holds.c.subject_type == subject_texts.c.subject_type,
        legal_holds.c.pseudonym == subject_texts.c.pseudonym,
        legal_holds.c.lifted_ms.is_(None),
        legal_holds.c.expires_ms > now_ms,
    )
    kept = exists().where(
        subjects.c.subject_type == subject_texts.c.subject_type,
        subjects.c.pseudonym == subject_texts.c.pseudonym,
        subjects.c.retention.in_([one.name for one in RETENTION.values() if one.minimum_ms]),
    )
    for row in connection.execute(_owners(text).where(or_(held, kept))):
        yield Subject(*row)


def _owners(text: Subject) -> Select[Any]:
    return select(subject_texts.c.subject_type, subject_texts.c.pseudonym).where(is_text(text))


def find_texts(connection: Connection, wanted: Sequence[Subject]) -> Iterator[Any]:
    """A row of each text that is to be had: (kind, hash, subject_type, pseudonym, sealed, wrapped). What belongs to
    nobody but who is to be forgotten is not."""
    table = subject_texts
    columns = (table.c.kind, table.c.hash, table.c.subject_type, table.c.pseudonym, table.c.sealed, subjects.c.wrapped)
    asked = select(*columns).select_from(table.join(subjects)).where(subjects.c.restricted_ms.is_(None))
    for text in wanted:  # one by one: each may belong to very many
        yield from connection.execute(asked.where(is_text(text)).limit(1))


def find_blind(connection: Connection, blind: bytes, field: str, most: int) -> list[Subject]:
    """Who has a field, or names a text, of a keyed hash, without who is to be forgotten."""
    used, found = subjects.c.restricted_ms.is_(None), set[Subject]()
    kinds = [kind for kind, name in FIELD_OF_KIND.items() if name == field]
    fields = subject_fields.c.field == field
    own = (subject_fields.c.field == ID_FIELD) & subject_fields.c.subject_type.in_(kinds)
    for table, what in ((subject_fields, fields | own), (subject_texts, subject_texts.c.kind.in_(kinds))):
        asked = select(table.c.subject_type, table.c.pseudonym).select_from(table.join(subjects))
        asked = asked.where(table.c.blind == blind, used, what).limit(most)
        found.update(Subject(*row) for row in connection.execute(asked))
    return sorted(found)[:most]


def drop_texts(connection: Connection, subject: Subject) -> list[Subject]:
    """Delete the texts of a subject, and those of others that are the subject itself; returns the subject's own that
    belong to nobody else now, and are nobody's name: a person has data of their own."""
    own = [Subject(row.kind, row.hash) for row in texts_of(connection, subject)]
    connection.execute(delete(subject_texts).where(or_(subject.is_in(subject_texts), is_text(subject))))
    return [text for text in own if text.subject_type not in PARTIES and not has_owner(connection, text)]


def mark_forgotten(connection: Connection, gone: Collection[Subject], intake_id: int) -> None:
    """Of what waits in the journal's intake, up to a row, nothing of these is to be taken in."""
    if intake_id > 0 and gone:
        for subject in gone:
            connection.execute(delete(forgotten_subjects).where(subject.is_in(forgotten_subjects)))
        rows = [{**subject._asdict(), "intake_id": intake_id} for subject in gone]
        connection.execute(forgotten_subjects.insert(), rows)


def forgotten_until(connection: Connection, first_id: int) -> dict[Subject, int]:
    """Who was forgotten while rows from `first_id` on waited, and up to which row; the others need not be known."""
    table = forgotten_subjects
    connection.execute(delete(table).where(table.c.intake_id < first_id))
    return {Subject(row.subject_type, row.pseudonym): row.intake_id for row in connection.execute(select(table))}


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows whose primary key is not there yet."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        connection.execute(sqlite_insert(table).on_conflict_do_nothing(), rows)
    else:
        from sqlalchemy.dialects.postgresql import insert

        connection.execute(insert(table).on_conflict_do_nothing(), rows)
