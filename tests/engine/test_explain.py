"""Explaining: every part of a condition has the value that plain Python gives it, shares add up, near misses rank."""

from __future__ import annotations

from math import isnan, nan
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bonafide.core.decision import Decision
from bonafide.core.events import Fact, ListChanged, Payment
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import READ
from bonafide.engine.compiled import compile_bundle
from bonafide.engine.engine import Engine
from bonafide.engine.explain import (
    Cause,
    Part,
    Voice,
    band_of,
    cause_of_missing,
    closeness,
    evaluate_parts,
    nearest_voices,
    shares_of,
    stricter_rules,
    voices,
    with_companions,
)  # fmt: skip
from bonafide.engine.features.spec import parse_features
from bonafide.engine.intake import rows_of_events
from bonafide.engine.rules.language import DERIVED, Apply, Missing, Name, Number, Vocabulary, parse
from bonafide.engine.rules.operations import PLACES
from bonafide.engine.rules.tree import Quantity
from bonafide.engine.rules.utilisation import expand
from bonafide.engine.shipped import shipped_bundle
from bonafide.engine.siphash import ABSENT
from bonafide.testing.rules_twin import evaluate as evaluate_plainly
from tests.engine.test_shipped_rules import examples_of
from tests.lab.runs import small_bundle

START_MS = 1_767_601_800_000


def payment(number: int, **fields: Any) -> Payment:
    told = {"event_id": f"p{number}", "time": START_MS + number * 60_000, "user_id": "u1", "merchant_id": "m1"}
    return Payment(**{**told, "order_id": f"o{number}", "amount": 50_000, "currency": "CNY", **fields})


def lists_at(bundle: Bundle, log: list[Fact]) -> dict[str, tuple[str, ...]]:
    """What is on each list as of the last event of a log, the plain way."""
    now = max(event.time for event in log)
    on = {name: {one.id: one.until for one in some} for name, some in bundle.entries.items()}
    for event in log:
        if isinstance(event, ListChanged) and event.action == "add":
            on.setdefault(event.list, {})[event.entry] = event.expires
        elif isinstance(event, ListChanged):
            on.setdefault(event.list, {}).pop(event.entry, None)
    return {
        name: tuple(id_ for id_, until in some.items() if until is None or now < until) for name, some in on.items()
    }


class Last:
    """The last event of a log as the kernel left it."""

    def __init__(self, bundle: Bundle, log: list[Fact]) -> None:
        self.engine = Engine(bundle)
        rows = rows_of_events(log, self.engine.kernels, self.engine.state.bound.key)
        walked = self.engine.state.walk(rows, np.full(len(log), READ, dtype=np.int64))
        self.row: NDArray[np.int64] = rows[-1]
        self.answers: NDArray[np.float64] = walked.answers[-1]
        self.lists = lists_at(bundle, log)

    @property
    def voices(self) -> list[Voice]:
        engine = self.engine
        return voices(engine.bundle, engine.kernels, engine.state.bound.key, self.row, self.answers, self.lists)

    def part(self, text: str, *features: str) -> Part:
        """A condition's parts; of `features`, the answers are those of the bundle."""
        node = parse(text, Vocabulary({name: Quantity("number") for name in features}))
        columns = {f.name: n for n, f in enumerate(self.engine.bundle.features)}
        key = self.engine.state.bound.key
        return evaluate_parts([node], columns, self.engine.kernels, key, self.row, self.answers)[0]


def same(shown: float, plain: object) -> bool:
    return isnan(shown) if plain is None else shown == float(plain)  # type: ignore[arg-type]


def compare(part: Part, record: dict[str, Any], features: dict[str, float | None]) -> int:
    """How many parts were compared with the twin, all equal."""
    assert same(part.value, evaluate_plainly(expand(part.node), record, features)), part.node
    return 1 + sum(compare(inner, record, features) for inner in part.parts)


@pytest.mark.parametrize("example", examples_of("paylater"), ids=lambda e: e.name)
def test_every_part_of_every_shipped_rule_has_the_value_of_plain_python(example: Any) -> None:
    bundle = shipped_bundle("paylater")
    last = Last(bundle, [*example.past, example.event])
    given_ = msgspec.to_builtins(example.event)
    derived = {name: int(last.row[PLACES[name]]) for name in DERIVED if last.row[PLACES[name]] != ABSENT}
    record = {**given_, **derived}
    record |= {
        name: value for name in example.event.__struct_fields__ if (value := getattr(example.event, name)) is not None
    }
    features = {
        f.name: None if isnan(v) else v for f, v in zip(bundle.features, last.answers.tolist(), strict=False)
    }  # fmt: skip
    assert sum(compare(voice.condition, record, features) for voice in last.voices) > 3 * len(bundle.rules)
    decided = Engine(bundle).decide([*example.past, example.event])[-1]
    assert isinstance(decided, Decision)
    assert tuple(v.rule.id for v in last.voices if v.hit) == decided.hits


