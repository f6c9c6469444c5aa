"""A platform's events without end, the same for the same seed: payments mostly, what became of them, and parcels.

Made by filling in templates, some microseconds each, so that a load generator can make them as it goes.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Final, NamedTuple

from bonafide.core.moment import show_moment

PAYMENT_FRACTION: Final = 0.76
STATUS_FRACTION: Final = 0.14
"""Of all events; the rest are parcels."""
STEP_US: Final = 200
"""Between two events, in the platform's own time."""
OPEN_ORDERS_MAX: Final = 4_096
"""Orders that wait for a status and a parcel; an older one is forgotten."""
_CATEGORIES: Final = ("phones", "clothing", "food", "travel", "games", "gift_cards", "appliances", "beauty")
_CHANNELS: Final = ("app", "app", "live", "web")
_PAYMENT: Final = (
    '{"type":"payment","event_id":"%s","time":"%s","user_id":"u%d","merchant_id":"m%d","order_id":"o%s","amount":%d,'
    '"currency":"CNY","credit_limit":%d,"credit_used":%d,"device_id":"d%d","ip":"10.%d.%d.%d","address_id":"a%d",'
    '"category":"%s","goods":"physical","channel":"%s"}'
)
_STATUS: Final = (
    '{"type":"payment_status","event_id":"%s","time":"%s","payment_id":"%s","order_id":"o%s","user_id":"u%d",'
    '"merchant_id":"m%d","status":"%s"}'
)
_SHIPMENT: Final = (
    '{"type":"shipment","event_id":"%s","time":"%s","order_id":"o%s","merchant_id":"m%d","user_id":"u%d",'
    '"status":"%s","tracking_no":"t%s"}'
)


class Made(NamedTuple):
    """One event on its way."""

    event_id: str
    body: bytes
    """Its JSON."""


class _Order(NamedTuple):
    payment_id: str
    user: int
    merchant: int


class Platform:
    """Makes events one after another; times rise from `start_ms` (ms since 1970 UTC) by `step_us` each.

    Ids begin with `prefix` (the seed's own unless given), so that two platforms of different seeds share none.
    """

    def __init__(
        self, seed: int, start_ms: int, *, step_us: int = STEP_US, users: int = 20_000, merchants: int = 1_000,
        prefix: str | None = None,
    ) -> None:  # fmt: skip
        self._random = Random(seed)
        self._start_ms = start_ms
        self._step_us = step_us
        self._users, self._merchants = users, merchants
        self._prefix = f"L{seed}-" if prefix is None else prefix
        self._open: deque[_Order] = deque(maxlen=OPEN_ORDERS_MAX)
        self._paid: deque[_Order] = deque(maxlen=OPEN_ORDERS_MAX)
        self.made = 0

    def __iter__(self) -> Platform:
        return self

    def __next__(self) -> Made:
        number, draw = self.made, self._random.random()
        self.made += 1
        event_id = f"{self._prefix}{number}"
        time = show_moment(self._start_ms + number * self._step_us // 1_000)
        if draw < PAYMENT_FRACTION or not self._open:
            text = self._payment(event_id, time)
        elif draw < PAYMENT_FRACTION + STATUS_FRACTION or not self._paid:
            text = self._status(event_id, time)
        else:
            text = self._shipment(event_id, time)
        return Made(event_id, text.encode())

    def _payment(self, event_id: str, time: str) -> str:
        draw = self._random.random
        # Squares and cubes of draws: a few users and shops have most of the trade.
        user, merchant = int(self._users * draw() ** 2), int(self._merchants * draw() ** 3)
        limit = 100_000 * (1 + user % 20)
        host = user * 7 % 65_536
        self._open.append(_Order(event_id, user, merchant))
        return _PAYMENT % (
            event_id, time, user, merchant, event_id, 100 + int(40_000 * draw() ** 2), limit, int(limit * draw()),
            user * 3 // 2, merchant % 4, host >> 8, host & 255, user, _CATEGORIES[merchant % 8], _CHANNELS[user % 4],
        )  # fmt: skip

    def _status(self, event_id: str, time: str) -> str:
        order = self._open.popleft()
        done = self._random.random() < 0.95
        if done:
            self._paid.append(order)
        status = "completed" if done else "cancelled"
        return _STATUS % (event_id, time, order.payment_id, order.payment_id, order.user, order.merchant, status)

    def _shipment(self, event_id: str, time: str) -> str:
        order = self._paid.popleft()
        return _SHIPMENT % (
            event_id, time, order.payment_id, order.merchant, order.user, "picked_up", order.payment_id
        )  # fmt: skip
