"""What a reviewed sample says of all candidates: Horvitz and Thompson's estimate, with its error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from bonafide.lab.table_checks import need_columns
from bonafide.lab.wilson import wilson


class Estimate(NamedTuple):
    """A total over all candidates."""

    total: float
    error: float
    """Standard error; 0 where all was looked at, NaN where a band has a single look and more rows."""


def estimate_total(sample: pl.DataFrame, value: str) -> Estimate:
    """The total of a column over all candidates, from a sample whose rows have inclusion_probability and stratum.

    `value` may be 1 for cash-out and 0 for genuine, or an amount; no row may lack it. Without bias, whatever the score
    is worth, since every candidate had a known chance above 0. Raises InputError for a missing column.
    """
    need_columns(sample, (value, "inclusion_probability", "stratum"), "sample")
    total, variance = 0.0, 0.0
    for _, rows in sample.group_by("stratum", maintain_order=True):
        seen = rows[value].cast(pl.Float64).to_numpy()
        chance = float(rows["inclusion_probability"][0])
        total += float(seen.sum()) / chance
        if chance < 1:
            spread = float(np.var(seen, ddof=1)) if len(seen) > 1 else float("nan")
            variance += len(seen) / chance**2 * (1 - chance) * spread
    return Estimate(total, float(np.sqrt(variance)))


def count_interval(sample: pl.DataFrame, flag: str) -> tuple[float, float]:
    """Between which numbers the rows of all candidates lie that have a flag (true or false), more surely than 95 %.

    Every band's own interval (Wilson), summed: wide, but also right where a band shows none, which a standard error
    takes for certainty. Raises InputError for a missing column.
    """
    need_columns(sample, (flag, "inclusion_probability", "stratum"), "sample")
    low = high = 0.0
    for _, rows in sample.group_by("stratum", maintain_order=True):
        seen, chance = int(rows[flag].sum()), float(rows["inclusion_probability"][0])
        size = rows.height / chance
        ends = wilson(seen, rows.height) if chance < 1 else None
        # What was seen is there, and what was seen not to be is not.
        low += seen if ends is None else max(size * ends[0], seen)
        high += seen if ends is None else min(size * ends[1], size - rows.height + seen)
    return low, high
