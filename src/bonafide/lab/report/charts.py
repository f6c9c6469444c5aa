"""The drawings of a report, each from an evaluation and its pictures."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from bonafide.lab.explain.words import Lang
from bonafide.lab.metrics import Evaluation
from bonafide.lab.pictures import SCORE_BANDS, Line, Pictures
from bonafide.lab.report import numbers
from bonafide.lab.report.svg import Axis, Margins, Plot, even_ticks
from bonafide.lab.report.words import said

_SMALL: Final = (380.0, 310.0)
_WIDE: Final = (900.0, 260.0)
_HALF: Final = (520.0, 320.0)
_FPR_LEAST: Final = 1e-4
_SHARE_LEAST: Final = 1e-4
_LABELS_MAX: Final = 8
"""Dates below the bars of the money."""
_MARGINS_WIDE: Final = Margins(left=74)
_DECADES: Final = tuple((10.0**i, f"{100 * 10.0**i:g} %") for i in range(-4, 1))
_TENTHS: Final = tuple((i / 5, f"{20 * i} %") for i in range(6))


def roc(e: Evaluation, p: Pictures, lang: Lang, *, log: bool) -> str:
    """Recall by the share of honest payments disturbed; with `log` from one in ten thousand on, by its logarithm."""
    assert p.roc is not None
    if log:
        x = Axis(_FPR_LEAST, 1, _DECADES, said("fpr log", lang), log=True)
    else:
        x = Axis(0, 1, _TENTHS, said("fpr", lang))
    plot = Plot(*_SMALL, x, Axis(0, 1, _TENTHS, said("recall", lang)))
    chance = p.roc.x[p.roc.x >= (_FPR_LEAST if log else 0)]
    plot.line(chance.tolist(), chance.tolist(), "chance")
    shown = p.roc.x >= x.low
    _curve(plot, Line(*(part[shown] for part in p.roc)))
    _policy(plot, p.alerted_honest_fraction, p.alerted_bad_fraction, e, p, lang)
    return plot.svg(said("roc near" if log else "roc", lang))


def precision_recall(e: Evaluation, p: Pictures, lang: Lang) -> str:
    """Precision by recall."""
    assert p.precision_recall is not None
    plot = Plot(*_SMALL, Axis(0, 1, _TENTHS, said("recall", lang)), Axis(0, 1, _TENTHS, said("precision", lang)))
    base = e.positives / e.n
    plot.line((0, 1), (base, base), "chance")
    _curve(plot, p.precision_recall)
    _policy(plot, p.alerted_bad_fraction, p.alert_precision, e, p, lang)
    return plot.svg(said("pr", lang))


def _curve(plot: Plot, line: Line) -> None:
    x, y, low, high = (part.tolist() for part in line)
    plot.band(x, low, high, "caught")
    plot.line(x, y, "caught")


def _policy(plot: Plot, x: float | None, y: float | None, e: Evaluation, p: Pictures, lang: Lang) -> None:
    """The dot that stands for what the policy does today."""
    if x is None or y is None:
        return
    recall, fpr = numbers.percent(p.alerted_bad_fraction), numbers.percent(p.alerted_honest_fraction, 2)
    tip = said("policy tip", lang, recall=recall, fpr=fpr, precision=numbers.percent(p.alert_precision))
    plot.dot(x, y, "policy", tip)
    to_the_left = x > 0.7
    plot.word(
        x, y, said("policy", lang), anchor="end" if to_the_left else "start", shift=(-8 if to_the_left else 8, -7)
    )


def scores(p: Pictures, lang: Lang) -> str:
    """The share of each class in each band of score, side by side."""
    x = Axis(0, 1, tuple((i / 10, numbers.tick(i / 10)) for i in range(11)), said("score", lang))
    plot = Plot(*_WIDE, x, Axis(_SHARE_LEAST, 1, _DECADES, said("share of class", lang), log=True), _MARGINS_WIDE)
    for name, counts, place in (("bad", p.bad_by_score, 0.1), ("honest", p.honest_by_score, 0.5)):
        total = int(counts.sum())
        for band in np.flatnonzero(counts).tolist():
            left, share = (band + place) / SCORE_BANDS, int(counts[band]) / total
            edges = f"{band / SCORE_BANDS:g}–{(band + 1) / SCORE_BANDS:g}"
            tip = f"{edges}: {int(counts[band]):,} {said(name, lang)} ({numbers.percent(share)})"
            kind = "missed" if name == "bad" else "honest"
            # The smallest share is drawn as a sliver, so that it is not taken for none.
            plot.bar((left, left + 0.4 / SCORE_BANDS), (_SHARE_LEAST, max(share, _SHARE_LEAST * 1.15)), kind, tip)
    return plot.svg(said("scores", lang))


def money(e: Evaluation, p: Pictures, lang: Lang) -> str:
    """Cash-out money of each span of days: caught below, missed above."""
    highest = max((bar.caught + bar.missed for bar in p.money), default=0)
    marks = even_ticks(numbers.major(highest, e.currency)) if highest else (0.0, 1.0)
    every = max(1, math.ceil(len(p.money) / _LABELS_MAX))
    days = tuple((i + 0.5, numbers.date(bar.from_day)) for i, bar in enumerate(p.money) if i % every == 0)
    y = Axis(0, marks[-1], tuple((value, numbers.tick(value)) for value in marks), e.currency or "")
    plot = Plot(*_WIDE, Axis(0, max(len(p.money), 1), days), y, Margins(left=86, bottom=28))
    for i, bar in enumerate(p.money):
        caught, both = (numbers.major(value, e.currency) for value in (bar.caught, bar.caught + bar.missed))
        span, day = (i + 0.12, i + 0.88), numbers.date(bar.from_day)
        told = (numbers.money(value, e.currency) for value in (bar.caught, bar.missed))
        tips = [f"{day}: {said(name, lang)} {amount}" for name, amount in zip(("caught", "missed"), told, strict=True)]
        plot.bar(span, (0, caught), "caught", tips[0])
        plot.bar(span, (caught, both), "missed", tips[1])
    return plot.svg(said("money", lang))


def delay(p: Pictures, lang: Lang) -> str:
    """The share of cash-out payers that had been alerted, by hours since their first cash-out payment."""
    taken = p.hours_to_detection.tolist()
    marks = even_ticks(max(taken[-1], 1.0))
    top = even_ticks(len(taken) / p.payers_bad)
    y = Axis(0, top[-1], tuple((value, numbers.percent(value, 0)) for value in top), said("payers caught", lang))
    x = Axis(0, marks[-1], tuple((value, numbers.tick(value)) for value in marks), said("delay axis", lang))
    plot = Plot(*_HALF, x, y)
    xs, ys = [0.0], [0.0]
    for caught, at in enumerate(taken):
        xs += [at, at]
        ys += [caught / p.payers_bad, (caught + 1) / p.payers_bad]
    plot.line([*xs, marks[-1]], [*ys, ys[-1]], "caught")
    return plot.svg(said("delay", lang))


def calibration(p: Pictures, lang: Lang) -> str:
    """What share of payments was cash-out, by the score they got."""
    x = Axis(0, 1, tuple((i / 5, numbers.tick(i / 5)) for i in range(6)), said("mean score", lang))
    plot = Plot(*_HALF, x, Axis(0, 1, _TENTHS, said("true share", lang)))
    plot.line((0, 1), (0, 1), "chance")
    for band in p.calibration:
        if band.interval:
            plot.whisker(band.mean_score, *band.interval)
        share = numbers.percent(band.cash_out_fraction)
        tip = said("band tip", lang, n=f"{band.n:,}", score=f"{band.mean_score:.3f}", share=share)
        plot.dot(band.mean_score, band.cash_out_fraction, "caught", tip)
    return plot.svg(said("calibration", lang))
