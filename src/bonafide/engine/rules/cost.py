"""What an expression costs for each event: the instructions that the kernel runs, parts that repeat counted once."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, log2
from typing import Final

from bonafide.engine.rules.tree import Apply, Equals, Located, Node, NodePath, Number, Problem, Span
from bonafide.engine.rules.utilisation import expand

RULE_COST_MAX: Final = 200
"""Instructions that one rule may take; a rule of eight operators takes about twenty."""
BUNDLE_COST_MAX: Final = 20_000
"""Instructions that all rules of a bundle may take for one event."""


def cost_of(node: Node) -> int:
    """Instructions for one expression, `utilisation` written out; a list of n values takes 1 + ceil(log2(n + 1))."""
    return cost_of_all([node])


def cost_of_all(nodes: Iterable[Node]) -> int:
    """Instructions for several expressions, parts that they share counted once."""
    seen: set[Node] = set()
    return sum(_cost(expand(node), seen) for node in nodes)


def too_costly(located: Located) -> Problem | None:
    """What to say where an expression takes more than RULE_COST_MAX, and which part of it takes most."""
    cost = cost_of(located.node)
    if cost <= RULE_COST_MAX:
        return None
    path, part = _dearest(located.node)
    span = located.spans.get(path, Span(0, len(located.text)))
    told = f"the condition takes {cost} instructions for each event; at most {RULE_COST_MAX} are allowed"
    most = f"; this part takes {part}" if path else ""
    advice = "make it several rules, declare a feature for what repeats, or put a long list into lists/"
    return Problem(span.start, told + most, "too-costly", span.end - span.start, advice)


def _cost(node: Node, seen: set[Node]) -> int:
    if isinstance(node, Number) or node in seen:
        return 0
    seen.add(node)
    match node:
        case Equals(_, values, None) if len(values) > 1:
            return 1 + ceil(log2(len(values) + 1))
        case Apply("and" | "or", parts):
            return len(parts) - 1 + sum(_cost(part, seen) for part in parts)
        case Apply(_, parts):
            return 1 + sum(_cost(part, seen) for part in parts)
        case _:
            return 1


def _dearest(node: Node) -> tuple[NodePath, int]:
    """The way to the part that takes most, going down while one part takes more than half of what it is in."""
    path: NodePath = ()
    cost = cost_of(node)
    while isinstance(node, Apply):
        costs = [cost_of(part) for part in node.parts]
        most = max(costs)
        if path and most * 2 <= cost:
            break
        path, node, cost = (*path, costs.index(most)), node.parts[costs.index(most)], most
    return path, cost
