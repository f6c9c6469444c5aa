"""A user as the office and the platform see them: what the log last said, what is in force, what people look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from bonafide.core.errors import MissingError, UsageError
from bonafide.core.events import ID_LENGTH_MAX
from bonafide.core.moment import show_moment
from bonafide.core.pseudonym import read_token, show_token
from bonafide.core.text import is_tidy, to_nfc
from bonafide.office.cases.listing import CaseBook, Wanted
from bonafide.office.me.about import HISTORY_MAX, About
from bonafide.office.store.database import Store
from bonafide.office.store.tables import education_given
from bonafide.office.vault.pseudonym import pseudonym_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

CASES_MAX: Final = 100


class Users:
    """The users of one store. Several threads may call it; none is a coroutine."""

    def __init__(self, store: Store, secret: bytes, cases: CaseBook, about: About) -> None:
        self._store, self._secret, self._cases, self._about = store, secret, cases, about

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
        found = self._about.show("user", number, inside=inside)
        if found is None:
            raise MissingError("user: nothing was decided about a user of this id")
        told = {"user_id": token, **found}
        if not inside:
            return told
        with self._store.reading() as connection:
            education = _education(connection, token)
        return told | {"cases": undecided_cases(self._cases, token), "education": education}


def undecided_cases(cases: CaseBook, token: str) -> list[int]:
    """Numbers of the cases about a subject that are not decided."""
    return [case.number for case in cases.list(Wanted(subject=token), limit=CASES_MAX).cases]


def _education(connection: Connection, token: str) -> list[dict[str, Any]]:
    table = education_given.c
    asked = select(education_given).where(table.subject == token).order_by(table.seq.desc()).limit(HISTORY_MAX)
    return [{"piece": row.piece, "level": row.level, "time": show_moment(row.event_ms), "event_id": row.event_id}
            for row in connection.execute(asked)]  # fmt: skip
