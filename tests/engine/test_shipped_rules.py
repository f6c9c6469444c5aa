"""The shipped rules on the shipped examples: each fires on one and keeps silent on a near miss."""

from __future__ import annotations

import msgspec
import pytest

from bonafide.core.decision import Decision
from bonafide.core.events import Payment
from bonafide.engine.bundles.example_files import Example, read_examples
from bonafide.engine.bundles.examples import run_examples
from bonafide.engine.bundles.files import Sources
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle

NAMES = ("paylater", "starter")


def examples_of(name: str) -> tuple[Example, ...]:
    return read_examples(Sources(dict(shipped_bundle(name).examples)))


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_example_holds(name: str) -> None:
    results = run_examples(shipped_bundle(name))
    assert [(r.path, r.line, r.name, r.message) for r in results if not r.passed] == []
    assert len(results) == len(examples_of(name)) >= 2 * len(shipped_bundle(name).rules)


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_rule_fires_and_keeps_silent_somewhere(name: str) -> None:
    rules = {rule.id for rule in shipped_bundle(name).rules}
    assert rules == {rule for example in examples_of(name) for rule in example.expected.hits}
    assert rules == {rule for example in examples_of(name) for rule in example.expected.not_hits}


@pytest.mark.parametrize("example", [e for e in examples_of("paylater") if e.expected.hits], ids=lambda e: e.name)
def test_paying_with_one_s_own_money_is_nobody_s_cash_out(example: Example) -> None:
    """Every rule but those on refunds, parcels, applications, shared accounts, limits and unusual amounts is about
    credit."""
    not_about_credit = {
        "M-NO-PARCEL", "R-ELSEWHERE", "R-MERCHANT-ELSEWHERE", "U-CASH-REFUNDS", "U-UNUSUAL", "A-SHARED-ACCOUNT",
        "A-PAPERS", "O-LIMITS-14D", "O-LIMITS-45D", "O-LIMITS-90D", "O-LIMITS-30D",
    }  # fmt: skip
    log = [
        msgspec.structs.replace(e, pay_with="card") if isinstance(e, Payment) else e
        for e in (*example.past, example.event)
    ]
    answer = Engine(shipped_bundle("paylater")).decide(log)[-1]
    assert isinstance(answer, Decision)
    for rule in example.expected.hits:
        assert (rule in answer.hits) == (rule in not_about_credit)


def test_an_ordinary_month_disturbs_nobody_on_any_day() -> None:
    (month,) = (e for e in examples_of("paylater") if e.name == "a month of groceries and a phone, repaid")
    answers = Engine(shipped_bundle("paylater")).decide([*month.past, month.event])
    assert {a.outcome for a in answers if isinstance(a, Decision)} == {"allow"}
    assert sum(isinstance(a, Decision) for a in answers) == 30
