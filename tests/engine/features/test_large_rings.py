"""Rings with tables and deques: many events of one key in its longest window, for so long that all of it turns over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import log2

import pytest

from bonafide.core.events import Payment
from bonafide.core.moment import HOUR_MS, MINUTE_MS, SECOND_MS
from bonafide.engine.features.layout import SMALL
from tests.engine.kit import answers_of, feature, payment, play, specs_of

STEP_MS = 45 * SECOND_MS
"""Eighty events an hour: more than are scanned, fewer than would make a ring of 128 grow."""
COUNT = 700
TAKES = ("distinct", "entropy", "min", "max", "sum", "std", "seconds_since_first", "last")
AMOUNTS: dict[str, Callable[[int], int]] = {
    "rising": lambda i: 1 + i,
    "falling": lambda i: 10**12 - i,
    "zigzag": lambda i: 10**6 + (i if i % 2 else -i),
    "constant": lambda i: 500,
    "few": lambda i: 100 + i * i % 7,
    "steps of forty": lambda i: 1 + i // 40,
}


def busy_log(amount: Callable[[int], int], *, late: bool, step_ms: int = STEP_MS) -> list[Payment]:
    """Payments of one user every 45 seconds; with `late`, each fifth comes up to twenty minutes late."""
    return [
        payment(i, i * step_ms + HOUR_MS - (i * 37 % 20 * MINUTE_MS if late and i % 5 == 0 else 0), amount(i))
        for i in range(COUNT)
    ]


@pytest.mark.parametrize("shape", AMOUNTS)
@pytest.mark.parametrize("late", [pytest.param(False, marks=pytest.mark.drill), True])
def test_values_come_and_go(shape: str, late: bool) -> None:
    assert HOUR_MS // STEP_MS > 2 * SMALL
    specs = specs_of(
        *(feature(take, over, of="amount", where=where)
          for take in TAKES for over in ("2m", "20m", "1h") for where in (None, "amount > 300"))
    )  # fmt: skip
    play(specs, busy_log(AMOUNTS[shape], late=late), every=97)


@pytest.mark.parametrize("shape", AMOUNTS)
def test_values_come_and_go_in_a_ring_with_more_segments_than_its_row_tells_of(shape: str) -> None:
    step_ms = 9 * SECOND_MS
    assert HOUR_MS // step_ms > 3 * 128
    specs = specs_of(
        *(feature(take, over, of=of) for take, of in
          (("distinct", "amount"), ("distinct", "merchant_id"), ("entropy", "amount"), ("max", "amount"))
          for over in ("20m", "1h"))
    )  # fmt: skip
    play(specs, busy_log(AMOUNTS[shape], late=True, step_ms=step_ms), every=97)


@pytest.mark.parametrize("shape", AMOUNTS)
def test_the_extremes_of_every_moment(shape: str) -> None:
    log = busy_log(AMOUNTS[shape], late=False)
    amounts = [event.amount for event in log]
    for over, events in (("1h", 80), ("20m", 27)):
        inside = [amounts[max(0, i - events + 1) : i] for i in range(1, COUNT)]
        assert answers_of(feature("min", over, of="amount"), log)[1:] == [min(values) for values in inside]
        assert answers_of(feature("max", over, of="amount"), log)[1:] == [max(values) for values in inside]


def test_entropy_does_not_drift_over_thousands() -> None:
    """Thousands of the same few values: the sum of c * log2(c) needs more than one word, and all of it leaves again."""
    merchants = [f"m{i % 3 if i % 10 else i % 40}" for i in range(9_000)]
    log = [payment(i, i * SECOND_MS, merchant_id=merchant) for i, merchant in enumerate(merchants)]
    got = answers_of(feature("entropy", "1h", of="merchant_id"), log)
    for i in (2, 1_000, 3_599, 3_600, 3_601, 5_000, 8_999):
        counts = Counter(merchants[max(0, i - 3_599) : i])
        total = sum(counts.values())
        assert got[i] == pytest.approx(-sum(c / total * log2(c / total) for c in counts.values()), abs=1e-12), i
    log += [payment(9_999, 4 * HOUR_MS), payment(10_000, 4 * HOUR_MS)]
    after = answers_of(feature("entropy", "1h", of="merchant_id"), log)
    assert after[-2:] == [None, 0.0]


def test_a_ring_that_was_large_and_ran_empty_starts_anew() -> None:
    specs = specs_of(*(feature(take, over, of="amount") for take in TAKES for over in ("2m", "1h")))
    first = busy_log(AMOUNTS["zigzag"], late=False)[:200]
    gap = first[-1].time - first[0].time + 5 * HOUR_MS
    second = [payment(1_000 + i, i * STEP_MS + gap, AMOUNTS["few"](i)) for i in range(200)]
    play(specs, [*first, *second], every=31)
