"""How a bundle scores, as arrays: which inputs are read, the trees, the calibration, the scorecard, and the reasons.

A part that a bundle does not have is empty, and the kernel passes it by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log1p
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import TYPE_CODE
from bonafide.engine.features import layout as at
from bonafide.engine.graded import Graded
from bonafide.engine.rules.language import Name, Node
from bonafide.engine.rules.program import Builder
from bonafide.engine.rules.utilisation import expand
from bonafide.engine.scorecard import Scorecard
from bonafide.engine.trees.arrays import Trees

ALWAYS: Final = 2**62
"""A line that no score reaches."""
_LEAST_EVIDENCE: Final = 1e-12
"""Of a rule without weight, so that it still gives its reason, after all others."""
_OF_USERS: Final = [name for name, cls in EVENT_CLASS.items() if cls.decided and "user_id" in cls.__struct_fields__]
_OF_MERCHANTS: Final = [
    name
    for name, cls in EVENT_CLASS.items()
    if cls.decided and "merchant_id" in cls.__struct_fields__ and name not in _OF_USERS
]
_CREDITED, _MERCHANT_CREDITED = (sum(1 << TYPE_CODE[name] for name in some) for some in (_OF_USERS, _OF_MERCHANTS))


class Knot(NamedTuple):
    """A margin and the probability there."""

    margin: float
    probability: float


class Scheme(NamedTuple):
    """What scores and gives reasons."""

    rule_reasons: tuple[int, ...] = ()
    """The number of each rule's reason among the bundle's codes."""
    reasons: int = 1
    """How many codes the bundle has."""
    model_inputs: tuple[Node, ...] = ()
    input_reasons: tuple[int, ...] = ()
    card_inputs: tuple[Node, ...] = ()
    trees: Trees | None = None
    rules_weight: float = 1.0
    knots: tuple[Knot, ...] = ()
    scorecard: Scorecard | None = None
    merchant_inputs: tuple[Node, ...] = ()
    merchant_card: Graded | None = None
    line_e6: int = ALWAYS
    """The least score, in millionths, at which something happens: from there on the inputs give reasons, too."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All that is read, in the order of the columns after the features."""
        return (*self.model_inputs, *self.card_inputs, *self.merchant_inputs)

    def add_to(self, builder: Builder) -> None:
        """Add what must be computed to the program of the rules, after these."""
        for node in map(expand, self.nodes):
            if not _is_column(node, builder):
                builder.add(node, whole=True)

    def registers(self, builder: Builder, results: NDArray[np.int64]) -> list[int]:
        """The register of each input, `results` being those of what `add_to` added."""
        computed = iter(results.tolist())
        return [
            builder.columns[node.name] if isinstance(node, Name) and _is_column(node, builder) else next(computed)
            for node in map(expand, self.nodes)
        ]


def _is_column(node: Node, builder: Builder) -> bool:
    """Whether an input is a feature as it stands, which has a register already."""
    return isinstance(node, Name) and node.name in builder.columns


class Placed(NamedTuple):
    """A scheme's arrays, and what the plan's header says of them."""

    words: NDArray[np.int64]
    floats: NDArray[np.float64]
    header: dict[int, int]


def place(
    scheme: Scheme, registers: Sequence[int], weights: Sequence[float], words_at: int, floats_at: int,
    table: Callable[[Sequence[int]], int],
) -> Placed:  # fmt: skip
    """Lay a scheme out behind `words_at` words and `floats_at` floats; `table` puts a list into the plan, and says
    where.

    registers: of the inputs; weights: of the rules.
    """
    words: list[NDArray[np.int64]] = []
    floats: list[NDArray[np.float64]] = []

    def put_words(values: NDArray[np.int64]) -> int:
        words.append(values)
        return words_at + sum(map(len, words[:-1]))

    def put_floats(values: Sequence[float] | NDArray[np.float64]) -> int:
        floats.append(np.asarray(values, dtype=np.float64))
        return floats_at + sum(map(len, floats[:-1]))

    trees, card, merchants = scheme.trees, scheme.scorecard, scheme.merchant_card
    knots = [*(k.margin for k in scheme.knots), *(k.probability for k in scheme.knots)]
    header = {
        at.P_INPUTS: len(scheme.model_inputs),
        at.P_CARD_INPUTS: len(scheme.card_inputs),
        at.P_INPUT: table(registers),
        at.P_TREES: -1 if trees is None else put_words(trees.words),
        at.P_TREE_FLOATS: -1 if trees is None else put_floats(trees.floats),
        at.P_KNOTS: len(scheme.knots),
        at.P_KNOT: put_floats(knots),
        at.P_RULES_WEIGHT: put_floats([scheme.rules_weight]),
        at.P_LINE: scheme.line_e6,
        at.P_CODES: scheme.reasons,
        at.P_CODE: table([*scheme.rule_reasons, *scheme.input_reasons]),
        at.P_EVIDENCE: put_floats([max(-log1p(-w), _LEAST_EVIDENCE) for w in weights]),
        at.P_BLAME: put_floats(np.zeros(scheme.reasons + len(scheme.model_inputs))),
        at.P_CARD: -1 if card is None else put_words(card.words),
        at.P_CARD_FLOATS: -1 if card is None else put_floats(card.floats),
        at.P_CREDITED: _CREDITED,
        at.P_MERCHANT_INPUTS: len(scheme.merchant_inputs),
        at.P_MERCHANT_CARD: -1 if merchants is None else put_words(merchants.words),
        at.P_MERCHANT_FLOATS: -1 if merchants is None else put_floats(merchants.floats),
        at.P_MERCHANT_CREDITED: _MERCHANT_CREDITED,
    }
    nothing = np.zeros(0, dtype=np.int64)
    return Placed(np.concatenate((nothing, *words)), np.concatenate(floats), header)
