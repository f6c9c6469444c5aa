"""The words of a report, in English and Chinese."""

from __future__ import annotations

from typing import Any, Final

from bonafide.lab.explain.words import Lang, word
from bonafide.lab.lookalikes import LOOKALIKES

_SAID: Final[dict[str, tuple[str, str]]] = {
    "title": ("What these decisions caught, and whom they disturbed", "这些决定拦下了什么，打扰了谁"),
    "lead": (
        "{n} payments of {payers} payers judged, {bad} of them cash-out{share}; {from_day} to {to_day} (UTC).",
        "评估了 {payers} 位付款人的 {n} 笔支付，其中套现 {bad} 笔{share}；{from_day} 至 {to_day}（UTC）。",
    ),
    "lead nothing": ("No payment could be judged.", "没有可以评估的支付。"),
    "latent": ("Judged by the truth.", "按真实情况评估。"),
    "arrived": ("Judged by the labels that had arrived by {as_of}.", "按截至 {as_of} 已到达的标签评估。"),
    "caught": ("Caught", "拦下"), "missed": ("Slipped through", "漏过"), "disturbed": ("Disturbed", "打扰正常支付"),
    "caught told": (
        "{percent} of cash-out money{interval}: the payment was asked to verify, held or declined",
        "占套现金额的 {percent}{interval}：支付被要求核验、暂缓或拒绝",
    ),
    "missed told": (
        "of {whole} of cash-out, which went through without a question",
        "套现共 {whole}，其中未受任何询问即通过的金额",
    ),
    "disturbed big": ("{per} in 10,000", "每万笔 {per} 笔"),
    "disturbed told": (
        "honest payments{interval}: {disturbed} of {honest}, worth {money}; {stopped} were held or declined",
        "正常支付{interval}：{honest} 笔中的 {disturbed} 笔，金额 {money}；其中暂缓或拒绝 {stopped} 笔",
    ),
    "hours": ("hours until half of the payers caught were caught", "小时内，半数被拦付款人已被拦下"),
    "line saved": (
        "of cash-out money was not yet spent at its payer's first alert",
        "的套现金额在其付款人首次告警时尚未用出",
    ),
    "user found": (
        "of the first {budget} users of each day had cashed out that day",
        "的用户当天确有套现（每天排名前 {budget}）",
    ),
    "merchant found": (
        "of the first {budget} merchants of each day had sold to cash-out",
        "的商户当天确有套现交易（每天排名前 {budget}）",
    ),
    "ranking": ("How well the score ranks", "分数的排序能力"),
    "ranking told": (
        "Shaded: 95 % interval, payers drawn again and again. The dot is what the policy alerts on.",
        "阴影为 95% 区间（对付款人反复重抽样）。圆点为策略实际告警的位置。",
    ),
    "roc": ("Caught against disturbed", "拦下与打扰"),
    "roc near": ("The same, up close", "同上，放大左端"),
    "pr": ("How much of an alert is true", "告警有多少为真"),
    "fpr": ("honest payments disturbed", "受打扰的正常支付"),
    "fpr log": ("honest payments disturbed, logarithmic", "受打扰的正常支付（对数）"),
    "recall": ("cash-out caught", "拦下的套现"), "precision": ("alerts that are cash-out", "告警中的套现"),
    "policy": ("policy", "策略"),
    "policy tip": (
        "The policy alerts on {recall} of cash-out and {fpr} of honest payments; {precision} of alerts are cash-out",
        "策略告警覆盖 {recall} 的套现和 {fpr} 的正常支付；告警中 {precision} 为套现",
    ),
    "figure": ("figure", "指标"), "value": ("value", "数值"), "interval": ("95 % interval", "95% 区间"),
    "auc": ("AUC: a cash-out payment outranks an honest one", "AUC：套现支付排在正常支付之前的概率"),
    "ap": ("average precision", "平均精确率（AP）"),
    "ks": ("KS: largest distance of the two classes", "KS：两类分布的最大距离"),
    "recall_at_precision_90": ("recall at precision 0.9", "精确率 0.9 时的召回率"),
    "recall_at_precision_10": ("recall at precision 0.1", "精确率 0.1 时的召回率"),
    "tc_score": ("TC score", "TC 分数"),
    "tpr_at_fpr": ("recall, {rate} of honest payments disturbed", "打扰 {rate} 正常支付时的召回率"),
    "precision_at_budget": ("precision, first {budget} payments of each day", "每天前 {budget} 笔支付的精确率"),
    "recall_at_budget": ("recall, first {budget} payments of each day", "每天前 {budget} 笔支付的召回率"),
    "user_precision_at_budget": ("precision, first {budget} users of each day", "每天前 {budget} 位用户的精确率"),
    "merchant_precision_at_budget": (
        "precision, first {budget} merchants of each day",
        "每天前 {budget} 家商户的精确率",
    ),
    "scores": ("Scores of cash-out and of honest payments", "套现与正常支付的分数分布"),
    "scores told": (
        "How many of each hundred payments of a class have a score in that band; the scale is logarithmic.",
        "每类支付中分数落在各区间的比例；纵轴为对数。",
    ),
    "score": ("score", "分数"), "share of class": ("share of the class", "占该类的比例"),
    "bad": ("cash-out", "套现"), "honest": ("honest", "正常"),
    "money": ("Cash-out money by day", "每日套现金额"),
    "money of days": ("Cash-out money by {days} days", "每 {days} 天套现金额"),
    "typologies": ("Cash-out caught, by typology", "各类套现的拦截"),
    "typology": ("typology", "类型"), "payments": ("payments caught", "拦下笔数"),
    "money column": ("money caught", "拦下金额"),
    "of": ("{part} of {whole}", "{part} / {whole}"),
    "hard": ("Honest trade that looks like cash-out", "形似套现的正常交易"),
    "hard told": (
        "How many of 10,000 such payments were disturbed. Darker: held or declined.",
        "此类支付每万笔中受打扰的笔数。深色：被暂缓或拒绝。",
    ),
    "kind": ("kind", "种类"), "per 10,000": ("in 10,000", "每万笔"), "disturbed column": ("disturbed", "受打扰"),
    "stopped column": ("held or declined", "暂缓或拒绝"),
    "delay": ("Hours to detection", "发现用时"),
    "delay told": (
        "Payers alerted on a cash-out payment, by hours since their first one: {caught} of {payers} in the end.",
        "从首笔套现起，付款人被告警所需的小时数：最终 {payers} 位中的 {caught} 位。",
    ),
    "delay axis": ("hours since the first cash-out payment", "距首笔套现的小时数"),
    "payers caught": ("payers caught", "被拦付款人"),
    "calibration": ("Does a score mean what it says?", "分数是否名副其实？"),
    "calibration told": (
        "Payments by band of score: what the score says, and what share was cash-out. Dots on the dashed line would be "
        "probabilities. A score that only adds up the weights of rules need not be one.",
        "按分数区间：分数所说的概率与实际套现比例。落在虚线上即为概率；仅由规则权重合成的分数不一定是概率。",
    ),
    "mean score": ("mean score", "平均分数"), "true share": ("cash-out", "套现比例"),
    "band tip": ("{n} payments, mean score {score}: {share} cash-out", "{n} 笔支付，平均分数 {score}：{share} 为套现"),
    "notes": ("Notes", "说明"),
    "no notes": ("Nothing was left out.", "没有遗漏。"),
    "again": ("How to get this again", "如何重现"),
    "bundle": ("bundle", "规则包"), "decisions": ("decisions", "决定"), "truth": ("truth", "真实标签"),
    "draws": (
        "{resamples} resamples of {payers} payers, seed {seed}; a budget of {budget} a day",
        "对 {payers} 位付款人重抽样 {resamples} 次，种子 {seed}；每天 {budget} 个名额",
    ),
    "none": ("none", "无"),
}  # fmt: skip


def said(name: str, lang: Lang, **parts: Any) -> str:
    """A sentence or word of the report with its parts filled in."""
    return _SAID[name][lang == "zh"].format(**parts)


def kind_name(name: str, lang: Lang) -> str:
    """A typology or a kind of honest trade as people call it."""
    if name in LOOKALIKES:
        return LOOKALIKES[name][lang == "zh"]
    told = word(name, lang)
    return told.replace("_", " ") if lang == "en" else told


def between(low: str, high: str, lang: Lang) -> str:
    """The ends of an interval, in brackets."""
    return f"（{low}–{high}）" if lang == "zh" else f" ({low} to {high})"
