"""Lines of text: how wide a text is where Chinese takes two columns; padding, cutting and wrapping by that."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

WIDTH_MIN: Final = 60
WIDTH_MAX: Final = 120
"""Narrower than the least nothing is laid out; wider than the most nobody reads."""
_DOTS: Final = "..."
_NEVER_FIRST: Final = frozenset("，。；：、）」』！？》,.;:)")
"""Marks that no line begins with."""


def wide(text: str) -> int:
    """Columns that a text takes.

    >>> wide("ab"), wide("金额")
    (2, 4)
    """
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """A text filled with blanks to `width` columns; `right` puts it at the right end."""
    blanks = " " * (width - wide(text))
    return blanks + text if right else text + blanks


def cut(text: str, width: int) -> str:
    """A text of at most `width` columns, its end replaced by dots where it is longer.

    >>> cut("abcdefgh", 6), cut("金额金额", 7)
    ('abc...', '金额...')
    """
    if wide(text) <= width:
        return text
    kept = ""
    for character in text:
        if wide(kept + character) > width - len(_DOTS):
            break
        kept += character
    return kept + _DOTS


def wrap(text: str, width: int) -> list[str]:
    """A text as lines of at most `width` columns: broken at blanks, between Chinese characters, or where it must be.

    >>> wrap("one two three", 8), wrap("短时间内集中使用", 8)
    (['one two', 'three'], ['短时间内', '集中使用'])
    """
    lines = [""]
    for piece in _pieces(text):
        if wide(lines[-1] + piece.rstrip()) > width and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        while wide(piece.rstrip()) > width:
            at = next(n for n in range(1, len(piece) + 1) if wide(piece[: n + 1]) > width)
            lines[-1] = piece[:at]
            lines.append("")
            piece = piece[at:]
        lines[-1] += piece
    return [line.rstrip() for line in lines if line.strip()] or [""]


def indented(first: str, text: str, width: int, *, later: str | None = None) -> list[str]:
    """A text behind `first`, its later lines as far in (or behind `later`)."""
    behind = " " * wide(first) if later is None else later
    lines = wrap(text, max(width - wide(first), 20))
    return [first + lines[0], *(behind + line for line in lines[1:])]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], gap: str = "  ") -> list[str]:
    """Rows under their heads, in columns; `right` says which stand at the right end."""
    widths = [max(wide(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return [
        gap.join(pad(cell, w, right=r) for cell, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in (head, *rows)
    ]


def _pieces(text: str) -> list[str]:
    """What may not be broken: words with the blanks after them, single Chinese characters with the marks after them."""
    pieces: list[str] = []
    for character in text:
        if pieces and _belongs(character, pieces[-1][-1]):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _belongs(character: str, last: str) -> bool:
    """Whether a character stays with the one before it."""
    if character == " ":
        return True
    if last == " ":
        return False
    return character in _NEVER_FIRST or (wide(character) < 2 and wide(last) < 2)
