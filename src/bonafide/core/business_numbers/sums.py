"""Sums that check digits are made of."""

from __future__ import annotations

from collections.abc import Iterable


def dot(weights: Iterable[int], digits: str) -> int:
    """Each weight times the digit in its place; digits without a weight count for nothing.

    >>> dot((1, 10), "234")
    32
    """
    return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=False))


def luhn(digits: str) -> int:
    """The digit that makes the sum of Luhn (ISO/IEC 7812-1) a multiple of ten.

    >>> luhn("7992739871")
    3
    """
    doubled = (2 * int(d) if i % 2 == 0 else int(d) for i, d in enumerate(reversed(digits)))
    return -sum(sum(divmod(one, 10)) for one in doubled) % 10


def mod_11_10(number: str) -> bool:
    """Whether the last digit fits those before it by ISO/IEC 7064, MOD 11,10.

    >>> mod_11_10("136695976")
    True
    """
    rest = 10
    for digit in number[:-1]:
        rest = ((rest + int(digit)) % 10 or 10) * 2 % 11
    return (rest + int(number[-1])) % 10 == 1
