"""AMLSim's accounts and transfers, read from its .tgz or from the folder that it holds, and the cycles planted there.

The data set labels accounts and not transfers. Planted transfers can be told all the same: both ends are labelled, and
they are smaller than any transfer with an end that is not. That also says how far a result on it may be trusted.
"""

from __future__ import annotations

import tarfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, NamedTuple

import polars as pl

from bonafide.core.errors import UsageError

_NODES: Final = "nodes.csv"
_TRANSFERS: Final = "transactions.csv"


class Transfer(NamedTuple):
    """One transfer; its number is its row, which orders what happens on one day."""

    number: int
    day: int
    source: int
    target: int
    amount: int
    """Minor units."""


@dataclass(frozen=True)
class Bank:
    """One data set."""

    accounts: list[int]
    labelled: frozenset[int]
    """Accounts that are said to take part."""
    transfers: list[Transfer]
    """In the order of their rows, which is that of time."""


class Cycle(NamedTuple):
    """Planted legs of one amount that hang together, in the order of the way where it closes."""

    legs: tuple[Transfer, ...]
    """One for each pair of accounts; what was sent again on the same day is left out."""
    closes: bool
    """Whether the log holds the whole way round, and each account of it sends once."""

    @property
    def span_days(self) -> int:
        """From the first leg to the last, in time."""
        days = [leg.day for leg in self.legs]
        return max(days) - min(days)

    @property
    def in_time(self) -> bool:
        """Whether it closes and, from some account on, each leg is later in the log than the one before."""
        numbers = [leg.number for leg in self.legs]
        back = sum(after < before for before, after in zip(numbers, numbers[1:] + numbers[:1], strict=True))
        return self.closes and back == 1

    @property
    def amounts_ratio(self) -> float:
        """The smallest leg, of the largest."""
        amounts = [leg.amount for leg in self.legs]
        return min(amounts) / max(amounts)

    @property
    def followed(self) -> tuple[int, int]:
        """(Pairs of legs of which the second begins where the first ends, those of which it is later in the log)."""
        pairs = [(one, other) for one in self.legs for other in self.legs if one.target == other.source]
        return len(pairs), sum(other.number > one.number for one, other in pairs)


def read_bank(path: Path) -> Bank:
    """Read a data set of AMLSim's older layout; UsageError where the path holds none."""
    if not path.exists():
        raise UsageError(f"{path}: is not there; give a .tgz of AMLSim, or the folder in it")
    if path.is_dir():
        nodes, transfers = (pl.read_csv(path / name) for name in (_NODES, _TRANSFERS))
    else:
        with tarfile.open(path) as archive:
            nodes, transfers = (pl.read_csv(_member(archive, name, path)) for name in (_NODES, _TRANSFERS))
    amounts = (transfers["value"] * 100).round().cast(pl.Int64)
    columns = (transfers["time"], transfers["sourceNodeId"], transfers["targetNodeId"], amounts)
    rows = zip(*(column.to_list() for column in columns), strict=True)
    return Bank(
        nodes["nodeid"].to_list(),
        frozenset(nodes.filter(pl.col("isFraud") == 1)["nodeid"].to_list()),
        [Transfer(number, *row) for number, row in enumerate(rows)],
    )


def _member(archive: tarfile.TarFile, name: str, path: Path) -> IO[bytes]:
    for member in archive.getmembers():
        file = archive.extractfile(member) if member.name.endswith(f"/{name}") else None
        if file is not None:
            return file
    raise UsageError(f"{path}: holds no {name}; give a .tgz of AMLSim, or the folder in it")


def planted_cycles(bank: Bank) -> list[Cycle]:
    """The legs that were planted, put together by amount and by the accounts that they share."""
    inside: list[Transfer] = []
    others: list[Transfer] = []
    for one in bank.transfers:
        (inside if one.source in bank.labelled and one.target in bank.labelled else others).append(one)
    least = min((one.amount for one in others), default=0)
    legs: dict[tuple[int, int, int], Transfer] = {}
    for one in inside:
        if one.amount < least:
            legs.setdefault((one.amount, one.source, one.target), one)
    by_amount: dict[int, list[Transfer]] = defaultdict(list)
    for leg in legs.values():
        by_amount[leg.amount].append(leg)
    return [_ordered(part) for group in by_amount.values() for part in _connected(group)]


def _connected(legs: list[Transfer]) -> list[list[Transfer]]:
    """Legs that share accounts, one list for each connected part."""
    root: dict[int, int] = {}

    def top(account: int) -> int:
        while root.setdefault(account, account) != account:
            account = root[account]
        return account

    for leg in legs:
        root[top(leg.source)] = top(leg.target)
    parts: dict[int, list[Transfer]] = defaultdict(list)
    for leg in legs:
        parts[top(leg.source)].append(leg)
    return list(parts.values())


def _ordered(legs: list[Transfer]) -> Cycle:
    """As a way, where each account sends once and receives once; else as it stands, open."""
    by_source = {leg.source: leg for leg in legs}
    way = [legs[0]]
    while len(way) < len(legs) and way[-1].target in by_source:
        way.append(by_source[way[-1].target])
    visited = {leg.source for leg in way}
    if len(visited) == len(legs) == len(by_source) and way[-1].target == way[0].source:
        return Cycle(tuple(way), closes=True)
    return Cycle(tuple(legs), closes=False)


def put_in_time(bank: Bank, cycles: list[Cycle]) -> Bank:
    """The same bank, but that the legs of each cycle that closes share out their days in the order of its way.

    What AMLSim planted does not follow itself in time; this is what it would look like if it did. Copies of a leg move
    with it, and nothing else changes.
    """
    days: dict[tuple[int, int, int], int] = {}
    for cycle in cycles:
        if cycle.closes:
            ordered = sorted(leg.day for leg in cycle.legs)
            days |= {(leg.amount, leg.source, leg.target): day for leg, day in zip(cycle.legs, ordered, strict=True)}
    moved = [one._replace(day=days.get((one.amount, one.source, one.target), one.day)) for one in bank.transfers]
    moved.sort(key=lambda one: (one.day, one.number))
    return Bank(bank.accounts, bank.labelled, [one._replace(number=n) for n, one in enumerate(moved)])
