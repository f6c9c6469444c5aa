"""What people and the platform do about measures: each a step in one transaction, with its audit entry.

What is refused here is refused by the database too: checks and triggers of the tables say the same in their own words.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import msgspec
from sqlalchemy import func, select

from bonafide.core.errors import BonafideError, OpposedError, UsageError
from bonafide.core.moment import show_moment, show_span
from bonafide.core.text import is_tidy
from bonafide.office.access.checks import check_said
from bonafide.office.access.keys import now_ms
from bonafide.office.audit.entry import Actor, Details
from bonafide.office.audit.log import append
from bonafide.office.measures.changes import (
    BY_PLATFORM,
    Turn,
    apply,
    confirm,
    end,
    platform_let_go,
    platform_still_has,
)
from bonafide.office.measures.measure import Measure, read_measure, read_measures
from bonafide.office.measures.words import (
    DELAY_MAX_MS,
    FAMILY,
    IN_FORCE,
    LAST_CALL_MS,
    NOTE_LENGTH_MAX,
    OPEN,
    REVIEW_MAX_MS,
    STATES,
    Action,
    PlatformStatus,
    State,
)
from bonafide.office.notices.notices import notices_of
from bonafide.office.people.matrix import Deed, check_may
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import measure_steps, measures, notices
from bonafide.office.vault.boxes import seal
from bonafide.office.vault.keyring import Keyring

_ROUTE: Final[dict[Action, str]] = {
    "confirm": "POST /v1/measures/{id}/confirm", "lift": "POST /v1/measures/{id}/lift",
    "refuse": "POST /v1/measures/{id}/refuse", "delay": "POST /v1/measures/{id}/delay-notice",
}  # fmt: skip
"""Whose roles may do it: the rows of docs/people.md."""
PAGE_MAX: Final = 1_000


class Measures:
    """The measures of one data directory. All of it may be called by several threads; none is a coroutine."""

    def __init__(
        self, store: Store, secret: bytes, keyring: Keyring, *, clock: Callable[[], int] = now_ms,
        draw: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:  # fmt: skip
        self._store = store
        self._secret = secret
        self._key = keyring.derived("notes on measures")
        self._clock = clock
        self._draw = draw

    def confirm(
        self, who: Session, origin: str, measure_id: str, note: str, until_ms: int | None = None
    ) -> Measure:  # fmt: skip
        """Stand behind a measure that a machine proposed. The second person has it last until it is looked at again
        (`until_ms`, at most REVIEW_MAX_MS from now); of one that needs a person, the first has the platform asked."""
        with self._acting(who, origin, "confirm", measure_id, note) as (turn, found):
            if not found.is_hard:
                raise OpposedError(f"measure {measure_id}: limits nobody, so nobody needs to confirm it")
            if not found.is_open or found.state == "confirmed":
                raise OpposedError(f"measure {measure_id}: is {found.state}, and not confirmed any more")
            if who.name in found.confirmers:
                raise OpposedError(f"measure {measure_id}: you have confirmed it; somebody else has to look at it")
            if turn.now > found.machine_until_ms - LAST_CALL_MS:
                told = f"it ends at {show_moment(found.machine_until_ms)}, too soon for the log to learn of it"
                raise OpposedError(f"measure {measure_id}: {told}")
            if until_ms is not None and not found.machine_until_ms < until_ms <= turn.now + REVIEW_MAX_MS:
                told = f"after {show_moment(found.machine_until_ms)}, at most {show_span(REVIEW_MAX_MS)} from now"
                raise UsageError(f"until: give a time {told}")
            self._put(turn, found, "confirm", who.name, note, until_ms)
            return confirm(turn, read_measure(turn.connection, measure_id))

    def lift(self, who: Session, origin: str, measure_id: str, note: str) -> Measure:
        """End a measure now: one person is enough, since it makes nothing harder for anybody."""
        with self._acting(who, origin, "lift", measure_id, note) as (turn, found):
            _check_open(found)
            self._put(turn, found, "lift", who.name, note)
            return end(turn, read_measure(turn.connection, measure_id), "lifted", f"person:{who.name}")

    def refuse(self, who: Session, origin: str, measure_id: str, note: str) -> Measure:
        """Turn a proposal down before the platform carries it out."""
        with self._acting(who, origin, "refuse", measure_id, note) as (turn, found):
            _check_open(found)
            if found.state in IN_FORCE:
                raise OpposedError(f"measure {measure_id}: is in force; lift it")
            self._put(turn, found, "refuse", who.name, note)
            return end(turn, read_measure(turn.connection, measure_id), "refused", f"person:{who.name}")

    def delay_notice(self, who: Session, origin: str, measure_id: str, basis: str, until_ms: int) -> Measure:
        """Have the notice of a measure that waits for a person leave later, on a legal basis; it leaves when that ends.

        What the platform was asked for already has had its notice.
        """
        with self._acting(who, origin, "delay", measure_id, basis) as (turn, found):
            asked = select(notices.c.kind).where(notices.c.measure_id == measure_id, notices.c.kind == "begun")
            if turn.connection.scalar(asked) is not None:
                raise OpposedError(f"measure {measure_id}: its subject was told already")
            _check_open(found)
            if not turn.now < until_ms <= turn.now + DELAY_MAX_MS:
                raise UsageError(f"until: give a time to come, at most {show_span(DELAY_MAX_MS)} from now")
            self._put(turn, found, "delay", who.name, basis, until_ms)
            return read_measure(turn.connection, measure_id)

    def tell(self, actor: Actor, measure_id: str, status: PlatformStatus) -> Measure:
        """What the platform says of a measure: late, twice or never, it comes to the same.

        OpposedError where the platform was not asked for it, or refuses what it has carried out.
        """
        with self._store.writing(FAMILY) as connection:
            turn, found = Turn(connection, self._clock(), self._secret), read_measure(connection, measure_id)
            was = found.state
            found = _told(turn, found, status)
            details: Details = {"status": status, "was": was, "is": found.state}
            append(connection, actor, "measure.status", f"measure:{measure_id}", turn.now, details=details)
            return found

    def show(self, measure_id: str) -> dict[str, Any]:
        """A measure with its notices, as JSON shows it."""
        with self._store.reading() as connection:
            found = read_measure(connection, measure_id)
            told = msgspec.json.decode(found.told)
            return found.to_wire() | {"notices": notices_of(connection, measure_id), "told": told}

    def one(self, measure_id: str) -> Measure:
        """A measure; MissingError where there is none of this name."""
        with self._store.reading() as connection:
            return read_measure(connection, measure_id)

    def list(
        self, *, state: State | None = None, subject: str | None = None, before: int | None = None, limit: int = 100,
        waiting: bool = False,
    ) -> Sequence[Measure]:  # fmt: skip
        """The newest measures (before a place of the log) of a state or a subject; `waiting`: what people are to look
        at, that is what needs a person, ends soon unless confirmed, was doubted or never answered."""
        wanted: list[Any] = [] if state is None else [measures.c.state == state]
        wanted += [] if subject is None else [measures.c.subject == subject]
        wanted += [] if before is None else [measures.c.seq < before]
        if waiting:
            to_confirm = measures.c.is_hard & measures.c.state.in_(("proposed", "requested", "applied"))
            doubted = measures.c.doubted_ms.is_not(None) & measures.c.state.in_(OPEN)
            wanted.append(to_confirm | doubted | measures.c.raised_ms.is_not(None))
        with self._store.reading() as connection:
            return read_measures(connection, *wanted, limit=min(limit, PAGE_MAX), newest=True)

    def figures(self) -> dict[str, int]:
        """How many measures are in each state, wait for the platform's answer, were raised, have no notice."""
        with self._store.reading() as connection:
            rows = connection.execute(select(measures.c.state, func.count()).group_by(measures.c.state)).all()
            count = select(func.count()).select_from(measures)
            noticed = select(notices.c.measure_id).where(notices.c.kind == "begun")
            silent = measures.c.requested_ms.is_not(None) & measures.c.measure_id.not_in(noticed)
            more = {
                "unanswered": measures.c.ask_ms.is_not(None), "raised": measures.c.raised_ms.is_not(None),
                "without_notice": silent,
            }  # fmt: skip
            told = {name: connection.scalar(count.where(what)) or 0 for name, what in more.items()}
        return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in rows} | told

    @contextmanager
    def _acting(
        self, who: Session, origin: str, action: Action, measure_id: str, note: str
    ) -> Iterator[tuple[Turn, Measure]]:  # fmt: skip
        """A transaction in which a person takes a step. What is refused has an entry of its own in the audit log."""
        actor, on = Actor(f"person:{who.name}", origin), _on(measure_id)
        try:
            who.check_complete()
            check_may(who.role, Deed("route", _ROUTE[action]))
            check_said("note", note, NOTE_LENGTH_MAX)
            with self._store.writing(FAMILY) as connection:
                turn = Turn(connection, self._clock(), self._secret)
                found = read_measure(connection, measure_id)
                append(connection, actor, f"measure.{action}", on, turn.now, details={"was": found.state})
                yield turn, found
        except BonafideError as error:
            with suppress(StoreError), self._store.writing() as connection:
                append(connection, actor, f"measure.{action}", on, self._clock(), outcome="refused",
                       details={"why": type(error).__name__})  # fmt: skip
            raise

    def _put(
        self, turn: Turn, found: Measure, action: Action, person: str, note: str, until_ms: int | None = None
    ) -> None:  # fmt: skip
        place = f"measure {found.measure_id} {action} {person}"
        row = {
            "measure_id": found.measure_id, "action": action, "person": person,
            "number": len(found.steps) + 1,  # of two in one millisecond, or after a clock was set back, too
            "made_ms": turn.now, "until_ms": until_ms, "note": seal(self._key, note.encode(), place, self._draw),
        }  # fmt: skip
        turn.connection.execute(measure_steps.insert().values(**row))


def _told(turn: Turn, found: Measure, status: PlatformStatus) -> Measure:
    """What a word of the platform changes."""
    if found.state == "proposed":
        raise OpposedError(f"measure {found.measure_id}: nobody has asked for it yet")
    if not found.is_open:
        return platform_still_has(turn, found) if status == "applied" else platform_let_go(turn, found)
    if status == "applied":
        return apply(turn, found) if found.state == "requested" else found
    if status == "refused" and found.state in IN_FORCE:
        raise OpposedError(f"measure {found.measure_id}: is carried out, so it can be lifted and not refused")
    return end(turn, found, status, BY_PLATFORM)


def _check_open(found: Measure) -> None:
    if not found.is_open:
        raise OpposedError(f"measure {found.measure_id}: is {found.state} already")


def _on(measure_id: str) -> str:
    """What the audit log calls a measure; what is no name of one does not stand there."""
    return f"measure:{measure_id}" if measure_id and len(measure_id) <= 60 and is_tidy(measure_id) else "measure"
