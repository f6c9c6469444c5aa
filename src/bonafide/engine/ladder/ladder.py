"""The ladder as the engine sees it: rows of the log in, what a decision says of measures out.

Every way of deciding hands the same rows in, in the order of the log, so that all of them come to the same. A row is
handed in only where it can matter: a finding, a record of the types FEEDS, or a subject that waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import Grade, MeasureKind
from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, WORDS, WORD_CODE
from bonafide.core.moment import MOMENT_MAX, parse_span
from bonafide.engine.ladder import records
from bonafide.engine.ladder.proposed import Proposed
from bonafide.engine.ladder.proposing import Moment, name_of, news, propose
from bonafide.engine.ladder.rules import LadderRules
from bonafide.engine.ladder.standing import IN_FORCE, Evidence, Standing
from bonafide.engine.ladder.standings import Key, Standings
from bonafide.engine.ladder.words import GRADES, HARDNESS, MEASURES, SUBJECTS
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.templates import Template

Row = Sequence[int]
FEEDS: Final = frozenset(
    TYPE_CODE[name]
    for name in ("verdict", "indicator", "group", "measure_status", "information_answered", "appeal_status")
)
"""The types of records that change where somebody stands."""
_PLACES: Final = {name: field.place for name, field in FIELDS.items()}
_TIME, _EVENT, _AMOUNT = _PLACES["time"], _PLACES["event_id"], _PLACES["amount"]
_KIND, _SUBJECT = _PLACES["subject_type"], _PLACES["subject_id"]
_USER, _MERCHANT = _PLACES["user_id"], _PLACES["merchant_id"]
_NAMED: Final = (_USER, _MERCHANT)
"""Where a row has the subjects of a decision, by their numbers."""
_KIND_OF: Final = {WORD_CODE[name]: number for number, name in enumerate(SUBJECTS)}
_ABOUT_EVENT: Final = WORD_CODE["event"]


class InForce(NamedTuple):
    """A measure in force."""

    id: int
    """Hash of what it is called."""
    measure: MeasureKind
    until: int
    machine: bool
    """Whether a machine brought it up."""


class Ladder:
    """Where everybody stands, under the ladder of one bundle after the other."""

    def __init__(self, hash_of: Callable[[str], int]) -> None:
        """hash_of: from a text to the hash that rows have of it."""
        self.standings = Standings()
        self.rules: LadderRules | None = None
        self._hash_of = hash_of

    def decided(
        self, rows: NDArray[np.int64], i: int, seq: int, template: Template, now: int
    ) -> list[Proposed]:  # fmt: skip
        """What the decision on a row says of measures; evidence of which nothing follows is remembered on the way.
        now: the latest time in the log."""
        said: list[Proposed] = []
        for kind, typologies in enumerate(template.evidence):
            key, found = (kind, rows.item(i, _NAMED[kind])), None
            if key[1] == ABSENT:
                continue
            if typologies is not None:
                found = rows.item(i, _EVENT), max(rows.item(i, _AMOUNT), 0), typologies, template.outcome
            proposes = template.proposes and template.subject_type == SUBJECTS[kind]
            speaks = proposes or key in self.standings.waiting
            if not speaks and (found is None or self.standings.adds(key, self.rules, found, now)):
                continue
            at = Moment(seq, rows.item(i, _TIME), now, self._hash_of)
            said += self._of_subject(key, found, template if proposes else None, at)
        return said

    def _of_subject(
        self, key: Key, found: tuple[int, int, int, int] | None, proposes: Template | None, at: Moment
    ) -> list[Proposed]:  # fmt: skip
        """What is said of one subject, of whom an event may have shown something; `proposes`: what a policy without a
        ladder proposes about it."""
        (kind, _), rules = key, self.rules
        standing = self.standings.get(key, rules, at.now)
        if found is not None and rules is not None:
            records.find(standing, rules, kind, Evidence(*found), at.seq, at.now)
        standing.waits, calm = False, None
        if rules is None:
            said = list(news(standing, kind))
        else:
            said, calm = propose(standing, rules, kind, at)
        if proposes is not None:
            said.append(self._by_outcome(proposes, kind, at, standing))
        self.standings.put(key, standing, rules, at.now, calm)
        return said

    def _by_outcome(self, template: Template, kind: int, at: Moment, standing: Standing) -> Proposed:
        """What a policy without a ladder proposes for an outcome; it is not remembered."""
        proposal = template.ruling.proposal
        assert proposal is not None
        measure: MeasureKind = "notice" if standing.human_only else proposal.measure
        until = min(at.time + parse_span(proposal.lasts), MOMENT_MAX)
        codes = tuple(reason.code for reason in template.reasons)
        return Proposed(measure, SUBJECTS[kind], "proposed", until, name_of(kind, at.seq, at.time), codes=codes)

    def in_force(self, key: Key, now: int) -> tuple[InForce, ...]:
        """What is in force about a subject."""
        return tuple(
            InForce(one.id, MEASURES[one.kind], one.until, one.machine)
            for one in self._get(key, now).measures
            if one.status == IN_FORCE
        )

    def save(self) -> bytes:
        """Where everybody stands, as bytes."""
        return self.standings.save()

    def load(self, saved: bytes) -> None:
        """Put back what `save` gave."""
        self.standings.load(saved)

    def taught(self, row: Row, seq: int, now: int) -> None:
        """Take in a record of one of the types FEEDS."""
        _TAKES[row[TYPE]](self, row, seq, now)

    def touches(self, row: Row) -> Iterator[Key]:
        """The subjects that a record of one of the types FEEDS names."""
        if row[_KIND] in _KIND_OF:
            yield _KIND_OF[row[_KIND]], row[_SUBJECT]
        elif row[_KIND] == _ABOUT_EVENT:
            yield from ((kind, row[place]) for kind, place in enumerate(_NAMED) if row[place] != ABSENT)

    def _take_verdict(self, row: Row, seq: int, now: int) -> None:
        label, source = WORDS[row[_PLACES["label"]]], WORDS[row[_PLACES["source"]]]
        keys = list(self.touches(row))
        event = row[_SUBJECT] if row[_KIND] == _ABOUT_EVENT else None
        if self.rules is None or (label != "cash_out" and source not in records.JUDGES):
            return
        if event is not None:
            knowing = [key for key in keys if any(one.knows(event) for one in self._get(key, now).offences)]
            # Of an event that nobody's offence holds, the payer is told of; a shop has many payers.
            keys = knowing or (keys[:1] if label == "cash_out" else [])
        for key in keys:
            self._judge(key, row, event, label, source, seq, now)

    def _judge(
        self, key: Key, row: Row, event: int | None, label: str, source: str, seq: int, now: int
    ) -> None:  # fmt: skip
        standing, rules = self._get(key, now), self.rules
        assert rules is not None
        if label == "genuine":
            records.clear(standing, rules, key[0], event)
        elif label == "unsure":
            records.doubt(standing, event)
        elif source == "partner":
            records.indicate(standing, row[_EVENT], now + rules.partner_ms)
        else:
            stated = row[_PLACES["grade"]]
            grade: Grade | None = None if stated == ABSENT else WORDS[stated]  # type: ignore[assignment]
            given = records.grade_of(source, None if grade is None else GRADES.index(grade))
            records.accuse(standing, rules, key[0], row[_EVENT] if event is None else event, given, seq, now)
        self.standings.put(key, standing, rules, now)

    def _take_indicator(self, row: Row, seq: int, now: int) -> None:
        rules = self.rules
        for key in self.touches(row) if rules is not None else ():
            standing, id_ = self._get(key, now), row[_PLACES["indicator_id"]]
            if row[_PLACES["status"]] != WORD_CODE["active"]:
                records.revoke(standing, rules, key[0], id_)  # type: ignore[arg-type]
            elif row[_PLACES["confidence"]] >= rules.partner_from_e9 and row[_PLACES["valid_until"]] > now:  # type: ignore[union-attr]
                records.indicate(standing, id_, row[_PLACES["valid_until"]])
            self.standings.put(key, standing, rules, now)

    def _take_group(self, row: Row, seq: int, now: int) -> None:
        rules = self.rules
        if rules is None or row[_PLACES["score"]] < rules.group_from_e9:
            return
        for key in self.touches(row):
            standing = self._get(key, now)
            records.group(standing, row[_PLACES["valid_until"]])
            self.standings.put(key, standing, rules, now)

    def _take_status(self, row: Row, seq: int, now: int) -> None:
        until, by = (None if row[_PLACES[name]] == ABSENT else row[_PLACES[name]] for name in ("until", "by"))
        for key in self.touches(row):
            standing = self._get(key, now)
            records.change_status(
                standing, self.rules, row[_PLACES["measure_id"]], HARDNESS[WORDS[row[_PLACES["measure"]]]],
                WORDS[row[_PLACES["status"]]], until, by, now,  # type: ignore[arg-type]
            )  # fmt: skip
            self.standings.put(key, standing, self.rules, now)

    def _take_answer(self, row: Row, seq: int, now: int) -> None:
        for key in self.touches(row):
            standing = self._get(key, now)
            if row[_PLACES["answer"]] == WORD_CODE["satisfactory"]:
                records.answer(standing, self.rules, key[0], row[_PLACES["measure_id"]])
            records.ask_people(standing, _flag(row))
            self.standings.put(key, standing, self.rules, now)

    def _take_appeal(self, row: Row, seq: int, now: int) -> None:
        for key in self.touches(row):
            standing, measure = self._get(key, now), row[_PLACES["measure_id"]]
            if row[_PLACES["status"]] == WORD_CODE["upheld"]:
                records.uphold(standing, self.rules, key[0], None if measure == ABSENT else measure, now)
            records.ask_people(standing, _flag(row))
            self.standings.put(key, standing, self.rules, now)

    def _get(self, key: Key, now: int) -> Standing:
        return self.standings.get(key, self.rules, now)


def _flag(row: Row) -> bool | None:
    told = row[_PLACES["human_only"]]
    return None if told == ABSENT else bool(told)


_TAKES: Final[dict[int, Callable[[Ladder, Row, int, int], None]]] = {
    TYPE_CODE["verdict"]: Ladder._take_verdict,
    TYPE_CODE["indicator"]: Ladder._take_indicator,
    TYPE_CODE["group"]: Ladder._take_group,
    TYPE_CODE["measure_status"]: Ladder._take_status,
    TYPE_CODE["information_answered"]: Ladder._take_answer,
    TYPE_CODE["appeal_status"]: Ladder._take_appeal,
}
