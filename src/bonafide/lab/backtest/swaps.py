"""Swap sets: which events a challenger treats otherwise than the champion, from what to what, with examples."""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.core.decision import OUTCOMES, SCORE_UNIT
from bonafide.core.moment import show_moment
from bonafide.lab.backtest.facts import CASH_OUT, HONEST, Facts
from bonafide.lab.backtest.streams import UNDECIDED, Stream
from bonafide.lab.backtest.told import Example, Said, Swap, SwapSet
from bonafide.lab.curves import Ints

EXAMPLES_MAX: Final = 5
"""Of each swap, the largest amounts first."""
NOT_DECIDED: Final = "not decided"
_LABELS: Final = {HONEST: "honest", CASH_OUT: "cash_out"}


def swap_set(facts: Facts, champion: Stream, challenger: Stream) -> SwapSet:
    """What changes where a challenger takes the champion's place."""
    before, after = champion.outcomes.astype(np.int64), challenger.outcomes.astype(np.int64)
    cell = (before + 1) * (len(OUTCOMES) + 1) + after + 1
    changed = before != after
    swaps = [
        _swap(facts, champion, challenger, np.flatnonzero(cell == code))
        for code in np.unique(cell[changed]).tolist()
    ]  # fmt: skip
    was, is_now = champion.alerts, challenger.alerts
    return SwapSet(
        challenger.name, int((~changed).sum()), int(changed.sum()), int((is_now & ~was).sum()),
        int((was & ~is_now).sum()), sorted(swaps, key=lambda s: (-s.money, s.before, s.after)),
        int((champion.score_e6 != challenger.score_e6).sum()),
    )  # fmt: skip


def _swap(facts: Facts, champion: Stream, challenger: Stream, which: Ints) -> Swap:
    label, money = facts.label[which], facts.money[which]
    largest = which[np.lexsort((which, -money))][:EXAMPLES_MAX]
    return Swap(
        before=_outcome(champion, int(which[0])), after=_outcome(challenger, int(which[0])), events=len(which),
        money=int(money.sum()), cash_out=int((label == CASH_OUT).sum()), honest=int((label == HONEST).sum()),
        cash_out_money=int(money[label == CASH_OUT].sum()),
        examples=[_example(facts, champion, challenger, i) for i in largest.tolist()],
    )  # fmt: skip


def _outcome(stream: Stream, event: int) -> str:
    place = int(stream.outcomes[event])
    return NOT_DECIDED if place == UNDECIDED else OUTCOMES[place]


def _example(facts: Facts, champion: Stream, challenger: Stream, event: int) -> Example:
    row = facts.events.row(event, named=True)
    kind = int(facts.typology[event])
    return Example(
        row["event_id"], show_moment(row["time"]), row["type"], row["user_id"], row["merchant_id"], row["amount"],
        row["currency"], _LABELS.get(int(facts.label[event])), facts.typologies[kind] if kind >= 0 else None,
        _said(champion, event), _said(challenger, event),
    )  # fmt: skip


def _said(stream: Stream, event: int) -> Said:
    which = int(stream.which[event])
    if which == UNDECIDED:
        return Said(NOT_DECIDED, 0.0, [], [])
    said = stream.said[which]
    return Said(said.outcome, int(stream.score_e6[event]) / SCORE_UNIT, list(said.hits), list(said.reasons))
