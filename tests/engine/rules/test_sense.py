"""Conditions that make no sense: what is said of each, word for word in golden/nonsense.txt; and that nothing is said
that is not so, on random events.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import event as note_event
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bonafide.core.fields import FIELDS
from bonafide.core.mistakes import Mistake, show_mistakes
from bonafide.engine.rules.language import (
    DECIDED_TYPES,
    Apply,
    Node,
    Quantity,
    Vocabulary,
    amount_bounds,
    names_in,
    parse_located,
)  # fmt: skip
from bonafide.engine.rules.sense import look_for_nonsense, verdicts
from bonafide.testing.rules_twin import evaluate
from tests.engine.kit import assert_golden

GOLDEN = Path(__file__).parent / "golden" / "nonsense.txt"
COUNT, MONEY, SHARE = "user_payment_count_24h", "user_credit_sum_24h", "user_virtual_share_7d"
VOCABULARY = Vocabulary({
    COUNT: Quantity("count", 0), MONEY: Quantity("money", 0), SHARE: Quantity("fraction", 0, 1),
    "user_since_first": Quantity("seconds", 0), "user_amount_zscore_90d": Quantity("score"),
    "user_entropy_7d": Quantity("bits", 0), "user_payment_sum_24h": Quantity("money", 0),
})  # fmt: skip

NONSENSE = (
    # Units.
    f"amount > {COUNT}",
    f"{MONEY} + {COUNT} > 5",
    f"{SHARE} >= 70",
    "utilisation >= 90",
    "user_since_first <= 86400000",
    f"user_since_first > {COUNT}",
    "amount > 100.50",
    f"{MONEY} >= 99.9",
    "time - opened_on < 86400",
    "time - opened_on < user_since_first",
    "time + time > 5",
    "min(amount, user_since_first) > 5",
    f"amount - {COUNT} > 5",
    "user_amount_zscore_90d > user_entropy_7d",
    "local_hour > local_day",
    f"coalesce({MONEY}, {SHARE}) > 5",
    "70 < utilisation",
    # Never true.
    f"{COUNT} >= 5 and {COUNT} < 3",
    "goods == 'virtual' and goods == 'service'",
    "amount > 5 and amount > 9 and amount < 4",
    "type == 'payment' and speed == 'instant'",
    "speed == 'instant' and type == 'payment'",
    "goods == 'virtual' and speed == 'instant'",
    "type == 'payment' and (goods == 'virtual' or speed == 'instant')",
    "type == 'payment' and coalesce(weight_g, 0) > 5",
    "type == 'payment' and user_id is missing",
    "amount is missing and amount > 5",
    f"{COUNT} < 0",
    "local_hour > 23",
    "local_hour >= 22 and local_hour < 6",
    "amount < credit_limit and amount > credit_limit",
    "amount != amount",
    "amount / 0 > 5",
    "3 > 5",
    "user_id == merchant_id and user_id != merchant_id",
    "user_id in ['a', 'b'] and user_id not in ['a', 'b', 'c']",
    "success and not success",
    "amount > 10 and amount * 2 < 5",
    "type == 'login' and success",
    "amount is not missing and type == 'login'",
    "not (amount >= 1 or amount is missing)",
    f"amount > 5 and not ({COUNT} >= 0)",
    "amount + 1 < 1",
    "type == 'refund' and goods in ['virtual', 'physical']",
    f"{COUNT} > 5 and (amount > 5 or {COUNT} < 2)",
    # Never false.
    "amount >= 1",
    f"{COUNT} >= 0 and amount > 5",
    "amount > 5 or amount <= 5",
    "goods != 'virtual' or goods != 'service'",
    "not (goods == 'virtual' and goods == 'service')",
    "5 > 3",
    f"{SHARE} <= 1",
    "amount == amount",
    "type in ['payment', 'refund', 'payout', 'transfer', 'merchant_application']",
    "abs(amount) >= 0",
    "local_hour < 24",
    "amount is missing or amount > 0",
    # What may be zero or missing below a line.
    "(credit_used + amount) / credit_limit >= 0.9",
    "0.9 <= amount / credit_limit",
    f"{MONEY} / {COUNT} > 5 + amount",
    "abs(amount / credit_limit - 1) < 0.1",
    "amount / (user_amount_zscore_90d + 1) > 5",
    f"type == 'payment' and 1 / {COUNT} > 0.5",
)
SENSE = (
    "amount > 5",
    f"{COUNT} >= 4 and amount > 100",
    "credit_limit > 0 and amount / credit_limit > 0.5",
    "coalesce(amount / credit_limit, 1) >= 0.1",
    f"{MONEY} + amount >= 0.5 * credit_limit",
    f"{MONEY} / 2 > 100",
    f"{COUNT} >= 1 and {MONEY} / {COUNT} > 5000",
    "user_since_first <= 2592000",
    "user_since_first / 3600 < 24",
    "time - opened_on < 86400000",
    "(time - opened_on) / 1000 < user_since_first",
    f"{SHARE} >= 0.7",
    f"{SHARE} * amount > 5",
    "local_hour < 6 or local_hour >= 22",
    "abs(amount - round_to(amount, 10000)) <= 500 and amount >= 50000",
    "utilisation > 1.2",
    "amount > 5 and amount > 9",
    "type == 'payment' and goods is missing",
    "(type == 'payment' and goods == 'virtual') or (type == 'payout' and speed == 'instant')",
    "amount * 1.5 > 7.25",
    "type in ['payment', 'payout'] and (goods == 'virtual' or speed == 'instant')",
)


def told(text: str) -> str:
    """A condition and what is said of it."""
    located = parse_located(text, VOCABULARY)
    mistakes = [
        Mistake(p.code, f"[{p.code}] {p.message}", "", 1, p.column + 1, p.width, p.help, p.severity)
        for p in look_for_nonsense(located, VOCABULARY)
    ]
    return f"##### {text}\n{show_mistakes(mistakes, {'': text}) or 'nothing is said of it'}\n"


def test_each_nonsense_is_explained_word_for_word() -> None:
    text = "\n".join(map(told, NONSENSE))
    assert_golden(GOLDEN, text)
    assert "nothing is said" not in text


@pytest.mark.parametrize("text", SENSE)
def test_of_what_makes_sense_nothing_is_said(text: str) -> None:
    assert look_for_nonsense(parse_located(text, VOCABULARY), VOCABULARY) == ()


def test_a_where_is_asked_about_every_type() -> None:
    assert look_for_nonsense(parse_located("success and type == 'login'"), None) == ()


def test_an_amount_that_a_rate_converts_may_be_zero() -> None:
    rupiah = Vocabulary(amounts=amount_bounds([(4, 10_000)]))
    assert look_for_nonsense(parse_located("amount >= 1", rupiah), rupiah) == ()
    assert amount_bounds([]) == (1.0, 10**12 + 1.0)
    assert amount_bounds([(7, 1)])[1] > 7 * 10**12


# Random events against every verdict

Played = list[tuple[dict[str, Any], dict[str, float | None]]]
NUMBERS = ("amount", "credit_limit", COUNT, MONEY, SHARE, "local_hour", "instalments")
_numbers = st.recursive(
    st.sampled_from(NUMBERS) | st.sampled_from(["0", "1", "2", "3", "0.5", "5", "23", "1000000000000"]),
    lambda inner: st.one_of(
        st.builds("({0} {1} {2})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("{1}({0}, {2})".format, inner, st.sampled_from(["min", "max", "coalesce", "round_to"]), inner),
        st.builds("abs({})".format, inner), st.builds("-{}".format, inner),
    ),
    max_leaves=3,
)  # fmt: skip
_words = st.sampled_from(["'virtual'", "'service'", "'physical'"])
_simple = st.one_of(
    st.builds("{0} {1} {2}".format, _numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _numbers),
    st.builds(
        "{0} {1} {2}".format,
        st.sampled_from(NUMBERS),
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.sampled_from(["0", "1", "2", "3", "5"]),
    ),
    st.builds("goods {0} {1}".format, st.sampled_from(["==", "!="]), _words),
    st.builds("goods in [{0}, {1}]".format, _words, _words),
    st.builds("speed == '{0}'".format, st.sampled_from(["instant", "scheduled"])),
    st.builds("user_id {0} ['a', 'b']".format, st.sampled_from(["in", "not in"])),
    st.builds(
        "user_id {0} {1}".format,
        st.sampled_from(["==", "!="]),
        st.sampled_from(["'a'", "'c'", "merchant_id", "device_id"]),
    ),
    st.builds("type {0} '{1}'".format, st.sampled_from(["==", "!="]), st.sampled_from([*DECIDED_TYPES, "login"])),
    st.builds(
        "{0} is {1}".format,
        st.sampled_from([*NUMBERS, "goods", "user_id", "speed"]),
        st.sampled_from(["missing", "not missing"]),
    ),
)
conditions = st.recursive(
    _simple,
    lambda inner: st.one_of(
        st.builds("({})".format, st.lists(inner, min_size=2, max_size=4).map(" and ".join)),
        st.builds("({})".format, st.lists(inner, min_size=2, max_size=3).map(" or ".join)),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=6,
)

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "amount": st.sampled_from([1, 2, 3, 5, 6, 1000, 10**12]) | st.integers(1, 10**12),
    "credit_limit": st.sampled_from([0, 1, 2, 3, 5, 10**12]) | st.integers(0, 10**12),
    "instalments": st.sampled_from([1, 2, 3, 5, 6, 360]),
    "goods": st.sampled_from(FIELDS["goods"].words), "speed": st.sampled_from(FIELDS["speed"].words),
    **dict.fromkeys(("user_id", "merchant_id", "device_id"), st.sampled_from(["a", "b", "c", "d"])),
}  # fmt: skip


@st.composite
def events(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, float | None]]:
    """An event that can be, and what features may answer on it."""
    kind = draw(st.sampled_from(DECIDED_TYPES))
    record: dict[str, Any] = {"type": kind, "local_hour": draw(st.integers(0, 23)), "local_day": 20_000}
    for name, values in _VALUES.items():
        field = FIELDS[name]
        needed = kind in field.required and field.kind != "money"  # money in a currency without a rate is missing
        if kind in field.types and (needed or draw(st.integers(0, 4))):
            record[name] = draw(values)
    whole = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 1e6])
    part = st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 1)
    return record, {COUNT: draw(st.none() | whole), MONEY: draw(st.none() | whole), SHARE: draw(st.none() | part)}


def node_at(node: Node, path: tuple[int, ...]) -> Node:
    for i in path:
        assert isinstance(node, Apply)
        node = node.parts[i]
    return node


def ands_around(root: Node, path: tuple[int, ...]) -> list[Node]:
    """Every `and` that a part stands in, up to the nearest `not`."""
    found: list[Node] = []
    for i in range(len(path) - 1, -1, -1):
        above = node_at(root, path[:i])
        assert isinstance(above, Apply)
        if above.op == "not":
            break
        found += [above] if above.op == "and" else []
    return found


@settings(max_examples=300)
@given(conditions, st.lists(events(), min_size=4, max_size=4))
@example(
    "amount >= 1 and goods == 'virtual'", [({"type": "payment", "local_hour": 0, "amount": 1, "goods": "virtual"}, {})]
)
@example("round_to(amount, 3) < 1", [({"type": "payment", "local_hour": 0, "amount": 1}, {})])
@example(
    "not (goods == 'virtual' and speed == 'instant')", [({"type": "payment", "local_hour": 0, "goods": "virtual"}, {})]
)
def test_no_event_contradicts_a_verdict(
    text: str, played: list[tuple[dict[str, Any], dict[str, float | None]]]
) -> None:
    located = parse_located(text, VOCABULARY)
    found = verdicts(located, VOCABULARY)
    for path, problem in found:
        note_event(problem.code)
        part = node_at(located.node, path)
        for record, features in played:
            told = {**dict.fromkeys(VOCABULARY.features), **features}
            around = all(evaluate(node, record, told) is True for node in ands_around(located.node, path))
            if problem.code in ("contradiction", "unreachable"):
                assert not (around and evaluate(part, record, told) is True), (problem, record, features)
            elif problem.code == "always-true":
                got = evaluate(part, record, told)
                assert got is not False, (problem, record, features)
            elif problem.code == "always-missing" and around:
                assert any(record.get(n) is None and told.get(n) is None for n in names_in(part)), (problem, record)


@settings(max_examples=150)
@given(conditions, st.lists(events(), min_size=4, max_size=4))
def test_a_rule_that_hits_is_never_called_impossible(text: str, played: Played) -> None:
    """A contradiction that stands in the way of the whole (by `and` only) means that no event is hit."""
    located = parse_located(text, VOCABULARY)
    for path, problem in verdicts(located, VOCABULARY):
        above = [node_at(located.node, path[:i]) for i in range(len(path))]
        if problem.code in ("contradiction", "unreachable") and all(
            isinstance(a, Apply) and a.op == "and" for a in above
        ):
            for record, features in played:
                told = {**dict.fromkeys(VOCABULARY.features), **features}
                assert evaluate(located.node, record, told) is not True, (problem, record, features)


def test_a_verdict_takes_little_time_however_large_the_condition() -> None:
    parts = [f"(amount > {i} and amount < {i + 2} or {COUNT} == {i})" for i in range(25)]
    assert look_for_nonsense(parse_located(" and ".join(parts), VOCABULARY), VOCABULARY)
