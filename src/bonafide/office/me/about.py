"""What the log says of a user or a merchant, the same for both: the newest decision and those that were not let pass,
how the score went, the ladder, measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from sqlalchemy import select

from bonafide.core.moment import show_moment
from bonafide.core.pseudonym import show_token
from bonafide.office.me.decided import latest_of, told_of
from bonafide.office.me.history import score_history
from bonafide.office.measures.measure import read_measures
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_events, measures

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.journal.records import Found

HISTORY_MAX: Final = 50
"""Decisions that did not simply let an event pass, and pieces of education, that are shown."""
MEASURES_MAX: Final = 100

Kind = Literal["user", "merchant"]
StandingOf = Callable[[Kind, int], dict[str, Any]]
"""Where a subject stands on the ladder, by its kind and pseudonym."""
LevelsOf = Callable[[Kind], list[dict[str, Any]]]
"""Below which credit score each risk level begins, in rising order."""


class _Latest(msgspec.Struct):
    credit_score: int | None = None
    risk_level: str | None = None


_read: Final = msgspec.json.Decoder(_Latest).decode


class About:
    """The subjects of one store. Several threads may call it; none is a coroutine."""

    def __init__(
        self, store: Store, find: Callable[[str], Found | None], standing_of: StandingOf, levels_of: LevelsOf
    ) -> None:  # fmt: skip
        """find: the event of an id with its answer."""
        self._store, self._find, self._standing_of, self._levels_of = store, find, standing_of, levels_of

    def show(self, kind: Kind, number: int, *, inside: bool) -> dict[str, Any] | None:
        """A subject as JSON shows it, `inside` with how its score went and what its levels are; None where nothing was
        decided about it."""
        token = show_token(number)
        with self._store.reading() as connection:
            latest = latest_of(connection, kind, token)
            ours = (measures.c.subject == token) & (measures.c.subject_type == kind)
            taken = read_measures(connection, ours, limit=MEASURES_MAX, newest=True)
            told = told_of(connection, kind, token, limit=HISTORY_MAX)
            went = score_history(connection, kind, token) if inside else []
            cases = _cases_of(connection, [row.event_id for row in told]) if inside else {}
        if latest is None and not taken:
            return None
        shown = {
            **self._latest(latest), "ladder": self._standing_of(kind, number),
            "measures": [one.to_wire() for one in taken],
            "decisions": [
                {"event_id": row.event_id, "seq": row.seq, "type": row.type, "time": show_moment(row.event_ms),
                 "outcome": row.outcome, **({"case": cases.get(row.event_id)} if inside else {})}
                for row in told
            ],
        }  # fmt: skip
        return shown | {"score_history": went, "levels": self._levels_of(kind)} if inside else shown

    def nothing(self, kind: Kind, number: int, *, inside: bool) -> dict[str, Any]:
        """The same of a subject about whom nothing was decided."""
        none = {**self._latest(None), "ladder": self._standing_of(kind, number), "measures": [], "decisions": []}
        return none | {"score_history": [], "levels": self._levels_of(kind)} if inside else none

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


def _cases_of(connection: Connection, events: Sequence[str]) -> dict[str, int]:
    """Event -> the case that it belongs to, where it does."""
    table = case_events.c
    asked = select(table.event_id, table.number).where(table.event_id.in_(events)).order_by(table.number)
    return {row.event_id: row.number for row in connection.execute(asked)}
