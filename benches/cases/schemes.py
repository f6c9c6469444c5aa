"""One scheme, one case? Simulated platforms decided by the shipped bundle, their alerts grouped, judged by the truth.

A ring *arrives as one case* where at least WHOLE of its alerts lie in one case of which other rings are at most OTHERS.
Its alerts are its payments, and what names its members and those of no other ring: payouts, transfers, refunds.
Nobody decides meanwhile, so that a case may grow over the whole log.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import polars as pl

from benches.decisions.played import BUNDLE, decide_run
from benches.model.compare import SHIFTS
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.base_rates import EVENTS, TRUTH
from bonafide.lab.simulate import Simulation, scenario
from bonafide.office.cases.grouping import Key, group, keys_of

WHOLE: Final = 0.9
OTHERS: Final = 0.1
CASE_MINUTES: Final = 10
SUBJECT_MINUTES: Final = 2
CASE_MINUTES_MAX: Final = 240
ALERT_MINUTES: Final = 5
"""What is assumed: a case takes ten minutes and two for each user or merchant beyond the first, four hours at most; an
alert by itself five."""
_ACCOUNTS: Final = ("account_id", "from_account_id", "to_account_id")


class Ring(NamedTuple):
    """How one ring arrived."""

    name: str
    alerts: int
    cases: int
    whole_fraction: float
    """Of its alerts, those in the case that has most of them."""
    others_fraction: float
    """Of what rings have in that case, what is others'."""

    @property
    def is_one(self) -> bool:
        """Whether it arrived as one case."""
        return self.whole_fraction >= WHOLE and self.others_fraction <= OTHERS


class Platform(NamedTuple):
    """What came of one platform."""

    name: str
    rings: list[Ring]
    alerts: int
    cases: int
    minutes: int
    alert_minutes: int
    """If every alert were looked at by itself."""
    caught: int
    """Cash-out money of the payments that alerted, in minor units."""


def play(about: str, seed: int, shift: str, clearing: int = 0) -> Platform:
    """Simulate one platform, decide on it, and group what alerts; `clearing` accounts are beside all but payments."""
    found = scenario(about)
    turned = replace(found, knobs=replace(found.knobs, **SHIFTS[shift]))
    with TemporaryDirectory(prefix="bonafide-cases-") as folder:
        decide_run(Simulation(turned, seed), Engine(shipped_bundle(BUNDLE)), Path(folder))
        return judge(f"{about}-{seed}, {shift}", Path(folder), clearing)


def judge(name: str, folder: Path, clearing: int = 0) -> Platform:
    """Group the alerts of a folder that was decided, and judge by its truth."""
    truth = pl.read_parquet(folder / TRUTH).select("event_id", "label", "ring_id", "user_id", "merchant_id")
    rows = _alerts(folder, truth)
    members = _members(truth)
    keyed = list(_keyed(folder, rows))
    placed = group(
        beside(one, row["type"], at, clearing) for at, (one, row) in enumerate(zip(keyed, rows, strict=True))
    )
    sizes: dict[int, set[Key]] = defaultdict(set)
    rings: dict[int, Counter[str]] = defaultdict(Counter)
    for row, (keys, _), number in zip(rows, keyed, placed, strict=True):
        sizes[number] |= {key for key in keys if key[0] != "account"}
        ring = _ring_of(row, keys, members)
        if ring is not None:
            rings[number][ring] += 1
    told = [_ring(ring, rings) for ring in sorted({ring for counts in rings.values() for ring in counts})]
    minutes = sum(min(CASE_MINUTES + SUBJECT_MINUTES * max(0, len(size) - 1), CASE_MINUTES_MAX)
                  for size in sizes.values())  # fmt: skip
    caught = sum(row["amount"] for row in rows if row["type"] == "payment" and row["label"] == 1)
    return Platform(name, told, len(rows), len(sizes), minutes, ALERT_MINUTES * len(rows), caught)


def beside(keyed: tuple[tuple[Key, ...], int], type: str, at: int, clearing: int) -> tuple[tuple[Key, ...], int]:
    """An alert's keys and time, with one of some accounts that everybody's money passes where money moves."""
    keys, time_ms = keyed
    if not clearing or type == "payment":
        return keyed
    return (*keys, ("account", f"clearing house {at % clearing}")), time_ms


def _alerts(folder: Path, truth: pl.DataFrame) -> list[dict[str, Any]]:
    events = pl.read_parquet(folder / EVENTS).select("event_id", *_ACCOUNTS)
    decided = pl.read_parquet(folder / "decisions.parquet").filter(pl.col("alert"))
    same = decided.select("seq", "event_id", "time", "type", "user_id", "merchant_id", "amount")
    joined = same.join(events, on="event_id", how="left").join(
        truth.select("event_id", "label", "ring_id"), on="event_id", how="left"
    )
    return joined.sort("seq").to_dicts()


def _keyed(folder: Path, rows: list[dict[str, Any]]) -> list[tuple[tuple[Key, ...], int]]:
    """The keys and the time of each alert, with whose the accounts were by then."""
    events = pl.read_parquet(folder / EVENTS).with_row_index("seq").filter(pl.col("type") == "account_link")
    links = iter(events.select("seq", "account_id", "owner_type", "owner_id").rows())
    owners: dict[str, Key] = {}
    following = next(links, None)
    found = []
    for row in rows:
        while following is not None and following[0] < row["seq"]:
            _, account, kind, owner = following
            owners.pop(account, None)
            if kind in ("user", "merchant"):
                owners[account] = (kind, owner)
            following = next(links, None)
        accounts = [row[name] for name in _ACCOUNTS if row[name] is not None]
        keys = keys_of(row["user_id"], row["merchant_id"], accounts, owners)
        found.append((keys, int(row["time"].timestamp() * 1_000)))
    return found


def _members(truth: pl.DataFrame) -> dict[Key, str]:
    """Whose ring users and merchants are of."""
    found: dict[Key, str] = {}
    for user, merchant, ring in truth.select("user_id", "merchant_id", "ring_id").drop_nulls("ring_id").iter_rows():
        found["user", user] = found["merchant", merchant] = ring
    return found


def _ring_of(row: dict[str, Any], keys: tuple[Key, ...], members: dict[Key, str]) -> str | None:
    if row["type"] == "payment":
        ring: str | None = row["ring_id"]
        return ring
    named = {members[key] for key in keys if key in members}
    return named.pop() if len(named) == 1 else None


def _ring(ring: str, rings: dict[int, Counter[str]]) -> Ring:
    having = [counts for counts in rings.values() if counts[ring]]
    most = max(having, key=lambda counts: counts[ring])
    total = sum(counts[ring] for counts in having)
    return Ring(ring, total, len(having), most[ring] / total, 1 - most[ring] / most.total())
