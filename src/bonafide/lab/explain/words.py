"""The words in which a decision is explained, in Chinese and English: labels, sentences, numbers with their units."""

from __future__ import annotations

from math import isnan
from typing import Any, Final, Literal

from bonafide.core.fields import FIELDS
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.core.text import shorten
from bonafide.engine.rules.language import Apply, Equals, Missing, Name, Node, Number
from bonafide.engine.rules.terms import money_told, word_told

Lang = Literal["en", "zh"]

WORDS: Final[dict[str, tuple[str, str]]] = {
    "allow": ("allow", "放行"), "warn": ("warn", "提示"), "verify": ("verify", "核验"), "hold": ("hold", "暂缓"),
    "decline": ("decline", "拒绝"),
    "low": ("low", "低"), "medium": ("medium", "中"), "high": ("high", "高"), "critical": ("critical", "极高"),
    "user": ("user", "用户"), "merchant": ("merchant", "商户"),
    "outcome": ("outcome", "处置"), "score": ("score", "分数"), "risk level": ("risk level", "风险等级"),
    "alert": ("alert", "告警"), "yes": ("yes", "是"), "no": ("no", "否"), "weight": ("weight", "权重"),
    "holds": ("true", "成立"), "not": ("false", "不成立"), "unknown": ("unknown", "未知"),
    "credit score": ("credit score", "信用分"), "habits": ("spending habits", "消费习惯"),
    "credit_history": ("credit history", "信用历史"), "relations": ("relations", "关联关系"),
    "qualification": ("qualification", "资质"), "trading": ("trading", "经营"),
    "service": ("service", "履约与售后"), "buyers": ("buyers", "买家"), "record": ("record", "违规记录"),
    "under 30 days": ("under 30 days", "不足 30 天"), "30 to 90 days": ("30 to 90 days", "30 至 90 天"),
    "90 days to a year": ("90 days to a year", "90 天至一年"), "a year and more": ("a year and more", "一年以上"),
    "category and age": ("category and age", "类目及经营时长"), "age": ("age", "经营时长"),
    "missing": ("missing", "缺失"), "and of": ("all of", "全部成立"), "or of": ("any of", "任一成立"),
    "not of": ("not", "取反"),
    "user_merchant_loop": ("user and merchant in a loop", "用户与商户循环交易"),
    "drain_the_line": ("draining the line", "集中用尽额度"), "intensive_burst": ("intensive burst", "短时密集交易"),
    "repay_and_drain": ("repay and drain", "还后即刷"), "shaped_amounts": ("shaped amounts", "刻意凑整金额"),
    "cash_out_merchant": ("cash-out merchant", "套现商户"), "broker_ring": ("broker ring", "中介团伙"),
    "self_purchase": ("self purchase", "自买自卖"), "no_delivery": ("no delivery", "无真实发货"),
    "refund_elsewhere": ("refund elsewhere", "退款改道"), "burst_then_payout": ("burst, then payout", "暴增后即提现"),
    "bought_traffic": ("bought traffic", "买量刷单"), "off_hours": ("off hours", "异常时段"),
    "bust_out": ("bust-out", "透支跑路"), "perfect_bill": ("perfect bill", "完美账单"),
    "account_farm": ("account farm", "养号"),
}  # fmt: skip
"""English and Chinese of every word of a closed set, and of labels."""
SAID: Final[dict[str, tuple[str, str]]] = {
    "from": ("{outcome} from {low:.2f}", "{low:.2f} 分起为{outcome}"),
    "raised": ("the score alone says {outcome}; {rules} asks for more", "仅按分数为{outcome}；规则 {rules} 要求更严"),
    "by row": ("row {which} of the policy", "按策略第 {which} 行"),
    "by fault": ("the policy for the fault {which}", "按策略对故障 {which} 的规定"),
    "by list": ("the list {which} of the policy", "按策略名单 {which}"),
    "of": ("of {kind} {id}", "{kind} {id}"),
    "why": ("Why", "原因"), "told": ("What the person concerned is told", "告知当事人"),
    "submit": ("may hand in: {what}", "可提交：{what}"),
    "no submit": ("nothing to hand in", "无需提交材料"),
    "no rule": ("No rule hit: nothing about this event stands out.", "没有规则命中：未发现异常。"),
    "one rule": ("One rule hit; its weight is the score.", "命中 1 条规则，其权重即为分数。"),
    "rules": (
        "{n} rules hit; their weights count as independent odds: {sum}",
        "命中 {n} 条规则，各权重按独立概率合成：{sum}",
    ),
    "share": ("{share:.0f} % of the score", "占分数的 {share:.0f}%"),
    "modelled": (
        "A model scored this payment. The parts below add up to its margin {margin}, for which it gives the score "
        "{score}.",
        "本笔支付由模型评分。以下各项相加为边际值 {margin}，对应分数 {score}。",
    ),
    "modelled unseen": (
        "A model scored this payment; what each rule and input added is known only when it is derived again.",
        "本笔支付由模型评分；各规则与输入的贡献须重新推导后才能显示。",
    ),
    "base": ("where every payment begins", "所有支付的起点"), "margin": ("margin", "边际值"),
    "rule part": ("rule {rule}: {typology}", "规则 {rule}：{typology}"),
    "other inputs": ("all other inputs, {n} together", "其余输入，共 {n} 项"),
    "by reason": ("Rules and inputs by reason: {parts}", "规则与输入按原因汇总：{parts}"),
    "adds": ("adds {part} to the margin", "对边际值贡献 {part}"),
    "no rule yet": ("No rule hit.", "没有规则命中。"),
    "credit": ("Credit score of {kind} {id}", "{kind} {id} 的信用分"),
    "credit base": ("where every payer begins", "所有付款人的起点"),
    "credit sum": ("credit score, within 300 to 900: {level} risk", "信用分（范围 300 至 900）：风险{level}"),
    "costs": ("What would raise the score most, were it at its best", "改善到最佳时提分最多的项目"),
    "merchant base": ("where every merchant begins", "所有商户的起点"),
    "way up": (
        "The way back up: what would raise the score, and by how many points", "恢复路径：达到以下数值可提升的分数",
    ),
    "history": ("Week by week, beside merchants of its kind", "逐周分数及同类商户对比"),
    "peers": (
        "above {share} % of {n} merchants of its {by} ({category}, {age})",
        "高于 {n} 家同{by}商户中的 {share}%（{category}，{age}）",
    ),
    "no peers": ("no other merchant to compare with", "没有可比商户"),
    "way at most": ("{value} or less, now {now}", "降至 {value} 或以下，目前 {now}"),
    "way to none": ("none, now {now}", "降至 0，目前 {now}"),
    "way at least": ("{value} or more, now {now}", "升至 {value} 或以上，目前 {now}"),
    "no costs": ("Every input brings as many points as it can.", "各项均已达到最高分。"),
    "measures": ("Measures", "措施"),
    "measure proposed": ("{measure} to {kind} {id}, proposed until {until}", "{measure}：{kind} {id}，建议至 {until}"),
    "measure lift_proposed": (
        "{measure} to {kind} {id} (until {until}): proposed to be lifted",
        "{measure}：{kind} {id}（至 {until}），建议解除",
    ),
    "measure lifted": ("{measure} to {kind} {id}: lifted at {until}", "{measure}：{kind} {id}，已于 {until} 解除"),
    "measure rests": (
        "rests on the offences that began at place {places}; {n} count, over {amount}",
        "依据：始于日志序号 {places} 的事项；计入 {n} 次，涉及 {amount}",
    ),
    "measure id": ("called {id}", "编号 {id}"),
    "release": ("The hold ends by itself at {time}.", "暂缓到 {time} 自动解除。"),
    "no measures": ("none", "无"),
    "faults": ("Faults", "缺失与故障"),
    "missing: currency": (
        "the amount is in {currency}, for which the bundle has no rate to {own}; it counted as missing",
        "金额币种为 {currency}，规则包没有折算成 {own} 的汇率，金额按缺失处理",
    ),
    "versions": ("Versions", "版本"), "bundle": ("bundle", "规则包"), "digest": ("decision", "决定摘要"),
    "seq": ("place", "日志序号"),
    "arm": ("arm", "分组"),
    "arm champion": ("champion: decided by {bundle}", "现行组：由 {bundle} 作出决定"),
    "arm challenger": ("challenger: decided by {bundle}", "试用组：由 {bundle} 作出决定"),
    "arm control": (
        "control: decided by {bundle}, whatever the share grows to", "对照组：由 {bundle} 作出决定，不随比例扩大而变动",
    ),
    "shadow": ("shadow", "影子运行"),
    "shadow said": (
        "{bundle} would have said {outcome} (score {score}; {hits}); it had no effect",
        "{bundle} 会给出“{outcome}”（分数 {score}；{hits}），未生效",
    ),
    "no hits": ("no rule held", "无规则命中"),
    "same": ("derived again from the log: the same, byte for byte", "由日志重新推导，逐字节一致"),
    "differs": (
        "NOT the same when derived again from the log: {what}. What follows is as it was recorded.",
        "由日志重新推导的结果与记录不一致：{what}。以下按记录显示。",
    ),
    "not derived": (
        "not derived again: {why}. What follows is as it was recorded, without values.",
        "未能重新推导：{why}。以下按记录显示，不含取值。",
    ),
    "input missing": ("the input {file} is no longer there", "输入文件 {file} 已不在原处"),
    "input none": ("the summary names no inputs", "汇总文件没有记录输入文件"),
    "mapping gone": ("the mapping {file} cannot be used: {why}", "映射文件 {file} 无法使用：{why}"),
    "input unreadable": ("the inputs cannot be read: {why}", "无法读取输入文件：{why}"),
    "input changed": ("the input {file} has changed since the replay", "输入文件 {file} 在回放之后有改动"),
    "cannot look": ("the log cannot be searched: {why}", "无法查找日志：{why}"),
    "not in log": ("the log no longer holds the event in its place", "日志中原位置已没有该事件"),
    "closest": ("Closest to hitting", "最接近命中的规则"), "near": ("{part:.0f} % of the way", "接近程度 {part:.0f}%"),
    "event": ("The event", "事件字段"), "features": ("Features", "特征"),
    "trace": ("Rules, part by part", "规则逐项取值"),
    "again": (
        "the id was decided on more than once: at {seqs}; this is the last",
        "该编号有多次决定：序号 {seqs}；以下为最后一次",
    ),
    "conflict": (
        "a later record with the same id and other content was refused",
        "之后有编号相同、内容不同的记录被拒收",
    ),
    "no-key": ("missing: the event names no {names}", "缺失：事件没有 {names}"),
    "empty-window": ("missing: nothing in the window", "缺失：窗口内没有事件"),
    "no-values": (
        "missing: none of the {number} in the window has {names}",
        "缺失：窗口内 {number} 个事件都没有 {names}",
    ),
    "no-own-value": ("missing: the event has no {names}", "缺失：事件本身没有 {names}"),
    "no-spread": ("missing: all {number} values are equal", "缺失：{number} 个取值全部相同"),
    "silent": ("missing: silent for longer than it is kept", "缺失：沉默时间超过保留期"),
    "taught": (
        "{id} was not decided on: a {type} only teaches. It was taken in at place {seq} of the log ({time}).",
        "{id} 没有决定：{type}事件只用于积累信息。已计入日志，序号 {seq}（{time}）。",
    ),
    "derived": (
        "{id} is the label of an event in the log, which became known at {time} and taught as a verdict.",
        "{id} 是日志中某个事件的标签，于 {time} 得知，作为定性结论计入。",
    ),
    "refused": (
        "{id} was refused: {message} ({file}, line {line})",
        "{id} 被拒收（{file} 第 {line} 行），原因：{message}",
    ),
    "counts": ("Features that count such events: {names}.", "计入的特征：{names}。"),
    "counts none": ("It counts in no feature of this bundle.", "未计入此规则包的任何特征。"),
    "and more": ("and {n} more", "等共另 {n} 个"),
}  # fmt: skip
"""English and Chinese of every sentence."""
REFUSED_ZH: Final = {
    "malformed": "格式无法解析", "invalid-field": "字段 {field} 的值不被接受", "unknown-field": "有未知字段 {field}",
    "missing-field": "缺少字段 {field}", "future-time": "时间在未来", "too-late": "时间过早，超出允许的迟到范围",
    "conflict": "编号已用于内容不同的事件",
}  # fmt: skip
_OPERATORS_ZH: Final = {
    "and": "且", "or": "或", "not": "非", "min": "最小", "max": "最大", "abs": "绝对值", "coalesce": "首个非缺失",
    "round_to": "取整到",
}  # fmt: skip
_RANK: Final = {"or": 0, "and": 1, "not": 2, "+": 4, "-": 4, "*": 5, "/": 5}
_RANK_COMPARE: Final = 3
_SPANS: Final = (("d", "天", 86_400), ("h", "小时", 3_600), ("min", "分", 60))


