"""One subject's own view: what the platform shows somebody of themselves, on their behalf.

Whatever is asked for, it is looked for among what is about this subject alone. What is another's is not there: both are
answered alike, so that nobody learns what others have. Nor is what the law lets nobody be told yet: a measure whose
notice waits, the decision that it rests on, and a referral to the authorities.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import func, select

from bonafide.core.errors import MissingError
from bonafide.core.events import AppealStatus
from bonafide.core.moment import show_moment
from bonafide.core.pseudonym import PARTIES, read_token, show_token
from bonafide.office.appeals.appeal import WAITING, Appeal, read_appeals
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.me.decided import DECISIONS_EACH_MAX, latest_of, told_of
from bonafide.office.me.explaining import bundle_of, explanation
from bonafide.office.me.reading import subject_of
from bonafide.office.me.words import WordsOf
from bonafide.office.measures.measure import Measure, read_measures
from bonafide.office.notices.notices import notices_of
from bonafide.office.records.records import want
from bonafide.office.store.database import Store
from bonafide.office.store.tables import appeals, education_given, measure_steps, measures
from bonafide.office.vault.errors import RestrictedError, UnknownSubjectError
from bonafide.office.vault.forgetting import kept_because
from bonafide.office.vault.retention import RETENTION
from bonafide.office.vault.subjects import Subject, find_subject
from bonafide.office.vault.vault import NAMED, Vault

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.journal.records import Found

SubjectType = Literal["user", "merchant"]
MEASURES_SHOWN_MAX: Final = 100
APPEALS_SHOWN_MAX: Final = 100
NAMED_SHOWN_MAX: Final = 1_000
"""Texts of each kind that events named with a subject."""
UNTOLD: Final = "refer"
"""A measure that its subject must not be told of: it would warn whoever the authorities look at."""
_HUMAN: Final = "human:"
_KEPT: Final = {
    "hold": ("法律要求目前继续保存，暂不能删除。", "The law asks us to keep it for now; it cannot be deleted yet."),
    "legal minimum": (
        "法律规定的保存期未满；在此之前仅保存，不作他用。",
        "The law asks us to keep it for a time; until then it is used for nothing else.",
    ),
}  # fmt: skip


class OwnView:
    """The view of one subject. Several threads may call it; none is a coroutine."""

    def __init__(
        self, store: Store, vault: Vault, secret: bytes, subject: Subject, find: Callable[[str], Found | None],
        words_of: WordsOf,
    ) -> None:  # fmt: skip
        """find: the event of an id as the log has it, with its answer."""
        self.subject = subject
        self.token = show_token(subject.pseudonym)
        self._store, self._vault, self._secret = store, vault, secret
        self._find, self._words_of = find, words_of

    def decisions(self, before: int | None = None, limit: int = DECISIONS_EACH_MAX) -> dict[str, Any]:
        """The decisions that did not simply let an event pass, the newest first; when the newest of all was."""
        with self._store.reading() as connection:
            rows = told_of(connection, self.subject.subject_type, self.token, before, limit + 1)
            hidden = self._hidden(connection)
            latest = latest_of(connection, self.subject.subject_type, self.token)
        shown = rows[:limit]
        told = [
            {"event_id": row.event_id, "type": row.type, "time": show_moment(row.event_ms), "outcome": row.outcome}
            for row in shown if row.event_id not in hidden
        ]  # fmt: skip
        return {
            "decisions": told, "next_before": shown[-1].seq if len(rows) > limit else None,
            "newest": None if latest is None else show_moment(latest[1].event_ms),
        }  # fmt: skip

    def explanation(self, event_id: str) -> dict[str, Any]:
        """Why a decision about this subject was as it was. MissingError where it is about somebody else, or nobody."""
        found = self._find(event_id)
        about = None if found is None else subject_of(found.record.content, self._secret)
        if found is None or about != (self.subject.subject_type, self.token) or b'"outcome"' not in found.record.answer:
            raise MissingError("event_id: no decision of this id is about this subject")
        with self._store.reading() as connection:
            if event_id in self._hidden(connection):
                raise MissingError("event_id: no decision of this id is about this subject")
        return explanation(found.record.answer, self._words_of(bundle_of(found.record.answer)))

    def measures(self) -> dict[str, Any]:
        """The measures that the subject was told of, the newest first, each with its notices."""
        with self._store.reading() as connection:
            return {"measures": [_measure_wire(one, sent) for one, sent in self._told_of(connection)]}

    def check_measure(self, measure_id: str) -> None:
        """MissingError unless this is a measure that the subject was told of."""
        with self._store.reading() as connection:
            if all(one.measure_id != measure_id for one, _ in self._told_of(connection)):
                raise MissingError("measure: there is none of this name about this subject")

    def appeals(self) -> dict[str, Any]:
        """The subject's appeals and answers, those that are due first, first."""
        ours = (appeals.c.pseudonym == self.subject.pseudonym) & (appeals.c.subject_type == self.subject.subject_type)
        with self._store.reading() as connection:
            found = read_appeals(connection, ours, limit=APPEALS_SHOWN_MAX)
        return {"appeals": [appeal_wire(one, self._vault.clock()) for one in found]}

    def ask_for_people(self, actor: Actor, wanted: bool) -> dict[str, Any]:
        """Have people decide about this subject from now on, or machines again: the log learns it as from an appeal."""
        with self._store.writing() as connection:
            now = self._vault.clock()
            number = secrets.token_hex(6)
            kind: Any = self.subject.subject_type
            want(connection, AppealStatus(
                event_id=f"{_HUMAN}{number}", time=0, appeal_id=number, subject_type=kind, subject_id=self.token,
                status="submitted", human_only=wanted,
            ), now)  # fmt: skip
            append(connection, actor, "subject.human", self.subject.on_what, now, details={"wanted": wanted})
        return {"human_only": wanted, "asked": show_moment(now)}

    def data(self, actor: Actor) -> dict[str, Any]:
        """What is kept of the subject, in clear, and whether it can be deleted; the look is in the audit log."""
        fields: dict[str, Any] = {}
        restricted = False
        try:
            fields = self._vault.own(actor, self.subject)
        except RestrictedError:
            restricted = True
        except UnknownSubjectError:
            pass
        named = {
            kind: texts[:NAMED_SHOWN_MAX] for kind, texts in fields.pop(NAMED, {}).items() if kind not in PARTIES
        }  # fmt: skip
        with self._store.reading() as connection:
            row = find_subject(connection, self.subject)
            told = {"fields": fields, "named": named, "restricted": restricted, **self._counts(connection)}
        kept = None if row is None else RETENTION[row.retention]
        return told | {
            "retention": None if kept is None else {"class": kept.name, "basis": kept.basis},
            "deletion": self._deletion(row is not None),
        }  # fmt: skip

    def _deletion(self, known: bool) -> dict[str, Any]:
        why = kept_because(self._vault, self.subject) if known else None
        zh, en = ("可以申请删除。", "It can be deleted on request.") if why is None else _KEPT[why]
        return {"refused": why is not None, "zh": zh, "en": en}

    def _counts(self, connection: Connection) -> dict[str, int]:
        given = select(func.count()).select_from(education_given).where(education_given.c.subject == self.token)
        is_user = self.subject.subject_type == "user"
        return {
            "decisions": len(told_of(connection, self.subject.subject_type, self.token)),
            "measures": len(self._told_of(connection)), "told": (connection.scalar(given) or 0) if is_user else 0,
        }  # fmt: skip

    def _ours(self) -> Any:
        return (measures.c.subject == self.token) & (measures.c.subject_type == self.subject.subject_type)

    def _told_of(self, connection: Connection) -> list[tuple[Measure, list[dict[str, Any]]]]:
        """Measures with those of their notices that have left; one without any is not there yet."""
        found = read_measures(connection, self._ours(), measures.c.measure != UNTOLD,
                              measures.c.requested_ms.is_not(None), limit=MEASURES_SHOWN_MAX, newest=True)  # fmt: skip
        told = ((one, [n for n in notices_of(connection, one.measure_id) if n["sent"] is not None]) for one in found)
        return [(one, sent) for one, sent in told if sent]

    def _hidden(self, connection: Connection) -> set[str]:
        """Events of measures whose notice a person has had wait, on a legal basis that still holds."""
        waits = (measure_steps.c.action == "delay") & (measure_steps.c.until_ms > self._vault.clock())
        asked = select(measures.c.event_id).join(measure_steps, measure_steps.c.measure_id == measures.c.measure_id)
        return set(connection.scalars(asked.where(self._ours(), waits)))


