"""The life of bundles: propose, approve, activate, roll back, refuse; each a signed step of a person who is signed in.

What is refused here is refused by the database too: checks and triggers of the tables say the same in their own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from sqlalchemy import select

from bonafide.core.errors import BonafideError, UsageError
from bonafide.core.moment import HOUR_MS, show_moment, show_span
from bonafide.core.text import is_tidy, shorten
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.access.keys import now_ms
from bonafide.office.audit.entry import ITSELF, Actor, Value
from bonafide.office.audit.log import append
from bonafide.office.bundles.errors import NotNowError, UnknownBundleError
from bonafide.office.bundles.kept import kept_folder
from bonafide.office.bundles.signing import SigningKey, open_signing_key, public_pem
from bonafide.office.bundles.staging import Staged
from bonafide.office.bundles.steps import (
    APPROVAL_MS,
    BEGINNING,
    PROPOSAL_MS,
    ROLLBACK_MS,
    Action,
    Outcome,
    Step,
    in_force,
    put,
    read_outcomes,
    read_steps,
)
from bonafide.office.people.matrix import Deed, check_may
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.datadir import DataDir
from bonafide.office.store.tables import bundle_outcomes, signing_keys

if TYPE_CHECKING:
    from sqlalchemy import Connection

FAMILY: Final = "bundles"
"""The family of tables whose version a running service looks at."""
WAIT_MS: Final = 24 * HOUR_MS
NOTE_LENGTH_MAX: Final = 500
STEPS_MAX: Final = 100_000
OPEN_MAX: Final = 50
"""Proposals that stand at one time."""
TOLD_MAX: Final = 300
_ROUTE: Final[dict[Action, str]] = {
    "propose": "POST /v1/bundles", "approve": "POST /v1/bundles/{hash}/approve",
    "activate": "POST /v1/bundles/{hash}/activate", "rollback": "POST /v1/bundles/rollback",
    "refuse": "POST /v1/bundles/{hash}/refuse",
}  # fmt: skip
"""Whose roles may do it: the rows of docs/people.md."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal and how far it has come."""

    step: Step
    approved: Step | None
    activated: Step | None
    refused: Step | None

    def stands(self, now: int) -> bool:
        """Whether anything can still come of it."""
        if self.refused is not None or self.activated is not None:
            return False
        ends = self.step.made_ms + PROPOSAL_MS if self.approved is None else self.approved.made_ms + APPROVAL_MS
        return now < ends

    @property
    def ready_ms(self) -> int | None:
        """From when on it may be activated; None where nobody has approved it."""
        return None if self.approved is None else self.approved.made_ms + self.step.waits_ms


