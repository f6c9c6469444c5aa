"""Appeals and answers: taken in with their documents, given to somebody else than who took the measure, and decided.

What was said is sealed under the subject's own key, and so are documents, so that forgetting takes them. Nobody decides
about what they have confirmed; the tables' triggers say the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select, update

from bonafide.core.errors import BonafideError, MissingError, OpposedError, UsageError
from bonafide.core.moment import HOUR_MS, SECOND_MS
from bonafide.core.pseudonym import read_token
from bonafide.core.text import is_tidy
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.appeals.appeal import (
    OUTCOMES_OF,
    TARGET_MS,
    WAITING,
    Appeal,
    AppealState,
    Kind,
    Outcome,
    read_appeal,
    read_appeals,
)
from bonafide.office.appeals.documents import COUNT_MAX, kind_of
from bonafide.office.appeals.figures import figures
from bonafide.office.appeals.files import Files
from bonafide.office.appeals.judging import judge, note_submitted
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.measures.changes import Turn
from bonafide.office.measures.measure import Measure, read_measure
from bonafide.office.people.matrix import Deed, check_may
from bonafide.office.people.rows import may_now
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import appeal_documents, appeals
from bonafide.office.vault.boxes import seal, unseal
from bonafide.office.vault.subjects import Subject
from bonafide.office.vault.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy import Connection

FAMILY: Final = "appeals"
STATEMENT_LENGTH_MAX: Final = 4_000
NOTE_LENGTH_MAX: Final = 1_000
NAME_LENGTH_MAX: Final = 200
APPEALS_EACH_MAX: Final = 10
"""Appeals, and answers, about one measure."""
ORPHANS_MS: Final = HOUR_MS
"""A file that nothing names is let go of when it is so old: a younger one may belong to what is being taken in."""
_DECIDE: Final = Deed("route", "POST /v1/appeals/{id}/decide")
_ASSIGN: Final = Deed("route", "POST /v1/appeals/{id}/assign")
_SUBMIT: Final = Deed("route", "POST /v1/appeals")
_OPEN: Final = Deed("route", "GET /v1/appeals/{id}/documents/{document}")
PAGE_MAX: Final = 1_000


class Handed(NamedTuple):
    """A document as it came."""

    name: str
    """What the sender calls it: shown, and never a path."""
    content: bytes


class Appeals:
    """The appeals of one data directory. All of it may be called by several threads; none is a coroutine."""

    def __init__(
        self, store: Store, folder: Path, secret: bytes, vault: Vault, *,
        draw: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:  # fmt: skip
        self._store = store
        self._files = Files(folder)
        self._secret = secret
        self._vault = vault
        self._clock = vault.clock
        self._draw = draw

    def submit(
        self, actor: Actor, role: str, measure_id: str, kind: Kind, statement: str, *, subject_id: str | None = None,
        documents: Sequence[Handed] = (), human_only: bool | None = None,
    ) -> Appeal:  # fmt: skip
        """Take in an appeal against a measure, or an answer to a request, and acknowledge it with a number.

        `subject_id` is whom it is for, as the platform calls them or as a token; it must be whom the measure is about.
        Only people of the office may leave it out.
        """
        with self._noted(actor, "appeal.submit", f"measure:{measure_id[:60]}", role, _SUBMIT):
            _check_text("statement", statement, STATEMENT_LENGTH_MAX)
            if len(documents) > COUNT_MAX:
                raise UsageError(f"documents: give at most {COUNT_MAX}")
            for one in documents:
                _check_name(one.name)
            kinds = [kind_of(one.content) for one in documents]
            measure = self._measure(measure_id, subject_id)
            subject = _subject_of(measure)
            key = self._key_for(actor, subject, subject_id)
            appeal_id = secrets.token_hex(6)
            names = [self._files.keep(self._sealed(key, appeal_id, "document", one.content)) for one in documents]
            with self._store.writing(FAMILY) as connection:
                now = self._clock()
                _check_room(connection, measure, kind)
                box = self._sealed(key, appeal_id, "statement", statement.encode())
                connection.execute(appeals.insert().values(
                    appeal_id=appeal_id, kind=kind, measure_id=measure_id, **subject._asdict(), state="acknowledged",
                    submitted_ms=now, due_ms=now + TARGET_MS, submitted_by=actor.who, human_only=human_only,
                    statement=box,
                ))  # fmt: skip
                for name, one, media_type in zip(names, documents, kinds, strict=True):
                    connection.execute(appeal_documents.insert().values(
                        document_id=name, appeal_id=appeal_id, media_type=media_type, size=len(one.content),
                        name=self._sealed(key, appeal_id, "name", one.name.encode()), made_ms=now,
                    ))  # fmt: skip
                found = read_appeal(connection, appeal_id)
                note_submitted(Turn(connection, now, self._secret), found)
                append(connection, actor, "appeal.submit", f"appeal:{appeal_id}", now,
                       details={"measure": measure_id, "kind": kind, "documents": len(documents)})  # fmt: skip
        return found

    def assign(self, who: Session, origin: str, appeal_id: str, to: str) -> Appeal:
        """Give an appeal to somebody to decide: not to who has confirmed, lifted or turned down the measure."""
        actor = Actor(f"person:{who.name}", origin)
        with self._acting(who, actor, "appeal.assign", appeal_id, _ASSIGN) as (turn, found):
            if found.state not in WAITING:
                raise OpposedError(f"appeal {appeal_id}: is {found.state} already")
            if not may_now(turn.connection, to, _DECIDE):
                raise UsageError("to: give somebody who may decide appeals and may sign in")
            _check_other(turn.connection, found, to)
            return self._set(turn.connection, appeal_id, state="assigned", assignee=to)

    def decide(self, who: Session, origin: str, appeal_id: str, outcome: Outcome, note: str) -> Appeal:
        """Decide an appeal that one was given. An upheld one lifts the measure, tells the platform and the log, and
        says sorry, all in one transaction."""
        actor = Actor(f"person:{who.name}", origin)
        with self._acting(who, actor, "appeal.decide", appeal_id, _DECIDE) as (turn, found):
            _check_text("note", note, NOTE_LENGTH_MAX)
            if outcome not in OUTCOMES_OF[found.kind]:
                raise UsageError(f"outcome: give one of {', '.join(OUTCOMES_OF[found.kind])}")
            if found.state not in WAITING:
                raise OpposedError(f"appeal {appeal_id}: is {found.state} already")
            if found.assignee != who.name:
                raise ForbiddenError("an appeal is decided by who it was given to; have it assigned to you")
            _check_other(turn.connection, found, who.name)
            judge(turn, found, outcome, who.name)
            key = self._vault.key_in(turn.connection, Subject(found.subject_type, found.pseudonym))
            # Of who was forgotten meanwhile nothing is written down any more.
            box = None if key is None else self._sealed(key, appeal_id, "note", note.encode())
            return self._set(turn.connection, appeal_id, state=outcome, decided_ms=turn.now, note=box)

    def look(self, who: Session, origin: str, appeal_id: str) -> dict[str, Any]:
        """An appeal with what was said, noted and handed in; the look is in the audit log."""
        actor = Actor(f"person:{who.name}", origin)
        with self._acting(who, actor, "appeal.look", appeal_id, _OPEN) as (turn, found):
            asked = select(appeals.c.statement, appeals.c.note).where(appeals.c.appeal_id == appeal_id)
            row = turn.connection.execute(asked).one()
            key = self._vault.key_in(turn.connection, Subject(found.subject_type, found.pseudonym))
            table = appeal_documents
            kept = select(table).where(table.c.appeal_id == appeal_id).order_by(table.c.made_ms, table.c.document_id)
            documents = [
                {"document": one.document_id, "media_type": one.media_type, "size": one.size,
                 "name": self._opened(key, appeal_id, "name", one.name)}
                for one in turn.connection.execute(kept)
            ]  # fmt: skip
            return found.to_wire(turn.now) | {
                "statement": self._opened(key, appeal_id, "statement", row.statement),
                "note": self._opened(key, appeal_id, "note", row.note), "documents": documents,
            }  # fmt: skip

    def document(self, who: Session, origin: str, appeal_id: str, document_id: str) -> tuple[str, bytes]:
        """A document and what it is; the look is in the audit log."""
        actor = Actor(f"person:{who.name}", origin)
        with self._acting(who, actor, "appeal.look", appeal_id, _OPEN) as (turn, found):
            ours = (appeal_documents.c.appeal_id == appeal_id) & (appeal_documents.c.document_id == document_id)
            row = turn.connection.execute(select(appeal_documents).where(ours)).one_or_none()
            key = self._vault.key_in(turn.connection, Subject(found.subject_type, found.pseudonym))
            if row is None or key is None:
                raise MissingError(f"appeal {appeal_id}: has no such document")
            box = self._files.read(row.document_id)
            return row.media_type, unseal(key, box, _place(appeal_id, "document"))

    def one(self, appeal_id: str) -> dict[str, Any]:
        """Where an appeal stands, without what was said."""
        with self._store.reading() as connection:
            return read_appeal(connection, appeal_id).to_wire(self._clock())

    def list(
        self, *, state: AppealState | None = None, assignee: str | None = None, waiting: bool = False, limit: int = 100
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Appeals, those that are due first, first."""
        wanted: list[Any] = [] if state is None else [appeals.c.state == state]
        wanted += [] if assignee is None else [appeals.c.assignee == assignee]
        wanted += [appeals.c.state.in_(WAITING)] if waiting else []
        with self._store.reading() as connection:
            found = read_appeals(connection, *wanted, limit=min(limit, PAGE_MAX))
        return [one.to_wire(self._clock()) for one in found]

    def figures(self) -> dict[str, Any]:
        """How appeals end, and which rules' measures are overturned too often."""
        with self._store.reading() as connection:
            return figures(connection, self._clock())

    def sweep(self) -> int:
        """Let go of files that nothing names: of who was forgotten, or left by a crash; how many."""
        with self._store.reading() as connection:
            known = set(connection.scalars(select(appeal_documents.c.document_id)))
        return self._files.sweep(known, (self._clock() - ORPHANS_MS) / SECOND_MS)

    def _measure(self, measure_id: str, subject_id: str | None) -> Measure:
        """The measure, where it is about whom it is said to be: who asks for somebody else's finds none."""
        with self._store.reading() as connection:
            found = read_measure(connection, measure_id)
        if subject_id is not None and subject_id != found.subject:
            told = self._vault.subject_of(found.subject_type, subject_id)
            if read_token(subject_id) is not None or told != _subject_of(found):
                raise MissingError("measure: there is none of this name about this subject")
        if found.state == "proposed":
            raise OpposedError(f"measure {measure_id}: was not taken, so there is nothing to appeal against")
        return found

    def _key_for(self, actor: Actor, subject: Subject, subject_id: str | None) -> bytes:
        """The subject's key; who is not known yet is remembered by the id that came."""
        with self._store.reading() as connection:
            key = self._vault.key_in(connection, subject)
        if key is None and subject_id is not None and read_token(subject_id) is None:
            self._vault.remember(actor, subject.subject_type, subject_id)
            with self._store.reading() as connection:
                key = self._vault.key_in(connection, subject)
        if key is None:
            raise OpposedError(f"{subject}: nothing is kept of this subject, so nothing can be taken in for it")
        return key

    def _sealed(self, key: bytes, appeal_id: str, what: str, content: bytes) -> bytes:
        return seal(key, content, _place(appeal_id, what), self._draw)

    def _opened(self, key: bytes | None, appeal_id: str, what: str, box: Any) -> str | None:
        return None if key is None or box is None else unseal(key, bytes(box), _place(appeal_id, what)).decode()

    def _set(self, connection: Connection, appeal_id: str, **changed: Any) -> Appeal:
        connection.execute(update(appeals).where(appeals.c.appeal_id == appeal_id).values(**changed))
        return read_appeal(connection, appeal_id)

    @contextmanager
    def _acting(
        self, who: Session, actor: Actor, what: str, appeal_id: str, deed: Deed
    ) -> Iterator[tuple[Turn, Appeal]]:  # fmt: skip
        """A transaction in which a person takes a step, with its audit entry."""
        on = f"appeal:{appeal_id}" if len(appeal_id) <= NAME_LENGTH_MAX // 2 and is_tidy(appeal_id) else "appeal"
        with self._noted(actor, what, on, who.role, deed):
            who.check_complete()
            with self._store.writing(FAMILY) as connection:
                turn, found = Turn(connection, self._clock(), self._secret), read_appeal(connection, appeal_id)
                append(connection, actor, what, on, turn.now, details={"was": found.state})
                yield turn, found

    @contextmanager
    def _noted(self, actor: Actor, what: str, on: str, role: str, deed: Deed) -> Iterator[None]:
        """What is refused in the block has an entry of its own in the audit log."""
        try:
            check_may(role, deed)
            yield
        except BonafideError as error:
            with suppress(StoreError, ValueError), self._store.writing() as connection:
                append(connection, actor, what, on, self._clock(), outcome="refused",
                       details={"why": type(error).__name__})  # fmt: skip
            raise


