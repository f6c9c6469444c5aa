"""What the log's records do to where a subject stands: findings, verdicts, what others say, and control records.

Only a `measure_status` puts a measure in force or ends it, but for one thing: an upheld appeal ends it at once.
Whatever changes what may be proposed makes the subject's next decision say so (`waits`).
"""

from __future__ import annotations

from typing import Final, Literal

from bonafide.core.moment import MOMENT_MAX
from bonafide.engine.ladder.proposing import borne, case_of
from bonafide.engine.ladder.rules import LadderRules
from bonafide.engine.ladder.standing import (
    IN_FORCE, INDICATORS_MAX, NOT_LIFTING, OFFENCES_MAX, PROPOSED, TO_LIFT, Evidence, Indicator, Lifted, Measure,
    Offence, Standing,
)  # fmt: skip
from bonafide.engine.ladder.words import (
    ADJUDICATED, CONFIRMED, CONFIRMERS, CORROBORATED, FRICTION, REFER, SUSPECTED, UNSTATED_MS,
)  # fmt: skip

Status = Literal["proposed", "applied", "confirmed", "expired", "lifted", "refused"]
JUDGES: Final = ("analyst", "court", "appeal")
"""Whose verdict can doubt or clear somebody; a chargeback only accuses, and a partner's word is an indicator."""


def find(standing: Standing, rules: LadderRules, kind: int, found: Evidence, place: int, now: int) -> Offence:
    """Evidence of an event: it joins the episode that goes on, or begins an offence."""
    newest = standing.offences[-1] if standing.offences else None
    if newest is None or newest.answered or now >= newest.began + rules.subjects[kind].episode_ms:
        newest = Offence(place, now, now, [])
        standing.offences = [*standing.offences, newest][-OFFENCES_MAX:]
    newest.add(found, now)
    return newest


def grade_of(source: str, stated: int | None) -> int:
    """The grade of a verdict that somebody is guilty, from who gave it and what they stated."""
    if source == "court":
        return ADJUDICATED
    if source == "chargeback":
        return SUSPECTED if stated is None else min(stated, CORROBORATED)
    return CORROBORATED if stated is None else min(stated, CONFIRMED)


def accuse(
    standing: Standing, rules: LadderRules, kind: int, event: int, grade: int, place: int, now: int
) -> None:  # fmt: skip
    """A verdict that an event, or what its subject did, is cash-out."""
    known = next((one for one in standing.offences if one.knows(event)), None)
    if known is None:
        find(standing, rules, kind, Evidence(event, judged=1 + grade), place, now)
    else:
        for one in known.evidence:
            if one.event == event:
                one.judged = max(one.judged, 1 + grade)
        known.last, known.answered = now, False
    standing.waits = True


def doubt(standing: Standing, event: int | None) -> None:
    """A person looked at an event, or at all that a subject did, and could not say."""
    for one in standing.offences:
        if event is None or one.knows(event):
            one.doubted = standing.waits = True


def clear(standing: Standing, rules: LadderRules, kind: int, event: int | None) -> None:
    """A person found an event, or all that a subject did, genuine."""
    for one in standing.offences:
        one.evidence = [e for e in one.evidence if event is not None and e.event != event]
    standing.offences = [one for one in standing.offences if one.evidence]
    review(standing, rules, kind)


def indicate(standing: Standing, id_: int, until: int) -> None:
    """A partner says that there is something."""
    known = next((one for one in standing.indicators if one.id == id_), None)
    if known is not None:
        known.until = until
        return
    standing.indicators.append(Indicator(id_, until))
    if len(standing.indicators) > INDICATORS_MAX:
        standing.indicators.remove(min(standing.indicators, key=lambda one: one.until))
    standing.waits = True


def revoke(standing: Standing, rules: LadderRules, kind: int, id_: int) -> None:
    """A partner takes it back."""
    standing.indicators = [one for one in standing.indicators if one.id != id_]
    review(standing, rules, kind)


