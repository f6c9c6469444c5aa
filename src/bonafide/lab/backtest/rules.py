"""What each rule adds to its bundle, which rules hold together, and which never do; from hits alone, without a replay.

Taking a rule out changes the score and the ruling of the events it hit, which follow from the rules that are left as
the engine would have it. Where the outcomes that are found so with all rules in are not those of the engine, what a
rule adds is left out rather than guessed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.decision import OUTCOMES
from bonafide.core.fields import TYPE_CODE
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import HITS_PER_WORD, V_CREDIT, V_HITS, V_SCORE
from bonafide.engine.compiled import MODEL
from bonafide.engine.policy import ALERT_FROM
from bonafide.engine.templates import Templates
from bonafide.lab.backtest.facts import CASH_OUT, HONEST, Facts
from bonafide.lab.backtest.streams import Stream
from bonafide.lab.backtest.told import Overlap, RuleTold
from bonafide.lab.curves import Flags, Ints
from bonafide.lab.tune.rescore import genuine_of, law_of, millionths

OVERLAPS_MAX: Final = 40
"""Pairs of rules that are told, those that hold together most often for their hits first."""
OVERLAP_LEAST: Final = 0.5
"""Told where one of the two hardly holds without the other."""


class RulesTold(NamedTuple):
    """What is told of a bundle's rules."""

    rules: list[RuleTold]
    never: list[str]
    overlaps: list[Overlap]
    whole: bool
    """Whether it could be told what each adds."""


def tell_rules(facts: Facts, stream: Stream) -> RulesTold:
    """Every rule of a stream's bundle."""
    table, ids = stream.hit_table
    held = np.flatnonzero(np.asarray(table.any(axis=1))[stream.which] & stream.decided)
    which = stream.which[held]
    hits = table[which]
    without = None if stream.bundle is None else Without(stream, stream.bundle, facts, held, hits)
    told: list[RuleTold] = []
    declared = {rule.id: rule for rule in stream.bundle.rules} if stream.bundle else {}
    alert, alone = stream.alerts[held], hits.sum(axis=1) == 1
    label = facts.label[held]
    judging = facts.kind is not None
    for number, name in enumerate(ids):
        mine = hits[:, number]
        bad, honest = int((mine & (label == CASH_OUT)).sum()), int((mine & (label == HONEST)).sum())
        rule = declared.get(name)
        told.append(RuleTold(
            id=name, typology=rule.typology if rule else None, weight=rule.weight if rule else None,
            hits=int(mine.sum()), hits_alone=int((mine & alone).sum()), alerts=int((mine & alert).sum()),
            cash_out=bad if judging else None, honest=honest if judging else None,
            precision=bad / (bad + honest) if bad + honest else None,
            **(without.of(number) if without is not None and without.holds else {}),
        ))  # fmt: skip
    never = [one.id for one in told if one.hits == 0]
    times = np.bincount(which, minlength=len(table))
    return RulesTold(told, never, _overlaps(table, times, ids), without is not None and without.holds)


class Without:
    """Outcomes of the events on which rules held, with a rule taken out."""

    def __init__(
        self, stream: Stream, bundle: Bundle, facts: Facts, held: NDArray[np.intp], hits: NDArray[np.bool_]
    ) -> None:
        """held: the events, k of n; hits: k x rules."""
        self._stream, self._facts, self._held, self._hits = stream, facts, held, hits
        self._templates, self._law = Templates(bundle), law_of(bundle)
        self._weights = np.array([rule.weight for rule in bundle.rules])
        self._kinds = facts.events["type"][held].replace_strict(TYPE_CODE, return_dtype=pl.Int64).to_numpy()
        unmodelled = np.array([MODEL in one.degraded for one in stream.said])[stream.which[held]]
        self._scored = facts.is_payment[held] & self._law.has_trees & ~unmodelled
        self._outcomes = stream.outcomes[held]
        everything = np.arange(len(held))
        self.holds = bool((self._found(everything, hits) == self._outcomes).all())

    def of(self, rule: int) -> dict[str, int | None]:
        """What is lost without a rule."""
        which = np.flatnonzero(self._hits[:, rule])
        left = self._hits[which].copy()
        left[:, rule] = False
        before, after = self._outcomes[which], self._found(which, left)
        was, is_now = before >= ALERT_FROM, after >= ALERT_FROM
        label, money = self._facts.label[self._held[which]], self._facts.money[self._held[which]]
        lost: Flags = was & ~is_now
        judging = self._facts.kind is not None
        return {
            "outcomes_changed": int((before != after).sum()),
            "alerts_lost": int(lost.sum()),
            "alerts_gained": int((~was & is_now).sum()),
            "cash_out_lost": int((lost & (label == CASH_OUT)).sum()) if judging else None,
            "money_lost": int(money[lost & (label == CASH_OUT)].sum()) if judging else None,
            "honest_spared": int((lost & (label == HONEST)).sum()) if judging else None,
        }

    def _found(self, which: NDArray[np.intp], hits: NDArray[np.bool_]) -> Ints:
        """Outcomes of some of the events where these rules hold."""
        if not len(which):
            return np.zeros(0, dtype=np.int64)
        patterns, pattern = np.unique(np.packbits(hits, axis=1), axis=0, return_inverse=True)
        held = np.unpackbits(patterns, axis=1, count=hits.shape[1]).astype(np.bool_)
        genuine = genuine_of(held, self._weights)[pattern.reshape(-1)]
        score, scored = millionths(1.0 - genuine), self._scored[which]
        if scored.any() and self._stream.raw is not None:
            raw = self._stream.raw[self._held[which[scored]]]
            score[scored] = self._law.of_payments(raw, genuine[scored])
        verdicts = np.zeros((len(which), V_HITS + max(1, -(-hits.shape[1] // HITS_PER_WORD))), dtype=np.int64)
        verdicts[:, V_SCORE], verdicts[:, V_CREDIT] = score, self._stream.credit[self._held[which]]
        for rule in range(hits.shape[1]):
            word = V_HITS + rule // HITS_PER_WORD
            verdicts[:, word] |= hits[:, rule].astype(np.int64) << (rule % HITS_PER_WORD)
        keys, inverse = np.unique(self._templates.keys_of(self._kinds[which], verdicts), axis=0, return_inverse=True)
        rulings = [self._templates.of(tuple(key)).ruling.outcome for key in keys.tolist()]
        return np.array([OUTCOMES.index(outcome) for outcome in rulings])[inverse.reshape(-1)]


def _overlaps(table: NDArray[np.bool_], times: Ints, ids: list[str]) -> list[Overlap]:
    """Pairs of rules of which one holds on at least OVERLAP_LEAST of the other's hits; table: which rules held, a row
    for all that was said, times: how often that was."""
    held = table[times > 0].astype(np.int64)
    both = (held * times[times > 0][:, None]).T @ held
    counts = both.diagonal()
    told = []
    for i in range(len(ids)):
        for j in range(i + 1, len(ids)):
            shared = int(both[i, j])
            if shared and shared >= OVERLAP_LEAST * min(counts[i], counts[j]):
                told.append(Overlap(ids[i], ids[j], shared, shared / int(counts[i]), shared / int(counts[j])))
    return sorted(told, key=lambda o: (-max(o.of_one, o.of_other), -o.both, o.one, o.other))[:OVERLAPS_MAX]
