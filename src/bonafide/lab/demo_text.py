"""The first screen of the demo: in money, what was caught, what slipped through, and whom it disturbed."""

from __future__ import annotations

from typing import Final

import polars as pl

from bonafide.core.decision import OUTCOMES
from bonafide.core.money import show_money
from bonafide.engine.bundle import Bundle
from bonafide.lab.metrics import Evaluation
from bonafide.lab.replay import Summary

EXAMPLES: Final = 3
_BAR: Final = 30


def demo_text(summary: Summary, judged: Evaluation, decisions: pl.DataFrame, truth: pl.DataFrame, bundle: Bundle) -> str:
    """What a person should see first, about thirty lines."""
    currency = judged.currency
    caught, missed = judged.money_caught, judged.money_missed
    honest = judged.n - judged.positives
    disturbed = round((judged.honest_disturbed_per_10000 or 0) * honest / 10_000)
    lines = [
        f"{summary.read:,} events read, {summary.decided:,} decided in {summary.seconds:.1f} s",
        f"{judged.n:,} payments, {judged.positives:,} of them cash-out worth {show_money(caught + missed, currency)}",
        "",
        _bar("caught", caught, caught + missed, currency),
        _bar("slipped through", missed, caught + missed, currency),
        "",
        f"Honest trade asked to verify or held: {disturbed:,} of {honest:,} payments"
        f" ({judged.honest_disturbed_per_10000 or 0:.1f} in 10,000), {show_money(judged.honest_money_disturbed, currency)}",
        "",
        f"{'cash-out scheme':<28}{'payments':>9}{'caught':>9}{'share':>8}",
    ]
    for name, figures in sorted(judged.per_typology.items()):
        lines.append(f"{name:<28}{figures.n:>9,}{figures.alerted:>9,}{100 * figures.recall:>7.0f} %")
    if judged.per_hard_negative:
        lines += ["", f"{'honest, but looks alike':<28}{'payments':>9}{'disturbed':>11}"]
        for name, honest_figures in sorted(judged.per_hard_negative.items()):
            lines.append(f"{name:<28}{honest_figures.n:>9,}{honest_figures.disturbed:>11,}")
    lines += ["", "Some that were caught, and what the payer is told:", *_examples(decisions, truth, bundle)]
    return "\n".join(lines)


def _bar(label: str, part: int, whole: int, currency: str) -> str:
    fraction = part / whole if whole else 0.0
    return f"  {label:<16}{'█' * round(_BAR * fraction):<{_BAR}} {100 * fraction:>3.0f} %  {show_money(part, currency)}"


def _examples(decisions: pl.DataFrame, truth: pl.DataFrame, bundle: Bundle) -> list[str]:
    """The largest caught cash-out payment of each of some sets of reasons."""
    bad = decisions.join(truth.filter(pl.col("label") == 1).select("event_id"), on="event_id", how="semi")
    caught = bad.filter(pl.col("outcome").is_in(OUTCOMES[OUTCOMES.index("verify") :]))
    largest = caught.sort("amount", "seq", descending=[True, False]).unique("reasons", keep="first", maintain_order=True)
    lines = []
    for row in largest.head(EXAMPLES).iter_rows(named=True):
        hits = ", ".join(row["hits"])
        lines.append(f"  {row['outcome']} {row['event_id']}, {show_money(row['amount'], row['currency'])}: {hits}")
        lines += [f"      {bundle.reasons[code].en} / {bundle.reasons[code].zh}" for code in row["reasons"]]
    return lines or ["  none"]
