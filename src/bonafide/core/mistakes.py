"""Mistakes in files that people write, shown as a good compiler shows them: file, line, caret, and what to write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

Severity = Literal["error", "warning"]

LINE_WIDTH_MAX: Final = 160
"""Widest line shown whole, in columns of a terminal; of a longer one, the part around the mistake."""
SHOWN_MAX: Final = 100
"""Most mistakes shown; a file that is wrong all over needs no more."""
LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line in YAML."""

_KEPT_BEFORE: Final = 60
"""Columns kept before the mistake in a line that is too wide."""
_DOTS: Final = "..."


class Mistake(NamedTuple):
    """One thing that is wrong in one file."""

    code: str
    """What kind of mistake, for programs: "unknown-name", "wrong-type", "syntax", "unit"..."""
    message: str
    """What is wrong and what was expected, in a plain sentence."""
    path: str
    """The file, relative to the bundle."""
    line: int | None = None
    """From 1; None where the mistake has no line, such as a file that is not there."""
    column: int | None = None
    """From 1, in characters."""
    width: int = 1
    """Characters to underline."""
    help: str | None = None
    """A second sentence: what to write instead."""
    severity: Severity = "error"
    subject: str | None = None
    """What the mistake is in, such as "rule U-DRAIN"."""

    @property
    def sentence(self) -> str:
        """The mistake in one line, without its place."""
        return f"{self.subject}: {self.message}" if self.subject else self.message


def show_mistakes(mistakes: Iterable[Mistake], texts: Mapping[str, str]) -> str:
    """Mistakes as people read them, by file, line and column, each once; `texts` holds the files' texts by path.

    >>> wrong = Mistake("unknown-name", "unknown name amout; did you mean amount?", "rules.yaml", 1, 7, 5)
    >>> print(show_mistakes([wrong], {"rules.yaml": "when: amout > 5"}))
    error: rules.yaml:1:7: unknown name amout; did you mean amount?
      |
    1 | when: amout > 5
      |       ^^^^^
    """
    ordered = sorted(set(mistakes), key=lambda m: (m.path, m.line or 0, m.column or 0, m.severity, m[:2], m.width))
    lines = {path: LINE_BREAK.split(texts[path]) for path in dict.fromkeys(m.path for m in ordered) if path in texts}
    shown = [_show(m, lines.get(m.path, [])) for m in ordered[:SHOWN_MAX]]
    if len(ordered) > SHOWN_MAX:
        shown.append(f"... and {len(ordered) - SHOWN_MAX} more")
    return "\n\n".join(shown)


def _show(mistake: Mistake, lines: list[str]) -> str:
    place = ":".join(str(part) for part in (mistake.path, mistake.line, mistake.column) if part is not None)
    told = [f"{mistake.severity}: {place}: {mistake.sentence}"]
    gutter = " "
    if mistake.line is not None and 1 <= mistake.line <= len(lines):
        number = str(mistake.line)
        gutter = " " * (len(number) + 1)
        text, carets = _underline(lines[mistake.line - 1], mistake.column, mistake.width)
        told += [f"{gutter}|", f"{number} | {text}", *([f"{gutter}| {carets}"] if carets else [])]
    if mistake.help:
        told.append(f"{gutter}= help: {mistake.help}")
    return "\n".join(line.rstrip() for line in told)


def _underline(line: str, column: int | None, width: int) -> tuple[str, str]:
    """The line and the carets under it, cut to what fits; no carets without a column."""
    shown = "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in line).rstrip()
    if column is None:
        return (shown if _columns(shown) <= LINE_WIDTH_MAX else _cut(shown, LINE_WIDTH_MAX) + _DOTS), ""
    first = min(max(column - 1, 0), len(shown))
    marked = shown[first : first + max(width, 1)]
    before, after = shown[:first], shown[first + len(marked) :]
    if _columns(shown) > LINE_WIDTH_MAX:
        if _columns(before) > _KEPT_BEFORE:
            before = _DOTS + _cut(before[::-1], _KEPT_BEFORE)[::-1]
        room = LINE_WIDTH_MAX - _columns(before)
        if _columns(marked) > room:
            marked, after = _cut(marked, room), _DOTS
        elif _columns(marked + after) > room:
            after = _cut(after, room - _columns(marked)) + _DOTS
    # A tab stays a tab, so that the carets stand right wherever the terminal has its stops.
    blank = "".join("\t" if c == "\t" else " " * _columns(c) for c in before)
    return before + marked + after, blank + "^" * max(_columns(marked), 1)


def _columns(text: str) -> int:
    """Columns that a text takes on a terminal: two for a full-width character, none for a combining mark."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _cut(text: str, columns: int) -> str:
    """The beginning of a text that fits."""
    taken = 0
    for i, c in enumerate(text):
        taken += _columns(c)
        if taken > columns:
            return text[:i]
    return text
