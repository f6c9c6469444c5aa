"""The promises of the ladder, looked for in what an engine answers, by a book that knows only what was sent and said.

No machine alone harms for long; nothing recurs on the same facts; a referral needs a person; a partner's word alone
adds friction and no more; whoever asks for people is not measured by machines; an upheld appeal lifts at once and
erases; a satisfactory answer steps back; nothing is harder than its grade and amount bear; everything explains itself
and ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bonafide.core.decision import OUTCOMES, Decision, ProposedMeasure, Receipt
from bonafide.core.events import AppealStatus, Fact, InformationAnswered, MeasureStatus, Verdict
from bonafide.core.moment import HOUR_MS
from bonafide.engine.engine import Engine
from bonafide.engine.ladder.standing import ENDED_MS
from bonafide.testing.ladder.twin import FRICTION, GRADES, ORDER

MACHINE_MS: Final = 72 * HOUR_MS
_CHINESE: Final = ("\u4e00", "\u9fff")


@dataclass
class Book:
    """What is known of one subject from outside."""

    proposed: dict[str, tuple[ProposedMeasure, int]] = field(default_factory=dict)
    """By name: the proposal, and the time of its event."""
    live: dict[str, None] = field(default_factory=dict)
    """Names of the measures that a status put in force and none has ended."""
    restated: set[str] = field(default_factory=set)
    """Those of which a status said another end, or that an appeal has ended."""
    ends: dict[str, int] = field(default_factory=dict)
    """By name: the earliest moment at which it may have ended."""
    people: dict[str, set[str]] = field(default_factory=dict)
    """By name: who has confirmed it."""
    known: set[str] = field(default_factory=set)
    """Names of what was proposed or brought up."""
    said: dict[str, set[str]] = field(default_factory=dict)
    """By name: what it was ever said to be; what it is, is what it was first."""
    by_machine: dict[str, bool] = field(default_factory=dict)
    used: dict[int, int] = field(default_factory=dict)
    """By place of an offence: the grade with which something harder than friction was proposed on it."""
    gone: set[int] = field(default_factory=set)
    """Offences that must never be told of again."""
    is_guilty: bool = False
    """Whether anything but a partner's word was ever said against it."""
    human_only: bool = False
    to_lift: set[str] = field(default_factory=set)


