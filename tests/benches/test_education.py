"""The holdout design finds what was planted within its interval."""

from __future__ import annotations

import pytest

from benches.education import Plan, lines, play, shares
from tests.office.education.kit import shipped_education

SEEDS = range(21_000, 21_150)


@pytest.mark.parametrize("ring", [1, 5])
def test_a_planted_effect_lies_in_its_interval_and_none_is_found_where_none_is(ring: int) -> None:
    education = shipped_education()
    for helps in (0.33, 0.0):
        plan = Plan("test", 400, 20, 0.3, helps, ring=ring)
        found = [one.again for seed in SEEDS if (one := play(plan, seed, education)) is not None]
        planted, mean, holds, zero = shares(found)
        assert abs(mean - planted) < 0.02, "it is not one-sided"
        assert holds >= 0.92, "150 draws of 95 %: fewer than 138 would come by chance once in 30"
        assert helps or zero <= 0.08


def test_the_table_has_two_rows_for_each_population() -> None:
    told = list(lines((Plan("test", 50, 40, 0.2, 0.0, ring=5, talks=0.5),), range(21_000, 21_003), shipped_education()))
    assert [row.split(" | ")[3] for row in told[2:]] == ["again", "given up"]
