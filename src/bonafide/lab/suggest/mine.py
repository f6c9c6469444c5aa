"""A beam search for short conjunctions: which few conditions hold on much of one kind of cash-out and on little else.

Every number is cut at a few places that people would write, found among its own quantiles; a conjunction is grown by
one condition at a time, and the best so many of each length go on. Which payments a condition holds on is a bit for
each, so that a million conjunctions are counted in seconds. After a rule is found, what it holds on counts for less, so
that the next one is about the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.lab.curves import Flags, Floats, Ints
from bonafide.lab.suggest.terms import Term, rounded, shown

GUARD: Final = "type == 'payment'"
"""What every rule begins with: only payments were looked at."""
CONDITIONS_MAX: Final = 3
"""Besides guards."""
BEAM: Final = 24
TRIED: Final = 160
"""Of each step, so many of the best are looked at for how many people they are about."""
HONEST_MAX: Final = 120_000
"""Honest payments that a search looks at; of more, so many are drawn evenly over time."""
FRESH_MIN: Final = 1.0
"""Payers that a rule must add to those that the rules before it hold on."""
LONGER_BY: Final = 1.02
"""How much better a rule must be than a shorter one."""
HELD_BEFORE: Final = 0.25
"""What a cash-out payment counts for that an earlier rule of its kind holds on."""
OWN_POWER: Final = 0.25
"""How much it counts that what a rule holds on is of the kind that is searched for, and not of others: 0 not at all."""
_QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
_TAILS: Final = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_Z: Final = 1.0
"""Standard errors by which a precision that few payments speak for is lowered."""

Bits = NDArray[np.uint8]


class Condition(NamedTuple):
    """One condition."""

    term: int
    """Its number among the terms."""
    op: str
    """>=, <= or nothing, where the term is a condition itself."""
    value: float
    text: str
    guards: tuple[str, ...] = ()
    """As those of the term."""


class Found(NamedTuple):
    """A conjunction, best first within its kind."""

    conditions: tuple[Condition, ...]
    cash_out: int
    """Payments of the kind that it holds on."""
    honest: float
    """About so many honest ones."""
    people: int
    """Payers of those payments."""

    @property
    def text(self) -> str:
        """As `when` of a rule on payments."""
        guards = dict.fromkeys(guard for condition in self.conditions for guard in condition.guards)
        return " and ".join([GUARD, *guards, *(condition.text for condition in self.conditions)])


@dataclass(frozen=True)
class Wanted:
    """What a rule must be."""

    precision_min: float = 0.5
    cash_out_min: int = 5
    """Payments of the kind that it must hold on, in the part that is searched."""
    people_min: int = 2
    """Payers of them."""
    rules_max: int = 3
    """For each kind."""


class Searched:
    """The honest payments of a search, and everything that can be said of a payment."""

    def __init__(self, terms: Sequence[Term], x: Floats, bad: Flags, honest: Flags) -> None:
        """x: n x terms; bad: n, cash-out of any kind; honest: n."""
        which = np.flatnonzero(honest)
        if len(which) > HONEST_MAX:
            which = which[np.linspace(0, len(which) - 1, HONEST_MAX).astype(np.int64)]
        self._scale = honest.sum() / max(len(which), 1)
        self._terms, self._x, self._bad = terms, x, bad
        self._people = np.zeros((0, 0), dtype=np.float32)
        """Payments of the kind x their payers."""
        self._rest: Bits = np.zeros((0, 0), dtype=np.uint8)
        """Conditions x bytes, of the cash-out of other kinds than the one that is searched for."""
        self.conditions = conditions_of(terms, x[which], x[bad])
        self._honest = _bits(self.conditions, x[which])
        self._honest_count = len(which)

    def find(self, kind: Flags, payer: Ints, wanted: Wanted) -> list[Found]:
        """Rules for one kind of cash-out: those that hold on most that the ones before do not."""
        rows = np.flatnonzero(kind)
        payers, held = payer[rows], _bits(self.conditions, self._x[rows])
        self._rest = _bits(self.conditions, self._x[self._bad & ~kind])
        found: list[Found] = []
        _, number, many = np.unique(payers, return_inverse=True, return_counts=True)
        worth = 1.0 / many[number]  # every payer counts once, however often they paid
        self._people = np.eye(len(many), dtype=np.float32)[number]
        fresh = worth.copy()
        while len(found) < wanted.rules_max:
            best = self._best(held, worth, fresh, wanted)
            if best is None:
                break
            found.append(best[0])
            worth[best[1]] *= HELD_BEFORE
            fresh[best[1]] = 0.0
        return found

    def _best(
        self, held: Bits, worth: Floats, fresh: Floats, wanted: Wanted
    ) -> tuple[Found, Ints] | None:  # fmt: skip
        """The best rule and what it holds on; worth: what each payment counts for, fresh: where no rule holds yet."""
        n = len(worth)
        everything = (_ones(n), _ones(self._honest_count))
        beam: list[tuple[tuple[int, ...], Bits, Bits]] = [((), *everything)]
        best: tuple[float, Found, Ints] | None = None
        for _ in range(CONDITIONS_MAX):
            grown: dict[bytes, tuple[float, tuple[int, ...], Bits, Bits]] = {}
            for chosen, mine, others in beam:
                counted = self._scored(chosen, held & mine, self._honest & others, worth, wanted.people_min)
                for score, condition in counted:
                    both = held[condition] & mine
                    beyond = self._honest[condition] & others
                    # The same payments by other words are the same rule; the shorter or earlier one stands.
                    grown.setdefault(both.tobytes() + beyond.tobytes(), (score, (*chosen, condition), both, beyond))
            ranked = sorted(grown.values(), key=lambda one: (-one[0], one[1]))
            beam = [(chosen, mine, others) for _, chosen, mine, others in ranked[:BEAM]]
            for score, chosen, mine, others in ranked:
                if best is not None and score <= best[0] * LONGER_BY:
                    continue
                told, places = self._told(chosen, mine, others, n), _places(mine, n)
                good = told.cash_out >= wanted.cash_out_min and _precision(told) >= wanted.precision_min
                if good and fresh[places].sum() >= FRESH_MIN - 1e-9:
                    best = score, told, places
        return None if best is None else best[1:]

    def _scored(
        self, chosen: tuple[int, ...], held: Bits, honest: Bits, worth: Floats, people_min: int
    ) -> list[tuple[float, int]]:  # fmt: skip
        """The best conditions to add, each with what the longer conjunction is worth."""
        each = np.unpackbits(held, axis=1, count=len(worth))
        weighed, people = each @ worth, (each.astype(np.float32) @ self._people > 0).sum(axis=1)
        counted = np.bitwise_count(held).sum(axis=1, dtype=np.int64)
        against = np.bitwise_count(honest).sum(axis=1, dtype=np.int64) * self._scale
        rest = np.bitwise_count(self._rest & self._rest_of(chosen)).sum(axis=1, dtype=np.int64)
        own = counted / np.maximum(counted + rest, 1)
        # The payments of one payer are much alike, so a precision is as sure as there are payers.
        alike = np.maximum(people, 1) / np.maximum(counted, 1)
        precision = _lowered(people, np.maximum(people, (counted + against) * alike))
        score = precision * np.sqrt(weighed / max(worth.sum(), 1e-9)) * own**OWN_POWER
        taken = {(self.conditions[i].term, self.conditions[i].op) for i in chosen}
        about = [self._terms[self.conditions[i].term].about for i in chosen]
        score[people < people_min] = 0.0
        order = np.argsort(-score, kind="stable")[: TRIED * 2].tolist()
        told: list[tuple[float, int]] = []
        for i in order:
            one = self.conditions[i]
            repeats = (one.term, one.op) in taken or any(self._terms[one.term].about == names for names in about)
            if score[i] > 0 and not repeats:
                told.append((float(score[i]), i))
        return told[:TRIED]

    def _rest_of(self, chosen: tuple[int, ...]) -> Bits:
        """Cash-out of other kinds on which all of these hold."""
        held = np.full(self._rest.shape[1], 255, dtype=np.uint8)
        for i in chosen:
            held &= self._rest[i]
        return held

    def _told(self, chosen: tuple[int, ...], mine: Bits, others: Bits, n: int) -> Found:
        conditions = tuple(sorted((self.conditions[i] for i in chosen), key=lambda c: (c.op != "", c.text)))
        places = _places(mine, n)
        honest = float(np.bitwise_count(others).sum()) * self._scale
        return Found(conditions, len(places), honest, int(self._people[places].any(axis=0).sum()))


def holds(conditions: Sequence[Condition], x: Floats) -> Flags:
    """Which rows (n x terms) a conjunction holds on."""
    held: Flags = np.ones(len(x), dtype=np.bool_)
    for one in conditions:
        held &= _holds(one, x[:, one.term])
    return held


def conditions_of(terms: Sequence[Term], honest: Floats, bad: Floats) -> list[Condition]:
    """Conditions worth trying: each number cut where few honest payments lie beyond, and where cash-out lies."""
    found: list[Condition] = []
    for number, term in enumerate(terms):
        if term.kind == "condition":
            found.append(Condition(number, "", 1.0, term.text, term.guards))
            continue
        own, theirs = honest[:, number], bad[:, number]
        own, theirs = own[~np.isnan(own)], theirs[~np.isnan(theirs)]
        if not len(own) or not len(theirs):
            continue
        middle = np.quantile(theirs, _QUANTILES)
        for op, tails in ((">=", _TAILS), ("<=", tuple(1 - t for t in _TAILS))):
            cuts = {rounded(float(v), term.kind) for v in (*np.quantile(own, tails), *middle)}
            for cut in sorted(cuts):
                share = np.mean(own >= cut) if op == ">=" else np.mean(own <= cut)
                if share < 0.9 and not (op == ">=" and cut <= own.min()):
                    found.append(Condition(number, op, cut, f"{term.text} {op} {shown(cut)}", term.guards))
    return found


def _holds(one: Condition, values: Floats) -> Flags:
    if one.op == "<=":
        return np.asarray(values <= one.value)
    return np.asarray(values >= one.value)


def _bits(conditions: Sequence[Condition], x: Floats) -> Bits:
    """Conditions x bytes: a bit for each row that a condition holds on."""
    rows = [np.packbits(_holds(one, x[:, one.term])) for one in conditions]
    return np.stack(rows) if rows else np.zeros((0, -(-len(x) // 8)), dtype=np.uint8)


def _ones(n: int) -> Bits:
    return np.packbits(np.ones(n, dtype=np.bool_))


def _places(bits: Bits, n: int) -> Ints:
    return np.flatnonzero(np.unpackbits(bits, count=n))


def _precision(told: Found) -> float:
    return told.cash_out / (told.cash_out + told.honest) if told.cash_out else 0.0


def _lowered(part: NDArray[np.int64], whole: Floats) -> Floats:
    """The lower end of a share that few speak for (Wilson, 1927)."""
    whole = np.maximum(whole, 1e-9)
    share = part / whole
    middle = share + _Z * _Z / (2 * whole)
    half = _Z * np.sqrt(share * (1 - share) / whole + _Z * _Z / (4 * whole * whole))
    return np.maximum((middle - half) / (1 + _Z * _Z / whole), 0.0)


def lowered(part: int, whole: float) -> float:
    """The same of one share; 0 of nothing."""
    return float(_lowered(np.array([part]), np.array([whole]))[0]) if whole and math.isfinite(whole) else 0.0
