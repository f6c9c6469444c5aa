"""The words of a comparison of arms, in English and Chinese."""

from __future__ import annotations

from typing import Final

from bonafide.lab.arms.told import Note
from bonafide.lab.explain.words import Lang

_SAID: Final[dict[str, tuple[str, str]]] = {
    "title": ("A rollout, arm by arm", "按比例试用：分组对照"),
    "lead": (
        "{events} events of {subjects} subjects decided in arms from {first} to {last} ({days} days).",
        "{first} 至 {last}（{days} 天），{subjects} 个主体的 {events} 个事件按分组作出决定。",
    ),
    "judged latent": ("Payments are judged by the truth.", "支付按真实情况评估。"),
    "judged arrived": ("Payments are judged by the labels that had arrived.", "支付按已到达的标签评估。"),
    "not judged": (
        "No labels were given: nothing says which alerts are right.", "未提供标签：无法说明哪些告警是对的。",
    ),
    "champion": ("champion", "现行组"), "challenger": ("challenger", "试用组"), "control": ("control", "对照组"),
    "warnings": ("Look here first", "先看这里"), "notes": ("Notes", "说明"), "again": ("Again", "重现"),
    "arms": ("The arms", "各组"), "arm": ("arm", "分组"), "subjects": ("subjects", "主体"),
    "share": ("share", "占比"), "of": ("was to be {share}", "应为 {share}"), "events": ("events", "事件"),
    "outcomes": ("Outcomes, events and money", "各类结果的事件数与金额"),
    "differences": ("Challenger less {against}", "试用组减{against}"),
    "differences told": (
        "With 95 % intervals that know that the events of one subject go together. Bold: the interval leaves zero out. "
        "Of {count} such figures about one in twenty does so by chance.",
        "附 95% 区间，已计入同一主体的事件彼此相关。加粗表示区间不含零；{count} 项指标中，约每二十项会有一项纯属偶然。",
    ),
    "figure": ("figure", "指标"), "difference": ("difference", "差值"), "interval": ("95 % interval", "95% 区间"),
    "few": ("too few", "主体过少"),
    "before": ("Were they alike before?", "试用之前是否相近？"),
    "before told": (
        "What the same subjects had done before the first of them was drawn. Beyond 3.3 standard errors is warned of.",
        "同一批主体在分组之前的情况。相差超过 3.3 个标准误时给出提醒。",
    ),
    "z": ("standard errors", "标准误"),
    "seen": ("share seen before", "此前出现过的占比"), "events before": ("events each", "人均事件"),
    "alerts": ("alerts each", "人均告警"), "cash_out before": ("cash-out each", "人均套现"),
    "log_money": ("money each (logarithm)", "人均金额（对数）"),
    "alerts_a_day": ("alerts a day of 10,000 subjects", "每万个主体日均告警"),
    "alerted_per_10000": ("alerts of 10,000 events", "每万个事件的告警"),
    "warned_per_10000": ("warned of 10,000 events", "每万个事件被提醒"),
    "stopped_per_10000": ("held or declined of 10,000 events", "每万个事件被暂缓或拒绝"),
    "money_stopped_fraction": ("share of payments' money held or declined", "被暂缓或拒绝的支付金额占比"),
    "measures": ("measures proposed of 10,000 subjects", "每万个主体的拟采取措施"),
    "honest_disturbed_per_10000": ("honest payments disturbed of 10,000", "每万笔正常支付受打扰"),
    "honest_users_disturbed": ("honest users disturbed of 10,000", "每万名正常用户受打扰"),
    "cash_out": ("cash-out payments of 10,000 subjects", "每万个主体的套现支付"),
    "cash_out_caught": ("cash-out caught of 10,000 subjects", "每万个主体拦下的套现支付"),
    "cash_out_missed": ("cash-out missed of 10,000 subjects", "每万个主体漏过的套现支付"),
    "money_caught_fraction": ("share of cash-out money caught", "拦下的套现金额占比"),
    "precision": ("precision of alerts on payments", "支付告警的准确率"),
    "relative": ("as a share of {against}", "相对{against}的比例"),
    "unlike sizes": (
        "The arm {arm} has {share} % of the subjects and was to have {wanted} %: more than chance explains. See "
        "whether some were turned away, or their events are missing here.",
        "{arm}占主体的 {share} %，应为 {wanted} %，超出偶然范围。请查看是否有主体未能分组，或其事件未在此表中。",
    ),
    "unlike before": (
        "Before the rollout the arms challenger and {against} differed in: {figure} ({challenger} and {other}, {z} "
        "standard errors). What differs now may have differed before.",
        "试用之前，试用组与{against}在“{figure}”上已有差异（{challenger} 与 {other}，{z} 个标准误），"
        "现在的差异可能早已存在。",
    ),
    "nothing before": (
        "Nothing in the table came before the rollout, so nobody can say whether the arms were alike then.",
        "表中没有试用之前的决定，无法说明各组此前是否相近。",
    ),
    "arms before": (
        "Another bundle decided in arms before this one, so arms may differ by what it did.",
        "此前另有规则包按分组作出决定，各组差异可能由其造成。",
    ),
    "no labels": (
        "No labels were given, so nothing says which alerts are right; give --truth.",
        "未提供标签，无法说明哪些告警是对的；请用 --truth 提供。",
    ),
    "labels arrive": (
        "Judged by the labels that had arrived, which come sooner where the challenger raised an alert.",
        "按已到达的标签评估；试用组发出告警的支付，标签往往更早到达。",
    ),
}  # fmt: skip


def note_text(note: Note, lang: Lang) -> str:
    """A note in words; arms and figures among its parts are called as elsewhere."""
    parts = dict(note.parts)
    for name in ("arm", "against"):
        if name in parts:
            parts[name] = said(parts[name], lang)
    if "figure" in parts:
        parts["figure"] = said(name_before(parts["figure"]), lang)
    return said(note.name, lang, **parts)


def said(name: str, lang: Lang, **parts: object) -> str:
    """A text with its parts put in."""
    return _SAID[name][lang == "zh"].format(**parts)


def name_before(name: str) -> str:
    """What a figure of what came before is called among these words."""
    return f"{name} before" if f"{name} before" in _SAID else name
