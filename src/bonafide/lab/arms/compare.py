"""The arms of a rollout from a table of decisions: what each came to, and whether they were alike before."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.decision import OUTCOMES
from bonafide.core.errors import InputError, UsageError
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.engine.beside.arms import ARMS
from bonafide.engine.bundles.trial import UNITS, Trial
from bonafide.lab.arms.ratios import Ratio, difference, figure_of, ratio, standard_errors
from bonafide.lab.arms.told import Arm, Arms, Before, Note
from bonafide.lab.chosen_labels import Labels
from bonafide.lab.curves import Floats, Ints

Z_MAX: Final = 3.3
"""Beyond it chance gives a difference once in a thousand times."""
PER: Final = 10_000
WANTED: Final = ("seq", "event_id", "time", "type", "user_id", "merchant_id", "amount", "currency", "outcome",
                        "alert", "measures", "bundle", "arm")  # fmt: skip
FIGURES: Final = (
    "alerts_a_day", "alerted_per_10000", "warned_per_10000", "stopped_per_10000", "money_stopped_fraction", "measures",
    "honest_disturbed_per_10000", "honest_users_disturbed", "cash_out", "cash_out_caught", "cash_out_missed",
    "money_caught_fraction", "precision",
)  # fmt: skip
"""In the order in which they are told. Those that are no share and not of 10,000 events are of 10,000 subjects."""
_WARN: Final = OUTCOMES.index("warn")
_HOLD: Final = OUTCOMES.index("hold")


class _Told(NamedTuple):
    """Decisions of one arm or of all, a number for each event."""

    subject: Ints
    """0..n-1."""
    n: int
    payment: Floats
    money: Floats
    alert: Floats
    warned: Floats
    stopped: Floats
    measures: Floats
    honest: Floats
    bad: Floats


def compare_arms(
    decisions: pl.DataFrame, content: str, trial: Trial, labels: Labels | None = None
) -> Arms:  # fmt: skip
    """Compare the arms of the bundle `content` in a table of decisions (decisions.parquet).

    What stands in the table before the first decision in any arm is what the arms should be alike by. Raises
    UsageError where the bundle decided nothing in an arm there.
    """
    lacking = [name for name in WANTED if name not in decisions.columns]
    if lacking:
        raise InputError("missing-field", f"the table of decisions has no column {lacking[0]}", lacking[0])
    table = decisions.select(WANTED).with_columns(
        subject=pl.coalesce(pl.lit("u") + pl.col("user_id"), pl.lit("m") + pl.col("merchant_id")),
        bad=_bad(decisions, labels),
    )
    own = table.filter((pl.col("bundle") == content) & pl.col("arm").is_not_null())
    if own.is_empty():
        raise UsageError(f"the bundle {content[:16]} decided nothing in an arm in this table")
    begun = int(table.filter(pl.col("arm").is_not_null())["seq"].min())  # type: ignore[arg-type]
    told, currency = own.filter(pl.col("subject").is_not_null()), _most_frequent(own["currency"])
    names = [name for name in ARMS if (told["arm"] == name).any()]
    against = "control" if "control" in names else "champion"
    moments = own["time"].dt.epoch("ms")
    first, last = int(moments.min()), int(moments.max())  # type: ignore[arg-type]
    days = max((last - first) / DAY_MS, 1.0)
    ratios = {name: _ratios(_numbers(told.filter(pl.col("arm") == name), currency), days, labels) for name in names}
    subjects = int(told["subject"].n_unique())
    arms = [_arm(name, told.filter(pl.col("arm") == name), subjects, trial, ratios[name], currency) for name in names]
    before = _before(table.filter(pl.col("seq") < begun), told, against, currency) if against in names else []
    differences = [
        difference(name, ratios["challenger"][name], ratios[against][name])
        for name in FIGURES if "challenger" in names and against in names and name in ratios["challenger"]
    ]  # fmt: skip
    return Arms(
        bundle=content, percent=float(trial.percent), control=float(trial.percent_control), salt=trial.salt,
        first=show_moment(first), last=show_moment(last), days=round(days, 3), events=own.height, subjects=subjects,
        nobody=own.height - told.height, currency=currency, labels=None if labels is None else labels.kind,
        against=against, arms=arms, differences=differences, before=before,
        warnings=_warnings(arms, before, against), notes=_notes(labels, before, begun, own),
    )  # fmt: skip


def _bad(decisions: pl.DataFrame, labels: Labels | None) -> pl.Series:
    """Of each event whether it is cash-out; null where nothing is known, and of what is no payment."""
    if labels is None:
        return pl.Series([None], dtype=pl.Boolean).new_from_index(0, decisions.height)
    beside = decisions.select("event_id", "type").join(
        labels.frame.select("event_id", "bad"), on="event_id", how="left", maintain_order="left"
    )
    return beside.select(pl.when(pl.col("type") == "payment").then("bad")).to_series()


def _numbers(rows: pl.DataFrame, currency: str | None) -> _Told:
    subject = rows["subject"].rank("dense").cast(pl.Int64) - 1
    place = rows["outcome"].replace_strict({name: i for i, name in enumerate(OUTCOMES)}, return_dtype=pl.Int64)
    payment = rows["type"] == "payment"
    own = payment & (rows["currency"] == currency).fill_null(value=False)

    def numbers(column: pl.Series) -> Floats:
        return column.cast(pl.Float64).fill_null(0.0).to_numpy()

    return _Told(
        subject.to_numpy(), int(rows["subject"].n_unique()), numbers(payment),
        numbers(rows["amount"].fill_null(0)) * numbers(own), numbers(rows["alert"]),
        numbers(place == _WARN), numbers(place >= _HOLD),
        numbers(rows["measures"].list.len()), numbers(rows["bad"].eq(other=False)), numbers(rows["bad"]),
    )  # fmt: skip


def _ratios(told: _Told, days: float, labels: Labels | None) -> dict[str, Ratio]:
    """Every figure of one arm, by name."""

    def sums(of: Floats) -> Floats:
        return np.bincount(told.subject, of, minlength=told.n).astype(np.float64)

    everyone, events = np.ones(told.n), sums(np.ones(len(told.subject)))
    money = sums(told.money)
    found = {
        "alerts_a_day": ratio(sums(told.alert), everyone, PER / days),
        "alerted_per_10000": ratio(sums(told.alert), events, PER),
        "warned_per_10000": ratio(sums(told.warned), events, PER),
        "stopped_per_10000": ratio(sums(told.stopped), events, PER),
        "money_stopped_fraction": ratio(sums(told.money * told.stopped), money),
        "measures": ratio(sums(told.measures), everyone, PER),
    }
    if labels is None:
        return found
    disturbed, bad = sums(told.honest * told.alert), sums(told.bad)
    pure = ((bad == 0) & (sums(told.honest) > 0)).astype(np.float64)
    return found | {
        "honest_disturbed_per_10000": ratio(disturbed, sums(told.honest), PER),
        "honest_users_disturbed": ratio(pure * (disturbed > 0), pure, PER),
        "cash_out": ratio(bad, everyone, PER),
        "cash_out_caught": ratio(sums(told.bad * told.alert), everyone, PER),
        "cash_out_missed": ratio(sums(told.bad * (1 - told.alert)), everyone, PER),
        "money_caught_fraction": ratio(sums(told.bad * told.alert * told.money), sums(told.bad * told.money)),
        "precision": ratio(sums(told.bad * told.alert), sums((told.bad + told.honest) * told.alert)),
    }


def _arm(
    name: str, rows: pl.DataFrame, everyone: int, trial: Trial, ratios: dict[str, Ratio], currency: str | None
) -> Arm:  # fmt: skip
    shares = {"control": trial.control, "challenger": trial.share, "champion": UNITS - trial.share - trial.control}
    counts = dict(rows.group_by("outcome").len().iter_rows())
    paid = rows.filter(pl.col("currency") == pl.lit(currency, pl.String)).group_by("outcome").agg(pl.sum("amount"))
    money, subjects = dict(paid.iter_rows()), int(rows["subject"].n_unique())
    return Arm(
        name=name, subjects=subjects, expected=shares[name] / UNITS, share=subjects / everyone, events=rows.height,
        by_outcome={outcome: counts.get(outcome, 0) for outcome in OUTCOMES},
        money_by_outcome={outcome: money.get(outcome) or 0 for outcome in OUTCOMES}, alerts=int(rows["alert"].sum()),
        figures={key: figure_of(one) for key, one in ratios.items()},
    )  # fmt: skip


def _before(rows: pl.DataFrame, told: pl.DataFrame, against: str, currency: str | None) -> list[Before]:
    """How alike the challenger's subjects and the others were in what came before; nothing where nothing did."""
    if rows.is_empty():
        return []
    arms = told.select("subject", "arm").unique("subject")
    own = pl.col("amount").filter(pl.col("currency") == pl.lit(currency, pl.String)).sum()
    past = rows.group_by("subject").agg(
        events=pl.len(), alerts=pl.col("alert").sum(), cash_out=pl.col("bad").fill_null(value=False).sum(), money=own
    )
    beside = arms.join(past, on="subject", how="left").with_columns(pl.exclude("subject", "arm").fill_null(0))
    # Money is skewed: its logarithm tells sooner whether two groups are alike.
    beside = beside.with_columns(seen=pl.col("events") > 0, log_money=(pl.col("money") + 1).log())
    sides = [beside.filter(pl.col("arm") == name) for name in ("challenger", against)]
    if any(side.height < 2 for side in sides):
        return []
    found = []
    for name in ("seen", "events", "alerts", "cash_out", "log_money"):
        one, other = (side[name].cast(pl.Float64).to_numpy() for side in sides)
        found.append(Before(name, float(one.mean()), float(other.mean()), round(standard_errors(one, other), 3)))
    return found


