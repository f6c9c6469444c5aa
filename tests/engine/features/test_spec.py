"""Feature files that are wrong: every mistake of every feature, word for word in golden/feature_errors.txt.

After a wanted change of a text: `UPDATE_GOLDEN=1 pytest tests/engine/features/test_spec.py`; read the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import ConfigError
from bonafide.core.fields import FIELDS
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import read_yaml
from bonafide.engine.features.spec import FEATURES_MAX, Feature, parse_features
from tests.engine.kit import TAKES, assert_golden

GOLDEN = Path(__file__).parent / "golden" / "feature_errors.txt"
FINE = {"name": "f", "event": "payment", "by": "user_id", "take": "count", "over": "24h"}

WRONG: dict[str, Any] = {
    "not a list": {"name": "f"}, "nothing": None, "an empty list": [], "a text": "count payments",
    "a list of texts": ["count"], "a list of nothing": [None], "keys that are numbers": [{1: 2}],
    "no keys": [{}], "no event": [{k: v for k, v in FINE.items() if k != "event"}],
    "key misspelt": [FINE | {"wher": "amount > 5"}], "key like nothing": [FINE | {"sql": "select 1"}],
    "key endless": [FINE | {"x" * 10_000: 1}],
    "name twice": [FINE, FINE], "name in capitals": [FINE | {"name": "UserCount"}],
    "name with a dash": [FINE | {"name": "user-count"}], "name endless": [FINE | {"name": "x" * 10_000}],
    "name of a field": [FINE | {"name": "amount"}], "name derived": [FINE | {"name": "local_hour"}],
    "name of a function": [FINE | {"name": "max"}], "name a word of the language": [FINE | {"name": "in"}],
    "name hidden": [FINE | {"name": "_credit_spent"}], "name a number": [FINE | {"name": 5}],
    "name with magic": [FINE | {"name": "__class__"}],
    "event misspelt": [FINE | {"event": "paymnt"}], "event like nothing": [FINE | {"event": "purchase"}],
    "no events": [FINE | {"event": []}], "event a number": [FINE | {"event": 5}],
    "many events": [FINE | {"event": ["payment"] * 100}],
    "key unknown": [FINE | {"by": "userid"}], "key a number": [FINE | {"by": "amount"}],
    "key of another type": [FINE | {"by": "account_id"}], "key the event itself": [FINE | {"by": "event_id"}],
    "key of four parts": [FINE | {"by": ["user_id", "merchant_id", "device_id", "ip"]}],
    "key of one part twice": [FINE | {"by": ["user_id", "user_id"]}], "key of no parts": [FINE | {"by": []}],
    "take misspelt": [FINE | {"take": "cuont"}], "take like nothing": [FINE | {"take": "median"}],
    "take a list": [FINE | {"take": ["count"]}],
    "of missing": [FINE | {"take": "sum"}], "of too much": [FINE | {"of": "amount"}],
    "of unknown": [FINE | {"take": "sum", "of": "amout"}],
    "of another type": [FINE | {"take": "sum", "of": "weight_g"}],
    "sum of a text": [FINE | {"take": "sum", "of": "merchant_id"}],
    "mean of a word": [FINE | {"take": "mean", "of": "goods"}],
    "std of a moment": [FINE | {"take": "std", "of": "time"}], "max of a list": [FINE | {"take": "max", "of": "parts"}],
    "share without where": [FINE | {"take": "share"}],
    "where wrong": [FINE | {"where": "amout > 5 and goods == 'gift'"}],
    "where not an expression": [FINE | {"where": ""}],
    "where on a feature": [FINE | {"where": "f > 5"}], "where a number": [FINE | {"where": 5}],
    "where endless": [FINE | {"where": "amount > 5 and " * 10_000}],
    "over not a span": [FINE | {"over": "a day"}], "over without unit": [FINE | {"over": "24"}],
    "over a number": [FINE | {"over": 24}], "over nothing": [FINE | {"over": "0h"}],
    "over too short": [FINE | {"over": "59s"}],
    "over too long": [FINE | {"over": "91d"}], "over endless": [FINE | {"over": "9" * 10_000}],
    "derived among read": [FINE | {"event": ["payment", "grouped"]}],
    "derived misspelt": [FINE | {"event": "loop_close"}],
    "key of another derived type": [FINE | {"event": "linked", "by": "account_id"}],
    "of an id that derived events lack": [FINE | {"event": "grouped", "take": "distinct", "of": "event_id"}],
    "of what the type never brings home": [FINE | {"take": "sum", "of": "brought_home"}],
    "completed derived": [FINE | {"event": "loop_closed", "completed": True}],
    "of the feature itself": [FINE | {"take": "sum", "of": "f"}],
    "of a feature that names another": [FINE, FINE | {"name": "g", "take": "sum", "of": "f"},
        FINE | {"name": "h", "take": "max", "of": "g"}],
    "of a feature misspelt": [FINE | {"name": "user_count"}, FINE | {"name": "g", "take": "sum", "of": "user_cuont"}],
    "sum of the last of a text": [FINE | {"take": "last", "of": "merchant_id"},
        FINE | {"name": "g", "take": "sum", "of": "f"}],
    "std of a last moment": [FINE | {"take": "last", "of": "time"}, FINE | {"name": "g", "take": "std", "of": "f"}],
    "where on the last of a text": [FINE | {"take": "last", "of": "merchant_id"},
        FINE | {"name": "g", "where": "f > 5"}],
    "where on a feature that names another": [FINE, FINE | {"name": "g", "where": "f > 5"},
        FINE | {"name": "h", "where": "amount > 5 and g > 1"}],
    "derived and naming another": [FINE, FINE | {"name": "g", "event": "grouped", "where": "f > 5"}],
    "completed and naming another": [FINE, FINE | {"name": "g", "completed": True, "take": "max", "of": "f"}],
    "completed refund": [FINE | {"event": "refund", "completed": True}],
    "completed among others": [FINE | {"event": ["payment", "refund"], "completed": True}],
    "completed a text": [FINE | {"completed": "yes"}],
    "many at once": [FINE | {"name": "F", "event": "paymnt", "by": "userid", "take": "sum", "over": "1y"},
        FINE | {"take": "max"}],
    "too many": [FINE] * (FEATURES_MAX + 1),
}  # fmt: skip


def told(name: str, declared: Any) -> str:
    """A wrong file's name and what is said of it."""
    try:
        parse_features(declared, "features.yaml")
    except ConfigError as error:
        return "\n".join([f"# {name}", *str(error).splitlines(), ""])
    return f"# {name}\nnothing is wrong with it\n"


