"""The table of `python -m benches.review`, from results made by hand."""

from __future__ import annotations

from benches.review.run import WAYS, Result
from benches.review.text import table


def results(seed: int, lead: float) -> list[Result]:
    plain = [Result(seed, way, 10.0, 5.0, 0.5, 0.6, None, None, 100) for way in WAYS[:-1]]
    return [
        *plain,
        Result(seed, WAYS[-1], 30.0, 9.0, 0.5 + lead, 0.7, (lead, 0.01, 0.1, 0.02), (90.0, 40.0, 900.0), 100),
    ]


def test_leads_have_an_interval_over_seeds_and_every_way_its_line() -> None:
    told = table([*results(1, 0.1), *results(2, 0.3)], 50)
    assert told.count("\n| nobody looks | 10.0 | 5.0 | 0.500 | 60.0 % |") == 1
    assert "| review-sample | 30.0 | 9.0 | 0.700 | 70.0 % |" in told
    # Two seeds, 0.1 on either side of the mean: Student's quantile with one degree of freedom.
    assert "- AP: +0.200 (-1.071 to +1.471)" in told
    # Seeds agree, so the users within them decide.
    assert "- money: +0.100 (+0.072 to +0.128)" in told
    assert "| 2 | +0.300 | +10.0 % | 90 (40 to 900) | 100 |" in told
