"""From what is remembered of a subject to what is proposed: the milder of what the step gives and what the grade and
the amount bear, never twice on the same facts.

Friction (a notice, a request) is proposed once for each offence and hardness. Anything harder needs a fact that is
fresh: an offence on which nothing harder has been proposed yet, or not with the grade that it has by now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from bonafide.core.decision import Ground
from bonafide.core.moment import MOMENT_MAX
from bonafide.engine.ladder.proposed import Proposed
from bonafide.engine.ladder.rules import LadderRules
from bonafide.engine.ladder.standing import (
    LIFT_PROPOSED, PROPOSED, TO_LIFT, Calm, Indicator, Measure, Offence, Standing, Weight,
)  # fmt: skip
from bonafide.engine.ladder.words import (
    CORROBORATED, FRICTION, GRADES, MACHINE_MS, MEASURES, NOTICE, REFER, SUBJECTS, SUSPECTED,
)  # fmt: skip

ANY: Final = -1
"""All typologies, as bits."""
CODES_MAX: Final = 4
"""Most reasons of one measure."""


class Moment(NamedTuple):
    """When something is proposed, and what makes its name."""

    seq: int
    """Place of the event in the log."""
    time: int
    """Of the event."""
    now: int
    """The latest time in the log."""
    hash_of: Callable[[str], int]
    """From a text to the hash that rows have of it."""


class Weighed(NamedTuple):
    """An offence with what its evidence comes to, and the grade that gives."""

    offence: Offence
    weight: Weight
    grade: int


class Case(NamedTuple):
    """What is to be said of a subject, weighed once for all that asks."""

    open: Sequence[Weighed]
    """Offences that its subject has not answered for."""
    counted: Sequence[Weighed]
    """Of these, the ones that count for steps: those with something of our own behind them."""
    amount: int
    """What these come to."""


def case_of(standing: Standing, rules: LadderRules) -> Case:
    """What is to be said of a subject of whom everything decayed was forgotten."""
    offences, counted, amount = [], [], 0
    for offence in standing.offences:
        if not offence.answered:
            weight = offence.weigh()
            one = Weighed(offence, weight, standing.grade(rules, weight))
            offences.append(one)
            if weight.is_local:
                counted.append(one)
                amount += weight.amount
    return Case(offences, counted, amount)


def borne(case: Case, one: Weighed, rules: LadderRules, kind: int) -> int:
    """The hardest measure that follows from an offence as things stand."""
    ladder, weight = rules.subjects[kind], one.weight
    step = ladder.step(len(case.counted), one.grade, weight.outcome)
    if not weight.is_local:
        return min(step, ladder.limit(SUSPECTED, weight.amount), FRICTION)
    return min(step, ladder.limit(one.grade, case.amount))


def propose(
    standing: Standing, rules: LadderRules, kind: int, at: Moment
) -> tuple[list[Proposed], Calm | None]:  # fmt: skip
    """What a decision says of its subject's measures, which is remembered, and what may come without that more follows;
    `standing` has let go of what decayed."""
    said = list(news(standing, kind))
    case = case_of(standing, rules)
    chosen = _choose(standing, case, rules, kind)
    partners = [] if case.counted else [one for one in standing.indicators if not one.measure]
    if chosen is not None:
        said += _on_offence(standing, case, rules, kind, at, *chosen)
        chosen = _choose(standing, case, rules, kind)
    elif partners:
        said += _on_partners(standing, partners, rules, kind, at)
    return said, None if chosen or partners else _calm(standing, case, rules, kind)


def news(standing: Standing, kind: int) -> Iterator[Proposed]:
    """What has ended and what should end, each said once."""
    for gone in standing.lifted:
        yield Proposed(MEASURES[gone.kind], SUBJECTS[kind], "lifted", gone.at, name_of(kind, gone.seq, gone.time))
    standing.lifted = []
    for one in standing.measures:
        if one.lifting == TO_LIFT:
            one.lifting = LIFT_PROPOSED
            yield Proposed(
                MEASURES[one.kind], SUBJECTS[kind], "lift_proposed", one.until, name_of(kind, one.seq, one.time)
            )


def name_of(kind: int, seq: int, time: int) -> str:
    """What a measure is called that was proposed on an event: whose it is, the event's place, and its time, since a
    journal that was restored from an older backup gives places anew. Nothing, where others named it."""
    return f"{SUBJECTS[kind][0]}{seq}-{time}" if time or seq else ""


def ends(rules: LadderRules, hardness: int, time: int) -> tuple[int, int]:
    """When a measure ends that a machine proposes on an event of this time, and when once people have confirmed it."""
    whole = time + rules.lasts_ms[hardness]
    until = whole if hardness <= FRICTION else min(whole, time + MACHINE_MS)
    return min(until, MOMENT_MAX), min(whole, MOMENT_MAX)


def _choose(standing: Standing, case: Case, rules: LadderRules, kind: int) -> tuple[int, Weighed] | None:
    """The hardest measure that may be proposed, and the offence that gives it: of equals the newest."""
    found = None
    for one in case.open:
        hardness = borne(case, one, rules, kind)
        if standing.human_only:
            hardness = min(hardness, NOTICE)
        if hardness > FRICTION and (one.grade < one.offence.used or standing.hardest >= hardness):
            hardness = FRICTION  # of a new offence its subject is told all the same
        if hardness <= FRICTION and hardness < one.offence.asked:
            continue
        if found is None or hardness >= found[0]:
            found = hardness, one
    return found


def _calm(standing: Standing, case: Case, rules: LadderRules, kind: int) -> Calm | None:
    """What may be found of the newest offence, while nothing follows from what is known, so that nothing will.

    All that decides what follows is the grade, the strictest outcome and the band of an amount. Evidence no stricter,
    within the band and by families that have spoken already leaves them as they are; so does evidence by any family
    where nothing would follow if there were several, which is all that families come to.
    """
    if not case.open or case.open[-1].offence is not standing.offences[-1]:
        return None
    offence, weight, grade = case.open[-1]
    ladder = rules.subjects[kind]
    room = ladder.room(case.amount if weight.is_local else weight.amount)
    until = min(offence.began + ladder.episode_ms, standing.holds_until(rules))
    typologies = rules.spoken(weight.typologies)
    if weight.is_local:
        several = Weighed(offence, weight, max(grade, CORROBORATED))
        if _choose(standing, case._replace(open=(*case.open[:-1], several)), rules, kind) is None:
            typologies = ANY
    return Calm(until, typologies, weight.outcome, room)


def _on_offence(
    standing: Standing, case: Case, rules: LadderRules, kind: int, at: Moment, hardness: int, one: Weighed
) -> Iterator[Proposed]:  # fmt: skip
    name = name_of(kind, at.seq, at.time)
    measure = _open(standing, rules, name, at, hardness)
    if measure is None:
        return
    facts = case.counted if hardness > FRICTION else (one,)
    for fact in facts:
        fact.offence.name(measure.id)
        if hardness > FRICTION:
            fact.offence.used = max(fact.offence.used, 1 + fact.grade)
    one.offence.asked = max(one.offence.asked, 1 + min(hardness, FRICTION))
    yield Proposed(
        MEASURES[hardness], SUBJECTS[kind], "proposed", measure.until, name, hardness == REFER, GRADES[one.grade],
        len(case.counted), case.amount if one.weight.is_local else one.weight.amount,
        tuple([Ground(fact.offence.place, GRADES[fact.grade]) for fact in facts]), codes_of((one, *facts), rules),
    )  # fmt: skip


def _on_partners(
    standing: Standing, fresh: Sequence[Indicator], rules: LadderRules, kind: int, at: Moment
) -> Iterator[Proposed]:  # fmt: skip
    """The friction that partners' words alone add, once for each."""
    name = name_of(kind, at.seq, at.time)
    measure = _open(standing, rules, name, at, NOTICE if standing.human_only else rules.partner_measure)
    if measure is None:
        return
    for one in fresh:
        one.measure = measure.id
    yield Proposed(
        MEASURES[measure.kind], SUBJECTS[kind], "proposed", measure.until, name, grade=GRADES[SUSPECTED],
        codes=(rules.sources.partner,),
    )  # fmt: skip


def _open(standing: Standing, rules: LadderRules, name: str, at: Moment, hardness: int) -> Measure | None:
    """A measure that is proposed; None on an event so late that it would have ended."""
    until, whole = ends(rules, hardness, at.time)
    if until <= at.now:
        return None
    measure = Measure(at.hash_of(name), hardness, PROPOSED, until, whole, True, at.seq, at.time)
    standing.open(measure)
    return measure


def codes_of(offences: Sequence[Weighed], rules: LadderRules) -> tuple[str, ...]:
    """The reasons of offences, the first offence's first, each once."""
    codes: dict[str, None] = {}
    for one in offences:
        bits = one.weight.typologies
        while bits:
            lowest = bits & -bits
            codes[rules.reasons[lowest.bit_length() - 1]] = None
            bits ^= lowest
        if one.weight.doubted or one.weight.judged:
            codes[rules.sources.person] = None
    return tuple(codes or {rules.sources.score: None})[:CODES_MAX]
