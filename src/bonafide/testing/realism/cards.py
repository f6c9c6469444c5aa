"""Gate 1: what two published detectors make of a bank's view of the trade."""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np

from bonafide.lab.curves import Curve, Flags, Floats, Ranking, auc, ks
from bonafide.testing.dense_blocks import BankView, Blocks
from bonafide.testing.dense_blocks.antico import DailySpend, Months, antico, suspicion
from bonafide.testing.dense_blocks.fraudar import fraudar
from bonafide.testing.realism.gates import Gate, Measurement, gate, measured

# Real cards of banks in five regions (Ji et al., KDD 2022): FRAUDAR AUC 0.640-0.732, ANTICO AUC 0.705-0.756 and KS
# 0.41-0.51; each widened by about 0.01 for what a sample of cards adds.
FRAUDAR_AUC: Final = (0.62, 0.74)
ANTICO_AUC: Final = (0.70, 0.77)
ANTICO_KS: Final = (0.40, 0.52)


def cards_gate(view: BankView, bad: Flags) -> Gate:
    """Judge both detectors on a view; `bad` is (cards,) true for cards whose holders cash out."""
    first, second = fraudar(view), antico(view)
    by_rank, by_block = _curve(second.card_score, bad), _curve(_in_block(second), bad)
    alone = _curve(suspicion(view, DailySpend.of(view), Months.of(view.day)), bad)
    fraudar_auc, antico_auc = auc(_curve(first.card_score, bad)), auc(by_rank)
    return gate(
        1,
        "A bank's view is about as hard as real banks' data",
        measured("fraudar_auc", fraudar_auc, *FRAUDAR_AUC, standard_error=_doubt(fraudar_auc, bad)),
        measured("antico_auc", antico_auc, *ANTICO_AUC, standard_error=_doubt(antico_auc, bad)),
        measured("antico_ks", ks(by_rank), *ANTICO_KS),
        measured("fraudar_auc_in_blocks", auc(_curve(_in_block(first), bad)), note=_sizes(first, bad)),
        measured("antico_auc_in_blocks", auc(by_block), note=_sizes(second, bad)),
        measured("antico_ks_in_blocks", ks(by_block)),
        measured("antico_auc_without_graph", auc(alone), note="intensity x utilisation of the card alone"),
        *_shares(bad),
    )


def _curve(score: Floats, bad: Flags) -> Curve:
    return Ranking(score, bad).curve(np.ones(bad.size, np.int64))


def _in_block(blocks: Blocks) -> Floats:
    return (blocks.card_block >= 0).astype(np.float64)


def _doubt(value: float | None, bad: Flags) -> float | None:
    """One standard error of an AUC, which few bad cards make large.

    Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic curve", 1982.
    """
    if value is None:
        return None
    many, more = int(bad.sum()), int((~bad).sum())
    both_bad, both_good = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value) + (many - 1) * (both_bad - value**2) + (more - 1) * (both_good - value**2)
    return sqrt(spread / (many * more))


def _shares(bad: Flags) -> tuple[Measurement, ...]:
    told = f"{int(bad.sum()):,} of {bad.size:,} cards"
    return (measured("cards_bad_fraction", float(bad.mean()) if bad.size else None, note=told),)


def _sizes(blocks: Blocks, bad: Flags) -> str:
    """What the blocks hold, first block first."""
    inside = [blocks.card_block == number for number in range(len(blocks.density))]
    return "cash-out of cards in blocks: " + ", ".join(
        f"{int((bad & one).sum())} of {int(one.sum())}" for one in inside
    )
