"""The words of a back-test's page, in English and Chinese."""

from __future__ import annotations

from typing import Final

from bonafide.lab.explain.words import Lang

_SAID: Final[dict[str, tuple[str, str]]] = {
    "title": ("What other bundles would have decided", "换一套规则包，决定会有何不同"),
    "lead": (
        "{events} records, {decided} decided on; payments from {first} to {last} (UTC). Champion: {champion}.",
        "共 {events} 条记录，其中 {decided} 条作出决定；支付时间 {first} 至 {last}（UTC）。现行规则包：{champion}。",
    ),
    "judged latent": (
        "{labelled} payments of {payers} payers judged by the truth, {bad} of them cash-out.",
        "按真实情况评估了 {payers} 位付款人的 {labelled} 笔支付，其中套现 {bad} 笔。",
    ),
    "judged arrived": (
        "{labelled} payments of {payers} payers judged by the labels that had arrived, {bad} of them cash-out.",
        "按已到达的标签评估了 {payers} 位付款人的 {labelled} 笔支付，其中套现 {bad} 笔。",
    ),
    "not judged": (
        "No labels were given: nothing says which alerts are right.", "未提供标签：无法说明哪些告警是对的。",
    ),
    "cached": ("Judged from kept features, without walking the log.", "依据已保存的特征评估，未重走日志。"),
    "bundles": ("The bundles", "各规则包"), "bundle": ("bundle", "规则包"),
    "champion": ("champion", "现行"), "how": ("how", "方式"), "alerts": ("alerts", "告警"),
    "alerts a day": ("alerts a day", "日均告警"), "most": ("most", "最多"),
    "over": ("days over budget", "超出人力的天数"), "unread": ("unread at the end", "期末未读"),
    "money caught": ("cash-out money caught", "拦下的套现金额"), "precision": ("precision", "准确率"),
    "disturbed": ("honest disturbed of 10,000", "每万笔正常支付受打扰"),
    "users disturbed": ("honest users disturbed of 10,000", "每万名正常用户受打扰"),
    "more": ("champion {by}", "较现行 {by}"),
    "shared": ("one state with the champion", "与现行共用状态"), "own": ("a walk of its own", "单独重放"),
    "cache": ("kept features", "已保存的特征"), "table": ("a table of decisions", "决定表"),
    "pair told": (
        "Right is more cash-out money caught, down is fewer honest people disturbed. Bars: 95 % intervals.",
        "越靠右拦下的套现金额越多，越靠下打扰的正常支付越少。线段为 95% 区间。",
    ),
    "days": ("Alerts a day", "每日告警"),
    "days told": ("The dashed line is the budget: {budget} a day.", "虚线为每日可处理的数量：{budget}。"),
    "day": ("day", "日期"),
    "swaps": ("What changes with {name}", "换成 {name} 后的变化"),
    "swaps told": (
        "{changed} events get another outcome: {new} new alerts, {gone} gone. {scores} scores differ.",
        "{changed} 个事件结果不同：新增告警 {new}，消失告警 {gone}。分数不同的有 {scores} 个。",
    ),
    "no swaps": ("No event gets another outcome.", "没有事件的结果发生变化。"),
    "from": ("from", "原结果"), "to": ("to", "新结果"), "events": ("events", "事件"), "money": ("money", "金额"),
    "cash-out": ("cash-out", "套现"), "honest": ("honest", "正常"), "examples": ("Examples", "示例"),
    "event": ("event", "事件"), "amount": ("amount", "金额"), "truth": ("truth", "真实情况"),
    "score": ("score", "分数"), "hits": ("rules that held", "命中的规则"), "who": ("payer, merchant", "付款人、商户"),
    "typologies": ("By typology", "按套现类型"), "typology": ("typology", "类型"), "payments": ("payments", "支付"),
    "typologies told": (
        "Share of each kind's payments that were alerted, and how many.", "每类支付中被告警的比例及数量。",
    ),
    "rules": ("What each rule of {name} adds", "{name} 中每条规则的贡献"),
    "rules told": (
        "Lost: what would no longer be alerted if this rule alone were taken out; nothing where others cover it.",
        "损失：仅去掉该规则后不再告警的部分。被其他规则覆盖的规则没有损失。",
    ),
    "rule": ("rule", "规则"), "weight": ("weight", "权重"), "alone": ("alone", "单独命中"),
    "alerts lost": ("alerts lost", "损失告警"), "cash-out lost": ("cash-out lost", "损失套现笔数"),
    "money lost": ("money lost", "损失金额"), "spared": ("honest spared", "免受打扰的正常支付"),
    "never": ("Never held: {names}.", "从未命中：{names}。"),
    "overlaps": ("Rules that hold together", "经常同时命中的规则"),
    "overlap": ("{one} and {other}: {both} times, {share} of the rarer one's hits",
                "{one} 与 {other}：{both} 次，占较少者命中的 {share}"),
    "notes": ("Notes", "说明"), "again": ("How to get this again", "如何复现"),
    "intervals": (
        "95 % intervals from {resamples} resamples of {payers} payers, the same for all bundles.",
        "95% 区间由对 {payers} 位付款人重抽样 {resamples} 次得到，各规则包使用相同的样本。",
    ),
}  # fmt: skip


def said(key: str, lang: Lang, **parts: object) -> str:
    """A text of the page, not escaped."""
    return _SAID[key][1 if lang == "zh" else 0].format(**parts)