class Promises:
    """Shown every event with its answer, it says what was broken."""

    def __init__(
        self, engine: Engine, ladder: Mapping[str, Any], typologies: Mapping[str, str], hearsay: Sequence[str]
    ) -> None:  # fmt: skip
        """Arguments as of `LadderTwin`; the engine is asked only what is in force."""
        self._engine = engine
        self._ladder = ladder
        self._typologies = typologies
        self._hearsay = frozenset(hearsay)
        self._books: dict[tuple[str, str], Book] = {}

    def broken(self, event: Fact, answer: Decision | Receipt) -> list[str]:
        """What an answer, and what is in force after it, break."""
        if isinstance(answer, Receipt) and answer.status != "taught":
            return []
        found: list[str] = []
        if isinstance(answer, Decision):
            found += self._decided(event, answer)
        else:
            self._note(event)
        for subject, book in self._books.items():
            found += [f"{subject}: {text}" for text in self._in_force(subject, book)]
        return found

    def _book(self, kind: str, name: str) -> Book:
        return self._books.setdefault((kind, name), Book())

    def _decided(self, event: Fact, answer: Decision) -> Iterator[str]:
        for kind in ("user", "merchant"):
            name = getattr(event, f"{kind}_id", None)
            if name is None:
                continue
            book = self._book(kind, name)
            book.is_guilty |= self._is_found(kind, answer)
            told = [one for one in answer.measures if one.subject_type == kind]
            lifted = {one.measure_id for one in told if one.status == "lifted"}
            if not book.to_lift <= lifted:
                yield f"an upheld appeal lifted {book.to_lift - lifted}, and the next decision does not say so"
            book.to_lift.clear()
            for one in told:
                yield from (f"{one.measure} {one.measure_id}: {text}" for text in self._said(kind, book, one, answer))

    def _is_found(self, kind: str, answer: Decision) -> bool:
        own = [self._typologies[rule] for rule in answer.hits if rule not in self._hearsay]
        strict = OUTCOMES.index(answer.outcome) >= OUTCOMES.index(self._ladder[kind]["from"])
        return strict and any(kind in self._ladder["typologies"][name]["of"] for name in own)

    def _said(self, kind: str, book: Book, one: ProposedMeasure, answer: Decision) -> Iterator[str]:
        yield from _unexplained(one)
        # With an appeal about another measure on the same offence, too; not what others have brought up anew since.
        if one.status == "lifted" and book.by_machine.get(one.measure_id, True):
            self._ended(book, one.measure_id, one.until)
        if one.status != "proposed":
            return
        book.proposed[one.measure_id] = one, answer.time
        book.ends[one.measure_id] = one.until
        book.known.add(one.measure_id)
        book.said.setdefault(one.measure_id, set()).add(one.measure)
        book.by_machine[one.measure_id] = True
        yield from self._too_hard(kind, one)
        if book.human_only and one.measure != "notice":
            yield "proposed to somebody who asked for people"
        if not book.is_guilty and one.measure not in FRICTION:
            yield "rests on a partner's word alone"
        if {fact.place for fact in one.facts} & book.gone:
            yield "rests on an offence that was erased or answered"
        if one.measure in FRICTION:
            return
        if one.until > answer.time + MACHINE_MS:
            yield "lasts longer than a machine's measure may"
        grades = {fact.place: GRADES.index(fact.grade) for fact in one.facts}
        if not any(grade > book.used.get(place, -1) for place, grade in grades.items()):
            yield "recurs on the same facts"
        for place, grade in grades.items():
            book.used[place] = max(book.used.get(place, -1), grade)
        if one.measure == "refer" and not one.needs_person:
            yield "refers without a person"

    def _too_hard(self, kind: str, one: ProposedMeasure) -> Iterator[str]:
        part, level = self._ladder[kind], ORDER.index(one.measure)
        if one.offences == 0 and one.measure in FRICTION:
            return
        band = [name for name, start in part["amounts"].items() if start <= one.amount][-1]
        bears = [
            ORDER.index(row["at_most"]) for row in part["limits"]
            if one.grade in row.get("grade", GRADES) and band in row.get("amount", (band,))
        ]  # fmt: skip
        if level > max(bears):
            yield f"harder than {one.grade} and {band} bear"
        first = one.offences <= 1 and one.grade in GRADES[:2]
        if first and one.measure not in FRICTION:
            yield "more than friction for a first offence that nobody confirmed"

    def _note(self, event: Fact) -> None:
        match event:
            case Verdict(label="cash_out") if event.source != "partner":
                for kind, name in (("user", event.user_id), ("merchant", event.merchant_id)):
                    if name is not None and event.subject_type == "event":
                        self._accused(self._book(kind, name))
                if event.subject_type != "event":
                    self._accused(self._book(event.subject_type, event.subject_id))
            case MeasureStatus():
                self._status(self._book(event.subject_type, event.subject_id), event)
            case InformationAnswered():
                book = self._book(event.subject_type, event.subject_id)
                if event.answer == "satisfactory" and event.measure_id in book.proposed:
                    facts = [fact.place for fact in book.proposed[event.measure_id][0].facts]
                    newest = [place for place in facts if place not in book.gone]
                    book.gone.update(newest[-1:])
                book.human_only = book.human_only if event.human_only is None else event.human_only
            case AppealStatus():
                book = self._book(event.subject_type, event.subject_id)
                if event.status == "upheld":
                    self._upheld((event.subject_type, event.subject_id), book, event.measure_id)
                book.human_only = book.human_only if event.human_only is None else event.human_only
            case _:
                pass

    def _accused(self, book: Book) -> None:
        """What was answered may be taken up again by a verdict, which makes a fact of its own."""
        book.is_guilty = True
        book.gone.clear()

    def _status(self, book: Book, event: MeasureStatus) -> None:
        name = event.measure_id
        now = self._engine.state.latest_ms
        book.said.setdefault(name, set()).add(event.measure)
        if event.status in ("expired", "lifted", "refused"):
            self._ended(book, name, now)
            return
        if name not in book.proposed and name not in book.live:
            if event.by is None and event.measure not in FRICTION and name not in book.known:
                return  # no machine but the engine brings such a thing up
            book.known.add(name)
        if (event.by is not None or event.measure in FRICTION) and self._forgotten(book, name):
            book.by_machine[name] = False  # after so long a status is a measure of whoever says it
        if event.status == "confirmed" and event.by is not None:
            book.people.setdefault(name, set()).add(event.by)
        if event.until is not None:
            book.restated.add(name)
            book.ends[name] = min(book.ends.get(name, event.until), event.until)
        if event.status != "proposed":
            book.live.setdefault(name)

    def _ended(self, book: Book, name: str, now: int) -> None:
        book.live.pop(name, None)
        book.restated.add(name)
        book.ends[name] = min(book.ends.get(name, now), now)

    def _forgotten(self, book: Book, name: str) -> bool:
        """Whether a machine's measure ended so long ago, or was so much one of many, that its name is not known."""
        return name not in book.proposed or self._engine.state.latest_ms >= book.ends[name] + ENDED_MS

    def _upheld(self, subject: tuple[str, str], book: Book, measure: str | None) -> None:
        named = list(book.proposed) if measure is None else [measure]
        for name in named:
            if name in book.proposed:
                book.gone.update(fact.place for fact in book.proposed[name][0].facts)
        if measure is None or measure in book.live:
            book.to_lift |= {name for name in book.live if name in named and self._was_open(book, name)}
        for name in {**book.live, **book.proposed} if measure is None else [measure]:
            self._ended(book, name, self._engine.state.latest_ms)

    def _was_open(self, book: Book, name: str) -> bool:
        """Whether a proposal's own end has not come, so that there is something to lift for certain."""
        return (
            name in book.proposed
            and name not in book.restated
            and self._engine.state.latest_ms < book.proposed[name][0].until
        )

    def _in_force(self, subject: tuple[str, str], book: Book) -> Iterator[str]:
        names = {self._engine.hash_of(name): name for name in book.live}
        for one in self._engine.in_force(*subject):
            name = names.get(one.id)
            if name is None:
                yield f"{one.measure} is in force, and no status put it there, or one has ended it"
                continue
            if one.measure not in book.said[name]:
                yield f"{name} is in force as {one.measure}, which nobody said it was"
            people = book.people.get(name, set())
            harsh = one.measure not in FRICTION and book.by_machine.get(name, True)
            begun = book.proposed[name][1] if name in book.proposed else 0
            if harsh and len(people) < 2 and self._engine.state.latest_ms >= begun + MACHINE_MS:
                yield f"{name} is in force for longer than 72 hours, and two people have not confirmed it"


def _unexplained(one: ProposedMeasure) -> Iterator[str]:
    """What is missing for the person concerned to understand it."""
    texts = [(one.why.zh, one.why.en), *((reason.zh, reason.en) for reason in one.reasons)]
    if one.status == "proposed":
        texts += [(one.submit.zh, one.submit.en), (one.appeal.zh, one.appeal.en)]
        if not one.reasons:
            yield "gives no reason"
        if one.until <= 0 or not one.measure_id:
            yield "has no end or no name"
    for zh, en in texts:
        is_chinese = any(_CHINESE[0] <= letter <= _CHINESE[1] for letter in zh)
        if not is_chinese or not en or any(_CHINESE[0] <= letter <= _CHINESE[1] for letter in en):
            yield f"is not explained in both languages: {zh!r}, {en!r}"
