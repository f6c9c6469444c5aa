"""An expression cut into tokens. What people write out of habit from elsewhere is understood, and noted as wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from bonafide.core.text import shorten

Kind = Literal["name", "number", "text", "op", "end"]
Note = Callable[[int, int, str, str | None], None]
"""Notes a mistake: start, end, message, help."""

KEYWORDS: Final = frozenset({"and", "or", "not", "in", "is", "missing", "True", "False"})
_NUMBER: Final = re.compile(r"(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9_])")
_WORD: Final = re.compile(r"\w+")
_OPERATOR: Final = re.compile(
    r"===|!==|<=>|\*\*|//|<<|>>|==|!=|<=|>=|<>|=>|=<|&&|\|\||:=|->|[-+*/%<>=!()\[\]{},.;:&|^~@?]"
)
_FULL_WIDTH: Final = {
    **{c: unicodedata.normalize("NFKC", c) for c in "（）［］｛｝，＜＞＝＋－＊／％！；：＆｜"},
    "、": ",", "≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "/", "−": "-", "–": "-", "—": "-", "。": ".",
    "【": "[", "】": "]",
}  # fmt: skip
_DIGITS: Final = frozenset("0123456789")
_QUOTES: Final = {
    "'": "'",
    '"': '"',
    "‘": "’",
    "’": "’",
    "“": "”",
    "”": "”",
    "「": "」",
    "＇": "＇",
    "＂": "＂",
    "`": "`",
}
_UNITS_S: Final = {
    "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3_600, "hour": 3_600, "hours": 3_600, "d": 86_400, "day": 86_400,
    "days": 86_400, "w": 604_800,
}  # fmt: skip
_MULTIPLES: Final = {"k": 1_000, "K": 1_000, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_MONEY: Final = frozenset({"元", "yuan", "cny", "CNY", "rmb", "RMB", "usd", "USD", "eur", "EUR"})
_SIGNS: Final = "¥￥$€£"
_ESCAPES: Final = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}
_HEX_ESCAPES: Final = {"x": 2, "u": 4, "U": 8}
_LOOKS_LIKE_MORE: Final = re.compile(r"\b(?:and|or|not|in|is)\b|[<>=!]=|[<>]")


class Token(NamedTuple):
    """A piece of an expression's text."""

    kind: Kind
    text: str
    """An operator or name as it is meant; the value of a text; a number in digits."""
    start: int
    end: int


class OutOfOrderError(Exception):
    """The rest of an expression makes no sense, and why was noted."""


