"""Trade of merchants counted by day, and compared: the last two weeks against the two months before.

What is counted is every payment of the log that names the merchant, completed or not, by the day and the hour of its
own time (UTC). Nothing is compared twice for one day of the log, and the same drift of a merchant is told once in 30
days.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import bindparam, delete, select, tuple_, update

from bonafide.core.pseudonym import show_token
from bonafide.office.merchants.drift import Drift, Trade, drifts, undeclared
from bonafide.office.store.tables import merchant_trade
from bonafide.office.vault.subjects import ROOM

if TYPE_CHECKING:
    from sqlalchemy import Connection

AFTER_DAYS: Final = 14
BEFORE_DAYS: Final = 60
KEPT_DAYS: Final = AFTER_DAYS + BEFORE_DAYS + 2
AT_ONCE: Final = 64
"""Merchants that are compared in one transaction."""
QUIET_DAYS: Final = 30
_read: Final = msgspec.json.Decoder(Trade).decode
_encode: Final = msgspec.json.Encoder().encode
_ADD: Final = (
    update(merchant_trade)
    .where(merchant_trade.c.merchant == bindparam("of_merchant"), merchant_trade.c.day == bindparam("of_day"))
    .values(told=bindparam("counted"))
)
"""Made once, and run for many rows at a time."""


class Drifting:
    """Which merchants are to be compared, and how."""

    def __init__(self) -> None:
        self._due: list[int] = []
        self._day = 0

    def begin(self, merchants: Collection[int], day: int) -> None:
        """A new day has begun in the log: compare those who traded, when there is time."""
        self._due = sorted({*self._due, *merchants})
        self._day = day

    def next(self) -> list[int]:
        """Some of those that are to be compared."""
        some, self._due = self._due[:AT_ONCE], self._due[AT_ONCE:]
        return some

    def trigger(self, merchant: int, drifts: Sequence[Drift]) -> str:
        """What a review for drift is made of, so that the same things are told once in QUIET_DAYS."""
        what = ",".join(one.code for one in drifts)
        return f"drift:{show_token(merchant)}:{self._day // QUIET_DAYS}:{what}"

    def of(self, connection: Connection, merchant: int, declared: str) -> tuple[Drift, ...]:
        """What has changed about a merchant's trade, or is not of the category that it declared."""
        table, since = merchant_trade, self._day - AFTER_DAYS
        asked = select(table.c.day, table.c.told).where(table.c.merchant == merchant, table.c.day > since - BEFORE_DAYS)
        days = {row.day: _read(bytes(row.told)) for row in connection.execute(asked)}
        before = Trade.sum_of([trade for day, trade in days.items() if day <= since])
        after = Trade.sum_of([trade for day, trade in days.items() if day > since])
        return (*drifts(before, after), *undeclared(after, declared))

    @staticmethod
    def count(connection: Connection, trade: Mapping[tuple[int, int], Trade], newest: int) -> None:
        """Add orders to what is counted; days that are too old for any comparison go."""
        table, keys = merchant_trade, sorted(key for key in trade if key[1] > newest - KEPT_DAYS)
        there: dict[tuple[int, int], Trade] = {}
        pair = tuple_(table.c.merchant, table.c.day)
        for at in range(0, len(keys), ROOM):
            for row in connection.execute(select(table).where(pair.in_(keys[at : at + ROOM]))):
                there[row.merchant, row.day] = _read(bytes(row.told))
        more, fresh = [], []
        for key in keys:
            if key in there:
                told = _encode(Trade.sum_of([there[key], trade[key]]))
                more.append({"of_merchant": key[0], "of_day": key[1], "counted": told})
            else:
                fresh.append({"merchant": key[0], "day": key[1], "told": _encode(trade[key])})
        if more:
            connection.execute(_ADD, more)
        if fresh:
            connection.execute(table.insert(), fresh)
            connection.execute(delete(table).where(table.c.day <= newest - KEPT_DAYS))
