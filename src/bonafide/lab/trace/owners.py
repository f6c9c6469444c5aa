"""Whose accounts are, as of any moment, by the account links of a log."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final, NamedTuple

import polars as pl

from bonafide.lab.trace.subject import People
from bonafide.lab.uses import with_columns_of

_LINK: Final = {"account_id": pl.String, "owner_type": pl.String, "owner_id": pl.String, "time": pl.Int64}


class Owner(NamedTuple):
    """Who an account belongs to."""

    kind: str
    """user, merchant or person."""
    id: str


class Links:
    """Collects the account links of a log: a row for each time that an account is linked."""

    def __init__(self) -> None:
        self._found: list[pl.DataFrame] = []

    def feed(self, frame: pl.DataFrame) -> None:
        """Keep the links, each once for each moment."""
        links = frame.filter(pl.col("type") == "account_link")
        if not links.is_empty():
            self._found.append(with_columns_of(links, _LINK))

    def table(self) -> pl.DataFrame:
        """All links by time; of equal times in log order."""
        found = pl.concat([pl.DataFrame(schema=_LINK), *self._found])
        return found.sort("time", maintain_order=True)

    def accounts_of(self, people: People) -> tuple[str, ...]:
        """The accounts that were ever linked to one of some people."""
        found = self.table().filter(people.of_subject("owner_type", "owner_id"))
        return tuple(found["account_id"].unique(maintain_order=True))

    def owners(self, accounts: set[str]) -> Owners:
        """Whose some accounts were, at any moment."""
        rows = self.table().filter(pl.col("account_id").is_in(list(accounts)))
        return Owners(rows)


class Owners:
    """Answers whose an account was at a moment: the latest link up to then counts, whoever was linked before."""

    def __init__(self, links: pl.DataFrame) -> None:
        self._times: dict[str, list[int]] = {}
        self._owners: dict[str, list[Owner]] = {}
        for account, kind, name, time in links.select("account_id", "owner_type", "owner_id", "time").iter_rows():
            self._times.setdefault(account, []).append(time)
            self._owners.setdefault(account, []).append(Owner(kind, name))

    def of(self, account: str, time: int) -> Owner | None:
        """The owner at a moment; None where nobody was told of."""
        place = bisect_right(self._times.get(account, []), time)
        return self._owners[account][place - 1] if place else None

    def latest(self, account: str) -> Owner | None:
        """The owner at the end."""
        owners = self._owners.get(account)
        return owners[-1] if owners else None
