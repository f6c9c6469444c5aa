"""What warnings are made of: a few figures of a merchant or a payer, each with its places to cut and its words.

All but two are features of the bundle, read at the events on which they are known, so that they are the same online. A
missing figure is a band of its own, without points.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from bonafide.core.moment import DAY_MS

ALERTS_OVER: Final = "14d"
"""How far back the share of alerted payments looks."""


class Term(NamedTuple):
    """One figure. Points never fall from band to band in `direction`."""

    name: str
    of: pl.Expr
    cuts: tuple[float, ...]
    en: str
    zh: str
    direction: int = 1
    """1: the more, the worse; -1: the less, the worse."""
    needs: tuple[str, ...] = ()
    """Features of the bundle."""


def _of(feature: str, cuts: tuple[float, ...], en: str, zh: str, direction: int = 1) -> Term:
    return Term(feature, pl.col(feature), cuts, en, zh, direction, (feature,))


def _ratio(part: str, whole: str, at_least: float = 1.0) -> pl.Expr:
    """One feature over another; missing where the whole is too small to say anything."""
    return pl.when(pl.col(whole) >= at_least).then(pl.col(part) / pl.col(whole))


MERCHANT: Final = (
    Term("alerted share", pl.col("alert").cast(pl.Float64).rolling_mean_by("moment", ALERTS_OVER).over("merchant_id"),
         (0.01, 0.03, 0.08, 0.2), "many of its payments were alerted on", "其收款中被告警的比例高"),
    _of("merchant_like_return_payers_30d", (0.5, 1.5, 3.5), "money of its sales came home to buyers",
        "货款回流到买家"),
    _of("merchant_drained_share_30d", (0.1, 0.2, 0.35), "its buyers use their lines up", "买家集中用尽额度"),
    _of("merchant_judged_buyers_share_30d", (0.005, 0.03, 0.1), "buyers known for cash-out", "买家有套现记录"),
    _of("merchant_crowded_devices_share_30d", (0.02, 0.06, 0.15), "buyers share devices", "多名买家共用设备"),
    _of("merchant_shaped_share_30d", (0.15, 0.3, 0.45), "amounts are round or just below", "金额刻意凑整"),
    _of("merchant_night_share_30d", (0.08, 0.16, 0.3), "sells at night", "夜间交易多"),
    Term("parcels missing", 1 - _ratio("merchant_shipments_30d", "merchant_physical_30d", 5), (0.1, 0.25, 0.5),
         "goods are not sent", "未发货比例高", 1, ("merchant_shipments_30d", "merchant_physical_30d")),
    _of("merchant_reused_tracking_30d", (0.5, 2.5), "one tracking number for several orders", "多个订单共用运单号"),
    Term("complaints", _ratio("merchant_complaints_30d", "merchant_payment_count_30d", 20), (0.01, 0.03),
         "buyers complain", "投诉比例高", 1, ("merchant_complaints_30d", "merchant_payment_count_30d")),
    Term("payouts of sales", _ratio("merchant_payout_sum_30d", "merchant_sum_30d"), (0.7, 0.9),
         "nearly everything is paid out", "货款几乎全部提走", 1, ("merchant_payout_sum_30d", "merchant_sum_30d")),
    Term("surge", 30 * _ratio("merchant_payment_count_24h", "merchant_payment_count_30d", 10), (3.0, 6.0, 12.0),
         "sales have jumped", "销售突增", 1, ("merchant_payment_count_24h", "merchant_payment_count_30d")),
    Term("visits a sale", _ratio("merchant_visits_24h", "merchant_payment_count_24h"), (3.0, 6.0, 10.0),
         "few visitors for so many sales", "访问量与销量不符", -1,
         ("merchant_visits_24h", "merchant_payment_count_24h")),
    _of("merchant_promotions_30d", (0.5, 1.5), "bought visitors", "购买流量"),
    Term("age", pl.col("merchant_since_first") * 1000 / DAY_MS, (7.0, 21.0, 45.0), "has sold for a short time",
         "开店时间短", -1, ("merchant_since_first",)),
)  # fmt: skip
"""Of a merchant, at its payments and payouts."""

USER: Final = (
    Term("score", pl.col("score"), (0.02, 0.06, 0.15, 0.35), "the payment looks like cash-out", "支付疑似套现"),
    Term("line used", pl.col("used") / pl.col("limit"), (0.3, 0.5, 0.7, 0.85), "much of the line is used",
         "额度使用率高"),
    Term("line used in a day", (pl.col("user_credit_sum_24h") + pl.col("amount")) / pl.col("limit"),
         (0.1, 0.25, 0.5), "the line is used up fast", "额度消耗快", 1, ("user_credit_sum_24h",)),
    _of("user_payment_count_24h", (1.5, 3.5, 6.5), "many payments in a day", "一天内多次支付"),
    Term("repaid in a day", pl.col("user_repaid_24h") / pl.col("limit"), (0.05, 0.2, 0.5),
         "a repayment and new spending at once", "还款后立即再用", 1, ("user_repaid_24h",)),
    _of("user_missed_90d", (0.5, 1.5), "missed repayments", "有未付账单"),
    _of("user_late_90d", (0.5, 1.5), "late repayments", "有逾期还款"),
    _of("user_like_returns_30d", (0.5, 1.5), "money of payments came home before", "此前货款回流"),
    _of("user_returning_shops_30d", (0.5, 1.5), "buys where money comes home", "在资金回流的商户消费"),
    _of("user_cash_refunds_30d", (0.5, 1.5), "refunds in cash", "现金退款"),
    Term("merchant drained share", pl.col("merchant_drained_share_30d"), (0.1, 0.2, 0.35),
         "the merchant's buyers use their lines up", "该商户买家集中用尽额度", 1, ("merchant_drained_share_30d",)),
    _of("device_users_7d", (1.5, 3.5), "a device of several people", "设备多人共用"),
)  # fmt: skip
"""Of a payer, at payments on credit."""

TERMS: Final = {"merchant": MERCHANT, "user": USER}


def needed(kind: str) -> tuple[str, ...]:
    """Features of the bundle that the terms of a kind read, each once."""
    return tuple(dict.fromkeys(name for term in TERMS[kind] for name in term.needs))
