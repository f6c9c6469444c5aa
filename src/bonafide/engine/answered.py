"""Answers as they go over HTTP: from a verdict straight to the bytes of INTERFACE.md's JSON.

`Decision.to_wire` says the same, and takes several times as long: here all that decisions of one template share is
encoded once, and each decision puts what is its own between these pieces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import msgspec

from bonafide.core.decision import SCORE_UNIT, Loop, loops_to_wire
from bonafide.core.events import Fact
from bonafide.core.fields import FIELDS
from bonafide.core.moment import MOMENT_MAX, show_moment
from bonafide.engine.codes import TAKEN
from bonafide.engine.templates import TEMPLATES_MAX, Template, Templates, as_json

_encode: Final = msgspec.json.Encoder().encode
_sha256: Final = hashlib.sha256


class Answered(NamedTuple):
    """What the engine answers to one event."""

    status: int
    """TAKEN, DUPLICATE, CONFLICT or TOO_LATE."""
    seq: int
    """The event's place in the log; of an event that was not taken, the log's latest time."""
    body: bytes
    """Of an event that was taken, the JSON object that answers it: a decision, or that it taught. Else nothing."""
    outcome: str | None = None
    """Of a decision."""
    alert: bool = False
    kept: bytes = b""
    """The body as the journal keeps it, with a token in place of the subject's id; nothing where it holds no id."""


_answered: Final[Callable[[tuple[int, int, bytes, str | None, bool, bytes]], Answered]] = partial(
    tuple.__new__, Answered
)
"""An answer from its six fields: the class called by its name would take twice as long."""


def taught(event_id: str, seq: int) -> Answered:
    """The answer to an event that only teaches.

    >>> taught("v1", 7).body
    b'{"event_id":"v1","seq":7,"status":"taught"}'
    """
    return Answered(TAKEN, seq, b'{"event_id":%b,"seq":%d,"status":"taught"}' % (_encode(event_id), seq))


class Form:
    """The pieces of a template's answers, and how they are filled."""

    def __init__(self, template: Template) -> None:
        ruling, tail = template.ruling, template.tail
        self._subject_field = template.subject_field
        self._outcome, self._alert = ruling.outcome, ruling.alert
        self._lasts_ms, self._hold_ms = tail.lasts_ms, tail.hold_ms
        self._tail = tail.pieces
        self._plain_tail = f"[],{tail.pieces[0]}" if tail.lasts_ms is None and tail.hold_ms is None else None
        before, middle, after = template.measure_pieces
        proposed = tail.lasts_ms is not None and template.subject_field is not None
        self.subject_place = FIELDS[template.subject_field].place if proposed else None  # type: ignore[index]
        """Where an event's row has the subject of the measure that is proposed; None where none is."""
        told = {"alert": ruling.alert, "reasons": template.reasons, "hits": template.hits}
        self._to_score = f'","outcome":{as_json(ruling.outcome)},"score":'
        self._to_credit = f',"risk_level":{as_json(ruling.risk_level)},"credit_score":'
        to_id = '"subject_id":' if proposed else ""
        self._to_subject = f',{as_json(told)[1:-1]},"measures":[{before}{to_id}'
        self._after_subject = f',{middle}"'
        self._after_until = f'"{after}'
        self._to_release = (
            f'],"faults":{as_json(template.faults)},"degraded":{as_json(template.degraded)},"release_by":'
        )
        self._to_digest = f',"bundle":{as_json(template.bundle)},"digest":"'
        self._plain = f'{self._to_subject}{self._to_release}null,"loops":[]{self._to_digest}'

    def fill(
        self, event: Fact, seq: int, score_e6: int, credit: int, loops: tuple[Loop, ...], token: str = ""
    ) -> Answered:  # fmt: skip
        """The answer to one event; `token` is its subject's where `subject_place` is one, other arguments are as of
        `Template.fill`."""
        time: int = event.time
        known = credit or "null"
        head = f'{{"event_id":{_encode(event.event_id).decode()},"seq":{seq},"time":'
        if self._plain_tail is not None and not loops:
            canonical = f'{head}{time},"score_e6":{score_e6},"credit_score":{known},"loops":{self._plain_tail}'
            rest, subject = self._plain, ""
        else:
            tail, rest, subject = self._fill_rest(event, time, loops)
            canonical = f'{head}{time},"score_e6":{score_e6},"credit_score":{known},"loops":{tail}'
        digest = _sha256(canonical.encode()).hexdigest()
        score = _encode(score_e6 / SCORE_UNIT).decode()
        before = f'{head}"{show_moment(time)}{self._to_score}{score}{self._to_credit}{known}'
        if subject:
            before += self._to_subject
            kept = f'{before}"{token}"{rest}{digest}"}}'.encode() if token else b""
        else:
            kept = b""
        body = f'{before}{subject}{rest}{digest}"}}'
        return _answered((TAKEN, seq, body.encode(), self._outcome, self._alert, kept))

    def _fill_rest(self, event: Fact, time: int, loops: tuple[Loop, ...]) -> tuple[str, str, str]:
        """The ends of the canonical encoding, from the loops, and of the body, from behind the credit score or the
        subject to the digest; and the subject's id in quotes where a measure is proposed."""
        subject, measure, release = "", "", "null"
        own: list[object] = ["", "", ""]
        if self._lasts_ms is not None and self._subject_field is not None:
            until, subject = min(time + self._lasts_ms, MOMENT_MAX), as_json(getattr(event, self._subject_field))
            own[0] = until
            measure = f"{self._after_subject}{show_moment(until)}{self._after_until}"
        if self._hold_ms is not None:
            own[1] = held = min(time + self._hold_ms, MOMENT_MAX)
            release = f'"{show_moment(held)}"'
        canonical = "".join(f"{piece or ''}{mine}" for piece, mine in zip(self._tail, own, strict=True))
        shown = as_json(loops_to_wire(loops)) if loops else "[]"
        begun = measure or self._to_subject
        body = f'{begun}{self._to_release}{release},"loops":{shown}{self._to_digest}'
        return f"{as_json(loops)},{canonical}", body, subject


class Forms:
    """The forms of a bundle's templates, made when they are first asked for."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._made: dict[tuple[int, ...], Form] = {}
        self._plain = [Form(template) for template in templates.plain]

    def of(self, kind: int, verdict: list[int]) -> Form:
        """The form that answers an event of type code `kind` with this verdict."""
        if self._templates.is_plain(verdict):
            return self._plain[kind]
        key = self._templates.key_of(kind, verdict)
        form = self._made.get(key)
        if form is None:
            if len(self._made) >= TEMPLATES_MAX:
                self._made.clear()
            form = self._made[key] = Form(self._templates.of(key))
        return form
