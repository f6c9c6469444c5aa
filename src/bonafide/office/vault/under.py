"""Sealing under a subject's own key what other parts of the office keep of it: gone when the subject is forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from bonafide.office.store.tables import subject_texts, subjects
from bonafide.office.vault.boxes import box_key_id, key_id_of, seal, unseal
from bonafide.office.vault.subjects import ROOM, Subject, find_subject
from bonafide.office.vault.texts import place_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.vault.vault import Vault


def seal_under(vault: Vault, connection: Connection, subject: Subject, what: str, content: bytes) -> bytes | None:
    """A box that belongs to `what` of a subject; None where it is not known, was forgotten or is to be."""
    key = _key(vault, connection, subject)
    return None if key is None else seal(key, content, f"{subject.place} {what}", vault.keyring.draw)


def open_under(vault: Vault, connection: Connection, subject: Subject, what: str, box: bytes) -> bytes | None:
    """What is in such a box; None where the subject is not known any more, is to be forgotten, or came back with
    another key after it was forgotten."""
    key = _key(vault, connection, subject)
    if key is None or box_key_id(box) != key_id_of(key):
        return None
    return unseal(key, box, f"{subject.place} {what}")


def _key(vault: Vault, connection: Connection, subject: Subject) -> bytes | None:
    row = find_subject(connection, subject)
    if row is None or row.restricted_ms is not None:
        return None
    return vault.keyring.master.unwrap(bytes(row.wrapped), subject.place)


def texts_under(
    vault: Vault, connection: Connection, owners: Sequence[Subject], kinds: Collection[str]
) -> Iterator[tuple[Subject, Subject, str]]:
    """The texts of some kinds that belong to some subjects, clear: (owner, text, what it says). Nobody looks: whoever
    asks compares them, and shows them to nobody."""
    columns = (subject_texts, subjects.c.wrapped)
    used = (subjects.c.restricted_ms.is_(None), subject_texts.c.kind.in_(sorted(kinds)))
    pair = tuple_(subject_texts.c.subject_type, subject_texts.c.pseudonym)
    asked = select(*columns).select_from(subject_texts.join(subjects)).where(*used)
    for at in range(0, len(owners), ROOM):
        keys: dict[Subject, bytes] = {}
        for row in connection.execute(asked.where(pair.in_(owners[at : at + ROOM]))):
            owner, text = Subject(row.subject_type, row.pseudonym), Subject(row.kind, row.hash)
            if owner not in keys:
                keys[owner] = vault.keyring.master.unwrap(bytes(row.wrapped), owner.place)
            yield owner, text, unseal(keys[owner], bytes(row.sealed), place_of(owner, text)).decode()
