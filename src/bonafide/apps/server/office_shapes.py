"""Bodies and answers of the office's routes: what they read, and what OpenAPI shows.

The description of a body's field completes the sentence "give ..."; a refusal says it and never what was given.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from bonafide.apps.server.shapes import Time
from bonafide.core.moment import DAY_MS, SECOND_MS
from bonafide.core.secret import Secret
from bonafide.office.access.checks import NOTE_LENGTH_MAX, RATE_PER_S_MAX, ROUTE_LENGTH_MAX, ROUTES_MAX
from bonafide.office.access.keys import OVERLAP_DEFAULT_MS, OVERLAP_MAX_MS
from bonafide.office.access.roles import CLIENT_TYPES, ROLES
from bonafide.office.outbox.messages import TOPICS
from bonafide.office.people.rows import PEOPLE_ROLES
from bonafide.office.vault.fields import ID_FIELD, SEARCHED, SUBJECT_TYPES, VALUE_LENGTH_MAX
from bonafide.office.vault.holds import CASE_LENGTH_MAX, REASON_LENGTH_MAX
from bonafide.office.vault.vault import NAMED, NAMED_BY

if TYPE_CHECKING:
    Role: TypeAlias = str
    PersonRole: TypeAlias = str
    EventType: TypeAlias = str
    Topic: TypeAlias = str
    SearchField: TypeAlias = str
    SubjectType: TypeAlias = str
else:
    Role, PersonRole, EventType = Literal[tuple(ROLES)], Literal[PEOPLE_ROLES], Literal[CLIENT_TYPES]
    Topic, SearchField, SubjectType = Literal[TOPICS], Literal[(ID_FIELD, *SEARCHED)], Literal[SUBJECT_TYPES]

_DAY_S: Final = DAY_MS // SECOND_MS
_OVERLAP_MAX_S: Final = OVERLAP_MAX_MS // SECOND_MS
_PLAIN: Final = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"


def _one_of(words: Any) -> Meta:
    return Meta(description=f"one of {', '.join(words)}")


_Overlap = Annotated[
    int, Meta(ge=0, le=_OVERLAP_MAX_S, description=f"seconds that the old one still holds, 0 to {_OVERLAP_MAX_S}")
]
_Note = Annotated[
    str, Meta(max_length=NOTE_LENGTH_MAX, pattern=_PLAIN, description=f"at most {NOTE_LENGTH_MAX} plain characters")
]
_Expires = Annotated[
    Annotated[datetime, Meta(tz=True)] | None,
    Meta(description="a time to come, RFC 3339 with a zone, or null for none", examples=["2027-01-31T00:00:00Z"]),
]
_Code = Annotated[str | None, Meta(description="the six digits that the device shows", examples=["123456"])]


_Fields = Annotated[
    dict[str, Any],
    Meta(description=f"field -> text; `{NAMED}`: kind -> texts that events named with it; `{NAMED_BY}`: by whom"),
]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class SignInBody(_Shape, frozen=True):
    """Name, password and, where a second factor is set up, its code."""

    name: Annotated[str, Meta(description="the name that you sign in with", examples=["ann"])]
    password: Annotated[Secret, Meta(description="the password")]
    code: _Code = None


class PasswordBody(_Shape, frozen=True):
    """The password so far, and the one to come."""

    old: Annotated[Secret, Meta(description="the password so far, or the one-time password")]
    new: Annotated[Secret, Meta(description="the password to come, 12 to 128 characters; a sentence is good")]


class TotpBody(_Shape, frozen=True):
    """Nothing, to begin; then the code that the device shows."""

    code: _Code = None


class CodeBody(_Shape, frozen=True):
    """The code of one's own second factor, after a provider let somebody in."""

    code: Annotated[str, Meta(description="the six digits that the device shows", examples=["123456"])]


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


class NewPersonBody(_Shape, frozen=True):
    """Somebody who may sign in."""

    name: Annotated[
        str,
        Meta(pattern=r"^[a-z][a-z0-9._-]{1,39}$", description="2 to 40 of a-z, 0-9, '.', '_' and '-', a letter first"),
    ]
    role: Annotated[PersonRole, _one_of(PEOPLE_ROLES)]


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


class NewKeyBody(_Shape, frozen=True):
    """A machine's key; what is left out follows from the role and the settings."""

    role: Annotated[Role, _one_of(ROLES)]
    types: Annotated[tuple[EventType, ...] | None, Meta(description=f"some of {', '.join(CLIENT_TYPES)}")] = None
    routes: Annotated[
        Annotated[
            tuple[Annotated[str, Meta(max_length=ROUTE_LENGTH_MAX, pattern=r"^(/[A-Za-z0-9_.~:-]+)+$")], ...],
            Meta(max_length=ROUTES_MAX),
        ]
        | None,
        Meta(description="paths such as /v1/events"),
    ] = None
    expires: _Expires = None
    rate_per_s: Annotated[
        Annotated[int, Meta(ge=1, le=RATE_PER_S_MAX)] | None, Meta(description=f"1 to {RATE_PER_S_MAX} events a second")
    ] = None
    note: _Note = ""


class RotateKeyBody(_Shape, frozen=True):
    """How long the old key still holds, and the new one."""

    overlap_s: _Overlap = OVERLAP_DEFAULT_MS // SECOND_MS
    expires: _Expires = None


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


class CheckpointBody(_Shape, frozen=True):
    """A checkpoint that was kept elsewhere, or nothing."""

    checkpoint: Annotated[
        Annotated[str, Meta(max_length=200)] | None, Meta(description="the three lines of a checkpoint")
    ] = None


class VerifiedAnswer(_Shape, frozen=True):
    """Whether the log is what was written, and if not, the first place."""

    whole: bool
    size: int | None
    message: str | None
    against_checkpoint: Annotated[int | None, Meta(description="how many entries the checkpoint was made of")]


class CheckpointAnswer(_Shape, frozen=True):
    """What the log is now; keep the text where who may write the database may not."""

    size: int
    chain: str
    text: str


class SearchBody(_Shape, frozen=True):
    """A field and its whole value; `type` is wanted where the field is `id`."""

    field: Annotated[SearchField, _one_of((ID_FIELD, *SEARCHED))]
    value: Annotated[
        str,
        Meta(min_length=1, max_length=VALUE_LENGTH_MAX, pattern=_PLAIN,
             description=f"the whole value, 1 to {VALUE_LENGTH_MAX} plain characters"),
    ]  # fmt: skip
    type: Annotated[SubjectType | None, _one_of(SUBJECT_TYPES)] = None


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


class HoldBody(_Shape, frozen=True):
    """A legal hold."""

    case_id: Annotated[
        str,
        Meta(min_length=1, max_length=CASE_LENGTH_MAX, pattern=_PLAIN,
             description=f"the case, 1 to {CASE_LENGTH_MAX} plain characters"),
    ]  # fmt: skip
    reason: Annotated[
        str,
        Meta(min_length=1, max_length=REASON_LENGTH_MAX, pattern=_PLAIN,
             description=f"why, in 1 to {REASON_LENGTH_MAX} plain characters; it is kept sealed"),
    ]  # fmt: skip
    expires: Annotated[
        datetime, Meta(tz=True, description="when it ends, RFC 3339 with a zone", examples=["2027-01-31T00:00:00Z"])
    ]


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
