"""The basis of a decision: the numbers that its model and its scorecards read of the event.

Together with the decision itself they say why its scores are what they are, without taking the log in again
(`explain_score.tell_basis`). Only decisions that people look at have theirs told.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.fields import ABSENT, FIELDS, TYPE_NAMES
from bonafide.engine.kernel import inner, pointer
from bonafide.engine.kernels import Kernels
from bonafide.engine.policy_rows import SUBJECT_OF
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.scheme import Scheme

_USER: Final = FIELDS["user_id"].place
_MERCHANT: Final = FIELDS["merchant_id"].place
_WHOLE: Final = 2.0**53
"""Below it whole numbers are packed as such, which takes one to nine bytes less."""
_NUMBER_MAX: Final = 9
_HEAD_MAX: Final = 5
"""Bytes of a packed number, and of what says how many follow."""
_NIL: Final = 0xC0
_FLOAT: Final = 0xCB


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

    def of_many(
        self, rows: NDArray[np.int64], answers: NDArray[np.float64], which: NDArray[np.intp]
    ) -> list[Basis | None]:  # fmt: skip
        """The same of some rows, whose answers have their numbers."""
        told: list[Basis | None] = [None] * len(which)
        kinds = rows[which, TYPE]
        for kind in np.unique(kinds).tolist():
            span = self._spans[kind]
            if span is not None:
                place = np.flatnonzero(kinds == kind)
                some = which[place]
                named = zip(rows[some, _USER].tolist(), rows[some, _MERCHANT].tolist(), strict=True)
                for at, (user, merchant), inputs in zip(
                    place.tolist(), named, answers[some, span].tolist(), strict=True
                ):
                    told[at] = Basis(
                        None if user == ABSENT else user, None if merchant == ABSENT else merchant, inputs
                    )  # fmt: skip
        return told


def span_of(scheme: Scheme, kind: str) -> tuple[int, int]:
    """Where the inputs of events of some type begin and end among all of a scheme."""
    common = len(scheme.model_inputs) + len(scheme.card_inputs)
    return (common, common + len(scheme.merchant_inputs)) if SUBJECT_OF.get(kind) == "merchant" else (0, common)


@inner
def _put_bytes(out, to, first, value, count):
    """Write a byte, and a number's last bytes behind it, the highest first; returns where what follows goes."""
    out[to] = first
    for i in range(count):
        out[to + count - i] = (value >> 8 * i) & 0xFF
    return to + 1 + count


@inner
def _put_whole(out, to, value):
    """Write a whole number as MessagePack has it, as short as it goes; returns where what follows goes."""
    if -32 <= value < 128:
        return _put_bytes(out, to, value & 0xFF, 0, 0)
    first = 0xCC if value >= 0 else 0xD0
    beyond = value if value >= 0 else -2 * (value + 1) + 1  # a sign takes a bit
    if beyond < 1 << 8:
        return _put_bytes(out, to, first, value, 1)
    if beyond < 1 << 16:
        return _put_bytes(out, to, first + 1, value, 2)
    if beyond < 1 << 32:
        return _put_bytes(out, to, first + 2, value, 4)
    return _put_bytes(out, to, first + 3, value, 8)


@inner
def _put_count(out, to, count):
    """Write that so many follow; returns where they go."""
    if count < 16:
        return _put_bytes(out, to, 0x90 | count, 0, 0)
    if count < 1 << 16:
        return _put_bytes(out, to, 0xDC, count, 2)
    return _put_bytes(out, to, 0xDD, count, 4)


def pack_numbers(numbers, bits, stops, out, ends):
    """Pack lists of numbers, one behind the other, each ending at its place of `ends`: whole numbers as such, and nil
    for NaN. numbers: those of all lists, `bits` the same as they lie; stops: where each list ends among them."""
    values, words, lasts, written, told = pointer(numbers), pointer(bits), pointer(stops), pointer(out), pointer(ends)
    at, to = 0, 0
    for i in range(stops.size):
        to = _put_count(written, to, lasts[i] - at)
        while at < lasts[i]:
            value = values[at]
            if value != value:
                to = _put_bytes(written, to, _NIL, 0, 0)
            elif -_WHOLE < value < _WHOLE and np.floor(value) == value:
                to = _put_whole(written, to, np.int64(value))
            else:
                to = _put_bytes(written, to, _FLOAT, words[at], 8)
            at += 1
        told[i] = to


def pack_all(lists: Sequence[Sequence[float]], kernels: Kernels) -> list[bytes]:
    """Inputs as they are kept, a MessagePack list for each: whole numbers as such, and nil for what is missing."""
    stops = np.cumsum([len(one) for one in lists], dtype=np.int64)
    numbers = np.fromiter(chain.from_iterable(lists), dtype=np.float64)
    out = np.empty(_NUMBER_MAX * len(numbers) + _HEAD_MAX * len(lists), dtype=np.uint8)
    ends = np.empty(len(lists), dtype=np.int64)
    kernels.pack_numbers(numbers, numbers.view(np.int64), stops, out, ends)
    whole = out.tobytes()
    return [whole[a:b] for a, b in pairwise((0, *ends.tolist()))]
