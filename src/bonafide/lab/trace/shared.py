"""Who else used what the subject used: devices, networks, addresses, phones, accounts, representatives, parcels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import polars as pl

from bonafide.lab.trace.own import RESOURCE_FIELDS, all_uses, joined, parcels_in, spans, stacked_parcels
from bonafide.lab.trace.subject import People, rows_naming

PUBLIC_ABOVE: Final = 12
"""What more users and merchants than this use is public, and tells of nobody."""
PARCELS_MAX: Final = 50
"""Tracking numbers of several orders that are told of, at most."""
KINDS_SHOWN: Final = ("device", "account", "phone", "address", "representative", "ip")
"""The order in which kinds are told: what few people have in common by chance comes first."""


class Who(NamedTuple):
    """A user or merchant that used a resource."""

    kind: str
    id: str
    first: int
    last: int


class Resource(NamedTuple):
    """Something that one of the subject's people used."""

    kind: str
    id: str
    subject: Who
    """Who of them, since when, and when last."""
    users: int
    merchants: int
    """How many used it, the subject included."""
    others: tuple[Who, ...]
    """Who else, those who used it last first; nobody where it is public."""

    @property
    def is_public(self) -> bool:
        """Whether so many use it that it tells of nobody."""
        return self.users + self.merchants > PUBLIC_ABOVE

    @property
    def is_shared(self) -> bool:
        """Whether it tells of somebody else."""
        return bool(self.others)


class SelfPurchase(NamedTuple):
    """A user who pays a merchant and shares something with it."""

    user_id: str
    merchant_id: str
    payments: int
    shared: tuple[tuple[str, str], ...]
    """(kind, id) of what both used."""


class Common(NamedTuple):
    """Another merchant that has an account or a representative in common with the subject."""

    merchant_id: str
    other_id: str
    kind: str
    id: str


class Parcel(NamedTuple):
    """A tracking number that several orders give as theirs."""

    tracking_no: str
    orders: int
    users: int
    merchants: int
    order_ids: tuple[str, ...]
    """A handful of them."""


class Shared(NamedTuple):
    """All that a subject has in common with others."""

    resources: tuple[Resource, ...]
    """By kind in the order of KINDS_SHOWN, each kind with the fewest others first."""
    self_purchases: tuple[SelfPurchase, ...]
    merchants: tuple[Common, ...]
    parcels: tuple[Parcel, ...]
    parcels_reused: int
    """How many tracking numbers stand on several orders; `parcels` are PARCELS_MAX of them at most."""


class Others:
    """Collects who used some resources, and which orders give some tracking numbers."""

    def __init__(self, uses: pl.DataFrame, tracking: pl.Series) -> None:
        self._wanted = uses.select("kind", "resource_id").unique()
        self._names = self._wanted["resource_id"].unique().implode()
        self._tracking = tracking.implode()
        self._parcels_wanted = len(tracking) > 0
        self.asks = self._parcels_wanted or uses.height > 0
        """Whether there is anything to look for."""
        self._uses: list[pl.DataFrame] = []
        self._parcels: list[pl.DataFrame] = []

    def feed(self, frame: pl.DataFrame) -> None:
        """Keep the uses of these resources by anybody."""
        named = rows_naming(frame, RESOURCE_FIELDS, self._names)
        if not named.is_empty():
            self._uses.append(spans(all_uses(named).join(self._wanted, on=["kind", "resource_id"], how="semi")))
        if self._parcels_wanted and "tracking_no" in frame.columns:
            self._parcels.append(parcels_in(frame).filter(pl.col("tracking_no").is_in(self._tracking)).unique())

    def shared(self, own: pl.DataFrame, paid: Mapping[tuple[str, str], int], people: People) -> Shared:
        """What the people whose uses are `own` have in common with others."""
        everybody = joined(self._uses)
        resources = _resources(own, everybody)
        parcels = self._reused()
        return Shared(
            resources, _self_purchases(own, everybody, paid), _merchants(resources, people),
            tuple(_parcel(row) for row in parcels.head(PARCELS_MAX).iter_rows(named=True)), parcels.height,
        )  # fmt: skip

    def _reused(self) -> pl.DataFrame:
        """Tracking numbers of more than one order, those of the most orders first."""
        counted = (
            stacked_parcels(self._parcels)
            .group_by("tracking_no")
            .agg(
                pl.col("order_id").n_unique().alias("orders"),
                pl.col("user_id").n_unique().alias("users"),
                pl.col("merchant_id").n_unique().alias("merchants"),
                pl.col("order_id").unique().sort().head(PUBLIC_ABOVE).alias("order_ids"),
            )
        )
        return counted.filter(pl.col("orders") > 1).sort("orders", "tracking_no", descending=[True, False])


