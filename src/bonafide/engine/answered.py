"""Answers as they go over HTTP: from a verdict straight to the bytes of INTERFACE.md's JSON.

`Decision.to_wire` says the same, and takes several times as long: here all that decisions of one template share is
encoded once, and each decision puts what is its own between these pieces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import SCORE_UNIT, Loop, ProposedMeasure, bare_measure, loops_to_wire
from bonafide.core.events import Fact
from bonafide.core.moment import MOMENT_MAX, show_moment
from bonafide.engine.basis import Basis
from bonafide.engine.bodies import Pieces
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
    """The body as the journal keeps it, with tokens in place of the subjects' ids; nothing where it holds no id."""
    basis: Basis | None = None
    """Of a decision that people look at: what its scores were reckoned from."""

    def on(self, basis: Basis | None) -> Answered:
        """The same answer with its basis."""
        return _answered((*self[:-1], basis))


_answered: Final[Callable[[tuple[int, int, bytes, str | None, bool, bytes, Basis | None]], Answered]] = partial(
    tuple.__new__, Answered
)
"""An answer from its seven fields: the class called by its name would take twice as long."""


def taught(event_id: str, seq: int) -> Answered:
    """The answer to an event that only teaches.

    >>> taught("v1", 7).body
    b'{"event_id":"v1","seq":7,"status":"taught"}'
    """
    return Answered(TAKEN, seq, b'{"event_id":%b,"seq":%d,"status":"taught"}' % (_encode(event_id), seq))


as_answered: Final = _answered


class Form:
    """The pieces of a template's answers, and how they are filled."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.counts = template.counts
        ruling, tail = template.ruling, template.tail
        self.outcome, self.alert, self._hold_ms = ruling.outcome, ruling.alert, tail.hold_ms
        self.is_looked_at = ruling.outcome != "allow" or ruling.alert or template.subject_type == "merchant"
        """Whether people look at these decisions: all but those that simply let a user's event pass."""
        self._tail = tail.pieces
        self._plain_tail = f"[],{tail.pieces[0]}{tail.pieces[1]}" if tail.hold_ms is None else None
        told = {"alert": ruling.alert, "reasons": template.reasons, "hits": template.hits}
        self._to_score = f'","outcome":{as_json(ruling.outcome)},"score":'
        self._to_credit = f',"risk_level":{as_json(ruling.risk_level)},"credit_score":'
        # What is Chinese stays bytes: as text it would be made wider and encoded again with each answer.
        self._to_measures = f',{as_json(told)[1:-1]},"measures":['.encode()
        self._to_release = (
            f'],"faults":{as_json(template.faults)},"degraded":{as_json(template.degraded)},"release_by":'
        ).encode()
        self._to_digest = f',"bundle":{as_json(template.bundle)}{template.arm_told},"digest":"'.encode()
        self._to_loops = f',"release_default":{as_json(ruling.release)},"loops":'.encode()
        plain = (self._to_measures, self._to_release, b"null", self._to_loops, b"[]", self._to_digest)
        self._plain = b"".join(plain)
        self.pieces = None if self._plain_tail is None else Pieces.of([
            '{"event_id":', ',"seq":', ',"time":', ',"score_e6":', ',"credit_score":', f',"loops":{self._plain_tail}',
            self._to_score, self._to_credit, self._plain.decode(),
        ])  # fmt: skip
        """Of a decision that tells no loops and no measures; None where it holds, so that each says until when."""

    def fill(
        self, event: Fact, seq: int, score_e6: int, credit: int, loops: tuple[Loop, ...],
        measures: tuple[ProposedMeasure, ...] = (), tokens: Sequence[str] = (),
    ) -> Answered:  # fmt: skip
        """The answer to one event; `tokens` are those of the measures' subjects, other arguments are as of
        `Template.fill`."""
        time: int = event.time
        known = credit or "null"
        head = f'{{"event_id":{_encode(event.event_id).decode()},"seq":{seq},"time":'
        kept = b""
        if self._plain_tail is not None and not loops and not measures:
            canonical = f'{head}{time},"score_e6":{score_e6},"credit_score":{known},"loops":{self._plain_tail}'
            rest = self._plain
        else:
            tail, rest, kept = self._fill_rest(time, loops, measures, tokens)
            canonical = f'{head}{time},"score_e6":{score_e6},"credit_score":{known},"loops":{tail}'
        end = f'{_sha256(canonical.encode()).hexdigest()}"}}'.encode()
        score = _encode(score_e6 / SCORE_UNIT).decode()
        before = f'{head}"{show_moment(time)}{self._to_score}{score}{self._to_credit}{known}'.encode()
        own = b"".join((before, kept, end)) if kept else b""
        return _answered((TAKEN, seq, b"".join((before, rest, end)), self.outcome, self.alert, own, None))

    def _fill_rest(
        self, time: int, loops: tuple[Loop, ...], measures: tuple[ProposedMeasure, ...], tokens: Sequence[str]
    ) -> tuple[str, bytes, bytes]:  # fmt: skip
        """The ends of the canonical encoding, from the loops, and of the body, from behind the credit score to the
        digest; and the latter with tokens in place of ids, where there are some."""
        release, held = b"null", ""
        if self._hold_ms is not None:
            until = min(time + self._hold_ms, MOMENT_MAX)
            release, held = f'"{show_moment(until)}"'.encode(), str(until)
        bare = ",".join(as_json(bare_measure(one, [reason.code for reason in one.reasons])) for one in measures)
        before, between, after = self._tail
        canonical = f"{as_json(loops)},{before}{bare}{between}{held}{after or ''}"
        shown = _encode(loops_to_wire(loops)) if loops else b"[]"
        wires = [measure.to_wire() for measure in measures]
        end = (self._to_release, release, self._to_loops, shown, self._to_digest)
        body = b"".join((self._to_measures, b",".join(map(_encode, wires)), *end))
        if not tokens:
            return canonical, body, b""
        for wire, token in zip(wires, tokens, strict=True):
            wire["subject_id"] = token
        return canonical, body, b"".join((self._to_measures, b",".join(map(_encode, wires)), *end))


