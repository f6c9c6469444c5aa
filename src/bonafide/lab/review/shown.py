"""A review sample as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from bonafide.core.text import shorten
from bonafide.lab.report import numbers

LINES_MAX = 20
"""Rows that are shown where the sample goes to a file."""
WHYS = ("uncertain", "diverse", "random")


def sample_text(sample: pl.DataFrame, candidates: int, labelled: int, out: Path | None) -> str:
    """What was picked, in lines; all of it where it goes to no file."""
    counts = ", ".join(f"{sample.filter(why=why).height} {why}" for why in WHYS)
    users, shops = (sample[name].drop_nulls().n_unique() for name in ("user_id", "merchant_id"))
    head = [
        f"{sample.height} of {candidates:,} payments without a verdict ({labelled:,} have one): {counts}",
        f"{users} users, {shops} shops, {sample['hits'].list.join(' ').n_unique()} patterns of rules",
        "",
    ]
    shown = sample if out is None else sample.head(LINES_MAX)
    cells = [
        ("event", "why", "chance", "outcome", "score", "amount", "user", "shop", "rules"),
        *map(_row, shown.to_dicts()),
    ]
    wide = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, wide, strict=True)).rstrip() for row in cells]
    if shown.height < sample.height:
        lines.append(f"... and {sample.height - shown.height} more in {out}")
    told = (
        "chance: to be in the sample. A sum over it of 1 / chance for each that turns out to be cash-out estimates how "
        "many there are among all payments without a verdict."
    )
    return "\n".join([*head, *lines, "", told])


def _row(row: dict[str, object]) -> tuple[str, ...]:
    amount = row["amount"]
    money = numbers.DASH if not isinstance(amount, int) else numbers.money(amount, str(row["currency"]))
    hits = row["hits"]
    assert isinstance(hits, Sequence)
    return (
        shorten(str(row["event_id"])), str(row["why"]), f"{row['inclusion_probability']:.3g}",
        str(row["outcome"]), f"{row['score']:.3f}", money, shorten(str(row["user_id"])),
        shorten(str(row["merchant_id"])),
        " ".join(hits[:3]) + (" ..." if len(hits) > 3 else ""),
    )  # fmt: skip


def write_sample(sample: pl.DataFrame, path: Path) -> None:
    """Write the sample as CSV (rules with spaces between) or, where the name ends so, as Parquet."""
    if path.suffix == ".parquet":
        sample.write_parquet(path)
    else:
        flat = sample.with_columns(pl.col("hits").list.join(" "), pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
        flat.write_csv(path)