def _resources(own: pl.DataFrame, everybody: pl.DataFrame) -> tuple[Resource, ...]:
    counts = everybody.group_by("kind", "resource_id").agg(
        (pl.col("subject_type") == "user").sum().alias("users"),
        (pl.col("subject_type") == "merchant").sum().alias("merchants"),
    )
    few = counts.filter(pl.col("users") + pl.col("merchants") <= PUBLIC_ABOVE)
    named: dict[tuple[str, str], list[Who]] = {}
    rows = everybody.join(few, on=["kind", "resource_id"], how="semi")
    rows = rows.sort("last", "subject_type", "subject_id", descending=[True, False, False])
    for kind, name, of_kind, subject, first, last in rows.select(
        "kind", "resource_id", "subject_type", "subject_id", "first", "last"
    ).iter_rows():
        named.setdefault((kind, name), []).append(Who(of_kind, subject, first, last))
    found = own.join(counts, on=["kind", "resource_id"], how="left", maintain_order="left")
    resources = [_resource(row, named) for row in found.iter_rows(named=True)]
    return tuple(sorted(resources, key=_rank))


def _resource(row: Mapping[str, object], named: Mapping[tuple[str, str], list[Who]]) -> Resource:
    kind, name = str(row["kind"]), str(row["resource_id"])
    who = Who(str(row["subject_type"]), str(row["subject_id"]), row["first"], row["last"])  # type: ignore[arg-type]
    others = tuple(one for one in named.get((kind, name), []) if one[:2] != who[:2])
    return Resource(kind, name, who, row["users"], row["merchants"], others)  # type: ignore[arg-type]


def _rank(resource: Resource) -> tuple[bool, bool, int, int, int, str]:
    """What is shared with few comes first, then what is public, then what nobody else used."""
    place = KINDS_SHOWN.index(resource.kind)
    return (not resource.is_shared, not resource.is_public, place, len(resource.others), -resource.subject.last,
            resource.id)  # fmt: skip


def _self_purchases(
    own: pl.DataFrame, everybody: pl.DataFrame, paid: Mapping[tuple[str, str], int]
) -> tuple[SelfPurchase, ...]:
    """Pairs of payer and merchant that have something in common that is not public."""
    kept = everybody.filter(pl.len().over("kind", "resource_id") <= PUBLIC_ABOVE)
    mine = own.select("kind", "resource_id", "subject_type", "subject_id")
    pairs = mine.join(kept.select(mine.columns), on=["kind", "resource_id"], suffix="_other", maintain_order="left")
    shared: dict[tuple[str, str], dict[tuple[str, str], None]] = {}
    for row in pairs.iter_rows(named=True):
        both = {row["subject_type"]: row["subject_id"], row["subject_type_other"]: row["subject_id_other"]}
        pair = (both.get("user", ""), both.get("merchant", ""))
        if pair in paid:
            shared.setdefault(pair, {})[row["kind"], row["resource_id"]] = None
    found = [SelfPurchase(*pair, paid[pair], tuple(what)) for pair, what in shared.items()]
    return tuple(sorted(found, key=lambda one: (-one.payments, one.user_id, one.merchant_id)))


def _merchants(resources: tuple[Resource, ...], people: People) -> tuple[Common, ...]:
    """Other merchants with a subject's account or representative."""
    return tuple(
        Common(r.subject.id, other.id, r.kind, r.id)
        for r in resources
        if r.kind in ("account", "representative") and r.subject.kind == "merchant"
        for other in r.others
        if other.kind == "merchant" and (other.kind, other.id) not in people
    )


def _parcel(row: Mapping[str, object]) -> Parcel:
    return Parcel(
        str(row["tracking_no"]), row["orders"], row["users"], row["merchants"],  # type: ignore[arg-type]
        tuple(row["order_ids"]),  # type: ignore[arg-type]
    )  # fmt: skip
