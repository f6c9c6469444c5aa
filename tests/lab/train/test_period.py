"""A period that is learnt from: its parts, and who is left out."""

from __future__ import annotations

import numpy as np

from bonafide.lab.train.prior import complete
from bonafide.lab.train.split import Part, split_period


def test_a_period_is_split_without_gaps_and_known_at_one_moment() -> None:
    split = split_period(Part(1_000, 2_000, 9_000))
    assert split.train == Part(1_000, 1_550, 9_000)
    assert (split.validate.from_ms, split.validate.to_ms) == (split.train.to_ms, split.test.from_ms)
    assert split.before_test == Part(1_000, split.test.from_ms, 9_000)
    assert split.test.to_ms == 2_000
    assert split.everything == Part(1_000, 2_000, 9_000)


def test_where_all_are_judged_the_prior_is_their_share() -> None:
    prior = complete(np.array([True, False, False, False]))
    assert prior == (0.0, 0.25, 1.0)
