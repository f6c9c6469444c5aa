"""What `bonafide evaluate` says: how well decisions told cash-out from genuine trade, in ranks, money and friction.

Only payments that have a label are judged. An alert is a decision whose outcome is `verify` or stricter. Money is never
added across currencies: every money figure is in minor units of one currency, that of most judged payments; counts and
delays are over all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from msgspec import Struct

from bonafide.core.errors import UsageError
from bonafide.lab.chosen_labels import LabelKind, show_as_of
from bonafide.lab.intervals import Estimates, Interval, Progress, affordable_resamples, estimate
from bonafide.lab.judged import Judged, judge
from bonafide.lab.measures import FALSE_POSITIVE_RATES, Budgeted, Delay, Measure, Ranked, Shares
from bonafide.lab.notes import Note, notes_on
from bonafide.lab.pictures import Pictures, calibration, draw

BUDGET_FRACTION: Final = 0.005
"""Alerts a day when none are stated, as a share of the judged payments of a day."""
PER: Final = 10_000
_MONEY: Final = ("money_caught_fraction", "line_saved_fraction")
_FRICTION: Final = ("honest_stopped_per_10000", "honest_disturbed_per_10000")
_PLAIN: Final = (
    "auc", "ap", "ks", "recall_at_precision_90", "recall_at_precision_10", "tc_score", *Budgeted.names, *_MONEY,
    *Delay.names, *_FRICTION,
)  # fmt: skip
"""Figures that an evaluation bears under the names that the measures give them."""
INTERVALS: Final = (*_PLAIN, *(f"tpr_at_fpr_{rate}" for rate in FALSE_POSITIVE_RATES))
"""What `Evaluation.intervals` tells."""


class TypologyFigures(Struct, frozen=True):
    """How one kind of cash-out fared."""

    n: int
    alerted: int
    recall: float
    """alerted / n."""
    money: int
    money_caught: int
    recall_interval: Interval | None


class HardNegativeFigures(Struct, frozen=True):
    """How one kind of honest trade that looks like cash-out fared."""

    n: int
    disturbed: int
    stopped: int
    disturbed_per_10000: float
    stopped_per_10000: float
    disturbed_interval: Interval | None
    """Of disturbed_per_10000."""
    stopped_interval: Interval | None


class Evaluation(Struct, frozen=True, kw_only=True):
    """Every figure of one evaluation, JSON-ready; None where a figure is undefined, and `notes` say why.

    docs/evaluation.md explains each.
    """

    labels: LabelKind
    """What judged: the latent truth, or the labels that had arrived."""
    as_of: str | None
    """The moment by which they had (RFC 3339 UTC); None for the latent truth."""

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
    tc_score: float | None
    budget_per_day: int
    precision_at_budget: float | None
    recall_at_budget: float | None
    user_precision_at_budget: float | None
    """Share of users with a cash-out payment that day among the `budget_per_day` users with the day's highest score."""
    merchant_precision_at_budget: float | None
    """The same of merchants."""
    currency: str | None
    """Of every money figure, as an ISO 4217 code; money in others is left out of them."""
    money_caught: int
    """Cash-out money whose payment was alerted."""
    money_missed: int
    money_caught_fraction: float | None
    line_saved: int
    """Cash-out money of each payer from the first alerted cash-out payment on, it included."""
    line_saved_fraction: float | None
    """line_saved over all cash-out money."""
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
    """95 % by the figure's name; those of `tpr_at_fpr` are called tpr_at_fpr_0.001 and so on."""
    resamples: int
    entities: int
    """Payers among the judged payments; they, not payments, are resampled."""
    notes: list[str]


class Study(NamedTuple):
    """An evaluation, and what a report about it shows besides."""

    evaluation: Evaluation
    pictures: Pictures
    notes: tuple[Note, ...]


def evaluate(
    decisions: pl.DataFrame,
    truth: pl.DataFrame,
    *,
    budget_per_day: int | None = None,
    resamples: int = 200,
    seed: int = 0,
    labels: LabelKind = "latent",
    as_of_ms: int | None = None,
) -> Evaluation:
    """Judge `decisions` (decisions.parquet) by `truth` (truth.parquet); a null or absent label is no label.

    `budget_per_day` is how many payments a team looks at each UTC day, highest score first, then by place in the log;
    None gives 0.5 % of the judged payments of an average day, at least 1. `resamples` bounds the bootstrap (0: no
    intervals); a long log gets fewer, and a note says so. `labels` is what judges: the latent truth, or the labels that
    had arrived by `as_of_ms` (None: by the latest time in the decisions), wrong ones included. The same input and seed
    give the same figures.

    Raises InputError for frames that cannot be judged (see `judge`) and UsageError for a budget below 1, fewer than
    0 resamples, or a moment beside latent labels.
    """
    _check_use(budget_per_day, resamples)
    return _assess(judge(decisions, truth, labels, as_of_ms), budget_per_day, resamples, seed)[0]


