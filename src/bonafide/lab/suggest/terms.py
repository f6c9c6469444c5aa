"""What a mined condition may be about: numbers and conditions in the words of rules, from what a bundle reads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.engine.bundle import Bundle, untrained
from bonafide.engine.bundles.inputs import Input, Inputs
from bonafide.engine.features.spec import is_label, parse_features, quantity_of
from bonafide.engine.rules.language import (
    DERIVED,
    Apply,
    Equals,
    ExpressionError,
    Missing,
    Name,
    Node,
    Number,
    names_in,
    parse_located,
)  # fmt: skip
from bonafide.engine.rules.tree import LOCAL
from bonafide.engine.rules.utilisation import HIDDEN, reads_utilisation

Kind = Literal["condition", "count", "money", "seconds", "share", "number"]
_WORDS: Final = {
    "pay_with": ("credit",), "goods": ("physical", "virtual", "service"), "channel": ("app", "live", "web", "qr", "pos")
}  # fmt: skip
_OF_PAYMENT: Final[dict[str, Kind]] = {
    "amount": "money", "local_hour": "count", "instalments": "count", "utilisation": "share",
    "amount / credit_limit": "share",
}  # fmt: skip
_KINDS: Final[dict[str, Kind]] = {
    "money": "money", "count": "count", "fraction": "share", "seconds": "seconds", "hour": "count",
}  # fmt: skip
_STEPS: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0)
"""What people round to, times powers of ten."""
_SPANS: Final = (
    *(n * MINUTE_MS // 1000 for n in (1, 2, 5, 10, 15, 30)), *(n * HOUR_MS // 1000 for n in (1, 2, 3, 6, 12)),
    *(n * DAY_MS // 1000 for n in (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90)),
)  # fmt: skip
WHOLE_MAX: Final = 10
"""Counts up to here are kept as they are."""


class Term(NamedTuple):
    """A number or a condition."""

    text: str
    kind: Kind
    reason: str | None
    """The code that the payer is told, where the bundle says which."""
    about: frozenset[str]
    """The names that it reads: two terms that read the same say nearly the same."""
    guards: tuple[str, ...] = ()
    """What must stand before it in a rule, so that nothing divides by what can be zero; it changes no answer."""


def terms_of(bundle: Bundle) -> list[Term]:
    """Everything that a condition on a payment may be about: what the model reads, every feature that is a number,
    what the payment says of itself, and what the engine finds out about it."""
    found: dict[Node, Term] = {}
    for text, kind, reason in _texts(bundle):
        try:
            node = parse_located(text, bundle.vocabulary, number=True).node
        except ExpressionError:
            continue  # a field that this bundle has no use for
        guards = tuple(dict.fromkeys(guard for divisor in _divisors(node) for guard in _guards(divisor)))
        told = Term(text, "condition" if _is_condition(node) else kind, reason, frozenset(names_in(node)), guards)
        known = found.get(node)
        if known is None or known.reason is None:
            found[node] = told
    return list(found.values())


def _texts(bundle: Bundle) -> Iterator[tuple[str, Kind, str | None]]:
    kinds = {f.name: _KINDS.get(quantity_of(f).unit, "number") for f in bundle.features if not is_label(f)}
    for one in bundle.inputs.model:
        text = spelled(one.node)
        yield text, kinds.get(text, "seconds" if "_since_" in text else "number"), one.reason or None
    for name, kind in kinds.items():
        if not name.startswith("_"):
            yield name, kind, None
    yield from ((text, kind, None) for text, kind in _OF_PAYMENT.items())
    for name in DERIVED:
        if name not in LOCAL and name not in _OF_PAYMENT:
            yield name, "seconds" if name.endswith("_s") else "count", None
    for name, words in _WORDS.items():
        yield from ((f"{name} == '{word}'", "condition", None) for word in words)
    for name in bundle.lists:
        yield f"category in {name}", "condition", None


def _is_condition(node: Node) -> bool:
    return isinstance(node, Equals | Missing) or (isinstance(node, Apply) and node.type == "truth")


def _divisors(node: Node) -> Iterator[Node]:
    if isinstance(node, Apply):
        for place, part in enumerate(node.parts):
            yield from _divisors(part)
            if node.op == "/" and place and not isinstance(part, Number):
                yield part


def _guards(divisor: Node) -> list[str]:
    if isinstance(divisor, Name):
        return [f"{divisor.name} > 0"]
    return [f"{name} is not missing" for name in sorted(names_in(divisor))]


def spelled(node: Node) -> str:
    """A node in the words of rules, with brackets wherever they could matter."""
    match node:
        case Number(value):
            return shown(value)
        case Name(name):
            return name
        case Missing(name):
            return f"{name} is missing"
        case Equals(field, values, other, list_name):
            if other is not None:
                return f"{field} == {other}"
            if list_name is not None:
                return f"{field} in {list_name}"
            if len(values) == 1:
                return f"{field} == {values[0]!r}"
            return f"{field} in [{', '.join(map(repr, values))}]"
        case Apply("abs" | "min" | "max" | "coalesce" | "round_to" as name, parts):
            return f"{name}({', '.join(map(spelled, parts))})"
        case Apply("not", parts):
            return f"not ({spelled(parts[0])})"
        case Apply("is missing", parts):
            return f"({spelled(parts[0])}) is missing"
        case Apply(op, parts):
            return f" {op} ".join(_bracketed(part) for part in parts)
    raise AssertionError(f"{node!r} is no node of a condition")


def _bracketed(node: Node) -> str:
    inner = isinstance(node, Apply) and node.op not in ("abs", "min", "max", "coalesce", "round_to")
    return f"({spelled(node)})" if inner or isinstance(node, Equals | Missing) else spelled(node)


def reading(bundle: Bundle, terms: list[Term]) -> Bundle:
    """The bundle as one whose payments are answered with these terms, in their order."""
    inputs = tuple(
        Input(f"t{i}", parse_located(term.text, bundle.vocabulary, number=True).node, None, "")
        for i, term in enumerate(terms)
    )
    if not inputs:
        raise UsageError(f"{bundle.name} has no feature that is a number, so there is nothing to make rules of")
    hidden = parse_features(list(HIDDEN), "utilisation", hidden=True)
    added = tuple(feature for feature in hidden if feature not in bundle.features)
    needed = added if any(reads_utilisation(one.node) for one in inputs) else ()
    return untrained(bundle._replace(inputs=Inputs(inputs), features=(*bundle.features, *needed)))


def rounded(value: float, kind: Kind) -> float:
    """The nearest number that a person would write.

    >>> rounded(183_777, "money"), rounded(90_000, "seconds"), rounded(17, "count"), rounded(0.8213, "share")
    (200000.0, 86400.0, 15.0, 0.8)
    """
    if value == 0 or not math.isfinite(value):
        return 0.0
    if kind == "seconds":
        return float(min(_SPANS, key=lambda span: abs(math.log(span / max(value, 1.0)))))
    if kind == "share" and 0.1 <= value <= 1:
        return round(round(value * 20) / 20, 2) if value < 0.95 else round(value, 2)
    size = abs(value)
    if kind == "count" and size <= WHOLE_MAX:
        return float(round(value))
    power = 10.0 ** math.floor(math.log10(size))
    step = min(_STEPS, key=lambda nice: abs(nice - size / power))
    near = math.copysign(step * power, value)
    return float(round(near)) if kind in ("count", "money") else float(f"{near:.6g}")


def shown(value: float) -> str:
    """A threshold as it is written.

    >>> shown(200000.0), shown(0.8), shown(-0.05)
    ('200000', '0.8', '-0.05')
    """
    return str(int(value)) if value == int(value) else f"{value:.6f}".rstrip("0")
