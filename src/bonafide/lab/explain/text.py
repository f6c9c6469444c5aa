"""An explanation as people read it at a terminal, in Chinese or English, in lines of a given width."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bonafide.core.decision import ProposedMeasure
from bonafide.core.fields import ABSENT, FIELDS
from bonafide.core.lines import WIDTH_MAX, WIDTH_MIN, indented, pad, wide, wrap
from bonafide.core.moment import moment_of
from bonafide.core.text import shorten
from bonafide.engine.bundles.rules import Rule
from bonafide.engine.explain import (
    COMPARISONS,
    Part,
    Voice,
    band_of,
    closeness,
    nearest_voices,
    shares_of,
    stricter_rules,
)
from bonafide.engine.rules.language import Apply, Equals, Missing, Node, Number
from bonafide.engine.rules.terms import money_told
from bonafide.engine.rules.units import unit_of
from bonafide.engine.rules.wording import explain as meaning_of
from bonafide.lab.explain.score import credit_lines, margin_lines, shown_parts
from bonafide.lab.explain.why import Derived, Explanation, Note
from bonafide.lab.explain.words import (
    SAID,
    Lang,
    moment_text,
    number_text,
    said,
    value_text,
    word,
)  # fmt: skip

CLOSEST: Final = 3
"""How many rules that came close are shown."""


def explanation_text(told: Explanation, lang: Lang, width: int, *, trace: bool = False) -> str:
    """Everything there is to say about a decision."""
    from bonafide.lab.explain.trace import trace_lines

    pen = Pen(told, lang, width)
    why = [margin_lines(pen), pen.reasons()] if told.is_modelled else [pen.reasons()]
    parts = [pen.opening(), pen.notes(), *why, credit_lines(pen), pen.measures(), pen.faults()]
    if trace and told.derived is not None:
        parts += [pen.closest(told.derived), *trace_lines(pen, told.derived)]
    parts.append(pen.versions())
    return "\n\n".join("\n".join(part) for part in parts if part)


def note_text(note: Note, lang: Lang) -> str:
    """A note as a sentence."""
    if note.name == "not derived":
        parts = {name: text for name, text in note.parts.items() if name != "reason"}
        return said("not derived", lang, why=said(note.parts["reason"], lang, **parts))
    return said(note.name, lang, **note.parts)


class Pen:
    """Writes one explanation in one language."""

    def __init__(self, told: Explanation, lang: Lang, width: int) -> None:
        self.told = told
        self.lang = lang
        self.width = min(max(width, WIDTH_MIN), WIDTH_MAX)
        self.currency = told.bundle.settings.currency
        self.vocabulary = told.bundle.vocabulary
        self.features = {f.name: f for f in told.bundle.features if not f.name.startswith("_")}
        self.event: Mapping[str, Any] = told.row if told.derived is None else told.derived.event

    def say(self, name: str, **parts: Any) -> str:
        return said(name, self.lang, **parts)

    def word(self, name: str) -> str:
        return word(name, self.lang)

    def heading(self, name: str) -> str:
        """The line above a section."""
        return self.say(name)

    def opening(self) -> list[str]:
        """The event and what was decided."""
        row, decision = self.told.row, self.told.decision
        lines = [f"{shorten(row['event_id'])}   {self.word(row['type'])}   {moment_text(moment_of(row['time']))}"]
        if row["amount"] is not None:
            lines[0] += f"   {money_told(row['amount'], row['currency'], self.lang)}{self._converted()}"
        people = [f"{self.word(k)} {shorten(row[f'{k}_id'])}" for k in ("user", "merchant") if row[f"{k}_id"]]
        people += [f"{n} {shorten(self.event[n])}" for n in ("from_account_id", "to_account_id") if self.event.get(n)]
        lines = [*wrap(lines[0], self.width), *(["   ".join(people)] if people else []), ""]
        subject = next(
            (k for k in ("user", "merchant") if row["type"] in FIELDS[f"{k}_id"].types and row[f"{k}_id"]), None
        )
        whose = self.say("of", kind=self.word(subject), id=shorten(row[f"{subject}_id"])) if subject else ""
        told = [
            ("outcome", self.word(decision.outcome), self._band()),
            ("score", f"{decision.score:.6f}", ""),
            ("risk level", self.word(decision.risk_level), whose),
            ("alert", self.word("yes" if decision.alert else "no"), ""),
        ]
        if decision.credit_score is not None:
            told.insert(2, ("credit score", str(decision.credit_score), whose))
        heads = max(wide(self.word(head)) for head, _, _ in told)
        values = max(wide(value) for _, value, _ in told)
        for head, value, why in told:
            first = f"{pad(self.word(head), heads)}   "
            lines += indented(f"{first}{pad(value, values)}   ", why, self.width) if why else [first + value]
        return lines

    def _converted(self) -> str:
        """What an amount in another currency counted as."""
        derived = self.told.derived
        if derived is None or self.told.row["currency"] == self.currency:
            return ""
        counted = int(derived.row[FIELDS["amount"].place])
        return "" if counted == ABSENT else f" = {money_told(counted, self.currency, self.lang)}"

    def _band(self) -> str:
        """Which band of the policy, or which rule's effect, row, fault or list, gave the outcome."""
        decision, bundle = self.told.decision, self.told.bundle
        kind, which = self.told.derived.because if self.told.derived else ("", "")
        if kind in {"row", "fault", "list"}:
            return self.say(f"by {kind}", which=which)
        band = band_of(bundle, decision.score_e6)
        stricter = stricter_rules(bundle, decision.hits, decision.score_e6)
        if stricter:
            rules = ", ".join(rule.id for rule in stricter)
            return self.say("raised", outcome=self.word(band.outcome), rules=rules)
        return self.say("from", outcome=self.word(band.outcome), low=band.from_)

    def notes(self) -> list[str]:
        return [line for note in self.told.notes for line in wrap(note_text(note, self.lang), self.width)]

    def reasons(self) -> list[str]:
        """Each rule that hit, its share and its terms; then what the person is told."""
        decision, bundle = self.told.decision, self.told.bundle
        hit = [rule for rule in bundle.rules if rule.id in decision.hits]
        by_id = {rule.id: rule for rule in hit}
        modelled = self.told.is_modelled
        if not hit and not modelled and not decision.reasons:
            calm = decision.outcome == "allow"
            return [self.say("no rule" if calm else "no rule yet")]
        spoken = {v.rule.id: v for v in self.told.derived.voices} if self.told.derived else {}
        lines = [self.say("no rule yet")] if not hit else [] if modelled else self._sum_of(hit)
        for rule, share in sorted(self._parts_of(hit).items(), key=lambda pair: -pair[1][0]):
            title = f"{rule}   {self.word(by_id[rule].typology)}   {self.word('weight')} {by_id[rule].weight:.2f}"
            lines += [*([""] if lines else []), *wrap(f"{title}   {share[1]}".rstrip(), self.width)]
            voice = spoken.get(rule)
            lines += self.terms(voice) if voice else self.meaning(by_id[rule].when, "  ")
        lines += ["", self.heading("told")] if decision.reasons else []
        for reason in decision.reasons:
            lines += self._reason(reason.code)
        return lines

    def _sum_of(self, hit: Sequence[Rule]) -> list[str]:
        """How the weights of the rules that hit make the score, where no model does."""
        parts = "1 - " + " * ".join(f"(1 - {rule.weight:.2f})" for rule in hit)
        told = f"{parts} = {self.told.decision.score:.6f}"
        return wrap(self.say("one rule") if len(hit) == 1 else self.say("rules", n=len(hit), sum=told), self.width)

    def _parts_of(self, hit: Sequence[Rule]) -> dict[str, tuple[float, str]]:
        """The part of each rule that hit in the score, as a number and in words."""
        shares = shares_of([rule.weight for rule in hit])
        if not self.told.is_modelled:
            told = [(share, self.say("share", share=100 * share)) for share in shares]
        else:
            margin = None if self.told.derived is None else self.told.derived.score.margin
            parts = {} if margin is None else dict(zip(margin.rules, shown_parts(margin)[1:], strict=False))
            added = {one.rule.id: self.say("adds", part=f"{part:+.2f}") for one, part in parts.items()}
            told = [(share, added.get(rule.id, "")) for rule, share in zip(hit, shares, strict=True)]
        return dict(zip((rule.id for rule in hit), told, strict=True))

    def _reason(self, code: str) -> list[str]:
        text = self.told.bundle.reasons[code]
        zh = self.lang == "zh"
        what = text.submit_zh if zh else text.submit_en
        submit = self.say("submit", what=what) if what else self.say("no submit")
        first = f"  {code}   "
        return [
            *indented(first, text.zh if zh else text.en, self.width),
            *indented(" " * wide(first), submit, self.width),
        ]

    def terms(self, voice: Voice) -> list[str]:
        """The terms of a rule's condition, each with whether it held and the values that it compared."""
        terms = _terms_of(voice.condition)
        marks = max(wide(self.word(mark)) for mark in ("holds", "not", "unknown"))
        lines: list[str] = []
        for term in terms:
            first = f"  {pad(self.word(self.mark(term)), marks)}  "
            lines += self.beside(self.meaning(term.node, first), first, self.value_of(term))
        return lines

    def beside(self, told: list[str], first: str, value: str) -> list[str]:
        """Lines behind `first` with a value at their end: in a column where there is room, else below."""
        room = wide(first) + (self.width - wide(first) - 2) * 3 // 5 - wide(told[-1])
        if value and room >= 0 and wide(told[-1]) + room + 3 + wide(value) <= self.width:
            return [*told[:-1], f"{told[-1]}{' ' * (room + 3)}{value}"]
        if value and wide(told[-1]) + 3 + wide(value) <= self.width:
            return [*told[:-1], f"{told[-1]}   {value}"]
        return told + (indented(" " * (wide(first) + 2), value, self.width) if value else [])

    def meaning(self, node: Node, first: str) -> list[str]:
        """What a condition means in words, as lines behind `first`."""
        later = " " * wide(first)
        lines: list[str] = []
        for text in meaning_of(node, self.features, self.currency, self.lang, capital=False).splitlines():
            inner = text[: len(text) - len(text.lstrip(" -"))]
            lines += indented((later if lines else first) + inner, text[len(inner) :], self.width)
        return lines

    @staticmethod
    def mark(part: Part) -> str:
        return {True: "holds", False: "not", None: "unknown"}[part.holds]

    def value_of(self, part: Part) -> str:
        """The values that a term compared; of a number, the number."""
        match part.node:
            case Apply(op, parts) if op in COMPARISONS:
                unit = next((u for u in (unit_of(p, self.vocabulary) for p in parts) if u != "number"), "number")
                left, right = (number_text(p.value, unit, self.currency, self.lang) for p in part.parts)
                return f"{left} {op} {right}"
            case Equals(other=None) if part.holds and len(part.node.values) == 1:
                return ""  # said already
            case Equals(field=field, other=other):
                shown = [self.field(name) for name in (field, other) if name is not None]
                return ", ".join(shown)
            case Missing():
                return ""
            case Apply(type="truth", parts=parts):
                inner = [self.value_of(p) for p in part.parts]
                return "; ".join(text for text in inner if text)
            case Number():
                return ""
            case _:
                return number_text(part.value, unit_of(part.node, self.vocabulary), self.currency, self.lang)

    def field(self, name: str) -> str:
        """The value of a text, word or flag field of the event."""
        value = self.event.get(name)
        return self.word("missing") if value is None else value_text(name, value, self.currency, self.lang)

    def measures(self) -> list[str]:
        """What is proposed until when, or ends, and what the person concerned is told of it."""
        decision = self.told.decision
        lines = [self.heading("measures")]
        for m in decision.measures:
            text = self.say(
                f"measure {m.status}", measure=self.word(m.measure), kind=self.word(m.subject_type),
                id=shorten(m.subject_id), until=moment_text(m.until),
            )  # fmt: skip
            lines += indented("  ", text, self.width)
            for told in self._measure(m):
                lines += indented("    ", told, self.width)
        if decision.release_by is not None:
            lines += indented("  ", self.say("release", time=moment_text(decision.release_by)), self.width)
        return lines if len(lines) > 1 else []

    def _measure(self, m: ProposedMeasure) -> Iterator[str]:
        """What a measure rests on, and what its subject is told."""
        zh = self.lang == "zh"
        if m.facts:
            places = ", ".join(f"{fact.place:,} ({self.word(fact.grade)})" for fact in m.facts)
            amount = money_told(m.amount, self.currency, self.lang)
            yield self.say("measure rests", places=places, n=m.offences, amount=amount)
        if m.measure_id:
            yield self.say("measure id", id=m.measure_id)
        for reason in m.reasons:
            yield f"{reason.code}   {reason.zh if zh else reason.en}"
        for text in (m.why, m.submit, m.appeal):
            words = text.zh if zh else text.en
            if words:
                yield self.say("submit", what=words) if text is m.submit else words

    def faults(self) -> list[str]:
        """What was missing or failed, and what that means."""
        if not self.told.decision.faults:
            return []
        lines = [self.heading("faults")]
        for fault in self.told.decision.faults:
            known = fault in SAID
            text = self.say(fault, currency=self.told.row["currency"], own=self.currency) if known else fault
            lines += indented("  ", text, self.width)
        return lines

    def closest(self, derived: Derived) -> list[str]:
        """The rules that came closest to hitting, with what was wanting."""
        lines = [self.heading("closest")]
        for voice in nearest_voices(derived.voices, CLOSEST):
            near = self.say("near", part=100 * closeness(voice.condition))
            lines += [
                *wrap(f"{voice.rule.id}   {self.word(voice.rule.typology)}   {near}", self.width),
                *self.terms(voice),
            ]
        return lines if len(lines) > 1 else []

    def trial(self) -> list[tuple[str, str]]:
        """In a rollout the arm, and in shadow what the challenger would have said."""
        decision, row, trial = self.told.decision, self.told.row, self.told.whole.trial
        if decision.arm is not None:
            return [(self.say("arm"), self.say(f"arm {decision.arm}", bundle=self.told.bundle.name))]
        outcome = row.get("shadow_outcome")
        if trial is None or outcome is None:
            return []
        hits = ", ".join(row["shadow_hits"]) or self.say("no hits")
        said = {"bundle": trial.challenger.name, "outcome": self.word(outcome), "score": f"{row['shadow_score']:.6f}"}
        return [(self.say("shadow"), self.say("shadow said", **said, hits=hits))]

    def versions(self) -> list[str]:
        """By what it was decided, and whether it was derived again."""
        decision = self.told.decision
        told = [
            (self.say("seq"), f"{decision.seq:,}"),
            (self.say("bundle"), f"{decision.bundle} ({self.told.whole.name})"),
            *self.trial(),
            (self.say("digest"), decision.digest),
        ]  # fmt: skip
        heads = max(wide(head) for head, _ in told)
        lines = [self.heading("versions")]
        for head, value in told:
            lines += indented(f"  {pad(head, heads)}   ", value, self.width)
        if self.told.is_same:
            lines += indented("  ", self.say("same"), self.width)
        return lines


def _terms_of(part: Part) -> list[Part]:
    """The parts of a condition that must all hold; a chained comparison is several."""
    if isinstance(part.node, Apply) and part.node.op == "and":
        return [term for inner in part.parts for term in _terms_of(inner)]
    return [part]
