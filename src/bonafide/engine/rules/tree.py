"""What an expression is once it was read: a typed tree, the names it may use, and what is wrong where it is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import FIELDS, FRACTION_UNIT, TYPE_CODE, TYPE_NAMES, Field
from bonafide.core.mistakes import Severity
from bonafide.core.moment import DATE_MIN, MOMENT_MAX
from bonafide.core.money import AMOUNT_MAX

Type = Literal["number", "text", "word", "flag", "truth"]
Unit = Literal[
    "money", "count", "seconds", "milliseconds", "moment", "fraction", "score", "bits", "hour", "day", "number"
]  # fmt: skip
"""What a number counts: money in minor units, moments in milliseconds since 1970, fractions of 1, scores in standard
deviations; a plain number fits all."""
NUMBER_MAX: Final = 1e18
"""Constants are smaller than this."""
LOCAL: Final = ("local_hour", "local_day")
"""Numbers that every event has besides its fields: its time with the bundle's fixed offset."""
BROUGHT: Final = (
    "brought_home", "own_payments", "own_amount", "earlier_loops", "loops_closed", "loop_share", "loop_hops",
    "loop_delay_s",
)  # fmt: skip
"""Numbers that the types BROUGHT_BY have besides their fields: what of the payers' own money they brought home."""
BROUGHT_BY: Final = ("transfer", "payout", "refund")
OF_PAYMENT: Final = ("shares", "line_in_use")
"""Numbers that a payment has: through how many kinds of what it names its merchant is seen, too; the part of the line
in use before it, as it states."""
DERIVED: Final = LOCAL + BROUGHT + OF_PAYMENT
DECIDED_TYPES: Final = tuple(name for name, cls in EVENT_CLASS.items() if cls.decided)
"""The event types that rules are asked about."""


class Number(NamedTuple):
    """A constant."""

    value: float


class Name(NamedTuple):
    """An event field, a derived field or a feature."""

    name: str
    type: Type


class Apply(NamedTuple):
    """An operator or function over parts: comparisons, arithmetic, logic, functions."""

    op: str
    parts: tuple[Node, ...]
    type: Type


class Equals(NamedTuple):
    """A text, word or flag field that equals one of some constants, or another field."""

    field: str
    values: tuple[str | bool, ...]
    other: str | None
    list_name: str | None = None
    """The named list that the values came from."""


class Missing(NamedTuple):
    """A field or feature that is absent."""

    name: str


Node = Number | Name | Apply | Equals | Missing
NodePath = tuple[int, ...]
"""The way from the top of a tree to a node: the number of the part at each level."""


class Span(NamedTuple):
    """Characters of an expression."""

    start: int
    end: int


class Located(NamedTuple):
    """A tree and where each node of it was written. Nodes themselves have no place, so that equal parts are equal."""

    node: Node
    text: str
    spans: Mapping[NodePath, Span]


class Quantity(NamedTuple):
    """What a number counts and, where it is not missing, between which bounds it lies."""

    unit: Unit
    low: float = -inf
    high: float = inf


class Vocabulary(NamedTuple):
    """What an expression may name besides the fields of events."""

    features: Mapping[str, Quantity] = MappingProxyType({})
    lists: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    unreadable: Mapping[str, str] = MappingProxyType({})
    """Feature -> why a rule may not read it."""
    amounts: tuple[float, float] = (1.0, float(AMOUNT_MAX))
    """Least and most that an amount can be; conversion by a rate may widen it (`amount_bounds`)."""
    in_feature: bool = False
    """Whether it is what a feature's `where` may name, which is asked of events of every type."""

    @property
    def types(self) -> frozenset[str]:
        """The types of the events that an expression over it is asked of."""
        return frozenset(TYPE_CODE if self.in_feature else DECIDED_TYPES)


class Problem(NamedTuple):
    """What is wrong with an expression, and where: the column (from 0) and how many characters it is about."""

    column: int
    message: str
    code: str = "syntax"
    width: int = 1
    help: str | None = None
    """What to write instead."""
    severity: Severity = "error"


class ExpressionError(Exception):
    """Everything that is wrong with one expression."""

    def __init__(self, text: str, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(p.message for p in problems))
        self.text = text
        self.problems = problems


def types_having(name: str) -> frozenset[str] | None:
    """The types, read and derived, that can have a field or derived number; None: every type, or nobody can say."""
    if name in BROUGHT or name in OF_PAYMENT:
        return frozenset(BROUGHT_BY if name in BROUGHT else ("payment",))
    return frozenset(FIELDS[name].every_type) if name in FIELDS else None


def unit_of_field(name: str | None) -> int:
    """By what the integer that stands for a field or derived number is divided to give its number."""
    fraction = name in {"loop_share", "line_in_use"} or (name in FIELDS and FIELDS[name].kind == "fraction")
    return FRACTION_UNIT if fraction else 1


def words_of(name: str) -> tuple[str, ...]:
    """The values that a word field may have; `type` is the event's type."""
    return TYPE_NAMES if name == "type" else FIELDS[name].words


def type_of_field(field: Field) -> Type | None:
    """How an expression sees a field; None for lists, which expressions cannot read."""
    if field.is_number:
        return "number"
    match field.kind:
        case "text":
            return "text"
        case "word":
            return "word"
        case "flag":
            return "flag"
        case _:
            return None


def amount_bounds(rates: Iterable[tuple[int, int]]) -> tuple[float, float]:
    """Least and most minor units that an amount can be, given the rates (as ratios) that convert other currencies."""
    ratios = [1.0, *(minor / over for minor, over in rates)]
    return (1.0 if min(ratios) >= 1 else 0.0), AMOUNT_MAX * max(ratios) + 1.0


def quantity_of_field(name: str, amounts: tuple[float, float]) -> Quantity:
    """What a number field or derived field counts, and its bounds; `amounts` are those of money (Vocabulary)."""
    match name:
        case "local_hour":
            return Quantity("hour", 0, 23)
        case "local_day":
            return Quantity("day", DATE_MIN // 86_400_000 - 1, MOMENT_MAX // 86_400_000 + 1)
        case "brought_home" | "own_amount":
            return Quantity("money", 0, amounts[1])
        case "own_payments" | "earlier_loops" | "loops_closed" | "loop_hops":
            return Quantity("count", 0, AMOUNT_MAX)
        case "shares":
            return Quantity("count", 0, 3)  # a payment names a device, an ip and an address
        case "line_in_use":
            return Quantity("fraction", 0)
        case "loop_share":
            return Quantity("fraction", 0, 1)
        case "loop_delay_s" | "return_delay_s":
            return Quantity("seconds", 0, AMOUNT_MAX)
        case "days_past_due":
            return Quantity("day", 0, 36_500)
        case "opened_on":
            return Quantity("moment", DATE_MIN, MOMENT_MAX)
    match FIELDS[name].kind:
        case "money":
            return Quantity("money", amounts[0] if name == "amount" else 0, amounts[1])
        case "moment":
            return Quantity("moment", 0, MOMENT_MAX)
        case "fraction":
            return Quantity("fraction", 0, 1)
        case _:
            return Quantity("number" if name == "weight_g" else "count", 1 if name == "instalments" else 0, AMOUNT_MAX)


def names_in(node: Node) -> set[str]:
    """The fields and features that an expression reads."""
    match node:
        case Name(name) | Missing(name):
            return {name}
        case Equals(field, _, other):
            return {field} if other is None else {field, other}
        case Apply(_, parts):
            return set().union(*(names_in(part) for part in parts))
        case Number():
            return set()
