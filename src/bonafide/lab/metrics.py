"""What `bonafide evaluate` says: how well decisions told cash-out from genuine trade, in ranks, money and friction.

Only payments that have a label are judged. An alert is a decision whose outcome is `verify` or stricter. Money is never
added across currencies: every money figure is in minor units of one currency, that of most judged payments; counts and
delays are over all.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct

from bonafide.core.errors import UsageError
from bonafide.core.moment import HOUR_MS
from bonafide.lab.curves import recall_at_precision, tpr_at_fpr
from bonafide.lab.intervals import Figures, Interval, Weighing, affordable_resamples, bootstrap
from bonafide.lab.judged import Judged, judge

BUDGET_FRACTION: Final = 0.005
"""Alerts a day when none are stated, as a share of the judged payments of a day."""
FALSE_POSITIVE_RATES: Final = ("0.001", "0.005", "0.01", "0.05")
PER: Final = 10_000


class TypologyFigures(Struct, frozen=True):
    """How one kind of cash-out fared."""

    n: int
    alerted: int
    recall: float
    """alerted / n."""
    money: int
    money_caught: int


class HardNegativeFigures(Struct, frozen=True):
    """How one kind of honest trade that looks like cash-out fared."""

    n: int
    disturbed: int
    stopped: int
    disturbed_per_10000: float
    stopped_per_10000: float


class Evaluation(Struct, frozen=True, kw_only=True):
    """Every figure of one evaluation, JSON-ready; None where a figure is undefined, and `notes` say why."""

    n: int
    """Judged payments."""
    positives: int
    """Of them cash-out."""
    unlabelled: int
    """Decided payments without a label."""
    auc: float | None
    ap: float | None
    ks: float | None
    recall_at_precision_90: float | None
    recall_at_precision_10: float | None
    tpr_at_fpr: dict[str, float | None]
    budget_per_day: int
    precision_at_budget: float | None
    recall_at_budget: float | None
    currency: str | None
    """Of every money figure, as an ISO 4217 code; money in others is left out of them."""
    money_caught: int
    """Cash-out money whose payment was alerted."""
    money_missed: int
    money_caught_fraction: float | None
    line_saved: int
    """Cash-out money of each payer from the first alerted cash-out payment on, it included."""
    hours_to_detection_p50: float | None
    """Median over caught payers, from the first cash-out payment to the first alerted one."""
    honest_stopped_per_10000: float | None
    """Honest payments held or declined."""
    honest_disturbed_per_10000: float | None
    """Honest payments with an outcome of verify or stricter."""
    honest_money_disturbed: int
    per_typology: dict[str, TypologyFigures]
    per_hard_negative: dict[str, HardNegativeFigures]
    intervals: dict[str, Interval | None]
    """95 % by the figure's name."""
    resamples: int
    entities: int
    """Payers among the judged payments; they, not payments, are resampled."""
    notes: list[str]


def evaluate(
    decisions: pl.DataFrame,
    truth: pl.DataFrame,
    *,
    budget_per_day: int | None = None,
    resamples: int = 200,
    seed: int = 0,
) -> Evaluation:
    """Judge `decisions` (decisions.parquet) by `truth` (truth.parquet); a null or absent label is no label.

    `budget_per_day` is how many payments a team looks at each UTC day, highest score first, then by place in the log;
    None gives 0.5 % of the judged payments of an average day, at least 1. `resamples` bounds the bootstrap (0: no
    intervals); a long log gets fewer, and a note says so. The same input and seed give the same figures.

    Raises InputError for frames that cannot be judged (see `judge`) and UsageError for a budget below 1 or fewer than
    0 resamples.
    """
    _check_use(budget_per_day, resamples)
    judged = judge(decisions, truth)
    rows = judged.rows
    budget = budget_per_day or _default_budget(rows)
    weighing = Weighing(judged, budget)
    once = np.ones(judged.entities, np.int64)
    curve, figures = weighing.curve(once), weighing.figures(once)
    affordable = affordable_resamples(rows.height, resamples)
    intervals = bootstrap(weighing, affordable, seed)
    bad, honest = rows.filter("bad"), rows.filter(~pl.col("bad"))
    caught = _money(bad.filter("disturbed"))
    return Evaluation(
        n=rows.height,
        positives=bad.height,
        unlabelled=judged.unlabelled,
        auc=figures["auc"],
        ap=figures["ap"],
        ks=figures["ks"],
        recall_at_precision_90=recall_at_precision(curve, 0.9),
        recall_at_precision_10=recall_at_precision(curve, 0.1),
        tpr_at_fpr={rate: tpr_at_fpr(curve, float(rate)) for rate in FALSE_POSITIVE_RATES},
        budget_per_day=budget,
        precision_at_budget=figures["precision_at_budget"],
        recall_at_budget=figures["recall_at_budget"],
        currency=judged.currency,
        money_caught=caught,
        money_missed=_money(bad) - caught,
        money_caught_fraction=figures["money_caught_fraction"],
        line_saved=_money(_in_order_of_time(bad).filter("caught")),
        hours_to_detection_p50=_hours_to_detection(bad),
        honest_stopped_per_10000=_per_10000(int(honest["stopped"].sum()), honest.height),
        honest_disturbed_per_10000=_per_10000(int(honest["disturbed"].sum()), honest.height),
        honest_money_disturbed=_money(honest.filter("disturbed")),
        per_typology=_per_typology(bad),
        per_hard_negative=_per_hard_negative(honest),
        intervals=intervals,
        resamples=affordable,
        entities=judged.entities,
        notes=_notes(judged, figures, intervals, asked=resamples, drawn=affordable),
    )


