"""The methods by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from bonafide.lab.rings.blocks import CASH_OUT_MIN, TRADE_MIN, cash_out_block, dense_block
from bonafide.lab.rings.cases import confirmed
from bonafide.lab.rings.community import SCORE_MIN as COMMUNITY_MIN
from bonafide.lab.rings.community import MissingExtraError, community
from bonafide.lab.rings.components import SCORE_MIN as COMPONENT_MIN
from bonafide.lab.rings.components import components
from bonafide.lab.rings.found import Found, kept
from bonafide.lab.rings.graph import Ties
from bonafide.lab.rings.log import Known
from bonafide.lab.rings.pagerank import NEAR_MIN, near_cases

__all__ = ["METHODS", "Method", "MissingExtraError", "find_groups"]


class Method(NamedTuple):
    """How groups of one kind are found, and which of them are written."""

    find: Callable[[Known, Ties, int], list[Found]]
    score_min: float
    """Groups of a lower score are not written."""


METHODS: Final = {
    "components": Method(lambda _known, ties, _seed: components(ties), COMPONENT_MIN),
    "community": Method(lambda _known, ties, seed: community(ties, seed), COMMUNITY_MIN),
    "dense_block": Method(lambda _known, ties, _seed: dense_block(ties), TRADE_MIN),
    "cash_out_block": Method(lambda _known, ties, _seed: cash_out_block(ties), CASH_OUT_MIN),
    "pagerank": Method(lambda known, ties, _seed: near_cases(ties, confirmed(known, ties)), NEAR_MIN),
}
"""By name, in the order in which they are written."""


def find_groups(method: str, known: Known, ties: Ties, seed: int) -> list[Found]:
    """The groups that a method finds and that are written; the same arguments give the same groups.

    Raises MissingExtraError where a method needs a package that is not installed.
    """
    asked = METHODS[method]
    return kept(asked.find(known, ties, seed), asked.score_min)
