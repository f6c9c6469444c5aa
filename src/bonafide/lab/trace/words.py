"""The words in which a trace is told, in Chinese and English."""

from __future__ import annotations

from typing import Any, Final

from bonafide.core.moment import SECOND_MS
from bonafide.core.text import shorten
from bonafide.engine.rules.terms import money_told
from bonafide.lab.explain.words import Lang, moment_text, span_text, word

NAMES: Final[dict[str, tuple[str, str]]] = {
    "user": ("user", "用户"), "merchant": ("merchant", "商户"), "account": ("account", "账户"),
    "event": ("event", "事件"), "person": ("person", "个人"), "device": ("device", "设备"), "ip": ("ip", "网络地址"),
    "address": ("address", "地址"), "phone": ("phone", "电话"), "representative": ("representative", "法定代表人"),
    "in": ("in", "转入"), "out": ("out", "转出"),
    "role payer": ("it is the payer", "为付款人"), "role merchant": ("it is the merchant", "为收款商户"),
    "role between": ("the money went through an account of it", "资金经过其账户"),
    "role event": ("", ""), "role account": ("", ""),
}  # fmt: skip
"""English and Chinese of kinds of things and of roles."""
TOLD: Final[dict[str, tuple[str, str]]] = {
    "title": ("{kind} {id}   as of {time}", "{kind} {id}   截至 {time}"),
    "title empty": ("{kind} {id}", "{kind} {id}"),
    "account of": ("belongs to {owner}", "属于{owner}"),
    "account unknown": ("no link says whose it is", "没有账户关联说明归属"),
    "behind": ("concerns {people}", "涉及{people}"),
    "changed": ("the input {file} has changed since the replay", "输入文件 {file} 在回放之后有改动"),
    "money": ("Money that came home", "回流资金"),
    "not followed": (
        "The bundle that decided does not ask where money went: no feature counts loops and no rule names "
        "brought_home or loops_closed.",
        "作出决定的规则包没有追踪资金去向：没有特征统计资金回流，也没有规则使用 brought_home 或 loops_closed。",
    ),
    "no loops": ("No payment is known to have come home by a way that {id} stands on.", "未发现经过 {id} 的资金回流。"),
    "totals": (
        "{payments} came home: {home} of {amount} ({share}); {closed} closed a loop",
        "{payments}付款的资金回流：{home}，占付款 {amount} 的 {share}；其中 {closed} 笔构成闭环",
    ),
    "median": (
        "median: {delay} from payment to home, {hops}",
        "中位数：从付款到回流 {delay}，{hops}",
    ),
    "payments": ("{n} payments", "{n} 笔"), "payment": ("1 payment", "1 笔"),
    "between": ("Through whose hands", "经手账户"),
    "between row": ("{loops}   {account}", "{loops}   {account}"),
    "loops": ("{n} loops", "{n} 次"), "loop": ("1 loop", "1 次"),
    "of": (" of {owner}", "（{owner}）"),
    "ways": ("The ways, newest first", "资金路径（由新到旧）"),
    "way": (
        "{id}: {returned} home after {delay}, {hops}",
        "{id}：{delay}后回流 {returned}，{hops}",
    ),
    "hops": ("{n} hops", "转手 {n} 次"), "hop": ("1 hop", "转手 1 次"),
    "whole": ("{share} of {amount}", "占 {amount} 的 {share}"),
    "with earlier": ("{home} with what came before", "连同此前共 {home}"),
    "fee": ("fee or rest at most {fee}", "手续费或余额至多 {fee}"),
    "closes": ("closes the loop", "构成闭环"), "open": ("the loop stays open", "尚未构成闭环"),
    "step": ("{number}  {type} {id}   {time}   {amount}", "{number}  {type} {id}   {time}   {amount}"),
    "from to": ("{source} -> {target}", "{source} -> {target}"),
    "part": ("of it up to {part}", "其中至多 {part}"),
    "less": ("{less} less than before", "比上一步少 {less}"),
    "more ways": ("and {n} more; --limit shows more, --json all", "另有 {n} 条；用 --limit 显示更多，--json 显示全部"),
    "through": ("Through the account", "账户往来"),
    "flow": (
        "{direction}   {type}   {partner}   {events} x   {amount}   {span}",
        "{direction}   {type}   {partner}   {events} 次   {amount}   {span}",
    ),
    "more flows": ("and {n} more", "另有 {n} 项"),
    "found": ("What stands out", "值得注意"),
    "self": (
        "{user} pays {merchant} ({payments}), and both use {what}",
        "{user} 向{merchant} 付款（{payments}），且双方共用{what}",
    ),
    "common": ("{merchant} and {other} share {what}", "{merchant} 与{other} 共用{what}"),
    "parcel": (
        "tracking number {no} stands on {orders} orders ({people}): {ids}",
        "运单号 {no} 用于 {orders} 个订单（{people}）：{ids}",
    ),
    "more parcels": ("and {n} more tracking numbers on several orders", "另有 {n} 个运单号用于多个订单"),
    "shared": ("Shared with others", "与他人共用"),
    "none shared": ("Nothing that it used was used by anybody else.", "其使用过的资源均无他人使用。"),
    "nothing used": ("The log tells of nothing that it used.", "日志中没有其使用的设备、账户等记录。"),
    "resource": ("{what}   {span}", "{what}   {span}"),
    "resource of": ("{what}   {owner}, {span}", "{what}   {owner}，{span}"),
    "used by": ("also used by {others}", "还有{others} 使用"),
    "public": (
        "public: used by {people}",
        "公共资源，使用者：{people}",
    ),
    "alone": ("Nobody else used {n} more: {kinds}.", "另有 {n} 项无他人使用：{kinds}。"),
    "more": ("and {n} more", "等共另 {n} 个"),
    "more resources": ("and {n} more that others used; --json tells all", "另有 {n} 项与他人共用，--json 显示全部"),
    "nowhere": ("?", "？"),
    "picture": ("Money and ties of {kind} {id}", "{kind} {id} 的资金与关联"),
    "lane payer": ("paid by", "付款人"), "lane merchant": ("to", "商户"), "lane account": ("through", "经手"),
    "lane home": ("home to", "回到"),
    "lanes": (
        "Money that came home ({currency}; how much, how long after the payment)",
        "回流资金（{currency}；金额，付款后用时）",
    ),
    "no lanes": ("No money is known to have come home.", "未发现资金回流。"),
    "ties": ("Shared with others", "与他人共用"),
    "no ties": ("Nothing shared with others.", "无共用资源。"),
    "span": ("{first} to {last}", "{first} 至 {last}"),
    "count": ("{n}x", "{n}笔"),
    "day": ("d", "天"), "hour": ("h", "小时"), "minute": ("min", "分"),
    "more drawn": ("and {n} more ways", "另有 {n} 条路径"),
    "user pays": ("pays: {payments}", "付款：{payments}"),
    "merchant pays": ("is paid: {payments}", "收款：{payments}"),
    "users": ("{n} users", "用户 {n} 个"), "user": ("1 user", "用户 1 个"),
    "merchants": ("{n} merchants", "商户 {n} 个"), "merchant": ("1 merchant", "商户 1 个"),
}  # fmt: skip
"""English and Chinese of every sentence."""


