"""A notice in both languages, from what the decision says: a pure function. No thresholds, and nobody else's data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from bonafide.core.moment import SECOND_MS

NoticeKind = Literal["begun", "prolonged", "ended", "apology", "rejected"]
REASONS_MAX: Final = 4
_NAMES: Final[dict[str, tuple[str, str]]] = {
    "notice": ("提示", "a notice"),
    "request_information": ("请您补充资料", "a request for information"),
    "limit_credit": ("限制信用额度", "a limit on the credit line"),
    "freeze_credit": ("冻结信用额度", "a freeze of the credit line"),
    "delay_settlement": ("延迟结算", "a delay of settlement"),
    "hold_reserve": ("留存保证金", "a reserve that is held"),
    "disable_pay_later": ("停用先享后付", "pay-later being switched off"),
    "suspend_merchant": ("暂停商户收款", "a suspension of the merchant"),
    "refer": ("移交有关机构", "a referral"),
}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a notice is made of."""

    measure: str
    measure_id: str
    until_ms: int
    """When it ends, or is looked at again."""
    automated: bool
    """Whether a machine alone has proposed it."""
    how_ended: str = ""
    """Of a measure that has ended: `expired`, `lifted` or `refused`."""
    reasons: tuple[dict[str, str], ...] = ()
    why: dict[str, str] = {}
    submit: dict[str, str] = {}
    appeal: dict[str, str] = {}


def render(kind: NoticeKind, told: Told) -> dict[str, Any]:
    """The notice as it leaves: its text in both languages, and the parts that it is made of."""
    text = _TEXTS[kind](told)
    shown: dict[str, Any] = {
        "kind": kind, "measure": told.measure, "measure_id": told.measure_id, "automated": told.automated,
        "text": {"zh": text[0], "en": text[1]},
    }  # fmt: skip
    if kind not in ("begun", "prolonged"):
        return shown
    return shown | {
        "reasons": list(told.reasons[:REASONS_MAX]), "submit": told.submit, "deadline": _when(told.until_ms),
        "appeal": told.appeal, "human_review": {"zh": _PEOPLE[0], "en": _PEOPLE[1]},
    }  # fmt: skip


_PEOPLE: Final = ("您有权要求由人工处理。", "You may ask that a person decides.")


def _begun(told: Told) -> tuple[str, str]:
    zh, en = _NAMES[told.measure]
    reasons = told.reasons[:REASONS_MAX]
    machine = ("由系统自动提出。", "A system proposed this.") if told.automated else ("", "")
    lines_zh = [
        f"关于您的账户：{zh}。", machine[0], told.why.get("zh", ""),
        f"原因：{'；'.join(one['zh'] for one in reasons)}。" if reasons else "",
        f"您可以提交：{told.submit['zh']}，请于 {_when(told.until_ms)} 前提交。" if told.submit.get("zh") else "",
        told.appeal.get("zh", ""), _PEOPLE[0],
    ]  # fmt: skip
    lines_en = [
        f"About your account: {en}.", machine[1], told.why.get("en", ""),
        f"Reasons: {'; '.join(one['en'] for one in reasons)}." if reasons else "",
        f"You can send us: {told.submit['en']}, by {_when(told.until_ms)}." if told.submit.get("en") else "",
        told.appeal.get("en", ""), _PEOPLE[1],
    ]  # fmt: skip
    return "".join(lines_zh), " ".join(line for line in lines_en if line)


def _prolonged(told: Told) -> tuple[str, str]:
    zh, en = _NAMES[told.measure]
    until = _when(told.until_ms)
    return (
        f"两名工作人员核查后确认了此措施：{zh}。最迟于 {until} 结束或再次复核。{told.appeal.get('zh', '')}",
        f"Two people have looked into this and confirmed it: {en}. It ends or is looked at again by {until}. "
        f"{told.appeal.get('en', '')}".rstrip(),
    )


def _ended(told: Told) -> tuple[str, str]:
    zh, en = _NAMES[told.measure]
    if told.how_ended == "refused":
        return f"此前通知的措施（{zh}）不会执行。", f"What we told you of will not be carried out: {en}."
    return f"此前的措施（{zh}）已经结束，平台正在为您恢复。", f"This has ended: {en}. The platform is undoing it."


def _apology(told: Told) -> tuple[str, str]:
    zh, en = _NAMES[told.measure]
    return (
        f"您的申诉成立。此前的措施（{zh}）已立即解除，相关记录已更正。给您带来不便，我们深表歉意。",
        f"Your appeal was upheld. This was lifted at once: {en}. Our records were corrected. "
        "We are sorry for the trouble.",
    )


def _rejected(told: Told) -> tuple[str, str]:
    zh, en = _NAMES[told.measure]
    return (
        f"工作人员已复核您的申诉，此措施维持不变：{zh}。您可以提交新的材料再次申诉，也可以向监管部门投诉或向法院起诉。",
        f"Somebody else has looked into your appeal, and this stays: {en}. You can appeal again with new documents, "
        "complain to the regulator or go to court.",
    )


_TEXTS: Final[dict[NoticeKind, Callable[[Told], tuple[str, str]]]] = {
    "begun": _begun, "prolonged": _prolonged, "ended": _ended, "apology": _apology, "rejected": _rejected,
}  # fmt: skip


def _when(moment_ms: int) -> str:
    """A time for people to read.

    >>> _when(1_767_601_800_000)
    '2026-01-05 08:30 UTC'
    """
    return datetime.fromtimestamp(moment_ms // SECOND_MS, UTC).strftime("%Y-%m-%d %H:%M UTC")
