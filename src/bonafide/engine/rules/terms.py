"""The words for what rules read, in Chinese and English: fields, event types, values of words, windows."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from bonafide.core.money import show_money
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS

Language = Literal["zh", "en"]


class Term(NamedTuple):
    """A noun."""

    zh: str
    en: str
    plural: str = ""

    @property
    def many(self) -> str:
        """The English plural."""
        if self.plural:
            return self.plural
        if self.en.endswith(("s", "x", "ch")):
            return f"{self.en}es"
        return f"{self.en[:-1]}ies" if self.en.endswith("y") and self.en[-2] not in "aeiou" else f"{self.en}s"


class EventTerm(NamedTuple):
    """An event type: a noun, and how Chinese counts it."""

    zh: str
    measure: str
    en: str
    many: str


FIELD_TERMS: Final[dict[str, Term]] = {
    "event_id": Term("事件编号", "event id"), "time": Term("时间", "time"),
    "type": Term("事件类型", "type of the event"),
    "user_id": Term("付款人", "payer"), "merchant_id": Term("商户", "merchant"), "order_id": Term("订单", "order"),
    "amount": Term("金额", "amount"), "currency": Term("币种", "currency"),
    "credit_limit": Term("信用额度", "credit limit"),
    "credit_used": Term("已用额度", "part of the credit limit used before"),
    "device_id": Term("设备", "device"), "ip": Term("IP地址", "IP address"), "address_id": Term("地址", "address"),
    "pay_with": Term("付款方式", "means of payment", "means of payment"), "category": Term("商品类目", "category"),
    "goods": Term("商品类型", "kind of goods", "kinds of goods"), "channel": Term("渠道", "channel"),
    "instalments": Term("分期数", "number of instalments", "numbers of instalments"),
    "traffic_source": Term("流量来源", "source of traffic", "sources of traffic"),
    "payment_id": Term("付款编号", "payment id"), "status": Term("状态", "status"),
    "to": Term("退款去向", "place that the refund goes to", "places that the refunds go to"),
    "account_id": Term("账户", "account"), "tracking_no": Term("运单号", "tracking number"),
    "carrier": Term("承运人", "carrier"), "weight_g": Term("重量（克）", "weight in grams", "weights in grams"),
    "speed": Term("出款速度", "speed of the payout", "speeds of the payouts"),
    "from_account_id": Term("转出账户", "account that pays", "accounts that pay"),
    "to_account_id": Term("转入账户", "account that receives", "accounts that receive"),
    "owner_type": Term("所有者类型", "kind of owner", "kinds of owners"), "owner_id": Term("所有者", "owner"),
    "phone_id": Term("手机号", "phone"), "invited_by": Term("邀请人", "inviter"),
    "due_time": Term("到期时间", "due time"),
    "days_past_due": Term("逾期天数", "number of days past due", "numbers of days past due"),
    "limit": Term("授信额度", "limit granted", "limits granted"),
    "reason": Term("调整原因", "reason of the change", "reasons"),
    "subject_type": Term("对象类型", "kind of subject", "kinds of subjects"), "subject_id": Term("对象", "subject"),
    "success": Term("登录结果", "result of the sign-in", "results of the sign-ins"),
    "legal_name": Term("法定名称", "legal name"), "registration_no": Term("注册号", "registration number"),
    "representative_id": Term("法定代表人", "legal representative"),
    "address": Term("登记地址", "registered address"),
    "opened_on": Term("开业日期", "opening date"), "documents": Term("材料", "set of documents", "sets of documents"),
    "kind": Term("种类", "kind"), "views": Term("浏览量", "number of views", "numbers of views"),
    "visits": Term("访问量", "number of visits", "numbers of visits"),
    "from_time": Term("起始时间", "start of the period", "starts of the periods"),
    "to_time": Term("结束时间", "end of the period", "ends of the periods"),
    "label": Term("裁定", "verdict"), "source": Term("来源", "source"),
    "grade": Term("认定级别", "grade of proof", "grades of proof"),
    "indicator_id": Term("线索编号", "indicator id"), "typology": Term("手法", "typology"),
    "confidence": Term("置信度", "confidence"), "valid_until": Term("有效期", "end of validity", "ends of validity"),
    "group_id": Term("团伙", "group"), "method": Term("发现方法", "method"), "score": Term("评分", "score"),
    "bundle": Term("规则包", "bundle"), "by": Term("操作人", "person who did it", "people who did it"),
    "list": Term("名单", "list"), "action": Term("动作", "action"), "entry": Term("名单条目", "entry"),
    "expires": Term("到期日", "end of the entry", "ends of the entries"),
    "measure_id": Term("措施编号", "measure id"),
    "measure": Term("措施", "measure"), "until": Term("截止时间", "end of the measure", "ends of the measures"),
    "answer": Term("答复", "answer"), "human_only": Term("要求人工决定", "request that people decide"),
    "appeal_id": Term("申诉编号", "appeal id"),
    "parts": Term("停用部分", "set of degraded parts", "sets of degraded parts"),
    "local_hour": Term("当地时间", "local time"), "local_day": Term("当地日期", "local day"),
    "utilisation": Term("信用额度使用率", "part of the credit line in use", "parts of the credit lines in use"),
    "via": Term("回流途径", "way that the money came home", "ways that the money came home"),
    "returned_share": Term("回流占比", "part of the payment that came home", "parts of the payments that came home"),
    "return_hops": Term("回流跳数", "number of hops home", "numbers of hops home"),
    "return_delay_s": Term("回流用时", "time from payment to return", "times from payment to return"),
    "one_to_one": Term("一对一回流", "one-to-one return"),
    "recycled_share": Term("以贷还贷占比", "part repaid with borrowed money", "parts repaid with borrowed money"),
    "shared": Term("共用项", "thing that both use", "things that both use"),
    "brought_home": Term("本次回流金额", "own credit money brought home", "sums of own credit money brought home"),
    "own_payments": Term("本次回流涉及的本人付款数", "number of own payments brought home",
                         "numbers of own payments brought home"),
    "own_amount": Term("本次回流涉及的本人付款金额", "amount of the own payments brought home",
                       "amounts of the own payments brought home"),
    "earlier_loops": Term("此前已闭环的付款数", "number of earlier loops", "numbers of earlier loops"),
    "shares": Term("与商户共用的项数", "number of things shared with the merchant",
                   "numbers of things shared with the merchant"),
    "line_in_use": Term("付款前额度使用率", "part of the line in use before", "parts of the lines in use before"),
    "loops_closed": Term("本次形成的闭环数", "number of loops closed", "numbers of loops closed"),
    "loop_share": Term("单笔付款最大回流占比", "largest part of a payment that is home",
                       "largest parts of a payment that are home"),
    "loop_hops": Term("闭环跳数", "number of hops of the loop", "numbers of hops of the loops"),
    "loop_delay_s": Term("闭环用时", "time that the loop took", "times that the loops took"),
}  # fmt: skip

EVENT_TERMS: Final[dict[str, EventTerm]] = {
    "payment": EventTerm("付款", "笔", "payment", "payments"),
    "payment_status": EventTerm("付款结果", "条", "payment status", "payment statuses"),
    "refund": EventTerm("退款", "笔", "refund", "refunds"),
    "shipment": EventTerm("物流记录", "条", "shipment", "shipments"),
    "payout": EventTerm("出款", "笔", "payout", "payouts"),
    "transfer": EventTerm("转账", "笔", "transfer", "transfers"),
    "account_link": EventTerm("账户关联", "条", "account link", "account links"),
    "registration": EventTerm("注册", "次", "registration", "registrations"),
    "repayment": EventTerm("还款", "笔", "repayment", "repayments"),
    "credit_line": EventTerm("额度调整", "次", "change of the credit line", "changes of the credit line"),
    "login": EventTerm("登录", "次", "sign-in", "sign-ins"),
    "merchant_application": EventTerm("商户入驻申请", "次", "merchant application", "merchant applications"),
    "promotion": EventTerm("推广", "次", "promotion", "promotions"),
    "traffic": EventTerm("流量记录", "条", "traffic record", "traffic records"),
    "complaint": EventTerm("投诉", "次", "complaint", "complaints"),
    "verdict": EventTerm("裁定", "条", "verdict", "verdicts"),
    "indicator": EventTerm("共享线索", "条", "indicator", "indicators"),
    "group": EventTerm("团伙归属", "条", "group membership", "group memberships"),
    "bundle_activated": EventTerm("规则包启用", "次", "bundle activation", "bundle activations"),
    "list_changed": EventTerm("名单变更", "次", "list change", "list changes"),
    "measure_status": EventTerm("措施状态", "条", "measure status", "measure statuses"),
    "information_answered": EventTerm("资料答复", "次", "answer to a request", "answers to requests"),
    "appeal_status": EventTerm("申诉状态", "条", "appeal status", "appeal statuses"),
    "degraded": EventTerm("降级", "次", "degradation", "degradations"),
    "tick": EventTerm("时钟", "次", "tick", "ticks"),
    "money_returned": EventTerm("资金回流", "次", "return of money", "returns of money"),
    "loop_closed": EventTerm("资金闭环", "个", "closed loop", "closed loops"),
    "loop_passed": EventTerm("过手闭环", "个", "loop passed through", "loops passed through"),
    "credit_recycled": EventTerm("以贷还贷", "次", "repayment with borrowed money", "repayments with borrowed money"),
    "linked": EventTerm("关联", "条", "link found", "links found"),
    "grouped": EventTerm("被划入团伙", "次", "group membership found", "group memberships found"),
}  # fmt: skip

WORD_TERMS: Final[dict[str, tuple[str, str]]] = {
    "account": ("账户", "account"), "account_link": ("账户关联", "account link"),
    "acknowledged": ("已受理", "acknowledged"), "active": ("有效", "active"),
    "add": ("加入", "add"), "address": ("地址", "address"), "adjudicated": ("司法认定", "adjudicated"),
    "analyst": ("分析员", "analyst"), "app": ("应用内", "app"), "appeal": ("申诉", "appeal"),
    "applied": ("已实施", "applied"), "balance": ("余额", "balance"), "bank": ("银行账户", "bank"),
    "cancelled": ("已取消", "cancelled"), "card": ("银行卡", "card"), "cash": ("现金", "cash"),
    "cash_out": ("套现", "cash-out"), "chargeback": ("拒付", "chargeback"), "close": ("关闭", "closed"),
    "completed": ("已完成", "completed"), "confirmed": ("已确认", "confirmed"),
    "corroborated": ("有佐证", "corroborated"),
    "court": ("法院", "court"), "created": ("已创建", "created"), "credit": ("信用付款", "credit"),
    "cut": ("调低", "cut"),
    "delay_settlement": ("延迟结算", "delayed settlement"), "delivered": ("已签收", "delivered"),
    "device": ("设备", "device"), "disable_pay_later": ("停用先享后付", "pay-later off"), "event": ("事件", "event"),
    "expired": ("已到期", "expired"), "freeze_credit": ("冻结额度", "frozen credit"),
    "genuine": ("真实交易", "genuine"),
    "grant": ("授予", "granted"), "hold_reserve": ("留存保证金", "held reserve"), "instant": ("实时到账", "instant"),
    "ip": ("IP地址", "IP address"), "late": ("逾期还款", "late"), "lifted": ("已解除", "lifted"),
    "limit_credit": ("限制额度", "limited credit"), "live": ("直播", "live stream"), "merchant": ("商户", "merchant"),
    "missed": ("未还款", "missed"), "notice": ("提示", "notice"), "original": ("原付款渠道", "original channel"),
    "paid": ("已还款", "paid"), "partial": ("部分满意", "partial"), "partner": ("合作机构", "partner"),
    "payout": ("出款", "payout"),
    "person": ("个人", "person"), "phone": ("手机号", "phone"), "physical": ("实物", "physical"),
    "picked_up": ("已揽收", "picked up"), "pos": ("刷卡机", "point of sale"), "proposed": ("已提议", "proposed"),
    "qr": ("扫码", "QR code"), "raise": ("调高", "raised"), "refer": ("移交", "referral"),
    "refund": ("退款", "refund"), "refused": ("已否决", "refused"),
    "rejected": ("已驳回", "rejected"), "remove": ("移出", "remove"),
    "request_information": ("要求补充资料", "request for information"), "returned": ("已退回", "returned"),
    "reversed": ("已冲正", "reversed"), "revoked": ("已撤销", "revoked"), "satisfactory": ("满意", "satisfactory"),
    "scheduled": ("定期到账", "scheduled"), "service": ("服务", "service"), "submitted": ("已提交", "submitted"),
    "suspected": ("疑似", "suspected"), "suspend_merchant": ("暂停商户", "suspended merchant"),
    "transfer": ("转账", "transfer"), "unsatisfactory": ("不满意", "unsatisfactory"), "unsure": ("无法判断", "unsure"),
    "upheld": ("申诉成立", "upheld"),
    "user": ("用户", "user"), "virtual": ("虚拟商品", "virtual"), "web": ("网页", "web"),
    "withdrawn": ("已撤回", "withdrawn"),
}  # fmt: skip
"""Values of word fields other than currencies, which are called by their codes in both languages."""

FLAG_TERMS: Final[dict[tuple[str, bool], tuple[str, str]]] = {
    ("success", True): ("登录成功", "the sign-in succeeded"), ("success", False): ("登录失败", "the sign-in failed"),
    ("human_only", True): ("要求人工决定", "people were asked to decide"),
    ("human_only", False): ("不再要求人工决定", "people need not decide any more"),
    ("one_to_one", True): ("一对一回流", "the money came home one to one"),
    ("one_to_one", False): ("并非一对一回流", "the money did not come home one to one"),
}  # fmt: skip

FUNCTION_TERMS: Final[dict[str, tuple[str, str]]] = {
    "min": ("{}与{}中较小者", "the smaller of {} and {}"), "max": ("{}与{}中较大者", "the larger of {} and {}"),
    "coalesce": ("{}（缺失时取{}）", "{} (or {} where that is missing)"),
    "round_to": ("{}取整到{}的倍数", "{} rounded to a multiple of {}"),
    "+": ("{}加上{}", "{} plus {}"), "-": ("{}减{}", "{} minus {}"), "*": ("{}乘以{}", "{} times {}"),
    "/": ("{}与{}之比", "the ratio of {} to {}"),
    "abs": ("{}的绝对值", "the size of {}"),
}  # fmt: skip

COMPARISON_TERMS: Final[dict[str, tuple[str, str]]] = {
    ">=": ("至少为", "is at least"), ">": ("高于", "is more than"), "<=": ("至多为", "is at most"),
    "<": ("低于", "is less than"), "==": ("等于", "is"), "!=": ("不等于", "is not"),
}  # fmt: skip
MOMENT_TERMS: Final[dict[str, tuple[str, str]]] = {
    ">=": ("不早于", "is not before"), ">": ("晚于", "is after"), "<=": ("不晚于", "is not after"),
    "<": ("早于", "is before"),
    "==": ("等于", "is"), "!=": ("不等于", "is not"),
}  # fmt: skip
COUNT_TERMS: Final[dict[str, tuple[str, str]]] = {
    ">=": ("至少{}", "at least {}"), ">": ("超过{}", "more than {}"), "<=": ("至多{}", "at most {}"),
    "<": ("不到{}", "fewer than {}"), "==": ("正好{}", "exactly {}"), "!=": ("不是{}", "other than {}"),
}  # fmt: skip

TAKE_TERMS: Final[dict[str, tuple[str, str]]] = {
    "count": ("{who}{window}{events}{measure}数{where}", "the number of {events} of {who} {window}{where}"),
    "sum": ("{who}{window}{events}{of}合计{where}", "the total {of} of the {events} of {who} {window}{where}"),
    "mean": ("{who}{window}{events}平均{of}{where}", "the mean {of} of the {events} of {who} {window}{where}"),
    "std": ("{who}{window}{events}{of}的标准差{where}",
            "the standard deviation of the {of} of the {events} of {who} {window}{where}"),
    "min": ("{who}{window}{events}最小{of}{where}", "the smallest {of} of the {events} of {who} {window}{where}"),
    "max": ("{who}{window}{events}最大{of}{where}", "the largest {of} of the {events} of {who} {window}{where}"),
    "distinct": ("{who}{window}{events}涉及的不同{of}数{where}",
                 "the number of different {ofs} in the {events} of {who} {window}{where}"),
    "share": ("{who}{window}{events}中符合“{where}”的占比",
              "the share of the {events} of {who} {window} where {where}"),
    "entropy": ("{who}{window}{events}中{of}的分散程度（熵）{where}",
                "the spread (entropy) of the {ofs} in the {events} of {who} {window}{where}"),
    "zscore": ("本次{of}高出{who}{window}{events}平均{of}的标准差倍数{where}",
               "the distance of this {of} above the mean of the {events} of {who} {window}{where}"),
    "last": ("{who}{window}最近一次{events}的{of}{where}",
             "the {of} of the latest of the {events} of {who} {window}{where}"),
    "seconds_since_last": ("距{who}{window}最近一次{events}的时间{where}",
                           "the time since the latest of the {events} of {who} {window}{where}"),
    "seconds_since_first": ("距{who}{window}首次{events}的时间{where}",
                            "the time since the first of the {events} of {who} {window}{where}"),
}  # fmt: skip
"""How a feature is called, by its take."""

_SPANS: Final = (
    (DAY_MS, "天", "day"),
    (HOUR_MS, "小时", "hour"),
    (MINUTE_MS, "分钟", "minute"),
    (1_000, "秒", "second"),
)


def span_told(span_ms: float, language: Language) -> str:
    """A span of time in the largest unit that divides it; one day is 24 hours."""
    for size, zh, en in _SPANS:
        if span_ms and span_ms % size == 0 and (size != DAY_MS or span_ms > DAY_MS):
            number = int(span_ms // size)
            return f"{number}{zh}" if language == "zh" else f"{number} {en}{'' if number == 1 else 's'}"
    seconds = f"{span_ms / 1_000:g}"
    return f"{seconds}秒" if language == "zh" else f"{seconds} seconds"


def window_told(over_ms: int | None, language: Language) -> str:
    """The window of a feature."""
    if over_ms is None:
        return "迄今" if language == "zh" else "so far"
    span = span_told(over_ms, language)
    return f"最近{span}内" if language == "zh" else f"in the last {span.removeprefix('1 ')}"


def money_told(minor: float, currency: str, language: Language) -> str:
    """An amount in major units."""
    if minor % 1:
        return f"{minor:g} 分" if language == "zh" and currency == "CNY" else f"{minor:g} minor units of {currency}"
    shown = show_money(int(abs(minor)), currency)
    sign = "-" if minor < 0 else ""
    if language == "zh" and currency == "CNY":
        return f"{sign}{shown.removesuffix(' CNY').removesuffix('.00')}元"
    return f"{sign}{shown}"


def word_told(word: str, language: Language) -> str:
    """A value of a word field, or an event type."""
    if word in EVENT_TERMS:
        return EVENT_TERMS[word].zh if language == "zh" else EVENT_TERMS[word].en
    zh, en = WORD_TERMS.get(word, (word, word))
    return zh if language == "zh" else en


def field_told(name: str, language: Language) -> str:
    """A field, with its article."""
    term = FIELD_TERMS[name]
    return term.zh if language == "zh" else f"the {term.en}"
