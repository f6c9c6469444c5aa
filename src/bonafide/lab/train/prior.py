"""How much cash-out is among payments that nobody has judged: the class prior from positive and unlabelled scores.

The best bin: among the highest scores nearly everything is cash-out, so there the share of all unlabelled payments that
lie above a threshold, over the share of confirmed ones that do, is the share of cash-out among the unlabelled. Lower
thresholds let honest payments in and overstate it; higher ones leave too few payments to count. The threshold is chosen
where an upper bound of that ratio is least (Garg, Wu, Smola, Balakrishnan, Lipton: "Mixture proportion estimation and
PU learning: a modern approach", NeurIPS 2021). Their bound is of absolute deviations, which says nothing where cash-out
is one payment in a hundred; here the bound is that of a ratio of two counts.

Elkan and Noto's estimate (2008: the mean score of held-out confirmed payments is the frequency of labels) is given
beside it. It holds only where every cash-out payment is certain from its inputs, and overstates the prior elsewhere.

Both rest on labels that are a fair sample of cash-out. They are not: what is easily found is found first, so the prior
is rather understated.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from bonafide.lab.curves import Flags, Floats

BOUND: Final = 1.645
"""Standard errors between the ratio and its upper bound: 95 % from above."""
TOP_POSITIVES_MIN: Final = 20
TOP_FRACTION_MIN: Final = 0.1
"""A bin holds so many confirmed payments, and this share of all: the least of many small bins is low by chance."""


class Prior(NamedTuple):
    """Shares of cash-out, 0..1."""

    among_unlabelled: float
    among_all: float
    label_frequency: float
    """Of cash-out payments, those that were confirmed."""


def best_bin(score: Floats, confirmed: Flags, weight: Floats | None = None) -> Prior:
    """The prior from the scores of payments that the model has not seen; `confirmed` is false for the unlabelled.

    With fewer than TOP_POSITIVES_MIN confirmed payments all of them are one bin; with none, or none unlabelled, the
    confirmed ones are taken for all.
    """
    weight = np.ones(len(score)) if weight is None else weight
    positive, unlabelled = float(weight[confirmed].sum()), float(weight[~confirmed].sum())
    if not positive or not unlabelled:
        return _prior(0.0, positive, unlabelled)
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    ours = np.cumsum(np.where(confirmed, weight, 0)[order])[last]
    theirs = np.cumsum(np.where(confirmed, 0, weight)[order])[last]
    number = int(confirmed.sum())
    least = max(min(TOP_POSITIVES_MIN, number), TOP_FRACTION_MIN * number)
    counted = np.cumsum(confirmed[order])[last] >= least
    ours, theirs = ours[counted], np.maximum(theirs[counted], 1.0)
    ratio = (theirs / unlabelled) / (ours / positive)
    bound = ratio * np.exp(BOUND * np.sqrt(1 / ours + 1 / theirs))
    return _prior(float(min(ratio[np.argmin(bound)], 1.0)), positive, unlabelled)


def elkan_noto(chance_of_label: Floats, confirmed: Flags) -> Prior:
    """The prior where `chance_of_label` is a calibrated chance that a payment is confirmed, of payments not seen."""
    frequency = float(chance_of_label[confirmed].mean()) if confirmed.any() else 1.0
    labelled, n = int(confirmed.sum()), len(confirmed)
    everything = min(labelled / max(frequency, 1e-9), float(n))
    among = (everything - labelled) / (n - labelled) if n > labelled else 0.0
    return Prior(among, everything / max(n, 1), min(frequency, 1.0))


def _prior(among: float, positive: float, unlabelled: float) -> Prior:
    hidden = among * unlabelled
    everything = positive + hidden
    whole = positive + unlabelled
    return Prior(among, everything / whole if whole else 0.0, positive / everything if everything else 1.0)
