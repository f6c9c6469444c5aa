"""The unified social credit code of the PRC: 18 signs with two check digits, as GB 32100-2015 and GB 11714-1997 say."""

from __future__ import annotations

import re
from typing import Final

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 signs: without I, O, S, V and Z, which look like others."""
USCC_LENGTH: Final = 18
_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_VALUE: Final = {sign: value for value, sign in enumerate(USCC_ALPHABET)}
_ORGANISATION_VALUE: Final = {sign: value for value, sign in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_OFFICES: Final = "123456789ANY"
"""Who registers: 1 public bodies, 5 civil affairs, 9 market supervision, A agriculture, N rural, Y others."""
_PROVINCES: Final = frozenset(
    re.findall("..", "1011121314152122233132333435363741424344454650515253546162636465718182")
)
"""The first two digits of GB/T 2260; 10 is the State Administration's own."""
_FORM: Final = re.compile(rf"[{_OFFICES}][{USCC_ALPHABET[1:]}][0-9]{{6}}[{USCC_ALPHABET}]{{10}}")
"""Of signs of the alphabet alone, so that each has a value."""
_LIKE: Final = re.compile(r"[0-9A-Z]{17,19}")
_PART: Final = re.compile(r"9[123](?P<province>[0-9]{2})[0-9]{2,12}")
_ORGANISATION: Final = re.compile(r"[0-9A-Z]{8}[0-9X]")
_DIGITS_LIKE_MIN: Final = 6
"""Digits that what was meant for such a code has at least."""


def organisation_check(body: str) -> str:
    """The check digit of an organisation code of eight signs (GB 11714).

    >>> organisation_check("60003734")
    '1'
    """
    total = sum(weight * _ORGANISATION_VALUE[sign] for weight, sign in zip(_ORGANISATION_WEIGHTS, body, strict=True))
    return "0123456789X0"[11 - total % 11]


def uscc_check(body: str) -> str:
    """The check digit of the first 17 signs (GB 32100).

    >>> uscc_check("91110000600037341")
    'L'
    """
    total = sum(weight * _VALUE[sign] for weight, sign in zip(_WEIGHTS, body, strict=True))
    return USCC_ALPHABET[-total % 31]


def uscc_of(district: str, organisation: str) -> str:
    """The code of a company in a district (six digits of GB/T 2260) that is an organisation of these eight signs.

    >>> uscc_of("110000", "60003734")
    '91110000600037341L'
    """
    body = f"91{district}{organisation}{organisation_check(organisation)}"
    return body + uscc_check(body)


def is_uscc(normal: str) -> bool:
    """Whether a number in its normal form is such a code, with both check digits."""
    return (
        _FORM.fullmatch(normal) is not None
        and normal[2:4] in _PROVINCES
        and organisation_check(normal[8:16]) == normal[16]
        and uscc_check(normal[:17]) == normal[17]
    )


def is_uscc_like(normal: str) -> bool:
    """Whether a number that is none may have been meant for one: by its length and its many digits."""
    return (
        _LIKE.fullmatch(normal) is not None
        and sum(sign.isdigit() for sign in normal) >= _DIGITS_LIKE_MIN
        and len(set(normal)) > 3
    )


def is_uscc_part(normal: str) -> bool:
    """Whether a shorter number of digits alone is the beginning of such a code of a business.

    >>> is_uscc_part("91440300"), is_uscc_part("22099131")
    (True, False)
    """
    found = _PART.fullmatch(normal)
    return found is not None and found["province"] in _PROVINCES


def organisation_of(normal: str) -> str | None:
    """The organisation code within such a code, or a number that is one itself; None where it is neither.

    >>> organisation_of("9144030071526726XG"), organisation_of("71526726X"), organisation_of("715267261")
    ('71526726X', '71526726X', None)
    """
    code = normal[8:17] if is_uscc(normal) else normal
    holds = _ORGANISATION.fullmatch(code) is not None and organisation_check(code[:8]) == code[8]
    return code if holds else None