def study(
    decisions: pl.DataFrame,
    truth: pl.DataFrame,
    *,
    budget_per_day: int | None = None,
    resamples: int = 200,
    seed: int = 0,
    labels: LabelKind = "latent",
    as_of_ms: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Study:
    """The same evaluation as `evaluate` gives, with the curves and distributions behind it.

    `progress` is told (done, total) after every resample, which is where the time of a long log goes.
    """
    _check_use(budget_per_day, resamples)
    judged = judge(decisions, truth, labels, as_of_ms)
    evaluation, notes, figures = _assess(judged, budget_per_day, resamples, seed, drawn=True, progress=progress)
    return Study(evaluation, draw(judged.rows, figures), notes)


def _assess(
    judged: Judged, budget_per_day: int | None, resamples: int, seed: int, *, drawn: bool = False,
    progress: Progress = lambda done, total: None,
) -> tuple[Evaluation, tuple[Note, ...], Estimates]:  # fmt: skip
    rows = judged.rows
    budget = budget_per_day or _default_budget(rows)
    bad, honest = _in_order_of_time(rows.filter("bad")), rows.filter(~pl.col("bad"))
    affordable = affordable_resamples(rows.height, resamples)
    measures: list[Measure] = [
        Ranked(rows, drawn=drawn), Budgeted(rows, budget), *_shares(bad, honest), _delay(bad),
        *([calibration(rows)] if drawn else []),
    ]  # fmt: skip
    figures = estimate(measures, judged.entities, affordable, seed, progress)
    value, caught = figures.values, _money(bad.filter("disturbed"))
    unsure = any(value[name] is not None and figures.intervals[name] is None for name in INTERVALS)
    notes = notes_on(judged, unsure=unsure, asked=resamples, drawn=affordable)
    evaluation = Evaluation(
        labels=judged.labels.kind,
        as_of=show_as_of(judged.labels),
        n=rows.height,
        positives=bad.height,
        unlabelled=judged.unlabelled,
        **{name: value[name] for name in _PLAIN},
        tpr_at_fpr={rate: value[f"tpr_at_fpr_{rate}"] for rate in FALSE_POSITIVE_RATES},
        budget_per_day=budget,
        currency=judged.currency,
        money_caught=caught,
        money_missed=_money(bad) - caught,
        line_saved=_money(bad.filter("caught")),
        honest_money_disturbed=_money(honest.filter("disturbed")),
        per_typology=_per_typology(bad, figures),
        per_hard_negative=_per_hard_negative(honest, figures),
        intervals={name: figures.intervals[name] for name in INTERVALS} | {n: _told(figures, n) for n in _FRICTION},
        resamples=affordable,
        entities=judged.entities,
        notes=[note.text() for note in notes],
    )
    return evaluation, notes, figures


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


def _shares(bad: pl.DataFrame, honest: pl.DataFrame) -> list[Shares]:
    money, one = pl.col("money"), pl.lit(1)
    return [
        _share(_MONEY[:1], bad, money * pl.col("disturbed"), money),
        _share(_MONEY[1:], bad, money * pl.col("caught"), money),
        _share(_FRICTION[:1], honest, pl.col("stopped"), one, per=PER),
        _share(_FRICTION[1:], honest, pl.col("disturbed"), one, per=PER),
        _by_typology("recall", bad, "disturbed"),
        _by_typology("disturbed", honest, "disturbed", per=PER),
        _by_typology("stopped", honest, "stopped", per=PER),
    ]  # fmt: skip


def _share(
    names: Sequence[str], rows: pl.DataFrame, part: pl.Expr, whole: pl.Expr, group: pl.Expr | None = None,
    *, per: float = 1,
) -> Shares:  # fmt: skip
    told = rows.select(
        entity="entity", group=pl.lit(0) if group is None else group, part=part.cast(pl.Int64), whole=whole
    )
    entity, groups, parts, wholes = (column.to_numpy() for column in told.iter_columns())
    return Shares(names, entity, groups, parts, wholes, per=per)


def _by_typology(kind: str, rows: pl.DataFrame, flag: str, *, per: float = 1) -> Shares:
    """A share of each typology's payments, called `kind/typology`."""
    named = rows.filter(pl.col("typology").is_not_null())
    group = pl.col("typology").rank("dense").cast(pl.Int64) - 1
    return _share([f"{kind}/{name}" for name in _typologies(rows)], named, pl.col(flag), pl.lit(1), group, per=per)


def _typologies(rows: pl.DataFrame) -> list[str]:
    return sorted(rows["typology"].drop_nulls().unique().to_list())


def _delay(bad: pl.DataFrame) -> Delay:
    first_alert = pl.col("time_ms").filter("disturbed").min()
    caught = bad.group_by("entity").agg(delay_ms=first_alert - pl.col("time_ms").min()).drop_nulls().sort("entity")
    return Delay(caught["entity"].to_numpy(), caught["delay_ms"].to_numpy())


def _told(figures: Estimates, name: str) -> Interval | None:
    """The interval of a share; none where all resamples agree, as they must on a single payer or on none of many."""
    interval = figures.intervals[name]
    return None if interval is None or interval[0] == interval[1] else interval


def _per_typology(bad: pl.DataFrame, figures: Estimates) -> dict[str, TypologyFigures]:
    told = {}
    for name in _typologies(bad):
        rows = bad.filter(typology=name)
        alerted = int(rows["disturbed"].sum())
        told[name] = TypologyFigures(
            n=rows.height,
            alerted=alerted,
            recall=alerted / rows.height,
            money=_money(rows),
            money_caught=_money(rows.filter("disturbed")),
            recall_interval=_told(figures, f"recall/{name}"),
        )
    return told


def _per_hard_negative(honest: pl.DataFrame, figures: Estimates) -> dict[str, HardNegativeFigures]:
    told = {}
    for name in _typologies(honest):
        rows = honest.filter(typology=name)
        disturbed, stopped = int(rows["disturbed"].sum()), int(rows["stopped"].sum())
        told[name] = HardNegativeFigures(
            n=rows.height,
            disturbed=disturbed,
            stopped=stopped,
            disturbed_per_10000=PER * disturbed / rows.height,
            stopped_per_10000=PER * stopped / rows.height,
            disturbed_interval=_told(figures, f"disturbed/{name}"),
            stopped_interval=_told(figures, f"stopped/{name}"),
        )
    return told
