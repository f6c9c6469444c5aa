"""What rules mean in words: of all shipped rules word for word in golden/, in Chinese and English; and nothing that a
rule can read is without words.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.fields import FIELDS, TYPE_NAMES, WORDS
from bonafide.engine.bundle import load_bundle
from bonafide.engine.features.spec import Take, parse_features
from bonafide.engine.rules import terms
from bonafide.engine.rules.language import DERIVED, FUNCTIONS, parse
from bonafide.engine.rules.wording import OPPOSITE, explain
from bonafide.engine.shipped import find_bundle
from tests.engine.kit import TAKES, assert_golden
from tests.engine.rules.expressions import FEATURES, VOCABULARY, conditions

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("language", get_args(terms.Language))
def test_every_shipped_rule_reads_as_it_should(language: terms.Language) -> None:
    bundle = load_bundle(find_bundle("paylater"))
    features = {feature.name: feature for feature in bundle.features}
    told = [f"{r.id}\n{explain(r.when, features, bundle.settings.currency, language)}\n" for r in bundle.rules]
    text = "\n".join(told)
    assert_golden(GOLDEN / f"paylater_rules_{language}.txt", text)
    assert not any(name in text for name in features)


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


def test_nothing_is_without_words() -> None:
    """Every field, word, event type, take and operator has a Chinese and an English word."""
    for name in (*FIELDS, *DERIVED, "type", "utilisation"):
        term = terms.FIELD_TERMS[name]
        assert is_chinese(term.zh), name
        assert term.en.replace("IP ", "").islower(), name
        assert term.many, name
    currencies = set(FIELDS["currency"].words)
    for word in set(WORDS) - currencies:
        zh, en = terms.WORD_TERMS[word]
        assert is_chinese(zh), word
        assert en.isascii(), word
    for name in TYPE_NAMES:
        event = terms.EVENT_TERMS[name]
        assert is_chinese(event.zh), name
        assert is_chinese(event.measure), name
        assert event.en != event.many, name
    for table in (
        terms.TAKE_TERMS,
        terms.FUNCTION_TERMS,
        terms.COMPARISON_TERMS,
        terms.COUNT_TERMS,
        terms.MOMENT_TERMS,
    ):
        for key, (zh, en) in table.items():
            assert zh != en, key
            assert is_chinese(zh), key
            assert en.isascii(), key
    assert set(terms.TAKE_TERMS) == set(get_args(Take)) == set(TAKES)
    assert {*FUNCTIONS, "+", "-", "*", "/"} == set(terms.FUNCTION_TERMS)
    assert set(terms.COMPARISON_TERMS) == set(terms.COUNT_TERMS) == set(terms.MOMENT_TERMS) == set(OPPOSITE)
    flags = {(f.name, value) for f in FIELDS.values() if f.kind == "flag" for value in (True, False)}
    assert set(terms.FLAG_TERMS) == flags


@given(conditions, st.sampled_from(get_args(terms.Language)))
def test_every_condition_can_be_said(text: str, language: terms.Language) -> None:
    told = explain(parse(text, VOCABULARY), {}, "CNY", language)
    for line in told.splitlines():
        assert line.strip(" -")
    assert "None" not in told.removeprefix("None of these holds")
    assert not any(mark in told for mark in ("{", "}", "  -  "))
    if language == "zh":
        for name in FEATURES:
            told = told.replace(name, "")
        assert is_chinese(told) or not told.strip("0123456789.-<>= e+()")


@pytest.mark.parametrize("take", TAKES)
def test_every_take_is_named_by_its_declaration(take: str) -> None:
    """The name of a feature says nothing: the words come from what it counts."""
    item = {"name": "zzz", "event": ["payment", "refund"], "by": ["user_id", "merchant_id"], "take": take, "over": "7d"}
    item |= {} if take == "count" else {"of": "amount"}
    item |= {"where": "goods == 'virtual' or success"} if take == "share" else {"where": "amount > 10000"}
    (feature,) = parse_features([item], "f.yaml")
    node = parse("zzz > 5", VOCABULARY._replace(features={"zzz": VOCABULARY.features["f0"]}))
    en, zh = (explain(node, {"zzz": feature}, "CNY", language) for language in ("en", "zh"))
    assert "zzz" not in en + zh
    assert "payments or refunds" in en
    assert "last 7 days" in en
    assert "payer and merchant" in en
    assert "付款或退款" in zh
    assert "最近7天内" in zh
    assert "付款人与商户" in zh
    assert ("virtual" in en and "虚拟" in zh) if take == "share" else ("100.00 CNY" in en and "100元" in zh)


FEATURE = parse_features(
    [
        {"name": "n", "event": "payment", "by": "user_id", "take": "count", "over": "24h"},
        {"name": "s", "event": "payment", "by": "user_id", "take": "seconds_since_first"},
    ],
    "f.yaml",
)


@pytest.mark.parametrize(
    ("text", "en", "zh"),
    [
        ("n >= 4", "The payer had at least 4 payments in the last 24 hours", "付款人最近24小时内付款至少4笔"),
        ("n == 0", "The payer had no payments in the last 24 hours", "付款人最近24小时内没有付款"),
        ("n > 0", "The payer had at least 1 payment in the last 24 hours", "付款人最近24小时内付款至少1笔"),
        ("not n >= 4", "The payer had fewer than 4 payments in the last 24 hours", "付款人最近24小时内付款不到4笔"),
        ("s <= 86400", "The time since the first of the payments of the payer so far is at most 24 hours",
         "距付款人迄今首次付款的时间至多为24小时"),
        ("10000 < amount", "The amount is more than 100.00 CNY", "金额高于100元"),
        ("amount >= 0.5 * credit_limit", "The amount is at least 50 % of the credit limit", "金额至少为信用额度的50%"),
        ("coalesce(amount / credit_limit, 1) >= 0.1",
         "The ratio of the amount to the credit limit (or 100 % where that is missing) is at least 10 %",
         "金额与信用额度之比（缺失时取100%）至少为10%"),
        ("local_hour < 6", "The local time is before 06:00", "当地时间早于06:00"),
        ("local_hour > 21", "The local time is 22:00 or later", "当地时间为22:00或以后"),
        ("goods in ['virtual', 'service']", "The kind of goods is one of virtual, service",
         "商品类型为虚拟商品、服务之一"),
        ("goods != 'virtual'", "The kind of goods is not virtual", "商品类型不是虚拟商品"),
        ("type != 'payment'", "The event is not a payment", "事件不是付款"),
        ("user_id == merchant_id", "The payer is the same as the merchant", "付款人与商户相同"),
        ("success", "The sign-in succeeded", "登录成功"), ("not success", "The sign-in failed", "登录失败"),
        ("goods is missing", "The kind of goods is missing", "缺少商品类型"),
        ("user_id in watched", "The payer is on the list watched", "付款人在名单watched中"),
        ("time < 86400000", "The time is before 1970-01-02T00:00:00.000Z", "时间早于1970-01-02T00:00:00.000Z"),
        ("amount > 1 and (n > 5 or not (success and n < 2))",
         "All of these hold:\n- the amount is more than 0.01 CNY\n- at least one of these holds:\n"
         "  - the payer had more than 5 payments in the last 24 hours\n  - at least one of these does not hold:\n"
         "    - the sign-in succeeded\n    - the payer had fewer than 2 payments in the last 24 hours",
         "同时满足以下各项：\n- 金额高于0.01元\n- 至少满足以下一项：\n  - 付款人最近24小时内付款超过5笔\n"
         "  - 以下至少一项不成立：\n    - 登录成功\n    - 付款人最近24小时内付款不到2笔"),
    ],
)  # fmt: skip
def test_what_is_said(text: str, en: str, zh: str) -> None:
    features = {feature.name: feature for feature in FEATURE}
    words = VOCABULARY._replace(features=dict.fromkeys(features, VOCABULARY.features["f0"]), lists={"watched": ("u1",)})
    node = parse(text, words)
    assert explain(node, features, "CNY", "en") == en
    assert explain(node, features, "CNY", "zh") == zh
