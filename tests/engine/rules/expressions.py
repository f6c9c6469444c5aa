"""Random expressions that are well typed, and random records for them to look at."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bonafide.core.fields import FIELDS, TYPE_NAMES
from bonafide.engine.rules.language import Quantity, Vocabulary

FEATURES = ("f0", "f1", "f2")
VOCABULARY = Vocabulary(dict.fromkeys(FEATURES, Quantity("number")))
NUMBERS = ("amount", "credit_limit", "credit_used", "instalments", "days_past_due", "score", "confidence", "time")
TEXTS = ("user_id", "merchant_id", "device_id", "subject_id")
WORDS = ("goods", "pay_with", "channel", "status", "currency", "label")
FLAGS = ("success",)
IDS = ("u1", "u2", "é", "", "a b")

_constants = st.one_of(
    st.sampled_from(["0", "1", "2", "10", "0.5", "0.1", "100", "500", "1e6", "12.25"]),
    st.integers(0, 2_000).map(str),
    st.floats(0, 1_000, width=32).map(repr),
)
_numeric_names = st.sampled_from([*NUMBERS, *FEATURES, "local_hour", "local_day"])


def _bigger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(smaller, smaller)
    return st.one_of(
        st.builds("({0[0]} {1} {0[1]})".format, pair, st.sampled_from("+-*/")),
        st.builds("{1}({0[0]}, {0[1]})".format, pair, st.sampled_from(["min", "max", "coalesce", "round_to"])),
        st.builds("{1}({0})".format, st.lists(smaller, min_size=3, max_size=4).map(", ".join), st.just("max")),
        st.builds("abs({})".format, smaller),
        st.builds("-{}".format, smaller),
    )


numbers = st.recursive(_constants | _numeric_names, _bigger, max_leaves=6)
"""Expressions that give a number."""


def _quoted(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return values.map(repr)


@st.composite
def _sameness(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from([*TEXTS, *WORDS, "type"]))
    values = IDS if name in TEXTS else TYPE_NAMES if name == "type" else FIELDS[name].words
    quoted = _quoted(st.sampled_from(values))
    if draw(st.booleans()):
        among = draw(st.lists(quoted, min_size=1, max_size=3))
        return f"{name} {draw(st.sampled_from(['in', 'not in']))} [{', '.join(among)}]"
    like = [n for n in (TEXTS if name in TEXTS else WORDS) if n != name]
    other = draw(st.sampled_from(like)) if name != "type" and draw(st.booleans()) else draw(quoted)
    return f"{name} {draw(st.sampled_from(['==', '!=']))} {other}"


def _comparison(parts: tuple[str, str, str], ops: tuple[str, str], chained: bool) -> str:
    a, b, c = parts
    return f"{a} {ops[0]} {b} {ops[1]} {c}" if chained else f"{a} {ops[0]} {b}"


_order = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
_simple = st.one_of(
    st.builds(_comparison, st.tuples(numbers, numbers, numbers), st.tuples(_order, _order), st.booleans()),
    st.builds(_comparison, st.tuples(_numeric_names, _constants, _constants), st.tuples(_order, _order),
        st.just(False)),
    _sameness(),
    st.sampled_from(FLAGS),
    st.builds("success == {}".format, st.booleans()),
    st.builds(
        "{} is {}".format, st.sampled_from([*NUMBERS, *TEXTS, *WORDS, *FLAGS, *FEATURES]),
        st.sampled_from(["missing", "not missing"]),
    ),
)  # fmt: skip


def _joined(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({})".format, st.lists(smaller, min_size=2, max_size=3).map(" and ".join)),
        st.builds("({})".format, st.lists(smaller, min_size=2, max_size=3).map(" or ".join)),
        st.builds("not ({})".format, smaller),
    )


conditions = st.recursive(_simple, _joined, max_leaves=6)
"""Expressions that are true, false or unknown."""

_amounts = st.one_of(st.integers(0, 2_000), st.integers(0, 10**12))
_values: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("amount", "credit_limit", "credit_used", "instalments", "days_past_due"), _amounts),
    **dict.fromkeys(("score", "confidence"), st.integers(0, 10**9)),
    "time": st.integers(1_767_225_600_000, 1_767_225_700_000),
    **dict.fromkeys(TEXTS, st.sampled_from([i for i in IDS if i])),
    **{name: st.sampled_from(FIELDS[name].words) for name in WORDS},
    **dict.fromkeys(FLAGS, st.booleans()),
}
records = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPE_NAMES), "local_hour": st.integers(0, 23), "local_day": st.integers(20_000, 20_010)},
    optional=_values,
)
"""Fields by name, absent ones left out, fractions as whole billionths, with what is derived."""
answers = st.fixed_dictionaries(
    dict.fromkeys(FEATURES, st.none() | st.sampled_from([0.0, 1.0, -2.5]) | st.floats(-1e9, 1e9))
)
"""Features by name; None is missing."""
