"""Taking in what waits in the journal's intake: each text under the key of whoever it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import select, tuple_, update

from bonafide.core.pseudonym import ClearText
from bonafide.office.audit.entry import ITSELF
from bonafide.office.audit.log import append
from bonafide.office.journal.intake import IntakeRow
from bonafide.office.store.tables import intake_taken, subject_fields, subject_texts, subjects
from bonafide.office.vault.fields import ID_FIELD
from bonafide.office.vault.retention import DEFAULT_RETENTION
from bonafide.office.vault.subjects import ROOM, Subject
from bonafide.office.vault.texts import FIELD_OF_KIND, forgotten_until, insert_new, place_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.vault.vault import Vault

KEYS_CACHED: Final = 65_536
"""Keys of subjects that are kept open, so that a text of a known subject costs no unwrapping; some 20 MB."""


class Taken(NamedTuple):
    """Up to where the intake was taken in."""

    intake_id: int
    seal: bytes


class Learner:
    """Takes rows of an intake into a vault. One thread uses it; other processes may do the same at once."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._opened = lru_cache(KEYS_CACHED)(vault.keyring.master.unwrap)

    def learn(self, rows: Sequence[IntakeRow]) -> int:
        """Take in the texts of some rows, in their order, durably when it returns; those that are there already stay.

        Returns how many subjects are new. Whoever keeps the intake learns by `taken` which rows may go. Nothing is
        taken in of who was forgotten after a row was written, nor of who is to be forgotten. Raises StateError where
        the store or its keys are not at hand; nothing was taken in then.
        """
        with self._vault.store.writing() as connection:
            gone = forgotten_until(connection, rows[0].id)
            texts = _by_owner(rows, gone)
            keys, fresh = self._keys_of(connection, {owner for owner, _ in texts})
            self._write(connection, [(owner, one, keys[owner]) for (owner, _), one in texts.items() if owner in keys])
            if fresh:
                now = self._vault.clock()
                append(connection, ITSELF, "subject.remember", "subjects", now, details={"count": fresh})
            _put_taken(connection, Taken(rows[-1].id, rows[-1].seal))
        return fresh

    def _keys_of(self, connection: Connection, owners: set[Subject]) -> tuple[dict[Subject, bytes], int]:
        """The keys of subjects, without those who are to be forgotten; who is not there yet is made. And how many
        were."""
        wanted, there = sorted(owners), dict[Subject, Any]()
        columns = (subjects.c.subject_type, subjects.c.pseudonym, subjects.c.wrapped, subjects.c.restricted_ms)
        pair = tuple_(subjects.c.subject_type, subjects.c.pseudonym)
        for at in range(0, len(wanted), ROOM):
            for row in connection.execute(select(*columns).where(pair.in_(wanted[at : at + ROOM]))):
                there[Subject(row.subject_type, row.pseudonym)] = row
        keys = {
            owner: self._opened(bytes(row.wrapped), owner.place)
            for owner, row in there.items()
            if row.restricted_ms is None
        }
        new = [owner for owner in wanted if owner not in there]
        if new:
            keys |= self._make(connection, new)
        return keys, len(new)

    def _make(self, connection: Connection, new: Sequence[Subject]) -> dict[Subject, bytes]:
        keyring, now = self._vault.keyring, self._vault.clock()
        keyring.follow(connection)
        made = {owner: keyring.new_key(owner.place) for owner in new}
        rest = {"retention": DEFAULT_RETENTION, "remembered_ms": now, "ended_ms": None, "restricted_ms": None}
        rows = [{**owner._asdict(), "wrapped": wrapped, **rest} for owner, (_, wrapped) in made.items()]
        connection.execute(subjects.insert(), rows)
        return {owner: key for owner, (key, _) in made.items()}

    def _write(self, connection: Connection, texts: Iterable[tuple[Subject, ClearText, bytes]]) -> None:
        ids, named, now = [], [], self._vault.clock()
        for owner, one, key in texts:
            text = Subject(one.kind, one.hash)
            if text == owner:
                sealed = self._vault.sealed(key, f"{owner.place} {ID_FIELD}", one.text, FIELD_OF_KIND.get(one.kind))
                ids.append({**owner._asdict(), "field": ID_FIELD, "changed_ms": now, **sealed})
            else:
                sealed = self._vault.sealed(key, place_of(owner, text), one.text, FIELD_OF_KIND.get(one.kind))
                named.append({**owner._asdict(), "kind": one.kind, "hash": one.hash, **sealed})
        insert_new(connection, subject_fields, ids)
        insert_new(connection, subject_texts, named)


def taken(connection: Connection) -> Taken | None:
    """Up to where an intake was taken in; None where none was."""
    row = connection.execute(select(intake_taken.c.intake_id, intake_taken.c.seal)).one_or_none()
    return None if row is None else Taken(row.intake_id, bytes(row.seal))


def _put_taken(connection: Connection, done: Taken) -> None:
    if not connection.execute(update(intake_taken).values(**done._asdict())).rowcount:
        connection.execute(intake_taken.insert().values(one=0, **done._asdict()))


def _by_owner(rows: Sequence[IntakeRow], gone: dict[Subject, int]) -> dict[tuple[Subject, Subject], ClearText]:
    """The texts of rows, each once for each owner, without what is not to be taken in."""
    found: dict[tuple[Subject, Subject], ClearText] = {}
    for row in rows:
        for one in row.texts or ():
            text = Subject(one.kind, one.hash)
            owner = Subject(one.owner_type, one.owner) if one.owner_type else text
            if row.id > max(gone.get(owner, 0), gone.get(text, 0)):
                found.setdefault((owner, text), one)
    return found
