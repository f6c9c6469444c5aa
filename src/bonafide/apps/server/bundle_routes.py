"""What the routes of bundles and lists do: functions of who asks and what they sent, without anything of HTTP.

All of them wait (for the store, for examples that are played) and belong in a thread. What they raise has its problem:
ForbiddenError 403, MissingError 404, NotNowError 409, UsageError 422, StateError 503.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from bonafide.apps.server.bundle_shapes import CheckBody, ListChangeBody, NoteBody, ProposeBody
from bonafide.core.errors import StateError, UsageError
from bonafide.core.moment import DAY_MS, moment_of, show_moment
from bonafide.engine.bundles.files import FILES_MAX
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.bundles.active import active_bundle
from bonafide.office.bundles.errors import NotNowError, UnknownBundleError
from bonafide.office.bundles.hits import read_counts, tell_hits
from bonafide.office.bundles.life import BundleLife, Proposal, proposals
from bonafide.office.bundles.looking import Looked, load_sent, look_at, texts_of
from bonafide.office.bundles.staging import Sent, stage_files
from bonafide.office.bundles.steps import Outcome, Step, in_force
from bonafide.office.journal.reading import Head
from bonafide.office.journal.view import view_journal
from bonafide.office.lists.changes import LISTS, ListName, Lists
from bonafide.office.people.sessions import Session

BUNDLE_BODY_BYTES_MAX: Final = 8 << 20
"""Of a proposal's body: more than the other routes take, since a bundle's files are in it."""
BUNDLE_BODY_TEXTS_MAX: Final = 4 * FILES_MAX + 100
"""Names and texts in it, those of files twice over."""
STEPS_SHOWN_MAX: Final = 1_000
"""The newest steps and changes that one answer holds."""


class Person(NamedTuple):
    """Who asks: a person with a session, never a key."""

    session: Session
    origin: str


def person_of(session: Session | None, origin: str) -> Person:
    """Who asks, by their session; ForbiddenError for a machine's key, which is nobody here."""
    if session is None:
        raise ForbiddenError("this takes a person who is signed in, and a key is none")
    return Person(session, origin)


class Judged(NamedTuple):
    """Two bundles that are to be held against each other over the log."""

    champion: str
    challenger: str
    name: str
    files: dict[str, bytes] | None
    """The challenger's; None where it is the champion itself."""


