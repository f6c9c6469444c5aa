"""A step of a person with a case: one transaction with its entry in the audit log; what is refused has its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import update

from bonafide.core.errors import BonafideError, UsageError
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.access.keys import now_ms
from bonafide.office.audit.entry import Actor, Value
from bonafide.office.audit.log import append
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.cases.opening import FAMILY
from bonafide.office.cases.rows import Case, next_step, read_case
from bonafide.office.measures.opening import ReasonsOf, no_reasons, notes_with
from bonafide.office.people.matrix import Deed, check_may
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import case_steps, cases
from bonafide.office.vault.boxes import seal
from bonafide.office.vault.keyring import Keyring

if TYPE_CHECKING:
    from sqlalchemy import Connection

NOTE_LENGTH_MAX: Final = 4_000
NOTES_KEY: Final = "notes of cases"
ROUTES: Final = {
    name: f"POST /v1/cases/{{number}}/{name}"
    for name in ("assign", "wait", "note", "link", "split", "merge", "decide", "confirm", "refuse", "undo", "look")
} | {
    "attach": "POST /v1/cases/{number}/files", "look_file": "GET /v1/cases/{number}/files/{file}",
}  # fmt: skip
"""Whose roles may do it: the rows of docs/people.md."""


class Turn(NamedTuple):
    """What a step is taken in."""

    connection: Connection
    case: Case
    now: int
    actor: Actor
    who: Session


class Steps:
    """What all steps of people have in common."""

    def __init__(
        self, store: Store, secret: bytes, keyring: Keyring, *, clock: Callable[[], int] = now_ms,
        draw: Callable[[int], bytes] = secrets.token_bytes, reasons_of: ReasonsOf = no_reasons,
    ) -> None:  # fmt: skip
        self._store = store
        self._reasons_of = reasons_of
        self._measure_notes = notes_with(keyring, draw)
        self._secret = secret
        self._key = keyring.derived(NOTES_KEY)
        self._clock = clock
        self._draw = draw

    @contextmanager
    def _refusing(self, who: Session, origin: str, action: str, number: int) -> Iterator[Actor]:
        """What a person may do, with an entry in the audit log where it is refused."""
        actor = Actor(f"person:{who.name}", origin)
        try:
            who.check_complete()
            check_may(who.role, Deed("route", ROUTES[action]))
            yield actor
        except BonafideError as error:
            with suppress(StoreError), self._store.writing() as connection:
                append(connection, actor, f"case.{action}", f"case:{number}", self._clock(), outcome="refused",
                       details={"why": type(error).__name__})  # fmt: skip
            raise

    @contextmanager
    def _acting(self, who: Session, origin: str, action: str, number: int, note: str) -> Iterator[Turn]:
        """A transaction in which a person takes a step."""
        with self._refusing(who, origin, action, number) as actor:
            if len(note) > NOTE_LENGTH_MAX:
                raise UsageError(f"note: give at most {NOTE_LENGTH_MAX} characters")
            with self._store.writing(FAMILY) as connection:
                case = read_case(connection, number)
                now = self._clock()
                if case.state == "merged":
                    raise NotNowError(f"case {number}: it became part of case {case.merged_into}")
                yield Turn(connection, case, now, actor, who)

    def _change(self, turn: Turn, action: str, about: dict[str, Any], note: str, **values: Any) -> int:
        """Write a step, its audit entry and the case's new values; returns the step's number."""
        step = next_step(turn.connection, turn.case.number)
        box = seal(self._key, note.encode(), f"case step {step}", self._draw) if note else None
        row = {"number": step, "case_number": turn.case.number, "action": action, "person": turn.who.name,
               "made_ms": turn.now, "about": about, "note": box}  # fmt: skip
        turn.connection.execute(case_steps.insert().values(**row))
        if values:
            turn.connection.execute(update(cases).where(cases.c.number == turn.case.number).values(**values))
        self._note(turn, action, {"step": step} | about)
        return step

    def _note(self, turn: Turn, action: str, about: dict[str, Any]) -> None:
        """Write a step's audit entry; of lists it says how long they are."""
        details: dict[str, Value] = {
            name: value if isinstance(value, str | int) else len(value) for name, value in about.items()
        }
        append(turn.connection, turn.actor, f"case.{action}", f"case:{turn.case.number}", turn.now, details=details)

    def _check_own(self, turn: Turn, state: str) -> None:
        if turn.case.state != state:
            told = f"it is {told_of(turn.case)}; take it first (bonafide case claim)"
            raise NotNowError(f"case {turn.case.number}: {told}")
        if turn.case.assignee != turn.who.name:
            raise ForbiddenError("the case is somebody else's")


def told_of(case: Case) -> str:
    """How a case stands, as refusals say it."""
    if case.asked is not None:
        return f"waiting for a second person to confirm what {case.asked.by} says"
    return case.state
