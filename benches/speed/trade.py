"""A platform's trade as numbers: any stretch of a log of any length, made by itself, so that no stretch needs another.

Each event's kind, keys and amounts are mixed from its number alone. Of a hundred events 74 are payments, 17 tell what
became of one, 4 refund one, 3 are repayments and 3 payouts. Amounts of events and keys keep their
proportions at every size: a log of any length spans 30 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, WORD_CODE
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE

from .workload import (
    AMOUNT_MINOR,
    BUSIEST_FRACTION,
    CURRENCY,
    DEVICES_FRACTION,
    MERCHANTS_FRACTION,
    SPAN_MS,
    START_MS,
    USERS_FRACTION,
)  # fmt: skip

Numbers = NDArray[np.int64]
PIECE: Final = 16_384
"""Events made, and walked, at a time."""
_STATUS_FROM: Final = 60
_REFUND_FROM: Final = 88
_REPAYMENT_FROM: Final = 94
_PAYOUT_FROM: Final = 97
_BACK: Final = 50
"""A status follows its payment within so many events."""
_REFUND_BACK: Final = 5_000
_KINDS: Final = ("payment", "payment_status", "refund", "repayment", "payout")
_PAY_WITH: Final = ("credit", "credit", "credit", "card", "balance")
_GOODS: Final = ("physical", "physical", "virtual", None)
_CHANNELS: Final = ("app", "app", "qr", "web", None)
_STATUS: Final = ("completed",) * 9 + ("cancelled",)
_REPAID: Final = ("paid",) * 18 + ("late", "missed")
_TO: Final = ("original", "original", "original", "balance", "bank")
_SPEEDS: Final = ("scheduled", "scheduled", "instant")
_ZONES: Final = ("event", "user", "merchant", "order", "device", "ip", "address", "category", "account")
"""What an id names; ids of different zones differ."""
_ZONE_OF: Final = {
    "event_id": "event", "payment_id": "event", "user_id": "user", "merchant_id": "merchant", "order_id": "order",
    "device_id": "device", "ip": "ip", "address_id": "address", "category": "category", "account_id": "account",
}  # fmt: skip


def mix(numbers: Numbers, salt: int) -> NDArray[np.uint64]:
    """64 well-mixed bits of each number (splitmix64); another salt gives other bits."""
    z = numbers.astype(np.uint64) + np.uint64((salt + 1) * 0x9E3779B97F4A7C15 % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def below(numbers: Numbers, salt: int, bound: int) -> Numbers:
    """A number from 0 to `bound` - 1 for each number."""
    return (mix(numbers, salt) % np.uint64(bound)).astype(np.int64)


class Trade(NamedTuple):
    """A log of so many events."""

    length: int

    @property
    def users(self) -> int:
        """How many there are."""
        return max(1, round(self.length * USERS_FRACTION))

    def columns(self, first: int, last: int) -> dict[str, Numbers]:
        """The schema's fields of events first..last-1 as integers: ids as numbers, words as codes, ABSENT where absent.

        `type` is the type's code.
        """
        i = np.arange(first, last, dtype=np.int64)
        kind, about = self._kinds(i)
        paid, named = kind == 0, kind != 4
        told = self._payments(about)
        gap = max(1, SPAN_MS // self.length)
        owner = np.where(kind == 4, i, about)
        columns = {
            "type": np.array([TYPE_CODE[name] for name in _KINDS])[kind],
            "event_id": i,
            "time": START_MS + i * gap + below(i, 1, gap),
            "user_id": np.where(named, told["user_id"], ABSENT),
            "merchant_id": np.where(kind != 3, self._merchants(owner), ABSENT),
            "order_id": np.where(kind < 3, about, ABSENT),
            "amount": np.where(kind == 1, ABSENT, told["amount"]),
            "currency": np.where(kind == 1, ABSENT, WORD_CODE[CURRENCY]),
            "payment_id": np.where(kind == 1, about, ABSENT),
            "status": np.where(
                kind == 1, _word(i, 2, _STATUS), np.where(kind == 3, _word(i, 3, _REPAID), ABSENT)
            ),
            "to": np.where(kind == 2, _word(i, 4, _TO), ABSENT),
            "account_id": np.where(kind == 4, self._merchants(owner) * 4 + below(i, 5, 4), ABSENT),
            "speed": np.where(kind == 4, _word(i, 6, _SPEEDS), ABSENT),
        }  # fmt: skip
        return columns | {name: np.where(paid, told[name], ABSENT) for name in told if name not in columns}

    def _kinds(self, i: Numbers) -> tuple[Numbers, Numbers]:
        """The kind of each event, and the number of the payment that it is or tells of."""
        drawn = below(i, 0, 100)
        kind = np.searchsorted([_STATUS_FROM, _REFUND_FROM, _REPAYMENT_FROM, _PAYOUT_FROM], drawn, side="right")
        back = np.where(kind == 1, below(i, 7, _BACK), below(i, 7, _REFUND_BACK))
        about = np.where((kind == 1) | (kind == 2), i - 1 - back, i)
        # Where no payment stands at that place, the event is a payment itself.
        lost = (about < 0) | ((about != i) & (below(np.maximum(about, 0), 0, 100) >= _STATUS_FROM))
        return np.where(lost, 0, kind).astype(np.int64), np.where(lost, i, about)

    def _merchants(self, i: Numbers) -> Numbers:
        others = max(1, round(self.length * MERCHANTS_FRACTION) - 1)
        busiest = below(i, 8, 1_000) < BUSIEST_FRACTION * 1_000
        return np.where(busiest, 0, 1 + below(i, 9, others))

    def _payments(self, i: Numbers) -> dict[str, Numbers]:
        user, merchant = below(i, 10, self.users), self._merchants(i)
        low, high = AMOUNT_MINOR
        limit = 200_000 + user % 50 * 20_000
        return {
            "user_id": user,
            "amount": low + below(i, 11, high - low),
            "credit_limit": limit,
            "credit_used": below(i, 12, 1_000) * limit // 1_000,
            "device_id": user % max(1, round(self.length * DEVICES_FRACTION)),
            "ip": user % 65_536,
            "address_id": user,
            "pay_with": _word(i, 13, _PAY_WITH),
            "category": merchant % 12,
            "goods": _words(merchant % len(_GOODS), _GOODS),
            "channel": _words(user % len(_CHANNELS), _CHANNELS),
            "instalments": np.array([1, 3, 6, 12])[below(i, 14, 4)],
        }

    def frame(self, first: int, last: int) -> pl.DataFrame:
        """Events as the flat records that a reader of files hands over: ids as texts, words as words."""
        columns = self.columns(first, last)
        types, words = list(TYPE_CODE), list(WORD_CODE)
        given = {name: pl.Series(values).replace(ABSENT, None) for name, values in columns.items()}
        return pl.DataFrame({"type": [types[code] for code in columns["type"].tolist()]}).with_columns(
            _as_told(name, values, words) for name, values in given.items() if name != "type"
        )

    def rows(self, first: int, last: int) -> Numbers:
        """Events as the rows that the engine walks over, with mixed numbers for hashes of ids."""
        columns = self.columns(first, last)
        rows = np.full((last - first, ROW_WIDTH), ABSENT, dtype=np.int64)
        rows[:, TYPE] = columns.pop("type")
        for name, values in columns.items():
            if name in _ZONE_OF:
                # Odd, so never 0, which marks an empty slot; and never ABSENT, which is even.
                hashed = mix(values, 100 + _ZONES.index(_ZONE_OF[name])).astype(np.int64) | 1
                values = np.where(values == ABSENT, ABSENT, hashed)
            rows[:, FIELDS[name].place] = values
        return rows

    def pieces(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Stretches of at most PIECE events."""
        return ((at, min(at + PIECE, last)) for at in range(first, last, PIECE))


def _words(which: Numbers, words: tuple[str | None, ...]) -> Numbers:
    return np.array([ABSENT if word is None else WORD_CODE[word] for word in words])[which]


def _word(i: Numbers, salt: int, words: tuple[str | None, ...]) -> Numbers:
    return _words(below(i, salt, len(words)), words)


def _as_told(name: str, values: pl.Series, words: list[str]) -> pl.Series:
    if name in _ZONE_OF:
        return (pl.Series([f"{_ZONE_OF[name]}-"]) + values.cast(pl.String).str.zfill(11)).alias(name)
    if FIELDS[name].kind == "word":
        return values.replace_strict(list(range(len(words))), words, return_dtype=pl.String).alias(name)
    return values.alias(name)
