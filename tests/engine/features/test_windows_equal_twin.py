"""The window kernel against its plain-Python twin: equal, always."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.engine.features.spec import Feature
from bonafide.testing.generators import START_MS, events
from tests.engine.features.logs import any_features, features, logs, seeded_features, seeded_log
from tests.engine.kit import SETTINGS, play

SEEDS = st.integers(0, 2**32 - 1)
CHUNKS = st.sampled_from([1, 7, 1000])
DRILLS = 12
DRILL_LOGS = 40


@settings(max_examples=60)
@given(features(), logs(), CHUNKS)
def test_kernel_equals_twin(specs: tuple[Feature, ...], log: list[Fact], chunk: int) -> None:
    play(specs, log, chunk)


@settings(max_examples=80)
@given(SEEDS, st.integers(1, 400), st.integers(1, 26), CHUNKS)
def test_kernel_equals_twin_on_a_hot_key(seed: int, length: int, width: int, chunk: int) -> None:
    log = seeded_log(random.Random(seed), length, hot=True)
    play(seeded_features(random.Random(seed), width), log, chunk, every=11)


@settings(max_examples=30)
@given(features(), logs())
def test_kernel_equals_twin_where_every_attempt_counts_as_completed(specs: Sequence[Feature], log: list[Fact]) -> None:
    play(specs, log, settings=SETTINGS._replace(assume_completed=True, lateness_ms=HOUR_MS))


TYPES = tuple(t for t in EVENT_CLASS if t not in {"degraded", "tick"})
"""What has a field that can be a key."""
MOMENTS = st.sampled_from([START_MS + d * DAY_MS + m * MINUTE_MS for d in (0, 1, 8, 31) for m in (-1, 0, 1, 60)])


@st.composite
def schema_plays(draw: st.DrawFn) -> tuple[tuple[Feature, ...], list[Fact]]:
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True))
    log = draw(st.lists(events(types, pool=2, times=MOMENTS), min_size=1, max_size=25))
    return draw(any_features(types)), log


@settings(max_examples=80)
@given(schema_plays(), CHUNKS)
def test_kernel_equals_twin_over_the_whole_schema(played: tuple[tuple[Feature, ...], list[Fact]], chunk: int) -> None:
    play(*played, chunk)


@pytest.mark.drill
@pytest.mark.parametrize("drill", range(DRILLS))
def test_kernel_equals_twin_on_long_logs(drill: int) -> None:
    for seed in range(drill * DRILL_LOGS, (drill + 1) * DRILL_LOGS):
        rng = random.Random(seed)
        hot = rng.random() < 0.6
        log = seeded_log(rng, rng.choice((50, 200, 400, 900)), hot=hot)
        play(seeded_features(rng, rng.choice((5, 30, 60))), log, rng.choice((1, 13, 10_000)), every=37)
