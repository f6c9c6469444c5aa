"""Decision streams over one log: what each bundle said of every event, as a few small numbers an event.

A back-test makes them from one pass over a log; two tables of decisions about the same events (`stream_of`) do as well,
such as those of a bundle that decided and of one that only watched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.decision import OUTCOMES, SCORE_UNIT, Outcome, RiskLevel
from bonafide.engine.bundle import Bundle
from bonafide.lab.curves import Flags, Floats, Ints

How = Literal["shared", "own", "cache", "table"]
"""Decided beside others from one state; from a walk of its own; from kept features; elsewhere."""
UNDECIDED: Final = -1
EVENTS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.String, "time": pl.Int64, "type": pl.String, "user_id": pl.String, "merchant_id": pl.String,
    "amount": pl.Int64, "currency": pl.String,
}  # fmt: skip
"""What is kept of an event that some bundle decided on, in the order of the log."""


class Said(NamedTuple):
    """What decisions have in common: all but the event and the scores."""

    outcome: Outcome
    risk_level: RiskLevel
    alert: bool
    hits: tuple[str, ...]
    reasons: tuple[str, ...]
    """Codes, the largest part in the score first."""
    faults: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()


@dataclass
class Stream:
    """What one bundle decided."""

    name: str
    hash: str
    how: How
    which: NDArray[np.int32]
    """n: which of `said`; UNDECIDED where this bundle did not decide on the event."""
    score_e6: NDArray[np.int32]
    credit: NDArray[np.int16]
    """0: none."""
    said: list[Said]
    apart: str | None = None
    """Why it did not share the champion's walk."""
    bundle: Bundle | None = None
    raw: Floats | None = None
    """n: what the trees say of payments on which a rule held; NaN of all else. None without trees."""
    digest: str | None = None
    """Of all decisions, as a replay's summary has it; None where it was not asked for."""
    decisions: str | None = None
    """The file that they were written to."""
    _outcomes: NDArray[np.int8] | None = field(default=None, repr=False)

    @property
    def outcomes(self) -> NDArray[np.int8]:
        """n: places in OUTCOMES; UNDECIDED where it did not decide."""
        if self._outcomes is None:
            table = np.array([*(OUTCOMES.index(one.outcome) for one in self.said), UNDECIDED], dtype=np.int8)
            self._outcomes = table[self.which]
        return self._outcomes

    @property
    def decided(self) -> Flags:
        """n: whether it decided on the event."""
        return np.asarray(self.which >= 0)

    @property
    def alerts(self) -> Flags:
        """n: whether it raised an alert."""
        return np.asarray(np.array([*(one.alert for one in self.said), False], dtype=np.bool_)[self.which])

    @property
    def hit_table(self) -> tuple[NDArray[np.bool_], list[str]]:
        """Which rules held, a row for each of `said`; and the rules' ids, in the bundle's order where it is known."""
        ids = [rule.id for rule in self.bundle.rules] if self.bundle else sorted({h for s in self.said for h in s.hits})
        place = {name: i for i, name in enumerate(ids)}
        table = np.zeros((len(self.said), len(ids)), dtype=np.bool_)
        for number, one in enumerate(self.said):
            table[number, [place[name] for name in one.hits]] = True
        return table, ids


@dataclass
class Streams:
    """Several bundles over the same events."""

    events: pl.DataFrame
    """n rows of EVENTS."""
    streams: list[Stream]
    """The champion, then the challengers."""
    labels: pl.DataFrame | None = None
    """Labels that came with the log: event_id, label."""

    @property
    def champion(self) -> Stream:
        """What the others are compared with."""
        return self.streams[0]


def stream_of(name: str, decisions: pl.DataFrame, events: pl.DataFrame) -> Stream:
    """A table of decisions (decisions.parquet) as a stream over `events`, which has each event_id once.

    What the table decides on beyond `events` is left out; what it does not decide on is UNDECIDED.
    """
    told = ["outcome", "risk_level", "alert", "hits", "reasons", "faults", "degraded"]
    distinct = decisions.select(told).unique(maintain_order=True).with_row_index("which")
    numbered = decisions.join(distinct, on=told, how="left", nulls_equal=True, maintain_order="left")
    beside = events.select("event_id").join(
        numbered.select("event_id", "which", "score", "credit_score"), on="event_id", how="left",
        maintain_order="left",
    )  # fmt: skip
    said = [
        Said(row["outcome"], row["risk_level"], row["alert"], *(tuple(row[n] or ()) for n in told[3:]))
        for row in distinct.iter_rows(named=True)
    ]
    bundles: list[str] = decisions["bundle"].drop_nulls().unique().sort().to_list()
    return Stream(
        name, ", ".join(bundles), "table", beside["which"].cast(pl.Int32).fill_null(UNDECIDED).to_numpy(),
        (beside["score"] * SCORE_UNIT).round().fill_null(0).cast(pl.Int32).to_numpy(),
        beside["credit_score"].fill_null(0).cast(pl.Int16).to_numpy(), said,
    )  # fmt: skip


def events_of(*decisions: pl.DataFrame) -> pl.DataFrame:
    """The events that some of these tables of decisions are about, once each, in the order of the log."""
    rows = pl.concat([table.select("seq", *EVENTS) for table in decisions])
    rows = rows.with_columns(pl.col("time").dt.epoch("ms")).unique("event_id", keep="first", maintain_order=True)
    return rows.sort("seq", maintain_order=True).select(*EVENTS)


def named(streams: Sequence[Stream]) -> list[str]:
    """A name for each stream, no two alike."""
    names: list[str] = []
    for stream in streams:
        name, number = stream.name, 2
        while name in names:
            name, number = f"{stream.name} ({number})", number + 1
        names.append(name)
    return names


def aligned(which: Sequence[tuple[Ints, pl.DataFrame]]) -> tuple[pl.DataFrame, list[Ints]]:
    """Events of several walks over one log as one list, and where each walk's own are in it.

    which: for each walk the events' places in the log, rising, and the events.
    """
    if len(which) == 1:
        places, events = which[0]
        return events, [np.arange(len(places))]
    every = np.unique(np.concatenate([places for places, _ in which]))
    joint = pl.concat([events.with_columns(place=pl.Series(places)) for places, events in which])
    events = joint.unique("place", keep="first", maintain_order=True).sort("place").drop("place")
    return events, [np.searchsorted(every, places) for places, _ in which]
