"""An appeal, or an answer to a request for information, as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import msgspec
from sqlalchemy import func, select

from bonafide.core.errors import MissingError
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.core.pseudonym import show_token
from bonafide.core.text import shorten
from bonafide.office.store.tables import appeal_documents, appeals

if TYPE_CHECKING:
    from sqlalchemy import Connection

Kind = Literal["appeal", "answer"]
AppealState = Literal[
    "acknowledged", "assigned", "upheld", "rejected", "satisfactory", "partial", "unsatisfactory", "withdrawn"
]
APPEAL_STATES: Final[tuple[AppealState, ...]] = get_args(AppealState)
Outcome = Literal["upheld", "rejected", "satisfactory", "partial", "unsatisfactory"]
OUTCOMES_OF: Final[dict[Kind, tuple[Outcome, ...]]] = {
    "appeal": ("upheld", "rejected"), "answer": ("satisfactory", "partial", "unsatisfactory"),
}  # fmt: skip
WAITING: Final[tuple[AppealState, ...]] = ("acknowledged", "assigned")
TARGET_MS: Final = 5 * DAY_MS
"""Within which an appeal is to be decided."""
LEGAL_MS: Final = 15 * DAY_MS
"""Within which the anti-money-laundering law of the PRC, article 39, asks for an answer."""


class Appeal(msgspec.Struct, frozen=True, kw_only=True):
    """One appeal or answer. Times are milliseconds since 1970 UTC."""

    appeal_id: str
    kind: Kind
    measure_id: str
    subject_type: str
    pseudonym: int
    state: AppealState
    submitted_ms: int
    due_ms: int
    submitted_by: str
    human_only: bool | None
    """Whether the subject asks that people decide; None: nothing about that."""
    assignee: str | None
    decided_ms: int | None
    documents: int = 0

    def to_wire(self, now: int) -> dict[str, Any]:
        """The appeal as JSON shows it, without what was said."""
        waits = self.state in WAITING
        return {
            "appeal_id": self.appeal_id, "kind": self.kind, "measure_id": self.measure_id,
            "subject_type": self.subject_type, "subject": show_token(self.pseudonym), "state": self.state,
            "submitted": show_moment(self.submitted_ms), "due": show_moment(self.due_ms),
            "legal_due": show_moment(self.submitted_ms + LEGAL_MS), "overdue": waits and now >= self.due_ms,
            "submitted_by": self.submitted_by, "human_only": self.human_only, "assignee": self.assignee,
            "decided": None if self.decided_ms is None else show_moment(self.decided_ms), "documents": self.documents,
        }  # fmt: skip


def read_appeal(connection: Connection, appeal_id: str) -> Appeal:
    """An appeal; MissingError where there is none of this number."""
    found = read_appeals(connection, appeals.c.appeal_id == appeal_id, limit=1)
    if not found:
        raise MissingError(f"appeal {shorten(appeal_id)}: there is none of this number; bonafide appeal list has them")
    return found[0]


def read_appeals(connection: Connection, *wanted: Any, limit: int) -> list[Appeal]:
    """The appeals that fit, those that are due first, first."""
    asked = select(appeals).where(*wanted).order_by(appeals.c.due_ms, appeals.c.appeal_id).limit(limit)
    rows = list(connection.execute(asked))
    table, ids = appeal_documents, [row.appeal_id for row in rows]
    counted = select(table.c.appeal_id, func.count()).where(table.c.appeal_id.in_(ids)).group_by(table.c.appeal_id)
    documents = {row[0]: row[1] for row in connection.execute(counted)} if ids else {}
    names = [name for name in Appeal.__struct_fields__ if name != "documents"]
    return [
        Appeal(**{name: getattr(row, name) for name in names}, documents=documents.get(row.appeal_id, 0))
        for row in rows
    ]  # fmt: skip
