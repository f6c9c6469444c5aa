"""VAT numbers of the EU's member states and of Northern Ireland: structure and check digits of each.

The structures are those of the Commission's VIES page; the rules of the check digits are the ones that the states'
own registers publish or that are commonly known. Where a kind of number has none that is public, `is_vat` says so:
the newer French keys with a letter, Bulgarian numbers of ten digits, Czech ones of nine and more, Latvian ones of
people, Spanish ones of certain foreigners.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from bonafide.core.business_numbers.sums import dot, luhn, mod_11_10

Check = Callable[[str], bool | None]
"""True: the check digits hold; False: they do not; None: this kind has none that is public."""


class Form(NamedTuple):
    """The numbers of one state."""

    structure: str
    """A regular expression of what stands behind the two letters."""
    check: Check

    @property
    def has_letters(self) -> bool:
        """Whether a letter may stand in it."""
        return re.search("[A-Z]", self.structure) is not None


def _weighted(weights: Sequence[int], modulus: int, rest: int = 0) -> Check:
    return lambda n: dot(weights, n) % modulus == rest


def _austria(n: str) -> bool:
    total = sum(int(d) if i % 2 == 0 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(n[1:8]))
    return (10 - (total + 4) % 10) % 10 == int(n[8])


def _belgium(n: str) -> bool:
    return 97 - int(n[:8]) % 97 == int(n[8:])


def _bulgaria(n: str) -> bool | None:
    if len(n) == 10:
        return None
    check = dot(range(1, 9), n) % 11
    if check == 10:
        check = dot(range(3, 11), n) % 11 % 10
    return check == int(n[8])


def _cyprus(n: str) -> bool:
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
    total = sum(odd[int(d)] if i % 2 == 0 else int(d) for i, d in enumerate(n[:8]))
    return not n.startswith("12") and chr(ord("A") + total % 26) == n[8]


def _czechia(n: str) -> bool | None:
    if len(n) != 8:
        return None
    return not n.startswith("9") and ((11 - dot(range(8, 1, -1), n)) % 11 or 1) % 10 == int(n[7])


def _spain(n: str) -> bool | None:
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    if n[0].isdigit():
        return letters[int(n[:8]) % 23] == n[8]
    if n[0] in "XYZ":
        return letters[int(str("XYZ".index(n[0])) + n[1:8]) % 23] == n[8]
    if n[0] in "KLM":
        return None if n[8].isdigit() else letters[int(n[1:8]) % 23] == n[8] or None
    check = luhn(n[1:8])
    may = ([str(check)] if n[0] not in "NPQRSW" else []) + (["JABCDEFGHI"[check]] if n[0] not in "ABEH" else [])
    return n[8] in may


def _france(n: str) -> bool | None:
    siren = n[2:]
    if siren[:3] != "000" and luhn(siren[:8]) != int(siren[8]):  # 000: Monaco
        return False
    return (12 + 3 * (int(siren) % 97)) % 97 == int(n[:2]) if n[:2].isdigit() else None


def _ireland(n: str) -> bool:
    letters = "WABCDEFGHIJKLMNOPQRSTUV"
    digits = n[:7] if n[1].isdigit() else f"0{n[2:7]}{n[0]}"
    more = 9 * letters.index(n[8]) if len(n) == 9 else 0
    return letters[(dot(range(8, 1, -1), digits) + more) % 23] == n[7]


def _italy(n: str) -> bool:
    return n[:7] != "0000000" and luhn(n[:10]) == int(n[10])


def _lithuania(n: str) -> bool:
    size = len(n) - 1
    total = dot([1 + i % 9 for i in range(size)], n) % 11
    if total == 10:
        total = dot([1 + (i + 2) % 9 for i in range(size)], n) % 11 % 10
    return n[size - 1] == "1" and total == int(n[-1])


def _latvia(n: str) -> bool | None:
    return dot((9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1), n) % 11 == 3 if n[0] > "3" else None


def _netherlands(n: str) -> bool:
    legal = n[:9] != "000000000" and (dot(range(9, 1, -1), n) - int(n[8])) % 11 == 0
    signs = "".join(str(int(sign, 36)) for sign in f"NL{n}")  # since 2020 sole traders have numbers by ISO 7064
    return legal or int(signs) % 97 == 1


def _poland(n: str) -> bool:
    return dot((6, 5, 7, 2, 3, 4, 5, 6, 7), n) % 11 == int(n[9])


def _portugal(n: str) -> bool:
    return (11 - dot(range(9, 1, -1), n) % 11) % 11 % 10 == int(n[8])


def _romania(n: str) -> bool:
    return 10 * dot((7, 5, 3, 2, 1, 7, 5, 3, 2), n[:-1].zfill(9)) % 11 % 10 == int(n[-1])


def _slovenia(n: str) -> bool:
    check = 11 - dot(range(8, 1, -1), n) % 11
    return check != 11 and check % 10 == int(n[7])


def _northern_ireland(n: str) -> bool | None:
    if not n[:9].isdigit():
        return None  # government and health bodies
    total = dot(range(8, 1, -1), n) + int(n[7:9])
    return total % 97 in (0, 42)


VAT: Final[dict[str, Form]] = {
    "AT": Form(r"U\d{8}", _austria),
    "BE": Form(r"[01]\d{9}", _belgium),
    "BG": Form(r"\d{9,10}", _bulgaria),
    "CY": Form(r"[0-59]\d{7}[A-Z]", _cyprus),
    "CZ": Form(r"\d{8,10}", _czechia),
    "DE": Form(r"[1-9]\d{8}", mod_11_10),
    "DK": Form(r"[1-9]\d{7}", _weighted((2, 7, 6, 5, 4, 3, 2, 1), 11)),
    "EE": Form(r"10\d{7}", _weighted((3, 7, 1, 3, 7, 1, 3, 7, 1), 10)),
    "EL": Form(r"\d{9}", lambda n: dot([2 ** (8 - i) for i in range(8)], n) % 11 % 10 == int(n[8])),
    "ES": Form(r"(?:[A-Z]\d{7}[A-Z0-9]|\d{8}[A-Z])", _spain),
    "FI": Form(r"\d{8}", _weighted((7, 9, 10, 5, 8, 4, 2, 1), 11)),
    "FR": Form(r"[0-9A-HJ-NP-Z]{2}\d{9}", _france),
    "HR": Form(r"\d{11}", mod_11_10),
    "HU": Form(r"\d{8}", _weighted((9, 7, 3, 1, 9, 7, 3, 1), 10)),
    "IE": Form(r"(?:\d{7}[A-W][A-I]?|\d[A-Z]\d{5}[A-W])", _ireland),
    "IT": Form(r"\d{11}", _italy),
    "LT": Form(r"(?:\d{9}|\d{12})", _lithuania),
    "LU": Form(r"\d{8}", lambda n: int(n[:6]) % 89 == int(n[6:])),
    "LV": Form(r"\d{11}", _latvia),
    "MT": Form(r"[1-9]\d{7}", _weighted((3, 4, 6, 7, 8, 9, 10, 1), 37)),
    "NL": Form(r"\d{9}B\d{2}", _netherlands),
    "PL": Form(r"\d{10}", _poland),
    "PT": Form(r"[1-9]\d{8}", _portugal),
    "RO": Form(r"[1-9]\d{1,9}", _romania),
    "SE": Form(r"\d{10}(?!00)\d{2}", lambda n: luhn(n[:9]) == int(n[9])),
    "SI": Form(r"[1-9]\d{7}", _slovenia),
    "SK": Form(r"[1-9]\d[2-47-9]\d{7}", lambda n: int(n) % 11 == 0),
    "XI": Form(r"(?:\d{9}|\d{12}|GD[0-4]\d{2}|HA[5-9]\d{2})", _northern_ireland),
}
"""First two letters -> the state's numbers."""
_COMPILED: Final = {prefix: re.compile(form.structure, re.ASCII) for prefix, form in VAT.items()}
_MEANT: Final = re.compile(r"([A-Z]{2})([A-Z0-9]{2,14})")


def vat_country(normal: str) -> str | None:
    """The letters of the state that a number in its normal form is meant to be of; None where it is none.

    >>> vat_country("GR094259216"), vat_country("FR40303265045"), vat_country("US123456789")
    (None, 'FR', None)
    """
    found = _MEANT.fullmatch(normal)
    return found[1] if found is not None and found[1] in VAT and any(map(str.isdigit, found[2])) else None


def is_vat(normal: str) -> bool | None:
    """Whether a number holds: True by its check digits, False by its structure alone, None where it does not."""
    prefix, body = normal[:2], normal[2:]
    if prefix not in VAT or _COMPILED[prefix].fullmatch(body) is None or len(set(body)) == 1:
        return None
    told = VAT[prefix].check(body)
    return False if told is None else True if told else None
