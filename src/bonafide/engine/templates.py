"""What decisions have in common: each event's decision is a template with what is the event's own filled in.

The kernel settles the events on which nothing fires. What fires is ruled on once per kind of event, faults, band,
risk level, reasons and hits, and each decision is that template with its event's id, place, time and scores, and with
what the ladder says of its subjects' measures.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import OUTCOMES, RISK_LEVELS, Decision, Loop, Outcome, ProposedMeasure, Reason
from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import TYPE_NAMES
from bonafide.core.moment import MOMENT_MAX
from bonafide.engine.bundle import TYPOLOGIES, Bundle, Rule
from bonafide.engine.codes import (
    FAULT_CURRENCY, HITS_PER_WORD, REASON_BITS, V_CREDIT, V_FAULTS, V_REASONS, V_SCORE,
)  # fmt: skip
from bonafide.engine.ladder.hearsay import hearsay
from bonafide.engine.ladder.words import SUBJECTS
from bonafide.engine.policy import Case, Ruling, owed_to_rules, rule_on
from bonafide.engine.policy_rows import SUBJECT_OF, Cell
from bonafide.engine.scheme import ALWAYS
from bonafide.engine.scorecard import LevelBand

TEMPLATES_MAX: Final = 65_536
"""Rulings remembered; beyond it they are made anew."""

_give: Final = msgspec.structs.force_setattr
_FAULTS: Final = {FAULT_CURRENCY: "missing: currency"}
NO_EVIDENCE: Final = (None, None)


def as_json(value: object) -> str:
    """JSON text without spaces."""
    return msgspec.json.encode(value).decode()


@dataclass(frozen=True, slots=True)
class Template:
    """What a decision says apart from its event's id, place, time, scores and loops, and of measures."""

    ruling: Ruling
    reasons: tuple[Reason, ...]
    hits: tuple[str, ...]
    faults: tuple[str, ...]
    subject_type: str | None
    """Whose risk it states."""
    bundle: str
    degraded: tuple[str, ...] = ()
    """Parts that did not answer."""
    outcome: int = 0
    """By its place among outcomes."""
    evidence: tuple[int | None, int | None] = NO_EVIDENCE
    """What it says against the user and against the merchant of its event: typologies as bits; None: nothing."""
    counts: bool = False
    """Whether it matters to where somebody stands, whoever that is."""
    proposes: bool = False
    """Whether its outcome alone proposes a measure about its subject."""
    arm: str | None = None
    """Of a rollout, the arm of its subject."""
    _stem: Decision = field(init=False, repr=False, compare=False)
    """A decision of it in which what is an event's own is blank."""

    def __post_init__(self) -> None:
        ruling = self.ruling
        stem = Decision(
            event_id="", seq=0, time=0, outcome=ruling.outcome, score_e6=0, risk_level=ruling.risk_level,
            credit_score=None, alert=ruling.alert, reasons=self.reasons, hits=self.hits, measures=(),
            faults=self.faults, degraded=self.degraded, release_by=None, bundle=self.bundle,
            release_default=ruling.release, arm=self.arm,
        )  # fmt: skip
        object.__setattr__(self, "_stem", stem)

    def fill(
        self, event_id: str, seq: int, time: int, score_e6: int, credit: int, loops: tuple[Loop, ...] = (),
        measures: tuple[ProposedMeasure, ...] = (),
    ) -> Decision:  # fmt: skip
        """The decision on one event.

        score_e6: of the event, in millionths. credit: of its payer, or of the merchant of a payout or an application,
        300..900; 0: none.
        """
        # To copy the stem and give it what is the event's own takes a quarter of the time of naming every field.
        decision: Decision = self._stem.__copy__()  # type: ignore[attr-defined]
        _give(decision, "event_id", event_id)
        _give(decision, "seq", seq)
        _give(decision, "time", time)
        _give(decision, "score_e6", score_e6)
        if credit:
            _give(decision, "credit_score", credit)
        if measures:
            _give(decision, "measures", measures)
        if loops:
            _give(decision, "loops", loops)
        if self.ruling.hold_ms is not None:
            _give(decision, "release_by", self.release_by(time))
        return decision

    def release_by(self, time: int) -> int | None:
        """When the hold of an event of this time ends by itself; None where it is not held."""
        hold = self.ruling.hold_ms
        return None if hold is None else min(time + hold, MOMENT_MAX)

    @property
    def arm_told(self) -> str:
        """The arm as JSON has it behind the bundle; nothing without a rollout."""
        return "" if self.arm is None else f',"arm":{as_json(self.arm)}'

    @property
    def tail(self) -> Tail:
        """The canonical encoding after the loops, in pieces around what is each event's own."""
        ruling = self.ruling
        told = {
            "outcome": ruling.outcome, "risk_level": ruling.risk_level, "alert": ruling.alert,
            "reasons": [reason.code for reason in self.reasons], "hits": self.hits,
        }  # fmt: skip
        after = f'],"faults":{as_json(self.faults)},"degraded":{as_json(self.degraded)},"release_by":'
        end = f',"bundle":{as_json(self.bundle)}{self.arm_told}}}'
        held = ruling.hold_ms is not None
        pieces = (f'{as_json(told)[1:-1]},"measures":[', after if held else f"{after}null{end}", end if held else None)
        return Tail(pieces, ruling.hold_ms)


