"""A scorecard fitted to a log, and tried on later payers by what a platform could have known.

A trial goes forward in time. The card is fitted at a moment of the log, to labels that had arrived by then; it is then
read at each payer's last payment of the weeks after, and judged by what followed within the horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS, show_moment, show_span
from bonafide.engine.scorecard import Declared, Family
from bonafide.lab.train.payers import PayerLog
from bonafide.lab.train.scorecard import DEFAULT, Fitted, Floats, Settings, credits_of, fit_scorecard
from bonafide.lab.train.scorecard_report import (
    SOON_MS,
    Flags,
    LevelFigures,
    Restlessness,
    Told,
    by_level,
    distribution,
    restlessness,
    subtotals,
    told_of,
)
from bonafide.lab.train.snapshots import (
    TARGET,
    Target,
    choose_snapshots,
    confirmed_moments,
    how_bad,
    last_snapshots,
    missed_moments,
    went_bad,
)

WARM_MS: Final = 20 * DAY_MS
"""Of the log, before the first moment that a card is fitted to."""
TRIED_MS: Final = 15 * DAY_MS
"""How long payers are looked at after a card was fitted."""


class Trial(Struct, frozen=True):
    """A scorecard on payers of the weeks after it was fitted, one row each."""

    fitted_at: str
    """The moment (RFC 3339) by which all labels that it was fitted to had arrived."""
    told: dict[str, Told]
    """By kind of bad payer: confirmed, missed, bad (either); with the truth cash_out (a cash-out payment within the
    horizon) and first_cash_out, the same among payers who had made none before."""
    levels: list[LevelFigures]
    distribution: dict[int, float]
    subtotals: dict[str, dict[str, float]]
    """Mean points of each family, of confirmed payers and of the others."""
    moved: Restlessness
    """From payment to payment."""
    moved_soon: Restlessness
    """The same where at most a day lies between."""


def fit_payers(
    log: PayerLog, declared: Sequence[Declared], until_ms: int, target: Target = TARGET, settings: Settings = DEFAULT
) -> Fitted:
    """A scorecard from what was known of payers by `until_ms`.

    `log` has the declared inputs. Raises UsageError where the log is too short or too few payers went bad.
    """
    first = _first_ms(log) + WARM_MS
    moments = choose_snapshots(log.payments, first, until_ms, target)
    if moments.is_empty():
        need = show_span(WARM_MS + target.horizon_ms)
        raise UsageError(f"no payment has its horizon in the log by {show_moment(until_ms)}; a log of {need} is needed")
    known = _known(log, moments, until_ms, target)
    bad = how_bad(known["confirmed"], known["missed"], target)
    return fit_scorecard(declared, _inputs(moments, declared), bad, settings)


def try_payers(
    log: PayerLog, declared: Sequence[Declared], truth: pl.DataFrame | None = None, target: Target = TARGET,
    settings: Settings = DEFAULT,
) -> tuple[Fitted, Trial]:  # fmt: skip
    """A scorecard fitted so early that what followed is in the log, and how it did.

    `truth` has event_id and label (1 is cash-out) of payments. Raises UsageError as `fit_payers` does.
    """
    end = _last_ms(log)
    fitted_at = end - target.horizon_ms - TRIED_MS
    fitted = fit_payers(log, declared, fitted_at, target, settings)
    seen = last_snapshots(log.payments, fitted_at, end - target.horizon_ms)
    rows = _inputs(seen, declared)
    credits, known = credits_of(fitted.scorecard, rows), _known(log, seen, end, target)
    bad = how_bad(known["confirmed"], known["missed"], target)
    told = judge_moments(fitted, log, seen, truth, target)
    after = log.payments.filter(pl.col("user_id").is_not_null() & (pl.col("time") >= fitted_at))
    moving = credits_of(fitted.scorecard, _inputs(after, declared))
    trial = Trial(
        show_moment(fitted_at), told, by_level(fitted, credits, bad), distribution(credits),
        _means(fitted, rows, known["confirmed"]), restlessness(after, moving), restlessness(after, moving, SOON_MS),
    )  # fmt: skip
    return fitted, trial


def judge_moments(
    fitted: Fitted, log: PayerLog, moments: pl.DataFrame, truth: pl.DataFrame | None = None, target: Target = TARGET
) -> dict[str, Told]:
    """How well a card tells payers apart at `moments` of a log (rows of its payments), which may be another platform's
    than the one that it was fitted to; by kind of bad payer, as `Trial.told`."""
    credits = credits_of(fitted.scorecard, _inputs(moments, fitted.scorecard.declared))
    known = _known(log, moments, _last_ms(log), target)
    told = told_of(credits, known | {"bad": known["confirmed"] | known["missed"]})
    return told if truth is None else told | _by_truth(log, moments, truth, credits, target)


def _known(log: PayerLog, moments: pl.DataFrame, as_of_ms: int, target: Target) -> dict[str, Flags]:
    return {
        "confirmed": went_bad(moments, confirmed_moments(log.facts, as_of_ms), target),
        "missed": went_bad(moments, missed_moments(log.facts, as_of_ms), target),
    }


def _by_truth(
    log: PayerLog, seen: pl.DataFrame, truth: pl.DataFrame, credits: NDArray[np.int64], target: Target
) -> dict[str, Told]:
    cash_out = truth.filter(pl.col("label") == 1).select("event_id")
    moments = log.payments.join(cash_out, on="event_id", how="semi").select("user_id", "time")
    first = moments.group_by("user_id").agg(first=pl.col("time").min())
    begun = seen.select("user_id", "time").join(first, on="user_id", how="left", maintain_order="left")
    new = (begun["first"].is_null() | (begun["first"] > begun["time"])).to_numpy()
    bad = went_bad(seen, moments, target)
    told = told_of(credits, {"cash_out": bad})
    return told | told_of(credits[new], {"first_cash_out": bad[new]})


def _means(fitted: Fitted, rows: Floats, confirmed: Flags) -> dict[str, dict[str, float]]:
    points: dict[Family, NDArray[np.int64]] = subtotals(fitted, rows)
    kinds = {"confirmed": confirmed, "others": ~confirmed}
    return {
        name: {family: float(own[chosen].mean()) for family, own in points.items()}
        for name, chosen in kinds.items()
        if chosen.any()
    }


def _inputs(payments: pl.DataFrame, declared: Sequence[Declared]) -> Floats:
    return payments.select(one.name for one in declared).to_numpy().astype(np.float64, copy=False)


def _first_ms(log: PayerLog) -> int:
    if log.payments.is_empty():
        raise UsageError("the log has no payments; a scorecard is about payers")
    return int(log.payments["time"].min())  # type: ignore[arg-type]


def _last_ms(log: PayerLog) -> int:
    _first_ms(log)
    return int(log.payments["time"].max())  # type: ignore[arg-type]
