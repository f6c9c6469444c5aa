"""The vault: clear data of subjects taken in, shown, searched, exported and forgotten, each with its audit entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, select, update

from bonafide.core.errors import StateError, UsageError
from bonafide.core.moment import HOUR_MS, MOMENT_MAX, show_moment
from bonafide.core.text import to_nfc
from bonafide.office.access.keys import now_ms
from bonafide.office.audit.entry import Actor, Details
from bonafide.office.audit.log import append
from bonafide.office.store.database import Store
from bonafide.office.store.tables import appeal_documents, appeals, audit_entries, subject_fields, subjects
from bonafide.office.vault.boxes import seal, unseal
from bonafide.office.vault.errors import RestrictedError
from bonafide.office.vault.fields import ID_FIELD, blind_of, check_fields
from bonafide.office.vault.holds import Holds, check_case
from bonafide.office.vault.keyring import Keyring
from bonafide.office.vault.retention import DEFAULT_RETENTION, check_retention
from bonafide.office.vault.subjects import Subject, find_ids, find_subject, known_subject
from bonafide.office.vault.texts import FIELD_OF_KIND, find_blind, find_texts, owners_of, place_of, texts_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

FAMILY: Final = "subjects"
"""Its version grows when a subject is forgotten: who keeps in memory which are known asks for that number."""
NAMED: Final = "named"
"""Of a subject's clear data: the texts that events named with it."""
NAMED_BY: Final = "named_by"
"""Of a text: the subjects that it belongs to."""
FOUND_MAX: Final = 100
"""Subjects that one search finds at most."""
LOOKS_USUAL: Final = 100
"""Looks of one person in an hour; from then on the audit log calls them unusual."""
LOOKING: Final = ("subject.look", "subject.search", "subject.export")


