"""Scores, credit scores and reasons of a bundle with a model, against the law written out in plain Python."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.decision import RISK_LEVELS, SCORE_UNIT, Decision
from bonafide.core.events import Event, Payment, Refund
from bonafide.engine.bundle import Bundle, load_bundle, untrained
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.rules.utilisation import HIDDEN
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.testing.generators import events
from tests.engine.kit import frame_of
from tests.engine.modelled import STUMPS, modelled
from tests.engine.test_engine_same import LOGS, fixed_log
from tests.engine.tiny import tiny

KNOTS = ((-4.0, 0.01), (0.0, 0.2), (2.0, 0.7), (4.0, 0.9))
RULES_WEIGHT = 0.5
INPUT_REASONS = ("RC1", "RC2", "RC2")
POINTS = ((100, 40), (1000, 0), (float("inf"), -90))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(modelled(tmp_path_factory.mktemp("modelled") / "b"))


def inputs_of(payment: Payment | Refund) -> list[float | None]:
    """What the model reads, in the bundle's currency; None is missing."""
    rate = {"CNY": 1, "USD": 7}.get(payment.currency)
    amount = None if rate is None else float(payment.amount * rate)
    if isinstance(payment, Refund):
        return [amount, None, None]
    limit = None if rate is None or payment.credit_limit is None else payment.credit_limit * rate
    of_line = None if not limit or amount is None else amount / limit
    return [amount, of_line, float(payment.pay_with == "credit")]


def branches(payment: Payment) -> list[tuple[float, float]]:
    """Of each stump: its answer, and how far that lies from its mean."""
    told = []
    for value, (_, threshold, right_if_missing, left, right) in zip(inputs_of(payment), STUMPS, strict=True):
        goes_right = right_if_missing if value is None else value > threshold
        answer = right if goes_right else left
        told.append((answer, answer - (left + right) / 2))
    return told


def calibrated(margin: float) -> float:
    return float(np.interp(margin, *zip(*KNOTS, strict=True)))


def expected_reasons(decision: Decision, payment: Payment, bundle: Bundle) -> list[str]:
    """The codes by their part in the score, largest first."""
    parts = dict.fromkeys(bundle.reasons, 0.0)
    hit = [rule for rule in bundle.rules if rule.id in decision.hits]
    weight = RULES_WEIGHT if decision.score_e6 >= 300_000 else 1.0
    for rule in hit:
        parts[rule.reason] += weight * -math.log(1 - rule.weight)
    if decision.score_e6 >= 300_000:
        for code, (_, part) in zip(INPUT_REASONS, branches(payment), strict=True):
            parts[code] += part
        most = max(parts.values())
        parts = {code: part if part >= 0.1 * most else 0.0 for code, part in parts.items()}
    for rule in hit:
        parts[rule.reason] = max(parts[rule.reason], 1e-9 * max(-math.log(1 - rule.weight), 1e-12))
    return [code for code in sorted(parts, key=lambda c: -parts[c]) if parts[code] > 0][:4]


@settings(max_examples=60)
@given(log=LOGS)
def test_a_payment_is_scored_by_trees_rules_and_calibration(bundle: Bundle, log: list[Event]) -> None:
    for event, made in zip(log, Engine(bundle).decide(log), strict=True):
        if not isinstance(made, Decision):
            continue
        genuine = np.prod([1 - r.weight for r in bundle.rules if r.id in made.hits])
        if isinstance(event, Payment):
            margin = sum(answer for answer, _ in branches(event)) - RULES_WEIGHT * math.log(genuine)
            assert made.score_e6 == pytest.approx(calibrated(margin) * SCORE_UNIT, abs=0.51)
            told = sorted(reason.code for reason in made.reasons)
            assert told == sorted(expected_reasons(made, event, bundle))
        else:
            assert made.score_e6 == pytest.approx((1 - genuine) * SCORE_UNIT, abs=0.51)


