"""What the routes of bundles and lists do: functions of who asks and what they sent, without anything of HTTP.

All of them wait (for the store, for examples that are played) and belong in a thread. What they raise has its problem:
ForbiddenError 403, UnknownBundleError 404, NotNowError 409, UsageError and ConfigError 422, StateError 503.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

from bonafide.core.errors import UsageError
from bonafide.core.moment import moment_of, show_moment
from bonafide.engine.bundles.files import FILES_MAX
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.bundles.active import active_bundle
from bonafide.office.bundles.errors import UnknownBundleError
from bonafide.office.bundles.life import NOTE_LENGTH_MAX, BundleLife, Proposal, proposals
from bonafide.office.bundles.staging import stage_files
from bonafide.office.bundles.steps import Outcome, Step, in_force
from bonafide.office.lists.changes import LISTS, REASON_LENGTH_MAX, ListName, Lists
from bonafide.office.people.sessions import Session

BUNDLE_BODY_BYTES_MAX: Final = 8 << 20
"""Of a proposal's body: more than the other routes take, since a bundle's files are in it."""
STEPS_SHOWN_MAX: Final = 1_000
"""The newest steps and changes that one answer holds."""
_Note = Annotated[
    str, Meta(max_length=NOTE_LENGTH_MAX, description=f"why, in at most {NOTE_LENGTH_MAX} plain characters")
]
_Files = Annotated[dict[str, str], Meta(max_length=FILES_MAX, description="path in the bundle -> text")]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ProposeBody(_Shape, frozen=True):
    """A bundle's files; those that are no text in base64."""

    files: _Files
    files_base64: Annotated[dict[str, str], Meta(max_length=FILES_MAX, description="path in the bundle -> base64")] = {}
    note: _Note = ""


class NoteBody(_Shape, frozen=True):
    """Why, for whoever reads the history."""

    note: _Note = ""


class ListChangeBody(_Shape, frozen=True):
    """Somebody who is to join or leave a list; `expires` is wanted to join, and must not be there to leave."""

    list: Annotated[ListName, Meta(description=f"one of {', '.join(LISTS)}")]
    action: Annotated[Literal["add", "remove"], Meta(description="one of add, remove")]
    entry: Annotated[str, Meta(min_length=1, max_length=128, description="an id as events have it, or its token")]
    reason: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=REASON_LENGTH_MAX,
            description=f"why, in 1 to {REASON_LENGTH_MAX} plain characters; it is kept sealed",
        ),
    ]
    expires: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description="when the entry leaves the list, RFC 3339 with a zone, at most a year from now"),
    ] = None


class Person(NamedTuple):
    """Who asks: a person with a session, never a key."""

    session: Session
    origin: str


def person_of(session: Session | None, origin: str) -> Person:
    """Who asks, by their session; ForbiddenError for a machine's key, which is nobody here."""
    if session is None:
        raise ForbiddenError("this takes a person who is signed in, and a key is none")
    return Person(session, origin)


class BundleRoutes:
    """The routes under /v1/bundles and /v1/lists of one data directory."""

    def __init__(self, life: BundleLife, lists: Lists | None, folder: Path, wait_ms: int) -> None:
        """`lists` None: the master key is not at hand."""
        self._life = life
        self._lists = lists
        self._folder = folder
        self._wait_ms = wait_ms

    def bundles(self) -> dict[str, Any]:
        """GET /v1/bundles: what is in force, the proposals, and the newest steps."""
        steps, outcomes = self._life.read()
        force = in_force(steps, outcomes)
        return {
            "in_force": None if force is None else force.hash,
            "proposals": [_proposal(one, outcomes) for one in proposals(steps)[-STEPS_SHOWN_MAX:]],
            "steps": [_step(step, outcomes) for step in steps[-STEPS_SHOWN_MAX:]],
        }

    def bundle(self, content: str) -> dict[str, Any]:
        """GET /v1/bundles/{hash}: the proposals of one bundle and all that was done with it."""
        steps, outcomes = self._life.read()
        ours = [step for step in steps if content in (step.hash, step.replaces)]
        if not ours:
            raise UnknownBundleError("bundle: there is no step that names it")
        found = [_proposal(one, outcomes) for one in proposals(steps) if one.step.hash == content]
        return {"bundle": content, "proposals": found, "steps": [_step(step, outcomes) for step in ours]}

    def propose(self, person: Person, body: ProposeBody) -> dict[str, Any]:
        """POST /v1/bundles (201): check what was sent, play its examples, and propose it."""
        person.session.check_complete()
        active = active_bundle(self._folder, self._life)
        staged = stage_files(body.files, body.files_base64, self._folder, active)
        step = self._life.propose(person.session, person.origin, staged, note=body.note, wait_ms=self._wait_ms)
        return step.to_wire()

    def approve(self, person: Person, content: str, body: NoteBody) -> dict[str, Any]:
        """POST /v1/bundles/{hash}/approve."""
        return self._life.approve(person.session, person.origin, content, note=body.note).to_wire()

    def refuse(self, person: Person, content: str, body: NoteBody) -> dict[str, Any]:
        """POST /v1/bundles/{hash}/refuse."""
        return self._life.refuse(person.session, person.origin, content, note=body.note).to_wire()

    def activate(self, person: Person, content: str, body: NoteBody) -> dict[str, Any]:
        """POST /v1/bundles/{hash}/activate (202): the service goes on with it within a second; GET says what came of
        it."""
        return self._life.activate(person.session, person.origin, content, note=body.note).to_wire()

    def rollback(self, person: Person, body: NoteBody) -> dict[str, Any]:
        """POST /v1/bundles/rollback (202)."""
        return self._life.rollback(person.session, person.origin, note=body.note).to_wire()

    def lists(self, name: ListName | None = None, *, standing: bool = False) -> dict[str, Any]:
        """GET /v1/lists: the newest changes, or who stands on a list now."""
        found = self._opened().changes(name, limit=STEPS_SHOWN_MAX)
        if standing:
            found = [one for kind in ((name,) if name else LISTS) for one in self._opened().standing(kind)]
        return {"changes": [change.to_wire() for change in found]}

    def change_list(self, person: Person, body: ListChangeBody) -> dict[str, Any]:
        """POST /v1/lists (202): ask for a change."""
        expires = None if body.expires is None else moment_of(body.expires)
        change = self._opened().change(
            person.session, person.origin, body.list, body.action, body.entry, body.reason, expires
        )  # fmt: skip
        return change.to_wire()

    def approve_change(self, person: Person, number: int) -> dict[str, Any]:
        """POST /v1/lists/{number}/approve (202)."""
        return self._opened().approve(person.session, person.origin, number).to_wire()

    def _opened(self) -> Lists:
        if self._lists is None:
            raise UsageError("the lists are closed: the master key is not at hand")
        return self._lists


def _step(step: Step, outcomes: dict[int, Outcome]) -> dict[str, Any]:
    found = outcomes.get(step.number)
    told: dict[str, Any] = {"outcome": None, "from_event": None, "why_not": None}
    if found is not None:
        told = {"outcome": found.outcome, "from_event": found.seq, "why_not": found.told or None}
    return step.to_wire() | told


def _proposal(found: Proposal, outcomes: dict[int, Outcome]) -> dict[str, Any]:
    later: Sequence[tuple[str, Step | None]] = (
        ("approved", found.approved), ("activated", found.activated), ("refused", found.refused),
    )  # fmt: skip
    ready = found.ready_ms
    return {
        **found.step.to_wire(), "ready": None if ready is None else show_moment(ready),
        **{name: None if step is None else _step(step, outcomes) for name, step in later},
    }  # fmt: skip
