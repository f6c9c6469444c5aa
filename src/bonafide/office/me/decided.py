"""Whom decisions were about, kept so that each can be asked for: the first and the newest of everybody, and those that
did not simply let an event pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, select, tuple_, update

from bonafide.office.me.history import Key, Score, note_scores
from bonafide.office.me.reading import Decided
from bonafide.office.store.tables import decided_subjects, score_days, told_decisions

if TYPE_CHECKING:
    from sqlalchemy import Connection

DECISIONS_EACH_MAX: Final = 200
"""Decisions of one subject that are listed; of more, the oldest are let go of (the log keeps them all)."""
ROOM: Final = 400
"""Rows that one question asks for by name."""


class Latest(NamedTuple):
    """The newest decision about a subject."""

    seq: int
    event_id: str
    event_ms: int


def known_subjects(connection: Connection, keys: Iterable[Key]) -> dict[Key, Score]:
    """Which of some subjects were decided about before, and what their histories said last."""
    table = decided_subjects.c
    columns = (table.subject_type, table.subject)
    asked = select(*columns, table.credit_score, table.risk_level, table.score_day)
    return {(row[0], row[1]): Score(*row[2:]) for some in _parts(sorted(set(keys)))
            for row in connection.execute(asked.where(tuple_(*columns).in_(some)))}  # fmt: skip


def put_decided(
    connection: Connection, decided: Sequence[Decided], known: Mapping[Key, Score], today: int | None = None
) -> None:  # fmt: skip
    """Note some decisions, each about somebody; `known` are the subjects that have a row, `today` is the newest day of
    the log, in days since 1970."""
    scores = note_scores(connection, decided, known, today)
    first: dict[Key, Decided] = {}
    last: dict[Key, Decided] = {}
    for one in decided:
        key = (one.subject_type, one.subject)
        first.setdefault(key, one)
        last[key] = one
    rows = {key: _row(key, one, scores[key]) for key, one in last.items()}
    fresh = [row | {"first_seq": first[key].seq} for key, row in rows.items() if key not in known]
    again = [{f"_{name}": value for name, value in row.items()} for key, row in rows.items() if key in known]
    if fresh:
        connection.execute(decided_subjects.insert(), fresh)
    if again:
        connection.execute(_UPDATE, again)
    _put_told(connection, [one for one in decided if one.outcome != "allow"])


def forget_days(connection: Connection) -> None:
    """Let go of all histories: the log is another than the one that they came from, and is read anew."""
    connection.execute(delete(score_days))
    nothing = dict.fromkeys(("credit_score", "risk_level", "score_day"))
    connection.execute(update(decided_subjects).values(**nothing))


def latest_of(connection: Connection, subject_type: str, subject: str) -> tuple[int, Latest] | None:
    """Where the first decision about a subject stands, and the newest; None where nothing was decided."""
    ours = (decided_subjects.c.subject_type == subject_type) & (decided_subjects.c.subject == subject)
    row = connection.execute(select(decided_subjects).where(ours)).one_or_none()
    return None if row is None else (row.first_seq, Latest(row.last_seq, row.last_event_id, row.last_ms))


def told_of(
    connection: Connection, subject_type: str, subject: str, before: int | None = None, limit: int = DECISIONS_EACH_MAX
) -> list[Any]:  # fmt: skip
    """The rows of the decisions that did not simply let an event pass, the newest first."""
    table = told_decisions.c
    wanted = [table.subject == subject, table.subject_type == subject_type]
    wanted += [] if before is None else [table.seq < before]
    return list(connection.execute(select(told_decisions).where(*wanted).order_by(table.seq.desc()).limit(limit)))


_CHANGING: Final = ("last_seq", "last_ms", "last_event_id", "credit_score", "risk_level", "score_day")
_UPDATE: Final = (
    update(decided_subjects)
    .where(
        (decided_subjects.c.subject_type == bindparam("_subject_type"))
        & (decided_subjects.c.subject == bindparam("_subject"))
    )
    .values({name: bindparam(f"_{name}") for name in _CHANGING})
)


def _row(key: Key, one: Decided, score: Score) -> dict[str, Any]:
    return {"subject_type": key[0], "subject": key[1], "last_seq": one.seq, "last_ms": one.event_ms,
            "last_event_id": one.event_id, "credit_score": score.credit_score, "risk_level": score.risk_level,
            "score_day": score.day}  # fmt: skip


def _put_told(connection: Connection, told: Sequence[Decided]) -> None:
    known = {
        name for some in _parts([one.event_id for one in told])
        for name in connection.scalars(select(told_decisions.c.event_id).where(told_decisions.c.event_id.in_(some)))
    }  # fmt: skip
    fresh = {one.event_id: one for one in told if one.event_id not in known}
    if not fresh:
        return
    columns = [column.name for column in told_decisions.columns]
    connection.execute(told_decisions.insert(), [{n: getattr(one, n) for n in columns} for one in fresh.values()])
    for subject_type, subject in sorted({(one.subject_type, one.subject) for one in fresh.values()}):
        _let_go(connection, subject_type, subject)


def _let_go(connection: Connection, subject_type: str, subject: str) -> None:
    """Keep the newest of a subject."""
    table = told_decisions.c
    ours = (table.subject == subject) & (table.subject_type == subject_type)
    beyond = select(table.seq).where(ours).order_by(table.seq.desc()).offset(DECISIONS_EACH_MAX).limit(1)
    oldest = connection.scalar(beyond)
    if oldest is not None:
        connection.execute(delete(told_decisions).where(ours, table.seq <= oldest))


def _parts(names: Sequence[Any]) -> list[Sequence[Any]]:
    return [names[at : at + ROOM] for at in range(0, len(names), ROOM)]
