"""What a bundle has to say about itself to the person concerned: which of their data its rules look at, in words, and
what helps with each reason. No rule, no threshold and no number of it is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from bonafide.core.decision import NO_WORDS, Words
from bonafide.core.errors import BonafideError
from bonafide.engine.bundles.files import CHALLENGER, Sources, read_sources
from bonafide.office.bundles.kept import kept_folder

BUNDLES_AT_HAND: Final = 8
_NAME: Final = re.compile("[a-z_][a-z0-9_]*")
ORDER: Final = Words(
    "这笔交易的内容：金额、时间、商品和付款方式", "what this order says: amount, time, goods and means of payment"
)
FACTS: Final[dict[str, Words]] = {
    "payments": Words("您近期付款的金额、次数和时间", "the amounts, numbers and times of your recent payments"),
    "line": Words("您的信用额度使用情况", "how much of your credit line is in use"),
    "devices": Words("您付款或登录时使用的设备和网络", "the devices and networks that you paid or signed in with"),
    "deliveries": Words("订单的发货和签收记录", "records of dispatch and delivery"),
    "refunds": Words("退款及其去向", "refunds and where they went"),
    "repayments": Words("您的还款记录", "your repayments"),
    "money": Words("与订单有关的资金去向", "where the money of your orders went"),
    "links": Words("付款方与收款方之间的关联", "links between payer and payee"),
    "shop": Words("收款商户的经营情况", "how the shop trades"),
}
"""Data that rules look at, in words."""
_OF_FIELD: Final = {
    "credit_limit": "line", "credit_used": "line", "utilisation": "line", "limit": "line", "device_id": "devices",
    "ip": "devices", "days_past_due": "repayments", "due_time": "repayments",
}  # fmt: skip
_OF_EVENT: Final = {
    "payment": "payments", "payment_status": "payments", "login": "devices", "registration": "devices",
    "shipment": "deliveries", "refund": "refunds", "repayment": "repayments", "credit_line": "line", "payout": "shop",
    "transfer": "money", "account_link": "money", "money_returned": "money", "loop_closed": "money",
    "loop_passed": "money", "credit_recycled": "money", "linked": "links", "grouped": "links", "group": "links",
    "verdict": "links", "indicator": "links", "promotion": "shop", "traffic": "shop", "complaint": "shop",
    "merchant_application": "shop",
}  # fmt: skip


class BundleWords(NamedTuple):
    """What one bundle says."""

    facts: dict[str, tuple[str, ...]]
    """Rule -> names in FACTS of what it looks at, in their order."""
    submit: dict[str, Words]
    """Reason -> what may be handed in."""

    def facts_of(self, hits: Iterable[str]) -> tuple[Words, ...]:
        """What was looked at, the order itself first."""
        found = {name for hit in hits for name in self.facts.get(hit, ())}
        return (ORDER, *(words for name, words in FACTS.items() if name in found))


NOTHING: Final = BundleWords({}, {})
WordsOf = Callable[[str], BundleWords]
"""The words of the bundle of a hash; NOTHING where it is not kept."""


def words_in(data: Path) -> WordsOf:
    """What says them, from the bundles that a data directory keeps."""

    @lru_cache(maxsize=BUNDLES_AT_HAND)
    def words_of(content: str) -> BundleWords:
        try:
            return words_of_folder(kept_folder(data, content))
        except BonafideError:
            return NOTHING

    return words_of


def words_of_folder(folder: Path) -> BundleWords:
    """The words of a bundle's folder, of the one that is tried beside it too."""
    whole = read_sources(folder)
    facts: dict[str, tuple[str, ...]] = {}
    submit: dict[str, Words] = {}
    for sources in (whole.inside(CHALLENGER), whole):
        facts |= _facts_of(sources)
        for code, told in _read(sources, "reasons.yaml", dict).items():
            submit[str(code)] = Words(told.get("submit_zh", ""), told.get("submit_en", ""))
    return BundleWords(facts, {code: words for code, words in submit.items() if words != NO_WORDS})


def _facts_of(sources: Sources) -> dict[str, tuple[str, ...]]:
    features = {str(one.get("name")): one for one in _read(sources, "features.yaml", list)}
    found: dict[str, tuple[str, ...]] = {}
    for rule in _read(sources, "rules.yaml", list):
        named = {name for text in _NAME.findall(str(rule.get("when"))) for name in _looked_at(text, features)}
        found[str(rule.get("id"))] = tuple(name for name in FACTS if name in named)
    return found


def _looked_at(name: str, features: dict[str, Any]) -> set[str]:
    """What a name in a rule looks at."""
    feature = features.get(name)
    if feature is None:
        return {_OF_FIELD[name]} if name in _OF_FIELD else set()
    by, events = feature.get("by"), feature.get("event")
    if by == "merchant_id" and events != "shipment":
        return {"shop"}
    if by == "device_id":
        return {"devices"}
    return {_OF_EVENT[one] for one in (events if isinstance(events, list) else [events]) if one in _OF_EVENT}


def _read(sources: Sources, name: str, kind: type) -> Any:
    """The structs of a file, in a list or by their names; none where it has no such shape."""
    document = sources.document(name) if name in sources.contents else None
    value: Any = None if document is None else document.value
    if isinstance(value, list) and kind is list:
        return [one for one in value if isinstance(one, dict)]
    if isinstance(value, dict) and kind is dict:
        return {key: one for key, one in value.items() if isinstance(one, dict)}
    return kind()
