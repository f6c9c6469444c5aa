"""What is remembered of one subject on the ladder: offences, measures, what others say, what it asked for.

Integers only: ids are the 64-bit hashes of rows, moments are milliseconds of log time, typologies are bits. A subject
of whom nothing holds any more is as one that never was, so that forgetting it changes no answer.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from bonafide.core.moment import DAY_MS, MOMENT_MAX
from bonafide.engine.ladder.rules import LadderRules
from bonafide.engine.ladder.words import CORROBORATED, FRICTION, SUSPECTED

OFFENCES_MAX: Final = 8
"""Offences of one subject that are remembered; more are far beyond every table, and the oldest gives way."""
EVIDENCE_MAX: Final = 16
"""Events of one offence that are told apart; of more, the oldest are added up, and none of them can be taken back."""
MEASURES_MAX: Final = 8
"""Open measures of one subject; of more, the one that ends first gives way."""
INDICATORS_MAX: Final = 8
"""Indicators about one subject; of more, the one that ends first gives way."""
ENDED_MAX: Final = 16
ENDED_MS: Final = 90 * DAY_MS
"""So many measures that have ended are known by their names, and for so long: a status that comes later brings none of
them back."""
NAMED_MAX: Final = 8
"""Measures that an offence knows to rest on it; of more, the oldest is forgotten."""
BESIDE_MAX: Final = 64
"""Pieces of evidence of which nothing follows that lie beside one standing at most."""
_WORDS: Final = 5
_FULL: Final = BESIDE_MAX * _WORDS
ADDED_UP: Final = 0
"""What stands for the event of evidence that was added up; no hash is 0."""
PROPOSED, IN_FORCE = 0, 1
NOT_LIFTING, TO_LIFT, LIFT_PROPOSED = 0, 1, 2


class Evidence(Struct, array_like=True):
    """What one event says against its subject."""

    event: int
    """Hash of the event's id; ADDED_UP of several."""
    amount: int = 0
    """In minor units of the bundle's currency; 0 where it is not known."""
    typologies: int = 0
    """Of the rules that hit, as bits."""
    outcome: int = 0
    judged: int = 0
    """1 + the grade that a verdict gave; 0: nobody has judged it."""

    def take(self, other: Evidence, amount: int) -> None:
        """Say what both say, of this amount."""
        self.amount = amount
        self.typologies |= other.typologies
        self.outcome = max(self.outcome, other.outcome)
        self.judged = max(self.judged, other.judged)


class Weight(NamedTuple):
    """What the evidence of an offence comes to."""

    typologies: int
    """All that rules said, as bits."""
    amount: int
    """All that its events come to."""
    outcome: int
    """The strictest of its events."""
    judged: int
    """1 + the highest grade of a verdict; 0 without one."""
    doubted: bool

    @property
    def is_local(self) -> bool:
        """Whether a rule of ours or a verdict stands behind it, not a score alone: a score may repeat what partners
        said."""
        return self.typologies != 0 or self.judged > 0

    def own_grade(self, rules: LadderRules) -> int:
        """The grade that it has by itself, whatever else is said of its subject."""
        return max(self.judged - 1, _by_sources(self.sources(rules)))

    def sources(self, rules: LadderRules) -> int:
        """How many independent kinds of evidence there are in itself: families of rules, and people."""
        return rules.families_in(self.typologies) + (self.doubted or self.judged > 0)