def name_of(kind: str, lang: Lang) -> str:
    """A kind of thing, or an event's type."""
    return NAMES[kind][lang == "zh"] if kind in NAMES else word(kind, lang)


def told(name: str, lang: Lang, **parts: Any) -> str:
    """A sentence with its parts filled in."""
    return TOLD[name][lang == "zh"].format(**parts)


def counted(name: str, number: float, lang: Lang) -> str:
    """A number of payments, loops, hops, users or merchants."""
    shown = f"{number:,.0f}" if number == round(number) else f"{number:g}"
    return told(name if number == 1 else f"{name}s", lang, n=shown)


def people_told(users: int, merchants: int, lang: Lang) -> str:
    """How many users and merchants; of which there are none, those are not told."""
    numbers = [("user", users), ("merchant", merchants)]
    return ("，" if lang == "zh" else ", ").join(counted(name, n, lang) for name, n in numbers if n)


def thing(kind: str, name: str, lang: Lang) -> str:
    """Something with its kind."""
    return f"{name_of(kind, lang)} {shorten(name)}"


def time_told(moment_ms: int) -> str:
    """A moment to the second."""
    return moment_text(moment_ms - moment_ms % SECOND_MS)


def span_told(first: int, last: int, lang: Lang) -> str:
    """From when to when; one moment where both are the same."""
    begin, end = time_told(first), time_told(last)
    return begin if begin == end else told("span", lang, first=begin, last=end)


def delay_told(span_ms: int, lang: Lang) -> str:
    """A span to the second."""
    return span_text(span_ms // SECOND_MS, lang)


def share_told(part: int, whole: int, lang: Lang) -> str:
    """A part of a whole in percent."""
    share = 100 * part / whole if whole else 0.0
    return f"{share:.1f}" + ("%" if lang == "zh" else " %")


def amount_told(amount: int, currency: str, lang: Lang) -> str:
    """Money in major units."""
    return money_told(amount, currency, lang)
