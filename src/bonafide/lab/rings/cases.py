"""Confirmed cases: subjects of whom the verdicts known by a moment say more often cash-out than genuine."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from bonafide.lab.rings.graph import Floats, Ties
from bonafide.lab.rings.log import Known

_SAYS: Final = {"cash_out": 1, "genuine": -1}


def confirmed(known: Known, ties: Ties) -> Floats:
    """(subjects,) n / (n + 1) for a subject with n more verdicts of cash-out than of genuine; 0 for all others.

    Of several verdicts on one event or subject the last stands, an appeal's among them; `unsure` says nothing. A
    verdict on an event speaks of the user and the merchant that it names. A subject that was itself found genuine last
    is no case, whatever its events were found to be before.
    """
    standing = known.verdicts.unique(["subject_type", "subject_id"], keep="last", maintain_order=True)
    standing = standing.with_columns(
        pl.col("label").replace_strict(_SAYS, default=0, return_dtype=pl.Int64).alias("says")
    )
    number = np.concatenate(
        [_of(standing, "user", "user_id", ties.users), _of(standing, "merchant", "merchant_id", ties.merchants)]
    )
    return np.where(number > 0, number / (np.maximum(number, 0) + 1), 0.0)


def _of(standing: pl.DataFrame, kind: str, id_field: str, names: tuple[str, ...]) -> Floats:
    """(names,) verdicts of cash-out less those of genuine, by subject of one kind."""
    itself = standing.filter(pl.col("subject_type") == kind).select(pl.col("subject_id").alias("id"), "says", "time")
    events = standing.filter(pl.col("subject_type") == "event").select(pl.col(id_field).alias("id"), "says", "time")
    cleared = itself.filter(pl.col("says") < 0).select("id", pl.col("time").alias("cleared"))
    told = pl.concat([itself, events]).join(cleared, on="id", how="left", maintain_order="left")
    told = told.filter(pl.col("cleared").is_null() | (pl.col("time") > pl.col("cleared")))
    by_id = told.group_by("id").agg(pl.col("says").sum())
    wanted = pl.DataFrame({"id": names}, schema={"id": pl.String})
    says = wanted.join(by_id, on="id", how="left", maintain_order="left")["says"]
    return says.fill_null(0).cast(pl.Float64).to_numpy()
