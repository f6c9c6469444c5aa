"""`utilisation`: the stated use, else what the log adds up to, over the latest known limit."""

from __future__ import annotations

import numpy as np
import pytest

from bonafide.core.events import CreditLine, Fact, Payment, PaymentStatus, Repayment
from bonafide.engine.codes import READ, V_HITS
from bonafide.engine.compiled import Settings, compile_bundle
from bonafide.engine.engine import DEFAULT_SECRET
from bonafide.engine.features.spec import parse_features, quantity_of
from bonafide.engine.intake import rows_of_events
from bonafide.engine.kernels import load_kernels
from bonafide.engine.rules.language import Vocabulary, parse
from bonafide.engine.rules.utilisation import HIDDEN, expand
from bonafide.engine.state import State


def payment(number: int, **told: int) -> Payment:
    return Payment(
        event_id=f"p{number}", time=number, user_id="u", merchant_id="m", order_id=f"o{number}", amount=300,
        currency="CNY", **told,
    )  # type: ignore[arg-type]  # fmt: skip


def completed(number: int, what: Payment) -> PaymentStatus:
    return PaymentStatus(
        event_id=f"s{number}", time=number, payment_id=what.event_id, order_id="o", user_id="u", merchant_id="m",
        status="completed",
    )  # fmt: skip


LINE = CreditLine(event_id="c", time=0, user_id="u", limit=1_000, currency="CNY", reason="grant")
SPENT = payment(1)


@pytest.mark.parametrize(
    ("log", "condition"),
    [
        ([payment(2, credit_used=500, credit_limit=1_000)], "utilisation == 0.5"),
        ([LINE, payment(2, credit_used=900)], "utilisation == 0.9"),
        ([LINE, SPENT, completed(2, SPENT), payment(3)], "utilisation == 0.3"),
        ([SPENT, completed(2, SPENT), payment(3, credit_limit=600)], "utilisation == 0.5"),
        ([payment(1, credit_limit=600), payment(2, credit_used=300)], "utilisation == 0.5"),
        ([LINE, SPENT, payment(3)], "utilisation == 0"),
        (
            [LINE, SPENT, completed(2, SPENT),
             Repayment(event_id="r", time=3, user_id="u", amount=100, currency="CNY", status="paid"), payment(4)],
            "utilisation == 0.2",
        ),
        ([payment(2)], "utilisation is missing"),
        ([LINE, payment(2)], "utilisation is not missing"),
    ],
)  # fmt: skip
def test_utilisation(log: list[Fact], condition: str) -> None:
    features = parse_features(list(HIDDEN), "utilisation", hidden=True)
    node = expand(parse(condition, Vocabulary({f.name: quantity_of(f) for f in features})))
    kernels = load_kernels()
    state = State(compile_bundle(features, [(node, 0.5)], Settings("CNY")), DEFAULT_SECRET, kernels)
    rows = rows_of_events(log, kernels, state.bound.key)
    assert state.walk(rows, np.full(len(log), READ)).verdicts[-1, V_HITS] == 1