class Offence(Struct, array_like=True):
    """What was found within one episode."""

    place: int
    """In the log, of the record that began it: what it is called by."""
    began: int
    last: int
    """When the last that is known of it became known."""
    evidence: list[Evidence]
    doubted: bool = False
    """A person has looked at it and could not say."""
    answered: bool = False
    """What its subject answered was satisfactory: it does not count any more."""
    asked: int = 0
    """1 + the hardest friction proposed for it."""
    used: int = 0
    """1 + the grade with which something harder was last proposed on it."""
    measures: list[int] = msgspec.field(default_factory=list)
    """Hashes of the measures that rest on it."""

    def weigh(self) -> Weight:
        """What its evidence comes to. Added up in one go: whoever decides asks for all of it."""
        bits = amount = outcome = judged = 0
        for one in self.evidence:
            bits |= one.typologies
            amount += one.amount
            if one.outcome > outcome:
                outcome = one.outcome
            if one.judged > judged:
                judged = one.judged
        return Weight(bits, amount, outcome, judged, self.doubted)

    def counts(self, rules: LadderRules, now: int) -> bool:
        """Whether it has not decayed."""
        age = now - self.last
        return age < rules.counts_ms[SUSPECTED] or age < rules.counts_ms[self.weigh().own_grade(rules)]

    def knows(self, event: int) -> bool:
        """Whether an event is part of it."""
        return any(one.event == event for one in self.evidence)

    def add(self, found: Evidence, now: int) -> None:
        """Add what became known now of one event; of an event that is known already, such as by a verdict that came
        before it, both together."""
        self.last = now
        known = next((one for one in self.evidence if one.event == found.event), None)
        if known is not None:
            known.take(found, max(known.amount, found.amount))
            return
        self.evidence.append(found)
        if len(self.evidence) > EVIDENCE_MAX:
            first, second = self.evidence[:2]
            first.event = ADDED_UP
            first.take(second, first.amount + second.amount)
            del self.evidence[1]

    def name(self, measure: int) -> None:
        """Remember that a measure rests on it."""
        self.measures = [*[one for one in self.measures if one != measure], measure][-NAMED_MAX:]


class Calm:
    """What evidence may say more about an offence of which nothing follows, so that still nothing follows; and what of
    that has come."""

    __slots__ = ("beside", "outcome", "room", "typologies", "until")

    def __init__(self, until: int, typologies: int, outcome: int, room: int) -> None:
        """until: from then on evidence begins another offence, or something has ended. typologies: those that may come.
        outcome: the strictest that is known. room: by how much the amount may grow and stay below the next band."""
        self.until, self.typologies, self.outcome, self.room = until, typologies, outcome, room
        self.beside = array("q")
        """What came: event, amount, typologies, outcome and the moment of each piece."""

    def takes(self, found: tuple[int, int, int, int], now: int) -> bool:
        """Whether nothing follows from evidence (event, amount, typologies, outcome), which then is laid beside."""
        _, amount, typologies, outcome = found
        if now >= self.until or amount >= self.room or outcome > self.outcome or typologies & ~self.typologies:
            return False
        if len(self.beside) >= _FULL:
            return False
        self.room -= amount
        self.beside.extend(found)
        self.beside.append(now)
        return True

    def came(self) -> Iterator[tuple[Evidence, int]]:
        """The evidence that came, and the moment of each."""
        words = self.beside
        for i in range(0, len(words), _WORDS):
            event, amount, typologies, outcome, now = words[i : i + _WORDS]
            yield Evidence(event, amount, typologies, outcome), now


class Measure(Struct, array_like=True):
    """A measure that is proposed or in force."""

    id: int
    """Hash of what it is called."""
    kind: int
    status: int
    until: int
    whole: int
    """When it ends once CONFIRMERS people have confirmed it."""
    machine: bool
    """Whether a machine brought it up."""
    seq: int = 0
    """Place and time of the event on which it was proposed, which make its name; 0, 0: others named it."""
    time: int = 0
    confirmed_by: list[int] = msgspec.field(default_factory=list)
    """Hashes of the people who have confirmed it; no more than are needed."""
    lifting: int = NOT_LIFTING


class Indicator(Struct, array_like=True):
    """A partner's word about the subject."""

    id: int
    until: int
    measure: int = 0
    """The friction that was proposed on it; 0: none."""


class Ended(Struct, array_like=True):
    """A measure that has ended, and must not come back."""

    id: int
    at: int


class Lifted(Struct, array_like=True):
    """A measure that an upheld appeal has ended, until a decision has said so."""

    kind: int
    seq: int
    time: int
    at: int


