"""Rules found on the first part of a log and judged on the later, with the labels that each part could have known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.errors import InputError, UsageError
from bonafide.core.moment import show_moment
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.rules import TYPOLOGIES
from bonafide.engine.scoring import SCORE_UNIT
from bonafide.lab.chosen_labels import LabelKind, choose_labels
from bonafide.lab.curves import Flags, Floats, Ints
from bonafide.lab.suggest.mine import Found, Searched, Wanted, holds, lowered
from bonafide.lab.suggest.terms import Term
from bonafide.lab.train.figures import main_currency
from bonafide.lab.train.matrix import Matrix

SPLIT_FRACTION: Final = 0.6
"""Of the time of the payments: what lies before is searched."""
WEIGHT_MIN, WEIGHT_MAX = 0.02, 0.9
REASON: Final = "RC04"
LATE_FALL: Final = 0.5
"""A rule whose precision falls below this part of what was asked for on the later part is left out."""


class Asked(NamedTuple):
    """What is searched for."""

    labels: LabelKind = "arrived"
    split_ms: int | None = None
    """None: SPLIT_FRACTION of the time of the payments."""
    typologies: tuple[str, ...] = TYPOLOGIES
    wanted: Wanted = Wanted()


class Counts(NamedTuple):
    """What a rule holds on in one part."""

    own: int
    """Payments of its kind."""
    own_all: int
    """Of all there are."""
    cash_out: int
    """Of any kind."""
    honest: int
    """Honest payments; under labels that arrived those, too, of which nothing is known and no rule makes much."""
    people: int
    """Payers of its cash-out."""
    money: int
    """Of its cash-out, in minor units of the main currency."""

    @property
    def precision(self) -> float | None:
        """Share of cash-out, of any kind, among what it holds on."""
        whole = self.cash_out + self.honest
        return self.cash_out / whole if whole else None

    @property
    def own_precision(self) -> float | None:
        """Share of its own kind beside the honest."""
        whole = self.own + self.honest
        return self.own / whole if whole else None

    @property
    def recall(self) -> float | None:
        """Share of its kind that it holds on."""
        return self.own / self.own_all if self.own_all else None


class Suggested(NamedTuple):
    """A rule, and how it did."""

    id: str
    typology: str
    found: Found
    weight: float
    reason: str
    early: Counts
    late: Counts


class Suggestions(NamedTuple):
    """What was found."""

    rules: list[Suggested]
    fell_apart: list[Suggested]
    """Rules that did not hold up on the later part, which are left out."""
    too_few: dict[str, int]
    """Kinds with fewer known payments in the first part than a rule needs, and how many."""
    none: list[str]
    """Kinds of which no rule was found."""
    split: str
    labels: LabelKind
    payments: tuple[int, int]
    """Of the first part and of the later."""
    currency: str | None


class Part(NamedTuple):
    """Payments of a part with what was known of them."""

    rows: Ints
    """Their numbers in the matrix."""
    bad: Flags
    honest: Flags
    kind: pl.Series
    """Typology of cash-out; null else."""


def suggest(
    matrix: Matrix, terms: Sequence[Term], truth: pl.DataFrame, bundle: Bundle, asked: Asked,
    progress: Callable[[float, float], None] = lambda done, total: None,
) -> Suggestions:  # fmt: skip
    """Search the first part of a log for rules of each kind, and keep those that hold up on the later part.

    matrix: the payments as `terms.reading` has them. Raises UsageError for a split outside the log and an unknown kind,
    InputError for a truth without kinds.
    """
    if "typology" not in truth.columns:
        raise InputError("missing-field", "the truth table has no column typology, so no kind can be told", "typology")
    if not matrix.n:
        raise UsageError("the log has no payments, so there is nothing to learn from")
    times = matrix.rows["time_ms"].to_numpy()
    split = asked.split_ms or int(times.min() + SPLIT_FRACTION * (times.max() - times.min()))
    if not times.min() < split <= times.max():
        raise UsageError(f"--split {show_moment(split)}: no payments lie before or after it")
    calm = -np.expm1(-matrix.evidence) * SCORE_UNIT < (bundle.policy.line_e6 or SCORE_UNIT)
    early = part_of(matrix, truth, np.flatnonzero(times < split), calm, asked.labels, split)
    late = part_of(matrix, truth, np.flatnonzero(times >= split), calm, asked.labels, matrix.last_ms)
    payer = matrix.rows["user_id"].rank("dense").cast(pl.Int64).fill_null(-1).to_numpy()
    money = _money(matrix)
    x = matrix.x[early.rows]
    searched = Searched(terms, x, early.bad, early.honest)
    rules: list[Suggested] = []
    too_few: dict[str, int] = {}
    for number, typology in enumerate(asked.typologies):
        kind = (early.kind == typology).fill_null(value=False).to_numpy()
        if kind.sum() < asked.wanted.cash_out_min:
            too_few[typology] = int(kind.sum())
        else:
            for found in searched.find(kind, payer[early.rows], asked.wanted):
                rules.append(_suggested(matrix, (early, late), payer, money, typology, found, rules, terms, bundle))
        progress(number + 1, len(asked.typologies))
    kept = _unlike([rule for rule in rules if _holds_up(rule, asked.wanted)])
    there = {rule.typology for rule in kept} | set(too_few)
    return Suggestions(
        kept, [rule for rule in rules if not _holds_up(rule, asked.wanted)], too_few,
        [name for name in asked.typologies if name not in there],
        show_moment(split), asked.labels, (len(early.rows), len(late.rows)), main_currency(matrix.rows),
    )  # fmt: skip


def part_of(
    matrix: Matrix, truth: pl.DataFrame, rows: Ints, calm: Flags, labels: LabelKind, known_by_ms: int
) -> Part:  # fmt: skip
    """Some payments with what was known of them by a moment.

    Of most payments nobody ever hears anything. Under labels that arrived those of them that are `calm`, of which no
    rule makes much, count as honest; the others count neither way, since most cash-out is never found out.
    """
    told = choose_labels(truth, labels, known_by_ms if labels == "arrived" else None).frame
    beside = matrix.rows[rows].select("event_id").join(told, on="event_id", how="left", maintain_order="left")
    bad = beside["bad"].fill_null(value=False).to_numpy()
    unknown = beside["bad"].is_null().to_numpy()
    honest = ~bad & (~unknown | (calm[rows] if labels == "arrived" else False))
    return Part(rows, bad, honest, beside.select(pl.when("bad").then("typology")).to_series())


def counts(matrix: Matrix, part: Part, held: Flags, typology: str, payer: Ints, money: Ints) -> Counts:
    """What a rule that holds on `held` (of the part's payments) comes to."""
    kind = (part.kind == typology).fill_null(value=False).to_numpy()
    bad = held & part.bad
    return Counts(
        int((held & kind).sum()), int(kind.sum()), int(bad.sum()), int((held & part.honest).sum()),
        int(np.unique(payer[part.rows[bad]]).size), int(money[part.rows[bad]].sum()),
    )  # fmt: skip


def _suggested(
    matrix: Matrix, parts: tuple[Part, Part], payer: Ints, money: Ints, typology: str, found: Found,
    rules: Sequence[Suggested], terms: Sequence[Term], bundle: Bundle,
) -> Suggested:  # fmt: skip
    early, late = (
        counts(matrix, part, holds(found.conditions, matrix.x[part.rows]), typology, payer, money) for part in parts
    )
    taken = {rule.id for rule in rules} | {rule.id for rule in bundle.rules}
    number = 1
    while (name := f"S-{typology.upper().replace('_', '-')}-{number}") in taken:
        number += 1
    # Both parts speak for the weight, and it is the lower end of what they say: few payments make a light rule.
    cash_out, honest = early.cash_out + late.cash_out, early.honest + late.honest
    weight = min(max(lowered(cash_out, cash_out + honest), WEIGHT_MIN), WEIGHT_MAX)
    return Suggested(name, typology, found, round(weight, 2), _reason(found, terms, typology, bundle), early, late)


def _unlike(rules: Sequence[Suggested]) -> list[Suggested]:
    """Of rules with the same condition the one that holds on most of its kind."""
    best: dict[str, Suggested] = {}
    for rule in rules:
        other = best.get(rule.found.text)
        if other is None or (rule.late.recall or 0.0) > (other.late.recall or 0.0):
            best[rule.found.text] = rule
    return [rule for rule in rules if best[rule.found.text] is rule]


def _holds_up(rule: Suggested, wanted: Wanted) -> bool:
    """Whether a rule does later what it did early. One that holds on none of its kind later is left out, too, where
    there was enough of it."""
    if rule.late.own == 0 and rule.late.own_all >= wanted.cash_out_min:
        return False
    if rule.late.precision is None:
        return True
    return rule.late.precision >= LATE_FALL * wanted.precision_min


def _reason(found: Found, terms: Sequence[Term], typology: str, bundle: Bundle) -> str:
    """The code that the payer is told: of what a condition reads, else of the bundle's rules of the same kind."""
    told = [terms[one.term].reason for one in found.conditions if one.op]
    own = [rule.reason for rule in bundle.rules if rule.typology == typology]
    known = [code for code in (*told, *own, REASON, *bundle.reasons) if code in bundle.reasons]
    return known[0] if known else REASON


def _money(matrix: Matrix) -> Ints:
    main = main_currency(matrix.rows)
    amount = pl.when(pl.col("currency") == pl.lit(main, pl.String)).then("amount").otherwise(0)
    return matrix.rows.select(amount.fill_null(0).cast(pl.Int64)).to_series().to_numpy()


def fired(rule: Suggested, matrix: Matrix, truth: pl.DataFrame) -> list[str]:
    """Ids of cash-out payments that a rule holds on, in the order of the log."""
    held = matrix.rows.filter(pl.Series(hits_of(rule, matrix.x))).select("event_id")
    bad = truth.filter(pl.col("label") == 1).select("event_id")
    return held.join(bad, on="event_id", how="semi", maintain_order="left")["event_id"].to_list()


def hits_of(rule: Suggested, x: Floats) -> Flags:
    """Which payments a rule holds on."""
    return holds(rule.found.conditions, x)
