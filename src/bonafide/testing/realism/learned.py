"""Gates 3, 4 and 6: what models of payments learn from, and whether what they learn lasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.moment import DAY_MS
from bonafide.lab.curves import Floats
from bonafide.testing.realism.fits import OF_PAYMENTS, Derived, Figure, Scores, figures, learnt
from bonafide.testing.realism.gates import Gate, Measurement, gate, measured
from bonafide.testing.realism.sheet import Pick, Sheet, amount_and_time, everything, told, windows, without_labels

AMOUNT_TIME_MAX: Final = 0.35
LABEL_LOSS_MAX: Final = 0.25
WINDOWS_DRIFT_MIN: Final = 0.02
"""Average precision; less could be chance."""
TITLES: Final = {
    3: "Amount and time do not suffice",
    4: "What was judged before is not what finds cash-out",
    6: "What was learnt wears off",
}
LEARNT_UNTIL: Final = 0.6
"""Of the log's time; the payments after it are judged."""
GAP_MS: Final = 3 * DAY_MS
"""Left out before what is judged: a round of orders may last so long, and would stand on both sides."""
FOLDS: Final = 3
"""Of the payers, for gate 6: each is judged by models that never saw any payment of theirs."""
SEED: Final = 1
LOOKED_AT_FRACTION: Final = 0.01
"""Of the judged payments, the most suspicious: those of which cash-out is recalled."""
LABEL_FEATURES_NAMED: Final = 4

Rows = NDArray[np.intp]


class Parts(NamedTuple):
    """Payments by time."""

    earlier: Rows
    later: Rows


def parts(sheet: Sheet) -> Parts:
    """What is learnt from, and what is judged a gap after it."""
    from_ms = sheet.moment(LEARNT_UNTIL)
    return Parts(np.flatnonzero(sheet.time_ms < from_ms - GAP_MS), np.flatnonzero(sheet.time_ms >= from_ms))


_MODELS: Final[Mapping[str, Pick]] = {
    "full": everything, "amount_time": amount_and_time, "full_unlabelled": without_labels,
    "told": told, "windows": windows,
}  # fmt: skip
_MADE: Final[Mapping[str, Derived]] = {
    "amount_time_of_full": lambda of: _share(of["amount_time/ap"], of["full/ap"]),
    "amount_time_of_windows": lambda of: _share(of["amount_time/ap"], of["windows/ap"]),
    "label_loss_full": lambda of: 1 - _share(of["full_unlabelled/ap"], of["full/ap"]),
    "label_loss_windows": lambda of: 1 - _share(of["windows/ap"], of["told/ap"]),
}


def learned_gates(sheet: Sheet) -> tuple[Gate, Gate, Gate]:
    """Gates 3, 4 and 6 by models of the earlier payments, judged on the later ones by the latent truth."""
    split = parts(sheet)
    later, bad = split.later, sheet.bad[split.later]
    scores = {name: _by(sheet, split.earlier, later, pick) for name, pick in _MODELS.items()}
    found = figures(Scores(scores, bad, sheet.payer[later], _MADE), sheet.payers, len(later))
    third = gate(
        3, TITLES[3],
        _row("amount_time_of_full", found["amount_time_of_full"], high=AMOUNT_TIME_MAX),
        _row("amount_time_of_windows", found["amount_time_of_windows"], high=AMOUNT_TIME_MAX),
        *(_row(f"ap_{name}", found[f"{name}/ap"]) for name in ("amount_time", "windows", "full")),
    )  # fmt: skip
    fourth = gate(
        4, TITLES[4],
        _row("label_loss_full", found["label_loss_full"], high=LABEL_LOSS_MAX),
        _row("label_loss_windows", found["label_loss_windows"], high=LABEL_LOSS_MAX),
        _label_features(sheet),
    )  # fmt: skip
    return third, fourth, _drift(sheet, split, scores["full"])


def _by(sheet: Sheet, rows: Rows, asked: Rows, pick: Pick) -> Floats:
    places = sheet.places(pick)
    return learnt(sheet.x[rows][:, places], sheet.bad[rows], sheet.x[asked][:, places], OF_PAYMENTS)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


def _row(name: str, found: Figure, low: float | None = None, high: float | None = None) -> Measurement:
    return measured(name, found.value, low, high, standard_error=found.error)


