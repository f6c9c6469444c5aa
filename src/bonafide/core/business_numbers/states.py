"""Employer identification numbers of the US: nine digits whose first two name the office or campus that gave them.

The IRS publishes the prefixes and no check digit, so that a mistake in the other seven is not seen here.
"""

from __future__ import annotations

import re
from typing import Final

_PREFIXES: Final = frozenset(
    f"{n:02d}"
    for first, last in ((1, 6), (10, 16), (20, 27), (30, 48), (50, 68), (71, 77), (80, 88), (90, 95), (98, 99))
    for n in range(first, last + 1)
)
EIN_LIKE: Final = re.compile(r"(?:US ?)?(?:\d-\d{7,8}|\d{3}-\d{6,7}|\d{2}-\d{6}|\d{2}-\d{8}|\d{2}[A-Z]\d{7})", re.ASCII)
"""As written by somebody who lost a digit, typed one twice, or something else for the dash."""
EIN_PART: Final = re.compile(r"(?:US ?)?\d{2}-\d{3,5}", re.ASCII)
"""The beginning of one."""


def is_ein(normal: str) -> bool:
    """Whether a number in its normal form, with or without `US`, is one with a prefix that is given out.

    >>> is_ein("123456789"), is_ein("073456789")
    (True, False)
    """
    digits = normal.removeprefix("US")
    return re.fullmatch(r"[0-9]{9}", digits) is not None and digits[:2] in _PREFIXES and digits[2:] != "0000000"
