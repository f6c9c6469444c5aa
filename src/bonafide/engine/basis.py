"""The basis of a decision: the numbers that its model and its scorecards read of the event.

Together with the decision itself they say why its scores are what they are, without taking the log in again
(`explain_score.tell_basis`). Only decisions that people look at have theirs told.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.fields import ABSENT, FIELDS, TYPE_NAMES
from bonafide.engine.policy_rows import SUBJECT_OF
from bonafide.engine.scheme import Scheme

_USER: Final = FIELDS["user_id"].place
_MERCHANT: Final = FIELDS["merchant_id"].place


class Basis(NamedTuple):
    """What one decision's scores were reckoned from, and whom it is about."""

    user: int | None
    merchant: int | None
    """The hashes that the log has of the event's subjects; None where it names none."""
    inputs: list[float]
    """NaN is missing: of an event about a merchant the inputs of the merchants' card, else the model's and then the
    scorecard's."""


class Bases:
    """Takes bases from the answers of a walk or a vote under one scheme."""

    def __init__(self, scheme: Scheme, first: int) -> None:
        """first: where the inputs begin in a row of answers."""
        spans = [span_of(scheme, kind) for kind in TYPE_NAMES]
        self._spans = [None if begins == ends else slice(first + begins, first + ends) for begins, ends in spans]

    def of(
        self, kind: int, rows: NDArray[np.int64], i: int, answers: NDArray[np.float64], at: int
    ) -> Basis | None:  # fmt: skip
        """The basis of row i, of type code `kind`, whose answers are row `at`; None where nothing was read."""
        span = self._spans[kind]
        if span is None:
            return None
        user, merchant = rows.item(i, _USER), rows.item(i, _MERCHANT)
        return Basis(
            None if user == ABSENT else user, None if merchant == ABSENT else merchant, answers[at, span].tolist()
        )  # fmt: skip


def span_of(scheme: Scheme, kind: str) -> tuple[int, int]:
    """Where the inputs of events of some type begin and end among all of a scheme."""
    common = len(scheme.model_inputs) + len(scheme.card_inputs)
    return (common, common + len(scheme.merchant_inputs)) if SUBJECT_OF.get(kind) == "merchant" else (0, common)
