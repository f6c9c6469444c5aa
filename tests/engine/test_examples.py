"""Examples: how they are written, what they say when they do not hold, and that each stands alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bonafide.core.errors import ConfigError
from bonafide.core.events import Fact, PaymentStatus
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS, parse_moment
from bonafide.engine.bundles.example_events import EntryError, fact_of, facts_of, parse_offset
from bonafide.engine.bundles.example_files import START, Example, read_examples
from bonafide.engine.bundles.examples import run_examples
from bonafide.engine.bundles.files import Sources
from tests.engine.tiny import tiny

DEFAULTS = {"user_id": "u", "merchant_id": "m", "order_id": "o", "currency": "CNY", "amount": 100}
HEAD = "defaults: {user_id: u, merchant_id: m, order_id: o, currency: CNY, amount: 100}\nexamples:\n"


def read(text: str) -> tuple[Example, ...]:
    sources = Sources({"examples/a.yaml": text.encode()})
    examples = read_examples(sources)
    sources.raise_mistakes()
    return examples


def results(text: str, rule_ids: set[str] | None = None) -> list[tuple[str, bool, str]]:
    bundle = tiny()._replace(examples={"examples/a.yaml": (HEAD + text).encode()})
    return [(r.name, r.passed, r.message) for r in run_examples(bundle, rule_ids)]


def facts(**entry: Any) -> list[Fact]:
    return list(facts_of(entry, DEFAULTS, START, 0))


# ---- times and events


def test_a_start_is_noon_of_a_monday_by_the_shipped_clock() -> None:
    assert parse_moment("2026-01-05T12:00:00+08:00") == START


@pytest.mark.parametrize(
    ("text", "span"),
    [("0s", 0), ("2h", 2 * HOUR_MS), ("+2h", 2 * HOUR_MS), ("1d 2h 30m", DAY_MS + 150 * MINUTE_MS),
     ("1d -1ms", DAY_MS - 1),
     ("90d - 1ms", 90 * DAY_MS - 1), ("-1h", -HOUR_MS)],
)  # fmt: skip
def test_offsets_are_spans_added_up(text: str, span: int) -> None:
    assert parse_offset(text) == span


@pytest.mark.parametrize("text", ["", "2", "h", "2 hours", "1h1m", "1.5h", None, 5, "9999999999s"])
def test_what_is_no_offset_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="write spans such as"):
        parse_offset(text)


def test_a_repeated_entry_is_as_many_events_a_step_apart() -> None:
    made = facts(at="1h", repeat=3, every="1m", user_id="buyer{n}", order_id="o{n}")
    assert [(e.event_id, e.time - START, getattr(e, "user_id")) for e in made] == [  # noqa: B009
        ("e0", HOUR_MS, "buyer0"), ("e1", HOUR_MS + MINUTE_MS, "buyer1"), ("e2", HOUR_MS + 2 * MINUTE_MS, "buyer2")
    ]  # fmt: skip


def test_a_completed_payment_brings_its_status() -> None:
    paid, status = facts(completed=True)
    assert isinstance(status, PaymentStatus)
    assert (status.payment_id, status.status, status.time) == (paid.event_id, "completed", paid.time)


def test_defaults_go_where_the_type_has_the_field_and_null_takes_them_away() -> None:
    (login,) = facts(type="login", subject_type="user", subject_id="u")
    assert login.type == "login"
    with pytest.raises(EntryError, match="order_id: missing from payment") as caught:
        facts(order_id=None)
    assert caught.value.key == "order_id"


@pytest.mark.parametrize(
    ("entry", "says", "key"),
    [
        ({"type": "paymnt"}, "type: unknown 'paymnt'; did you mean payment?", "type"),
        ({"amout": 5}, "payment has no field amout; did you mean amount?", "amout"),
        ({"amount": 5.5}, "amount: 5.5 is not accepted; give a whole number", "amount"),
        ({"at": "noon"}, "at: 'noon' is no time; write spans", "at"),
        ({"at": "1h", "time": 5}, "at and time are both given", "time"),
        ({"repeat": 0}, "repeat: expected a whole number from 1 to", "repeat"),
        ({"repeat": True}, "repeat: expected a whole number from 1 to", "repeat"),
        ({"every": "1m"}, "every: says how far apart repeated events are; add repeat", "every"),
        ({"completed": "yes"}, "completed: true or false", "completed"),
        ({"type": "refund", "completed": True}, "completed: true or false, and only of a payment", "completed"),
        ({5: 5}, "payment has no field 5", "5"),
        ({"at": "-99999d"}, "time: ", "time"),
        ({"type": ["payment"]}, "type: unknown a list of 1", "type"),
    ],
)  # fmt: skip
def test_an_entry_that_is_no_event_is_explained(entry: dict[Any, Any], says: str, key: str) -> None:
    with pytest.raises(EntryError) as caught:
        list(facts_of(entry, DEFAULTS, START, 0))
    assert str(caught.value).startswith(says)
    assert caught.value.key == key


def test_a_time_may_be_absolute() -> None:
    assert fact_of({"time": "2026-03-01T00:00:00Z"}, DEFAULTS, START, 0).time == parse_moment("2026-03-01T00:00:00Z")


# ---- examples


def test_an_example_like_another_takes_its_past_and_what_it_does_not_change() -> None:
    first, second, third = read(
        HEAD + "- {name: a, past: [{at: 0h}], event: {at: 1h, amount: 7, goods: virtual}, hits: [X]}\n"
        "- {name: b, like: a, event: {amount: 8}, not_hits: [X]}\n"
        "- {name: c, like: b, past: [], event: {goods: null}, outcome: allow}\n"
    )
    assert second.past == first.past
    assert (second.event.time, getattr(second.event, "amount"), getattr(second.event, "goods")) == (  # noqa: B009
        START + HOUR_MS, 8, "virtual"
    )  # fmt: skip
    assert third.past == ()
    assert (getattr(third.event, "amount"), getattr(third.event, "goods")) == (8, None)  # noqa: B009
    assert [e.place.line for e in (first, second, third)] == [3, 4, 5]


def test_what_must_come_is_compared() -> None:
    many = "past: [{at: 0m, repeat: 2, every: 1m}], event: {at: 5m}"
    assert results(
        f"- {{name: holds, {many}, hits: [MANY], not_hits: [LARGE], outcome: warn, risk_level: medium, reasons: [RC1],"
        " score: {from: 0.4, to: 0.4}}\n"
        f"- {{name: silent, {many}, not_hits: [MANY]}}\n"
        "- {name: misses, event: {at: 5m}, hits: [MANY], outcome: hold, risk_level: high, reasons: [RC2],"
        " score: {from: 0.5}}\n"
    ) == [
        ("holds", True, ""),
        ("silent", False, "expected no hit of MANY, got MANY"),
        ("misses", False,
         "expected a hit of MANY, got no hit; expected outcome hold, got allow (score 0.000000, no hit); "
         "expected risk level high, got low (score 0.000000); expected reason RC2, got none; "
         "expected a score from 0.5 to 1.0, got 0.000000; "
         "of MANY, user_count_1h >= 2 does not hold (user_count_1h is 0)"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("event", "rule", "says"),
    [
        ("{at: 0h}", "CASH", "of CASH, to == 'cash' does not hold (to is missing)"),
        ("{at: 0h, type: refund, to: bank}", "CASH", "of CASH, to == 'cash' does not hold (to is bank)"),
        ("{at: 0h, credit_used: 5, credit_limit: 10}", "FULL",
         "of FULL, utilisation > 0.9 does not hold (utilisation is 0.5)"),
        ("{at: 0h}", "FULL", "of FULL, utilisation > 0.9 does not hold (utilisation is missing)"),
        ("{at: 0h, type: payout, account_id: a}", "TWICE",
         "of TWICE, merchant_payouts_1d >= 1 does not hold (merchant_payouts_1d is 0)"),
        ("{at: 1h}", "NIGHT",
         "of NIGHT, type == 'transfer' does not hold (type is payment) and local_hour < 6 does not hold "
         "(local_hour is 6)"),
        ("{at: 0h, currency: EUR, amount: 999999}", "LARGE",
         "of LARGE, amount >= 100000 does not hold (amount is missing)"),
    ],
)  # fmt: skip
def test_a_missing_hit_is_told_with_the_numbers(event: str, rule: str, says: str) -> None:
    ((_, passed, message),) = results(f"- {{name: a, event: {event}, hits: [{rule}]}}\n")
    assert not passed
    assert message.endswith(says)


def test_no_example_knows_another() -> None:
    alone = "- {name: %s, past: [{at: 0m}], event: {at: 5m}, not_hits: [MANY]}\n"
    assert all(passed for _, passed, _ in results(alone % "a" + alone % "b" + alone % "c"))


def test_only_the_examples_of_some_rules_are_played() -> None:
    text = "- {name: a, event: {at: 0h}, not_hits: [MANY]}\n- {name: b, event: {at: 0h}, not_hits: [LARGE]}\n"
    assert [name for name, _, _ in results(text, {"LARGE"})] == ["b"]
    assert results(text, {"TWICE"}) == []


def test_a_past_that_the_engine_refuses_is_told() -> None:
    text = "- {name: a, past: [{at: 9d}, {at: 0d}], event: {at: 9d}, not_hits: [MANY]}\n"
    assert results(text) == [("a", False, "event e1 of its past was refused: too-late")]
    text = "- {name: a, past: [{at: 9d}], event: {at: 0d}, not_hits: [MANY]}\n"
    assert results(text) == [("a", False, "its event was refused: too-late")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {name: a, hits: [X]}", "event is missing; it is the one decided on"),
        ("- {name: a, event: {at: 0h, repeat: 2}, hits: [X]}", "repeat: the event decided on happens once"),
        ("- {name: a, event: {type: login, subject_type: user, subject_id: u}, hits: [X]}", "type: login only teaches"),
        ("- {name: a, event: {}, hits: X}", "hits: expected a list, each entry a text, found 'X'"),
        ("- {name: a, event: {}, score: {from: 5}}", "score.from: expected a score from 0 to 1, found 5"),
        ("- {name: a, event: {}, hits: [X]}\n- {name: a, event: {}, hits: [X]}", "the name is taken already"),
        ("- {name: a, event: {}, hits: [X]}\n- {name: b, like: c, hits: [X]}",
         "there is no example 'c' before this one"),
        ("- {name: a, past: [{repeat: 9000}, {repeat: 9000}], event: {}, hits: [X]}", "an example has at most 10000"),
        ("- a", "expected keys with values: name, event, past"),
    ],
)  # fmt: skip
def test_an_example_that_is_none_is_explained(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(HEAD + text)
    assert says in str(caught.value)
    assert "examples/a.yaml:" in str(caught.value)


def test_a_bundle_without_examples_plays_none(tmp_path: Path) -> None:
    assert run_examples(tiny()) == []