def group(standing: Standing, until: int) -> None:
    """A batch job found the subject in a group."""
    standing.grouped_until = max(standing.grouped_until, until)
    standing.waits |= bool(standing.offences)


def review(standing: Standing, rules: LadderRules, kind: int) -> None:
    """After something was taken back: propose to lift what nothing bears any more."""
    if not standing.measures:
        return
    case = case_of(standing, rules)
    for measure in standing.measures:
        if not measure.machine or measure.lifting != NOT_LIFTING:
            continue
        facts = [one for one in case.open if measure.id in one.offence.measures]
        partners = any(one.measure == measure.id for one in standing.indicators)
        bears = [borne(case, one, rules, kind) for one in facts] + [rules.partner_measure] * partners
        if measure.kind > max(bears, default=-1):
            measure.lifting = TO_LIFT
            standing.waits = True


def change_status(
    standing: Standing, rules: LadderRules | None, id_: int, kind: int, status: Status, until: int | None,
    by: int | None, now: int,
) -> None:  # fmt: skip
    """A `measure_status`: what is in force, until when, and who stands behind it."""
    known = standing.measure(id_)
    if status in ("expired", "lifted", "refused"):
        if known is not None:
            standing.close(known, now)
        return
    if known is None:
        if standing.has_ended(id_) or (by is None and kind > FRICTION):
            return  # it must not come back; and what is harder than friction, no other machine brings up
        known = _brought_up(rules, id_, kind, until, by, now)
        standing.open(known)
    if status == "proposed" or (known.kind == REFER and by is None):
        return
    known.status = IN_FORCE
    if status == "confirmed" and by is not None and by not in known.confirmed_by:
        known.confirmed_by = [*known.confirmed_by, by][:CONFIRMERS]
    known.until = _end(known, until)


def _brought_up(
    rules: LadderRules | None, id_: int, kind: int, until: int | None, by: int | None, now: int
) -> Measure:  # fmt: skip
    """A measure that the engine did not propose, or that it does not know any more: a person's, or friction."""
    lasts = UNSTATED_MS if rules is None else rules.lasts_ms.get(kind, UNSTATED_MS)
    whole = min(now + lasts, MOMENT_MAX) if until is None else until
    return Measure(id_, kind, PROPOSED, whole, whole, by is None)


def _end(measure: Measure, told: int | None) -> int:
    """When a measure ends: a machine's that is harder than friction never later than it was to, unless enough people
    have confirmed it."""
    if len(measure.confirmed_by) >= CONFIRMERS:
        return measure.whole if told is None else told
    if told is None:
        return measure.until
    return min(told, measure.until) if measure.machine and measure.kind > FRICTION else told


def answer(standing: Standing, rules: LadderRules | None, kind: int, measure: int) -> None:
    """A satisfactory answer to a request: the newest offence that it was about does not count any more."""
    for one in reversed(standing.offences):
        if measure in one.measures and not one.answered:
            one.answered = True
            break
    if rules is not None:
        review(standing, rules, kind)


def ask_people(standing: Standing, human_only: bool | None) -> None:
    """Whether people are to decide about the subject, where a record says so."""
    if human_only is not None:
        standing.waits |= standing.human_only and not human_only
        standing.human_only = human_only


def uphold(standing: Standing, rules: LadderRules | None, kind: int, measure: int | None, now: int) -> None:
    """An upheld appeal: the offences that it names never were, and what rests on them ends at once.

    With a measure, that one and the offences that it rests on; without one, all.
    """
    kept = [] if measure is None else [one for one in standing.offences if measure not in one.measures]
    named = {id_ for one in standing.offences for id_ in one.measures}
    left = {id_ for one in kept for id_ in one.measures}
    standing.offences = kept
    for one in list(standing.measures):
        if measure is None or one.id == measure or (one.id in named and one.id not in left):
            standing.close(one, now)
            standing.lifted.append(Lifted(one.kind, one.seq, one.time, now))
            standing.waits = True
    if rules is not None:
        review(standing, rules, kind)
