"""Snapshots: restoring changes no later answer, and what is wrong is refused before anything changes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.errors import StateError
from bonafide.core.events import Event, Payment
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from bonafide.engine.snapshot import read_snapshot, write_snapshot
from bonafide.testing.generators import events

START_MS = 1_767_225_600_000


def engine(secret: bytes = bytes(16)) -> Engine:
    return Engine(shipped_bundle("paylater"), secret=secret)


def payment(number: int) -> Payment:
    return Payment(
        event_id=f"p{number}", time=START_MS + number * 60_000, user_id=f"u{number % 3}", merchant_id=f"m{number % 2}",
        order_id=f"o{number}", amount=1_000 + number, currency="CNY", credit_limit=10_000, credit_used=number,
    )  # fmt: skip


def saved(source: Engine) -> bytes:
    file = io.BytesIO()
    write_snapshot(source, file)
    return file.getvalue()


@settings(max_examples=25)
@given(st.lists(events(), max_size=60), st.integers(0, 60))
def test_restoring_changes_no_later_answer(log: list[Event], cut: int) -> None:
    whole, first, second = engine(), engine(), engine()
    expected = whole.decide(log)
    before = first.decide(log[:cut])
    read_snapshot(second, io.BytesIO(saved(first)))
    assert before + second.decide(log[cut:]) == expected


def test_restoring_replaces_what_was_known_before() -> None:
    source, target = engine(), engine()
    source.decide([payment(n) for n in range(40)])
    target.decide([payment(n) for n in range(100, 900)])
    read_snapshot(target, io.BytesIO(saved(source)))
    later = [payment(n) for n in range(40, 90)]
    assert target.decide(later) == source.decide(later)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda b: b"", "no snapshot of this version"),
        (lambda b: b[:10], "no snapshot of this version"),
        (lambda b: b[:-1], "not complete"),
        (lambda b: b + b"x", "not complete"),
        (lambda b: b[:-9] + bytes([b[-9] ^ 1]) + b[-8:], "damaged"),
        (lambda b: b.replace(b'"words"', b'"wards"', 1), "header is damaged"),
    ],
)
def test_damage_is_refused_and_nothing_changes(damage, why: str) -> None:
    source, target, twin = engine(), engine(), engine()
    source.decide([payment(n) for n in range(20)])
    for each in (target, twin):
        each.decide([payment(n) for n in range(50, 60)])
    with pytest.raises(StateError, match=why):
        read_snapshot(target, io.BytesIO(damage(saved(source))))
    later = [payment(n) for n in range(60, 80)]
    assert target.decide(later) == twin.decide(later)


def test_another_secret_is_refused() -> None:
    with pytest.raises(StateError, match="another secret"):
        read_snapshot(engine(bytes(range(16))), io.BytesIO(saved(engine())))
