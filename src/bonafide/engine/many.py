"""Many events answered at once: what each is answered is chosen by columns, and what is plain is written by one kernel.

Says the same as asking event by event (`Engine._answer`), byte for byte; only few events tell measures, loops or a
hold, and those are filled in one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import Fact
from bonafide.engine.answered import Answered, Form, as_answered
from bonafide.engine.basis import Basis
from bonafide.engine.beside.beside import DECIDED
from bonafide.engine.beside.voice import Voice
from bonafide.engine.bodies import NOTHING, TAUGHT, TEACHES, write_plain
from bonafide.engine.codes import TAKEN, V_CREDIT, V_SEQ, V_STATUS
from bonafide.engine.kernels import Kernels
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.scoring import SCORED
from bonafide.engine.stretches import Stretch
from bonafide.engine.templates import Template

MANY: Final = 64
"""From so many events on this takes less time than one by one."""
_FIRST: Final = TEACHES + 1
"""The number of the form of the first type's plain decisions; those of the others follow."""


class Ruled(NamedTuple):
    """What each row of a stretch is answered with."""

    number: NDArray[np.int64]
    """Of its form: NOTHING where it was not taken in, TEACHES where nothing is decided."""
    forms: list[Form | None]
    """By number; None where none is decided with, the last of them for NOTHING."""
    template: NDArray[np.int64]
    """The number of its template among `templates`; -1 where nothing is decided."""
    templates: list[Template]


def rule_on_many(stretch: Stretch, voice: Voice) -> Ruled:
    """What the voice says to a stretch."""
    kinds, verdicts, of = stretch.rows[:, TYPE], stretch.walked.verdicts, voice.forms
    taken = verdicts[:, V_STATUS] == TAKEN
    decided = taken & DECIDED[kinds]
    number = np.where(taken, TEACHES, NOTHING)
    plain = decided & voice.templates.are_plain(verdicts)
    number[plain] = kinds[plain] + _FIRST
    forms: list[Form | None] = [None, *of.plain]
    found: dict[Form, int] = {}
    fired = np.flatnonzero(decided & ~plain)
    told = of.of_many(kinds[fired], verdicts[fired])
    for form in told:
        if form not in found:
            found[form] = len(forms)
            forms.append(form)
    number[fired] = [found[form] for form in told]
    templates = [form.template for form in forms[_FIRST:] if form is not None]
    return Ruled(number, [*forms, None], np.where(decided, number - _FIRST, -1), templates)


def answer_many(
    events: Sequence[Fact], stretch: Stretch, ruled: Ruled, told: Collection[int],
    fill: Callable[[Form, int], Answered], bases: Callable[[NDArray[np.intp]], list[Basis | None]], kernels: Kernels,
) -> list[Answered]:  # fmt: skip
    """The answers to the events of a stretch.

    told: the rows whose decisions tell of loops or measures. `fill` answers a row that is not plain, given its form;
    `bases` are those of some rows.
    """
    verdicts, forms, number = stretch.walked.verdicts, ruled.forms, ruled.number
    slow = np.array([form is not None and form.pieces is None for form in forms])[number]
    slow[list(told)] = True
    slow &= number >= _FIRST
    pieces = [TAUGHT if form is None or form.pieces is None else form.pieces for form in forms]
    bodies = write_plain(events, stretch.rows, verdicts, np.where(slow, NOTHING, number), pieces, kernels)
    ends = [(None if form is None else form.outcome, form is not None and form.alert, b"", None) for form in forms]
    which = number.tolist()
    starts = zip(verdicts[:, V_STATUS].tolist(), verdicts[:, V_SEQ].tolist(), bodies, strict=True)
    answers = [as_answered((*start, *ends[i])) for start, i in zip(starts, which, strict=True)]
    for i in np.flatnonzero(slow).tolist():
        form = forms[which[i]]
        assert form is not None
        answers[i] = fill(form, i)
    looked_at = _looked_at(ruled, stretch)
    for i, basis in zip(looked_at.tolist(), bases(looked_at), strict=True):
        answers[i] = answers[i].on(basis)
    return answers


def _looked_at(ruled: Ruled, stretch: Stretch) -> NDArray[np.intp]:
    """The rows whose decisions people look at, as far as scores were reckoned for them."""
    are = np.array([form is not None and form.is_looked_at for form in ruled.forms])[ruled.number]
    scored = (stretch.rows[:, TYPE] == SCORED) | (stretch.walked.verdicts[:, V_CREDIT] != 0)
    return np.flatnonzero(are & scored)
