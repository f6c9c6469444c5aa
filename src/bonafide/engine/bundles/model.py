"""The folder model/: trees, their calibration and the scorecards, read into how a bundle scores.

`bonafide train` writes all of it but inputs.yaml. The trees are there twice: as LightGBM's text, for people and other
tools, and as arrays, which the engine loads; `bundle check` holds that both say the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from math import isfinite
from typing import Annotated, Final

from msgspec import Meta, Struct

from bonafide.core.errors import ConfigError
from bonafide.core.mistakes import Mistake
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.inputs import INPUTS, Inputs, declared_graded
from bonafide.engine.bundles.rules import Rule
from bonafide.engine.graded import Graded, read_graded
from bonafide.engine.scheme import Knot, Scheme
from bonafide.engine.scorecard import Scorecard, read_scorecard
from bonafide.engine.trees.arrays import Trees
from bonafide.engine.trees.files import from_npz, to_npz
from bonafide.engine.trees.lightgbm_text import read_lightgbm

MODEL: Final = "model/model.npz"
TEXT: Final = "model/model.txt"
CALIBRATION: Final = "model/calibration.yaml"
SCORECARD: Final = "model/scorecard.yaml"
MERCHANT_SCORECARD: Final = "model/merchant_scorecard.yaml"
CARD: Final = ("model/card.md", "model/card.html")
KNOTS_MAX: Final = 256

_Number = Annotated[float, Meta(description="a number")]


class Calibration(Struct, frozen=True, forbid_unknown_fields=True):
    """From margins to probabilities, as it is written."""

    rules_weight: Annotated[float, Meta(ge=0, le=100, description="a number from 0 to 100")]
    knots: Annotated[
        list[Annotated[list[_Number], Meta(min_length=2, max_length=2, description="a pair [margin, probability]")]],
        Meta(min_length=1, max_length=KNOTS_MAX, description=f"a list of 1 to {KNOTS_MAX} pairs"),
    ]


def read_scheme(sources: Sources, inputs: Inputs, rules: Sequence[Rule], codes: Collection[str]) -> Scheme:
    """How a bundle scores; what is wrong with its model is noted."""
    number = {code: i for i, code in enumerate(codes)}
    scheme = Scheme(tuple(number.get(rule.reason, 0) for rule in rules), max(len(number), 1))
    if MODEL in sources.contents or CALIBRATION in sources.contents:
        trees, calibration = _read_trees(sources, inputs), _read_calibration(sources)
        if trees is not None and calibration is not None:
            scheme = scheme._replace(
                model_inputs=tuple(one.node for one in inputs.model),
                input_reasons=tuple(number.get(one.reason, 0) for one in inputs.model),
                trees=trees, rules_weight=calibration.rules_weight,
                knots=tuple(Knot(margin, probability) for margin, probability in calibration.knots),
            )  # fmt: skip
    if SCORECARD in sources.contents:
        scorecard = _read_scorecard(sources, inputs)
        if scorecard is not None:
            scheme = scheme._replace(card_inputs=tuple(one.node for one in inputs.scorecard), scorecard=scorecard)
    if MERCHANT_SCORECARD in sources.contents:
        merchants = _read_merchants(sources, inputs)
        if merchants is not None:
            nodes = tuple(one.node for one in inputs.merchant_scorecard)
            scheme = scheme._replace(merchant_inputs=nodes, merchant_card=merchants)
    return scheme


def note_model_text(sources: Sources) -> None:
    """Note where the model's text says other trees than its arrays, which are what decides."""
    if MODEL not in sources.contents or any(mistake.path == MODEL for mistake in sources.mistakes):
        return
    if TEXT not in sources.contents:
        sources.note("missing-file", "the model has no text, which people and other tools read", TEXT)
        return
    try:
        told = read_lightgbm(sources.contents[TEXT].decode("utf-8", "replace"), TEXT)
    except ConfigError as error:
        sources.mistakes += error.mistakes or (Mistake("model", error.args[1], TEXT),)
        return
    if to_npz(told) != sources.contents[MODEL]:
        text = f"says other trees than {MODEL}, which is what decides; let bonafide train write both anew"
        sources.note("model", text, TEXT)


def _read_trees(sources: Sources, inputs: Inputs) -> Trees | None:
    if MODEL not in sources.contents:
        sources.note("missing-file", "the calibration has no trees to calibrate; train the model again", MODEL)
        return None
    try:
        trees = from_npz(sources.contents[MODEL], MODEL)
    except ConfigError as error:
        sources.note("model", error.args[1], MODEL)
        return None
    names = tuple(one.name for one in inputs.model)
    if trees.names != names:
        text = _difference(trees.names, names)
        sources.note("model", f"{text}; train the model again, or put {INPUTS} back as it was", MODEL)
        return None
    return trees


def _difference(trained: Sequence[str], declared: Sequence[str]) -> str:
    """How the inputs that a model was trained on differ from those that a bundle declares."""
    for what, some, others in (("reads", trained, declared), ("does not read", declared, trained)):
        lone = [name for name in some if name not in others]
        if lone:
            return f"the model {what} {', '.join(lone[:5])}, unlike {INPUTS}"
    return f"the model reads the inputs of {INPUTS} in another order"


def _read_calibration(sources: Sources) -> Calibration | None:
    told = sources.fit(CALIBRATION, Calibration)
    document = sources.document(CALIBRATION)
    if told is None or document is None:
        return None
    faults = 0
    for i, (margin, probability) in enumerate(told.knots):
        if not (isfinite(margin) and 0 <= probability <= 1):
            text = "a knot has a finite margin and a probability from 0 to 1"
            sources.note("out-of-range", text, CALIBRATION, document.place(("knots", i)))
            faults += 1
    for i, (before, after) in enumerate(pairwise(told.knots), 1):
        if not (before[0] < after[0] and before[1] <= after[1]):
            text = "knots stand in rising order of margin, and their probabilities do not fall"
            sources.note("out-of-range", text, CALIBRATION, document.place(("knots", i)))
            faults += 1
    return None if faults else told


def _read_scorecard(sources: Sources, inputs: Inputs) -> Scorecard | None:
    document = sources.document(SCORECARD)
    if document is None:
        return None
    scorecard, mistakes = read_scorecard(document, SCORECARD, inputs.scorecard)
    sources.mistakes += mistakes
    return scorecard


def _read_merchants(sources: Sources, inputs: Inputs) -> Graded | None:
    document = sources.document(MERCHANT_SCORECARD)
    if document is None:
        return None
    card, mistakes = read_graded(document, MERCHANT_SCORECARD, declared_graded(inputs.merchant_scorecard))
    sources.mistakes += mistakes
    return card
