"""A registration number read: its form, whether its check digits hold, and whether it looks like a typing mistake.

Forms: the unified social credit code of the PRC (GB 32100-2015), VAT numbers of the EU's member states and of Northern
Ireland, and employer identification numbers of the US. A number of another country is `unknown`, which is no fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from bonafide.core.business_numbers.china import USCC_ALPHABET, is_uscc, is_uscc_like
from bonafide.core.business_numbers.elsewhere import is_nonsense, may_be_foreign
from bonafide.core.business_numbers.europe import VAT, is_vat, vat_country
from bonafide.core.business_numbers.states import EIN_LIKE, EIN_PART, is_ein
from bonafide.core.business_numbers.writing import normal_number, written

State = Literal["valid", "unchecked", "typo", "malformed", "unknown"]
Scheme = Literal["uscc", "eu_vat", "ein"]
NUMBER_LENGTH_MAX: Final = 24
"""What is longer is no number of a form that is known here."""
_DIGITS: Final = "0123456789"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_GERMAN_REGISTER: Final = re.compile(r"[^0-9]{0,60}HR[AB][0-9]{1,6}[A-Z]{0,2}")
"""With or without its court; it would else be meant for a Croatian number."""
_BROKEN_LETTERS: Final = re.compile("[A-Z][0-9]|[0-9][A-Z]")
"""How a number begins that may have lost one of its country's letters, or has them swapped."""


class Number(NamedTuple):
    """A registration number as it was read."""

    normal: str
    """As `writing.normal_number` has it, cut where it is too long for any number."""
    state: State
    """valid: its check digits hold; unchecked: its form holds, and it has no check digit; typo: a mistake of one sign
    away from one that holds; malformed: none of that; unknown: perhaps a form of another country."""
    scheme: Scheme | None
    country: str | None
    """ISO 3166 code of the country that gave it, as far as its form says (EL is GR, XI is GB)."""


def read_number(text: str) -> Number:
    """A number as its form says; never raises, whatever the text.

    >>> read_number("91110000600037341L").state, read_number("DE136695976").country, read_number("12-3456789").scheme
    ('valid', 'DE', 'ein')
    >>> read_number("91110000600037314L").state, read_number("n/a").state
    ('typo', 'malformed')
    """
    normal, as_written = normal_number(text), written(text)
    if _GERMAN_REGISTER.fullmatch(normal):
        return Number(normal, "unknown", None, "DE")
    if not 2 <= len(normal) <= NUMBER_LENGTH_MAX or not normal.isalnum():
        return Number(normal[:NUMBER_LENGTH_MAX], "malformed", None, None)
    if is_uscc(normal):
        return Number(normal, "valid", "uscc", "CN")
    country = vat_country(normal)
    if country is not None:
        return _read_vat(normal, country)
    if re.fullmatch("US[0-9]{9}", normal):
        return Number(normal, "unchecked" if is_ein(normal) else "malformed", "ein", "US")
    if EIN_LIKE.fullmatch(as_written) or EIN_PART.fullmatch(as_written):
        return Number(normal, "malformed" if EIN_PART.fullmatch(as_written) else "typo", "ein", "US")
    if is_uscc_like(normal):
        near = any(is_uscc(one) for one in neighbours(normal, USCC_ALPHABET))
        return Number(normal, "typo" if near else "malformed", "uscc", "CN")
    if normal == as_written and re.fullmatch("[0-9]{9}", normal) and is_ein(normal) and not is_nonsense(normal):
        return Number(normal, "unchecked", None, None)  # of the US without its dash, or of many others
    if _BROKEN_LETTERS.match(normal) and any(is_vat(one) for one in neighbours(normal, _DIGITS + _LETTERS)):
        return Number(normal, "typo", "eu_vat", None)
    foreign = may_be_foreign(normal, in_groups=normal != as_written)
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