def _measure_wire(one: Measure, sent: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "measure_id": one.measure_id, "measure": one.measure, "state": one.state, "event_id": one.event_id,
        "begun": None if one.requested_ms is None else show_moment(one.requested_ms),
        "until": show_moment(one.until_ms), "ended": None if one.ended_ms is None else show_moment(one.ended_ms),
        "notices": [{name: n[name] for name in _NOTICE if name in n} for n in sent],
    }  # fmt: skip


_NOTICE: Final = ("kind", "sent", "text", "automated", "reasons", "submit", "deadline", "appeal", "human_review")


def appeal_wire(found: Appeal, now: int) -> dict[str, Any]:
    """An appeal as who handed it in sees it: not who judges it."""
    told = found.to_wire(now)
    state = "in_hand" if found.state in WAITING else found.state
    return {name: told[name] for name in _APPEAL} | {"state": state}


_APPEAL: Final = (
    "appeal_id", "kind", "measure_id", "submitted", "due", "legal_due", "overdue", "human_only", "decided", "documents",
)  # fmt: skip


def subject_named(vault: Vault, subject_type: SubjectType, subject_id: str) -> Subject:
    """The subject that an id or a token names. UsageError for what is neither."""
    number = read_token(subject_id)
    return Subject(subject_type, number) if number is not None else vault.subject_of(subject_type, subject_id)
