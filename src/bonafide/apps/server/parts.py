"""The parts of a score as the API tells them: from the decision as it was answered, and its basis where one is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from math import isnan
from threading import Lock
from typing import Final, Literal

import msgspec
import numpy as np
from msgspec import UNSET

from bonafide.apps.server.parts_shapes import (
    CreditPartsAnswer,
    FamilyPointsAnswer,
    InputPartAnswer,
    InputPointsAnswer,
    MarginAnswer,
    OtherInputsAnswer,
    PartsAnswer,
    ReasonPartAnswer,
    RulePartAnswer,
)
from bonafide.core.decision import Words
from bonafide.engine.bundle import Bundle
from bonafide.engine.explain_score import (
    CreditTold,
    InputPart,
    MarginTold,
    MerchantCreditTold,
    MerchantPointsTold,
    PointsTold,
    is_modelled,
    tell_basis,
    tell_rules,
)  # fmt: skip
from bonafide.engine.rules.language import Node
from bonafide.engine.rules.wording import explain as meaning_of
from bonafide.lab.explain.score import INPUTS_SHOWN, input_number, shown_parts, value_of_input, way_of, whole_points
from bonafide.lab.explain.words import WORDS, Lang, said

FAR: Final = 1e-6
"""A score that the parts do not lead to, by more than a millionth's rounding, is none of this bundle's."""
TELLERS_MAX: Final = 4
LANGS: Final[tuple[Lang, Lang]] = ("zh", "en")
_HALF: Final = 0.5
"""Points that are worth a word."""


class Recorded(msgspec.Struct, frozen=True):
    """What is read of a decision's answer."""

    seq: int
    score: float
    bundle: str
    credit_score: int | None = None
    hits: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    arm: str | None = None


class Named(msgspec.Struct, frozen=True):
    """What is read of an event."""

    event_id: str
    type: str


class NothingKeptError(Exception):
    """There is no basis, and the decision alone does not say why it is so."""