@settings(max_examples=40)
@given(log=LOGS)
def test_a_payer_has_the_credit_score_of_the_card(bundle: Bundle, log: list[Event]) -> None:
    for event, made in zip(log, Engine(bundle).decide(log), strict=True):
        if not isinstance(made, Decision):
            continue
        if not isinstance(event, Payment | Refund):
            assert made.credit_score is None
            continue
        amount = inputs_of(event)[0]
        points = -10 if amount is None else next(p for end, p in POINTS if amount < end)
        assert made.credit_score == 650 + points
        standing = "high" if made.credit_score < 570 else "medium" if made.credit_score < 660 else "low"
        shown = "high" if made.score >= 0.7 else "medium" if made.score >= 0.4 else "low"
        assert made.risk_level == max(standing, shown, key=RISK_LEVELS.index)


@settings(max_examples=40)
@given(log=LOGS, size=st.integers(1, 9))
def test_columns_batches_and_single_events_are_scored_alike(bundle: Bundle, log: list[Event], size: int) -> None:
    expected = Engine(bundle).decide(log)
    single, parts = Engine(bundle), Engine(bundle)
    assert [single.decide_one(event) for event in log] == expected
    assert [a for i in range(0, len(log), size) for a in parts.decide(log[i : i + size])] == expected
    frame = frame_of(log)
    batch = Engine(bundle).decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
    for i, made in enumerate(expected):
        if isinstance(made, Decision):
            assert (batch.score_e6[i], batch.credit[i]) == (made.score_e6, made.credit_score or 0)
            assert batch.templates[batch.template[i]].reasons == made.reasons


def test_inputs_follow_the_features_in_the_answers(bundle: Bundle) -> None:
    log = fixed_log()
    frame = frame_of(log)
    how = np.full(len(log), READ)
    trained = Engine(bundle).decide_columns(kinds_of(frame), columns_of(frame), how)
    waiting = Engine(untrained(bundle)).decide_columns(kinds_of(frame), columns_of(frame), how)
    features = len(tiny().feature_names) + len(HIDDEN)
    assert trained.answers.shape[1] == features + 3 + 1
    for i, event in enumerate(log):
        if isinstance(event, Payment) and trained.template[i] >= 0:
            told = [None if np.isnan(v) else v for v in trained.answers[i, features:].tolist()]
            assert told == [*inputs_of(event), inputs_of(event)[0]]
            assert np.array_equal(trained.answers[i], waiting.answers[i], equal_nan=True)


def test_a_bundle_without_a_model_scores_by_its_rules_as_before(bundle: Bundle) -> None:
    log = fixed_log()
    plain = [a for a in Engine(tiny()).decide(log) if isinstance(a, Decision)]
    waiting = [a for a in Engine(untrained(bundle)).decide(log) if isinstance(a, Decision)]
    assert [(a.score_e6, a.outcome, a.reasons, a.credit_score) for a in plain] == [
        (a.score_e6, a.outcome, a.reasons, a.credit_score) for a in waiting
    ]


def test_a_model_is_swapped_in_and_out_without_touching_what_is_kept(bundle: Bundle) -> None:
    log = fixed_log()
    engine = Engine(tiny())
    engine.decide(log[:100])
    engine.swap(bundle)
    swapped = engine.decide(log[100:200])
    engine.swap(tiny())
    back = engine.decide(log[200:])
    assert swapped == Engine(bundle).decide(log[:200])[100:]
    assert back == Engine(tiny()).decide(log)[200:]


@given(st.lists(events(["payment"]), min_size=1, max_size=3))
@settings(max_examples=20)
def test_any_payment_has_a_score_within_the_knots(bundle: Bundle, payments: list[Event]) -> None:
    for made in Engine(bundle).decide(payments):
        if isinstance(made, Decision):
            assert 10_000 <= made.score_e6 <= 900_000


def test_a_damaged_model_is_refused_in_words(bundle: Bundle, tmp_path: Path) -> None:
    folder = modelled(tmp_path / "b")
    content = bytearray((folder / "model" / "model.npz").read_bytes())
    content[len(content) // 2] ^= 0xFF
    (folder / "model" / "model.npz").write_bytes(bytes(content))
    with pytest.raises(Exception, match=r"model\.npz"):
        load_bundle(folder)