def word(name: str, lang: Lang) -> str:
    """A word of a closed set or a label; what has no translation stands as it is."""
    return WORDS[name][lang == "zh"] if name in WORDS else word_told(name, lang)


def said(name: str, lang: Lang, **parts: Any) -> str:
    """A sentence with its parts filled in."""
    return SAID[name][lang == "zh"].format(**parts)


def number_text(value: float, unit: str, currency: str, lang: Lang) -> str:
    """A number with its unit; a missing one in a word."""
    if isnan(value):
        return word("missing", lang)
    match unit:
        case "money":
            return money_told(round(value), currency, lang)
        case "seconds" | "milliseconds":
            return span_text(value if unit == "seconds" else value / 1_000, lang)
        case "moment":
            return moment_text(int(value))
        case "fraction":
            return f"{100 * value:.1f}" + ("%" if lang == "zh" else " %")
        case "bits":
            return f"{value:.2f} " + ("比特" if lang == "zh" else "bits")
        case "day":
            return moment_text(int(value) * DAY_MS)[:10]
        case "score":
            return f"{value:.2f}"
        case _:
            return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def span_text(seconds: float, lang: Lang) -> str:
    """A span in its two largest units.

    >>> span_text(90061.5, "en"), span_text(61, "zh"), span_text(0.5, "en")
    ('1 d 1 h', '1分1秒', '0.5 s')
    """
    parts: list[str] = []
    rest = seconds
    for en, zh, size in _SPANS:
        if rest >= size or parts:
            number, rest = divmod(rest, size)
            if number:
                parts.append(f"{number:.0f}{zh}" if lang == "zh" else f"{number:.0f} {en}")
    if not parts or (rest and len(parts) < 2):
        parts.append(f"{rest:g}秒" if lang == "zh" else f"{rest:g} s")
    return ("" if lang == "zh" else " ").join(parts[:2])


