"""Tables of conditions, looked at as boxes: what no row speaks of, what two rows speak of, what no row can reach.

A dimension has a few cells, such as the bands of an amount; a row covers some cells of each dimension, kept as the bits
of a number; all of its combinations make a box. What is left of a box without another one is again a few boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

Box = tuple[int, ...]
"""The cells that are covered of each dimension, as bits; none of them is empty."""
BOXES_MAX: Final = 4_096
"""Boxes that a table may leave; a table with more is too tangled to be read by people, too."""


class TooTangledError(Exception):
    """A table whose rows cut one another into too many pieces."""


class Dimension(NamedTuple):
    """Something that rows ask about."""

    name: str
    cells: tuple[str, ...]
    """What each cell is called."""

    @property
    def all(self) -> int:
        """Every cell."""
        return (1 << len(self.cells)) - 1


def whole(dimensions: Sequence[Dimension]) -> Box:
    """Everything that can be."""
    return tuple(dimension.all for dimension in dimensions)


def common(one: Box, other: Box) -> Box | None:
    """What two boxes share.

    >>> common((0b011, 0b1), (0b110, 0b1)), common((0b001, 0b1), (0b110, 0b1))
    ((2, 1), None)
    """
    shared = tuple(a & b for a, b in zip(one, other, strict=True))
    return shared if all(shared) else None


def without(box: Box, other: Box) -> Iterator[Box]:
    """What is left of a box without another one, in boxes that do not overlap.

    >>> list(without((0b11, 0b11), (0b01, 0b01)))
    [(2, 3), (1, 2)]
    """
    shared = common(box, other)
    if shared is None:
        yield box
        return
    for place, (mine, theirs) in enumerate(zip(box, shared, strict=True)):
        left = mine & ~theirs
        if left:
            yield (*shared[:place], left, *box[place + 1 :])


def left_of(box: Box, rows: Iterable[Box]) -> list[Box]:
    """What rows leave of a box; TooTangledError where that is more than BOXES_MAX boxes."""
    left = [box]
    for row in rows:
        left = [piece for one in left for piece in without(one, row)]
        if len(left) > BOXES_MAX:
            raise TooTangledError
    return left


def show_box(box: Box, dimensions: Sequence[Dimension]) -> str:
    """A box in words, without the dimensions of which it has all cells.

    >>> grades = Dimension("grade", ("suspected", "confirmed"))
    >>> show_box((0b10, 0b01), (grades, Dimension("amount", ("small", "large"))))
    'grade confirmed, amount small'
    """
    told = []
    for bits, dimension in zip(box, dimensions, strict=True):
        if bits != dimension.all:
            names = [cell for place, cell in enumerate(dimension.cells) if bits >> place & 1]
            told.append(f"{dimension.name} {' or '.join(names)}")
    return ", ".join(told) or "everything"


def cells_of(box: Box) -> Iterator[tuple[int, ...]]:
    """Every combination of cells in a box, by their places."""
    if not box:
        yield ()
        return
    for place in range(box[0].bit_length()):
        if box[0] >> place & 1:
            for rest in cells_of(box[1:]):
                yield (place, *rest)
