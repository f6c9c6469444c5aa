"""Decisions: what the engine answers, their canonical encoding and their digest.

The canonical encoding is UTF-8 JSON without spaces, keys in the order of `CANONICAL_KEYS`, times as integer
milliseconds, the score as whole millionths, reasons as their codes (their texts are pinned by the bundle's hash),
measures without the subject's id (the event says who it is, and a log of pseudonyms gives the same bytes) and without
their texts; in a rollout the arm follows. Two decisions are the same if and only if these bytes are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from bonafide.core.moment import show_moment

Outcome = Literal["allow", "warn", "verify", "hold", "decline"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("allow", "warn", "verify", "hold", "decline")
"""Mildest first."""
RiskLevel = Literal["low", "medium", "high", "critical"]
RISK_LEVELS: Final[tuple[RiskLevel, ...]] = ("low", "medium", "high", "critical")
SCORE_UNIT: Final = 1_000_000
"""A score is a whole number of millionths."""
CANONICAL_KEYS: Final = (
    "event_id", "seq", "time", "score_e6", "credit_score", "loops", "outcome", "risk_level", "alert", "reasons", "hits",
    "measures", "faults", "degraded", "release_by", "bundle",
)  # fmt: skip


class Reason(Struct, frozen=True):
    """Why, in words for the person concerned."""

    code: str
    zh: str
    en: str


class Words(Struct, frozen=True):
    """A text for the person concerned, in both languages."""

    zh: str
    en: str


MeasureNews = Literal["proposed", "lift_proposed", "lifted"]
"""What a decision says of a measure: that it should be, that it should end, or that it has ended."""
NO_WORDS: Final = Words("", "")


class Ground(Struct, frozen=True):
    """An offence that a measure rests on."""

    place: int
    """In the log, of the record that began it."""
    grade: str


class ProposedMeasure(Struct, frozen=True):
    """What the engine proposes to do about a subject; only a `measure_status` puts it in force."""

    measure: str
    subject_type: str
    subject_id: str
    status: MeasureNews
    until: int
    """Milliseconds since 1970 UTC at which it ends or is looked at again; of one that was lifted, when that was."""
    measure_id: str = ""
    """What a `measure_status` calls it."""
    needs_person: bool = False
    """Whether only a person may bring it about."""
    grade: str | None = None
    """Of what it rests on; None where it rests on no offence."""
    offences: int = 0
    """How many offences count against the subject."""
    amount: int = 0
    """What these come to, in minor units of the bundle's currency."""
    facts: tuple[Ground, ...] = ()
    """The offences that it rests on."""
    reasons: tuple[Reason, ...] = ()
    why: Words = NO_WORDS
    """On which step of the ladder it stands, and why."""
    submit: Words = NO_WORDS
    """What the person may hand in."""
    appeal: Words = NO_WORDS
    """How to appeal."""

    def to_wire(self) -> dict[str, object]:
        """The measure as INTERFACE.md shows it over HTTP, ready for JSON."""
        return {name: getattr(self, name) for name in self.__struct_fields__} | {"until": show_moment(self.until)}


_MEASURE_KEYS: Final = (
    "measure", "subject_type", "status", "until", "measure_id", "needs_person", "grade", "offences", "amount", "facts",
)  # fmt: skip


def bare_measure(measure: object, codes: Sequence[str]) -> dict[str, object]:
    """A measure as canonical encodings have it: without the subject's id and without texts; `codes` are its reasons."""
    return {name: getattr(measure, name) for name in _MEASURE_KEYS} | {"reasons": codes}


class Step(Struct, frozen=True):
    """One movement of a payment's money, or the payment itself."""

    seq: int
    """Place of the event in the log."""
    time: int
    """Of the event, in milliseconds since 1970 UTC."""
    amount: int
    """How much of the event's amount can be this payment's money, in minor units of the bundle's currency."""


class Loop(Struct, frozen=True):
    """A payment whose money an event brought home to its payer, and the way that it went."""

    returned: int
    """What this event brought home of it, in minor units."""
    home: int
    """All that has come home of it by then."""
    amount: int
    """Of the payment."""
    closes: bool
    """Whether this event closes the loop: whether at least half of the payment is home, for the first time."""
    path: tuple[Step, ...]
    """The payment first, this event last."""