def _subject_of(found: Measure) -> Subject:
    number = read_token(found.subject)
    assert number is not None, "a measure's subject is a token"
    return Subject(found.subject_type, number)


def _check_room(connection: Connection, measure: Measure, kind: Kind) -> None:
    if kind == "answer" and measure.measure != "request_information":
        raise UsageError("kind: answer is for requests for information; give appeal")
    ours = (appeals.c.measure_id == measure.measure_id) & (appeals.c.kind == kind)
    count = select(func.count()).select_from(appeals).where(ours)
    if connection.scalar(count.where(appeals.c.state.in_(WAITING))):
        raise OpposedError(f"measure {measure.measure_id}: another one about it is not decided yet")
    if (connection.scalar(count) or 0) >= APPEALS_EACH_MAX:
        raise OpposedError(f"measure {measure.measure_id}: {APPEALS_EACH_MAX} about it were decided, as many as may be")


def _check_other(connection: Connection, found: Appeal, person: str) -> None:
    """ForbiddenError where somebody would judge what they did themselves."""
    measure = read_measure(connection, found.measure_id)
    if person == measure.opened_by or any(step.person == person for step in measure.steps):
        raise ForbiddenError("nobody judges a measure that they have confirmed or changed; give it to somebody else")
    if found.submitted_by == f"person:{person}":
        raise ForbiddenError("nobody judges what they have handed in; give it to somebody else")


def _check_text(name: str, text: str, most: int) -> None:
    lines = text.replace("\r\n", "\n").replace("\n", " ").replace("\t", " ")
    if not 0 < len(text) <= most or not is_tidy(lines):
        raise UsageError(f"{name}: give 1 to {most} characters, without control characters")


def _check_name(name: str) -> None:
    if not 0 < len(name) <= NAME_LENGTH_MAX or not is_tidy(name):
        raise UsageError(f"name: give 1 to {NAME_LENGTH_MAX} characters, without control characters")


def _place(appeal_id: str, what: str) -> str:
    """What a box is bound to."""
    return f"appeal {appeal_id} {what}"
