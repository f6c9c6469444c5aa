"""Every figure of an evaluation in plain Python: sorted lists and counting, the slow twin of `lab.measures`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from statistics import median
from typing import NamedTuple

from bonafide.core.moment import DAY_MS, HOUR_MS

Figures = dict[str, float | None]


class Row(NamedTuple):
    """One judged payment."""

    seq: int
    time: int
    payer: str | None
    merchant: str | None
    score: float
    bad: bool
    outcome: str
    amount: int
    typology: str | None

    @property
    def day(self) -> int:
        return self.time // DAY_MS

    @property
    def disturbed(self) -> bool:
        return self.outcome in ("verify", "hold", "decline")

    @property
    def stopped(self) -> bool:
        return self.outcome in ("hold", "decline")


def twin(rows: Sequence[Row], budget: int) -> Figures:
    """Each figure under the name that the measures give it; None where it is undefined."""
    return ranks(rows) | budgets(rows, budget) | money(rows) | friction(rows) | kinds(rows)


def ranks(rows: Sequence[Row]) -> Figures:
    bad, good = [r.score for r in rows if r.bad], [r.score for r in rows if not r.bad]
    names = ["auc", "ap", "ks", "recall_at_precision_90", "recall_at_precision_10", "tc_score"]
    rates = {f"tpr_at_fpr_{rate}": float(rate) for rate in ("0.001", "0.005", "0.01", "0.05")}
    if not bad or not good:
        return dict.fromkeys([*names, *rates])
    points = [
        (sum(s >= t for s in bad), sum(s >= t for s in good)) for t in sorted({r.score for r in rows}, reverse=True)
    ]

    def recall_where(accepted: Sequence[bool]) -> float:
        return max((b for (b, _), fine in zip(points, accepted) if fine), default=0) / len(bad)

    def at_precision(precision: float) -> float:
        return recall_where([b / (b + g) >= precision for b, g in points])

    def at_rate(rate: float) -> float:
        return recall_where([g / len(good) <= rate for _, g in points])

    before, area = 0, 0.0
    for b, g in points:
        area += (b - before) / len(bad) * b / (b + g)
        before = b
    outranked = sum((b > g) + (b == g) / 2 for b in bad for g in good) / (len(bad) * len(good))
    distance = max(abs(b / len(bad) - g / len(good)) for b, g in points)
    tc = 0.4 * at_rate(0.001) + 0.3 * at_rate(0.005) + 0.3 * at_rate(0.01)
    told = [outranked, area, distance, at_precision(0.9), at_precision(0.1), tc]
    return dict(zip(names, told)) | {name: at_rate(rate) for name, rate in rates.items()}


def budgets(rows: Sequence[Row], budget: int) -> Figures:
    names = ("precision_at_budget", "recall_at_budget", "user_precision_at_budget", "merchant_precision_at_budget")
    positives = sum(r.bad for r in rows)
    if not positives:
        return dict.fromkeys(names)
    payments = first_of_each_day(rows, budget, lambda row: (row.payer, row.seq))
    hits = sum(payments)
    users = first_of_each_day([r for r in rows if r.payer is not None], budget, lambda row: row.payer)
    merchants = first_of_each_day([r for r in rows if r.merchant is not None], budget, lambda row: row.merchant)
    return dict(zip(names, [hits / len(payments), hits / positives, mean(users), mean(merchants)]))


def first_of_each_day(rows: Sequence[Row], budget: int, key: Callable[[Row], object]) -> list[bool]:
    """Of the `budget` keys with the highest score of each day, whether one of their payments that day is cash-out."""
    found = []
    for _, of_day in groupby(sorted(rows, key=lambda r: r.day), key=lambda r: r.day):
        today = list(of_day)
        best = {name: min((-r.score, r.seq) for r in today if key(r) == name) for name in {key(r) for r in today}}
        looked_at = sorted(best, key=lambda name: best[name])[:budget]
        found += [any(r.bad for r in today if key(r) == name) for name in looked_at]
    return found


def money(rows: Sequence[Row]) -> Figures:
    """`payer` None is nobody: each such payment stands alone."""
    bad = sorted((r for r in rows if r.bad), key=lambda r: (r.time, r.seq))
    alerted: set[object] = set()
    first: dict[object, int] = {}
    delays: dict[object, int] = {}
    saved = 0
    for row in bad:
        payer = ("nobody", row.seq) if row.payer is None else row.payer
        first.setdefault(payer, row.time)
        if row.disturbed:
            alerted.add(payer)
            delays.setdefault(payer, row.time - first[payer])
        saved += row.amount if payer in alerted else 0
    spent = sum(r.amount for r in bad)
    return {
        "money_caught_fraction": sum(r.amount for r in bad if r.disturbed) / spent if spent else None,
        "line_saved_fraction": saved / spent if spent else None,
        "hours_to_detection_p50": median(delays.values()) / HOUR_MS if delays else None,
    }


def friction(rows: Sequence[Row]) -> Figures:
    honest = [r for r in rows if not r.bad]
    return {
        "honest_stopped_per_10000": per_10000([r.stopped for r in honest]),
        "honest_disturbed_per_10000": per_10000([r.disturbed for r in honest]),
    }


def kinds(rows: Sequence[Row]) -> Figures:
    told: Figures = {}
    for name in {r.typology for r in rows} - {None}:
        bad, honest = ([r for r in rows if r.typology == name and r.bad is kind] for kind in (True, False))
        told[f"recall/{name}"] = mean([r.disturbed for r in bad])
        told[f"disturbed/{name}"] = per_10000([r.disturbed for r in honest])
        told[f"stopped/{name}"] = per_10000([r.stopped for r in honest])
    return told


def mean(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def per_10000(flags: Sequence[bool]) -> float | None:
    share = mean(flags)
    return None if share is None else 10_000 * share
