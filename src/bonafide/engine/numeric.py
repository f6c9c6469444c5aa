"""Exact sums, rounded once: 128-bit integers as two words, and quotients and roots in double-double arithmetic.

A double-double is an unevaluated sum `high + low` of two float64 with |low| <= ulp(high)/2, about 106 bits (Dekker,
"A floating-point technique for extending the available precision", 1971). Every value a feature answers is computed
from integers with a relative error below 2**-98 and then rounded to float64 once.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from bonafide.engine.kernel import inner

_LOW32 = np.uint64(0xFFFFFFFF)
_BITS32 = np.uint64(32)
_SPLITTER = 134217729.0  # 2**27 + 1: halves the 53 bits of a float64
_TWO32 = 4294967296.0


@inner
def multiply_wide(a, b):
    """(high, low) words of the unsigned product of two 64-bit words."""
    a, b = np.uint64(a), np.uint64(b)
    a1, a0 = a >> _BITS32, a & _LOW32
    b1, b0 = b >> _BITS32, b & _LOW32
    low = a0 * b0
    middle = a1 * b0 + (low >> _BITS32)
    cross = a0 * b1 + (middle & _LOW32)
    return a1 * b1 + (middle >> _BITS32) + (cross >> _BITS32), a * b


@inner
def two_sum(a, b):
    """The rounded sum and its exact error (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@inner
def two_product(a, b):
    """The rounded product and its exact error (Veltkamp and Dekker)."""
    p = a * b
    c = _SPLITTER * a
    a1 = c - (c - a)
    a0 = a - a1
    c = _SPLITTER * b
    b1 = c - (c - b)
    b0 = b - b1
    return p, ((a1 * b1 - p) + a1 * b0 + a0 * b1) + a0 * b0


@inner
def wide_to_double(high, low):
    """An unsigned 128-bit integer as a double-double."""
    high, low = np.uint64(high), np.uint64(low)
    s = np.float64(high >> _BITS32) * _TWO32
    s, e = two_sum(s, np.float64(high & _LOW32))
    s, e = s * _TWO32 * _TWO32, e * _TWO32 * _TWO32
    s, f = two_sum(s, np.float64(low >> _BITS32) * _TWO32)
    e += f
    s, f = two_sum(s, np.float64(low & _LOW32))
    return two_sum(s, e + f)


@inner
def divide(high, low, by):
    """The float64 nearest to (high + low) / by."""
    q = high / by
    p, e = two_product(q, by)
    r = ((high - p) - e) + low
    q2 = r / by
    p, e = two_product(q2, by)
    q3 = ((r - p) - e) / by
    s, e = two_sum(q, q2)
    return s + (e + q3)


@inner
def quotient(total, by):
    """The float64 nearest to total / by, for integers |total| < 2**63 and 0 < by."""
    s, e = wide_to_double(0, abs(total))
    nearest = divide(s, e, np.float64(by))
    return -nearest if total < 0 else nearest


@inner
def deviation(count, total, square_high, square_low, unit):
    """Population standard deviation of `count` integers from their exact sum and sum of squares, over `unit`.

    sqrt(count * squares - total**2) / (count * unit); exact while count * squares < 2**128.
    """
    n = np.uint64(count)
    high, low = multiply_wide(n, square_low)
    high += n * np.uint64(square_high)
    t_high, t_low = multiply_wide(total, total)
    high -= t_high
    if low < t_low:
        high -= np.uint64(1)
    low -= t_low
    if high == np.uint64(0) and low == np.uint64(0):
        return 0.0
    s, e = wide_to_double(high, low)
    x = sqrt(s)
    p, f = two_product(x, x)
    correction = (((s - p) - f) + e) / (2.0 * x)
    x, y = two_sum(x, correction)
    return divide(x, y, np.float64(count) * np.float64(unit))
