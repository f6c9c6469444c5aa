"""Measures that people open: on the basis of a case, about one subject, for a stated time.

A machine's proposal says itself what it rests on; a person's rests on a case. What is harder than a request for
information takes two people before the platform is asked; what limits nobody takes one. From then on such a measure
goes as every other does: requested, applied, confirmed, ended, with a notice and an appeal.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from sqlalchemy import func, select

from bonafide.core.decision import Words
from bonafide.core.errors import BonafideError, MissingError, OpposedError, UsageError
from bonafide.core.moment import HOUR_MS, show_span
from bonafide.core.secret import unprinted
from bonafide.engine.ladder.wording import APPEAL
from bonafide.engine.ladder.words import MEASURES_OF, SUBJECTS
from bonafide.office.access.checks import check_said
from bonafide.office.access.keys import now_ms
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.measures.changes import Turn, confirm, end, request
from bonafide.office.measures.measure import Measure, read_measure, read_measures
from bonafide.office.measures.words import (
    FAMILY,
    LAST_CALL_MS,
    MACHINE_MS,
    NOTE_LENGTH_MAX,
    OPEN,
    REVIEW_MAX_MS,
    REVIEW_MS,
    is_hard,
)
from bonafide.office.outbox.log import Log, open_log
from bonafide.office.people.matrix import Deed, check_may
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import case_events, case_named, cases, measure_steps, measures
from bonafide.office.vault.boxes import seal
from bonafide.office.vault.keyring import Keyring

if TYPE_CHECKING:
    from sqlalchemy import Connection

ReasonsOf = Callable[[Sequence[int]], list[dict[str, str]]]
"""The reasons that decisions at places of the log gave, the first of each code, at most REASONS_MAX."""
ROUTE: Final = "POST /v1/measures"
NOTES_KEY: Final = "notes on measures"
REASONS_MAX: Final = 4
EVENTS_READ_MAX: Final = 20
"""Newest events of the case about the subject, whose reasons the subject is told."""
SHORTEST_MS: Final = HOUR_MS
AT_ONE_PLACE_MAX: Final = 8
"""Measures that people open on the same event, as a page of measures does not end among them."""
_WHY: Final = Words(
    "工作人员核查了相关交易后提出此措施。", "A person has looked into the trade concerned and asked for this."
)
_SUBMIT: Final = Words("情况说明及相关凭证", "an explanation in your own words, with papers that support it")


class Wish(NamedTuple):
    """What somebody asks to be done about a subject."""

    case: int
    subject: str
    """A token that the case names as a user or a merchant."""
    measure: str
    until_ms: int | None = None
    """When it ends or is looked at again; REVIEW_MS from now where nobody says."""
    step: int | None = None
    """The decision of the case that it follows from."""


class Notes(NamedTuple):
    """What notes of people on measures are sealed with."""

    key: bytes
    draw: Callable[[int], bytes]

    def __repr__(self) -> str:
        return unprinted(self)


def notes_with(keyring: Keyring, draw: Callable[[int], bytes]) -> Notes:
    """What notes on measures are sealed with."""
    return Notes(keyring.derived(NOTES_KEY), draw)


def no_reasons(seqs: Sequence[int]) -> list[dict[str, str]]:
    """Where no log is at hand."""
    return []


def reasons_in(folder: Path) -> ReasonsOf:
    """The reasons of decisions in the log of a data directory."""

    def find(seqs: Sequence[int]) -> list[dict[str, str]]:
        with open_log(folder) as log:
            return reasons_from(log, seqs)

    return find


def reasons_from(log: Log, seqs: Sequence[int]) -> list[dict[str, str]]:
    """The reasons of decisions at places of a log; a place that it has not (it was restored) says nothing."""
    found: dict[str, dict[str, str]] = {}
    end_seq = log.next_seq()
    for seq in (one for one in seqs if one < end_seq):
        for _, records in log.commits(seq, seq + 1):
            answer = msgspec.json.decode(records[0].answer)
            found |= {one["code"]: one for one in answer.get("reasons", ()) if one["code"] not in found}
        if len(found) >= REASONS_MAX:
            break
    return list(found.values())[:REASONS_MAX]


class Openings:
    """Where people open measures of one data directory. Several threads may call it; none is a coroutine."""

    def __init__(
        self, store: Store, secret: bytes, keyring: Keyring, reasons_of: ReasonsOf, *,
        clock: Callable[[], int] = now_ms, draw: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:  # fmt: skip
        self._store, self._secret, self._clock = store, secret, clock
        self._notes = notes_with(keyring, draw)
        self._reasons_of = reasons_of

    def open(self, who: Session, origin: str, wish: Wish, note: str) -> Measure:
        """Open a measure about a subject of a case. What limits nobody is asked of the platform at once; what is harder
        waits for a second person (`Measures.confirm`).

        OpposedError where one of the kind is open for the subject already: that one is confirmed or lifted.
        """
        actor = Actor(f"person:{who.name}", origin)
        with self._refusing(who, actor):
            check_said("note", note, NOTE_LENGTH_MAX)
            with self._store.writing(FAMILY) as connection:
                turn = Turn(connection, self._clock(), self._secret)
                kind = check_wish(turn, wish)
                known = open_one(connection, wish, kind)
                if known is not None:
                    raise OpposedError(f"measure {known.measure_id}: is open already, and the same; confirm or lift it")
                found = begin(turn, wish, kind, (who.name,), self._reasons_of, self._notes, note)
                append(connection, actor, "measure.open", f"measure:{found.measure_id}", turn.now,
                       details={"case": wish.case, "measure": wish.measure})  # fmt: skip
                return found

    @contextmanager
    def _refusing(self, who: Session, actor: Actor) -> Iterator[None]:
        try:
            who.check_complete()
            check_may(who.role, Deed("route", ROUTE))
            yield
        except BonafideError as error:
            with suppress(StoreError), self._store.writing() as connection:
                append(connection, actor, "measure.open", "measure", self._clock(), outcome="refused",
                       details={"why": type(error).__name__})  # fmt: skip
            raise


def check_wish(turn: Turn, wish: Wish) -> str:
    """Whether the subject is a user or a merchant. MissingError and UsageError for what cannot be asked for."""
    state = turn.connection.scalar(select(cases.c.state).where(cases.c.number == wish.case))
    if state is None:
        raise MissingError(f"case {wish.case}: there is none of this number; bonafide case list shows them")
    if state == "merged":
        raise OpposedError(f"case {wish.case}: became part of another; open the measure there")
    table = case_named.c
    asked = select(table.kind).where(table.number == wish.case, table.token == wish.subject, table.kind.in_(SUBJECTS))
    kind = turn.connection.scalar(asked.limit(1))
    if kind is None:
        raise UsageError("subject: name a user or a merchant of the case, by the token")
    if wish.measure not in MEASURES_OF[kind]:
        raise UsageError(f"measure: of a {kind} there are {', '.join(MEASURES_OF[kind])}")
    until = wish.until_ms
    if until is not None and not turn.now + SHORTEST_MS <= until <= turn.now + REVIEW_MAX_MS:
        told = f"at least {show_span(SHORTEST_MS)}, at most {show_span(REVIEW_MAX_MS)} from now"
        raise UsageError(f"until: give a time {told}")
    return str(kind)


def begin(
    turn: Turn, wish: Wish, kind: str, people: Sequence[str], reasons_of: ReasonsOf, notes: Notes, note: str
) -> Measure:  # fmt: skip
    """Write a measure that these people stand behind, and have the platform asked where that is enough."""
    newest = newest_about(turn.connection, wish, kind)
    if _opened_at(turn.connection, newest[0].seq) >= AT_ONE_PLACE_MAX:
        raise OpposedError(f"case {wish.case}: has had {AT_ONE_PLACE_MAX} measures opened on its newest event")
    hard = is_hard(wish.measure)
    until = turn.now + REVIEW_MS if wish.until_ms is None else wish.until_ms
    ends = end_by_itself(wish, turn.now)
    told = told_by_people(reasons_of([row.seq for row in newest]))
    measure_id = f"p{wish.case}-{notes.draw(8).hex()}"
    turn.connection.execute(measures.insert().values(
        measure_id=measure_id, measure=wish.measure, subject_type=kind, subject=wish.subject, seq=newest[0].seq,
        event_id=newest[0].event_id, event_ms=turn.now, grade=None, facts=[], hits=[],
        told=msgspec.json.encode(told).decode(), is_hard=hard, needs_person=hard, machine_until_ms=ends, until_ms=ends,
        state="proposed", made_ms=turn.now, platform_has=False, asks=0, opened_by=people[0], case_number=wish.case,
        case_step=wish.step,
    ))  # fmt: skip
    found = read_measure(turn.connection, measure_id)
    if not hard:
        return request(turn, found)
    for name in people:
        found = _stand_behind(turn, found, name, until, notes, note)
    return found


def told_by_people(reasons: list[dict[str, str]]) -> dict[str, Any]:
    """What the subject of a measure that people open is told, with the reasons of decisions on its events."""
    return {"reasons": reasons, "why": _WHY, "submit": _SUBMIT, "appeal": APPEAL}


def end_by_itself(wish: Wish, now: int) -> int:
    """When a measure that is opened now ends, unless two people have it last longer."""
    until = now + REVIEW_MS if wish.until_ms is None else wish.until_ms
    return min(until, now + MACHINE_MS) if is_hard(wish.measure) else until


def follow_decision(
    turn: Turn, wish: Wish, people: Sequence[str], reasons_of: ReasonsOf, notes: Notes, note: str
) -> Measure | None:  # fmt: skip
    """What two people (one, where nobody is limited) have said about a subject when they decided a case: a measure of
    its own, or, where one of the kind is open already, their word for that one. None where that has ended by now."""
    kind = check_wish(turn, wish)
    known = open_one(turn.connection, wish, kind)
    if known is None:
        return begin(turn, wish, kind, people, reasons_of, notes, note)
    for name in people:
        late = turn.now > known.machine_until_ms - LAST_CALL_MS
        if known.is_hard and known.state != "confirmed" and name not in known.confirmers and not late:
            known = _stand_behind(turn, known, name, None, notes, note)
    return known


def take_back(turn: Turn, case: int, step: int, person: str, notes: Notes, note: str) -> int:
    """End what a decision of a case has opened, now that it is undone; how many measures."""
    ours = (measures.c.case_number == case) & (measures.c.case_step == step) & measures.c.state.in_(OPEN)
    found = read_measures(turn.connection, ours, limit=10_000)
    for one in found:
        _put(turn, one, "lift", person, None, notes, note)
        end(turn, read_measure(turn.connection, one.measure_id), "lifted", f"person:{person}")
    return len(found)


def _stand_behind(
    turn: Turn, found: Measure, name: str, until_ms: int | None, notes: Notes, note: str
) -> Measure:  # fmt: skip
    _put(turn, found, "confirm", name, until_ms, notes, note)
    return confirm(turn, read_measure(turn.connection, found.measure_id))


def _put(
    turn: Turn, found: Measure, action: str, person: str, until_ms: int | None, notes: Notes, note: str
) -> None:  # fmt: skip
    found = read_measure(turn.connection, found.measure_id)
    place = f"measure {found.measure_id} {action} {person}"
    row = {
        "measure_id": found.measure_id, "action": action, "person": person, "number": len(found.steps) + 1,
        "made_ms": turn.now, "until_ms": until_ms, "note": seal(notes.key, note.encode(), place, notes.draw),
    }  # fmt: skip
    turn.connection.execute(measure_steps.insert().values(**row))


def open_one(connection: Connection, wish: Wish, kind: str) -> Measure | None:
    """The measure of this kind about the subject that is open already."""
    ours = (measures.c.subject == wish.subject) & (measures.c.subject_type == kind)
    same = ours & (measures.c.measure == wish.measure) & measures.c.state.in_(OPEN)
    found = read_measures(connection, same, limit=1, newest=True)
    return found[0] if found else None


def newest_about(connection: Connection, wish: Wish, kind: str) -> list[Any]:
    """The newest events of the case that name the subject."""
    named, table = case_named.c, case_events.c
    joined = (named.number == table.number) & (named.seq == table.seq)
    ours = (named.number == wish.case) & (named.kind == kind) & (named.token == wish.subject)
    asked = select(table.seq, table.event_id).join_from(case_named, case_events, joined).where(ours)
    return list(connection.execute(asked.order_by(table.seq.desc()).limit(EVENTS_READ_MAX)))


def _opened_at(connection: Connection, seq: int) -> int:
    ours = (measures.c.seq == seq) & measures.c.opened_by.is_not(None)
    return connection.scalar(select(func.count()).select_from(measures).where(ours)) or 0
