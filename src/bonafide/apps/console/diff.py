"""What differs between the texts of two bundles, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

AROUND: Final = 3
"""Lines shown before and after a change."""
LINES_MAX: Final = 600
"""Shown of one file."""

Kind = Literal["same", "added", "removed", "gap"]


class Line(NamedTuple):
    """A line of a difference; `gap` stands for lines that are the same and are left out."""

    kind: Kind
    before: int | None
    """Its number in the text before, from 1."""
    after: int | None
    text: str


class FileDiff(NamedTuple):
    """What differs in one file."""

    name: str
    lines: tuple[Line, ...]
    left_out: int
    """Lines that are not shown, of a long difference."""

    @property
    def added(self) -> int:
        """Lines that are new, of those shown."""
        return sum(line.kind == "added" for line in self.lines)

    @property
    def removed(self) -> int:
        """Lines that are gone, of those shown."""
        return sum(line.kind == "removed" for line in self.lines)


def diff_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[FileDiff]:
    """The files that differ, by name; one that only one of both has counts as empty in the other."""
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return [diff_texts(name, before.get(name, ""), after.get(name, "")) for name in names]


def diff_texts(name: str, before: str, after: str) -> FileDiff:
    """What differs between two texts.

    >>> [(line.kind, line.text) for line in diff_texts("a", "x\\ny\\n", "x\\nz\\n").lines]
    [('same', 'x'), ('removed', 'y'), ('added', 'z')]
    """
    old, new = before.splitlines(), after.splitlines()
    lines: list[Line] = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(AROUND):
        if group[0][1] > 0 or lines:
            lines.append(Line("gap", None, None, ""))
        for kind, first, last, new_first, new_last in group:
            if kind == "equal":
                pairs = zip(range(first, last), range(new_first, new_last), strict=True)
                lines += [Line("same", a + 1, b + 1, old[a]) for a, b in pairs]
                continue
            lines += [Line("removed", at + 1, None, old[at]) for at in range(first, last)]
            lines += [Line("added", None, at + 1, new[at]) for at in range(new_first, new_last)]
    return FileDiff(name, tuple(lines[:LINES_MAX]), max(0, len(lines) - LINES_MAX))
