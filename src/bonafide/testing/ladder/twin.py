"""The ladder the obvious way: for every decision the subject's whole history is gone through from its beginning.

The twin of `engine.ladder`. It keeps names, sets and dates instead of bits and hashes, reads the tables of ladder.yaml
row by row, and remembers nothing but what happened, its own proposals included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from bonafide.core.decision import OUTCOMES, Decision, Receipt
from bonafide.core.events import AppealStatus, Fact, Group, Indicator, InformationAnswered, MeasureStatus, Verdict
from bonafide.core.moment import DAY_MS, HOUR_MS, MOMENT_MAX, parse_span

ORDER: Final = (
    "notice", "request_information", "limit_credit", "freeze_credit", "delay_settlement", "hold_reserve",
    "disable_pay_later", "suspend_merchant", "refer",
)  # fmt: skip
GRADES: Final = ("suspected", "corroborated", "confirmed", "adjudicated")
FRICTION: Final = ORDER[:2]
MACHINE: Final = 72 * HOUR_MS
MOST: Final = 8
"""Offences, open measures and indicators that are remembered of one subject."""
EVENTS_MOST: Final = 16
"""Events of one offence that are told apart; of more, the two oldest become one that no record names."""
Subject = tuple[str, str]
Told = dict[str, Any]


@dataclass
class Offence:
    """What one episode comes to."""

    place: int
    began: int
    last: int
    events: dict[str, Told] = field(default_factory=dict)
    doubted: bool = False
    answered: bool = False
    asked: int = -1
    used: int = -1
    measures: list[str] = field(default_factory=list)

    def all(self, key: str) -> set[Any]:
        """A property of its events."""
        return {value for one in self.events.values() for value in one[key]}


@dataclass
class Measure:
    """A measure that is open."""

    name: str
    kind: str
    machine: bool
    until: int
    whole: int
    ours: bool
    in_force: bool = False
    people: set[str] = field(default_factory=set)
    lifting: str = "no"


@dataclass
class Case:
    """Where a subject stands."""

    offences: list[Offence] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    partners: dict[str, Told] = field(default_factory=dict)
    lifted: list[Told] = field(default_factory=list)
    ended: list[tuple[str, int]] = field(default_factory=list)
    grouped_until: int = 0
    human_only: bool = False
    waits: bool = False


class LadderTwin:
    """Feed it every event with the engine's answer; it says what of measures the answer must say."""

    def __init__(self, ladder: Mapping[str, Any], typologies: Mapping[str, str], hearsay: Sequence[str] = ()) -> None:
        """ladder: ladder.yaml as YAML reads it; typologies: of each rule; hearsay: rules that repeat what others
        said."""
        self.ladder = ladder
        self.typologies = typologies
        self.hearsay = frozenset(hearsay)
        self.history: dict[Subject, list[Told]] = {}
        self.latest = -1

    def feed(self, event: Fact, answer: Decision | Receipt) -> list[Told]:
        """What the answer must say of measures; nothing of an event that was not taken or only teaches."""
        if isinstance(answer, Receipt) and answer.status != "taught":
            return []
        self.latest = max(self.latest, event.time)
        if isinstance(answer, Receipt):
            self._teach(event, answer.seq or 0)
            return []
        told: list[Told] = []
        for kind in ("user", "merchant"):
            name = getattr(event, f"{kind}_id", None)
            if name is not None:
                told += self._decide((kind, name), event, answer)
        return told

    def case(self, subject: Subject) -> Case:
        """Where a subject stands now, found from the beginning."""
        case = Case()
        for record in self.history.get(subject, []):
            self._forget(case, record["now"])
            self._apply(case, subject[0], record)
        self._forget(case, self.latest)
        return case

    def in_force(self, subject: Subject) -> set[str]:
        """The names of the measures in force."""
        return {one.name for one in self.case(subject).measures if one.in_force}

    # What decisions do.

    def _decide(self, subject: Subject, event: Fact, answer: Decision) -> list[Told]:
        kind, part = subject[0], self.ladder[subject[0]]
        own = [self.typologies[rule] for rule in answer.hits if rule not in self.hearsay]
        about = {name for name in own if kind in self.ladder["typologies"][name]["of"]}
        strict = OUTCOMES.index(answer.outcome) >= OUTCOMES.index(part["from"])
        is_found = strict and bool(about or (not answer.hits and _risk_of(event.type) == kind))
        if not is_found and not self.case(subject).waits:
            return []
        if is_found:
            amount = getattr(event, "amount", 0)
            self._write(subject, what="found", place=answer.seq, event=event.event_id,
                        evidence=_evidence(amount, about, answer.outcome))  # fmt: skip
        self._write(subject, what="told")
        case = self.case(subject)
        told = [{"status": "lifted", **one} for one in case.lifted]
        told += [
            {"status": "lift_proposed", "measure": one.kind, "until": one.until,
             "measure_id": one.name if one.ours else ""}
            for one in case.measures if one.lifting == "due"
        ]  # fmt: skip
        proposed = self._proposal(case, kind, f"{kind[0]}{answer.seq}-{event.time}", event.time)
        self._write(subject, what="said", proposed=proposed)
        return [{"subject_type": kind, **one} for one in (*told, *([proposed] if proposed else []))]

    def _proposal(self, case: Case, kind: str, name: str, time: int) -> Told | None:
        counted = [o for o in case.offences if not o.answered and _is_local(o)]
        amount = sum(sum(e["amount"]) for o in counted for e in o.events.values())
        open_ = [ORDER.index(m.kind) for m in case.measures if m.lifting == "no"]
        best: tuple[int, Offence] | None = None
        for one in case.offences:
            if one.answered:
                continue
            level = self._borne(case, kind, one, len(counted), amount)
            if case.human_only:
                level = 0
            stale = self._grade(case, one) <= one.used
            if level > 1 and (stale or any(other >= level for other in open_)):
                level = 1
            if level <= 1 and level <= one.asked:
                continue
            if best is None or level >= best[0]:
                best = level, one
        if best is None:
            return self._partner_proposal(case, bool(counted), name, time)
        level, offence = best
        until, whole = self._ends(ORDER[level], time)
        if until <= self.latest:
            return None
        facts = counted if level > 1 else [offence]
        own = amount if _is_local(offence) else sum(sum(e["amount"]) for e in offence.events.values())
        return {
            "status": "proposed", "measure": ORDER[level], "until": until, "measure_id": name,
            "needs_person": ORDER[level] == "refer", "grade": GRADES[self._grade(case, offence)],
            "offences": len(counted), "amount": own,
            "facts": tuple((o.place, GRADES[self._grade(case, o)]) for o in facts),
            "codes": self._codes([offence, *facts]), "whole": whole, "about": offence.place,
        }  # fmt: skip

    def _partner_proposal(self, case: Case, is_guilty: bool, name: str, time: int) -> Told | None:
        fresh = [key for key, one in case.partners.items() if one["measure"] is None]
        measure = "notice" if case.human_only else self.ladder["partner"]["measure"]
        until, whole = self._ends(measure, time)
        if not fresh or is_guilty or until <= self.latest:
            return None
        return {
            "status": "proposed", "measure": measure, "until": until, "measure_id": name, "needs_person": False,
            "grade": "suspected", "offences": 0, "amount": 0, "facts": (),
            "codes": (self.ladder["reasons"]["partner"],), "whole": whole, "about": None,
        }  # fmt: skip

    def _ends(self, measure: str, time: int) -> tuple[int, int]:
        whole = time + parse_span(self.ladder["lasts"][measure])
        until = whole if measure in FRICTION else min(whole, time + MACHINE)
        return min(until, MOMENT_MAX), min(whole, MOMENT_MAX)

    def _codes(self, offences: Sequence[Offence]) -> tuple[str, ...]:
        codes: list[str] = []
        for one in offences:
            said = [self.ladder["typologies"][name]["reason"] for name in self.ladder_order if name in one.all("of")]
            people = one.doubted or one.all("grade") != set()
            codes += said + ([self.ladder["reasons"]["person"]] if people else [])
        return tuple(dict.fromkeys(codes or [self.ladder["reasons"]["score"]]))[:4]

    @property
    def ladder_order(self) -> tuple[str, ...]:
        """The typologies in the order of their table in the product's words."""
        from bonafide.engine.bundles.rules import TYPOLOGIES

        return TYPOLOGIES

    # Grades and tables.

    def _families(self, offence: Offence) -> set[str]:
        return {self.ladder["typologies"][name]["family"] for name in offence.all("of")}

    def _sources(self, offence: Offence) -> int:
        people = offence.doubted or offence.all("grade") != set()
        return len(self._families(offence)) + people

    def _own_grade(self, offence: Offence) -> int:
        return max([self._sources(offence) > 1, *(GRADES.index(g) for g in offence.all("grade"))])

    def _grade(self, case: Case, offence: Offence) -> int:
        if not _is_local(offence):
            return 0
        sources = self._sources(offence) + bool(case.partners)
        if case.grouped_until and self.ladder["groups"]["family"] not in self._families(offence):
            sources += 1
        return max([sources > 1, *(GRADES.index(g) for g in offence.all("grade"))])

    def _borne(self, case: Case, kind: str, offence: Offence, number: int, amount: int) -> int:
        part, grade = self.ladder[kind], GRADES[self._grade(case, offence)]
        outcome = max((e["outcome"] for e in offence.events.values()), key=OUTCOMES.index)
        step = _row(part["steps"], grade=grade, outcome=outcome, number=max(number, 1))["measure"]
        total = amount if _is_local(offence) else sum(sum(e["amount"]) for e in offence.events.values())
        bands = [name for name, start in part["amounts"].items() if start <= total]
        limit = _row(part["limits"], grade=grade, amount=bands[-1])["at_most"]
        level = min(ORDER.index(step), ORDER.index(limit))
        return level if _is_local(offence) else min(level, 1)

    # What happened.

    def _write(self, subject: Subject, **record: Any) -> None:
        self.history.setdefault(subject, []).append({"now": self.latest, **record})

    def _teach(self, event: Fact, seq: int) -> None:
        match event:
            case Verdict():
                self._teach_verdict(event, seq)
            case Indicator(subject_type="user" | "merchant") if event.status == "revoked":
                self._write(_subject(event), what="revoked", id=event.indicator_id)
            case Indicator(subject_type="user" | "merchant"):
                heard = event.confidence >= self.ladder["partner"]["confidence_from"]
                if heard and event.valid_until > self.latest:
                    self._write(_subject(event), what="partner", id=event.indicator_id, until=event.valid_until)
            case Group(subject_type="user" | "merchant") if event.score >= self.ladder["groups"]["score_from"]:
                self._write(_subject(event), what="group", until=event.valid_until)
            case MeasureStatus() | InformationAnswered() | AppealStatus():
                self._write(_subject(event), what=event.type, event=event)
            case _:
                pass

    def _teach_verdict(self, event: Verdict, seq: int) -> None:
        named = [(k, n) for k, n in (("user", event.user_id), ("merchant", event.merchant_id)) if n is not None]
        subjects = [_subject(event)]
        if event.subject_type == "event":
            held = [s for s in named if any(event.subject_id in o.events for o in self.case(s).offences)]
            subjects = held or (named[:1] if event.label == "cash_out" else [])
        about = event.subject_id if event.subject_type == "event" else None
        for subject in subjects:
            if event.label == "cash_out" and event.source == "partner":
                until = self.latest + parse_span(self.ladder["partner"]["lasts"])
                self._write(subject, what="partner", id=event.event_id, until=until)
            elif event.label == "cash_out":
                self._write(subject, what="accused", place=seq, event=about or event.event_id, grade=_grade_of(event))
            elif event.source in ("analyst", "court", "appeal"):
                self._write(subject, what="doubted" if event.label == "unsure" else "cleared", event=about)

    def _forget(self, case: Case, now: int) -> None:
        counts = self.ladder["counts_for"]
        case.offences = [
            o for o in case.offences if now < o.last + parse_span(counts[GRADES[self._own_grade(o)]])
        ]  # fmt: skip
        for measure in list(case.measures):
            if measure.until <= now:
                self._end(case, measure, measure.until, for_good=measure.kind not in FRICTION)
        case.ended = [(name, at) for name, at in case.ended if now < at + 90 * DAY_MS]
        case.partners = {key: one for key, one in case.partners.items() if now < one["until"]}
        if case.grouped_until <= now:
            case.grouped_until = 0

    def _apply(self, case: Case, kind: str, record: Told) -> None:
        getattr(self, f"_{record['what']}")(case, kind, record)

    def _found(self, case: Case, kind: str, record: Told) -> None:
        now = record["now"]
        newest = case.offences[-1] if case.offences else None
        if newest is None or newest.answered or now >= newest.began + parse_span(self.ladder[kind]["episode"]):
            newest = Offence(record["place"], now, now)
            case.offences = [*case.offences, newest][-MOST:]
        known, new = newest.events.get(record["event"]), deepcopy(record["evidence"])
        newest.events[record["event"]] = new if known is None else _both(known, new)
        if len(newest.events) > EVENTS_MOST:
            (_, first), (_, second), *others = newest.events.items()
            newest.events = {"": _added(first, second), **dict(others)}
        newest.last = now

    def _told(self, case: Case, kind: str, record: Told) -> None:
        case.waits = False

    def _said(self, case: Case, kind: str, record: Told) -> None:
        case.lifted = []
        for measure in case.measures:
            measure.lifting = "told" if measure.lifting == "due" else measure.lifting
        told = record["proposed"]
        if told is None:
            return
        self._open(case, Measure(told["measure_id"], told["measure"], True, told["until"], told["whole"], True))
        if told["about"] is None:
            for one in case.partners.values():
                one["measure"] = one["measure"] or told["measure_id"]
        level = ORDER.index(told["measure"])
        for offence in case.offences:
            if offence.place in {place for place, _ in told["facts"]}:
                offence.measures = [*offence.measures, told["measure_id"]][-MOST:]
                offence.used = max(offence.used, self._grade(case, offence)) if level > 1 else offence.used
            if offence.place == told["about"]:
                offence.asked = max(offence.asked, min(level, 1))

    def _open(self, case: Case, measure: Measure) -> None:
        case.measures.append(measure)
        if len(case.measures) > MOST:
            case.measures.remove(
                min(case.measures, key=lambda m: (m.in_force, m.kind not in FRICTION, m.until))
            )  # fmt: skip

    def _end(self, case: Case, measure: Measure, at: int, *, for_good: bool = True) -> None:
        case.measures.remove(measure)
        if for_good:
            case.ended = [*case.ended, (measure.name, at)][-2 * MOST :]

    def _accused(self, case: Case, kind: str, record: Told) -> None:
        known = next((o for o in case.offences if record["event"] in o.events), None)
        if known is None:
            evidence = _evidence(0, (), "allow", (record["grade"],))
            self._found(case, kind, {**record, "evidence": evidence})
        else:
            known.events[record["event"]]["grade"].add(record["grade"])
            known.last, known.answered = record["now"], False
        case.waits = True

    def _doubted(self, case: Case, kind: str, record: Told) -> None:
        for one in case.offences:
            if record["event"] is None or record["event"] in one.events:
                one.doubted = case.waits = True

    def _cleared(self, case: Case, kind: str, record: Told) -> None:
        for one in case.offences:
            one.events = {k: e for k, e in one.events.items() if record["event"] not in (None, k)}
        case.offences = [o for o in case.offences if o.events]
        self._review(case, kind)

    def _partner(self, case: Case, kind: str, record: Told) -> None:
        if record["id"] in case.partners:
            case.partners[record["id"]]["until"] = record["until"]
            return
        case.partners[record["id"]] = {"until": record["until"], "measure": None}
        if len(case.partners) > MOST:
            case.partners.pop(min(case.partners, key=lambda key: case.partners[key]["until"]))
        case.waits = True

    def _revoked(self, case: Case, kind: str, record: Told) -> None:
        case.partners.pop(record["id"], None)
        self._review(case, kind)

    def _group(self, case: Case, kind: str, record: Told) -> None:
        case.grouped_until = max(case.grouped_until, record["until"])
        case.waits = case.waits or bool(case.offences)

    def _review(self, case: Case, kind: str) -> None:
        counted = [o for o in case.offences if not o.answered and _is_local(o)]
        amount = sum(sum(e["amount"]) for o in counted for e in o.events.values())
        for measure in case.measures:
            if not measure.machine or measure.lifting != "no":
                continue
            bears = [
                self._borne(case, kind, o, len(counted), amount)
                for o in case.offences if measure.name in o.measures and not o.answered
            ]  # fmt: skip
            if any(one["measure"] == measure.name for one in case.partners.values()):
                bears.append(ORDER.index(self.ladder["partner"]["measure"]))
            if not bears or max(bears) < ORDER.index(measure.kind):
                measure.lifting = "due"
                case.waits = True

    def _measure_status(self, case: Case, kind: str, record: Told) -> None:
        event: MeasureStatus = record["event"]
        known = next((m for m in case.measures if m.name == event.measure_id), None)
        if event.status in ("expired", "lifted", "refused"):
            if known is not None:
                self._end(case, known, record["now"])
            return
        harsh = event.by is None and event.measure not in FRICTION
        if known is None and (harsh or any(name == event.measure_id for name, _ in case.ended)):
            return
        if known is None:
            stated = parse_span(self.ladder["lasts"].get(event.measure, "90d"))
            whole = min(record["now"] + stated, MOMENT_MAX) if event.until is None else event.until
            known = Measure(event.measure_id, event.measure, event.by is None, whole, whole, False)
            self._open(case, known)
        if event.status == "proposed" or (known.kind == "refer" and event.by is None):
            return
        known.in_force = True
        if event.status == "confirmed" and event.by is not None:
            known.people.add(event.by)
        if len(known.people) >= 2:
            known.until = known.whole if event.until is None else event.until
        elif event.until is not None:
            capped = known.machine and known.kind not in FRICTION
            known.until = min(event.until, known.until) if capped else event.until

    def _information_answered(self, case: Case, kind: str, record: Told) -> None:
        event: InformationAnswered = record["event"]
        if event.answer == "satisfactory":
            about = [o for o in case.offences if event.measure_id in o.measures and not o.answered]
            if about:
                about[-1].answered = True
            self._review(case, kind)
        self._ask(case, event.human_only)

    def _appeal_status(self, case: Case, kind: str, record: Told) -> None:
        event: AppealStatus = record["event"]
        if event.status == "upheld":
            named = [o for o in case.offences if event.measure_id is None or event.measure_id in o.measures]
            left = [o for o in case.offences if o not in named]
            for one in list(case.measures):
                rests = any(one.name in o.measures for o in named) and not any(one.name in o.measures for o in left)
                if event.measure_id in (None, one.name) or rests:
                    self._end(case, one, record["now"])
                    name = one.name if one.ours else ""
                    case.lifted.append({"measure": one.kind, "until": record["now"], "measure_id": name})
                    case.waits = True
            case.offences = left
            self._review(case, kind)
        self._ask(case, event.human_only)

    def _ask(self, case: Case, human_only: bool | None) -> None:
        if human_only is not None:
            case.waits = case.waits or (case.human_only and not human_only)
            case.human_only = human_only


