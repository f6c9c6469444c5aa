"""Which numbers may be one number: with its country's letters and without, and a part of it that says as much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from bonafide.core.business_numbers.china import USCC_LENGTH, organisation_of
from bonafide.core.business_numbers.elsewhere import is_nonsense, is_run
from bonafide.core.business_numbers.europe import VAT, is_vat, vat_country
from bonafide.core.business_numbers.states import is_ein
from bonafide.core.business_numbers.sums import luhn
from bonafide.core.business_numbers.writing import normal_number

_BARE: Final = re.compile("(?:[0-9A-Z]{1,2}[0-9]{6}|[0-9][A-Z][0-9]{5})[0-9A-Z]{1,5}")
"""What may be a VAT number without the letters of its country."""
_LETTERS_FIRST: Final = re.compile(r"([A-Z]{2})([0-9]{8,})")
_NEVER_IN_A_CODE: Final = str.maketrans("OISZ", "0152")
"""Letters that a code of the PRC has not, and the digits that they are read as."""
_OLD: Final = ((re.compile("BE([0-9]{9})"), r"BE0\1"), (re.compile("AT([0-9]{8})"), r"ATU\1"),
               (re.compile("SE([0-9]{10})"), r"SE\g<1>01"), (re.compile("XI([0-9]{9,12})"), r"GB\1"))  # fmt: skip
"""Numbers as they are written that lack what belongs to them, or have another beginning, and what is meant."""


@lru_cache(maxsize=65_536)
def number_keys(text: str) -> frozenset[str]:
    """The forms that a number shares with every other writing of it: two numbers may be one where they share a key.

    The normal form is always one. A number without its country's letters has a key for every country of which it may
    be, so that it is found beside each of them and they are not found beside each other. What is no number has none.

    >>> bool(number_keys("349552619") & number_keys("DE349552619")), bool(number_keys("N/A"))
    (True, False)
    >>> bool(number_keys("PT501964843") & number_keys("EL501964843"))
    False
    """
    normal = normal_number(text)
    nobodys = is_nonsense(normal) or (is_run(normal) and not is_ein(normal))
    return frozenset() if nobodys else frozenset({normal, *_more(normal)})


def is_same_number(one: str, other: str) -> bool:
    """Whether two texts may be one number.

    >>> is_same_number("US12-3456789", "12-3456789"), is_same_number("DE136695976", "DE136695967")
    (True, False)
    """
    return normal_number(one) == normal_number(other) or not number_keys(one).isdisjoint(number_keys(other))


def _more(normal: str) -> Iterator[str]:
    as_read = normal.translate(_NEVER_IN_A_CODE) if len(normal) == USCC_LENGTH else normal
    if (organisation := organisation_of(as_read)) is not None:
        yield f"ORG:{organisation}"
    if (siren := _siren(normal)) is not None:
        yield f"SIREN:{siren}"
    for form, meant in _OLD:
        if form.fullmatch(normal) is not None:
            yield form.sub(meant, normal)
    letters = _LETTERS_FIRST.fullmatch(normal)
    if vat_country(normal) is not None or normal.startswith("US"):
        return
    if letters is not None:
        yield f"ANY:{letters[2]}"
    elif _BARE.fullmatch(normal) is not None:
        yield from (prefix + normal for prefix in VAT if is_vat(prefix + normal) is not None)
        yield from (f"US{normal}",) if len(normal) == 9 and normal.isdecimal() else ()
    if normal.isdecimal() and len(normal) >= 8:
        yield f"ANY:{normal}"


def _siren(normal: str) -> str | None:
    """The nine digits of a French business, of its VAT number, of a place of it, or alone."""
    if normal.startswith("FR"):
        siren = normal[4:] if is_vat(normal) is not None else ""
    else:
        siren = normal[:9] if normal.isdecimal() and len(normal) in (9, 14) else ""
    return siren if siren and luhn(siren[:8]) == int(siren[8]) else None
