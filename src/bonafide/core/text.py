"""Text from outside: the one form it is compared in, the characters it may hold, and how a message quotes it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

SHOWN_LENGTH_MAX: Final = 60
"""Longest quotation of a value in a message, in characters."""
NFC_SHRINK_MAX: Final = 4
"""No text is more than this many times longer than its NFC form (Unicode: NFD expands a character to at most four)."""

_NEAR_LENGTH: Final = range(4, 65)
"""Lengths of the words that are compared letter by letter: shorter ones are all alike, longer ones take long."""
_NEAR_FRACTION: Final = 0.7
_WORD_MARKS: Final = re.compile(r"[\s_-]+")
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that show nothing."""
_DIGITS_PER_BIT: Final = 0.30103
_INT_BITS_SHOWN_MAX: Final = 190


def is_tidy(text: str) -> bool:
    """Whether a text may stand in an event as it is: NFC, without control characters or halves of surrogate pairs.

    >>> is_tidy("u1"), is_tidy("u\\n1"), is_tidy("e\\u0301"), is_tidy("\\u00e9")
    (True, False, False, True)
    """
    if text.isascii():
        return text.isprintable()
    return _FORBIDDEN.search(text) is None and unicodedata.is_normalized("NFC", text)


def is_said(text: str, length_max: int) -> bool:
    """Whether somebody has said something in at most so many characters: tidy, and with one that can be seen.

    >>> is_said("why", 9), is_said("", 9), is_said("  \u200b", 9), is_said("\u3164", 9), is_said("too long", 5)
    (True, False, False, False, False)
    """
    return len(text) <= length_max and is_tidy(text) and any(
        unicodedata.category(sign)[0] in "LNPS" and sign not in _BLANK for sign in text
    )  # fmt: skip


def to_nfc(text: str, length_max: int) -> str:
    """The NFC form of a text, if that can be as short as `length_max` characters; else the text itself.

    Normalising takes time quadratic in a run of combining marks, so a text that is too long in any form is left alone.
    """
    if text.isascii() or len(text) > NFC_SHRINK_MAX * length_max:
        return text
    return unicodedata.normalize("NFC", text)


def show_value(value: object) -> str:
    """A value as a message quotes it: at most 60 characters, everything unprintable escaped, JSON words for constants.

    >>> show_value("cny"), show_value(None), show_value(12.0), show_value("a\\n")
    ("'cny'", 'null', '12.0', "'a\\\\n'")
    >>> show_value("x" * 99)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'..."
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if value.bit_length() > _INT_BITS_SHOWN_MAX:
            return f"a whole number of about {int((value.bit_length() - 1) * _DIGITS_PER_BIT) + 1} digits"
        case int():
            return str(int(value))
        case float():
            return repr(float(value))
        case Decimal():
            return shorten(str(value))
        case str():
            return _quote(value)
        case date():
            return value.isoformat()
        case list() | tuple():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case _:
            return f"a value of type {type(value).__name__[:40]}"


def _quote(text: str) -> str:
    shown = repr(str(text[:SHOWN_LENGTH_MAX]))
    if len(text) <= SHOWN_LENGTH_MAX and len(shown) <= SHOWN_LENGTH_MAX:
        return shown
    kept = text[: SHOWN_LENGTH_MAX - 5]
    while len(shown := repr(str(kept))) > SHOWN_LENGTH_MAX - 3:
        kept = kept[:-1]
    return f"{shown}..."


def shorten(text: str) -> str:
    """A name as a message repeats it: at most 60 characters, unprintable ones escaped.

    >>> shorten("amout"), shorten("x" * 99)
    ('amout', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...')
    """
    shown = text if text.isprintable() else repr(text[:SHOWN_LENGTH_MAX])[1:-1]
    return shown if len(shown) <= SHOWN_LENGTH_MAX else f"{shown[: SHOWN_LENGTH_MAX - 3]}..."


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that was probably meant; None when none is near.

    Case and separators count for nothing; letters are compared only in words long enough for that to mean something.

    >>> nearest("amout", ["amount", "currency"]), nearest("userID", ["user_id"]), nearest("RMB", ["RUB", "CNY"])
    ('amount', 'user_id', None)
    """
    if len(word) > _NEAR_LENGTH.stop:
        return None
    plain: dict[str, str] = {}
    for candidate in words:
        plain.setdefault(_plain(candidate), candidate)
    given = _plain(word)
    if given not in plain and len(given) in _NEAR_LENGTH:
        given = next(iter(difflib.get_close_matches(given, plain, n=1, cutoff=_NEAR_FRACTION)), given)
    return plain.get(given)


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """`; did you mean X?` to end a message with, or nothing when no word is near.

    >>> did_you_mean("amout", ["amount", "currency"])
    '; did you mean amount?'
    """
    near = nearest(word, words)
    return f"; did you mean {near}?" if near else ""


def _plain(word: str) -> str:
    return _WORD_MARKS.sub("", word.casefold())
