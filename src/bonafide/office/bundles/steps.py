"""One step in the life of a bundle: a signed statement that names a person, and the statement before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec
from sqlalchemy import select

from bonafide.core.errors import StateError
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.office.bundles.signing import SigningKey, fits
from bonafide.office.store.tables import bundle_outcomes, bundle_steps, signing_keys

if TYPE_CHECKING:
    from sqlalchemy import Connection

Action = Literal["propose", "approve", "activate", "rollback", "refuse"]
PROPOSAL_MS: Final = 14 * DAY_MS
"""A proposal may be approved for so long."""
APPROVAL_MS: Final = 14 * DAY_MS
"""An approval holds for so long; the waiting period lies within it."""
ROLLBACK_MS: Final = 7 * DAY_MS
"""For so long one person alone may go back to what an activation replaced."""
BEGINNING: Final = "0" * 64
"""What comes before the first statement."""


class BentError(StateError):
    """The history of bundles is not what was written."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the history. Times are milliseconds since 1970 UTC."""

    number: int
    action: Action
    hash: str
    person: str
    made_ms: int
    proposal: int
    """The number of the proposal that this belongs to."""
    replaces: str
    """The bundle that was in force, or that is left."""
    waits_ms: int
    previous: str
    about: str
    """A JSON object: the note, and of a proposal what it changes and why that may harm."""
    key_id: str

    @property
    def about_digest(self) -> str:
        """What the statement says of `about`."""
        return sha256(self.about.encode()).hexdigest()

    @property
    def statement(self) -> str:
        """The canonical text that is signed: a JSON object, its names sorted, without spaces. The store holds every
        row against it, so that no column can say something that was not signed."""
        return (
            f'{{"about":"{self.about_digest}","action":"{self.action}","hash":"{self.hash}","key":"{self.key_id}",'
            f'"number":{self.number},"person":"{self.person}","previous":"{self.previous}","proposal":{self.proposal},'
            f'"replaces":"{self.replaces}","time":{self.made_ms},"waits":{self.waits_ms}}}'
        )

    @property
    def digest(self) -> str:
        """What the next statement calls this one."""
        return sha256(self.statement.encode()).hexdigest()

    @property
    def told(self) -> dict[str, Any]:
        """What `about` says."""
        found: dict[str, Any] = msgspec.json.decode(self.about)
        return found

    def to_wire(self) -> dict[str, Any]:
        """The step as JSON shows it."""
        return {"number": self.number, "action": self.action, "bundle": self.hash, "person": self.person,
                "time": show_moment(self.made_ms), "proposal": self.proposal, "replaces": self.replaces,
                "waits_ms": self.waits_ms, **self.told}  # fmt: skip


class Outcome(NamedTuple):
    """What became of an activation or a rollback."""

    number: int
    outcome: str
    """`done` or `failed`."""
    seq: int | None
    """The first event that it decides."""
    made_ms: int
    told: str


def put(connection: Connection, step: Step, key: SigningKey) -> None:
    """Write a step that is the next one. The store refuses what four eyes forbid."""
    row = msgspec.structs.asdict(step) | {
        "about_digest": step.about_digest, "statement": step.statement, "digest": step.digest,
        "signature": key.sign(step.statement),
    }  # fmt: skip
    connection.execute(bundle_steps.insert().values(**row))


def read_steps(connection: Connection) -> list[Step]:
    """The whole history, every row held against its statement, its signature and the row before.

    Raises BentError at the first that is not what was written.
    """
    keys = {row.key_id: bytes(row.public) for row in connection.execute(select(signing_keys))}
    found: list[Step] = []
    for row in connection.execute(select(bundle_steps).order_by(bundle_steps.c.number)):
        found.append(_checked(row, found, keys))
    return found


def _checked(row: Any, before: Sequence[Step], keys: dict[str, bytes]) -> Step:
    step = Step(**{name: getattr(row, name) for name in Step.__struct_fields__})
    wrong = None
    if step.number != len(before):
        wrong = f"step {len(before)} is missing"
    elif step.previous != (before[-1].digest if before else BEGINNING):
        wrong = f"step {step.number} does not follow the one before it"
    elif (step.statement, step.digest) != (row.statement, row.digest) or step.about_digest != row.about_digest:
        wrong = f"step {step.number} is not what was signed"
    elif step.key_id not in keys or not fits(keys[step.key_id], step.statement, bytes(row.signature)):
        wrong = f"step {step.number} has no signature that fits"
    if wrong is not None:
        raise BentError(f"the history of bundles: {wrong}; somebody changed the store: compare it with a backup")
    return step


def read_outcomes(connection: Connection) -> dict[int, Outcome]:
    """What became of activations and rollbacks, by their number."""
    return {row.number: Outcome(*row) for row in connection.execute(select(bundle_outcomes))}


def in_force(steps: Sequence[Step], outcomes: dict[int, Outcome]) -> Step | None:
    """The last activation or rollback that did not fail; None where there is none."""
    return next((step for step in _newest(steps) if not _failed(step, outcomes)), None)


def _newest(steps: Sequence[Step]) -> Iterator[Step]:
    return (step for step in reversed(steps) if step.action in ("activate", "rollback"))


def _failed(step: Step, outcomes: dict[int, Outcome]) -> bool:
    return step.number in outcomes and outcomes[step.number].outcome == "failed"
