"""Forgetting: a subject's key is destroyed, unless a hold stands or the law asks to keep it longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import ColumnElement, case, delete, func, or_, select, update

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.core.pseudonym import PARTIES, show_token
from bonafide.office.audit.entry import ITSELF, Actor
from bonafide.office.audit.log import append
from bonafide.office.store.tables import (
    decided_subjects,
    score_days,
    subject_fields,
    subject_texts,
    subjects,
    trade_days,
)
from bonafide.office.vault.bases import mark_for_bases
from bonafide.office.vault.errors import HeldError
from bonafide.office.vault.retention import RETENTION, Retention
from bonafide.office.vault.scrub import scrub
from bonafide.office.vault.subjects import Subject, find_subject, known_subject
from bonafide.office.vault.texts import drop_texts, has_owner, mark_forgotten, owners_who_may_hinder
from bonafide.office.vault.vault import FAMILY, Vault, remove

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCORED: Final = ("user", "merchant")
"""Of whom a history of scores is kept."""
SWEEP_MAX: Final = 10_000
"""Subjects that one sweep looks at."""


class Forgotten(NamedTuple):
    """A subject of which nothing is kept any more."""

    subject: Subject
    fields: int
    scrubbed: bool
    """Whether the database's own remains are gone too; else `scrub` is to be called again."""


class Swept(NamedTuple):
    """What a sweep did."""

    forgotten: int
    held: int
    scrubbed: bool


def forget(vault: Vault, actor: Actor, subject: Subject) -> Forgotten:
    """Destroy the keys of a subject now, and with them what events named with it. What others named with them too stays
    theirs; what is left that belongs to nobody goes.

    Raises HeldError, which says what holds it and until when, where a hold stands or a legal minimum has not passed; of
    the latter the subject is restricted: its data is used for nothing, and `sweep` forgets it when the time has come.
    UnknownSubjectError where nothing is kept of it. The family's version grows, so that who keeps known subjects in
    memory learns of it.
    """
    why: str | None = None
    with vault.store.writing(FAMILY) as connection:
        now = vault.clock()
        row = find_subject(connection, subject, to_change=True)
        if row is None and not has_owner(connection, subject):
            known_subject(connection, subject)
        why, details = _hindrance(vault, connection, subject, row, now)
        if why is None:
            fields = _removed(vault, connection, subject, now)
            append(connection, actor, "subject.forget", subject.on_what, now, details={"fields": fields})
        else:
            fields = 0
            if "until" in details and row is not None and row.restricted_ms is None:
                values = {"restricted_ms": now}
                connection.execute(update(subjects).where(subject.is_in(subjects)).values(**values))
            append(connection, actor, "subject.forget", subject.on_what, now, outcome="refused", details=details)
    if why is not None:
        raise HeldError(why)
    return Forgotten(subject, fields, scrub(vault.store))


def kept_because(vault: Vault, subject: Subject) -> str | None:
    """What would hinder forgetting a subject now: `hold`, `legal minimum`, or None where nothing would."""
    with vault.store.reading() as connection:
        row = find_subject(connection, subject)
        _, details = _hindrance(vault, connection, subject, row, vault.clock())
    return details.get("why")


def sweep(vault: Vault, actor: Actor = ITSELF) -> Swept:
    """Forget every subject whose retention has passed, and those restricted whose legal minimum has, unless held.

    Looks at SWEEP_MAX subjects at most, those first whose relation ended first; one transaction for each subject. What
    the database still has of those forgotten before is cleared away in any case.
    """
    forgotten = held = 0
    for subject in _due(vault):
        with vault.store.writing(FAMILY) as connection:
            now = vault.clock()
            row = find_subject(connection, subject, to_change=True)
            if row is None or not _is_due(row, now):
                continue
            if _hindrance(vault, connection, subject, row, now)[0] is not None:
                held += 1
                continue
            fields = _removed(vault, connection, subject, now)
            details = {"fields": fields, "retention": row.retention}
            append(connection, actor, "subject.forget", subject.on_what, now, details=details)
            forgotten += 1
    return Swept(forgotten, held, scrub(vault.store))


def _due(vault: Vault) -> list[Subject]:
    now = vault.clock()
    ended, kind = _begins(), subjects.c.retention
    over = [(kind == one.name) & (ended <= now - one.maximum_ms) for one in RETENTION.values()]
    over += [subjects.c.restricted_ms.is_not(None) & (kind == one.name) & (ended <= now - one.minimum_ms)
             for one in RETENTION.values()]  # fmt: skip
    asked = select(subjects.c.subject_type, subjects.c.pseudonym).where(or_(*over))
    order = (ended, subjects.c.subject_type, subjects.c.pseudonym)
    with vault.store.reading() as connection:
        return [Subject(*row) for row in connection.execute(asked.order_by(*order).limit(SWEEP_MAX))]


