"""Legal holds: while one stands, nobody forgets the subject, whoever asks."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import select, update

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS, MOMENT_MAX, show_moment
from bonafide.core.text import is_tidy, shorten
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.store.tables import legal_holds
from bonafide.office.vault.boxes import seal, unseal
from bonafide.office.vault.keyring import Keyring
from bonafide.office.vault.subjects import Subject

if TYPE_CHECKING:
    from sqlalchemy import Connection

HOLD_MAX_MS: Final = 5 * 366 * DAY_MS
"""A hold stands so long at most; one that is needed longer is placed anew by somebody who looked."""
CASE_LENGTH_MAX: Final = 64
REASON_LENGTH_MAX: Final = 400
HOLDS_EACH_MAX: Final = 32


class Hold(NamedTuple):
    """A hold on a subject."""

    hold_id: str
    subject: Subject
    case_id: str
    reason: str
    placed_ms: int
    placed_by: str
    expires_ms: int
    lifted_ms: int | None

    def stands(self, now_ms: int) -> bool:
        """Whether it holds at a moment."""
        return self.lifted_ms is None and now_ms < self.expires_ms

    def to_wire(self, now_ms: int) -> dict[str, Any]:
        """The hold as JSON shows it."""
        return {"hold_id": self.hold_id, "subject": str(self.subject), "case_id": self.case_id, "reason": self.reason,
                "placed": show_moment(self.placed_ms), "placed_by": self.placed_by,
                "expires": show_moment(self.expires_ms), "stands": self.stands(now_ms),
                "lifted": None if self.lifted_ms is None else show_moment(self.lifted_ms)}  # fmt: skip


class Holds:
    """The holds of one store, within transactions of whoever calls."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._key = keyring.derived("legal holds")

    def place(
        self, connection: Connection, actor: Actor, subject: Subject, case_id: str, reason: str, expires_ms: int,
        now_ms: int,
    ) -> Hold:  # fmt: skip
        """A new hold. UsageError for a case, a reason or an end that is not accepted."""
        _check(case_id, reason, expires_ms, now_ms)
        if len(self.standing(connection, subject, now_ms)) >= HOLDS_EACH_MAX:
            raise UsageError(f"{subject}: {HOLDS_EACH_MAX} holds stand on it already")
        hold_id = base64.b32encode(self._keyring.draw(8)).decode("ascii")[:12].lower()
        sealed = seal(self._key, reason.encode(), hold_id, self._keyring.draw)
        connection.execute(legal_holds.insert().values(
            hold_id=hold_id, subject_type=subject.subject_type, pseudonym=subject.pseudonym, case_id=case_id,
            reason=sealed, placed_ms=now_ms, placed_by=actor.who, expires_ms=expires_ms, lifted_ms=None,
        ))  # fmt: skip
        details = {"hold": hold_id, "case": case_id, "expires": show_moment(expires_ms)}
        append(connection, actor, "hold.place", subject.on_what, now_ms, details=details)
        return Hold(hold_id, subject, case_id, reason, now_ms, actor.who, expires_ms, None)

    def lift(self, connection: Connection, actor: Actor, hold_id: str, now_ms: int) -> Hold:
        """End a hold; one that was lifted before stays as it was. UsageError where there is none of this id."""
        ours = legal_holds.c.hold_id == (hold_id if is_tidy(hold_id) else "")
        found = connection.execute(select(legal_holds).where(ours).with_for_update()).one_or_none()
        if found is None:
            raise UsageError(f"hold {shorten(hold_id)}: there is none of this id; bonafide subject holds shows them")
        hold = self._hold(found)
        if hold.lifted_ms is None:
            connection.execute(update(legal_holds).where(ours).values(lifted_ms=now_ms))
            details = {"hold": hold_id, "case": hold.case_id}
            append(connection, actor, "hold.lift", hold.subject.on_what, now_ms, details=details)
            hold = hold._replace(lifted_ms=now_ms)
        return hold

    def standing(self, connection: Connection, subject: Subject, now_ms: int) -> list[Hold]:
        """The holds that stand on a subject at a moment, the one that ends last first."""
        found = [hold for hold in self.of(connection, subject) if hold.stands(now_ms)]
        return sorted(found, key=lambda hold: (-hold.expires_ms, hold.hold_id))

    def of(self, connection: Connection, subject: Subject | None = None) -> list[Hold]:
        """Every hold on a subject, or on all, the oldest first."""
        asked = select(legal_holds).order_by(legal_holds.c.placed_ms, legal_holds.c.hold_id)
        if subject is not None:
            asked = asked.where(subject.is_in(legal_holds))
        return [self._hold(row) for row in connection.execute(asked)]

    def _hold(self, row: Any) -> Hold:
        reason = unseal(self._key, bytes(row.reason), row.hold_id).decode()
        subject = Subject(row.subject_type, row.pseudonym)
        return Hold(row.hold_id, subject, row.case_id, reason, row.placed_ms, row.placed_by, row.expires_ms,
                    row.lifted_ms)  # fmt: skip


def check_case(case_id: str) -> None:
    """UsageError for what is no id of a case."""
    _check_text("case", case_id, CASE_LENGTH_MAX)


def _check(case_id: str, reason: str, expires_ms: int, now_ms: int) -> None:
    check_case(case_id)
    _check_text("reason", reason, REASON_LENGTH_MAX)
    latest = min(now_ms + HOLD_MAX_MS, MOMENT_MAX)
    if not now_ms < expires_ms <= latest:
        raise UsageError(f"expires: give a moment after now and before {show_moment(latest)}; place it anew then")


def _check_text(name: str, text: str, most: int) -> None:
    if not 1 <= len(text) <= most or not is_tidy(text):
        raise UsageError(f"{name}: give 1 to {most} characters without control characters")
