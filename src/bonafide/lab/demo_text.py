"""The first screen of the demo: in money, what was caught, what slipped through, and whom it disturbed."""

from __future__ import annotations

from textwrap import TextWrapper
from typing import Final

import polars as pl

from bonafide.core.decision import OUTCOMES
from bonafide.core.money import show_money
from bonafide.engine.bundle import Bundle
from bonafide.lab.metrics import Evaluation
from bonafide.lab.summary import Summary

EXAMPLES: Final = 3
WIDTH: Final = 100
"""Columns of a terminal that the text fits in; only a very long id may go beyond."""
_BAR: Final = 30
_EXAMPLE: Final = TextWrapper(
    WIDTH, initial_indent="  ", subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
)


def demo_text(
    summary: Summary, judged: Evaluation, decisions: pl.DataFrame, truth: pl.DataFrame, bundle: Bundle
) -> str:
    """What a person should see first, about forty lines."""
    currency = judged.currency or bundle.settings.currency
    caught, missed = judged.money_caught, judged.money_missed
    lines = [
        f"{summary.read:,} events read, {summary.decided:,} decided in {summary.seconds:.1f} s",
        f"{judged.n:,} payments, {judged.positives:,} of them cash-out worth {show_money(caught + missed, currency)}",
        "",
        _bar("caught", caught, caught + missed, currency),
        _bar("slipped through", missed, caught + missed, currency),
        "",
        *_friction(judged, currency),
        "",
        f"{'cash-out scheme':<28}{'payments':>9}{'caught':>9}{'share':>8}{'worth':>18}{'of it caught':>18}",
    ]
    for name, scheme in sorted(judged.per_typology.items()):
        money = f"{show_money(scheme.money, currency):>18}{show_money(scheme.money_caught, currency):>18}"
        lines.append(f"{name:<28}{scheme.n:>9,}{scheme.alerted:>9,}{100 * scheme.recall:>6.0f} %{money}")
    if judged.per_hard_negative:
        lines += ["", f"{'honest, but looks alike':<28}{'payments':>9}{'disturbed':>11}"]
        for name, alike in sorted(judged.per_hard_negative.items()):
            lines.append(f"{name:<28}{alike.n:>9,}{alike.disturbed:>11,}")
    lines += ["", "Some that were caught, and what the payer is told:", *_examples(decisions, truth, bundle)]
    return "\n".join(lines)


def _bar(label: str, part: int, whole: int, currency: str) -> str:
    fraction = part / whole if whole else 0.0
    bar = "█" * round(_BAR * fraction)
    return f"  {label:<16}{bar:<{_BAR}} {100 * fraction:>3.0f} %  {show_money(part, currency):>18}"


def _friction(judged: Evaluation, currency: str) -> list[str]:
    honest = judged.n - judged.positives
    per_10000 = judged.honest_disturbed_per_10000 or 0.0
    return [
        "Honest payments disturbed (asked to verify, held or declined):",
        f"  {round(per_10000 * honest / 10_000):,} of {honest:,} ({per_10000:.1f} in 10,000), "
        f"worth {show_money(judged.honest_money_disturbed, currency)}",
    ]


def _examples(decisions: pl.DataFrame, truth: pl.DataFrame, bundle: Bundle) -> list[str]:
    """The largest caught cash-out payment of each of some sets of reasons."""
    bad = decisions.join(truth.filter(pl.col("label") == 1).select("event_id"), on="event_id", how="semi")
    caught = bad.filter(pl.col("outcome").is_in(OUTCOMES[OUTCOMES.index("verify") :]))
    largest = caught.sort("amount", "seq", descending=[True, False]).unique(
        "reasons", keep="first", maintain_order=True
    )
    lines = []
    for row in largest.head(EXAMPLES).iter_rows(named=True):
        told = f"{row['outcome']} {row['event_id']}, {show_money(row['amount'], row['currency'])}: "
        lines += _EXAMPLE.wrap(told + ", ".join(row["hits"]))
        lines += [f"      {bundle.reasons[code].en} / {bundle.reasons[code].zh}" for code in row["reasons"]]
    return lines or ["  none"]