class Forms:
    """The forms of a bundle's templates, made when they are first asked for."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._made: dict[tuple[int, ...], Form] = {}
        self._by_bytes: dict[bytes, Form] = {}
        """The same by their keys' bytes, which are quicker to make of many."""
        self.plain = [Form(template) for template in templates.plain]
        """Of events on which nothing fired, by the code of their type."""

    def of(self, kind: int, verdict: list[int]) -> Form:
        """The form that answers an event of type code `kind` with this verdict."""
        if self._templates.is_plain(verdict):
            return self.plain[kind]
        return self._by_key(self._templates.key_of(kind, verdict))

    def of_many(self, kinds: NDArray[np.int64], verdicts: NDArray[np.int64]) -> list[Form]:
        """The forms of many verdicts."""
        keys = self._templates.keys_of(kinds, verdicts)
        width, packed = keys.shape[1] * keys.itemsize, keys.tobytes()
        found = [self._by_bytes.get(packed[at : at + width]) for at in range(0, len(packed), width)]
        return [self._of_key(key) if form is None else form for form, key in zip(found, keys, strict=True)]

    def _of_key(self, key: NDArray[np.int64]) -> Form:
        """The form of a key that was not met among many before."""
        if len(self._by_bytes) >= TEMPLATES_MAX:
            self._by_bytes.clear()
        form = self._by_bytes[key.tobytes()] = self._by_key(tuple(key.tolist()))
        return form

    def _by_key(self, key: tuple[int, ...]) -> Form:
        form = self._made.get(key)
        if form is None:
            if len(self._made) >= TEMPLATES_MAX:
                self._made.clear()
            form = self._made[key] = Form(self._templates.of(key))
        return form
