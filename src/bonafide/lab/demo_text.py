"""The first screen of the demo: in money, what was caught, what slipped through, and whom it disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import TextWrapper
from typing import Any, Final

import polars as pl

from bonafide.core.decision import OUTCOMES
from bonafide.core.money import show_money
from bonafide.engine.bundle import Bundle
from bonafide.lab.metrics import Evaluation
from bonafide.lab.report.words import kind_name
from bonafide.lab.summary import Summary

WIDTH: Final = 100
"""Columns of a terminal that the text fits in; only a very long id may go beyond."""
_ALERTED: Final = OUTCOMES[OUTCOMES.index("verify") :]
_BAR: Final = 30
_EXAMPLE: Final = TextWrapper(
    WIDTH, initial_indent="  ", subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
)


def demo_text(
    summary: Summary, judged: Evaluation, decisions: pl.DataFrame, truth: pl.DataFrame, bundle: Bundle
) -> str:
    """What a person should see first, about thirty lines."""
    currency = judged.currency or bundle.settings.currency
    caught, missed = judged.money_caught, judged.money_missed
    parts = [
        [
            f"{summary.read:,} events read, {summary.decided:,} decided in {summary.seconds:.1f} s",
            f"{judged.n:,} payments, {judged.positives:,} of them cash-out worth "
            f"{show_money(caught + missed, currency)}",
        ],
        [
            _bar("caught", caught, caught + missed, currency),
            _bar("slipped through", missed, caught + missed, currency),
        ],
        _schemes(judged),
        _friction(judged, decisions, truth, currency),
        _lookalikes(judged),
        ["The largest that was caught, and what its payer is told:", *_example(decisions, truth, bundle)],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def largest_caught(decisions: pl.DataFrame, truth: pl.DataFrame) -> dict[str, Any] | None:
    """The decision on the largest cash-out payment that was caught; None where none was."""
    bad = decisions.join(truth.filter(pl.col("label") == 1).select("event_id"), on="event_id", how="semi")
    caught = bad.filter(pl.col("outcome").is_in(_ALERTED)).sort("amount", "seq", descending=[True, False])
    return next(caught.iter_rows(named=True), None)


def _bar(label: str, part: int, whole: int, currency: str) -> str:
    fraction = part / whole if whole else 0.0
    bar = "█" * round(_BAR * fraction)
    return f"  {label:<16}{bar:<{_BAR}} {100 * fraction:>3.0f} %  {show_money(part, currency):>18}"


def _schemes(judged: Evaluation) -> list[str]:
    """The share of each scheme's money that was caught, the largest first."""
    shares = {name: kind.money_caught / kind.money for name, kind in judged.per_typology.items() if kind.money}
    cells = [
        f"{name.replace('_', ' '):<18}{100 * share:>5.0f}"
        for name, share in sorted(shares.items(), key=lambda kind: (-kind[1], kind[0]))
    ]
    return ["Of each scheme's money it caught, in percent:", *_columns(cells, 4)] if cells else []


def _friction(judged: Evaluation, decisions: pl.DataFrame, truth: pl.DataFrame, currency: str) -> list[str]:
    """Whom it disturbed, in payments, people and money."""
    honest = truth.filter(pl.col("label") == 0).select("event_id")
    disturbed = decisions.filter(pl.col("type") == "payment", pl.col("outcome").is_in(_ALERTED)).join(
        honest, on="event_id", how="semi"
    )
    return [
        "Honest people disturbed (asked to verify, held or declined):",
        f"  {disturbed['user_id'].n_unique():,} people, {disturbed.height:,} of "
        f"{judged.n - judged.positives:,} honest payments ({judged.honest_disturbed_per_10000 or 0.0:.1f} in 10,000), "
        f"worth {show_money(judged.honest_money_disturbed, currency)}",
    ]


def _lookalikes(judged: Evaluation) -> list[str]:
    """How each kind of honest trade that looks like cash-out fared, in two columns."""
    cells = [
        f"{kind_name(name, 'en'):<29}{alike.n:>8,}{alike.disturbed:>10,}"
        for name, alike in sorted(judged.per_hard_negative.items(), key=lambda kind: (-kind[1].disturbed, kind[0]))
    ]
    if not cells:
        return []
    head, half = f"{'honest, but looks alike':<29}{'payments':>8}{'disturbed':>10}", (len(cells) + 1) // 2
    left, right = [head, *cells[:half]], [head, *cells[half:]]
    return _columns([*left, *right], 2) if len(right) > 1 else _columns(left, 1)


def _columns(cells: Sequence[str], count: int) -> list[str]:
    """Cells side by side, to be read down one column after the other."""
    rows = -(-len(cells) // count)
    return ["  " + "  ".join(cells[row::rows]) for row in range(rows)]


def _example(decisions: pl.DataFrame, truth: pl.DataFrame, bundle: Bundle) -> list[str]:
    row = largest_caught(decisions, truth)
    if row is None:
        return ["  none"]
    told = f"{row['outcome']} {row['event_id']}, {show_money(row['amount'], row['currency'])}: "
    return [
        *_EXAMPLE.wrap(told + ", ".join(row["hits"])),
        *(f"      {bundle.reasons[code].en} / {bundle.reasons[code].zh}" for code in row["reasons"]),
    ]
