"""What the subject of a trace did itself: what it used, whom it paid, which parcels went with its orders."""

from __future__ import annotations

from typing import Final

import polars as pl

from bonafide.lab.trace.passes import once
from bonafide.lab.trace.subject import People
from bonafide.lab.uses import USES, uses_in, with_columns_of

USE: Final = {
    "subject_type": pl.String, "subject_id": pl.String, "kind": pl.String, "resource_id": pl.String,
    "first": pl.Int64, "last": pl.Int64,
}  # fmt: skip
"""Who used what, and from when to when it was seen."""
RESOURCE_FIELDS: Final = tuple(dict.fromkeys([*(using.field for using in USES), "representative_id"]))
"""The fields that name what is used."""
_USE_KEY: Final = ["subject_type", "subject_id", "kind", "resource_id"]
_PAIR: Final = {"event": pl.UInt64, "user_id": pl.String, "merchant_id": pl.String}
_PARCEL: Final = {
    "type": pl.String, "merchant_id": pl.String, "user_id": pl.String, "order_id": pl.String, "tracking_no": pl.String,
}  # fmt: skip


class Own:
    """Collects what some people did."""

    def __init__(self, people: People) -> None:
        self.people = people
        self._uses: list[pl.DataFrame] = []
        self._paid: list[pl.DataFrame] = []
        self._parcels: list[pl.DataFrame] = []

    def feed(self, frame: pl.DataFrame) -> None:
        """Keep what is theirs."""
        theirs = self.people.rows_of(frame)
        if theirs.is_empty():
            return
        self._uses.append(spans(all_uses(theirs).filter(self.people.of_subject())))
        paid = theirs.filter(pl.col("type") == "payment").with_columns(event=pl.col("event_id").hash())
        self._paid.append(with_columns_of(paid, _PAIR))
        self._parcels.append(parcels_in(theirs))

    def uses(self, people: People) -> pl.DataFrame:
        """What some of them used: columns USE, by kind, latest first."""
        found = joined(self._uses).filter(people.of_subject())
        return found.sort("kind", "last", "resource_id", "subject_id", descending=[False, True, False, False])

    def paid(self, people: People) -> dict[tuple[str, str], int]:
        """(user, merchant) -> payments, of some of them, exact duplicates once."""
        pairs = once(self._paid, pl.DataFrame(schema=_PAIR)).filter(people.matching("user_id", "merchant_id"))
        counted = pairs.group_by("user_id", "merchant_id", maintain_order=True).len()
        return {(user, merchant): number for user, merchant, number in counted.iter_rows()}

    def tracking(self, people: People) -> pl.Series:
        """The tracking numbers of the parcels of some of them."""
        found = stacked_parcels(self._parcels).filter(people.matching("user_id", "merchant_id"))
        return found["tracking_no"].unique(maintain_order=True)


def all_uses(frame: pl.DataFrame) -> pl.DataFrame:
    """The uses of a piece of the log, and who represents a merchant as one more kind."""
    found = uses_in(frame).drop("standing")
    if "representative_id" not in frame.columns:
        return found
    applied = frame.filter(pl.col("representative_id").is_not_null())
    represented = applied.select(
        pl.lit("merchant").alias("subject_type"),
        pl.col("merchant_id").alias("subject_id"),
        pl.lit("representative").alias("kind"),
        pl.col("representative_id").alias("resource_id"),
        "time",
    )
    return pl.concat([found, represented])


def spans(uses: pl.DataFrame) -> pl.DataFrame:
    """Each use once, from when to when."""
    first, last = pl.col("time").min().alias("first"), pl.col("time").max().alias("last")
    return uses.group_by(_USE_KEY, maintain_order=True).agg(first, last)


def joined(found: list[pl.DataFrame]) -> pl.DataFrame:
    """The spans of several pieces of a log as spans of all of it."""
    whole = pl.concat([pl.DataFrame(schema=USE), *found])
    return whole.group_by(_USE_KEY, maintain_order=True).agg(pl.col("first").min(), pl.col("last").max())


def parcels_in(frame: pl.DataFrame) -> pl.DataFrame:
    """The shipments that have a tracking number."""
    told = with_columns_of(frame, _PARCEL)
    return told.filter((pl.col("type") == "shipment") & pl.col("tracking_no").is_not_null()).drop("type")


def stacked_parcels(found: list[pl.DataFrame]) -> pl.DataFrame:
    """The parcels of several pieces of a log, each order's once for each tracking number."""
    empty = {name: dtype for name, dtype in _PARCEL.items() if name != "type"}
    return pl.concat([pl.DataFrame(schema=empty), *found]).unique(maintain_order=True)
