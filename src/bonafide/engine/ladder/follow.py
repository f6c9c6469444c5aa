"""Handing a stretch of many rows to the ladder: which of them can matter is found for all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, TYPE_NAMES, WORD_CODE
from bonafide.engine.codes import TAKEN, V_SEQ, V_STATUS
from bonafide.engine.stretches import Stretch
from bonafide.engine.ladder.ladder import FEEDS, Ladder
from bonafide.engine.ladder.proposed import Proposed
from bonafide.engine.ladder.standings import MARKS
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.templates import Template

_FEEDS: Final = np.array([code in FEEDS for code in range(len(TYPE_NAMES))])
_VERDICT: Final = TYPE_CODE["verdict"]
_LABEL: Final = FIELDS["label"].place
_GENUINE: Final = WORD_CODE["genuine"]
_USER, _MERCHANT, _SUBJECT = (FIELDS[name].place for name in ("user_id", "merchant_id", "subject_id"))
_NAMES: Final = (_USER, _MERCHANT, _SUBJECT)


def follow(
    ladder: Ladder, stretch: Stretch, template: NDArray[np.int64], templates: Sequence[Template]
) -> dict[int, tuple[Proposed, ...]]:
    """Take a stretch in: by row, what the decisions on it say of measures.

    template: of each row, which of the `templates` decided it; -1: none did.
    """
    rows, verdicts = stretch.rows, stretch.walked.verdicts
    chosen = _candidates(ladder, rows, verdicts, template, templates)
    if not len(chosen):
        return {}
    told: dict[int, tuple[Proposed, ...]] = {}
    times, seqs = stretch.times[chosen].tolist(), verdicts[chosen, V_SEQ].tolist()
    which = template[chosen].tolist()
    for i, seq, now, number in zip(chosen.tolist(), seqs, times, which, strict=True):
        if number < 0:
            ladder.taught(rows[i].tolist(), seq, now)
        elif measures := ladder.decided(rows, i, seq, templates[number], now):
            told[i] = tuple(measures)
    return told


def _candidates(
    ladder: Ladder, rows: NDArray[np.int64], verdicts: NDArray[np.int64], template: NDArray[np.int64],
    templates: Sequence[Template],
) -> NDArray[np.intp]:  # fmt: skip
    """The rows that can matter: findings, records that change where somebody stands, and decisions on whoever waits or
    may come to wait within the stretch."""
    kinds, decided = rows[:, TYPE], template >= 0
    counts = np.array([one.counts for one in templates])
    found = decided & counts[template]
    feeds = (verdicts[:, V_STATUS] == TAKEN) & _FEEDS[kinds]
    told = feeds.any()
    if told:
        clears = feeds & (kinds == _VERDICT) & (rows[:, _LABEL] == _GENUINE)
        if clears.any():
            stands = ladder.standings.marks > 0
            _mark(stands, rows[found | (feeds & ~clears)])
            feeds &= ~clears | _is_marked(stands, rows)
    if not told and not ladder.standings.waiting:
        return np.flatnonzero(found)
    waits = np.zeros(MARKS, dtype=np.bool_)
    waits[[subject & (MARKS - 1) for _, subject in ladder.standings.waiting]] = True
    _mark(waits, rows[feeds])
    return np.flatnonzero(found | feeds | (decided & _is_marked(waits, rows)))


def _mark(marks: NDArray[np.bool_], rows: NDArray[np.int64]) -> None:
    for place in _NAMES:
        named = rows[:, place]
        marks[named[named != ABSENT] & (MARKS - 1)] = True


def _is_marked(marks: NDArray[np.bool_], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a row names somebody who has a mark; one may have another's."""
    found: NDArray[np.bool_] = marks[rows[:, _USER] & (MARKS - 1)]
    for place in _NAMES[1:]:
        found = found | marks[rows[:, place] & (MARKS - 1)]
    return found
