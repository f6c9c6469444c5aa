"""Durations by the thousand in bounded memory: a histogram whose buckets are a hundredth of their value wide."""

from __future__ import annotations

from typing import Final

_FINE_BITS: Final = 7
_FINE: Final = 1 << (_FINE_BITS - 1)
_BUCKETS: Final = (48 - _FINE_BITS) * _FINE + 2 * _FINE
"""Up to 2**47 microseconds, which is four years."""


class Latencies:
    """Counts of durations in microseconds; exact below 128, by at most 1.6 % too low above.

    >>> seen = Latencies()
    >>> for value in range(1, 101): seen.add(value)
    >>> seen.quantile_us(0.5), seen.quantile_us(0.99), seen.max_us
    (50, 99, 100)
    """

    __slots__ = ("counts", "max_us", "n")

    def __init__(self) -> None:
        self.counts = [0] * _BUCKETS
        self.n = 0
        self.max_us = 0

    def add(self, value_us: int) -> None:
        """Count one duration."""
        shift = value_us.bit_length() - _FINE_BITS
        self.counts[value_us if shift <= 0 else shift * _FINE + (value_us >> shift)] += 1
        self.n += 1
        if value_us > self.max_us:
            self.max_us = value_us

    def quantile_us(self, fraction: float) -> int:
        """The duration that this fraction does not exceed, 0..1; 0 of none."""
        left = fraction * self.n
        for bucket, count in enumerate(self.counts):
            left -= count
            if count and left <= 1e-9:
                return min(_lowest(bucket), self.max_us)
        return self.max_us

    def quantile_ms(self, fraction: float) -> float:
        """The same in milliseconds."""
        return self.quantile_us(fraction) / 1_000


def _lowest(bucket: int) -> int:
    if bucket < 2 * _FINE:
        return bucket
    shift = bucket // _FINE - 1
    return (bucket - shift * _FINE) << shift
