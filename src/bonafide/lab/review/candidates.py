"""The payments that people could look at: decided, without a verdict, each with its place in the space of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.errors import InputError
from bonafide.lab.curves import Floats, Ints

SHOWN: Final = (
    "event_id", "seq", "time", "user_id", "merchant_id", "amount", "currency", "outcome", "score", "hits"
)  # fmt: skip
MISSING_AT: Final = -0.5
"""Where a missing value lies on an axis of ranks from 0 to 1: away from all known ones."""
_NO_VALUES: Final = ("event_id", "seq")


class Candidates(NamedTuple):
    """Payments without a verdict, in log order, and those that have one."""

    rows: pl.DataFrame
    """n: SHOWN."""
    space: Floats
    """n x axes."""
    known: Floats
    """labelled x axes: where the labelled payments lie."""
    known_scores: Floats
    """Of the labelled payments."""

    @property
    def n(self) -> int:
        """How many there are to choose from."""
        return self.rows.height

    def column(self, name: str) -> Ints:
        """A number for each distinct value of user_id, merchant_id or hits; where there is none, one of its own."""
        if name == "hits":
            words = self.rows["hits"].list.join(" ")
        else:
            words = self.rows.select(pl.coalesce(pl.col(name), pl.format("\x00{}", "seq"))).to_series()
        return words.rank("dense").cast(pl.Int64).to_numpy() - 1


def candidates(folder: Path, labels: pl.DataFrame) -> Candidates:
    """The payments of a replay's folder; `labels` has event_id, one row for each event with a verdict.

    Raises InputError where the tables cannot be read.
    """
    try:
        decided = pl.read_parquet(folder / "decisions.parquet", columns=["type", *SHOWN], glob=False)
        payments = decided.filter(pl.col("type") == "payment").drop("type").rechunk()
        features = _features(folder / "features.parquet", payments)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError("malformed", f"{folder}: cannot be read ({str(error).splitlines()[0]})") from None
    space = space_of(payments, features)
    judged = payments.select(pl.col("event_id").is_in(labels["event_id"].implode())).to_series().to_numpy()
    return Candidates(
        payments.filter(pl.Series(~judged)).select(SHOWN).rechunk(), space[~judged], space[judged],
        payments["score"].to_numpy()[judged],
    )  # fmt: skip


def _features(path: Path, payments: pl.DataFrame) -> dict[str, Floats]:
    if not path.is_file():
        return {}
    scanned = pl.scan_parquet(path, glob=False)
    names = [name for name in scanned.collect_schema().names() if name not in _NO_VALUES]
    rows = scanned.drop("event_id").join(payments.select("seq").lazy(), on="seq", how="semi").collect()
    aligned = payments.select("seq").join(rows, on="seq", how="left", maintain_order="left")
    return {name: aligned[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names}


def space_of(payments: pl.DataFrame, features: Mapping[str, Floats]) -> Floats:
    """(n, axes): ranks of score, amount and every feature, and which rules hit; a step on any axis counts the same."""
    score, amount = (payments[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("score", "amount"))
    ranked = [ranks(values) for values in (score, amount, *features.values())]
    return np.column_stack([*ranked, *_hits(payments["hits"])]).astype(np.float64)


def ranks(values: Floats) -> Floats:
    """(n,) the share of known values below each, ties at their middle, in 0..1; missing (NaN) lies at MISSING_AT.

    >>> ranks(np.array([5.0, np.nan, 7.0, 5.0])).round(2).tolist()
    [0.33, -0.5, 0.83, 0.33]
    """
    told = np.full(len(values), MISSING_AT)
    known = ~np.isnan(values)
    order = np.sort(values[known])
    low, high = (np.searchsorted(order, values[known], side=side) for side in ("left", "right"))
    told[known] = (low + high) / 2 / max(len(order), 1)
    return told


def _hits(hits: pl.Series) -> Sequence[Floats]:
    """(n,) for each rule that ever hit: 1 where it did."""
    frame = pl.DataFrame({"hits": hits}).with_row_index("row").explode("hits").drop_nulls("hits")
    rules = frame["hits"].unique().sort().to_list()
    flags = np.zeros((len(rules), len(hits)))
    for flag, rule in zip(flags, rules, strict=True):
        flag[frame.filter(pl.col("hits") == rule)["row"].to_numpy()] = 1.0
    return list(flags)