def _subject(event: Any) -> Subject:
    return event.subject_type, event.subject_id


def _risk_of(event_type: str) -> str | None:
    of = {"payment": "user", "refund": "user", "payout": "merchant", "merchant_application": "merchant"}
    return of.get(event_type)


def _is_local(offence: Offence) -> bool:
    return bool(offence.all("of") or offence.all("grade"))


def _evidence(amount: int, of: Any, outcome: str, grade: Sequence[str] = ()) -> Told:
    return {"amount": {amount}, "of": set(of), "outcome": outcome, "grade": set(grade)}


def _both(one: Told, other: Told) -> Told:
    """What a verdict and a decision say of one event."""
    amount, outcome = max(*one["amount"], *other["amount"]), max(one["outcome"], other["outcome"], key=OUTCOMES.index)
    return _evidence(amount, one["of"] | other["of"], outcome, [*one["grade"], *other["grade"]])


def _added(one: Told, other: Told) -> Told:
    """What two events say that are not told apart any more."""
    return {**_both(one, other), "amount": {sum(one["amount"]) + sum(other["amount"])}}


def _grade_of(event: Verdict) -> str:
    stated = event.grade or ("suspected" if event.source == "chargeback" else "corroborated")
    most = {"court": "adjudicated", "chargeback": "corroborated"}.get(event.source, "confirmed")
    return "adjudicated" if event.source == "court" else min(stated, most, key=GRADES.index)


def _row(rows: Sequence[Told], *, number: int | None = None, **case: str) -> Told:
    """The one row that speaks of a case."""
    found = []
    for row in rows:
        offences = row.get("offences", {})
        in_range = number is None or offences.get("from", 1) <= number <= offences.get("to", 10**9)
        if in_range and all(value in row.get(key, (value,)) for key, value in case.items()):
            found.append(row)
    (one,) = found
    return one
