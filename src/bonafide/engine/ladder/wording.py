"""What the person concerned is told of a measure, in Chinese and English: on which step it stands and why, what to hand
in, how to appeal. No thresholds, and nothing about anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from bonafide.core.decision import NO_WORDS, ProposedMeasure, Reason, Words
from bonafide.engine.bundles.rules import ReasonText
from bonafide.engine.ladder.proposed import Proposed
from bonafide.engine.ladder.words import CONFIRMERS, FRICTION, HARDNESS, MACHINE_MS
from bonafide.core.moment import HOUR_MS

APPEAL: Final = Words(
    "如认为有误，可提出申诉，由人工答复。", "If you think that this is wrong, you can appeal; a person answers."
)
"""How to appeal, where no ladder says it."""
_DOES: Final[dict[str, tuple[str, str]]] = {
    "notice": ("提示您", "give you this notice"),
    "request_information": ("请您补充资料", "ask you for information"),
    "limit_credit": ("限制信用额度", "limit the credit line"),
    "freeze_credit": ("冻结信用额度", "freeze the credit line"),
    "delay_settlement": ("延迟结算", "settle later"),
    "hold_reserve": ("留存保证金", "hold a reserve"),
    "disable_pay_later": ("停用先享后付", "switch pay-later off"),
    "suspend_merchant": ("暂停商户收款", "suspend the merchant"),
    "refer": ("交由人工决定是否移交", "have a person decide whether to refer this"),
}
_GRADE: Final[dict[str, tuple[str, str]]] = {
    "suspected": ("目前仅有疑点，尚未认定", "There are signs, and nothing is established"),
    "corroborated": ("疑点有独立来源佐证", "The signs are supported by independent sources"),
    "confirmed": ("经人工核查确认", "A person has confirmed it"),
    "adjudicated": ("已有司法或监管认定", "A court or an authority has found it"),
}


WORDINGS_MAX: Final = 4_096
"""What is told of measures alike is put together once; beyond so many it is put together anew."""


class Told(NamedTuple):
    """All that a subject is told of a measure."""

    reasons: tuple[Reason, ...]
    why: Words
    submit: Words
    appeal: Words


class Wording:
    """What people are told in one bundle's words."""

    def __init__(self, texts: Mapping[str, ReasonText], appeal: Words = APPEAL) -> None:
        self._texts = texts
        self._appeal = appeal
        self._made: dict[tuple[object, ...], Told] = {}

    def tell(self, proposed: Proposed, subject_id: str) -> ProposedMeasure:
        """A measure with the name of its subject and all that the subject is told."""
        alike = (
            proposed.measure, proposed.status, proposed.needs_person, proposed.grade, proposed.offences, proposed.codes
        )  # fmt: skip
        told = self._made.get(alike)
        if told is None:
            if len(self._made) >= WORDINGS_MAX:
                self._made.clear()
            told = self._made[alike] = self._put(proposed)
        return ProposedMeasure(
            proposed.measure, proposed.subject_type, subject_id, proposed.status, proposed.until, proposed.measure_id,
            proposed.needs_person, proposed.grade, proposed.offences, proposed.amount, proposed.facts, *told,
        )  # fmt: skip

    def _put(self, proposed: Proposed) -> Told:
        texts, is_new = self._texts, proposed.status == "proposed"
        return Told(
            tuple(Reason(code, texts[code].zh, texts[code].en) for code in proposed.codes),
            _why(proposed),
            _submit(proposed, texts) if is_new else NO_WORDS,
            self._appeal if is_new else NO_WORDS,
        )


def _why(told: Proposed) -> Words:
    zh, en = _DOES[told.measure]
    if told.status == "lifted":
        return Words(f"申诉成立，此前的措施（{zh}）立即解除。", f"Your appeal was upheld; we no longer {en}.")
    if told.status == "lift_proposed":
        return Words(f"依据已不充分，建议解除此前的措施（{zh}）。", f"Too little is left to {en}; we propose to stop.")
    parts = [_occasion(told), _ground(told), Words(f"因此建议：{zh}。", f"So we propose to {en}."), _end(told)]
    return Words("".join(part.zh for part in parts), " ".join(part.en for part in parts if part.en))


def _occasion(told: Proposed) -> Words:
    if told.offences > 1:
        return Words(
            f"在计入期内，这是第{told.offences}次。",
            f"Within the time that counts this has happened {told.offences} times.",
        )
    return Words("在计入期内，这是第一次。", "Within the time that counts this is the first time.")


def _ground(told: Proposed) -> Words:
    if told.grade is None:
        return NO_WORDS
    zh, en = _GRADE[told.grade]
    return Words(f"{zh}。", f"{en}.")


def _end(told: Proposed) -> Words:
    if told.needs_person:
        return Words("是否移交只能由人工决定。", "Only a person can decide that.")
    if HARDNESS[told.measure] <= FRICTION:
        return NO_WORDS
    hours = MACHINE_MS // HOUR_MS
    return Words(
        f"未经{CONFIRMERS}名人员确认，最长{hours}小时后自动解除。",
        f"Unless {CONFIRMERS} people confirm it, it ends by itself after {hours} hours at most.",
    )


def _submit(told: Proposed, texts: Mapping[str, ReasonText]) -> Words:
    """What may be handed in for the reasons, each once."""
    zh = dict.fromkeys(texts[code].submit_zh for code in told.codes if texts[code].submit_zh)
    en = dict.fromkeys(texts[code].submit_en for code in told.codes if texts[code].submit_en)
    if not zh or not en:
        return Words("您的情况说明", "an explanation in your own words")
    return Words("；".join(zh), "; ".join(en))