def _begins() -> ColumnElement[int | None]:
    """When the retention of a subject begins: what is nobody's, such as an account of a transfer, has no relation that
    could end, so its term counts from when it was taken in."""
    nobodys = subjects.c.subject_type.not_in(PARTIES)
    return case((subjects.c.ended_ms.is_(None) & nobodys, subjects.c.remembered_ms), else_=subjects.c.ended_ms)


def _is_due(row: Any, now: int) -> bool:
    kept = RETENTION[row.retention]
    least = kept.minimum_ms if row.restricted_ms is not None else kept.maximum_ms
    begins = row.remembered_ms if row.ended_ms is None and row.subject_type not in PARTIES else row.ended_ms
    return begins is not None and now >= begins + least


def _hindrance(
    vault: Vault, connection: Connection, subject: Subject, row: Any | None, now: int
) -> tuple[str | None, dict[str, str]]:  # fmt: skip
    """Why a subject may not be forgotten now, in a sentence and for the audit log; None where it may. What others have
    named is theirs too, so that what hinders for one of them hinders."""
    why, details = _own_hindrance(vault, connection, subject, row, now)
    if why is None:
        for owner in owners_who_may_hinder(connection, subject, now):
            theirs = find_subject(connection, owner)
            why, found = _own_hindrance(vault, connection, owner, theirs, now)
            if why is not None:
                told = {name: value for name, value in found.items() if name != "until"}
                return f"{subject}: belongs to {why}", {**told, "of": str(owner)}
    return why, details


def _own_hindrance(
    vault: Vault, connection: Connection, subject: Subject, row: Any | None, now: int
) -> tuple[str | None, dict[str, str]]:  # fmt: skip
    if standing := vault.holds.standing(connection, subject, now):
        hold = standing[0]
        more = f" and {len(standing) - 1} more" if len(standing) > 1 else ""
        told = f"case {hold.case_id} holds it until {show_moment(hold.expires_ms)} (hold {hold.hold_id}){more}"
        way = "lift the hold first: bonafide subject lift"
        return f"{subject}: is not forgotten: {told}; {way}", {"why": "hold", "hold": hold.hold_id}
    if row is None:
        return None, {}
    kept = RETENTION[row.retention]
    since = kept.may_forget_from(row.ended_ms)
    if since is not None and now >= since:
        return None, {}
    until = "the relation has ended" if since is None else show_moment(since)
    told = f"the law asks to keep it until {_later(kept, since)} ({kept.basis}); until then it is used for nothing"
    return f"{subject}: is not forgotten yet: {told}", {"why": "legal minimum", "until": until}


def _later(kept: Retention, since: int | None) -> str:
    if since is not None:
        return show_moment(since)
    return f"{kept.minimum_ms // DAY_MS} days after the end of the relation, which has not ended"


def _removed(vault: Vault, connection: Connection, subject: Subject, now: int) -> int:
    """Destroy all of a subject; returns how many fields and texts there were."""
    counts = (select(func.count()).select_from(table).where(subject.is_in(table))
              for table in (subject_fields, subject_texts))  # fmt: skip
    fields = sum(connection.scalar(count) or 0 for count in counts)
    kept = vault.keep_held(connection, subject, now)
    left = [text for text in drop_texts(connection, subject) if text not in kept]
    for gone in (subject, *left):
        remove(connection, gone)
        _forget_days(connection, gone)
    mark_forgotten(connection, [subject, *left], vault.newest_waiting())
    mark_for_bases(connection, [subject, *left], now)
    return fields


def _forget_days(connection: Connection, subject: Subject) -> None:
    """How the subject's score went, and what a merchant took in, which lie under the token that stands for it."""
    kind, token = subject.subject_type, show_token(subject.pseudonym)
    if kind not in SCORED:
        return
    connection.execute(delete(score_days).where(score_days.c.subject_type == kind, score_days.c.subject == token))
    ours = (decided_subjects.c.subject_type == kind) & (decided_subjects.c.subject == token)
    nothing = dict.fromkeys(("credit_score", "risk_level", "score_day"))
    connection.execute(update(decided_subjects).where(ours).values(**nothing))
    if kind == "merchant":
        connection.execute(delete(trade_days).where(trade_days.c.merchant == token))
