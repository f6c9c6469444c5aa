"""What people call their columns, in English and Chinese, and how near a column's name comes to a field's."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from bonafide.core.fields import FIELDS

EXACT: Final = 1.0
"""The name is one that people use for the field."""
PART: Final = 0.6
"""The name holds one."""

TRUTH: Final = "truth"
"""Stands among the fields for the column that says what was cash-out."""

_CALLED: Final[dict[str, str]] = {
    "event_id": """transaction_id tx_id txn_id trx_id trans_id trade_no trade_id payment_id serial_no event_id id
        流水号 流水 交易号 交易流水号 交易编号 交易id 支付单号 支付流水号 记录号 编号""",
    "time": """time timestamp datetime date_time tx_datetime tx_time tx_date txn_time txn_date trans_time trans_date
        transaction_time transaction_date created_at created create_time event_time pay_time payment_time date step ts
        时间 交易时间 支付时间 付款时间 下单时间 创建时间 发生时间 消费时间 日期 交易日期 时间戳""",
    "user_id": """user user_id uid user_no customer customer_id cust cust_id client client_id buyer buyer_id payer
        payer_id member member_id card card_id card_no cc_num cardholder consumer consumer_id source
        用户 用户id 用户编号 用户号 用户名 客户 客户id 客户号 客户编号 买家 买家id 会员 会员号
        付款人 付款方 卡号 持卡人 消费者""",
    "merchant_id": """merchant merchant_id mid mcht mcht_id merch merch_id terminal terminal_id seller seller_id shop
        shop_id store store_id vendor vendor_id payee payee_id target
        商户 商户id 商户号 商户编号 商户名 商户名称 商家 商家id 商家编号 店铺 店铺id 卖家 收款方 收款人 终端 终端号""",
    "order_id": """order order_id order_no order_number 订单 订单id 订单号 订单编号""",
    "amount": """amount amt tx_amount txn_amount trans_amount transaction_amount payment_amount pay_amount total price
        value money sum 金额 交易金额 支付金额 付款金额 消费金额 订单金额 实付金额 总额 转账金额 退款金额 还款金额""",
    "currency": """currency ccy currency_code curr iso_currency 币种 货币 币别""",
    "credit_limit": """credit_limit limit quota credit_line 额度 信用额度 授信额度 总额度""",
    "credit_used": """credit_used used_limit used_credit balance_used 已用额度""",
    "device_id": """device device_id imei fingerprint device_fingerprint 设备 设备id 设备号 设备指纹""",
    "ip": """ip ip_address ip_addr client_ip ip地址""",
    "address_id": """address_id shipping_address address 地址 收货地址 地址id""",
    "pay_with": """pay_with payment_method pay_method 支付方式 付款方式""",
    "category": """category mcc merchant_category type product_category category_code 类别 类目 品类 行业
        行业代码 商品类目""",
    "goods": """goods goods_type 商品类型""",
    "channel": """channel 渠道 交易渠道""",
    "instalments": """instalments installments tenor periods 分期 分期数 期数""",
    "traffic_source": """traffic_source utm_source referrer 流量来源 来源渠道""",
    "from_account_id": """from from_account from_account_id from_id sender sender_id source source_id source_node_id
        source_account orig name_orig payer_account debtor 转出账户 转出账号 付款账户 付款账号 转出方 汇款人""",
    "to_account_id": """to to_account to_account_id to_id receiver receiver_id target target_id target_node_id dest
        name_dest target_account beneficiary beneficiary_id creditor 转入账户 转入账号 收款账户 收款账号 转入方""",
    "account_id": """account account_id account_no iban 账户 账号 账户id 银行卡号""",
    "status": """status state 状态""",
    TRUTH: """fraud is_fraud tx_fraud fraud_flag fraudulent label labels class cash_out is_cash_out cashout is_cashout
        truth is_bad y 标签 标注 欺诈 是否欺诈 套现 是否套现 欺诈标记""",
}  # fmt: skip
_PREFIXES: Final = frozenset({"tx", "txn", "trx", "trans", "transaction"})
"""Words before a name that say only what the row is."""
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD: Final = re.compile(r"[^\W_]+")
_HAN: Final = re.compile("[\u4e00-\u9fff]")
_HAN_PART_MIN: Final = 2


def likeness(field: str, name: str) -> float:
    """How near a column's name comes to what people call a field: EXACT, PART or 0.

    >>> likeness("user_id", "CUSTOMER_ID"), likeness("amount", "交易金额(元)"), likeness("amount", "colour")
    (1.0, 0.6, 0.0)
    """
    given = _words(name)
    if not given:
        return 0.0
    known = _known(field)
    if given in known or (given[0] in _PREFIXES and given[1:] in known):
        return EXACT
    if _HAN.search(name):
        joined = "".join(given)
        held = any(len(word) >= _HAN_PART_MIN and word in joined for called in known for word in called)
        return PART if held else 0.0
    return PART if any(_holds(given, called) for called in known) else 0.0


def _holds(given: tuple[str, ...], called: tuple[str, ...]) -> bool:
    """Whether words begin or end with those of a name that people use."""
    size = len(called)
    if size >= len(given) or called == ("id",):
        return False
    return given[-size:] == called or given[:size] == called


@cache
def _known(field: str) -> frozenset[tuple[str, ...]]:
    names = {_words(name) for name in _CALLED.get(field, "").split()}
    if field in FIELDS:
        names.add(_words(field))
    return frozenset(names)


def _words(name: str) -> tuple[str, ...]:
    """The words of a name, small: camel case and marks divide; Chinese stays in one piece."""
    if _HAN.search(name):
        return ("".join(_WORD.findall(name.casefold())),)
    return tuple(word.casefold() for word in _WORD.findall(_CAMEL.sub(" ", name)))