class Lexer:
    """Cuts a text into tokens."""

    def __init__(self, text: str, note: Note) -> None:
        self.text = text
        self.note = note
        self.tokens: list[Token] = []
        self._brackets: list[str] = []

    def run(self) -> list[Token]:
        """All tokens, the last of kind "end". Raises OutOfOrderError after noting where a quote never ends."""
        at = 0
        while at < len(self.text):
            at = self._one(at)
        return [*self.tokens, Token("end", "", len(self.text), len(self.text))]

    def _add(self, kind: Kind, value: str, start: int, end: int) -> int:
        if kind == "op" and value in "([{":
            called = bool(self.tokens) and self.tokens[-1].kind == "name" and self.tokens[-1].end == start
            self._brackets.append("call" if called and self.tokens[-1].text not in KEYWORDS else value)
        elif kind == "op" and value in ")]}" and self._brackets:
            self._brackets.pop()
        self.tokens.append(Token(kind, value, start, end))
        return end

    def _one(self, at: int) -> int:
        c = self.text[at]
        if c.isspace():
            return at + 1
        if c == "#":
            return self._comment(at)
        if c in _QUOTES:
            return self._quoted(at)
        if c in _DIGITS or (c == "." and self.text[at + 1 : at + 2] in _DIGITS):
            return self._number(at)
        word = _WORD.match(self.text, at)
        if word:
            return self._word(word[0], at)
        operator = _OPERATOR.match(self.text, at)
        if operator:
            return self._add("op", operator[0], at, operator.end())
        if c in _FULL_WIDTH:
            meant = _FULL_WIDTH[c]
            self.note(at, at + 1, f"{c} is no sign of the language; write {meant}", None)
            return self._add("op", meant, at, at + 1)
        if c in _SIGNS:
            self.note(at, at + 1, f"{c} does not belong here; amounts are plain numbers in minor units",
                      "write 10000 for an amount of 100.00")  # fmt: skip
            return at + 1
        shown = c if c.isprintable() else f"the invisible character U+{ord(c):04X}"
        self.note(at, at + 1, f"{shown} does not belong in an expression; delete it", None)
        return at + 1

    def _comment(self, at: int) -> int:
        found = re.compile(r"[\n\r]").search(self.text, at)
        end = found.start() if found else len(self.text)
        if found is None and re.search(r"\b(?:and|or)\b", self.text[at:]):
            self.note(at, end, "everything after # is a comment, and here that is all the rest of the expression",
                      "put comments into the rule's note, or on a line of their own above the rule")  # fmt: skip
        return end

    def _word(self, word: str, at: int) -> int:
        end = at + len(word)
        if word in {"f", "r", "b", "u", "rb", "br", "fr", "F", "R", "B", "U"} and self.text[end : end + 1] in (
            "'",
            '"',
        ):
            self.note(at, end, f"a text has no {word} in front of its quote", None)
            return end
        plain = unicodedata.normalize("NFKC", word)
        if plain != word and plain.isascii() and plain.isdigit():
            self.note(at, end, f"{shorten(word)} is written with full-width digits; write {shorten(plain)}", None)
            return self._add("number", plain, at, end)
        if word not in KEYWORDS and word.lower() in {"and", "or", "not", "in", "is"}:
            self.note(at, end, f"{word} is written in small letters: {word.lower()}", None)
            return self._add("name", word.lower(), at, end)
        return self._add("name", word, at, end)

    def _number(self, at: int) -> int:
        spaced = _THOUSANDS.match(self.text, at)
        in_call = bool(self._brackets) and self._brackets[-1] != "("
        if spaced and (not in_call or ",000" in spaced[0]):
            digits = spaced[0].replace(",", "")
            self.note(at, spaced.end(), f"{spaced[0]} reads as several numbers; write {digits}", None)
            return self._add("number", digits, at, spaced.end())
        found = _NUMBER.match(self.text, at)
        assert found is not None  # a digit, or a point before one
        end = found.end()
        digits = found[0].replace("_", "")
        tail = _WORD.match(self.text, end)
        if tail:
            end = tail.end()
            digits = self._with_unit(at, end, digits, tail[0])
        return self._add("number", digits, at, end)

    def _with_unit(self, start: int, end: int, digits: str, unit: str) -> str:
        """The number that digits with something behind them stand for, noted as wrong."""
        shown = shorten(self.text[start:end])
        value = float(digits)
        if unit in _UNITS_S and value < 1e9:
            meant = f"{value * _UNITS_S[unit]:g}" if value * _UNITS_S[unit] < 1e6 else f"{value * _UNITS_S[unit]:.0f}"
            self.note(start, end, f"{shown} is no number; spans of time are compared in seconds: write {meant}", None)
            return meant
        if unit in _MULTIPLES and value < 1e9:
            meant = f"{value * _MULTIPLES[unit]:.0f}"
            self.note(start, end, f"{shown} is no number; write {meant}", None)
            return meant
        if unit in _MONEY and value < 1e12:
            self.note(start, end, f"{shown} is no number; amounts are plain numbers in minor units",
                      f"write {value * 100:.0f} where a major unit has 100 minor ones")  # fmt: skip
            return f"{value * 100:.0f}"
        told = (
            "a name begins with a letter"
            if unit[0] == "_" or (unit.isascii() and len(unit) > 1)
            else "write digits only"
        )
        self.note(start, end, f"{shown} is no number, and {told}", None)
        return digits

    def _quoted(self, at: int) -> int:
        opening = self.text[at]
        closing = _QUOTES[opening]
        value: list[str] = []
        i = at + 1
        while i < len(self.text) and self.text[i] != closing:
            i = self._character(i, value)
        if i >= len(self.text):
            self._unclosed(at)
        if opening not in "'\"":
            shown = shorten("".join(value))
            self.note(at, i + 1, f"a text stands in plain quotes; write '{shown}'", None)
        return self._add("text", "".join(value), at, i + 1)

    def _character(self, i: int, value: list[str]) -> int:
        """Take one character of a text, or one escape; an unknown escape is what it looks like."""
        c = self.text[i]
        if c != "\\" or i + 1 >= len(self.text):
            value.append(c)
            return i + 1
        letter = self.text[i + 1]
        length = _HEX_ESCAPES.get(letter)
        if length is not None:
            digits = self.text[i + 2 : i + 2 + length]
            if re.fullmatch(r"[0-9a-fA-F]+", digits) and len(digits) == length and int(digits, 16) < 0x110000:
                value.append(chr(int(digits, 16)))
                return i + 2 + length
        value.append(_ESCAPES.get(letter, c + letter))
        return i + 2

    def _unclosed(self, at: int) -> None:
        """Note the text that has no end: the last, or an earlier one that swallowed half of the expression."""
        for token in self.tokens:
            if token.kind == "text" and self.text[token.end : token.end + 1].isalnum():
                told = "a quote ends this text too early; write \\' for a quote inside a text"
                self.note(token.start, token.end, told, None)
                raise OutOfOrderError
            if token.kind == "text" and _LOOKS_LIKE_MORE.search(token.text):
                at = token.start
                break
        word = _WORD.match(self.text, at + 1)
        end = word.end() if word else at + 1
        quote = self.text[at]
        self.note(at, end, f"the text that begins here has no closing quote; write {quote} where it ends", None)
        raise OutOfOrderError
