"""Tuning a bundle on the first part of a log and judging it on the later part: everything that is told about it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from bonafide.core.decision import SCORE_UNIT
from bonafide.core.errors import InputError, UsageError
from bonafide.core.moment import show_moment
from bonafide.engine.bundle import Bundle
from bonafide.lab.chosen_labels import LabelKind, choose_labels
from bonafide.lab.curves import Flags, Floats
from bonafide.lab.intervals import Interval
from bonafide.lab.train.figures import judged, main_currency
from bonafide.lab.tune.gather import Gathered
from bonafide.lab.tune.judge import Part, Point
from bonafide.lab.tune.rescore import forced, genuine_of, law_of, millionths
from bonafide.lab.tune.search import EVALUATIONS, Found, Progress, Setting, search
from bonafide.lab.tune.written import line_of

TUNED_FRACTION: Final = 0.6
"""Of the time of the payments: the part that is tuned on, where no moment is given."""
CASH_OUT_MIN: Final = 10
"""Payments of cash-out without which there is nothing to tune by."""


class Outcome(Struct, frozen=True):
    """What one setting comes to on one part."""

    saved: float | None
    """Share of cash-out money whose payment was asked to verify or stopped, 0..1."""
    saved_interval: Interval | None
    """95 %, over users."""
    disturbed: float | None
    """Share of honest paying users who met verify or stricter at least once, 0..1."""
    disturbed_interval: Interval | None


class Row(Struct, frozen=True):
    """One setting on both parts."""

    name: str
    line: float
    """Where verify or stricter begins, 0..1."""
    rules_changed: int
    tuned: Outcome
    later: Outcome


class FrontPoint(Struct, frozen=True):
    """The setting that was best for one share of honest people disturbed."""

    disturbed_max: float
    line: float
    rules_changed: int
    tuned: Point
    later: Point
    line_only: Point
    """On the later part: the weights as they were, with the line that the tuned part gives for this share."""


class PartTold(Struct, frozen=True):
    """A part of the log in numbers."""

    from_time: str
    to_time: str
    payments: int
    cash_out: int
    honest_users: int
    money: int


class Weight(Struct, frozen=True):
    """A rule whose weight changed."""

    rule: str
    before: float
    after: float


class Tuning(Struct, frozen=True):
    """All that is told; JSON-ready."""

    disturbed_max: float
    evaluations: int
    seed: int
    labels: LabelKind
    currency: str | None
    tuned_part: PartTold
    later_part: PartTold
    rows: list[Row]
    """As it was; with the line moved; with line and weights."""
    front: list[FrontPoint]
    weights: list[Weight]
    other_alerts_before: int
    """Refunds, payouts, transfers and applications with an alert, over the whole log, as it was."""
    other_alerts_after: int


class Tuned(NamedTuple):
    """What was found, and the setting to write."""

    told: Tuning
    setting: Setting


class Asked(NamedTuple):
    """How tuning was asked for."""

    disturbed_max: float
    seed: int = 0
    evaluations: int = EVALUATIONS
    split_ms: int | None = None
    labels: LabelKind = "latent"


class _Parts(NamedTuple):
    tuned: Part
    later: Part
    told: tuple[PartTold, PartTold]
    active: NDArray[np.intp]
    """Rules that held on some payment of the tuned part, but for monitors."""


def tune(
    gathered: Gathered, truth: pl.DataFrame, bundle: Bundle, asked: Asked, progress: Progress = lambda done, total: None
) -> Tuned:  # fmt: skip
    """Search on the first part, judge on both.

    Raises UsageError where a part has too little cash-out or the policy no line, InputError where the truth cannot be
    used.
    """
    line = line_of(bundle.policy)
    weights = np.array([rule.weight for rule in bundle.rules])
    parts = _parts(gathered, truth, bundle, asked)
    found = search(
        parts.tuned, weights, parts.active, asked.disturbed_max, asked.seed, asked.evaluations, progress
    )  # fmt: skip
    as_it_was = Setting(weights, line)
    line_only = [Setting(weights, parts.tuned.curve(weights).line_for(share)) for share in found.shares]
    chosen = found.settings[found.target]
    named = (("as it was", as_it_was), ("line alone", line_only[found.target]), ("line and weights", chosen))
    rows = [_row(name, setting, parts, weights, asked.seed) for name, setting in named]
    told = Tuning(
        asked.disturbed_max, found.evaluations, asked.seed, asked.labels,
        main_currency(gathered.rows.filter(pl.Series(gathered.is_payment))), *parts.told, rows,
        _front(found, line_only, parts, weights), _changes(bundle, chosen.weights),
        *(_other_alerts(gathered, bundle, setting) for setting in (as_it_was, chosen)),
    )  # fmt: skip
    return Tuned(told, chosen)


def _parts(gathered: Gathered, truth: pl.DataFrame, bundle: Bundle, asked: Asked) -> _Parts:
    time_ms = gathered.rows["time_ms"].to_numpy()
    payments = time_ms[gathered.is_payment]
    if not len(payments):
        raise UsageError("the log has no payment that was decided, so there is nothing to tune")
    first, last = int(payments.min()), int(payments.max())
    split = first + int(TUNED_FRACTION * (last - first)) if asked.split_ms is None else asked.split_ms
    if not first < split <= last:
        raise UsageError(
            f"--split {show_moment(split)}: payments lie from {show_moment(first)} to {show_moment(last)}; choose a "
            f"moment between"
        )
    sides = (gathered.is_payment & (time_ms < split), gathered.is_payment & (time_ms >= split))
    built = [
        _part(gathered, truth, bundle, asked.labels, side, known_ms)
        for side, known_ms in zip(sides, (split, last), strict=True)
    ]
    for (part, _), name in zip(built, ("first", "later"), strict=True):
        if part.cash_out < CASH_OUT_MIN:
            raise UsageError(
                f"the {name} part has {part.cash_out} cash-out payments, and tuning needs {CASH_OUT_MIN}: give a "
                f"longer log, or another --split"
            )
    held = np.unique(gathered.pattern[sides[0]])
    weighs = np.array([not rule.is_monitor for rule in bundle.rules])
    active = np.flatnonzero(gathered.hits[held].any(axis=0) & weighs)
    return _Parts(built[0][0], built[1][0], (built[0][1], built[1][1]), active)


def _part(
    gathered: Gathered, truth: pl.DataFrame, bundle: Bundle, labels: LabelKind, rows: Flags, known_ms: int
) -> tuple[Part, PartTold]:  # fmt: skip
    # In one chunk: polars 2.1 panics where a text is made of a filtered column one of whose chunks is empty.
    frame = gathered.rows.filter(pl.Series(rows)).rechunk()
    known = choose_labels(truth, labels, known_ms if labels == "arrived" else None).frame.select("event_id", "bad")
    joined = frame.join(known, on="event_id", how="left", maintain_order="left")
    if joined["bad"].null_count() == joined.height:
        raise InputError(
            "missing-field", "the truth table names no payment of a part of the log; is it of this log?", "event_id"
        )
    bad = joined["bad"].fill_null(value=False).to_numpy()
    always = forced(bundle, gathered.hits)
    told = judged(frame, bad, main_currency(gathered.rows.filter(pl.Series(gathered.is_payment))))
    part = Part(law_of(bundle), gathered.hits, always, gathered.pattern[rows], gathered.raw[rows], told)
    times = frame["time_ms"].to_numpy()
    return part, PartTold(
        show_moment(int(times.min())), show_moment(int(times.max())), len(times), part.cash_out, part.honest, part.money
    )


def _row(name: str, setting: Setting, parts: _Parts, given: Floats, seed: int) -> Row:
    outcomes = [_outcome(part, setting, seed) for part in (parts.tuned, parts.later)]
    return Row(name, setting.line / SCORE_UNIT, int((setting.weights != given).sum()), *outcomes)


def _outcome(part: Part, setting: Setting, seed: int) -> Outcome:
    found = part.figures(setting.weights, setting.line, seed)
    return Outcome(
        found.values["saved"], found.intervals["saved"], found.values["disturbed"], found.intervals["disturbed"]
    )


def _front(found: Found, line_only: list[Setting], parts: _Parts, given: Floats) -> list[FrontPoint]:
    """The settings, without those that save no more than one that disturbs fewer."""
    points: list[FrontPoint] = []
    for share, setting, plain in zip(found.shares, found.settings, line_only, strict=True):
        tuned, later = (part.curve(setting.weights).at(setting.line) for part in (parts.tuned, parts.later))
        before = parts.later.curve(given).at(plain.line)
        point = FrontPoint(
            share, setting.line / SCORE_UNIT, int((setting.weights != given).sum()), tuned, later, before
        )
        if not points or (tuned.saved or 0.0) > (points[-1].tuned.saved or 0.0):
            points.append(point)
    return points


def _changes(bundle: Bundle, weights: Floats) -> list[Weight]:
    pairs = zip(bundle.rules, weights.tolist(), strict=True)
    return [Weight(rule.id, rule.weight, weight) for rule, weight in pairs if rule.weight != weight]


def alerted(gathered: Gathered, bundle: Bundle, setting: Setting) -> Flags:
    """Of every decided event, whether it would have an alert under a setting."""
    return np.asarray(
        forced(bundle, gathered.hits)[gathered.pattern] | (scores(gathered, bundle, setting) >= setting.line)
    )


def scores(gathered: Gathered, bundle: Bundle, setting: Setting) -> NDArray[np.int64]:
    """Of every decided event its score under a setting, in millionths."""
    genuine = genuine_of(gathered.hits, setting.weights)[gathered.pattern]
    of_payments = law_of(bundle).of_payments(gathered.raw, genuine)
    return np.where(gathered.is_payment, of_payments, millionths(1.0 - genuine))


def _other_alerts(gathered: Gathered, bundle: Bundle, setting: Setting) -> int:
    return int((alerted(gathered, bundle, setting) & ~gathered.is_payment).sum())


def unlike_engine(predicted: Gathered, bundle: Bundle, setting: Setting, engine: Gathered) -> int:
    """How many events the engine scored or alerted on otherwise than was predicted for a setting, or decided alone."""
    if predicted.n != engine.n:
        return abs(predicted.n - engine.n)
    same_score = scores(predicted, bundle, setting) == engine.score_e6
    return int((~same_score | (alerted(predicted, bundle, setting) != engine.alert)).sum())