class Decision(Struct, frozen=True, kw_only=True):
    """The answer to one event."""

    event_id: str
    seq: int
    time: int
    """Of the event, in milliseconds since 1970 UTC."""
    outcome: Outcome
    score_e6: int
    risk_level: RiskLevel
    credit_score: int | None
    alert: bool
    reasons: tuple[Reason, ...]
    hits: tuple[str, ...]
    measures: tuple[ProposedMeasure, ...]
    faults: tuple[str, ...]
    degraded: tuple[str, ...]
    release_by: int | None
    """For a hold: when it ends by itself, in milliseconds since 1970 UTC."""
    bundle: str
    """Content hash of the bundle that decided, hex."""
    release_default: Outcome | None = None
    """For a hold: what becomes of the event then, unless a person has decided otherwise; the bundle pins it."""
    arm: str | None = None
    """In a rollout, the arm of the event's subject: `champion`, `challenger` or `control`; else None, and not told."""
    loops: tuple[Loop, ...] = ()
    """What the event brought home; at most as many payments as funds tell of (TRAIL_OF_EVENT)."""

    @property
    def score(self) -> float:
        """Probability-like score, 0..1."""
        return self.score_e6 / SCORE_UNIT

    @property
    def canonical(self) -> bytes:
        """The canonical encoding."""
        credit = "null" if self.credit_score is None else self.credit_score
        head = f'{{"event_id":{quote(self.event_id)},"seq":{self.seq},"time":{self.time},"score_e6":{self.score_e6},'
        head += f'"credit_score":{credit},"loops":'
        return head.encode() + msgspec.json.encode(self.loops) + b"," + self.canonical_tail

    @property
    def canonical_tail(self) -> bytes:
        """The canonical encoding after the loops."""
        values = {name: getattr(self, name) for name in CANONICAL_KEYS[6:]}
        values["reasons"] = [reason.code for reason in self.reasons]
        values["measures"] = [bare_measure(one, [reason.code for reason in one.reasons]) for one in self.measures]
        if self.arm is not None:
            values["arm"] = self.arm
        return msgspec.json.encode(values)[1:]

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical encoding, hex."""
        return hashlib.sha256(self.canonical).hexdigest()

    def to_wire(self) -> dict[str, object]:
        """The decision as INTERFACE.md shows it over HTTP, ready for JSON."""
        return {
            "event_id": self.event_id, "seq": self.seq, "time": show_moment(self.time), "outcome": self.outcome,
            "score": self.score, "risk_level": self.risk_level, "credit_score": self.credit_score,
            "alert": self.alert, "reasons": self.reasons, "hits": self.hits,
            "measures": [measure.to_wire() for measure in self.measures],
            "faults": self.faults, "degraded": self.degraded,
            "release_by": None if self.release_by is None else show_moment(self.release_by),
            "release_default": self.release_default,
            "loops": loops_to_wire(self.loops), "bundle": self.bundle,
            **({} if self.arm is None else {"arm": self.arm}), "digest": self.digest,
        }  # fmt: skip


def loops_to_wire(loops: Sequence[Loop]) -> list[dict[str, object]]:
    """What came home, as a decision over HTTP shows it."""
    return [_loop_to_wire(loop) for loop in loops]


def _loop_to_wire(loop: Loop) -> dict[str, object]:
    path = [{**msgspec.structs.asdict(step), "time": show_moment(step.time)} for step in loop.path]
    return {**msgspec.structs.asdict(loop), "path": path}


Status = Literal["taught", "duplicate", "conflict", "too-late"]


class Receipt(Struct, frozen=True):
    """What became of an event that was not decided on."""

    event_id: str
    status: Status
    seq: int | None = None
    """Its place in the log, when it was taken in."""


def quote(text: str) -> str:
    """A text as canonical JSON writes it.

    >>> quote('a"b')
    '"a\\\\"b"'
    """
    return msgspec.json.encode(text).decode()