def moment_text(moment_ms: int) -> str:
    """A moment in UTC as people read it; milliseconds only where there are some."""
    return show_moment(moment_ms).replace("T", " ").replace(".000Z", "Z").replace("Z", " UTC")


def expression_text(node: Node, lang: Lang) -> str:
    """An expression as rules write it; in Chinese its operators are Chinese words.

    >>> expression_text(Apply("not", (Missing("ip"),), "truth"), "en")
    'ip is not missing'
    """
    return _text(node, lang, -1)


def _text(node: Node, lang: Lang, outer: int) -> str:
    match node:
        case Number(value):
            return f"{value:.0f}" if value == round(value) else repr(value)
        case Name(name):
            return name
        case Missing(name):
            return f"{name} is missing" if lang == "en" else f"{name} 缺失"
        case Equals():
            return _equals_text(node, lang)
        case Apply("not", (Missing(name),)):
            return f"{name} is not missing" if lang == "en" else f"{name} 不缺失"
        case Apply("is missing", (part,)):
            return _text(part, lang, 9) + (" is missing" if lang == "en" else " 缺失")
        case Apply("-", (Number(0.0), part)):
            return f"-{_text(part, lang, 6)}"
        case Apply(op, parts) if op in {"min", "max", "abs", "coalesce", "round_to"}:
            name = _OPERATORS_ZH[op] if lang == "zh" else op
            return f"{name}({', '.join(_text(p, lang, -1) for p in parts)})"
        case Apply(op, parts):
            rank = _RANK.get(op, _RANK_COMPARE)
            shown = _OPERATORS_ZH.get(op, op) if lang == "zh" else op
            last = rank + (op in {"-", "/"})
            texts = [_text(p, lang, last if n else rank) for n, p in enumerate(parts)]
            text = f"{shown} {texts[0]}" if op == "not" else f" {shown} ".join(texts)
            return f"({text})" if rank < outer else text
    raise AssertionError(f"no text for {node}")


def _equals_text(node: Equals, lang: Lang) -> str:
    if node.other is not None:
        return f"{node.field} == {node.other}"
    within = "in" if lang == "en" else "属于"
    if node.list_name is not None:
        return f"{node.field} {within} {node.list_name}"
    values = [str(v).lower() if isinstance(v, bool) else f"'{shorten(v)}'" for v in node.values]
    if len(values) == 1:
        return node.field if node.values == (True,) else f"{node.field} == {values[0]}"
    shown = ", ".join(values[:8]) + (f", ... ({len(values)})" if len(values) > 8 else "")
    return f"{node.field} {within} [{shown}]"


def value_text(name: str, value: Any, currency: str, lang: Lang) -> str:
    """The value of an event's field."""
    kind = "word" if name == "type" else FIELDS[name].kind
    match kind:
        case "money":
            return money_told(value, currency, lang)
        case "moment":
            return moment_text(value) if value >= 0 else str(value)
        case "word" if name != "currency":
            return word(str(value), lang)
        case "flag":
            return word("yes" if value else "no", lang)
        case "fraction":
            return f"{value:g}"
        case _:
            return shorten(str(value))
