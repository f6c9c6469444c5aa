"""A number brought to one form, however it was written: signs between, labels, look-alikes and digits of any script."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bonafide.core.unseen import drop_unseen

WRITTEN_LENGTH_MAX: Final = 256
"""Signs of a text that are read: normalising takes time quadratic in a run of marks."""
_NO_SIGN: Final = re.compile(r"[^0-9A-Z]")
_DASHES: Final = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u02d7\u30fc", "-"))
_LOOK_ALIKES: Final = str.maketrans("АВЕКМНОРСТХУІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ〇", "ABEKMHOPCTXYIJSABEZHIKMNOPTYX0")
"""Cyrillic and Greek capitals, and the Chinese zero, for which no form has a place of its own."""
_LABEL: Final = re.compile(
    "(?:统一社会信用代码|統一社會信用代碼|社会信用代码|信用代码|纳税人识别号|税号|注册号|VATREGNO|VATNUMBER|VATNO|VATID|VAT|"
    "USTIDNR|USTID|UIDNR|EIN|TAXID|TIN|SIREN|SIRET|TVA|PIVA|NIP|KVK|工商注册号)(?:证|号|號)?(?=[^0-9]{0,3}[0-9]{5})"
)
_SWISS: Final = re.compile(r"(CHE[0-9]{9})(?:MWST|TVA|IVA|VAT|HR)")
_NORWEGIAN: Final = re.compile(r"(?:NO)?([0-9]{9})MVA")
_FRENCH_REGISTER: Final = re.compile(r"RCS[^0-9]{2,30}([0-9]{9})")
_EIN_LABEL: Final = re.compile("^(?:F?EIN|TAXID|TIN)[^0-9A-Z]{0,3}")
_EIN_WRITTEN: Final = re.compile(r"(?:US-?)?([0-9]{2})-([0-9]{7})|US-?([0-9]{9})")


def written(text: str) -> str:
    """The beginning of a text in upper case, with plain digits, plain dashes and no sign that nobody sees.

    >>> written(" de\u2013１３６ "), written("\u0661\u0662")
    ('DE-136', '12')
    """
    text = drop_unseen(text)[:WRITTEN_LENGTH_MAX]
    if text.isascii():
        return text.upper().strip()
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
    text = "".join(_plain_digit(sign) for sign in text.translate(_DASHES).translate(_LOOK_ALIKES))
    return text.strip()


def _plain_digit(sign: str) -> str:
    digit = unicodedata.decimal(sign, None)
    return sign if digit is None else str(digit)


def plain_number(text: str) -> str:
    """The letters and digits of a text alone.

    >>> plain_number("9144 0300-7152 6726xg")
    '9144030071526726XG'
    """
    told = written(text)
    return _NO_SIGN.sub("", told) if told.isascii() else "".join(sign for sign in told if sign.isalnum())


def normal_number(text: str) -> str:
    """The normal form of a number: equal numbers have equal ones, as far as they say of which country they are.

    Labels go, Greek numbers begin as VIES writes them, and employer identification numbers with US.

    >>> normal_number("gr 094259216"), normal_number("12\u20133456789"), normal_number("VAT DE136695976")
    ('EL094259216', 'US123456789', 'DE136695976')
    >>> normal_number("RCS Paris 303 265 045"), normal_number("CHE-116.281.710 MWST")
    ('303265045', 'CHE116281710')
    """
    ein = _EIN_WRITTEN.fullmatch(_EIN_LABEL.sub("", "".join(written(text).split())))
    if ein is not None:
        return "US" + "".join(part for part in ein.groups() if part)
    normal = plain_number(text)
    if (label := _LABEL.match(normal)) is not None:
        normal = normal[label.end() :]
    for form, begins in ((_SWISS, ""), (_NORWEGIAN, "NO"), (_FRENCH_REGISTER, "")):
        if (found := form.fullmatch(normal)) is not None:
            return begins + found[1]
    return f"EL{normal[2:]}" if re.match("GR[0-9]", normal) else normal