class Vault:
    """The clear data in one store. Whoever calls has made sure that the actor may (docs/people.md).

    `secret` is the data directory's: pseudonyms are the engine's. Methods that say `subject` take what `subject_of`
    gives, or a pseudonym that a decision names.
    """

    def __init__(
        self, store: Store, keyring: Keyring, secret: bytes, *, clock: Callable[[], int] = now_ms,
        newest_waiting: Callable[[], int] = lambda: 0,
    ) -> None:  # fmt: skip
        """newest_waiting: the newest row of the journal's intake, up to which nothing is taken in any more of who is
        forgotten."""
        self.store = store
        self.keyring = keyring
        self.holds = Holds(keyring)
        self.clock = clock
        self.newest_waiting = newest_waiting
        self._secret = secret
        self._index_key = keyring.derived("blind index")

    def subject_of(self, subject_type: str, subject_id: str) -> Subject:
        """The subject that an id names, known here or not."""
        return Subject.of(subject_type, subject_id, self._secret)

    def remember(
        self, actor: Actor, subject_type: str, subject_id: str, fields: Mapping[str, str] | None = None,
        *, retention: str | None = None,
    ) -> Subject:  # fmt: skip
        """Take in the id and clear data of a subject; a field that was there is replaced, others stay.

        `retention` names the class; without it the subject keeps the one that it has, or gets DEFAULT_RETENTION.
        UsageError for data that is not kept, RestrictedError for a subject that is to be forgotten.
        """
        kept, subject = fields or {}, self.subject_of(subject_type, subject_id)
        check_fields(kept)
        if retention is not None:
            check_retention(retention)
        with self.store.writing() as connection:
            now = self.clock()
            found = find_subject(connection, subject, to_change=True)
            if found is None:
                key = self._begin(connection, subject, subject_id, retention or DEFAULT_RETENTION, now)
            else:
                key = self._key_of(subject, found)
                _check_used(subject, found)
                self._check_same(connection, subject, key, subject_id)
                if retention is not None:
                    connection.execute(update(subjects).where(subject.is_in(subjects)).values(retention=retention))
            for name, value in kept.items():
                self._put(connection, subject, key, name, value, now)
            details = {"fields": ",".join(sorted(kept)) or ID_FIELD, "retention": retention or "as before"}
            append(connection, actor, "subject.remember", subject.on_what, now, details=details)
        return subject

    def look(self, actor: Actor, subject: Subject, *, case_id: str | None = None) -> dict[str, Any]:
        """The clear data of a subject, by field; under NAMED what events named with it, by kind, and under NAMED_BY
        whose it is itself. UnknownSubjectError, RestrictedError; the look is in the audit log."""
        return self._looked(actor, subject, "subject.look", case_id)

    def clear_of(self, kind: str, value: int) -> str | None:
        """The text that a hash stands for; None where it is not known, was forgotten, or is used for nothing.

        Nobody looks: it is the platform's own id, on its way back to the platform, so it is not in the audit log.
        """
        text = Subject(kind, value)
        return self.clear_texts([text]).get(text)

    def clear_texts(self, wanted: Sequence[Subject]) -> dict[Subject, str]:
        """The same of many, without those that are not known."""
        found: dict[Subject, str] = {}
        with self.store.reading() as connection:
            for row in find_ids(connection, wanted):
                subject = Subject(row.subject_type, row.pseudonym)
                key = self._key_of(subject, row)
                found[subject] = unseal(key, bytes(row.sealed), f"{subject.place} {ID_FIELD}").decode()
            for row in find_texts(connection, [one for one in wanted if one not in found]):
                text = Subject(row.kind, row.hash)
                if text not in found:
                    found[text] = self._named(row, row.wrapped)
        return found

    def search(self, actor: Actor, field: str, value: str) -> list[Subject]:
        """The subjects one of whose fields has this value, at most FOUND_MAX; the value itself is not in the log."""
        check_fields({field: value})
        blind = blind_of(self._index_key, field, value)
        with self.store.writing() as connection:
            found = find_blind(connection, blind, field, FOUND_MAX) if blind else []
            self._note_look(connection, actor, "subject.search", "subjects", {"field": field, "found": len(found)})
        return sorted(found)

    def search_id(self, actor: Actor, subject_type: str, subject_id: str) -> list[Subject]:
        """The subject whose id this is, where it is known and its data may be used; the id itself is not in the log."""
        subject = self.subject_of(subject_type, subject_id)
        with self.store.writing() as connection:
            known = [*find_ids(connection, [subject]), *find_texts(connection, [subject])]
            found = [subject] if known else []
            self._note_look(connection, actor, "subject.search", "subjects", {"field": ID_FIELD, "found": len(found)})
        return found

    def own(self, actor: Actor, subject: Subject) -> dict[str, Any]:
        """The clear data of a subject as it asks for it itself, through the platform: whose a text is as well is not
        told, and how often a platform asks is not unusual."""
        fields = self._looked(actor, subject, "subject.own", None)
        fields.pop(NAMED_BY, None)
        return fields

    def export(self, actor: Actor, subject: Subject, *, case_id: str | None = None) -> dict[str, Any]:
        """Everything that the office keeps of a subject, as it is given to who asks for it."""
        fields = self._looked(actor, subject, "subject.export", case_id)
        with self.store.reading() as connection:
            row = known_subject(connection, subject)
            return {
                "subject": str(subject), "fields": fields, "retention": row.retention,
                "remembered": show_moment(row.remembered_ms),
                "ended": None if row.ended_ms is None else show_moment(row.ended_ms),
                "holds": len(self.holds.standing(connection, subject, self.clock())),
            }  # fmt: skip

    def keep_held(self, connection: Connection, subject: Subject, now: int) -> set[Subject]:
        """Put those texts of a subject on which a hold of their own stands under keys of their own; returns which."""
        kept = set()
        for row in texts_of(connection, subject):
            text = Subject(row.kind, row.hash)
            if not self.holds.standing(connection, text, now):
                continue
            kept.add(text)
            if find_subject(connection, text) is None:
                owner = known_subject(connection, subject)
                self._begin(connection, text, self._named(row, owner.wrapped), DEFAULT_RETENTION, now)
        return kept

    def end(self, actor: Actor, subject: Subject, ended_ms: int | None = None) -> None:
        """The relation with a subject ended: from then on its retention counts."""
        with self.store.writing() as connection:
            known_subject(connection, subject, to_change=True)
            now = self.clock()
            ended = now if ended_ms is None else ended_ms
            if not 0 <= ended <= min(now, MOMENT_MAX):
                raise UsageError("the relation's end: give a moment that has passed")
            connection.execute(update(subjects).where(subject.is_in(subjects)).values(ended_ms=ended))
            append(connection, actor, "subject.end", subject.on_what, now, details={"ended_ms": ended})

    def _looked(self, actor: Actor, subject: Subject, what: str, case_id: str | None) -> dict[str, Any]:
        if case_id is not None:
            check_case(case_id)
        with self.store.writing() as connection:
            row, owners = find_subject(connection, subject), owners_of(connection, subject)
            if row is None and not owners:
                known_subject(connection, subject)
            fields = self._clear_fields(connection, subject, row)
            if owners:
                fields[NAMED_BY] = sorted(map(str, owners))
            details = {"fields": ",".join(fields), "case": case_id}
            self._note_look(connection, actor, what, subject.on_what, details)
        return fields

    def _clear_fields(self, connection: Connection, subject: Subject, row: Any) -> dict[str, Any]:
        if row is None:  # only others have it, under their keys
            found = next(iter(find_texts(connection, [subject])), None)
            if found is None:
                raise RestrictedError(_restricted(subject))
            return {ID_FIELD: self._named(found, found.wrapped)}
        _check_used(subject, row)
        key = self._key_of(subject, row)
        asked = select(subject_fields).where(subject.is_in(subject_fields)).order_by(subject_fields.c.field)
        fields: dict[str, Any] = {
            one.field: unseal(key, bytes(one.sealed), f"{subject.place} {one.field}").decode()
            for one in connection.execute(asked)
        }
        named: dict[str, list[str]] = {}
        for one in texts_of(connection, subject):
            named.setdefault(one.kind, []).append(self._named(one, row.wrapped))
        return fields | ({NAMED: {kind: sorted(texts) for kind, texts in named.items()}} if named else {})

    def _named(self, row: Any, wrapped: bytes) -> str:
        owner, text = Subject(row.subject_type, row.pseudonym), Subject(row.kind, row.hash)
        key = self.keyring.master.unwrap(bytes(wrapped), owner.place)
        return unseal(key, bytes(row.sealed), place_of(owner, text)).decode()

    def _note_look(self, connection: Connection, actor: Actor, what: str, on_what: str, details: Details) -> None:
        """An entry for a look; it says where somebody looks more often than is usual."""
        now = self.clock()
        ours = (audit_entries.c.who == actor.who) & audit_entries.c.what.in_(LOOKING)
        recent = ours & (audit_entries.c.made_ms > now - HOUR_MS)
        looks = connection.scalar(select(func.count()).select_from(audit_entries).where(recent)) or 0
        told = {**details, "unusual": looks + 1} if looks >= LOOKS_USUAL else details
        append(connection, actor, what, on_what, now, details=told)

    def _begin(self, connection: Connection, subject: Subject, subject_id: str, retention: str, now: int) -> bytes:
        """Take in a new subject with its id; returns its key."""
        self.keyring.follow(connection)
        row, field = self._new_rows(subject, subject_id, retention, now)
        connection.execute(subjects.insert().values(**row))
        connection.execute(subject_fields.insert().values(**field))
        return self.keyring.master.unwrap(row["wrapped"], subject.place)

    def _new_rows(
        self, subject: Subject, subject_id: str, retention: str, now: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
        key, wrapped = self.keyring.new_key(subject.place)
        row = {"wrapped": wrapped, "retention": retention, "remembered_ms": now, "ended_ms": None,
               "restricted_ms": None}  # fmt: skip
        kept = self.sealed(key, f"{subject.place} {ID_FIELD}", _normal(subject_id), FIELD_OF_KIND.get(subject[0]))
        field = {"field": ID_FIELD, "changed_ms": now, **kept}
        return subject._asdict() | row, subject._asdict() | field

    def sealed(self, key: bytes, place: str, value: str, field: str | None) -> dict[str, bytes | None]:
        """A value in a box of `key` that is bound to a place, and what it is found by as this field."""
        blind = None if field is None else blind_of(self._index_key, field, value)
        return {"sealed": seal(key, value.encode(), place, self.keyring.draw), "blind": blind}

    def _put(self, connection: Connection, subject: Subject, key: bytes, field: str, value: str, now: int) -> None:
        values = {**self.sealed(key, f"{subject.place} {field}", value, field), "changed_ms": now}
        ours = subject.is_in(subject_fields) & (subject_fields.c.field == field)
        if not connection.execute(update(subject_fields).where(ours).values(**values)).rowcount:
            row = subject._asdict() | {"field": field} | values
            connection.execute(subject_fields.insert().values(**row))

    def key_in(self, connection: Connection, subject: Subject) -> bytes | None:
        """The key of a subject, for what another part of the office seals under it, so that forgetting takes that too;
        None where nothing is kept of it. RestrictedError of one that is to be forgotten."""
        row = find_subject(connection, subject)
        if row is None:
            return None
        _check_used(subject, row)
        return self._key_of(subject, row)

    def _key_of(self, subject: Subject, row: Any) -> bytes:
        return self.keyring.master.unwrap(bytes(row.wrapped), subject.place)

    def _check_same(self, connection: Connection, subject: Subject, key: bytes, subject_id: str) -> None:
        """StateError where another id has this pseudonym already, which two ids have with probability 2**-64."""
        ours = subject.is_in(subject_fields) & (subject_fields.c.field == ID_FIELD)
        sealed = connection.scalar(select(subject_fields.c.sealed).where(ours))
        if sealed is None:  # events named something of it, and its id has not come yet
            now = self.clock()
            kept = self.sealed(key, f"{subject.place} {ID_FIELD}", _normal(subject_id), FIELD_OF_KIND.get(subject[0]))
            row = subject._asdict() | {"field": ID_FIELD, "changed_ms": now} | kept
            connection.execute(subject_fields.insert().values(**row))
        elif unseal(key, bytes(sealed), f"{subject.place} {ID_FIELD}").decode() != _normal(subject_id):
            raise StateError(f"{subject}: another id has this pseudonym; only the first is kept")


def _normal(subject_id: str) -> str:
    return to_nfc(subject_id, len(subject_id))


def _check_used(subject: Subject, row: Any) -> None:
    if row.restricted_ms is not None:
        raise RestrictedError(_restricted(subject))


def _restricted(subject: Subject) -> str:
    return f"{subject}: is to be forgotten; until the law lets it, its data is used for nothing"


def remove(connection: Connection, subject: Subject) -> None:
    """Destroy the key of a subject, and all that it sealed and was searched by; its texts were dropped before."""
    connection.execute(update(appeals).where(subject.is_in(appeals)).values(statement=None, note=None))
    handed_in = select(appeals.c.appeal_id).where(subject.is_in(appeals))
    connection.execute(delete(appeal_documents).where(appeal_documents.c.appeal_id.in_(handed_in)))
    connection.execute(delete(subject_fields).where(subject.is_in(subject_fields)))
    connection.execute(delete(subjects).where(subject.is_in(subjects)))
