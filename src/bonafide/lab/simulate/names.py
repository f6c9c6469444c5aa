"""How numbered people, shops and things are called in the log."""

from __future__ import annotations

from typing import Final

import polars as pl

USER: Final = "u"
MERCHANT: Final = "m"
PAYMENT: Final = "p"
ORDER: Final = "o"
DEVICE: Final = "d"
ADDRESS: Final = "x"
PHONE: Final = "t"
USER_ACCOUNT: Final = "au"
MERCHANT_ACCOUNT: Final = "am"
OTHER_ACCOUNT: Final = "ax"
RING: Final = "ring"
CURRENCY: Final = "CNY"


def called(prefix: str, column: str) -> pl.Expr:
    """`prefix` and the number in `column`; null where the number is."""
    return pl.format(prefix + "{}", pl.col(column))


def network_address(column: str) -> pl.Expr:
    """An address of the shared space that providers use behind NAT (RFC 6598)."""
    number = pl.col(column)
    return pl.format("100.{}.{}.{}", 64 + number // 65_536 % 64, number // 256 % 256, number % 256)
