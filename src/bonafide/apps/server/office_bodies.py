"""Bodies of the office's routes. The description of a field completes the sentence "give ..."; a refusal says it, and
never what was given."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from bonafide.core.moment import SECOND_MS
from bonafide.core.secret import Secret, unprinted
from bonafide.office.access.checks import NOTE_LENGTH_MAX, RATE_PER_S_MAX, ROUTE_LENGTH_MAX, ROUTES_MAX
from bonafide.office.access.keys import OVERLAP_DEFAULT_MS, OVERLAP_MAX_MS
from bonafide.office.access.roles import CLIENT_TYPES, ROLES
from bonafide.office.outbox.messages import TOPICS
from bonafide.office.outbox.reach import URL_LENGTH_MAX
from bonafide.office.people.rows import PEOPLE_ROLES
from bonafide.office.vault.fields import ID_FIELD, SEARCHED, SUBJECT_TYPES, VALUE_LENGTH_MAX
from bonafide.office.vault.holds import CASE_LENGTH_MAX, REASON_LENGTH_MAX

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


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    def __repr__(self) -> str:
        return unprinted(self)  # passwords, keys and personal texts stand in some of them


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


class NewPersonBody(_Shape, frozen=True):
    """Somebody who may sign in."""

    name: Annotated[
        str,
        Meta(pattern=r"^[a-z][a-z0-9._-]{1,39}$", description="2 to 40 of a-z, 0-9, '.', '_' and '-', a letter first"),
    ]
    role: Annotated[PersonRole, _one_of(PEOPLE_ROLES)]


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


class CheckpointBody(_Shape, frozen=True):
    """A checkpoint that was kept elsewhere, or nothing."""

    checkpoint: Annotated[
        Annotated[str, Meta(max_length=200)] | None, Meta(description="the three lines of a checkpoint")
    ] = None


class NewReceiverBody(_Shape, frozen=True):
    """A receiver of messages."""

    url: Annotated[str, Meta(min_length=1, max_length=URL_LENGTH_MAX, description="https://HOST/PATH")]
    topics: Annotated[tuple[Topic, ...] | None, Meta(description=f"some of {', '.join(TOPICS)}")] = None
    note: _Note = ""


class RotateReceiverBody(_Shape, frozen=True):
    """How long messages are still signed with the secret of before too."""

    overlap_s: _Overlap = OVERLAP_DEFAULT_MS // SECOND_MS


class ResendBody(_Shape, frozen=True):
    """Which dead letters: those of a receiver, of a message, or any."""

    receiver_id: Annotated[
        Annotated[str, Meta(max_length=40, pattern="^[a-z0-9]+$")] | None, Meta(description="a receiver's id")
    ] = None
    number: Annotated[Annotated[int, Meta(ge=0, le=2**63 - 1)] | None, Meta(description="a message's number")] = None


class SearchBody(_Shape, frozen=True):
    """A field and its whole value; `type` is wanted where the field is `id`."""

    field: Annotated[SearchField, _one_of((ID_FIELD, *SEARCHED))]
    value: Annotated[
        str,
        Meta(min_length=1, max_length=VALUE_LENGTH_MAX, pattern=_PLAIN,
             description=f"the whole value, 1 to {VALUE_LENGTH_MAX} plain characters"),
    ]  # fmt: skip
    type: Annotated[SubjectType | None, _one_of(SUBJECT_TYPES)] = None


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
