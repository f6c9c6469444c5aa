"""Gate 5: how well a supervised model of users does on what a platform without the engine has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.moment import DAY_MS
from bonafide.lab.curves import Flags, Floats, Ints
from bonafide.testing.realism.fits import OF_USERS, Scores, figures, learnt
from bonafide.testing.realism.gates import Gate, gate, measured
from bonafide.testing.realism.sheet import Pick, Sheet, everything, own_windows, windows

# SemiGNN (Wang et al., ICDM 2019) on users of Alipay: AUC 0.807, KS 0.464.
USER_AUC: Final = (0.78, 0.90)
USER_KS: Final = (0.40, 0.60)
TITLE: Final = "Users are about as hard to judge as real ones"
LEARNT_UNTIL: Final = 0.5
"""Of the log's time; the users of the half after it are judged."""
GAP_MS: Final = 3 * DAY_MS

_RANGES: Final = {"auc": USER_AUC, "ks": USER_KS}
_MODELS: Final[Mapping[str, tuple[Pick, bool]]] = {
    "own": (own_windows, False), "own_peaks": (own_windows, True), "all_windows": (windows, False),
    "all_peaks": (windows, True), "full": (everything, False),
}  # fmt: skip
"""What each model reads, and whether it reads the largest values instead of the last."""
_BESIDE: Final = {
    "own_peaks": "of each window its largest value in the half, instead of the last",
    "all_windows": "with windows on shops, devices and pairs",
    "all_peaks": "both",
    "full": "with what the engine found and what was judged before",
}


class Users(NamedTuple):
    """The users of a span of time."""

    payer: Ints
    last: NDArray[np.float32]
    """users x columns: as of the last payment of each."""
    most: NDArray[np.float32]
    """users x columns: the largest value among their payments."""
    bad: Flags
    """Whether any payment was cash-out."""


def users_gate(sheet: Sheet) -> Gate:
    """Learn from the users of one half of the log, judge those of the other by the latent truth.

    A user is what is known of them at one moment, as in the published tables of users: what the engine answers at
    their last payment of the half.
    """
    learnt_from, judged = halves(sheet)
    scores: dict[str, Floats] = {}
    for name, (pick, peaks) in _MODELS.items():
        places = sheet.places(pick)
        known, asked = ((of.most if peaks else of.last)[:, places] for of in (learnt_from, judged))
        scores[name] = learnt(known, learnt_from.bad, asked, OF_USERS)
    found = figures(Scores(scores, judged.bad, judged.payer), sheet.payers, len(judged.bad))
    rows = [
        measured(f"user_{rate}", found[f"own/{rate}"].value, *span, standard_error=found[f"own/{rate}"].error)
        for rate, span in _RANGES.items()
    ]
    rows += [
        measured(f"user_{rate}_{name}", found[f"{name}/{rate}"].value, note=note)
        for name, note in _BESIDE.items()
        for rate in _RANGES
    ]
    return gate(5, TITLE, *rows)


def halves(sheet: Sheet) -> tuple[Users, Users]:
    """The users of the first part of the log, and those of the part that begins a gap later."""
    middle = sheet.moment(LEARNT_UNTIL)
    first, second = sheet.time_ms < middle - GAP_MS, sheet.time_ms >= middle
    return _users(sheet, np.flatnonzero(first)), _users(sheet, np.flatnonzero(second))


def _users(sheet: Sheet, rows: NDArray[np.intp]) -> Users:
    ordered = rows[np.argsort(sheet.payer[rows], kind="stable")]
    payer, starts = np.unique(sheet.payer[ordered], return_index=True)
    ends = np.append(starts[1:], len(ordered)) - 1
    if not len(ordered):
        return Users(payer, sheet.x[:0], sheet.x[:0], sheet.bad[:0])
    most = np.fmax.reduceat(sheet.x[ordered], starts, axis=0)
    return Users(payer, sheet.x[ordered[ends]], most, np.logical_or.reduceat(sheet.bad[ordered], starts))
