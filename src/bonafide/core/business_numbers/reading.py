"""A registration number read: its form, whether its check digits hold, and whether it looks like a typing mistake.

Forms: the unified social credit code of the PRC (GB 32100-2015), VAT numbers of the EU's member states and of Northern
Ireland, and employer identification numbers of the US. A number of another country is `unknown`, which is no fault.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from bonafide.core.business_numbers.china import USCC_ALPHABET, is_uscc, is_uscc_like
from bonafide.core.business_numbers.europe import VAT, is_vat, vat_country
from bonafide.core.business_numbers.states import EIN_LIKE, is_ein

State = Literal["valid", "unchecked", "typo", "malformed", "unknown"]
Scheme = Literal["uscc", "eu_vat", "ein"]
NUMBER_LENGTH_MAX: Final = 24
"""What is longer is no number of a form that is known here."""
_DIGITS: Final = "0123456789"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_EIN_WRITTEN: Final = re.compile(r"(?:US)?(\d{2}-\d{7})")
_GERMAN_REGISTER: Final = re.compile(r"HR[AB]\d{1,6}[A-Z]{0,2}")
"""Which would else be meant for a Croatian number."""
_FOREIGN: Final = re.compile(r"(?=(?:.*\d){4})(?:[A-Z]{2}[A-Z0-9]{5,}|[A-Z]{1,4}\d{5,12}[A-Z]?)")
"""A country or a register before a number, which may be one of a form that is not known here."""


class Number(NamedTuple):
    """A registration number as it was read."""

    normal: str
    """Upper case, without spaces, dashes, dots and slashes: equal numbers have equal normal forms."""
    state: State
    """valid: its check digits hold; unchecked: its form holds, and it has no check digit; typo: a mistake of one sign
    away from one that holds; malformed: none of that; unknown: perhaps a form of another country."""
    scheme: Scheme | None
    country: str | None
    """ISO 3166 code of the country that gave it, as far as its form says (EL is GR, XI is GB)."""


def normal_number(text: str) -> str:
    """The normal form of a number.

    >>> normal_number("9144 0300-7152 6726xg")
    '9144030071526726XG'
    """
    return re.sub(r"[\s\-./_·]", "", unicodedata.normalize("NFKC", text)).upper()


def read_number(text: str) -> Number:
    """A number as its form says; never raises, whatever the text.

    >>> read_number("91110000600037341L").state, read_number("DE136695976").country, read_number("12-3456789").scheme
    ('valid', 'DE', 'ein')
    >>> read_number("91110000600037314L").state, read_number("n/a").state
    ('typo', 'malformed')
    """
    normal = normal_number(text)
    if not 2 <= len(normal) <= NUMBER_LENGTH_MAX or not normal.isascii() or not normal.isalnum():
        return Number(normal[:NUMBER_LENGTH_MAX], "malformed", None, None)
    normal = f"EL{normal[2:]}" if normal.startswith("GR") else normal  # VIES calls Greece by its own name
    if is_uscc(normal):
        return Number(normal, "valid", "uscc", "CN")
    if _GERMAN_REGISTER.fullmatch(normal):
        return Number(normal, "unknown", None, "DE")
    country = vat_country(normal)
    if country is not None:
        return _read_vat(normal, country)
    written = _EIN_WRITTEN.fullmatch(unicodedata.normalize("NFKC", text).strip().upper())
    if written is not None or re.fullmatch(r"(?:US)?\d{9}", normal):
        return Number(normal, "unchecked" if is_ein(normal) else "malformed", "ein", "US")
    if EIN_LIKE.fullmatch(text.strip()):
        return Number(normal, "typo", "ein", "US")
    if is_uscc_like(normal):
        near = any(is_uscc(one) for one in neighbours(normal, USCC_ALPHABET))
        return Number(normal, "typo" if near else "malformed", "uscc", "CN")
    foreign = _FOREIGN.fullmatch(normal) is not None and len(set(normal)) > 2
    return Number(normal, "unknown" if foreign else "malformed", None, None)


def _read_vat(normal: str, prefix: str) -> Number:
    form, country = VAT[prefix], {"EL": "GR", "XI": "GB"}.get(prefix, prefix)
    told = is_vat(normal)
    if told is not None:
        return Number(normal, "valid" if told else "unchecked", "eu_vat", country)
    alphabet = _DIGITS + (_LETTERS if form.has_letters else "")
    body = normal[2:]
    near = any(is_vat(prefix + one) for one in neighbours(body, alphabet))
    return Number(normal, "typo" if near else "malformed", "eu_vat", country)


def neighbours(text: str, alphabet: str) -> Iterator[str]:
    """Every text that one mistake of typing turns into this one: a wrong sign, two signs swapped, one left out, one too
    many.

    >>> sorted(neighbours("ab", "ab"))[:4]
    ['a', 'aa', 'aab', 'aab']
    """
    for at in range(len(text) - 1):
        if text[at] != text[at + 1]:
            yield text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    for at, had in enumerate(text):
        yield from (text[:at] + sign + text[at + 1 :] for sign in alphabet if sign != had)
        yield text[:at] + text[at + 1 :]
    for at in range(len(text) + 1):
        yield from (text[:at] + sign + text[at:] for sign in alphabet)
