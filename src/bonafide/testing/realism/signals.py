"""Gate 2: no field and no feature of what the platform tells gives cash-out away by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.features.spec import Feature
from bonafide.lab.curves import Flags, Floats, Ranking, auc
from bonafide.testing.realism.gates import Gate, Signal, gate, loudest_first, measured

SINGLE_AUC_MAX: Final = 0.80
UTILISATION_AUC: Final = (0.60, 0.75)
WORDS: Final = ("pay_with", "category", "goods", "channel", "traffic_source")
"""Payment fields whose values are names, of which there are few."""
LINE: Final[tuple[str, ...]] = ("credit_limit", "credit_used", "instalments")
"""Payment fields about the credit line."""
_JUDGED: Final = frozenset({"verdict", "grouped"})
"""Events by which what was judged becomes known."""
NAMED: Final = 3
"""Loud signals named beside their number."""


def signals_gate(signals: tuple[Signal, ...]) -> Gate:
    """Judge signals, which come by falling AUC."""
    loud = [one for one in signals if one.auc is not None and one.auc > SINGLE_AUC_MAX]
    named = ", ".join(one.name for one in loud[:NAMED]) + (", ..." if len(loud) > NAMED else "")
    worst = signals[0].auc if signals else None
    utilisation = next((one.auc_known for one in signals if one.name == "utilisation"), None)
    return gate(
        2,
        "Nothing gives cash-out away by itself",
        measured("worst_auc", worst, high=SINGLE_AUC_MAX, note=signals[0].name if signals else ""),
        measured("signals_above", len(loud), high=0, note=named),
        measured(
            "utilisation_auc", utilisation, *UTILISATION_AUC,
            note="credit payments, higher taken as more suspicious",
        ),
    )  # fmt: skip


def is_finding(feature: Feature) -> bool:
    """Whether a feature counts what the engine found (loops, links, groups), itself or by what it carries: that is a
    detector's answer, as a dense block's is, and no sign that trade shows by itself."""
    return feature.derived or any(is_finding(carried) for carried in feature.carried)


def is_label_history(feature: Feature) -> bool:
    """Whether a feature counts what was judged before, itself or by what it carries; groups found by batch jobs count,
    since those jobs may start from judged cases."""
    return not _JUDGED.isdisjoint(feature.types) or any(is_label_history(carried) for carried in feature.carried)


def rank_signals(payments: pl.DataFrame, features: Iterable[pl.Series], offset_ms: int) -> tuple[Signal, ...]:
    """Every signal by falling AUC, then by name.

    `payments` has the columns of payment events, `time_ms` and `bad`; each of `features` has a value for each of them
    in the same order. `offset_ms` is local time less UTC. Features, time, amount and words are judged on all payments.
    What a payment says of the credit line is judged on credit payments alone: the others lack it, so that having it
    would tell only that credit was used.
    """
    bad, credit = payments["bad"].to_numpy(), _credit(payments)
    bad_credit = credit["bad"].to_numpy()
    found = [signal(column.name, "feature", _values(column), bad) for column in features]
    found += [signal(name, "field", _values(column), bad) for name, column in _trade(payments, offset_ms).items()]
    found += [signal(name, "field", _values(column), bad_credit) for name, column in _line(credit).items()]
    found += [signal(n, "word", _by_share(payments[n], payments["bad"]), bad) for n in WORDS if n in payments.columns]
    return loudest_first(found)


def signal(name: str, kind: str, values: Floats, bad: Flags) -> Signal:
    """How well values (nan: missing) tell `bad` apart.

    A model may send missing values either way, and that something is missing may be what tells. So they are a class of
    their own, below or above all known ones, whichever gives the higher AUC: the gate errs on the strict side.
    """
    known = ~np.isnan(values)
    among = auc(Ranking(values[known], bad[known]).curve(np.ones(int(known.sum()), np.int64)))
    missing = float(1 - known.mean()) if known.size else 0.0
    judged = _with_missing(among, bad, known)
    return Signal(name=name, kind=kind, auc=judged, auc_known=among, missing_fraction=missing)


def _with_missing(among: float | None, bad: Flags, known: Flags) -> float | None:
    """AUC over all rows from that among the known: pairs of which one or both are missing are counted, not ranked."""
    bad_known, good_known = int((bad & known).sum()), int((~bad & known).sum())
    bad_missing, good_missing = int((bad & ~known).sum()), int((~bad & ~known).sum())
    pairs = (bad_known + bad_missing) * (good_known + good_missing)
    if not pairs:
        return None
    won = (among or 0.0) * bad_known * good_known + bad_missing * good_missing / 2
    below, above = (won + bad_known * good_missing) / pairs, (won + bad_missing * good_known) / pairs
    return max(below, 1 - below, above, 1 - above)


def _values(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _by_share(words: pl.Series, bad: pl.Series) -> Floats:
    """Each word's share of cash-out, so that its AUC is that of the best order of words; absent is a word too."""
    frame = pl.DataFrame({"word": words.cast(pl.String).fill_null(""), "bad": bad})
    return frame.select(pl.col("bad").cast(pl.Float64).mean().over("word"))["bad"].to_numpy()


def _trade(payments: pl.DataFrame, offset_ms: int) -> dict[str, pl.Series]:
    """Numbers that a payment says of the trade."""
    local_hour = (payments["time_ms"] + offset_ms) % DAY_MS // HOUR_MS
    return {"local_hour": local_hour, "amount": payments["amount"]}


def _credit(payments: pl.DataFrame) -> pl.DataFrame:
    if "pay_with" not in payments.columns:
        return payments
    return payments.filter(pl.col("pay_with").fill_null("credit") == "credit")


def _line(credit: pl.DataFrame) -> dict[str, pl.Series]:
    """Numbers that a payment says of the credit line."""
    told = {name: credit[name] for name in LINE if name in credit.columns}
    if {"credit_limit", "credit_used"} <= told.keys():
        told["utilisation"] = credit.select(utilisation()).to_series()
    return told


def utilisation() -> pl.Expr:
    """(credit used before + amount) / limit, missing without a limit."""
    limit = pl.when(pl.col("credit_limit") > 0).then("credit_limit")
    return (pl.col("credit_used") + pl.col("amount")) / limit
