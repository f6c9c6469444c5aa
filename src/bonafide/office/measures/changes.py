"""How a measure goes from one state to the next: each a function within the transaction of the step that it is part of.

With each change go, in the same transaction, the record that the engine learns from, the message that the platform acts
on, and the notice. So a crash leaves all of it or nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import update

from bonafide.core.events import MeasureStatus
from bonafide.core.moment import show_moment
from bonafide.core.secret import unprinted
from bonafide.office.audit.entry import ITSELF
from bonafide.office.audit.log import append
from bonafide.office.measures.measure import Measure, read_measure
from bonafide.office.measures.words import ASK_AGAIN_MS, CONFIRMERS, FAMILY, REVIEW_MS, End
from bonafide.office.notices.notices import put_notice
from bonafide.office.notices.render import NoticeKind
from bonafide.office.outbox.putting import put_message
from bonafide.office.records.records import want
from bonafide.office.store.database import count_change
from bonafide.office.store.tables import measures

if TYPE_CHECKING:
    from sqlalchemy import Connection

TOPIC: Final = "measure"
BY_TIME: Final = "time"
"""Who ends what has come to its end."""
BY_PLATFORM: Final = "platform"


class Turn(NamedTuple):
    """What a change is made in."""

    connection: Connection
    now: int
    key: bytes
    """The data directory's secret, which ids of messages are made with."""

    def __repr__(self) -> str:
        return unprinted(self)


def request(turn: Turn, found: Measure) -> Measure:
    """Ask the platform to carry a proposal out, and tell its subject."""
    put_notice(turn.connection, turn.key, found, "begun", turn.now)
    return _ask(turn, found, {"state": "requested", "requested_ms": turn.now, "platform_has": True, "asks": 0})


def ask_again(turn: Turn, found: Measure) -> Measure:
    """Ask once more what was not answered: to carry it out, or to lift it. Beyond the last time it is raised."""
    if found.asks >= len(ASK_AGAIN_MS):
        append(turn.connection, ITSELF, "measure.unanswered", _on(found), turn.now,
               details={"asked": found.asks, "wanted": found.wanted}, outcome="failed")  # fmt: skip
        return _set(turn, found, {"ask_ms": None, "raised_ms": turn.now})
    return _ask(turn, found, {})


def apply(turn: Turn, found: Measure) -> Measure:
    """The platform carries out what was requested: from now on it is in force."""
    person = found.confirmers[0] if found.needs_person else found.opened_by
    by = None if person is None else f"person:{person}"
    _record(turn, found, "applied", found.machine_until_ms, by)
    found = _set(turn, found, {"state": "applied", "applied_ms": turn.now, "asks": 0, "ask_ms": None})
    for number in range(1, len(found.confirmers) + 1):
        found = _confirmed(turn, found, number)
    return found


def confirm(turn: Turn, found: Measure) -> Measure:
    """A person has just confirmed a measure: the first of a proposal that waits for one has the platform asked (the
    second, of one that a person opened), and the second of one in force has it last until its review."""
    if found.state == "proposed":
        enough = found.opened_by is None or len(found.confirmers) >= CONFIRMERS
        return request(turn, found) if enough else found
    if found.state == "applied":
        return _confirmed(turn, found, len(found.confirmers))
    return found


def _confirmed(turn: Turn, found: Measure, number: int) -> Measure:
    """Write the confirmation of this number into the log, of a measure in force."""
    person, until = found.confirmers[number - 1], found.machine_until_ms
    if number >= CONFIRMERS:
        stated = [one.until_ms for one in found.steps if one.action == "confirm" and one.until_ms is not None]
        until = max(min(stated, default=turn.now + REVIEW_MS), found.machine_until_ms)
    _record(turn, found, "confirmed", until, f"person:{person}", f":{number}")
    if number == CONFIRMERS:
        found = _set(turn, found, {"state": "confirmed", "until_ms": until})
        put_notice(turn.connection, turn.key, found, "prolonged", turn.now)
    return found