class Tail(NamedTuple):
    """The end of a template's canonical encodings. In full: first piece, measures, second piece, when the hold ends,
    last piece; without a hold the last piece is None."""

    pieces: tuple[str, str, str | None]
    hold_ms: int | None


class _Standings(NamedTuple):
    """Where the levels of a scorecard end, and each level by its place; the last one is low."""

    ends: list[int]
    levels: list[int]

    @classmethod
    def of(cls, bands: Sequence[LevelBand]) -> _Standings:
        """Of the levels of a card; of no card, low alone."""
        return cls([band.below for band in bands], [*(RISK_LEVELS.index(band.level) for band in bands), 0])


class Templates:
    """The templates of a bundle, made when they are first asked for; `degraded` are the parts that do not answer, and
    `arm` is the arm of a rollout that the bundle decides for."""

    def __init__(self, bundle: Bundle, degraded: tuple[str, ...] = (), arm: str | None = None) -> None:
        self._bundle = bundle
        self._degraded = degraded
        self._arm = arm
        self._made: dict[tuple[int, ...], Template] = {}
        told = zip(bundle.rules, hearsay(bundle.rules, bundle.features), strict=True)
        self._hearsay = frozenset(rule.id for rule, repeats in told if repeats)
        policy, scheme = bundle.policy, bundle.compiled.scheme
        self._cuts = policy.cuts
        self._level_bands = policy.level_starts
        self._levels = [RISK_LEVELS.index(band.level) for band in policy.risk_levels]
        of_payers = () if scheme.scorecard is None else scheme.scorecard.card.levels
        of_merchants = () if scheme.merchant_card is None else scheme.merchant_card.card.levels
        self._standings = [
            _Standings.of(of_merchants if SUBJECT_OF.get(name) == "merchant" else of_payers) for name in TYPE_NAMES
        ]
        starts = (*self._cuts[1:], *self._level_bands[1:], ALWAYS)
        self._calm_score = 0 if self._levels[0] else min(starts)
        self._calm_credit = max((end for one in self._standings for end in one.ends), default=0)
        self._nothing = [0] * (2 + -(-len(bundle.conditions) // HITS_PER_WORD))
        self.plain = [self.of((kind, 0, 0, 0, 0, *self._nothing[1:])) for kind in range(len(TYPE_NAMES))]
        """Of events on which nothing fired, by the code of their type."""

    def keys_of(self, kinds: NDArray[np.int64], verdicts: NDArray[np.int64]) -> NDArray[np.int64]:
        """What a template is chosen by, a row for each verdict: type, faults, cut of the score, risk level, level of
        the credit score, reasons, hits and what else was asked.

        The risk level is the stricter of what the event shows and of what its subject's credit score says.
        """
        score, credit = verdicts[:, V_SCORE], verdicts[:, V_CREDIT]
        cut = np.searchsorted(self._cuts, score, side="right") - 1
        shown = np.array(self._levels)[np.searchsorted(self._level_bands, score, side="right") - 1]
        standing = np.zeros(len(kinds), dtype=np.int64)
        for kind in np.unique(kinds).tolist():
            own, told = kinds == kind, self._standings[kind]
            standing[own] = np.array(told.levels)[np.searchsorted(told.ends, credit[own], side="right")]
        standing[credit == 0] = 0
        return np.column_stack(
            (kinds, verdicts[:, V_FAULTS], cut, np.maximum(shown, standing), standing, verdicts[:, V_REASONS:])
        )

    def is_plain(self, verdict: Sequence[int]) -> bool:
        """Whether a verdict's template is surely the plain one of its type, which is quicker to tell than which it is.

        True where nothing fired, the score lies in the first bands and the credit score above all bands.
        """
        credit = verdict[V_CREDIT]
        return (
            verdict[V_SCORE] < self._calm_score
            and (not credit or credit >= self._calm_credit)
            and verdict[V_FAULTS:] == self._nothing
        )

    def are_plain(self, verdicts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The same for many verdicts."""
        credit = verdicts[:, V_CREDIT]
        fired = reduce(np.bitwise_or, verdicts.T[V_FAULTS:])  # `any` of rows so short takes twenty times as long
        calm = (verdicts[:, V_SCORE] < self._calm_score) & ((credit == 0) | (credit >= self._calm_credit))
        plain: NDArray[np.bool_] = calm & (fired == 0)
        return plain

    def key_of(self, kind: int, verdict: Sequence[int]) -> tuple[int, ...]:
        """The same for one verdict."""
        score, credit = verdict[V_SCORE], verdict[V_CREDIT]
        cut = bisect_right(self._cuts, score) - 1
        level = self._levels[bisect_right(self._level_bands, score) - 1]
        told = self._standings[kind]
        standing = told.levels[bisect_right(told.ends, credit)] if credit else 0
        return (kind, verdict[V_FAULTS], cut, max(level, standing), standing, *verdict[V_REASONS:])

    def of(self, key: tuple[int, ...]) -> Template:
        """The template of a key."""
        template = self._made.get(key)
        if template is None:
            if len(self._made) >= TEMPLATES_MAX:
                self._made.clear()
            template = self._made[key] = self._rule_on(key)
        return template

    def _rule_on(self, key: tuple[int, ...]) -> Template:
        kind, faults, cut, level, standing, reasons, *words = key
        rules = self._bundle.rules
        held = [i for i in range(len(words) * HITS_PER_WORD) if words[i // HITS_PER_WORD] >> (i % HITS_PER_WORD) & 1]
        hit = [rules[i] for i in held if i < len(rules)]
        asked = [i - len(rules) for i in held if i >= len(rules)]
        case = self._case(TYPE_NAMES[kind], faults, self._cuts[cut], standing, hit, asked)
        ruling = rule_on(self._bundle.policy, case._replace(level=RISK_LEVELS[level]))
        subject = SUBJECT_OF.get(TYPE_NAMES[kind])
        evidence = self._evidence(kind, ruling, hit)
        proposes = ruling.proposal is not None and subject is not None
        return Template(
            ruling,
            self._reasons(reasons) or self._reason_of(ruling),
            tuple(rule.id for rule in hit),
            tuple(text for bit, text in _FAULTS.items() if faults & bit),
            subject,
            self._bundle.hash,
            self._degraded,
            OUTCOMES.index(ruling.outcome),
            evidence,
            evidence != NO_EVIDENCE or proposes,
            proposes,
            self._arm,
        )

    def _case(
        self, kind: str, faults: int, score_e6: int, standing: int, hit: Sequence[Rule], asked: Sequence[int]
    ) -> Case:  # fmt: skip
        """What the policy rules on; `asked` are the numbers of what it asked that held: amounts, then lists."""
        policy = self._bundle.policy
        amounts = policy.amounts
        amount = max((amounts[i] for i in asked if i < len(amounts)), default=0)
        owed = owed_to_rules(policy, [rule.weight for rule in hit])
        at_least: Outcome = max((owed, *(rule.effect for rule in hit)), key=OUTCOMES.index)
        demanding = [rule.id for rule in hit if rule.effect == at_least] or [rule.id for rule in hit]
        return Case(
            Cell(kind, score_e6, standing, amount, frozenset(rule.id for rule in hit)),
            RISK_LEVELS[0],
            at_least,
            tuple(demanding),
            any(rule.is_monitor for rule in hit),
            bool(faults & FAULT_CURRENCY),
            self._degraded,
            tuple(i - len(amounts) for i in asked if i >= len(amounts)),
        )

    def _evidence(self, kind: int, ruling: Ruling, hit: Sequence[Rule]) -> tuple[int | None, int | None]:
        """What a decision says against each subject of its event: the typologies of the rules that hit and tell of it.

        A score alone speaks against the one whose risk it is; rules that repeat what others said do not speak.
        """
        ladder, name = self._bundle.ladder, TYPE_NAMES[kind]
        if ladder is None or not EVENT_CLASS[name].decided:
            return NO_EVIDENCE
        hit = [rule for rule in hit if not rule.is_monitor]
        own = [rule for rule in hit if rule.id not in self._hearsay]
        bits = sum({1 << TYPOLOGIES.index(rule.typology) for rule in own})
        found: list[int | None] = []
        for number, subject in enumerate(SUBJECTS):
            about = bits & ladder.of[number]
            is_named = f"{subject}_id" in EVENT_CLASS[name].__struct_fields__
            is_strict = OUTCOMES.index(ruling.outcome) >= ladder.subjects[number].from_outcome
            speaks = about or (not hit and SUBJECT_OF.get(name) == subject)
            found.append(about if is_named and is_strict and speaks else None)
        return found[0], found[1]

    def _reason_of(self, ruling: Ruling) -> tuple[Reason, ...]:
        """Of an outcome that a row of the policy gave, and neither rules nor inputs say why."""
        kind, which = ruling.because
        code = self._bundle.policy.rows[int(which)].reason if kind == "row" else None
        if code is None:
            return ()
        text = self._bundle.reasons[code]
        return (Reason(code, text.zh, text.en),)

    def _reasons(self, packed: int) -> tuple[Reason, ...]:
        """The texts of reasons that a verdict names."""
        told: list[Reason] = []
        codes = list(self._bundle.reasons)
        while packed:
            number = (packed & ((1 << REASON_BITS) - 1)) - 1
            if number < len(codes):  # the one after the last stands for none
                text = self._bundle.reasons[codes[number]]
                told.append(Reason(codes[number], text.zh, text.en))
            packed >>= REASON_BITS
        return tuple(told)