def _warnings(arms: list[Arm], before: list[Before], against: str) -> list[Note]:
    found = []
    everyone = sum(arm.subjects for arm in arms)
    for arm in arms:
        wanted = arm.expected
        if abs(arm.share - wanted) > Z_MAX * (wanted * (1 - wanted) / everyone) ** 0.5:
            shares = {"share": f"{100 * arm.share:.2f}", "wanted": f"{100 * wanted:.2f}"}
            found.append(Note("unlike sizes", {"arm": arm.name, **shares}))
    for one in before:
        if abs(one.z) > Z_MAX:
            sides = {"challenger": f"{one.challenger:.4g}", "other": f"{one.against:.4g}", "z": f"{abs(one.z):.1f}"}
            found.append(Note("unlike before", {"figure": one.name, "against": against, **sides}))
    return found


def _notes(
    labels: Labels | None, before: list[Before], begun: int, own: pl.DataFrame
) -> list[Note]:  # fmt: skip
    told = {
        "nothing before": not before,
        "arms before": begun < int(own["seq"].min()),  # type: ignore[arg-type]
        "no labels": labels is None,
        "labels arrive": labels is not None and labels.kind == "arrived",
    }
    return [Note(name) for name, holds in told.items() if holds]


def _most_frequent(words: pl.Series) -> str | None:
    counted = words.drop_nulls().value_counts().sort("count", words.name, descending=[True, False])
    return None if counted.is_empty() else str(counted[words.name][0])