def _check_use(budget_per_day: int | None, resamples: int) -> None:
    if budget_per_day is not None and budget_per_day < 1:
        raise UsageError(f"budget_per_day is {budget_per_day}; accepted are whole numbers from 1")
    if resamples < 0:
        raise UsageError(f"resamples is {resamples}; accepted are whole numbers from 0")


def _default_budget(rows: pl.DataFrame) -> int:
    """A share of the payments of an average day, over the days from the first judged payment to the last."""
    if rows.is_empty():
        return 1
    day = rows["day"].to_numpy()
    return max(1, round(BUDGET_FRACTION * rows.height / (1 + int(np.ptp(day)))))


def _money(rows: pl.DataFrame) -> int:
    return int(rows["money"].sum())


def _in_order_of_time(bad: pl.DataFrame) -> pl.DataFrame:
    """Cash-out payments and whether their payer was alerted by then; equal times rank by place in the log."""
    return bad.sort("time_ms", "seq").with_columns(caught=pl.col("disturbed").cum_max().over("entity"))


def _hours_to_detection(bad: pl.DataFrame) -> float | None:
    first_alert = pl.col("time_ms").filter(pl.col("disturbed")).min()
    delays = bad.group_by("entity").agg(delay_ms=first_alert - pl.col("time_ms").min())["delay_ms"].drop_nulls()
    if delays.is_empty():
        return None
    return float(np.median(delays.to_numpy())) / HOUR_MS


def _per_10000(count: int, out_of: int) -> float | None:
    return PER * count / out_of if out_of else None


def _by_typology(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    named = rows.filter(pl.col("typology").is_not_null())
    return [(name, named.filter(typology=name)) for name in sorted(named["typology"].unique().to_list())]


def _per_typology(bad: pl.DataFrame) -> dict[str, TypologyFigures]:
    figures = {}
    for name, rows in _by_typology(bad):
        alerted = int(rows["disturbed"].sum())
        figures[name] = TypologyFigures(
            n=rows.height,
            alerted=alerted,
            recall=alerted / rows.height,
            money=_money(rows),
            money_caught=_money(rows.filter("disturbed")),
        )
    return figures


def _per_hard_negative(honest: pl.DataFrame) -> dict[str, HardNegativeFigures]:
    figures = {}
    for name, rows in _by_typology(honest):
        disturbed, stopped = int(rows["disturbed"].sum()), int(rows["stopped"].sum())
        figures[name] = HardNegativeFigures(
            n=rows.height,
            disturbed=disturbed,
            stopped=stopped,
            disturbed_per_10000=PER * disturbed / rows.height,
            stopped_per_10000=PER * stopped / rows.height,
        )
    return figures


def _notes(
    judged: Judged, figures: Figures, intervals: dict[str, Interval | None], *, asked: int, drawn: int
) -> list[str]:
    notes = []
    n, positives = judged.rows.height, int(judged.rows["bad"].sum())
    if n == 0:
        notes.append("No decided payment has a label, so there is nothing to judge.")
    elif positives == 0:
        notes.append("No judged payment is cash-out, so figures about catching it are undefined.")
    elif positives == n:
        notes.append("Every judged payment is cash-out, so figures that need honest payments are undefined.")
    if judged.unlabelled:
        notes.append(f"Decided payments without a label, not judged: {judged.unlabelled:,} of {judged.payments:,}.")
    if judged.unmatched_labels:
        notes.append(f"Labels that name no decided payment, not used: {judged.unmatched_labels:,}.")
    counted = judged.rows["currency"].value_counts().sort("count", "currency", descending=[True, False])
    others = [f"{number:,} in {currency}" for currency, number in counted.iter_rows() if currency != judged.currency]
    if others:
        left_out = f"judged payments left out of them: {', '.join(others)}."
        notes.append(f"Money figures are in {judged.currency}; {left_out}")
    if drawn < asked:
        notes.append(f"Intervals rest on {drawn} resamples, not {asked}, because the log is long.")
    unsure = [name for name, value in figures.items() if value is not None and intervals[name] is None]
    if 0 < positives < n and drawn and unsure:
        notes.append("Too few payers for some intervals; they are left out.")
    return notes
