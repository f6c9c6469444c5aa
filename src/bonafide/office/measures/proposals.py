"""What a record of the log says to the office's measures: proposals, what should end, and what came late."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

import msgspec

from bonafide.core.moment import MOMENT_MAX, parse_moment
from bonafide.core.pseudonym import read_token, show_token
from bonafide.office.journal import Record
from bonafide.office.measures.words import CONFIRMERS, MACHINE_MS, is_hard
from bonafide.office.vault.pseudonym import pseudonym_of

_STATUS: Final = b'{"type":"measure_status"'


class News(NamedTuple):
    """What a decision says of one measure."""

    status: Literal["proposed", "lift_proposed", "lifted"]
    measure_id: str
    row: dict[str, Any]
    """Of a proposal: what the table keeps."""


class Written(NamedTuple):
    """A record of ours that stands in the log, at a time of the log."""

    measure_id: str
    status: str
    time: int
    second: bool
    """Whether it is the confirmation of the second person."""


class _Place(msgspec.Struct):
    place: int


class _Measure(msgspec.Struct):
    measure: str
    subject_type: str
    subject_id: str
    status: str
    until: str
    measure_id: str = ""
    needs_person: bool = False
    grade: str | None = None
    facts: tuple[_Place, ...] = ()
    reasons: list[dict[str, str]] = []
    why: dict[str, str] | None = None
    submit: dict[str, str] | None = None
    appeal: dict[str, str] | None = None


class _Answer(msgspec.Struct):
    event_id: str
    time: str = ""
    hits: tuple[str, ...] = ()
    reasons: list[dict[str, str]] = []
    measures: tuple[_Measure, ...] = ()


class _Status(msgspec.Struct):
    event_id: str
    time: int
    measure_id: str
    status: str


_read_answer: Final = msgspec.json.Decoder(_Answer).decode
_read_status: Final = msgspec.json.Decoder(_Status).decode


def written_in(record: Record) -> Written | None:
    """The `measure_status` that a record is, or None."""
    if not record.content.startswith(_STATUS):
        return None
    found = _read_status(record.content)
    second = found.status == "confirmed" and found.event_id.endswith(f":{CONFIRMERS}")
    return Written(found.measure_id, found.status, found.time, second)


def news_in(seq: int, record: Record, secret: bytes) -> list[News]:
    """What the decision of a record says of measures; nothing where it decides nothing."""
    if record.content.startswith(_STATUS):
        return []
    answer = _read_answer(record.answer)
    return [_news(seq, answer, one, secret) for one in answer.measures if one.measure_id]


def _news(seq: int, answer: _Answer, one: _Measure, secret: bytes) -> News:
    status: Any = one.status
    if status != "proposed":
        return News(status, one.measure_id, {})
    event_ms, until, hard = parse_moment(answer.time), parse_moment(one.until), is_hard(one.measure)
    told = {"reasons": one.reasons or answer.reasons, "why": one.why, "submit": one.submit, "appeal": one.appeal}
    ends = min(until, event_ms + MACHINE_MS, MOMENT_MAX) if hard else until
    return News(status, one.measure_id, {
        "measure_id": one.measure_id, "measure": one.measure, "subject_type": one.subject_type,
        "subject": _token(one.subject_id, secret), "seq": seq, "event_id": answer.event_id, "event_ms": event_ms,
        "grade": one.grade, "facts": [fact.place for fact in one.facts], "hits": list(answer.hits),
        "told": msgspec.json.encode(told).decode(), "is_hard": hard,
        # What is harder than friction and rests on no offence was proposed by an outcome alone.
        "needs_person": one.needs_person or (hard and not one.facts),
        "machine_until_ms": ends, "until_ms": ends,
    })  # fmt: skip


def _token(subject_id: str, secret: bytes) -> str:
    """What stands for a subject; a log of before pseudonyms has the id itself."""
    return subject_id if read_token(subject_id) is not None else show_token(pseudonym_of(subject_id, secret))
