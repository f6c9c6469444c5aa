"""What each bound of funds costs: loops that are closed in busy made worlds and on a simulated platform."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
from msgspec import Struct

from benches.loops.closed import SHIPPED_CAPS, Closed, by_kernel, by_twin
from benches.loops.platform import followable, money_events
from bonafide.core.moment import HOUR_MS
from bonafide.engine.funds.layout import N_TAGS, TAG_WORDS, TAGS_MAX
from bonafide.lab.base_rates import FLOWS, LOOPS
from bonafide.testing.funds_twin import ENDLESS, Caps, Law
from bonafide.testing.money_worlds import busy_world

WORD_BYTES: Final = 8
CASES: Final = (("none", 0.0), ("none", 0.5), ("shop", 0.5), ("account", 0.5))
"""Whether small orders push others out, and where: of the shop's state before its payout, or of its account's after;
and which part of the honest money leaves the account for suppliers."""
SMALL_ORDERS: Final = 4 * TAGS_MAX
CASH_OUT_BUYERS: Final = 20
BUSY: Final = ((TAGS_MAX, 10), (10 * TAGS_MAX, 4), (100 * TAGS_MAX, 1))
"""Honest buyers for each payout, and how many payouts: fewer where the uncapped twin takes long."""
TAGS: Final = (16, 32, 64, 128, 256, ENDLESS)
SERVED: Final = (1, 2, 4)
RETURNS: Final = (8, 64)
SETTLED: Final = (4, 32)
HOPS: Final = (2, 3, 4, 5)
AGE_HOURS: Final = (24, 72, 336)


class Busy(Struct, frozen=True):
    """One busy world, followed without bounds and by the kernel. Recall is of its loops, precision of loops closed;
    precision is None where nothing was closed."""

    buyers_per_payout: int
    payouts: int
    flushed: str
    suppliers_fraction: float
    loops: int
    recall: float
    precision: float | None
    kernel_recall: float
    kernel_precision: float | None
    twin_seconds: float
    kernel_seconds: float


class Bounded(Struct, frozen=True):
    """A simulated platform followed with one bound changed, all others as shipped."""

    bound: str
    value: str
    closed: int
    """Loops closed."""
    cash_out: int
    """Of them cash-out, seen or advanced or neither."""
    look_alike: int
    """Of them honest payments that flows.parquet names."""
    followable: int
    """Cash-out loops that somebody who follows money can find, whatever the bound."""
    found: int
    """Of them closed."""
    bytes_per_place: int | None
    """Of a place that is full; None where nothing bounds it."""
    seconds: float

    @property
    def other(self) -> int:
        """Loops closed of which the truth says nothing."""
        return self.closed - self.cash_out - self.look_alike


def busy_worlds(seed: int, shapes: Iterable[tuple[int, int]] = BUSY) -> Iterator[Busy]:
    """Each shape without suppliers, with them, and with flushing."""
    for buyers, payouts in shapes:
        for flushed, suppliers in CASES:
            yield _busy(buyers, payouts, flushed, suppliers, seed)


def _busy(buyers: int, payouts: int, flushed: str, suppliers: float, seed: int) -> Busy:
    world = busy_world(
        buyers, CASH_OUT_BUYERS, 0 if flushed == "none" else SMALL_ORDERS, seed, payouts=payouts,
        flush_account=flushed == "account", suppliers_fraction=suppliers,
    )  # fmt: skip
    true = {loop.payment_id for loop in world.loops}
    began = time.perf_counter()
    free = by_twin(world.events, Caps())
    then = time.perf_counter()
    bounded = by_kernel(world.events)
    ended = time.perf_counter()
    return Busy(
        buyers, payouts, flushed, suppliers, len(true), *recall_and_precision(free, true),
        *recall_and_precision(bounded, true), then - began, ended - then,
    )  # fmt: skip


def recall_and_precision(closed: Sequence[Closed], true: set[str]) -> tuple[float, float | None]:
    """Of the true loops those closed, and of the loops closed those that are true; None where nothing was closed."""
    named = {one.payment_id for one in closed}
    return len(named & true) / max(1, len(true)), len(named & true) / len(named) if named else None


class Followed(NamedTuple):
    """With what money is followed."""

    bound: str
    value: str
    caps: Caps
    law: Law


def changes() -> list[Followed]:
    """Every bound with every value that is asked for."""
    asked = [("tags", n, SHIPPED_CAPS._replace(tags=n), Law()) for n in TAGS]
    asked += [("merchants of an account", n, SHIPPED_CAPS._replace(served=n), Law()) for n in SERVED]
    asked += [("payments of a payer", n, SHIPPED_CAPS._replace(returns=n), Law()) for n in RETURNS]
    asked += [("payments of an event", n, SHIPPED_CAPS._replace(settled=n), Law()) for n in SETTLED]
    asked += [("hops", n, SHIPPED_CAPS, Law(hops=n)) for n in HOPS]
    asked += [("hours", n, SHIPPED_CAPS, Law(age_ms=n * HOUR_MS)) for n in AGE_HOURS]
    asked += [("all", ENDLESS, Caps(), Law())]
    return [Followed(name, "no bound" if n == ENDLESS else str(n), caps, law) for name, n, caps, law in asked]


def bounded_runs(folder: Path, asked: Iterable[Followed]) -> Iterator[Bounded]:
    """A simulated run followed in each way; what follows like another is followed once."""
    events = money_events(folder)
    known = Known.read(folder)
    followed: dict[tuple[Caps, Law], tuple[list[Closed], float]] = {}
    for one in asked:
        key = one.caps, one.law
        if key not in followed:
            began = time.perf_counter()
            followed[key] = by_twin(events, *key), time.perf_counter() - began
        yield known.hold(one, *followed[key])


@dataclass(frozen=True)
class Known:
    """What the truth says of a run, as ids of payments."""

    cash_out: frozenset[str]
    look_alike: frozenset[str]
    followable: frozenset[str]

    @classmethod
    def read(cls, folder: Path) -> Known:
        """From the files of a run; what can be followed is by the widest law that is asked for."""
        loops, flows = pl.read_parquet(folder / LOOPS), pl.read_parquet(folder / FLOWS)
        found = followable(loops, max(HOPS), max(AGE_HOURS) * HOUR_MS).filter(~pl.col("advanced"))
        return cls(*(frozenset(f["payment_event_id"].to_list()) for f in (loops, flows, found)))

    def hold(self, one: Followed, closed: Sequence[Closed], seconds: float) -> Bounded:
        """Closed loops against it."""
        named = {loop.payment_id for loop in closed}
        return Bounded(
            one.bound, one.value, len(named), len(named & self.cash_out),
            len((named & self.look_alike) - self.cash_out), len(self.followable), len(named & self.followable),
            None if one.caps.tags == ENDLESS else place_bytes(one.caps.tags), seconds,
        )  # fmt: skip


def place_bytes(tags: int) -> int:
    """Bytes of a place with so many tags."""
    return WORD_BYTES * (N_TAGS + tags * TAG_WORDS)
