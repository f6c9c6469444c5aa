"""Thirty rules made from a seed in one neutral form, and rendered in the language of each engine.

The engines differ in what a comparison with a missing value gives: unknown, false or an error. So whatever reads a name
that is missing somewhere in the log first asks whether it is there; then all three say the same. Constants are whole
numbers or halves and quarters, which decimal and binary arithmetic agree on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

RULES: Final = 30
OPERATORS: Final = 8
"""At least so many comparisons, arithmetic operations and connectives a rule."""
SEED: Final = 30
HELD_FRACTION_MAX: Final = 0.02
"""Of the events of the log, for each rule."""
_QUANTILES: Final = (0.8, 0.99)
"""Thresholds lie between these quantiles of what they are compared with."""
WORDS: Final[dict[str, tuple[str, ...]]] = {
    "pay_with": ("credit", "card", "balance"), "goods": ("physical", "virtual"), "channel": ("app", "qr", "web"),
}  # fmt: skip


class Condition(msgspec.Struct, frozen=True, tag=True):
    """One comparison; a name in `guards` may be missing, and then it does not hold."""

    guards: tuple[str, ...]
    op: str
    form: str
    """one: a op c; sum: a + b op c; part: a op c * b; gap: abs(a - b) op c; word: a == word; words: a in words."""
    a: str
    b: str = ""
    c: float = 0.0
    words: tuple[str, ...] = ()

    @property
    def operators(self) -> int:
        """How many there are, with the guards and what ties them on."""
        return {"one": 1, "sum": 2, "part": 2, "gap": 3, "word": 1, "words": 1}[self.form] + 2 * len(self.guards)


class MadeRule(msgspec.Struct, frozen=True):
    """All of `every` hold, and one of `either`."""

    every: tuple[Condition, ...]
    either: tuple[Condition, ...]

    @property
    def operators(self) -> int:
        """How many there are."""
        parts = (*self.every, *self.either)
        return sum(part.operators for part in parts) + len(parts) - 1


class Language(NamedTuple):
    """How an engine writes what the rules are made of."""

    given: str
    absolute: str


OURS: Final = Language("{} is not missing", "abs")
ZEN: Final = Language("{} != null", "abs")
RULE_ENGINE: Final = Language("{} != null", "$abs")


def make_rules(columns: Mapping[str, NDArray[Any]]) -> list[MadeRule]:
    """Rules over named columns of a log: numbers with NaN for missing, and the columns of WORDS with None."""
    maker = _Maker(columns)
    return [maker.rule() for _ in range(RULES)]


class _Maker:
    def __init__(self, columns: Mapping[str, NDArray[Any]]) -> None:
        self.rng = np.random.Generator(np.random.PCG64(SEED))
        self.columns = columns
        self.numbers = [name for name in columns if name not in WORDS]
        self.missing = {
            name for name, values in columns.items()
            if (np.array([v is None for v in values]) if name in WORDS else np.isnan(values)).any()
        }  # fmt: skip
        self.forms: tuple[Callable[[], Condition], ...] = (self._one, self._one, self._sum, self._part, self._gap,
                                                           self._word)  # fmt: skip

    def rule(self) -> MadeRule:
        """A rule that holds for some events, and for few of them."""
        while True:
            made = self._draw()
            if 0 < holds(made, self.columns).mean() <= HELD_FRACTION_MAX:
                return made

    def _draw(self) -> MadeRule:
        """Two alternatives, and as many other conditions as make OPERATORS."""
        either = (self._any(), self._any())
        every: list[Condition] = [self._any()]
        while MadeRule(tuple(every), either).operators < OPERATORS:
            every.append(self._any())
        return MadeRule(tuple(every), either)

    def _any(self) -> Condition:
        return self.forms[self.rng.integers(len(self.forms))]()

    def _pick(self) -> str:
        return self.numbers[self.rng.integers(len(self.numbers))]

    def _guards(self, *names: str) -> tuple[str, ...]:
        return tuple(name for name in dict.fromkeys(names) if name in self.missing)

    def _threshold(self, values: NDArray[np.float64]) -> float:
        return float(np.floor(np.nanquantile(values, self.rng.uniform(*_QUANTILES))))

    def _op(self) -> str:
        return (">=", ">")[self.rng.integers(2)]

    def _one(self) -> Condition:
        a = self._pick()
        return Condition(self._guards(a), self._op(), "one", a, c=self._threshold(self.columns[a]))

    def _sum(self) -> Condition:
        a, b = self._pick(), self._pick()
        c = self._threshold(self.columns[a] + self.columns[b])
        return Condition(self._guards(a, b), self._op(), "sum", a, b, c)

    def _part(self) -> Condition:
        a, b = self._pick(), self._pick()
        return Condition(self._guards(a, b), self._op(), "part", a, b, (0.25, 0.5, 2.0, 4.0)[self.rng.integers(4)])

    def _gap(self) -> Condition:
        a, b = self._pick(), self._pick()
        c = self._threshold(np.abs(self.columns[a] - self.columns[b]))
        return Condition(self._guards(a, b), self._op(), "gap", a, b, c)

    def _word(self) -> Condition:
        a = tuple(WORDS)[self.rng.integers(len(WORDS))]
        words = WORDS[a][: self.rng.integers(1, len(WORDS[a]) + 1)]
        return Condition(self._guards(a), "==", "word" if len(words) == 1 else "words", a, words=words)


def holds(rule: MadeRule, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """For which events of a log a rule holds, in plain numpy."""
    every = [_holds(part, columns) for part in rule.every]
    either = [_holds(part, columns) for part in rule.either]
    held: NDArray[np.bool_] = np.all(every, axis=0) & np.any(either, axis=0)
    return held


def _holds(told: Condition, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    a, b = columns[told.a], columns.get(told.b, np.zeros(1))
    if told.words:
        return np.isin(a.astype(str), told.words)
    # What is missing is NaN, and no comparison with it holds.
    left = {"one": a, "sum": a + b, "part": a - told.c * b, "gap": np.abs(a - b)}[told.form]
    right = 0.0 if told.form == "part" else told.c
    held: NDArray[np.bool_] = left > right if told.op == ">" else left >= right
    return held


def render(rule: MadeRule, language: Language) -> str:
    """A rule in an engine's language."""
    either = " or ".join(f"({_condition(part, language)})" for part in rule.either)
    every = " and ".join(_condition(part, language) for part in rule.every)
    return f"{every} and ({either})"


def _condition(told: Condition, language: Language) -> str:
    a, b, op, c = told.a, told.b, told.op, f"{told.c:g}" if told.c % 1 else str(int(told.c))
    match told.form:
        case "one":
            text = f"{a} {op} {c}"
        case "sum":
            text = f"{a} + {b} {op} {c}"
        case "part":
            text = f"{a} {op} {c} * {b}"
        case "gap":
            text = f"{language.absolute}({a} - {b}) {op} {c}"
        case "word":
            text = f"{a} == '{told.words[0]}'"
        case _:
            text = f"{a} in [{', '.join(repr(word) for word in told.words)}]"
    return " and ".join([*(language.given.format(name) for name in told.guards), text])
