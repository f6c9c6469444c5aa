"""Notices that were made, and when each leaves: at once, or when a delay ends that a person has logged the law for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import ColumnElement, select, update

from bonafide.core.moment import show_moment
from bonafide.office.notices.render import NoticeKind, Told, render
from bonafide.office.outbox.messages import NOTICE
from bonafide.office.outbox.putting import put_message
from bonafide.office.store.tables import measure_steps, measures, notices

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.measures.measure import Measure

SENT_AT_ONCE: Final = 256


def put_notice(
    connection: Connection, key: bytes, found: Measure, kind: NoticeKind, now: int, about: str = ""
) -> None:  # fmt: skip
    """Make a notice of a measure, once (and once for each appeal that it is `about`), and send it unless it waits."""
    ours = _of(found.measure_id, kind, about)
    if connection.scalar(select(notices.c.kind).where(ours)) is not None:
        return
    content = msgspec.json.encode(render(kind, told_of(found))).decode()
    due = max(now, _delayed_until(connection, found.measure_id) or now)
    row = {
        "measure_id": found.measure_id,
        "kind": kind,
        "about": about,
        "made_ms": now,
        "due_ms": due,
        "content": content,
    }
    connection.execute(notices.insert().values(**row))
    if due <= now:
        _send(connection, key, found.measure_id, kind, about, now)


def send_due(connection: Connection, key: bytes, now: int) -> int:
    """Send the notices whose delay has ended, some at a time; how many there were."""
    columns = (notices.c.measure_id, notices.c.kind, notices.c.about)
    asked = select(*columns).where(notices.c.sent_ms.is_(None), notices.c.due_ms <= now)
    due = connection.execute(asked.order_by(notices.c.due_ms, notices.c.made_ms).limit(SENT_AT_ONCE)).all()
    for measure_id, kind, about in due:
        _send(connection, key, measure_id, kind, about, now)
    return len(due)


def notices_of(connection: Connection, measure_id: str) -> list[dict[str, Any]]:
    """The notices of a measure as JSON shows them, the oldest first."""
    asked = select(notices).where(notices.c.measure_id == measure_id).order_by(notices.c.made_ms, notices.c.kind)
    return [
        msgspec.json.decode(row.content) | {
            "made": show_moment(row.made_ms), "due": show_moment(row.due_ms),
            "sent": None if row.sent_ms is None else show_moment(row.sent_ms),
        }
        for row in connection.execute(asked)
    ]  # fmt: skip


def told_of(found: Measure) -> Told:
    """What a notice of a measure is made of."""
    said = msgspec.json.decode(found.told)
    return Told(
        measure=found.measure, measure_id=found.measure_id, until_ms=found.until_ms,
        automated=not found.needs_person and found.opened_by is None,
        how_ended="" if found.is_open else found.state, reasons=tuple(said["reasons"]), why=said["why"] or {},
        submit=said["submit"] or {}, appeal=said["appeal"] or {},
    )  # fmt: skip


def _delayed_until(connection: Connection, measure_id: str) -> int | None:
    """When the delay ends that a person has logged."""
    ours = (measure_steps.c.measure_id == measure_id) & (measure_steps.c.action == "delay")
    found = [row.until_ms for row in connection.execute(select(measure_steps.c.until_ms).where(ours))]
    return max(found, default=None)


def _of(measure_id: str, kind: str, about: str) -> ColumnElement[bool]:
    return (notices.c.measure_id == measure_id) & (notices.c.kind == kind) & (notices.c.about == about)


def _send(connection: Connection, key: bytes, measure_id: str, kind: str, about: str, now: int) -> None:
    ours = _of(measure_id, kind, about)
    content = connection.execute(select(notices.c.content).where(ours)).scalar_one()
    of = connection.execute(select(measures).where(measures.c.measure_id == measure_id)).one()
    data: dict[str, object] = {
        **msgspec.json.decode(content), "subject_type": of.subject_type, "subject_id": of.subject,
        "event_id": of.event_id, "seq": of.seq,
    }  # fmt: skip
    subject = f"{of.subject_type}:{of.subject}"
    put_message(
        connection, key, f"{measure_id}_{kind[:5]}{about}", NOTICE, f"notice.{kind}", subject, of.seq, data, now
    )
    connection.execute(update(notices).where(ours).values(sent_ms=now))