class Standing(Struct, array_like=True):
    """Where one subject stands."""

    offences: list[Offence] = msgspec.field(default_factory=list)
    measures: list[Measure] = msgspec.field(default_factory=list)
    indicators: list[Indicator] = msgspec.field(default_factory=list)
    lifted: list[Lifted] = msgspec.field(default_factory=list)
    ended: list[Ended] = msgspec.field(default_factory=list)
    grouped_until: int = 0
    human_only: bool = False
    waits: bool = False
    """Whether its next decision has something to say whatever it is about."""

    def forget(self, rules: LadderRules | None, now: int) -> None:
        """Let go of what has ended or decayed by now."""
        if rules is not None:
            self.offences = [one for one in self.offences if one.counts(rules, now)]
        for one in [one for one in self.measures if one.until <= now]:
            self.close(one, one.until, for_good=one.kind > FRICTION)
        self.ended = [one for one in self.ended if now < one.at + ENDED_MS]
        self.indicators = [one for one in self.indicators if now < one.until]
        if self.grouped_until <= now:
            self.grouped_until = 0

    def due(self, rules: LadderRules | None) -> int:
        """The moment before which `forget` under these rules lets go of nothing."""
        least = self.holds_until(rules)
        for measure in self.measures:
            least = min(least, measure.until)
        for gone in self.ended:
            least = min(least, gone.at + ENDED_MS)
        return least

    def holds_until(self, rules: LadderRules | None) -> int:
        """The moment before which nothing ends that decides what follows; friction that ends opens no way for more."""
        least = self.grouped_until or MOMENT_MAX
        if rules is not None:
            sure = rules.counts_ms[SUSPECTED]
            for offence in self.offences:
                least = min(least, offence.last + sure)
        for measure in self.measures:
            if measure.kind > FRICTION:
                least = min(least, measure.until)
        for indicator in self.indicators:
            least = min(least, indicator.until)
        return least

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing left to remember."""
        return not (
            self.offences or self.measures or self.indicators or self.lifted or self.ended or self.grouped_until
            or self.human_only
        )  # fmt: skip

    @property
    def is_kept(self) -> bool:
        """Whether it must not give way to others: forgetting would take a right away, or end what is in force."""
        return self.human_only or bool(self.lifted) or any(one.status == IN_FORCE for one in self.measures)

    def open(self, measure: Measure) -> None:
        """Remember a measure. Where there are too many, a proposal gives way before what is in force, friction before
        what is harder, and of equals the one that ends first."""
        self.measures.append(measure)
        if len(self.measures) > MEASURES_MAX:
            self.measures.remove(min(self.measures, key=lambda one: (one.status, one.kind > FRICTION, one.until)))

    def close(self, measure: Measure, at: int, *, for_good: bool = True) -> None:
        """A measure has ended, `for_good` where it must not come back under its name."""
        self.measures = [one for one in self.measures if one is not measure]
        if for_good:
            self.ended = [*self.ended, Ended(measure.id, at)][-ENDED_MAX:]

    def has_ended(self, id_: int) -> bool:
        """Whether a measure of this name is known to have ended."""
        return any(one.id == id_ for one in self.ended)

    @property
    def hardest(self) -> int:
        """How hard the hardest open measure is that is not to be lifted; -1 without one."""
        return max([one.kind for one in self.measures if one.lifting == NOT_LIFTING], default=-1)

    def measure(self, id_: int) -> Measure | None:
        """An open measure by the hash of its id."""
        return next((one for one in self.measures if one.id == id_), None)

    def grade(self, rules: LadderRules, weight: Weight) -> int:
        """The grade of one of its offences, with what else is said of the subject."""
        if not weight.is_local:
            return SUSPECTED
        sources = weight.sources(rules)
        if self.grouped_until and not weight.typologies & rules.group_family:
            sources += 1
        if self.indicators:
            sources += 1
        return max(weight.judged - 1, _by_sources(sources))


def _by_sources(sources: int) -> int:
    """Several independent sources corroborate one another."""
    return CORROBORATED if sources > 1 else SUSPECTED
