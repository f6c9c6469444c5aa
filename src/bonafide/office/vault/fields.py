"""Which clear data of a subject may be kept, and in which form it is searched for.

A field is searched by a keyed hash of its normal form, so only the whole value is found, and equal values are seen to
be equal by who has the key alone.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from bonafide.core.errors import UsageError
from bonafide.core.fields import PERSONAL_KINDS
from bonafide.core.text import did_you_mean, is_tidy, shorten

VALUE_LENGTH_MAX: Final = 1_000
ID_FIELD: Final = "id"
"""The id as the platform has it; it is found by its pseudonym."""
SUBJECT_TYPES: Final = (*PERSONAL_KINDS, "order")


def _words(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _digits(value: str) -> str:
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", value))


def _signs(value: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", value)).upper()


FIELDS: Final[dict[str, Callable[[str], str] | None]] = {
    ID_FIELD: None,
    "name": _words,
    "phone": _digits,
    "email": _words,
    "address": _words,
    "id_no": _signs,
    "legal_name": _words,
    "registration_no": _signs,
    "representative": _words,
    "account_no": _signs,
    "note": None,
}
"""Field -> its normal form for search; None where it is not searched."""
SEARCHED: Final = tuple(name for name, form in FIELDS.items() if form is not None)


def check_type(subject_type: str) -> str:
    """A type of subject; UsageError for another."""
    if subject_type not in SUBJECT_TYPES:
        near = did_you_mean(subject_type, SUBJECT_TYPES)
        raise UsageError(f"type: {shorten(subject_type)} is no type of subject; give one of "
                         f"{', '.join(SUBJECT_TYPES)}{near}")  # fmt: skip
    return subject_type


def check_fields(fields: Mapping[str, str]) -> None:
    """UsageError, which repeats no value, for data that is not kept."""
    for name, value in fields.items():
        if name not in FIELDS or name == ID_FIELD:
            may = ", ".join(one for one in FIELDS if one != ID_FIELD)
            raise UsageError(f"{shorten(name)}: is no field of a subject; give some of {may}")
        if not 1 <= len(value) <= VALUE_LENGTH_MAX or not is_tidy(value):
            raise UsageError(f"{name}: give 1 to {VALUE_LENGTH_MAX} characters without control characters, in NFC")


def blind_of(key: bytes, field: str, value: str) -> bytes | None:
    """The keyed hash that a value is searched by; None where the field is not searched or nothing is left of it."""
    form = FIELDS[field]
    normal = form(value) if form is not None else ""
    return hmac.digest(key, f"{field}\n{normal}".encode(), sha256) if normal else None
