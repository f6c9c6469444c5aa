"""A user as the office and the platform see them: what the log last said, what is in force, what people look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import select

from bonafide.core.errors import MissingError, UsageError
from bonafide.core.events import ID_LENGTH_MAX
from bonafide.core.moment import show_moment
from bonafide.core.pseudonym import read_token, show_token
from bonafide.core.text import is_tidy, to_nfc
from bonafide.office.cases.listing import CaseBook, Wanted
from bonafide.office.me.decided import latest_of, told_of
from bonafide.office.measures.measure import read_measures
from bonafide.office.store.database import Store
from bonafide.office.store.tables import education_given, measures
from bonafide.office.vault.pseudonym import pseudonym_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.journal.records import Found

HISTORY_MAX: Final = 50
"""Decisions that did not simply let an event pass, and pieces of education, that are shown."""
MEASURES_MAX: Final = 100
CASES_MAX: Final = 100
_USER: Final = "user"


class _Latest(msgspec.Struct):
    credit_score: int | None = None
    risk_level: str | None = None


_read: Final = msgspec.json.Decoder(_Latest).decode


class Users:
    """The users of one store. Several threads may call it; none is a coroutine."""

    def __init__(
        self, store: Store, secret: bytes, cases: CaseBook, find: Callable[[str], Found | None],
        standing_of: Callable[[int], dict[str, Any]],
    ) -> None:  # fmt: skip
        """find: the event of an id with its answer; standing_of: where a user stands, by the pseudonym."""
        self._store, self._secret, self._cases = store, secret, cases
        self._find, self._standing_of = find, standing_of

    def pseudonym_of(self, user: str) -> int:
        """The pseudonym that a token says or an id has. UsageError for what is neither."""
        found = read_token(user)
        if found is not None:
            return found
        text = to_nfc(user, ID_LENGTH_MAX)
        if not 1 <= len(text) <= ID_LENGTH_MAX or not is_tidy(text):
            raise UsageError("user: give its id, or the token that stands for it")
        return pseudonym_of(text, self._secret)

    def show(self, user: str, *, inside: bool = True) -> dict[str, Any]:
        """A user as JSON shows it; `inside` with what is the office's own. MissingError where nothing was decided."""
        number = self.pseudonym_of(user)
        token = show_token(number)
        with self._store.reading() as connection:
            latest = latest_of(connection, _USER, token)
            ours = (measures.c.subject == token) & (measures.c.subject_type == _USER)
            taken = read_measures(connection, ours, limit=MEASURES_MAX, newest=True)
            history = told_of(connection, _USER, token, limit=HISTORY_MAX)
            education = _education(connection, token) if inside else []
        if latest is None and not taken:
            raise MissingError("user: nothing was decided about a user of this id")
        told = {
            "user_id": token, **self._latest(latest), "ladder": self._standing_of(number),
            "measures": [one.to_wire() for one in taken],
            "decisions": [
                {"event_id": row.event_id, "seq": row.seq, "type": row.type, "time": show_moment(row.event_ms),
                 "outcome": row.outcome}
                for row in history
            ],
        }  # fmt: skip
        if not inside:
            return told
        page = self._cases.list(Wanted(subject=token), limit=CASES_MAX)
        return told | {"cases": [case.number for case in page.cases], "education": education}

    def _latest(self, latest: tuple[int, Any] | None) -> dict[str, Any]:
        """What the newest decision says, from the log itself."""
        found = None if latest is None else self._find(latest[1].event_id)
        if latest is None or found is None:
            return {"credit_score": None, "risk_level": None, "as_of": None, "newest_event": None, "first_seq": None}
        answer = _read(found.record.answer)
        return {
            "credit_score": answer.credit_score, "risk_level": answer.risk_level,
            "as_of": show_moment(latest[1].event_ms), "newest_event": latest[1].event_id, "first_seq": latest[0],
        }  # fmt: skip


def _education(connection: Connection, token: str) -> list[dict[str, Any]]:
    table = education_given.c
    asked = select(education_given).where(table.subject == token).order_by(table.seq.desc()).limit(HISTORY_MAX)
    return [{"piece": row.piece, "level": row.level, "time": show_moment(row.event_ms), "event_id": row.event_id}
            for row in connection.execute(asked)]  # fmt: skip