class BundleRoutes:
    """The routes under /v1/bundles and /v1/lists of one data directory."""

    def __init__(
        self, life: BundleLife, lists: Lists | None, folder: Path, wait_ms: int, *, followed: bool = True
    ) -> None:  # fmt: skip
        """`lists` None: the master key is not at hand. `followed`: whether the service does what the history says."""
        self._life = life
        self._lists = lists
        self._folder = folder
        self._wait_ms = wait_ms
        self._followed = followed

    def bundles(self) -> dict[str, Any]:
        """GET /v1/bundles: what is in force, the proposals, and the newest steps."""
        steps, outcomes = self._life.read()
        force = in_force(steps, outcomes)
        return {
            "in_force": None if force is None else force.hash,
            "decides": self._decides(force),
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
        try:
            staged = stage_files(self._sent(body), self._folder, active)
        except OSError as error:
            raise StateError(f"the bundle cannot be kept: {error.strerror}") from error
        step = self._life.propose(person.session, person.origin, staged, note=body.note, wait_ms=self._wait_ms)
        return step.to_wire()

    def check(self, person: Person, body: CheckBody) -> dict[str, Any]:
        """POST /v1/bundles:check: what a proposal would be told."""
        person.session.check_complete()
        active = active_bundle(self._folder, self._life)
        try:
            looked = look_at(self._sent(body), self._folder, active)
        except OSError as error:
            raise StateError(f"the bundle cannot be looked at: {error.strerror}") from error
        return _checked(looked, active, self._wait_ms)

    def judged(self, person: Person, body: CheckBody) -> Judged:
        """What a back-test is of: a bundle that was sent and loads, beside the one that decides."""
        person.session.check_complete()
        active = active_bundle(self._folder, self._life)
        try:
            name, content, files = load_sent(self._sent(body), self._folder)
        except OSError as error:
            raise StateError(f"the bundle cannot be looked at: {error.strerror}") from error
        return Judged(active, content, name, None if content == active else files)

    def files(self, content: str) -> dict[str, Any]:
        """GET /v1/bundles/{hash}/files: the texts of a bundle that was proposed or has decided."""
        self.check_known(content)
        found = texts_of(self._folder, content)
        return {
            "bundle": content, "name": found.name, "files": found.files, "others": found.others,
            "rules": [rule._asdict() for rule in found.rules],
        }  # fmt: skip

    def hits(self, content: str, days: int, shadow: Mapping[tuple[str, str], int]) -> dict[str, Any]:
        """GET /v1/bundles/{hash}/hits: how often its rules held, from what the worker counted; `shadow` is what the
        running service counts of the bundle that decides."""
        self.check_known(content)
        counted = read_counts(self._folder)
        found = [] if counted is None else counted.over(content, days)
        ends = [show_moment(day * DAY_MS)[:10] for day, _ in (found[:1] + found[-1:])]
        pairs = sorted(shadow.items()) if content == self._decides(in_force(*self._life.read())) else []
        return {
            "bundle": content, "days": days, "first_day": ends[0] if ends else None,
            "last_day": ends[-1] if ends else None, **tell_hits(found),
            "shadow": [{"outcome": ours, "challenger": theirs, "decisions": n} for (ours, theirs), n in pairs],
        }  # fmt: skip

    def check_known(self, content: str) -> None:
        """UnknownBundleError unless a bundle was proposed here or has decided."""
        steps = self._life.steps()
        named = {one for step in steps for one in (step.hash, step.replaces)}
        head = self._head()
        named |= {one for one in (head.first_bundle, head.bundle) if one}
        if content not in named | {one for _, one in head.activations}:
            raise UnknownBundleError("bundle: none of this hash was proposed here or has decided")

    def _sent(self, body: CheckBody) -> Sent:
        if body.base is not None:
            self.check_known(body.base)
        return Sent(body.files, body.files_base64, body.base, body.removed)

    def _decides(self, force: Step | None) -> str | None:
        """The bundle that decides: the one in force, or the one that a setting gave."""
        return force.hash if force is not None else self._head().bundle

    def _head(self) -> Head:
        """What the journal says; nothing where there is none yet."""
        try:
            with view_journal(self._folder) as view:
                return view.head
        except StateError:
            return Head(None, None)

    def approve(self, person: Person, content: str, body: NoteBody) -> dict[str, Any]:
        """POST /v1/bundles/{hash}/approve."""
        return self._life.approve(person.session, person.origin, content, note=body.note).to_wire()

    def refuse(self, person: Person, content: str, body: NoteBody) -> dict[str, Any]:
        """POST /v1/bundles/{hash}/refuse."""
        return self._life.refuse(person.session, person.origin, content, note=body.note).to_wire()

    def activate(self, person: Person, content: str, body: NoteBody) -> dict[str, Any]:
        """POST /v1/bundles/{hash}/activate (202): the service goes on with it within a second; GET says what came of
        it."""
        self._check_followed()
        return self._life.activate(person.session, person.origin, content, note=body.note).to_wire()

    def rollback(self, person: Person, body: NoteBody) -> dict[str, Any]:
        """POST /v1/bundles/rollback (202)."""
        self._check_followed()
        return self._life.rollback(person.session, person.origin, note=body.note).to_wire()

    def lists(
        self, name: ListName | None = None, *, standing: bool = False, before: int | None = None,
        limit: int = STEPS_SHOWN_MAX,
    ) -> dict[str, Any]:  # fmt: skip
        """GET /v1/lists: the newest changes (before the one of a number), or those by which somebody stands on a list
        now; the oldest of them first."""
        lists = self._opened()
        if standing:
            on_it = [one for kind in ((name,) if name else LISTS) for one in lists.standing(kind)]
            found = sorted((one for one in on_it if before is None or one.number < before), key=lambda one: one.number)
        else:
            found = list(lists.changes(name, limit=limit + 1, before=before))
        shown = found[-limit:]
        more = shown[0].number if len(found) > len(shown) else None
        return {"changes": [change.to_wire() for change in shown], "next_before": more}

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

    def _check_followed(self) -> None:
        if not self._followed:
            raise NotNowError("four_eyes is never: the setting bundle decides; set four_eyes to auto before")

    def _opened(self) -> Lists:
        if self._lists is None:
            raise UsageError("the lists are closed: the master key is not at hand")
        return self._lists


def _checked(looked: Looked, active: str, wait_ms: int) -> dict[str, Any]:
    staged = looked.staged
    return {
        "bundle": looked.hash, "in_force": active, "may_be_proposed": looked.may_be_proposed,
        "mistakes": [
            {"severity": one.severity, "code": one.code, "message": one.sentence, "help": one.help, "file": one.path,
             "line": one.line, "column": one.column, "width": one.width}
            for one in looked.mistakes
        ],
        "examples": len(looked.examples),
        "failed": [f"{one.name}: {one.message}"[:300] for one in looked.examples if not one.passed],
        "changes": staged.changes if staged else (), "harms": staged.harms if staged else (),
        "waits_ms": wait_ms if staged and staged.harms else 0, "takes_over": staged.takes_over if staged else "",
    }  # fmt: skip


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
