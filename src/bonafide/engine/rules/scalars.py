"""Which character of a YAML file each character of a scalar came from, for every way to write a scalar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bonafide.core.mistakes import LINE_BREAK

_ESCAPE_LENGTH: Final = {"x": 2, "u": 4, "U": 8}
_ESCAPES: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEADER: Final = re.compile(r"[|>]([+-]?)([1-9]?)([+-]?)[^\n\r\x85\u2028\u2029]*")
_Pairs = list[tuple[str, int]]


def align(text: str, start: int, end: int, style: str | None, value: str) -> list[int]:
    """For each character of `value`, the index in `text` that it came from; the scalar stands in text[start:end].

    Empty where the scalar is written in a way that this does not follow.
    """
    match style:
        case "|" | ">":
            readings = _block_readings(text, start, end, folded=style == ">")
        case "'" | '"':
            readings = iter([_flow(text, start + 1, end - 1, style)])
        case _:
            readings = iter([_flow(text, start, end, "")])
    found = (pairs for pairs in readings if "".join(c for c, _ in pairs) == value)
    return [index for _, index in next(found, [])]


def _flow(text: str, at: int, end: int, quote: str) -> _Pairs:
    """Plain and quoted scalars: a line break is a space, n of them are n - 1 breaks; blanks around them go."""
    pairs: _Pairs = []
    kept = 0  # blanks before a break go, but not what an escape gave
    while at < end:
        broken = LINE_BREAK.match(text, at)
        if broken:
            while len(pairs) > kept and pairs[-1][0] in " \t":
                pairs.pop()
            breaks, after = _skip_breaks(text, at, end)
            pairs += [(" ", at)] if len(breaks) == 1 else [("\n", i) for i in breaks[1:]]
            kept, at = len(pairs), after
        elif quote == "'" and text.startswith("''", at):
            pairs.append(("'", at))
            at += 2
        elif quote == '"' and text[at] == "\\":
            at = _escape(text, at, end, pairs)
            kept = len(pairs)
        else:
            pairs.append((text[at], at))
            at += 1
    return pairs


def _skip_breaks(text: str, at: int, end: int) -> tuple[list[int], int]:
    """The line breaks from here to the next character that is none and no blank, and where that is."""
    breaks: list[int] = []
    while at < end:
        broken = LINE_BREAK.match(text, at)
        if broken:
            breaks.append(at)
            at = broken.end()
        elif text[at] in " \t":
            at += 1
        else:
            break
    return breaks, at


def _escape(text: str, at: int, end: int, pairs: _Pairs) -> int:
    """Take one escape of a double-quoted scalar; returns where it ends."""
    broken = LINE_BREAK.match(text, at + 1)
    if broken:  # a line that goes on in the next
        breaks, after = _skip_breaks(text, at + 1, end)
        pairs += [("\n", i) for i in breaks[1:]]
        return after
    letter = text[at + 1 : at + 2]
    if letter in _ESCAPE_LENGTH:
        after = at + 2 + _ESCAPE_LENGTH[letter]
        try:
            pairs.append((chr(int(text[at + 2 : after], 16)), at))
        except (ValueError, OverflowError):
            pairs.append(("", at))
        return after
    pairs.append((_ESCAPES.get(letter, letter), at))
    return at + 2


def _block_readings(text: str, at: int, end: int, *, folded: bool) -> Iterator[_Pairs]:
    """A literal or folded scalar, as YAML's own scanners read it. An indentation indicator counts from what stands
    around, which cannot be seen here: then every indentation that it may mean is tried."""
    header = _HEADER.match(text, at)
    if header is None:
        return
    lines = _lines(text, header.end(), end)[1:]
    blank = _blank(text, lines)
    for indent in range(int(header[2]), blank + 1) if header[2] else (blank,):
        yield _block(text, lines, indent, header[1] or header[3], folded=folded)


def _block(text: str, lines: list[tuple[int, int]], indent: int, chomping: str, *, folded: bool) -> _Pairs:
    """The lines of a block scalar, put together."""
    pairs: _Pairs = []
    pending: _Pairs = []  # breaks of empty lines since the last line of text
    previous: tuple[bool, int] | None = None  # whether that line began with no blank, and where it ended
    for first, last in lines:
        if last - first <= indent and not text[first:last].strip(" "):
            pending.append(("\n", last))
            continue
        if len(text[first:last]) - len(text[first:last].lstrip(" ")) < indent:
            break
        flush = text[first + indent] not in " \t"
        if previous is not None:
            if folded and previous[0] and flush:
                pairs += pending or [(" ", previous[1])]
            else:
                pairs += [("\n", previous[1]), *pending]
        else:
            pairs += pending
        pending = []
        pairs += [(text[i], i) for i in range(first + indent, last)]
        previous = flush, last
    if previous is not None and chomping != "-" and previous[1] < len(text):
        pairs.append(("\n", previous[1]))
    return pairs + pending if chomping == "+" else pairs


def _lines(text: str, at: int, end: int) -> list[tuple[int, int]]:
    """Where each line from here begins and ends; the break itself is left out."""
    lines = []
    for broken in LINE_BREAK.finditer(text, at, end):
        lines.append((at, broken.start()))
        at = broken.end()
    return [*lines, (at, end)] if at < end else lines


def _blank(text: str, lines: list[tuple[int, int]]) -> int:
    """Blanks that the first line of a block that is not empty begins with."""
    for first, last in lines:
        blank = last - first - len(text[first:last].lstrip(" "))
        if blank < last - first:
            return blank
    return max((last - first for first, last in lines), default=0)
