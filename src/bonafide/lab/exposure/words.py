"""The words of an exposure report, in English and Chinese."""

from __future__ import annotations

from typing import Final

from bonafide.lab.explain.words import Lang

_SAID: Final[dict[str, tuple[str, str]]] = {
    "title": ("Exposure and early warning", "敞口与早期预警"),
    "lead": (
        "As of {as_of}: {open} open on credit, owed by {owing} payers in {debts} debts; {missed} of it is missed by "
        "now. {before} was owed before the log began.",
        "截至 {as_of}：未还信用余额 {open}，涉及 {owing} 位付款人、{debts} 笔债务；其中 {missed} 已逾期未付。"
        "{before} 为日志开始前的欠款。",
    ),
    "loss": ("What of it will be lost", "预计损失"),
    "loss told": (
        "Lost is what a bill that was reported missed covers and nobody has paid since. Of what is open now, by the "
        "end of each horizon; the interval holds nine times in ten.",
        "损失指账单被报告未付、此后也未偿还的部分。下表为当前余额在各期限末的损失及其 90% 区间。",
    ),
    "no forecast": (
        "No forecast, reserves or expected losses: they need a log of {n} days before this moment.",
        "没有预测、准备金与预期损失：此前的日志须满 {n} 天。",
    ),
    "bars told": ("Grey: open. Red: missed by now.", "灰色：未还余额；红色：已逾期未付。"),
    "horizon": ("within", "期限"), "days": ("{n} days", "{n} 天"), "mean": ("expected", "预期"),
    "span": ("90 % interval", "90% 区间"), "span of": ("90 % interval, {n} days", "90% 区间（{n} 天）"),
    "share": ("of what is open", "占余额"),
    "open": ("open", "未还余额"), "missed": ("missed by now", "已逾期未付"), "payers": ("payers", "付款人"),
    "debts": ("debts", "债务笔数"),
    "month": ("By month of the payment", "按支付月份"), "month of": ("month", "月份"),
    "first sale": ("By month of the merchant's first sale", "按商户首笔销售月份"),
    "vintage told": (
        " The whisker is what will be lost within {n} days.",
        "线段：{n} 天内的损失区间。",
    ),
    "ring": ("By ring", "按团伙"), "ring of": ("ring", "团伙"),
    "ring told": (
        "Users and merchants who hang together by shared resources. A debt belongs to the ring of its merchant, else "
        "to its payer's.",
        "因共用资源而相互关联的用户与商户。债务归入其商户所在团伙，否则归入付款人所在团伙。",
    ),
    "no ring": ("No ring owes anything.", "没有团伙欠款。"),
    "merchants": ("Merchants with most open, and their reserve", "余额最大的商户及其准备金"),
    "merchants told": (
        "The reserve is the expected loss within {n} days over what is open, with its interval. Held is what the "
        "platform has not paid out yet. All merchants stand in `merchants.parquet`.",
        "准备金比例为 {n} 天内预期损失与未还余额之比及其区间。“待结算”为平台尚未付出的货款。"
        "全部商户见 `merchants.parquet`。",
    ),
    "merchant": ("merchant", "商户"), "reserve": ("reserve", "准备金"), "held": ("held", "待结算"),
    "undelivered": ("not delivered", "未送达"),
    "stress": ("Stress: they vanish", "压力测试：商户消失"),
    "stress told": (
        "At most: nobody who bought there pays any more. Expected: what is open for parcels that have not arrived, and "
        "the forecast for the rest. What the platform still holds is taken off both.",
        "最大损失：在该处购买的人都不再还款。预期损失：未送达部分的全部余额，加其余部分的预测损失。两者均已扣除待结算款。",
    ),
    "who": ("who", "对象"), "number": ("merchants", "商户数"), "at most": ("lost at most", "最大损失"),
    "expected": ("lost as expected", "预期损失"), "largest": ("the largest {n}", "最大的 {n} 家"),
    "flow": ("Flow of funds", "资金流"),
    "flow told": (
        "Dashed: settled sales of each day. Blue: payouts. Yellow: repayments. In {currency}, {n} days.",
        "虚线：每日已结算销售；蓝线：付款给商户；黄线：还款。单位 {currency}，共 {n} 天。",
    ),
    "sold": ("settled sales", "已结算销售"), "paid out": ("payouts", "付款给商户"), "repaid": ("repayments", "还款"),
    "figure": ("figure", "指标"), "value": ("last {n} days", "最近 {n} 天"), "means": ("what it means", "含义"),
    "paid_out_of_sold": ("payouts of settled sales", "付款占已结算销售"),
    "paid_out_of_sold told": (
        "above 100 %: more leaves than comes in", "高于 100%：流出多于流入",
    ),
    "repaid_of_sold_on_credit": ("repayments of new credit", "还款占新增信用销售"),
    "repaid_of_sold_on_credit told": (
        "below 100 %: what the platform lends grows", "低于 100%：平台垫付在增长",
    ),
    "days_of_sales_held": ("days of sales held", "待结算天数"),
    "days_of_sales_held told": (
        "what could still be held back if a merchant vanished", "若商户消失，仍可扣住的货款",
    ),
    "within_24h_fraction": ("paid out within 24 h of the sale", "销售后 24 小时内付出"),
    "within_24h_fraction told": (
        "the higher, the less is left to hold when goods do not come", "越高，货物未到时可扣住的越少",
    ),
    "instant_fraction": ("instant payouts", "即时付款"),
    "instant_fraction told": ("asked for by merchants at any hour", "商户随时自行提取"),
    "hhi": ("concentration of payouts (HHI)", "付款集中度（HHI）"),
    "hhi told": ("1 is one merchant alone, near 0 is many alike", "1 为单一商户，接近 0 为分散"),
    "top_fraction": ("payouts to the top 10", "前 10 家商户占比"),
    "top_fraction told": ("what hangs on a few", "依赖少数商户的程度"),
    "volatility": ("volatility of daily payouts", "每日付款波动"),
    "volatility told": ("standard deviation over mean", "标准差除以均值"),
    "warnings": ("Early warning", "早期预警"),
    "warnings told": (
        "{n} in the last seven days, the newest first: merchants who may be gone soon, payers who may drain their "
        "line. All stand in `warnings.parquet`.",
        "最近七天共 {n} 条，新的在前：可能消失的商户、可能用尽额度的付款人。全部见 `warnings.parquet`。",
    ),
    "user": ("payer", "付款人"), "kind": ("what", "类别"), "when": ("when", "时间"), "chance": ("chance", "概率"),
    "why": ("why", "原因"),
    "again": ("How to get this again", "如何复现"),
    "left out": ("{n} records in other currencies are left out.", "未计入其他币种记录 {n} 条。"),
    "before the log": ("before the log", "日志之前"),
    "bundle": ("Payers whose payments the bundle `{bundle}` alerted on stand apart in the forecast.",
               "预测中，被规则包 `{bundle}` 告警过的付款人单独归类。"),
    "stretch": (
        "Intervals are stretched by what past forecasts of this log missed: total {total:.2f}, merchants "
        "{merchant:.2f}.",
        "区间按本日志过去预测的偏差放大：总额 {total:.2f}，商户 {merchant:.2f}。",
    ),
}  # fmt: skip


def said(key: str, lang: Lang, **parts: object) -> str:
    """A text of the page, not escaped."""
    return _SAID[key][lang == "zh"].format(**parts)
