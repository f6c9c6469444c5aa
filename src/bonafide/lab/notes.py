"""What a reader of an evaluation must know beside its figures, in English and Chinese."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from bonafide.lab.chosen_labels import show_as_of
from bonafide.lab.judged import Judged

_SAID: Final[dict[str, tuple[str, str]]] = {
    "nothing": (
        "No decided payment has a label, so there is nothing to judge.",
        "没有任何已决定的支付带有标签，无从评估。",
    ),
    "no positives": (
        "No judged payment is cash-out, so figures about catching it are undefined.",
        "被评估的支付中没有套现，与拦截有关的指标没有定义。",
    ),
    "no negatives": (
        "Every judged payment is cash-out, so figures that need honest payments are undefined.",
        "被评估的支付全是套现，需要正常支付的指标没有定义。",
    ),
    "unlabelled": (
        "Decided payments without a label, not judged: {number:,} of {payments:,}.",
        "没有标签、未被评估的支付：{payments:,} 笔中的 {number:,} 笔。",
    ),
    "arrived": (
        "Judged by the labels that had arrived by {as_of}: {number:,} of {payments:,} decided payments had one.",
        "按截至 {as_of} 已到达的标签评估：{payments:,} 笔已决定的支付中有 {number:,} 笔带有标签。",
    ),
    "wrong": (
        "Of these labels {number:,} differ from the truth: {as_bad:,} honest payments called cash-out, "
        "{as_honest:,} cash-out payments called honest.",
        "其中 {number:,} 个标签与真实情况不符：{as_bad:,} 笔正常支付被标为套现，{as_honest:,} 笔套现被标为正常。",
    ),
    "unmatched": (
        "Labels that name no decided payment, not used: {number:,}.",
        "没有对应已决定支付、未被使用的标签：{number:,} 个。",
    ),
    "currencies": (
        "Money figures are in {currency}; judged payments left out of them: {others}.",
        "金额以 {currency} 计；未计入金额的支付：{others}。",
    ),
    "fewer resamples": (
        "Intervals rest on {drawn} resamples, not {asked}, because the log is long.",
        "日志较长，区间基于 {drawn} 次重抽样，而不是 {asked} 次。",
    ),
    "unsure": (
        "Too few payers for some intervals; they are left out.",
        "付款人太少，部分区间无法给出。",
    ),
}  # fmt: skip
_OTHER: Final = ("{number:,} in {currency}", "{currency} {number:,} 笔")


class Note(NamedTuple):
    """One remark: which, and what it is about."""

    name: str
    parts: Mapping[str, Any] = {}

    def text(self, lang: str = "en") -> str:
        """The remark as a sentence; `lang` is en or zh."""
        parts = dict(self.parts)
        if self.name == "currencies":
            others = (_OTHER[lang == "zh"].format(currency=code, number=n) for code, n in parts["others"])
            parts["others"] = ("、" if lang == "zh" else ", ").join(others)
        return _SAID[self.name][lang == "zh"].format(**parts)


def notes_on(judged: Judged, *, unsure: bool, asked: int, drawn: int) -> tuple[Note, ...]:
    """The remarks on an evaluation, of which `asked` resamples were wished for and `drawn` made.

    `unsure` says that a figure which is defined has no interval.
    """
    n, positives = judged.rows.height, int(judged.rows["bad"].sum())
    notes = []
    if n == 0:
        notes.append(Note("nothing"))
    elif positives in (0, n):
        notes.append(Note("no negatives" if positives else "no positives"))
    notes += _on_labels(judged)
    counted = judged.rows["currency"].value_counts().sort("count", "currency", descending=[True, False])
    others = [(code, number) for code, number in counted.iter_rows() if code != judged.currency]
    if others:
        notes.append(Note("currencies", {"currency": judged.currency, "others": others}))
    if drawn < asked:
        notes.append(Note("fewer resamples", {"drawn": drawn, "asked": asked}))
    if 0 < positives < n and drawn and unsure:
        notes.append(Note("unsure"))
    return tuple(notes)


def _on_labels(judged: Judged) -> list[Note]:
    rows, notes = judged.rows, []
    if judged.labels.kind == "arrived":
        parts = {"as_of": show_as_of(judged.labels), "number": rows.height, "payments": judged.payments}
        notes.append(Note("arrived", parts))
        called = Counter(rows.filter("wrong")["bad"].to_list())
        if called:
            wrong = {"number": called.total(), "as_bad": called[True], "as_honest": called[False]}
            notes.append(Note("wrong", wrong))
    elif judged.unlabelled:
        notes.append(Note("unlabelled", {"number": judged.unlabelled, "payments": judged.payments}))
    if judged.unmatched_labels:
        notes.append(Note("unmatched", {"number": judged.unmatched_labels}))
    return notes
