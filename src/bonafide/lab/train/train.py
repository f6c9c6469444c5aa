"""From a matrix and the labels about it to a model, judged on a time it had not seen.

Settings and method are chosen on the validation part, figures come from the test part, and the model that is shipped is
fitted again by the same recipe on everything, with all labels that had arrived by the end of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.engine.bundles.inputs import Training
from bonafide.lab.curves import Floats
from bonafide.lab.train.calibrate import Calibration, TooFewLabelsError, calibrate
from bonafide.lab.train.figures import Figures, figures_of, gains, judged, main_currency
from bonafide.lab.train.fit import SEARCHED, Settings
from bonafide.lab.train.labels import CASH_OUT, UNLABELLED, Arrived, LabelBook
from bonafide.lab.train.matrix import Matrix
from bonafide.lab.train.prior import Prior, best_bin, complete, elkan_noto
from bonafide.lab.train.pu import METHODS, Lesson, Method, Model, learn
from bonafide.lab.train.split import Part, Split, delay_ms, split_by_time, split_period

AS_USUAL: Final = Training()
TRAIN_POSITIVES_MIN: Final = 5
VALIDATION_POSITIVES_MIN: Final = 2
FINDS_RESAMPLES: Final = 200
USUAL: Final[Method] = "spies"
"""What is shipped unless another is clearly better: by the latent truth of development platforms it caught the most on
five of six, and as much on the sixth (docs/model.md)."""
ERRORS_IN_INTERVAL: Final = 2 * 1.96
"""Standard errors from end to end of a 95 % interval."""

Stage = Callable[[str, int, int], None]
"""Told what begins: name, number from 0, how many."""
_STAGES: Final = ("settings", *METHODS[1:], "test", "final model", "figures")


class Scored(NamedTuple):
    """Payments of a part, what they got and what they were."""

    rows: NDArray[np.intp]
    margin: Floats
    confirmed: NDArray[np.bool_]


class Try(NamedTuple):
    """One method, fitted on the train part."""

    method: Method
    model: Model
    validated: Figures
    """On the validation part, by confirmed labels."""
    gain: float | None
    """Cash-out money caught there beyond the plain method, as a share."""
    gain_interval: tuple[float, float] | None
    tested: Figures | None
    """The same model on the test part, by the latent truth; None without one."""


class Trained(NamedTuple):
    """Everything that was found out."""

    split: Split
    settings: Settings
    searched: list[tuple[Settings, float | None]]
    """Average precision on the validation part."""
    prior: Prior
    elkan_noto: Prior
    tries: list[Try]
    method: Method
    model: Model
    """The one that is shipped."""
    calibration: Calibration
    """The one that is shipped, from all scores out of time."""
    earlier_calibration: Calibration
    """From the validation part; the one that is judged on the test part."""
    test: Scored
    """By a model that learnt before the test began."""
    by_confirmed: Figures
    rules_by_confirmed: Figures
    by_truth: Figures | None
    rules_by_truth: Figures | None
    arrived: Arrived
    """By the end of the log."""
    latent: NDArray[np.int8] | None
    """What each payment of the matrix was: 1, 0, or -1 where the truth does not say."""


def train(
    matrix: Matrix, truth: pl.DataFrame | None, seed: int, asked: Training = AS_USUAL,
    stage: Stage = lambda name, number, total: None, *, period: Part | None = None,
    methods: Sequence[Method] = METHODS,
) -> Trained:  # fmt: skip
    """Learn from the payments of a log, or of a period of it by what was known at the period's moment.

    `methods` are tried, the plain one always.

    What comes after that moment changes nothing, so a log may go on behind it: as a test of what was learnt.

    Raises TooFewLabelsError where there is too little cash-out to learn from, InputError where `truth` is unusable.
    """
    return _Run(matrix, truth, seed, asked, stage, period, methods).run()


class _Run:
    def __init__(
        self, matrix: Matrix, truth: pl.DataFrame | None, seed: int, asked: Training, stage: Stage,
        period: Part | None, methods: Sequence[Method],
    ) -> None:  # fmt: skip
        if not matrix.n:
            raise TooFewLabelsError("the log has no payment that was taken in, so there is nothing to learn from")
        self.matrix, self.seed, self.asked = matrix, seed, asked
        self._stage = stage
        # Where all that is learnt from is labelled, there is nothing for the other methods to find.
        others: list[Method] = [method for method in methods if method != "plain"]
        self._others = others if asked.unlabelled == "honest" else []
        self.time_ms = matrix.rows["time_ms"].to_numpy()
        self.book = LabelBook(matrix.rows, matrix.statements, truth)
        self.known_ms = matrix.last_ms if period is None else period.known_ms
        self.arrived = self.book.labels_at(self.known_ms)
        self.latent = None if truth is None else latent_labels(matrix.rows, truth)
        self.split = (
            split_by_time(self.time_ms, matrix.last_ms, delay_ms(self.time_ms, self.arrived))
            if period is None
            else split_period(period)
        )
        self.currency = main_currency(matrix.rows)

    def stage(self, name: str) -> None:
        self._stage(name, _STAGES.index(name), len(_STAGES))

    def lesson(self, part: Part) -> Lesson:
        arrived = self.arrived if part.known_ms >= self.known_ms else self.book.labels_at(part.known_ms)
        rows = part.rows(self.time_ms)
        if self.asked.unlabelled == "left_out":
            rows = rows[arrived.label[rows] != UNLABELLED]
        return Lesson(self.matrix, rows, arrived, self.seed)

    def prior(self, margin: Floats, confirmed: NDArray[np.bool_]) -> Prior:
        return complete(confirmed) if self.asked.unlabelled == "left_out" else best_bin(margin, confirmed)

    def run(self) -> Trained:
        """All of it."""
        train, validate = self.lesson(self.split.train), self.lesson(self.split.validate)
        self._check(train, TRAIN_POSITIVES_MIN, "before the validation begins")
        self._check(validate, VALIDATION_POSITIVES_MIN, "of the validation part")
        self.stage("settings")
        settings, plain, searched = self._search(train, validate)
        prior = self.prior(plain.margin(self.matrix, validate.rows), validate.label() == CASH_OUT)
        models: dict[Method, Model] = {"plain": plain}
        for method in self._others:
            self.stage(method)
            models[method] = learn(method, train, settings, prior.among_all, validation=validate)
        test_lesson = self.lesson(self.split.test)
        tries = self._tries(models, validate, test_lesson.rows)
        method = chosen(tries)
        return self._finish(settings, searched, prior, tries, method, models[method], validate, test_lesson)

    def _check(self, lesson: Lesson, least: int, when: str) -> None:
        positives = int((lesson.label() == CASH_OUT).sum())
        if positives < least:
            wanted = (
                "with more verdicts in it, or with --truth" if self.latent is None
                else "so that more of what the truth says was known in time (known_at)"
            )  # fmt: skip
            raise TooFewLabelsError(
                f"{positives} payments {when} were confirmed as cash-out in time, and a model needs at least {least}: "
                f"train on a longer log, {wanted}"
            )

    def _search(self, train: Lesson, validate: Lesson) -> tuple[Settings, Model, list[tuple[Settings, float | None]]]:
        tried = []
        for settings in SEARCHED:
            leaves = min(settings.leaves, self.asked.leaves)
            settings = settings._replace(max_bin=self.asked.max_bin, trees=self.asked.trees, leaves=leaves)
            tried.append((settings, learn("plain", train, settings, 0.0, validation=validate)))
        best = max(tried, key=lambda one: one[1].trees.validated_ap or 0.0)
        return best[0], best[1], [(settings, model.trees.validated_ap) for settings, model in tried]

    def _tries(self, models: dict[Method, Model], validate: Lesson, tested: NDArray[np.intp]) -> list[Try]:
        known = validate.rows[validate.arrived.suspicion[validate.rows] == 0]
        told = judged(self.matrix.rows[known], validate.arrived.label[known] == CASH_OUT, self.currency)
        margins = {name: model.margin(self.matrix, known) for name, model in models.items()}
        more = gains({str(name): margin for name, margin in margins.items()}, told, self.seed, FINDS_RESAMPLES)
        return [
            Try(
                name, models[name], figures_of(margins[name], told, self.seed), more.values[name],
                more.intervals[name], self._by_truth(models[name].margin(self.matrix, tested), tested),
            )
            for name in models
        ]  # fmt: skip

    def _by_truth(self, score: Floats, rows: NDArray[np.intp]) -> Figures | None:
        if self.latent is None:
            return None
        known = self.latent[rows] >= 0
        told = judged(self.matrix.rows[rows[known]], self.latent[rows[known]] == 1, self.currency)
        return figures_of(score[known], told, self.seed)

    def _finish(
        self, settings: Settings, searched: list[tuple[Settings, float | None]], prior: Prior, tries: list[Try],
        method: Method, model: Model, validate: Lesson, test: Lesson,
    ) -> Trained:  # fmt: skip
        count = max(model.trees.number, 1)
        self.stage("test")
        before = learn(method, self.lesson(self.split.before_test), settings._replace(trees=count), prior.among_all)
        validated, tested = self._scored(model, validate), self._scored(before, test)
        self.stage("final model")
        final = learn(method, self.lesson(self.split.everything), settings._replace(trees=count), prior.among_all)
        self.stage("figures")
        margin = np.concatenate((validated.margin, tested.margin))
        confirmed = np.concatenate((validated.confirmed, tested.confirmed))
        whole = self.prior(margin, confirmed)
        earlier = calibrate(validated.margin, validated.confirmed, prior.label_frequency)
        calibration = calibrate(margin, confirmed, whole.label_frequency)
        uncorrected = calibrate(margin, confirmed, 1.0)
        evidence = self.matrix.evidence[test.rows]
        told = judged(self.matrix.rows[test.rows], tested.confirmed, self.currency)
        return Trained(
            self.split, settings, searched, whole, elkan_noto(uncorrected.of(margin), confirmed), tries, method, final,
            calibration, earlier, tested, figures_of(tested.margin, told, self.seed),
            figures_of(evidence, told, self.seed), self._by_truth(tested.margin, test.rows),
            self._by_truth(evidence, test.rows), self.arrived, self.latent,
        )  # fmt: skip

    def _scored(self, model: Model, lesson: Lesson) -> Scored:
        return Scored(lesson.rows, model.margin(self.matrix, lesson.rows), lesson.label() == CASH_OUT)


def chosen(tries: list[Try]) -> Method:
    """The method that catches the most confirmed money on the validation part; ties go to USUAL.

    A tie is a lead of less than one standard error, the larger one of the two methods', over the plain method.
    """
    told = [one for one in tries if one.gain is not None and one.gain_interval is not None]
    best = next((one for one in told if one.method == USUAL), tries[0])
    for one in told:
        if (one.gain or 0.0) - (best.gain or 0.0) > max(_error(one), _error(best)):
            best = one
    return best.method


def _error(one: Try) -> float:
    """The standard error of what a method catches beyond the plain one."""
    return 0.0 if one.gain_interval is None else (one.gain_interval[1] - one.gain_interval[0]) / ERRORS_IN_INTERVAL


def latent_labels(rows: pl.DataFrame, truth: pl.DataFrame) -> NDArray[np.int8]:
    """What a truth table says that each payment was: 1, 0, or -1 where it does not say."""
    told = truth.select("event_id", pl.col("label").cast(pl.Int8))
    joined = rows.select("event_id").join(told, on="event_id", how="left", maintain_order="left")
    return joined["label"].fill_null(-1).to_numpy()


__all__ = ["Scored", "Trained", "Try", "train"]