@given(st.lists(st.floats(0, 0.99), max_size=8))
def test_shares_add_up_to_the_score(weights: list[float]) -> None:
    shares = shares_of(weights)
    assert len(shares) == len(weights)
    assert sum(shares) == pytest.approx(1.0 if any(weights) else 0.0)
    for weight, share in zip(weights, shares, strict=True):
        assert 0.0 <= share <= 1.0
        assert weight > 0 or share == 0.0


def test_heavier_rules_have_larger_shares() -> None:
    assert shares_of([0.4, 0.2]) == sorted(shares_of([0.2, 0.4]), reverse=True)
    assert shares_of([0.3]) == [1.0]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("amount >= 50000", 1.0),
        ("amount >= 100000", 0.5),
        ("amount > 100000", 0.5),
        ("amount <= 25000", 0.5),
        ("amount >= 100000 and channel == 'app'", 0.75),
        ("amount >= 100000 or channel == 'app'", 1.0),
        ("amount >= 100000 or amount >= 200000", 0.5),
        ("credit_limit >= 1", 0.0),
        ("amount == 1", 0.0),
        ("not channel == 'app'", 0.0),
        ("amount - 60000 >= 1", 0.0),
    ],
)
def test_closeness_says_how_much_of_the_way_there_the_numbers_are(text: str, near: float) -> None:
    assert closeness(Last(small_bundle(), [payment(0, channel="app")]).part(text)) == near


def test_rules_for_other_events_are_never_near() -> None:
    shipped = nearest_voices(Last(shipped_bundle("paylater"), [payment(0, credit_limit=60_000)]).voices, 99)
    assert shipped
    assert not any(v.rule.id.startswith(("R-", "O-", "A-")) for v in shipped)
    assert [closeness(v.condition) for v in shipped] == sorted((closeness(v.condition) for v in shipped), reverse=True)


def test_the_band_and_the_rules_that_ask_for_more_are_named() -> None:
    bundle = small_bundle()
    assert [band_of(bundle, score).from_ for score in (0, 349_999, 350_000, 900_000)] == [0, 0, 0.35, 0.9]
    assert [r.id for r in stricter_rules(bundle, ["FAST", "MANY"], 580_000)] == ["FAST"]
    assert stricter_rules(bundle, ["MANY"], 0) == []


SPECS = """
- {name: none, event: refund, by: user_id, take: mean, of: amount, over: 1d}
- {name: valueless, event: payment, by: user_id, take: mean, of: credit_limit, over: 1d}
- {name: own, event: payment, by: user_id, take: zscore, of: credit_used, over: 1d}
- {name: flat, event: payment, by: user_id, take: zscore, of: amount, over: 1d}
- {name: keyless, event: payment, by: [user_id, device_id], take: count}
- {name: told, event: payment, by: user_id, take: max, of: amount, over: 1d, where: "amount > 1"}
"""


def test_each_missing_feature_has_its_cause() -> None:
    small = small_bundle()
    features = parse_features(yaml.safe_load(SPECS), "test")
    bundle = small._replace(features=features, rules=(), compiled=compile_bundle(features, [], small.settings))
    wide, companions = with_companions(bundle)
    assert len(wide.features) > len(features)
    log: list[Fact] = [payment(0, credit_used=5), payment(1, credit_used=7), payment(2)]
    last = Last(wide, log)
    told = {
        f.name: cause_of_missing(f, wide, companions, last.row, last.answers)
        for f, value in zip(features, last.answers.tolist(), strict=False)
        if isnan(value)
    }
    assert told == {
        "none": Cause("empty-window"), "valueless": Cause("no-values", ("credit_limit",), 2),
        "own": Cause("no-own-value", ("credit_used",), 2), "flat": Cause("no-spread", ("amount",), 2),
        "keyless": Cause("no-key", ("device_id",)),
    }  # fmt: skip


def test_companions_change_no_decision() -> None:
    bundle = shipped_bundle("paylater")
    log = [payment(n, credit_limit=300_000, credit_used=n * 50_000) for n in range(6)]
    assert Engine(with_companions(bundle)[0]).decide(log) == Engine(bundle).decide(log)


def test_a_part_that_is_unknown_is_neither_true_nor_false() -> None:
    last = Last(small_bundle(), [payment(0)])
    part = last.part("credit_limit > 5 and amount > 1")
    assert (part.holds, [p.holds for p in part.parts]) == (None, [None, True])
    assert last.part("credit_limit is missing").holds is True
    assert Part(Number(nan), nan, ()).holds is None


def test_utilisation_is_shown_with_what_it_is_made_of() -> None:
    last = Last(shipped_bundle("paylater"), [payment(0, credit_limit=100_000, credit_used=25_000)])
    columns = {f.name: n for n, f in enumerate(last.engine.bundle.features)}
    nodes = (Apply(">", (Name("utilisation", "number"), Number(0.2)), "truth"), Missing("utilisation"))
    used, missing = evaluate_parts(
        nodes, columns, last.engine.kernels, last.engine.state.bound.key, last.row, last.answers
    )  # fmt: skip
    assert (used.holds, used.parts[0].value, missing.holds) == (True, 0.25, False)
    assert [p.value for p in used.parts[0].parts] == [25_000, 100_000]
