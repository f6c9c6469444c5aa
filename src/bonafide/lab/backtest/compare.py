"""Streams side by side: every figure of a back-test."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from bonafide.core.decision import OUTCOMES
from bonafide.core.errors import UsageError
from bonafide.lab.backtest.facts import CASH_OUT, Facts, facts_about
from bonafide.lab.backtest.judged import judge_all
from bonafide.lab.backtest.rules import RulesTold, tell_rules
from bonafide.lab.backtest.streams import Stream, Streams
from bonafide.lab.backtest.swaps import swap_set
from bonafide.lab.backtest.told import Backtest, BundleTold, Days, Judged
from bonafide.lab.chosen_labels import Labels, choose_labels
from bonafide.lab.intervals import Progress
from bonafide.lab.metrics import BUDGET_FRACTION
from bonafide.lab.report import numbers

RESAMPLES: Final = 200
_LADDER: Final = (
    "outcomes are compared; measures that depend on what was decided before follow only from a full replay of a bundle"
)


def compare(
    told: Streams, labels: Labels | None = None, *, budget_per_day: int | None = None, resamples: int = RESAMPLES,
    seed: int = 0, read: int | None = None, cached: bool = False, notes: tuple[str, ...] = (),
    progress: Progress = lambda done, total: None,
) -> Backtest:  # fmt: skip
    """Every figure of decision streams over one log.

    `labels` are those that judge, or else those that came with the log; without any, nothing is judged. `read` is how
    many records the log has. `budget_per_day` is how many alerts people can look at on a UTC day; None gives 0.5 % of
    the payments of an average day, at least 1. Raises UsageError for a budget below 1.
    """
    if budget_per_day is not None and budget_per_day < 1:
        raise UsageError(f"a budget of {budget_per_day} alerts a day is none; give at least 1")
    if labels is None and told.labels is not None and told.labels.height:
        labels = choose_labels(told.labels.unique("event_id", keep="first"), "latent", None)
    facts = facts_about(told.events, labels)
    budget = budget_per_day or _default_budget(facts)
    judged: list[Judged | None] = [None] * len(told.streams)
    drawn = 0
    if facts.entities:
        found, drawn = judge_all(facts, told.streams, resamples, seed, progress)
        judged = [*found]
    rules = [tell_rules(facts, stream) for stream in told.streams]
    bundles = [
        _bundle(facts, stream, budget, one, of) for stream, one, of in zip(told.streams, judged, rules, strict=True)
    ]
    n, span = told.events.height, _span(facts)
    return Backtest(
        events=n if read is None else read, decided=n,
        first_day=numbers.date(span[0]) if span else None,
        last_day=numbers.date(span[1]) if span else None,
        currency=facts.currency, budget_per_day=budget, labels=facts.kind, labelled=int(facts.labelled.sum()),
        cash_out=int((facts.label == CASH_OUT).sum()), payers=facts.entities, resamples=drawn, bundles=bundles,
        swap_sets=[swap_set(facts, told.champion, other) for other in told.streams[1:]], cached=cached,
        notes=[*notes, *_notes(told, facts, labels, rules)],
    )  # fmt: skip


def _default_budget(facts: Facts) -> int:
    span, payments = _span(facts), int(facts.is_payment.sum())
    return 1 if span is None else max(1, math.floor(BUDGET_FRACTION * payments / (span[1] - span[0] + 1) + 0.5))


def _bundle(facts: Facts, stream: Stream, budget: int, judged: Judged | None, rules: RulesTold) -> BundleTold:
    outcomes, decided = stream.outcomes, stream.decided
    counts = np.bincount(outcomes[decided], minlength=len(OUTCOMES))
    money = np.bincount(outcomes[decided], facts.money[decided].astype(np.float64), minlength=len(OUTCOMES))
    return BundleTold(
        name=stream.name, hash=stream.hash, how=stream.how, apart=stream.apart, decided=int(decided.sum()),
        by_outcome={o: int(n) for o, n in zip(OUTCOMES, counts, strict=True)},
        money_by_outcome={o: int(n) for o, n in zip(OUTCOMES, money, strict=True)},
        alerts=int(stream.alerts.sum()), days=_days(facts, stream, budget), judged=judged, rules=rules.rules,
        never=rules.never, overlaps=rules.overlaps, digest=stream.digest, decisions=stream.decisions,
    )  # fmt: skip


def _span(facts: Facts) -> tuple[int, int] | None:
    """First and last day of the payments; of all that is decided on where there is no payment. Merchants may have
    applied long before anybody paid."""
    days = facts.day[facts.is_payment] if facts.is_payment.any() else facts.day
    return (int(days.min()), int(days.max())) if len(days) else None


def _days(facts: Facts, stream: Stream, budget: int) -> Days:
    span = _span(facts)
    if span is None:
        return Days([], 0.0, 0, 0, 0)
    first, last = span
    days = facts.day[stream.alerts]
    alerts = np.bincount(days[(days >= first) & (days <= last)] - first, minlength=last - first + 1).tolist()
    waiting = 0
    for count in alerts:
        waiting = max(0, waiting + count - budget)
    return Days(alerts, sum(alerts) / len(alerts), max(alerts), sum(n > budget for n in alerts), waiting)


def _notes(told: Streams, facts: Facts, labels: Labels | None, rules: list[RulesTold]) -> list[str]:
    notes = [_LADDER]
    for stream in told.streams:
        if stream.apart is not None:
            notes.append(f"{stream.name} walked the log on its own: {stream.apart}")
    notes += [
        f"{stream.name}: what each rule adds is not told, because its policy or what it scores by decides by more "
        f"than rules and score; replay the bundle without the rule instead"
        for stream, of in zip(told.streams, rules, strict=True) if stream.bundle is not None and not of.whole
    ]  # fmt: skip
    if labels is None:
        notes.append("no labels were given, so nothing says which alerts are right; give --truth")
    elif labels.kind == "arrived":
        notes.append("judged by the labels that had arrived, which are no sample of all payments")
    others = 0 if facts.currency is None else int((facts.events["currency"].drop_nulls() != facts.currency).sum())
    if others:
        notes.append(f"{others:,} events in other currencies are left out of every sum of money")
    return notes
