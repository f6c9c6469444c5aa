"""The events of a back-test as arrays, with what is known about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.moment import DAY_MS
from bonafide.lab.chosen_labels import Labels
from bonafide.lab.curves import Flags, Ints

HONEST, CASH_OUT, UNKNOWN = 0, 1, -1


@dataclass(frozen=True)
class Facts:
    """n events; see `facts_about`."""

    events: pl.DataFrame
    day: Ints
    """Days since 1970 UTC."""
    is_payment: Flags
    money: Ints
    """The amount in minor units of `currency`; 0 of others and of what has none."""
    currency: str | None
    label: NDArray[np.int8]
    """HONEST, CASH_OUT or UNKNOWN, of payments alone."""
    typology: NDArray[np.int64]
    """Place in `typologies`, of cash-out; -1 of all else."""
    typologies: list[str]
    entity: Ints
    """0..entities-1, one for each payer; a payment without one is an entity of its own; -1 of what has no label."""
    entities: int
    kind: str | None
    """Which labels judge."""

    @property
    def labelled(self) -> Flags:
        """n: whether something is known about it."""
        return np.asarray(self.label != UNKNOWN)


def facts_about(events: pl.DataFrame, labels: Labels | None) -> Facts:
    """Events (n rows of `streams.EVENTS`) with the labels that judge."""
    currency = _most_frequent(events["currency"])
    payment = pl.col("type") == "payment"
    told = events.select(
        day=pl.col("time").floordiv(DAY_MS),
        payment=payment,
        money=pl.when(pl.col("currency") == pl.lit(currency, pl.String)).then("amount").otherwise(0).fill_null(0),
    )
    n, is_payment = events.height, told["payment"].to_numpy()
    label, entities = np.full(n, UNKNOWN, dtype=np.int8), 0
    kind: NDArray[np.int64] = np.full(n, -1, dtype=np.int64)
    names: list[str] = []
    entity = np.full(n, -1, dtype=np.int64)
    if labels is not None:
        beside = events.select("event_id").join(labels.frame, on="event_id", how="left", maintain_order="left")
        label = beside["bad"].cast(pl.Int8).fill_null(UNKNOWN).to_numpy().copy()
        label[~is_payment] = UNKNOWN
        kinds = beside["typology"].fill_null("unnamed")
        names = sorted(set(kinds.filter(pl.Series(label == CASH_OUT)).to_list()))
        number = {name: i for i, name in enumerate(names)}
        found_kinds = kinds.replace_strict(number, default=-1, return_dtype=pl.Int64).to_numpy()
        kind = np.where(label == CASH_OUT, found_kinds, -1)
        known = np.flatnonzero(label != UNKNOWN)
        # No id holds a control character, so a payment without a payer cannot be mistaken for somebody's.
        payer = pl.coalesce(pl.col("user_id"), pl.format("\x00{}", pl.int_range(pl.len()))).alias("payer")
        found = events[known].select(payer.rank("dense").cast(pl.Int64) - 1)["payer"].to_numpy()
        entity[known], entities = found, int(found.max(initial=-1)) + 1
    return Facts(
        events, told["day"].to_numpy(), is_payment, told["money"].to_numpy(), currency, label, kind, names, entity,
        entities, None if labels is None else labels.kind,
    )  # fmt: skip


def _most_frequent(words: pl.Series) -> str | None:
    counted = words.drop_nulls().value_counts().sort("count", words.name, descending=[True, False])
    return None if counted.is_empty() else str(counted[words.name][0])
