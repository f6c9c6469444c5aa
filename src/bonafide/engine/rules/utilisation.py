"""`utilisation`: the part of a payer's credit line in use, as the rules see it.

In use is the stated `credit_used`, else completed credit payments minus refunds to the original channel minus
repayments; it stands over the latest known limit: the event's own, else the last `credit_line`, else the last that a
payment stated; else it is missing.
"""

from __future__ import annotations

from typing import Any, Final

from bonafide.engine.rules.language import Apply, Missing, Name, Node, Number, names_in

UTILISATION: Final = "utilisation"
HIDDEN: Final[tuple[dict[str, Any], ...]] = (
    {"name": "_credit_spent", "event": "payment", "by": "user_id", "take": "sum", "of": "amount",
     "where": "pay_with == 'credit'", "completed": True},
    {"name": "_credit_refunded", "event": "refund", "by": "user_id", "take": "sum", "of": "amount",
     "where": "to == 'original'"},
    {"name": "_credit_repaid", "event": "repayment", "by": "user_id", "take": "sum", "of": "amount",
     "where": "status != 'missed'"},
    {"name": "_credit_limit", "event": "credit_line", "by": "user_id", "take": "last", "of": "limit"},
    {"name": "_credit_limit_stated", "event": "payment", "by": "user_id", "take": "last", "of": "credit_limit"},
)  # fmt: skip
"""Features that a bundle keeps besides its own when a rule reads `utilisation`."""


def _number(op: str, *parts: Node) -> Node:
    return Apply(op, parts, "number")


def _feature(name: str) -> Node:
    return Name(name, "number")


_IN_USE: Final = _number(
    "max", Number(0.0),
    _number("-", _number("-", _feature("_credit_spent"), _feature("_credit_refunded")), _feature("_credit_repaid")),
)  # fmt: skip
_LIMIT: Final = _number(
    "coalesce",
    _number("coalesce", _feature("credit_limit"), _feature("_credit_limit")), _feature("_credit_limit_stated"),
)  # fmt: skip
_EXPANDED: Final = _number("/", _number("coalesce", _feature("credit_used"), _IN_USE), _LIMIT)


def reads_utilisation(node: Node) -> bool:
    """Whether an expression reads `utilisation`."""
    return UTILISATION in names_in(node)


def expand(node: Node) -> Node:
    """The expression with `utilisation` written out."""
    match node:
        case Name(name) if name == UTILISATION:
            return _EXPANDED
        case Missing(name) if name == UTILISATION:
            return Apply("is missing", (_EXPANDED,), "truth")
        case Apply(op, parts, kind):
            return Apply(op, tuple(expand(part) for part in parts), kind)
        case _:
            return node
