"""Answers of the office's routes, as OpenAPI shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bonafide.apps.server.office_bodies import EventType, PersonRole, Role, Topic
from bonafide.apps.server.shapes import Time
from bonafide.core.secret import unprinted
from bonafide.office.vault.vault import NAMED, NAMED_BY

_Fields = Annotated[
    dict[str, Any],
    Meta(description=f"field -> text; `{NAMED}`: kind -> texts that events named with it; `{NAMED_BY}`: by whom"),
]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    def __repr__(self) -> str:
        return unprinted(self)  # passwords, keys and personal texts stand in some of them


class WentOnAnswer(_Shape, frozen=True):
    """Where to go on, on this host."""

    to: str


class SessionAnswer(_Shape, frozen=True):
    """Who is signed in. What changes anything sends `csrf_token` as `x-csrf-token`."""

    name: str
    role: PersonRole
    pending: Annotated[Literal["password", "totp"] | None, Meta(description="what must be done before anything else")]
    ends: Annotated[Time, Meta(description="it ends then at the latest")]
    csrf_token: str


class EnrolmentAnswer(_Shape, frozen=True):
    """What a device reads to give codes; send one of them to have it hold."""

    enrolment_url: Annotated[str, Meta(description="`otpauth://totp/...`, shown once")]


class PersonAnswer(_Shape, frozen=True):
    """Somebody who may sign in, or might."""

    name: str
    role: PersonRole
    state: Literal["active", "invited", "disabled"]
    totp: bool
    created: Time
    disabled: Time | None
    signed_in: Time | None
    one_time_password_ends: Time | None
    one_time_password: Annotated[str, Meta(description="only where one was made just now, and never again")] = ""


class PeopleAnswer(_Shape, frozen=True):
    """People by name; `next_after` continues, and is null at the end."""

    people: tuple[PersonAnswer, ...]
    next_after: str | None


class KeyAnswer(_Shape, frozen=True):
    """A machine's key, without the key."""

    key_id: str
    role: Role
    types: tuple[EventType, ...]
    routes: tuple[str, ...] | None
    rate_per_s: int | None
    note: str
    state: Literal["live", "expired", "revoked"]
    created: Time
    expires: Time | None
    revoked: Time | None
    replaced_by: str | None
    last_used: str | None
    key: Annotated[str, Meta(description="only where it was made just now, and never again")] = ""
    replaces: str = ""


class KeysAnswer(_Shape, frozen=True):
    """Keys, the oldest first; `next_after` continues, and is null at the end."""

    keys: tuple[KeyAnswer, ...]
    next_after: str | None


class EntryAnswer(_Shape, frozen=True):
    """An entry of the audit log."""

    number: int
    time: Time
    who: str
    what: str
    on: str
    from_: str = msgspec.field(name="from")
    outcome: Literal["done", "refused", "failed", "begun"]
    details: dict[str, str | int | bool | None]


class EntriesAnswer(_Shape, frozen=True):
    """Entries in order; `next_after` continues, and is null at the end."""

    entries: tuple[EntryAnswer, ...]
    next_after: int | None


class VerifiedAnswer(_Shape, frozen=True):
    """Whether the log is what was written, and if not, the first place."""

    whole: bool
    size: int | None
    message: str | None
    against_checkpoint: Annotated[int | None, Meta(description="how many entries the checkpoint was made of")]
    marks: Annotated[int | None, Meta(description="marks of the journal that hold; null without a journal")]


class CheckpointAnswer(_Shape, frozen=True):
    """What the log is now; keep the text where who may write the database may not."""

    size: int
    chain: str
    text: str


class MessageAnswer(_Shape, frozen=True):
    """A message; `message` is what a webhook carries."""

    number: int
    id: str
    topic: Topic
    subject: str
    seq: int
    message: dict[str, Any]


class MessagesAnswer(_Shape, frozen=True):
    """Messages in the order of the log. `cursor` goes on, also where nothing came."""

    messages: tuple[MessageAnswer, ...]
    cursor: int
    has_more: bool


class UndeliveredAnswer(_Shape, frozen=True):
    """A message that a receiver did not take; its subject is a pseudonym."""

    receiver_id: str
    number: int
    id: str
    topic: Topic
    subject: str
    tries: int
    given_up: Time
    error: str


class DeadLettersAnswer(_Shape, frozen=True):
    """Messages that nobody took, in the order of the log; `next_after` continues, and is null at the end."""

    dead_letters: tuple[UndeliveredAnswer, ...]
    next_after: int | None


class ResentAnswer(_Shape, frozen=True):
    """How many are sent again; ask once more until there are none."""

    resent: int


class ReceiverAnswer(_Shape, frozen=True):
    """A receiver of messages."""

    receiver_id: str
    url: str
    topics: tuple[Topic, ...]
    note: str
    state: Literal["active", "paused"]
    why: str | None
    created: Time
    not_reached: int
    rests_until: Time | None
    secret: Annotated[str, Meta(description="only where it was made just now, and never again")] = ""


class ReceiversAnswer(_Shape, frozen=True):
    """Receivers, the oldest first."""

    receivers: tuple[ReceiverAnswer, ...]


class RemovedAnswer(_Shape, frozen=True):
    """A receiver that is sent nothing ever again; how many messages were given up."""

    receiver_id: str
    given_up: int


class SubjectsAnswer(_Shape, frozen=True):
    """The subjects that were found, as `type/pseudonym`."""

    subjects: tuple[str, ...]


class SubjectAnswer(_Shape, frozen=True):
    """The clear data that is kept of a subject."""

    subject: str
    fields: _Fields


class ExportAnswer(_Shape, frozen=True):
    """Everything that is kept of a subject."""

    subject: str
    fields: _Fields
    retention: str
    remembered: Time
    ended: Time | None
    holds: int


class ForgottenAnswer(_Shape, frozen=True):
    """What was destroyed. `scrubbed`: whether the database's own remains are gone too; else the next sweep does it."""

    subject: str
    fields: int
    scrubbed: bool


class HoldAnswer(_Shape, frozen=True):
    """A legal hold."""

    hold_id: str
    subject: str
    case_id: str
    reason: str
    placed: Time
    placed_by: str
    expires: Time
    stands: bool
    lifted: Time | None


class HoldsAnswer(_Shape, frozen=True):
    """Legal holds, the oldest first; `next_after` continues, and is null at the end."""

    holds: tuple[HoldAnswer, ...]
    next_after: str | None
