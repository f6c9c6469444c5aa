"""The tiny bundle, and events that its rules look at."""

from __future__ import annotations

from pathlib import Path

from bonafide.core.events import Login, Payout, Transfer
from bonafide.engine.bundle import Bundle, load_bundle
from tests.engine.kit import START_MS

TINY = Path(__file__).parent / "bundles" / "tiny"


def tiny() -> Bundle:
    """The bundle, read anew."""
    return load_bundle(TINY)


def payout(number: int, time: int, amount: int = 100) -> Payout:
    return Payout(
        event_id=f"e{number}", time=START_MS + time, merchant_id="m", account_id="a", amount=amount, currency="CNY"
    )


def transfer(number: int, time: int) -> Transfer:
    return Transfer(event_id=f"e{number}", time=START_MS + time, from_account_id="a", to_account_id="b", amount=5,
                    currency="CNY")  # fmt: skip


def login(number: int, time: int) -> Login:
    return Login(event_id=f"e{number}", time=START_MS + time, subject_type="user", subject_id="u")
