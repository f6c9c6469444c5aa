"""Who paid whom in a case, as a picture whose places are worked out here: the same case gives the same picture.

Each merchant stands in the middle of a disc of the users who paid it alone; users of several stand between theirs.
Discs lie around a circle, the widest first, so that nothing needs to be pulled apart by the browser.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

NODES_MAX: Final = 500
"""Those with the most money are shown."""
STEP: Final = 15.0
"""Distance between neighbours of a disc."""
GOLDEN: Final = math.pi * (3 - math.sqrt(5))
GAP: Final = 46.0
NAME_WIDTH: Final = 84.0
NAME_TOP: Final = -30.0
_GRAVITY: Final = ("allow", "warn", "verify", "hold", "decline")


class Node(NamedTuple):
    """A user or a merchant."""

    who: tuple[str, str]
    """Type and token."""
    amount: int
    """Of its payments in the case, in minor units."""


class Edge(NamedTuple):
    """All payments of a user to a merchant."""

    user: str
    merchant: str
    amount: int
    payments: int
    outcome: str
    """The strictest."""
    home: int = 0
    """What came home of them."""


class Graph(NamedTuple):
    """Nodes and edges, those with the most money first."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    left_out: int


def graph_of(events: Sequence[Mapping[str, Any]], home: Mapping[int, int] = {}) -> Graph:
    """The graph of a case's payments; `home`: place in the log of a payment -> what came home of it."""
    edges: dict[tuple[str, str], Edge] = {}
    for one in events:
        user, merchant = one["user_id"], one["merchant_id"]
        if one["type"] != "payment" or not user or not merchant:
            continue
        before = edges.get((user, merchant), Edge(user, merchant, 0, 0, "allow"))
        edges[user, merchant] = Edge(
            user, merchant, before.amount + (one["amount"] or 0), before.payments + 1,
            max(before.outcome, one["outcome"], key=_GRAVITY.index), before.home + home.get(one["seq"], 0),
        )  # fmt: skip
    paid = {merchant for _, merchant in edges}
    for one in events:  # a merchant that was paid out to, and whose payments did not alert
        merchant = one["merchant_id"]
        if merchant and merchant not in paid:
            edges["", merchant] = Edge("", merchant, 0, 0, "allow")
    return _cut(sorted(edges.values(), key=lambda edge: (-edge.amount, edge.merchant, edge.user)))


def _cut(edges: list[Edge]) -> Graph:
    amounts: dict[tuple[str, str], int] = {}
    for edge in edges:
        for key in (("merchant", edge.merchant), ("user", edge.user)):
            if key[1]:
                amounts[key] = amounts.get(key, 0) + edge.amount
    ordered = sorted(amounts, key=lambda key: (-amounts[key], key))
    kept = dict.fromkeys(ordered[:NODES_MAX])
    shown = [edge for edge in edges if ("user", edge.user) in kept and ("merchant", edge.merchant) in kept]
    return Graph(tuple(Node(key, amounts[key]) for key in kept), tuple(shown), len(ordered) - len(kept))


Place = tuple[float, float]


def places(graph: Graph) -> dict[tuple[str, str], Place]:
    """Where each node stands, in units of the picture, the middle of it at (0, 0)."""
    paid: dict[str, list[str]] = {}
    for edge in graph.edges:
        paid.setdefault(edge.user, []).append(edge.merchant)
    merchants = [node.who[1] for node in graph.nodes if node.who[0] == "merchant"]
    own: dict[str, list[str]] = {merchant: [] for merchant in merchants}
    shared: list[str] = []
    for node in graph.nodes:
        kind, token = node.who
        if kind == "user":
            theirs = paid.get(token, [])
            (own[theirs[0]] if len(theirs) == 1 else shared).append(token)
    found = _discs(own)
    taken: dict[Place, int] = {}
    for token in shared:
        middle = _middle([found["merchant", merchant] for merchant in paid.get(token, ())])
        spot = (round(middle[0] / GAP), round(middle[1] / GAP))
        at = taken[spot] = taken.get(spot, 0) + 1
        found["user", token] = _spiral(middle, at)
    return found


def _discs(own: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], Place]:
    """Merchants with the users who paid them alone: one in the middle, others around it."""
    ordered = sorted(own, key=lambda merchant: (-len(own[merchant]), merchant))
    radius = {merchant: STEP * math.sqrt(len(own[merchant]) + 6) + GAP / 2 for merchant in ordered}
    around = sum(2 * radius[merchant] for merchant in ordered)
    circle = around / (2 * math.pi) if len(ordered) > 1 else 0.0
    circle = max(circle, max(radius.values(), default=0.0)) if len(ordered) > 1 else 0.0
    found: dict[tuple[str, str], Place] = {}
    turn = -math.pi / 2
    for merchant in ordered:
        half = math.pi * 2 * radius[merchant] / around
        turn += half
        middle = (1.45 * circle * math.cos(turn), circle * math.sin(turn))
        turn += half
        found["merchant", merchant] = middle
        free = (at for at in count(2) if not _under_name(_spiral((0.0, 0.0), at)))
        for user, at in zip(own[merchant], free, strict=False):
            found["user", user] = _spiral(middle, at)
    return found


def _under_name(place: Place) -> bool:
    """Whether a place beside a merchant lies under its name, which is written above it."""
    return abs(place[0]) < NAME_WIDTH / 2 and NAME_TOP < place[1] < 0


def _spiral(middle: Place, at: int) -> Place:
    """The place of number `at` around a middle: evenly spread, none upon another."""
    far, angle = STEP * math.sqrt(at), at * GOLDEN
    return middle[0] + far * math.cos(angle), middle[1] + far * math.sin(angle)


def _middle(spots: Sequence[Place]) -> Place:
    if not spots:
        return 0.0, 0.0
    return sum(x for x, _ in spots) / len(spots), sum(y for _, y in spots) / len(spots)