def test_each_mistake_is_explained_word_for_word() -> None:
    text = "\n".join(told(name, declared) for name, declared in WRONG.items())
    assert_golden(GOLDEN, text)
    assert max(map(len, text.splitlines())) < 300
    assert "nothing is wrong" not in text


def test_a_right_feature_is_what_it_says() -> None:
    text = b"""
- {name: a, event: payment, by: user_id, take: count, over: 1h}
- {name: b, event: [payment, refund, payment], by: [user_id, merchant_id], take: sum, of: amount}
- {name: c_1, event: payment, by: device_id, take: share, where: "goods == 'virtual'", over: 90d, completed: true,
    note: why}
- {name: d, event: login, by: subject_id, take: distinct, of: ip, over: 1m}
"""
    a, b, c, d = parse_features(read_yaml(text, "f.yaml"), "f.yaml")
    assert a == Feature("a", ("payment",), ("user_id",), "count", None, None, DAY_MS // 24, False)
    assert b == Feature("b", ("payment", "refund"), ("user_id", "merchant_id"), "sum", "amount", None, None, False)
    assert (c.name, c.take, c.over_ms, c.completed) == ("c_1", "share", 90 * DAY_MS, True)
    assert (d.types, d.by, d.of, d.over_ms) == (("login",), ("subject_id",), "ip", 60_000)


@pytest.mark.parametrize("take", TAKES)
def test_every_take_of_every_kind_is_accepted_or_refused(take: str) -> None:
    """Numbers by every take; texts, words, flags and lists by those that ask only whether values differ."""
    for field in FIELDS.values():
        counted = field.every_type[0]
        item = {"name": "f", "event": counted, "by": "user_id", "take": take, "of": field.name}
        item |= {"where": "amount > 5"} if take == "share" else {}
        item["by"] = next(
            (f.name for f in FIELDS.values()
             if counted in f.every_type and f.kind in {"text", "word"} and f.name != "event_id"), "user_id"
        )  # fmt: skip
        wrong = take == "count" or (
            take in {"sum", "mean", "std", "min", "max", "zscore"}
            and (not field.is_number or (take in {"std", "zscore"} and field.kind == "moment"))
        )
        wrong |= counted in {"degraded", "tick"} and field.name != "event_id" and item["by"] == "user_id"
        try:
            parse_features([item], "f.yaml")
        except ConfigError:
            assert wrong, item
        else:
            assert not wrong, item


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(list(FIELDS)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*FINE, "of", "where", "completed", "note"]), JUNK), st.booleans())
def test_any_junk_is_accepted_or_refused(junk: dict[str, Any], on_top: bool) -> None:
    try:
        parse_features([FINE | junk if on_top else junk], "features.yaml")
    except ConfigError as error:
        assert str(error).startswith("error: features.yaml: feature ")