class Teller:
    """Tells what one bundle made of an event, in both languages."""

    def __init__(self, bundle: Bundle) -> None:
        """`bundle`: the part that decided."""
        self._bundle = bundle
        self._currency = bundle.settings.currency
        self._vocabulary = bundle.vocabulary
        self._meanings: dict[Node, Words] = {}
        self._features = {one.name: one for one in bundle.features if not one.name.startswith("_")}

    def tell(
        self, event: Named, decision: Recorded, inputs: Sequence[float] | None, most: int = INPUTS_SHOWN
    ) -> PartsAnswer:  # fmt: skip
        """The parts; `most` inputs of the model at most are told one by one.

        Raises NothingKeptError where the basis is needed and there is none, or where it leads to other scores.
        """
        modelled = is_modelled(self._bundle, event.type, decision.degraded)
        credited = decision.credit_score is not None
        margin: MarginTold | None = None
        credit: CreditTold | MerchantCreditTold | None = None
        if modelled or credited:
            if inputs is None:
                raise NothingKeptError
            told = tell_basis(
                self._bundle, event.type, np.array(inputs), decision.hits, credited, decision.degraded
            )  # fmt: skip
            margin, credit = told.margin, told.credit or told.merchant
        margin = margin or tell_rules(self._bundle, decision.hits)
        same = abs(margin.probability - decision.score) <= FAR
        if not same or (None if credit is None else credit.score) != decision.credit_score:
            raise NothingKeptError
        return PartsAnswer(
            event_id=event.event_id, seq=decision.seq, type=event.type, score=decision.score, bundle=decision.bundle,
            margin=self._margin(margin, modelled, most), credit=None if credit is None else self._credit(credit),
            arm=UNSET if decision.arm is None else decision.arm,
        )  # fmt: skip

    def _margin(self, told: MarginTold, modelled: bool, most: int) -> MarginAnswer:
        shown = iter(shown_parts(told, most))
        base = next(shown)
        rules = tuple(
            RulePartAnswer(
                rule=one.rule.id, typology=_word(one.rule.typology), reason=one.rule.reason, weight=one.rule.weight,
                part=one.part, shown=next(shown),
            )
            for one in told.rules
        )  # fmt: skip
        largest = told.largest
        inputs = tuple(self._input(one, next(shown)) for one in largest[:most])
        rest = largest[most:]
        others = OtherInputsAnswer(inputs=len(rest), part=sum(one.part for one in rest), shown=next(shown)) \
            if rest else None  # fmt: skip
        texts = self._bundle.reasons
        return MarginAnswer(
            scored_by="model" if modelled else "rules", base=told.base, base_shown=base, rules=rules, inputs=inputs,
            others=others, margin=told.margin, margin_shown=round(told.margin, 2) + 0.0,
            by_reason=tuple(
                ReasonPartAnswer(code=code, told=Words(texts[code].zh, texts[code].en), part=part)
                for code, part in told.by_reason.items()
            ),
        )  # fmt: skip

    def _input(self, one: InputPart, shown: float) -> InputPartAnswer:
        return InputPartAnswer(
            name=one.input.name, label=self._meaning(one.input.node), reason=one.input.reason, value=_known(one.value),
            told=self._value(one.input.node, one.value), part=one.part, shown=shown,
        )  # fmt: skip

    def _credit(self, told: CreditTold | MerchantCreditTold) -> CreditPartsAnswer:
        of: Literal["user", "merchant"] = "user" if isinstance(told, CreditTold) else "merchant"
        points = whole_points(list(told.families.values()), told.score - told.base)
        inputs = (
            [self._points(one) for one in told.inputs] if isinstance(told, CreditTold)
            else [_merchant_points(one) for one in told.inputs]
        )  # fmt: skip
        return CreditPartsAnswer(
            of=of, score=told.score, level=told.level, base=told.base,
            families=tuple(
                FamilyPointsAnswer(family=family, told=_word(family), points=some)
                for family, some in zip(told.families, points, strict=True)
            ),
            inputs=tuple(sorted(inputs, key=lambda one: -one.lost)),
        )  # fmt: skip

    def _points(self, one: PointsTold) -> InputPointsAnswer:
        return InputPointsAnswer(
            name=one.input.name, label=self._meaning(one.input.node), family=one.input.family or "",
            value=_known(one.value), told=self._value(one.input.node, one.value), points=one.points, lost=one.lost,
            aim=None,
        )  # fmt: skip

    def _meaning(self, node: Node) -> Words:
        found = self._meanings.get(node)
        if found is None:
            texts = (meaning_of(node, self._features, self._currency, lang, capital=False) for lang in LANGS)
            zh, en = (" ".join(line.strip() for line in text.splitlines()) for text in texts)
            found = self._meanings[node] = Words(zh, en)
        return found

    def _value(self, node: Node, value: float) -> Words:
        zh, en = (value_of_input(node, value, self._vocabulary, self._currency, lang) for lang in LANGS)
        return Words(zh, en)


class Tellers:
    """The tellers of the bundles that were asked about last; safe in any thread."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[str, bool], Teller] = OrderedDict()
        self._lock = Lock()

    def of(self, bundle: Bundle, arm: str | None) -> Teller:
        """The teller of what decided under a bundle in an arm of its rollout."""
        key = (bundle.hash, arm == "challenger")
        with self._lock:
            found = self._made.pop(key, None) or Teller(bundle.part_in(arm))
            self._made[key] = found
            if len(self._made) > TELLERS_MAX:
                self._made.popitem(last=False)
            return found


def _merchant_points(one: MerchantPointsTold) -> InputPointsAnswer:
    told = Words(input_number(one.value, "zh"), input_number(one.value, "en"))
    aim = None
    if one.lost >= _HALF:
        zh, en = (
            said(way_of(one), lang, value=input_number(one.best_at, lang), now=input_number(one.value, lang))
            for lang in LANGS
        )
        aim = Words(zh, en)
    return InputPointsAnswer(
        name=one.input.name, label=Words(one.input.zh, one.input.en), family=one.input.family, value=_known(one.value),
        told=told, points=one.points, lost=one.lost, aim=aim,
    )  # fmt: skip


def _word(name: str) -> Words:
    en, zh = WORDS[name]
    return Words(zh, en)


def _known(value: float) -> float | None:
    return None if isnan(value) else value
