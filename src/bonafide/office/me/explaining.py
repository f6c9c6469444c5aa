"""Why a decision was as it was, for the person whose it is: coarse, in words, with what would help. A pure function.

What is left out is left out for good: score, level and digest (which a score could be found from), rules, thresholds,
amounts of anybody, who else was looked at, and whether anybody was told of it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from bonafide.core.decision import Outcome, Words
from bonafide.office.me.words import BundleWords
from bonafide.office.notices.render import REASONS_MAX

OUTCOMES_TOLD: Final[dict[Outcome, Words]] = {
    "allow": Words("已通过", "it went on"),
    "warn": Words("已通过，并作了提示", "it went on, with a warning"),
    "verify": Words("需要您先核实", "you were asked to verify it first"),
    "hold": Words("已暂停，等待核查", "it was held until it is looked at"),
    "decline": Words("未通过", "it did not go through"),
}
_PEOPLE: Final = Words("您有权要求由人工处理。", "You may ask that a person decides.")


class _Reason(msgspec.Struct):
    code: str
    zh: str
    en: str


class _Answer(msgspec.Struct):
    event_id: str
    time: str
    outcome: Outcome
    reasons: tuple[_Reason, ...] = ()
    hits: tuple[str, ...] = ()
    bundle: str = ""


_read: Final = msgspec.json.Decoder(_Answer).decode


def bundle_of(answer: bytes) -> str:
    """The hash of the bundle that gave an answer."""
    return _read(answer).bundle


def explanation(answer: bytes, words: BundleWords) -> dict[str, Any]:
    """An answer explained, as JSON shows it; `words` are those of the bundle that gave it."""
    told = _read(answer)
    reasons = told.reasons[:REASONS_MAX]
    submit = [(one.code, words.submit[one.code]) for one in reasons if one.code in words.submit]
    stopped = told.outcome != "allow"
    return {
        "event_id": told.event_id, "time": told.time, "outcome": told.outcome,
        "outcome_text": OUTCOMES_TOLD[told.outcome], "automated": True,
        "facts": words.facts_of(told.hits),
        "reasons": [{"code": one.code, "zh": one.zh, "en": one.en} for one in reasons],
        "submit": [{"code": code, "zh": one.zh, "en": one.en} for code, one in submit],
        "counterfactual": _counterfactual([one for _, one in submit]) if stopped and submit else None,
        "human_review": _PEOPLE, "versions": {"bundle": told.bundle},
    }  # fmt: skip


def _counterfactual(submit: list[Words]) -> Words:
    """What would have been otherwise, by what can be shown."""
    zh, en = "；".join(one.zh for one in submit), "; ".join(one.en for one in submit)
    return Words(
        f"若您提供以下材料并经核实属实，相应的原因将不再成立，结果会重新评定：{zh}。",
        f"If you hand this in and it proves true, the reason that it answers falls away, and we decide anew: {en}.",
    )
