"""Splits by time: parts in order, a gap before each moment at which labels are read."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.moment import DAY_MS
from bonafide.lab.train.split import GAP_FRACTION_MAX, split_by_time


@given(st.lists(st.integers(0, 200 * DAY_MS), min_size=1), st.one_of(st.none(), st.integers(0, 90 * DAY_MS)))
def test_parts_follow_each_other_and_end_a_gap_before_their_labels_are_read(
    times: list[int], delay: int | None
) -> None:
    time_ms = np.array(times)
    split = split_by_time(time_ms, max(times), delay)
    assert split.train.known_ms == split.validate.from_ms
    assert split.validate.known_ms == split.test.from_ms == split.before_test.known_ms
    assert split.test.known_ms == split.everything.known_ms == max(times) + 1
    assert all(part.known_ms - part.to_ms == split.gap_ms for part in split[:5])
    assert 0 <= split.gap_ms <= GAP_FRACTION_MAX * (max(times) + 1 - min(times))
    parts = [set(part.rows(time_ms).tolist()) for part in (split.train, split.validate, split.test)]
    assert sum(map(len, parts)) == len(set().union(*parts)) <= len(times)
