"""The books of a closed economy: money is only ever moved, so that all accounts together hold nothing at any time.

A line of credit is an account too: what its user owes is what it is below zero.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

EMPLOYERS: Final = 0
"""Where wages and savings come from; what it is below zero has entered the platform's world."""
OUTSIDE: Final = 1
"""Where rent, food, suppliers' bills and cash go."""
PENDING: Final = 2
"""Payments made and not yet settled."""
PLATFORM: Final = 3
"""Fees earned, less what defaulted lines cost."""
_FIRST: Final = 4


class Books:
    """Accounts by number, in fen; `flows` adds up what was moved for each purpose."""

    __slots__ = ("balance", "flows")

    def __init__(self) -> None:
        self.balance = [0] * _FIRST
        self.flows: Counter[str] = Counter()

    def open(self) -> int:
        """A new account's number."""
        self.balance.append(0)
        return len(self.balance) - 1

    def move(self, source: int, target: int, amount: int, purpose: str) -> None:
        """Move `amount` >= 0; whether the source may go below zero is its owner's business."""
        self.balance[source] -= amount
        self.balance[target] += amount
        self.flows[purpose] += amount
