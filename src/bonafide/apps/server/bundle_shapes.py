"""Bodies and answers of the routes of bundles and lists. The description of a body's field completes the sentence
"give ..."; a refusal says it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bonafide.apps.server.shapes import Time
from bonafide.engine.bundles.files import FILES_MAX
from bonafide.office.bundles.life import NOTE_LENGTH_MAX
from bonafide.office.bundles.steps import Action
from bonafide.office.lists.changes import LISTS, REASON_LENGTH_MAX, ListAction, ListName

_Note = Annotated[
    str, Meta(max_length=NOTE_LENGTH_MAX, description=f"why, in at most {NOTE_LENGTH_MAX} plain characters")
]
_Files = Annotated[dict[str, str], Meta(max_length=FILES_MAX, description="path in the bundle -> text")]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


_Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="a bundle's whole hash, 64 hex digits")]
_Names = Annotated[tuple[str, ...], Meta(max_length=FILES_MAX, description="paths of files of the base")]


class CheckBody(_Shape, frozen=True):
    """A bundle's files, those that are no text in base64; with `base`, those that differ from a kept bundle's."""

    files: _Files
    files_base64: Annotated[dict[str, str], Meta(max_length=FILES_MAX, description="path in the bundle -> base64")] = {}
    base: Annotated[_Hash | None, Meta(description="the whole hash of the bundle that the files change, or null")] = (
        None
    )
    removed: Annotated[_Names, Meta(description="paths of files of the base that are left out")] = ()


class ProposeBody(CheckBody, frozen=True):
    """The same, and why."""

    note: _Note = ""


class NoteBody(_Shape, frozen=True):
    """Why, for whoever reads the history."""

    note: _Note = ""


class ListChangeBody(_Shape, frozen=True):
    """Somebody who is to join or leave a list; `expires` is wanted to join, and must not be there to leave."""

    list: Annotated[ListName, Meta(description=f"one of {', '.join(LISTS)}")]
    action: Annotated[ListAction, Meta(description="one of add, remove")]
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


class BundleStepAnswer(_Shape, frozen=True):
    """A signed step of a person."""

    number: int
    action: Action
    bundle: Annotated[str, Meta(description="the hash of the bundle that it is about")]
    person: str
    time: Time
    proposal: Annotated[int, Meta(description="the number of the proposal that it belongs to")]
    replaces: Annotated[str, Meta(description="the bundle that was in force, or that is left")]
    waits_ms: Annotated[int, Meta(description="between approval and activation, since it may harm somebody")]
    note: str
    name: Annotated[str, Meta(description="of a proposal: the bundle's own name")] = ""
    changes: Annotated[tuple[str, ...], Meta(description="of a proposal: what it changes")] = ()
    harms: Annotated[tuple[str, ...], Meta(description="of a proposal: why it may harm somebody")] = ()
    takes_over: Annotated[str, Meta(description="of a proposal: how a running service goes on with it")] = ""
    outcome: Annotated[
        Literal["done", "failed"] | None,
        Meta(description="of an activation or rollback; null while the service has not got to it"),
    ] = None
    from_event: Annotated[int | None, Meta(description="the first event that it decides")] = None
    why_not: str | None = None


class ProposalAnswer(BundleStepAnswer, frozen=True, kw_only=True):
    """A proposal and how far it has come."""

    ready: Annotated[Time | None, Meta(description="from when on it may be activated; null until it is approved")]
    approved: BundleStepAnswer | None
    activated: BundleStepAnswer | None
    refused: BundleStepAnswer | None


class BundlesAnswer(_Shape, frozen=True):
    """What is in force, the newest proposals and the newest steps, each the oldest first."""

    in_force: Annotated[str | None, Meta(description="null while the setting `bundle` decides")]
    decides: Annotated[str | None, Meta(description="in force, or that of the setting; null before anything decided")]
    proposals: tuple[ProposalAnswer, ...]
    steps: tuple[BundleStepAnswer, ...]


class RuleAnswer(_Shape, frozen=True):
    """A rule of a bundle."""

    id: str
    typology: str
    weight: float
    effect: Annotated[str, Meta(description="the mildest outcome that an event it hits may have")]
    reason: str
    file: str
    line: Annotated[int, Meta(description="of its id in the file, from 1")]


class BundleFilesAnswer(_Shape, frozen=True):
    """What stands in a bundle."""

    bundle: str
    name: Annotated[str, Meta(description="the bundle's own name")]
    files: Annotated[dict[str, str], Meta(description="path -> text")]
    others: Annotated[dict[str, int], Meta(description="path -> bytes, of what is no text or too long to be shown")]
    rules: tuple[RuleAnswer, ...]


class RuleHitsAnswer(_Shape, frozen=True):
    """How often a rule held."""

    id: str
    hits: Annotated[int, Meta(description="decisions on which it held")]
    alerts: Annotated[int, Meta(description="how many of those alerted")]


class ArmAnswer(_Shape, frozen=True):
    """What was decided in one arm of a rollout."""

    arm: str
    decided: int
    alerts: int
    by_outcome: dict[str, int]


class ShadowAnswer(_Shape, frozen=True):
    """Decisions by their outcome and what a challenger in shadow would have said."""

    outcome: str
    challenger: str
    decisions: int


class BundleHitsAnswer(_Shape, frozen=True):
    """How often the rules of a bundle held on the newest days of the log."""

    bundle: str
    days: Annotated[int, Meta(description="UTC days, the newest that anything was decided on and those before it")]
    first_day: Annotated[str | None, Meta(description="on which it decided, of those; null where on none")]
    last_day: str | None
    decided: int
    alerts: int
    rules: Annotated[tuple[RuleHitsAnswer, ...], Meta(description="those that held")]
    arms: Annotated[tuple[ArmAnswer, ...], Meta(description="of a rollout")]
    shadow: Annotated[
        tuple[ShadowAnswer, ...], Meta(description="since the service began; of the bundle that decides alone")
    ]


class MistakeAnswer(_Shape, frozen=True):
    """What `bundle check` says."""

    severity: Literal["error", "warning"]
    code: str
    message: str
    help: str | None
    file: str
    line: Annotated[int | None, Meta(description="from 1; null where it is about the whole file")]
    column: Annotated[int | None, Meta(description="from 1")]
    width: Annotated[int, Meta(description="characters that it is about")]


class CheckAnswer(_Shape, frozen=True):
    """What a proposal of these files would be told; nothing was written."""

    bundle: Annotated[str | None, Meta(description="the hash that it has; null where it does not load")]
    in_force: Annotated[str, Meta(description="the bundle that it was held against")]
    may_be_proposed: bool
    mistakes: Annotated[tuple[MistakeAnswer, ...], Meta(description="errors first, at most 100")]
    examples: Annotated[int, Meta(description="that were played")]
    failed: Annotated[tuple[str, ...], Meta(description="examples that do not hold")]
    changes: tuple[str, ...]
    harms: Annotated[tuple[str, ...], Meta(description="why it may harm somebody")]
    waits_ms: Annotated[int, Meta(description="between approval and activation, since it may harm somebody")]
    takes_over: Annotated[str, Meta(description="how a running service goes on with it; empty where it does not load")]


class BundleAnswer(_Shape, frozen=True):
    """All that was done with one bundle, and with what it left."""

    bundle: str
    proposals: tuple[ProposalAnswer, ...]
    steps: tuple[BundleStepAnswer, ...]


class ListChangeAnswer(_Shape, frozen=True):
    """Somebody who joins or leaves a list."""

    number: int
    list: ListName
    action: ListAction
    entry: Annotated[str, Meta(description="a token")]
    reason: str
    person: str
    time: Time
    expires: Time | None
    approved_by: str | None
    waits: Annotated[bool, Meta(description="whether a second person is still to approve it")]
    seq: Annotated[int | None, Meta(description="its place in the log, from which on it has effect")]


class ListsAnswer(_Shape, frozen=True):
    """Changes of lists, the oldest first; `next_before` leads on to older ones, and is null where there are none."""

    changes: tuple[ListChangeAnswer, ...]
    next_before: int | None