def end(turn: Turn, found: Measure, how: End, by: str) -> Measure:
    """End a measure that is open; the platform is asked to lift what it may have begun.

    What nobody was asked for and has come to its end leaves no record: the engine lets go of it by itself.
    """
    if found.state != "proposed" or how != "expired":
        _record(turn, found, how, None, by if by.startswith("person:") else None)
    was, told_before = found.state, found.requested_ms is not None
    changed: dict[str, Any] = {"state": how, "ended_ms": turn.now, "ended_by": by, "asks": 0, "ask_ms": None}
    if was == "proposed" or how == "refused" or by == BY_PLATFORM or found.measure == "notice":
        changed["platform_has"] = False
    found = _set(turn, found, changed)
    if found.platform_has:
        found = _ask(turn, found, {})
    if told_before and (found.is_hard or how != "expired"):
        appeal = by.removeprefix("appeal:") if by.startswith("appeal:") else ""
        kind: NoticeKind = "apology" if appeal else "ended"
        put_notice(turn.connection, turn.key, found, kind, turn.now, appeal)
    append(turn.connection, ITSELF, "measure.end", _on(found), turn.now, details={"how": how, "by": by, "was": was})
    return found


def platform_let_go(turn: Turn, found: Measure) -> Measure:
    """The platform has said that it does not carry out, or not any more, what has ended."""
    return _set(turn, found, {"platform_has": False, "asks": 0, "ask_ms": None, "raised_ms": None})


def platform_still_has(turn: Turn, found: Measure) -> Measure:
    """The platform says that it carries out what has ended here: it is asked to lift it, from the beginning."""
    if found.platform_has and found.ask_ms is not None and found.asks:
        return found
    return _ask(turn, found, {"platform_has": True, "raised_ms": None, "asks": 0})


def doubt(turn: Turn, found: Measure) -> Measure:
    """The engine proposes to lift what people have confirmed: they are to look again."""
    return _set(turn, found, {"doubted_ms": turn.now}) if found.doubted_ms is None else found


def _ask(turn: Turn, found: Measure, changed: dict[str, Any]) -> Measure:
    """Have a message leave that says what the platform is to do; one that asks again is another message."""
    asks = int(changed.get("asks", found.asks)) + 1
    wait = ASK_AGAIN_MS[min(asks, len(ASK_AGAIN_MS)) - 1]
    found = _set(turn, found, changed | {"asks": asks, "ask_ms": turn.now + wait})
    kind = "requested" if found.wanted == "apply" else "lift_requested"
    data: dict[str, object] = {
        "measure": found.measure, "subject_type": found.subject_type, "subject_id": found.subject, "status": kind,
        "until": show_moment(found.until_ms), "measure_id": found.measure_id, "needs_person": found.needs_person,
        "event_id": found.event_id, "seq": found.seq, "asked": asks,
    }  # fmt: skip
    name = f"{found.measure_id}_{'a' if found.wanted == 'apply' else 'l'}{turn.now}"
    subject = f"{found.subject_type}:{found.subject}"
    put_message(turn.connection, turn.key, name, TOPIC, f"measure.{kind}", subject, found.seq, data, turn.now)
    return found


def _record(turn: Turn, found: Measure, status: Any, until: int | None, by: str | None, more: str = "") -> None:
    kind: Any = found.measure
    who: Any = found.subject_type
    want(turn.connection, MeasureStatus(
        event_id=f"measure:{found.measure_id}:{status}{more}", time=0, measure_id=found.measure_id, measure=kind,
        subject_type=who, subject_id=found.subject, status=status, until=until, by=by,
    ), turn.now)  # fmt: skip


def _set(turn: Turn, found: Measure, changed: dict[str, Any]) -> Measure:
    ours = update(measures).where(measures.c.measure_id == found.measure_id)
    turn.connection.execute(ours.values(**changed))
    count_change(turn.connection, FAMILY)
    return read_measure(turn.connection, found.measure_id)


def _on(found: Measure) -> str:
    return f"measure:{found.measure_id}"
