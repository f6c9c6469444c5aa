"""Numbers of countries and registers whose forms are not known here: what may be one, and what is none at all."""

from __future__ import annotations

import re
from typing import Final

from bonafide.core.business_numbers.china import is_uscc_part
from bonafide.core.business_numbers.sums import dot

DIGITS_MIN: Final = 5
"""Of a number without letters; a register's letters may stand before four."""
DIGITS_MAX: Final = 16
_MOBILE: Final = re.compile(r"(?:86)?1[3-9][0-9]{9}")
"""A telephone of the PRC, which is what people write who have no number at hand."""
_RUSSIAN_LAST: Final = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_MALAYSIAN: Final = re.compile(r"(?:19|20)[0-9]{2}0[1-6][0-9]{6}")
_KAZAKH: Final = re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2])[4-6][0-4][0-9]{6}")


def is_nonsense(normal: str) -> bool:
    """Whether a number in its normal form is nobody's: too few digits, or one or two signs again and again.

    >>> is_nonsense("NA"), is_nonsense("0000000000"), is_nonsense("7000012050002")
    (True, True, False)
    """
    digits = sum(sign in "0123456789" for sign in normal)
    enough = digits >= (DIGITS_MIN if digits == len(normal) else DIGITS_MIN - 1)
    return not enough or len(set(normal)) <= 2


def is_run(normal: str) -> bool:
    """Whether a number in its normal form counts up or down: it may be somebody's, and many write it who have none.

    >>> is_run("1234567890"), is_run("1234567809")
    (True, False)
    """
    return normal.isdecimal() and (normal in "01234567890123456789012345" or normal in "98765432109876543210987654")


def may_be_foreign(normal: str, *, in_groups: bool = False) -> bool:
    """Whether a number in its normal form may be of a form that is not known here.

    Of digits alone it is not where it begins a code of the PRC or is a telephone of it. Twelve digits in a row have few
    forms (people of Russia, Malaysia, Kazakhstan), and must have one of them; `in_groups` says that they were not.

    >>> may_be_foreign("27AAPFU0939F1ZV"), may_be_foreign("09446231"), may_be_foreign("13912345678")
    (True, True, False)
    """
    if is_nonsense(normal):
        return False
    if not normal.isdecimal():
        return True
    if is_uscc_part(normal) or _MOBILE.fullmatch(normal) is not None or len(normal) > DIGITS_MAX:
        return False
    return len(normal) != 12 or in_groups or _has_form_of_twelve(normal)


def _has_form_of_twelve(digits: str) -> bool:
    if _MALAYSIAN.fullmatch(digits) is not None or _KAZAKH.fullmatch(digits) is not None:
        return True
    return all(dot(weights, digits) % 11 % 10 == int(digits[len(weights)]) for weights in _RUSSIAN_LAST)