def _label_features(sheet: Sheet) -> Measurement:
    names = [column.name for column in sheet.columns if column.label_history]
    note = ", ".join(names[:LABEL_FEATURES_NAMED]) + (", ..." if len(names) > LABEL_FEATURES_NAMED else "")
    return measured("label_features", len(names), note=note)


# Gate 6


def _drift(sheet: Sheet, split: Parts, full: Floats) -> Gate:
    later, bad = split.later, sheet.bad[split.later]
    scores: dict[str, Floats] = {}
    for name, pick in {"windows": windows, "full": everything}.items():
        scores[f"{name}_time"], scores[f"{name}_random"] = _before_and_throughout(sheet, split, pick)
    made: dict[str, Derived] = {
        "drift_windows": lambda of: of["windows_random/ap"] - of["windows_time/ap"],
        "drift_full": lambda of: of["full_random/ap"] - of["full_time/ap"],
    }
    found = figures(Scores(scores, bad, sheet.payer[later], made), sheet.payers, len(later))
    return gate(
        6, TITLES[6],
        _row("drift_windows", found["drift_windows"], low=WINDOWS_DRIFT_MIN),
        _row("drift_full", found["drift_full"]),
        *(_row(f"ap_{name}", found[f"{name}/ap"]) for name in scores),
        *_recalled(sheet, split, full),
    )  # fmt: skip


def _before_and_throughout(sheet: Sheet, split: Parts, pick: Pick) -> tuple[Floats, Floats]:
    """Scores of the later payments by models of what other payers did before, and of what others did at any time.

    Both learn from as many payments and as much cash-out, in whole payers, so that they differ in its time alone.
    """
    rng = np.random.Generator(np.random.PCG64(SEED))
    fold = rng.integers(0, FOLDS, sheet.payers)
    place = rng.permutation(sheet.payers)
    before, throughout = np.full(len(split.later), np.nan), np.full(len(split.later), np.nan)
    for number in range(FOLDS):
        judged = np.flatnonzero(fold[sheet.payer[split.later]] == number)
        earlier = split.earlier[fold[sheet.payer[split.earlier]] != number]
        any_time = _as_much(sheet, np.flatnonzero(fold[sheet.payer] != number), earlier, place)
        before[judged] = _by(sheet, earlier, split.later[judged], pick)
        throughout[judged] = _by(sheet, any_time, split.later[judged], pick)
    return before, throughout


def _as_much(sheet: Sheet, rows: Rows, like: Rows, place: NDArray[np.int64]) -> Rows:
    """Of `rows` the payments of whole payers, in the order of `place`: as many, and as much cash-out, as in `like`."""
    cheats = np.zeros(sheet.payers, np.bool_)
    cheats[sheet.payer[sheet.bad]] = True
    theirs = rows[np.argsort(place[sheet.payer[rows]], kind="stable")]
    of_cheats, of_others = theirs[cheats[sheet.payer[theirs]]], theirs[~cheats[sheet.payer[theirs]]]
    enough = int(np.searchsorted(np.cumsum(sheet.bad[of_cheats]), sheet.bad[like].sum()))
    taken = of_cheats[: enough + 1]
    return np.sort(np.concatenate((taken, of_others[: max(0, len(like) - len(taken))])))


def _recalled(sheet: Sheet, split: Parts, full: Floats) -> tuple[Measurement, Measurement]:
    """Recall of schemes that the full model was shown and of those that it never was, where few payments are looked at.

    Told apart and without a range: how well a detector does on new schemes is its affair, not the world's.
    """
    shown = set(sheet.scheme[split.earlier[sheet.bad[split.earlier]]])
    bad = np.flatnonzero(sheet.bad[split.later])
    new = np.array([scheme is not None and scheme not in shown for scheme in sheet.scheme[split.later[bad]]], np.bool_)
    if np.isnan(full).any():
        return measured("recall_seen", None), measured("recall_unseen", None)
    line = np.quantile(full, 1 - LOOKED_AT_FRACTION) if full.size else np.inf
    caught = full[bad] >= line
    names = ", ".join(sorted(set(sheet.scheme[split.later[bad[new]]]))) or "no typology appears that was not learnt"
    return (
        measured("recall_seen", float(caught[~new].mean()) if (~new).any() else None),
        measured("recall_unseen", float(caught[new].mean()) if new.any() else None, note=names),
    )