class BundleLife:
    """The steps of one data directory. All of it may be called by several threads; none is a coroutine."""

    def __init__(
        self, store: Store, data: DataDir, *, clock: Callable[[], int] = now_ms, key: SigningKey | None = None
    ) -> None:  # fmt: skip
        self._store = store
        self._data = data
        self._clock = clock
        self._given_key = key

    @property
    def _key(self) -> SigningKey:
        """Made with the first step that is signed, so that who only looks leaves no file behind."""
        self._given_key = self._given_key or open_signing_key(self._data)
        return self._given_key

    def propose(
        self, who: Session, origin: str, staged: Staged, *, note: str = "", wait_ms: int = WAIT_MS
    ) -> Step:  # fmt: skip
        """Propose a bundle that was staged; the waiting period of one that may harm is `wait_ms` after its approval."""
        told = {"changes": staged.changes, "harms": staged.harms, "name": staged.name, "takes_over": staged.takes_over}
        with self._acting(who, origin, "propose", staged.hash, note) as turn:
            self._check_kept(staged.hash)
            found = [one for one in proposals(turn.steps) if one.stands(turn.now)]
            if any((one.step.hash, one.step.replaces) == (staged.hash, staged.replaces) for one in found):
                raise NotNowError(f"bundle {staged.hash[:16]}: is proposed already")
            if len(found) >= OPEN_MAX:
                raise NotNowError(f"{OPEN_MAX} proposals stand already; have some refused")
            place = _Place(staged.hash, len(turn.steps), staged.replaces, wait_ms if staged.harms else 0)
            return self._put(turn, "propose", place, told | {"note": note})

    def approve(self, who: Session, origin: str, content: str, *, note: str = "") -> Step:
        """Approve a proposal of somebody else."""
        with self._acting(who, origin, "approve", content, note) as turn:
            found = self._standing(turn, content)
            if found.step.person == who.name:
                raise ForbiddenError("nobody approves what they have proposed; somebody else has to look at it")
            if found.approved is not None:
                raise NotNowError(f"bundle {content[:16]}: {found.approved.person} has approved it already")
            self._check_kept(content)
            return self._put(turn, "approve", _place(found), {"note": note})

    def activate(self, who: Session, origin: str, content: str, *, note: str = "") -> Step:
        """Have an approved bundle decide: a running service goes on with it at once, else the next start does."""
        with self._acting(who, origin, "activate", content, note) as turn:
            found = self._standing(turn, content)
            ready = found.ready_ms
            if ready is None:
                raise NotNowError(f"bundle {content[:16]}: nobody has approved it yet")
            if turn.now < ready:
                raise NotNowError(f"bundle {content[:16]}: it may harm somebody and waits until {show_moment(ready)}")
            last = in_force(turn.steps, read_outcomes(turn.connection))
            if last is not None and last.hash != found.step.replaces:
                told = "another one is in force than it was proposed against; propose it again"
                raise NotNowError(f"bundle {content[:16]}: {told}")
            self._check_kept(content)
            return self._put(turn, "activate", _place(found), {"note": note})

    def rollback(self, who: Session, origin: str, *, note: str = "") -> Step:
        """Go back to the bundle that the last activation replaced: one person, at once, for ROLLBACK_MS.

        Two people have had that bundle decide before; whoever wants to go further back proposes.
        """
        with self._acting(who, origin, "rollback", "", note) as turn:
            last = in_force(turn.steps, read_outcomes(turn.connection))
            if last is None or last.action != "activate":
                raise NotNowError("there is no activation to go back from; propose the bundle that is to decide")
            if turn.now >= last.made_ms + ROLLBACK_MS:
                raise NotNowError(f"the activation is older than {show_span(ROLLBACK_MS)}; propose the bundle instead")
            self._check_kept(last.replaces)
            return self._put(turn, "rollback", _Place(last.replaces, last.proposal, last.hash, 0), {"note": note})

    def refuse(self, who: Session, origin: str, content: str, *, note: str = "") -> Step:
        """Turn a proposal down, or take one's own back."""
        with self._acting(who, origin, "refuse", content, note) as turn:
            return self._put(turn, "refuse", _place(self._standing(turn, content)), {"note": note})

    def steps(self) -> list[Step]:
        """The whole history, verified. Raises BentError where it is not what was written."""
        with self._store.reading() as connection:
            return read_steps(connection)

    def read(self) -> tuple[list[Step], dict[int, Outcome]]:
        """The history and what became of it, verified."""
        with self._store.reading() as connection:
            return read_steps(connection), read_outcomes(connection)

    def public_keys(self) -> dict[str, str]:
        """The public halves of the keys that steps were signed with, by their id, as PEM."""
        with self._store.reading() as connection:
            rows = connection.execute(select(signing_keys).order_by(signing_keys.c.begun_ms))
            return {row.key_id: public_pem(bytes(row.public)) for row in rows}

    def version(self) -> int:
        """Grows with every change."""
        return self._store.version(FAMILY)

    def note_outcome(self, step: Step, seq: int | None, told: str = "") -> None:
        """What became of an activation or a rollback: the first event that it decides, or (None) why it does not."""
        done = seq is not None
        with self._store.writing(FAMILY) as connection:
            if step.number in read_outcomes(connection):
                return
            now = self._clock()
            row = {"number": step.number, "outcome": "done" if done else "failed", "seq": seq, "made_ms": now,
                   "told": told[:TOLD_MAX]}  # fmt: skip
            connection.execute(bundle_outcomes.insert().values(**row))
            append(connection, ITSELF, "bundle.in_force", f"bundle:{step.hash}", now,
                   outcome="done" if done else "failed", details={"step": step.number, "from_event": seq})  # fmt: skip

    @contextmanager
    def _acting(self, who: Session, origin: str, action: Action, content: str, note: str) -> Iterator[_Turn]:
        """A transaction in which a person takes a step. What is refused has an entry of its own in the audit log."""
        actor = Actor(f"person:{who.name}", origin)
        try:
            who.check_complete()
            check_may(who.role, Deed("route", _ROUTE[action]))
            if len(note) > NOTE_LENGTH_MAX or not is_tidy(note):
                raise UsageError(f"note: give at most {NOTE_LENGTH_MAX} characters, without control characters")
            with self._store.writing(FAMILY) as connection:
                steps = read_steps(connection)
                if len(steps) >= STEPS_MAX:
                    raise NotNowError(f"the history has {STEPS_MAX} steps, as many as there may be")
                now = max(self._clock(), steps[-1].made_ms if steps else 0)
                yield _Turn(connection, steps, now, actor, who.name)
        except BonafideError as error:
            self._note_refusal(actor, action, content, error)
            raise

    def _note_refusal(self, actor: Actor, action: Action, content: str, error: BonafideError) -> None:
        what = f"bundle:{content}" if len(content) == len(BEGINNING) and is_tidy(content) else "bundle"
        with suppress(StoreError), self._store.writing() as connection:
            append(connection, actor, f"bundle.{action}", what, self._clock(), outcome="refused",
                   details={"why": type(error).__name__})  # fmt: skip

    def _put(self, turn: _Turn, action: Action, place: _Place, about: dict[str, Any]) -> Step:
        self._key.enter(turn.connection, turn.now)
        step = Step(
            number=len(turn.steps), action=action, person=turn.person, made_ms=turn.now, key_id=self._key.key_id,
            previous=turn.steps[-1].digest if turn.steps else BEGINNING,
            about=msgspec.json.encode(about, order="sorted").decode(), **place._asdict(),
        )  # fmt: skip
        put(turn.connection, step, self._key)
        details: dict[str, Value] = {"step": step.number, "replaces": place.replaces, "waits_ms": place.waits_ms}
        append(turn.connection, turn.actor, f"bundle.{action}", f"bundle:{step.hash}", turn.now, details=details)
        return step

    def _standing(self, turn: _Turn, content: str) -> Proposal:
        found = [one for one in proposals(turn.steps) if one.step.hash == content]
        standing = [one for one in found if one.stands(turn.now)]
        if not found:
            told = "nobody has proposed it; bonafide bundle history shows what was"
            raise UnknownBundleError(f"bundle {shorten(content)}: {told}")
        if not standing:
            told = "its proposal was refused or activated, or has expired; propose it again"
            raise NotNowError(f"bundle {content[:16]}: {told}")
        return standing[-1]

    def _check_kept(self, content: str) -> None:
        """StateError unless what is kept still is what was proposed."""
        kept_folder(self._data.folder, content)


class _Turn(NamedTuple):
    """What a step is taken in."""

    connection: Connection
    steps: list[Step]
    now: int
    actor: Actor
    person: str


class _Place(NamedTuple):
    """What all steps of a proposal say alike."""

    hash: str
    proposal: int
    replaces: str
    waits_ms: int


def _place(found: Proposal) -> _Place:
    step = found.step
    return _Place(step.hash, step.number, step.replaces, step.waits_ms)


def proposals(steps: Sequence[Step]) -> list[Proposal]:
    """Every proposal of a history, the oldest first."""
    of: dict[tuple[int, Action], Step] = {(step.proposal, step.action): step for step in steps}
    return [
        Proposal(step=step, approved=of.get((step.number, "approve")), activated=of.get((step.number, "activate")),
                 refused=of.get((step.number, "refuse")))
        for step in steps if step.action == "propose"
    ]  # fmt: skip
