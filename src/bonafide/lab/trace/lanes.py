"""The way of money as lanes from left to right: payer, merchant, accounts, payer again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple, TypeAlias

from bonafide.lab.trace.loops import End, Move, Path
from bonafide.lab.trace.money import Loop

NODES_MAX: Final = 18
"""Boxes of the lanes together."""
ROWS_MAX: Final = 5
"""Boxes, and lines that pass between boxes, of one lane."""
_SWEEPS: Final = 4
HOME: Final = -1
"""The lane of those to whom money came home, wherever it stands."""


class Node(NamedTuple):
    """A place of money in a lane; the same account may stand in several."""

    lane: int
    """0 the payer, 1 the merchant, then accounts; HOME the payer again."""
    end: End


Slot: TypeAlias = Node | tuple[Node, Node]
"""What takes a row of a lane: a box, or a line (from, to) that passes through."""


@dataclass
class Arrow:
    """Money from one node to another, of all payments together."""

    moves: dict[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict)
    """(place of the payment in the log, place of the event that moved it) -> (how much of the payment, when, how long
    after the payment in milliseconds); empty where the account was the merchant's all along."""

    def add(self, path: Path, move: Move) -> None:
        """Add a move; one that several loops of a payment have in common counts once, as far as it may go."""
        key = (path.payment.seq, move.seq)
        part = max(move.part, self.moves.get(key, (0,))[0])
        self.moves[key] = part, move.time, max(0, move.time - path.payment.time)

    @property
    def amount(self) -> int:
        return sum(part for part, _, _ in self.moves.values())

    @property
    def times(self) -> list[int]:
        """When it moved, in order."""
        return sorted(time for _, time, _ in self.moves.values())

    @property
    def delay_ms(self) -> int:
        """The median of how long after the payment it moved."""
        return round(median(delay for _, _, delay in self.moves.values()))


class Lanes(NamedTuple):
    """What is drawn of some loops."""

    rows: tuple[tuple[Slot, ...], ...]
    """Of each lane from left to right, from the top: boxes, and lines that pass through (from, to)."""
    arrows: dict[tuple[Node, Node], Arrow]
    accounts: dict[str, str]
    """Payer -> the account that the money came home to; the last one told."""
    left_out: int
    """Loops that there is no room for."""

    def lane_of(self, node: Node) -> int:
        """Where a node's lane stands, from the left."""
        return len(self.rows) - 1 if node.lane == HOME else node.lane


def lanes_of(loops: Sequence[Loop]) -> Lanes:
    """The first loops that fit, as lanes."""
    ways: list[tuple[Path, list[tuple[Node, Node, int | None]]]] = []
    for loop in loops:
        way = _way(loop.path)
        if _fits([*(w for _, w in ways), way]):
            ways.append((loop.path, way))
    arrows: dict[tuple[Node, Node], Arrow] = {}
    accounts: dict[str, str] = {}
    for path, way in ways:
        for source, target, number in way:
            arrow = arrows.setdefault((source, target), Arrow())
            if number is not None:
                arrow.add(path, path.moves[number])
        home = path.last.target
        if home is not None and home.kind == "account":
            accounts.setdefault(path.user_id, home.id)
    return Lanes(_ordered(_rows([way for _, way in ways]), arrows), arrows, accounts, len(loops) - len(ways))


def _way(path: Path) -> list[tuple[Node, Node, int | None]]:
    """A loop as arrows from node to node, each with the number of its move; None where no event moved the money."""
    here = Node(1, End("merchant", path.merchant_id))
    way: list[tuple[Node, Node, int | None]] = [(Node(0, End("user", path.user_id)), here, 0)]
    for number, move in enumerate(path.moves[1:], 1):
        if move.source is not None and move.source != here.end and move.source.kind == "account":
            source = Node(here.lane + 1, move.source)
            way.append((here, source, None))
            here = source
        if number == len(path.moves) - 1:
            target = Node(HOME, End("user", path.user_id))
        else:
            target = Node(here.lane + 1, move.target or End("account", "?"))
        way.append((here, target, number))
        here = target
    return way


def _rows(ways: Sequence[list[tuple[Node, Node, int | None]]]) -> list[list[Slot]]:
    """What stands in each lane: nodes, and lines on their way over a lane that they do not stop in."""
    last = 1 + max((node.lane for way in ways for arrow in way for node in arrow[:2]), default=0)
    rows: list[dict[Slot, None]] = [{} for _ in range(last + 1)]
    for way in ways:
        for source, target, _ in way:
            ends = [last if node.lane == HOME else node.lane for node in (source, target)]
            rows[ends[0]][source] = None
            rows[ends[1]][target] = None
            for lane in range(ends[0] + 1, ends[1]):
                rows[lane][source, target] = None
    return [list(lane) for lane in rows]


def _fits(ways: Sequence[list[tuple[Node, Node, int | None]]]) -> bool:
    rows = _rows(ways)
    nodes = sum(isinstance(one, Node) for lane in rows for one in lane)
    return nodes <= NODES_MAX and max(map(len, rows)) <= ROWS_MAX


def _ordered(rows: list[list[Slot]], arrows: dict[tuple[Node, Node], Arrow]) -> tuple[tuple[Slot, ...], ...]:
    """The lanes with each box about as high as its neighbours, so that few lines cross."""
    links = _links(rows, arrows)
    for sweep in range(_SWEEPS):
        pairs = list(pairwise(rows))
        for one, two in pairs if sweep % 2 == 0 else [(b, a) for a, b in reversed(pairs)]:
            heights = {node: (place + 0.5) / len(one) for place, node in enumerate(one)}
            near = {n: [heights[o] for o in (n, *links.get(n, ())) if o in heights] for n in two}
            own = {node: (place + 0.5) / len(two) for place, node in enumerate(two)}
            two.sort(key=lambda n: sum(near[n]) / len(near[n]) if near[n] else own[n])
    return tuple(tuple(lane) for lane in rows)


def _links(rows: list[list[Slot]], arrows: dict[tuple[Node, Node], Arrow]) -> dict[Slot, list[Slot]]:
    """What stands beside what: boxes of an arrow, and the line that passes between them."""
    passing = {one for lane in rows for one in lane if not isinstance(one, Node)}
    links: dict[Slot, list[Slot]] = {}
    for source, target in arrows:
        line = (source, target)
        pairs: list[tuple[Slot, Slot]] = [(source, target)]
        if line in passing:
            pairs += [(source, line), (line, target)]
        for one, two in pairs:
            links.setdefault(one, []).append(two)
            links.setdefault(two, []).append(one)
    return links
