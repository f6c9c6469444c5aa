"""Who uses what, as the events of a log say it: devices, networks, addresses, phones and accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import polars as pl

USE: Final = {
    "subject_type": pl.String, "subject_id": pl.String, "kind": pl.String, "resource_id": pl.String,
    "standing": pl.Boolean, "time": pl.Int64,
}  # fmt: skip
"""Columns of a frame of uses."""


class Using(NamedTuple):
    """How events of one type say that a subject uses a resource."""

    type: str
    subject: str | None
    """`user` or `merchant`; None where the event names the subject's type itself."""
    id_field: str
    kind: str
    field: str
    standing: bool = False
    """Whether the fact holds until another takes its place, and so counts however long ago it was told."""


USES: Final = (
    Using("payment", "user", "user_id", "device", "device_id"),
    Using("payment", "user", "user_id", "ip", "ip"),
    Using("payment", "user", "user_id", "address", "address_id"),
    Using("shipment", "user", "user_id", "address", "address_id"),
    Using("registration", "user", "user_id", "phone", "phone_id", standing=True),
    Using("registration", "user", "user_id", "device", "device_id", standing=True),
    Using("registration", "user", "user_id", "ip", "ip"),
    Using("registration", "user", "user_id", "address", "address_id", standing=True),
    Using("login", None, "subject_id", "device", "device_id"),
    Using("login", None, "subject_id", "ip", "ip"),
    Using("merchant_application", "merchant", "merchant_id", "phone", "phone_id", standing=True),
    Using("merchant_application", "merchant", "merchant_id", "account", "account_id", standing=True),
    Using("payout", "merchant", "merchant_id", "account", "account_id"),
    Using("refund", "user", "user_id", "account", "account_id"),
    Using("repayment", "user", "user_id", "account", "account_id"),
    Using("account_link", None, "owner_id", "account", "account_id", standing=True),
)
KINDS: Final = ("account", "address", "device", "ip", "phone")


def uses_in(frame: pl.DataFrame) -> pl.DataFrame:
    """The uses that a piece of the log tells of, by users and merchants: a row for each telling, with columns USE."""
    found = [_of_one(frame, using) for using in USES if {using.id_field, using.field} <= set(frame.columns)]
    return pl.concat([pl.DataFrame(schema=USE), *found])


def _of_one(frame: pl.DataFrame, using: Using) -> pl.DataFrame:
    """The uses that one line of USES finds."""
    if using.subject is not None:
        who = pl.lit(using.subject)
    else:
        who = pl.col("owner_type" if using.type == "account_link" else "subject_type")
    rows = frame.filter((pl.col("type") == using.type) & pl.col(using.field).is_not_null())
    if using.type == "login" and "success" in rows.columns:
        rows = rows.filter(pl.col("success").fill_null(value=True))
    found = rows.select(
        who.alias("subject_type"),
        pl.col(using.id_field).alias("subject_id"),
        pl.lit(using.kind).alias("kind"),
        pl.col(using.field).alias("resource_id"),
        pl.lit(using.standing).alias("standing"),
        "time",
    )
    return found.filter(pl.col("subject_type").is_in(["user", "merchant"]))


def with_columns_of(frame: pl.DataFrame, columns: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """These columns of a frame, null where it lacks them."""
    return frame.select(
        pl.col(name) if name in frame.columns else pl.lit(None, dtype).alias(name) for name, dtype in columns.items()
    )
