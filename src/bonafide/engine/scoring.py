"""From the rules that held and the inputs of an event to its score, a credit score, and the reasons.

The margin is what the trees say plus what the rules say: raw + rules_weight * evidence, where the evidence is the sum
of -ln(1 - w) over the rules that held. A non-decreasing map of it is the score, a probability. Of a bundle without a
model, and of events that are no payments, the score is 1 - prod(1 - w). A reason's part in a score is the sum of its
rules' evidence and of its inputs' path attributions; docs/why.md measures how well that names what moved the score.
"""

from __future__ import annotations

from math import log
from typing import Final

import numpy as np

from bonafide.core.fields import TYPE_CODE
from bonafide.engine.codes import HITS_PER_WORD, REASON_BITS, REASONS_MAX, V_CREDIT, V_HITS, V_REASONS, V_SCORE
from bonafide.engine.features.layout import (
    P_BLAME, P_CARD, P_CARD_INPUTS, P_CARD_FLOATS, P_CODE, P_CODES, P_CREDITED, P_EVIDENCE, P_FEATURES, P_INPUT,
    P_INPUTS, P_KNOT, P_KNOTS, P_LINE, P_MERCHANT_CARD, P_MERCHANT_CREDITED, P_MERCHANT_FLOATS, P_MERCHANT_INPUTS,
    P_RULES, P_RULES_WEIGHT, P_TREES, P_TREE_FLOATS,
)  # fmt: skip
from bonafide.engine.graded import graded_score, on_line
from bonafide.engine.kernel import inner, shift
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.scorecard import credit_score
from bonafide.engine.trees.walk import attribute, raw_score

SCORE_UNIT: Final = 1_000_000
SCORED: Final = TYPE_CODE["payment"]
"""The type of event that a model scores."""
LEAST_PART: Final = 0.1
"""Of the largest part: a reason with less, of which no rule held, moved the score too little to be told."""
_BARELY: Final = 1e-9
"""What a rule's evidence counts for at least, so that a rule that held is told, after all that moved the score."""


@inner
def settle(plan, words, floats, event, registers, stride, answers, verdict, genuine):
    """Fill a verdict's scores and reasons after the vote.

    registers: those of the rules' program, register r at registers[r * stride]. answers: the event's features, after
    which its inputs are put. genuine: prod(1 - w) over the rules that held, whose bits are set.
    """
    inputs = shift(answers, plan[P_FEATURES])
    table, common = shift(plan, plan[P_INPUT]), plan[P_INPUTS] + plan[P_CARD_INPUTS]
    for i in range(common):
        inputs[i] = registers[table[i] * stride]
    if plan[P_MERCHANT_INPUTS] > 0:
        settle_merchant(plan, words, floats, event, registers, stride, shift(inputs, common), verdict)
    scored = plan[P_TREES] >= 0 and event[TYPE] == SCORED
    if scored:
        trees, leaves = shift(words, plan[P_TREES]), shift(floats, plan[P_TREE_FLOATS])
        margin = raw_score(trees, leaves, inputs)
        if genuine < 1.0:
            margin -= floats[plan[P_RULES_WEIGHT]] * log(genuine)
        verdict[V_SCORE] = in_millionths(on_line(shift(floats, plan[P_KNOT]), plan[P_KNOTS], margin))
    else:
        verdict[V_SCORE] = in_millionths(1.0 - genuine)
    if plan[P_CARD] >= 0 and (plan[P_CREDITED] >> event[TYPE]) & 1:
        about_payer = shift(inputs, plan[P_INPUTS])
        verdict[V_CREDIT] = credit_score(shift(words, plan[P_CARD]), shift(floats, plan[P_CARD_FLOATS]), about_payer)
    scored = scored and verdict[V_SCORE] >= plan[P_LINE]
    if scored or has_hits(plan, verdict):
        verdict[V_REASONS] = reasons_of(plan, words, floats, verdict, inputs, scored)


@inner
def settle_merchant(plan, words, floats, event, registers, stride, inputs, verdict):
    """Fill the inputs of the merchants' card, and the credit score of an event that is about a merchant; of any other
    event they are missing."""
    table = shift(plan, plan[P_INPUT] + plan[P_INPUTS] + plan[P_CARD_INPUTS])
    about = (plan[P_MERCHANT_CREDITED] >> event[TYPE]) & 1
    for i in range(plan[P_MERCHANT_INPUTS]):
        inputs[i] = registers[table[i] * stride] if about else np.nan
    if about and plan[P_MERCHANT_CARD] >= 0:
        card, knots = shift(words, plan[P_MERCHANT_CARD]), shift(floats, plan[P_MERCHANT_FLOATS])
        verdict[V_CREDIT] = graded_score(card, knots, inputs)


@inner
def in_millionths(probability):
    return np.int64(probability * SCORE_UNIT + 0.5)


@inner
def has_hits(plan, verdict):
    hits = 0
    for word in range((plan[P_RULES] + HITS_PER_WORD - 1) // HITS_PER_WORD):
        hits |= verdict[V_HITS + word]
    return hits != 0


@inner
def reasons_of(plan, words, floats, verdict, inputs, scored):
    """The codes with the largest part in the score, largest first, REASON_BITS bits each: 1 + the code's number."""
    codes, code = plan[P_CODES], shift(plan, plan[P_CODE])
    sums = shift(floats, plan[P_BLAME])
    for c in range(codes):
        sums[c] = 0.0
    weight = floats[plan[P_RULES_WEIGHT]] if scored else 1.0
    evidence = shift(floats, plan[P_EVIDENCE])
    if scored:
        add_inputs(plan, words, floats, inputs, shift(code, plan[P_RULES]), sums)
    add_rules(plan, verdict, evidence, code, weight, sums)
    if scored:
        most = 0.0
        for c in range(codes):
            most = max(most, sums[c])
        for c in range(codes):
            sums[c] = sums[c] if sums[c] >= LEAST_PART * most else 0.0
        raise_rules(plan, verdict, evidence, code, sums)
    packed = 0
    for place in range(REASONS_MAX):
        most = 0
        for c in range(1, codes):
            if sums[c] > sums[most]:
                most = c
        if not sums[most] > 0.0:
            break
        packed |= (most + 1) << (REASON_BITS * place)
        sums[most] = 0.0
    return packed


@inner
def add_rules(plan, verdict, evidence, code, weight, sums):
    """Add the evidence of the rules that held to their reasons' sums."""
    for r in range(plan[P_RULES]):
        if (verdict[V_HITS + r // HITS_PER_WORD] >> (r % HITS_PER_WORD)) & 1:
            sums[code[r]] += weight * evidence[r]


@inner
def raise_rules(plan, verdict, evidence, code, sums):
    """Leave no reason of a rule that held without a part."""
    for r in range(plan[P_RULES]):
        if (verdict[V_HITS + r // HITS_PER_WORD] >> (r % HITS_PER_WORD)) & 1:
            sums[code[r]] = max(sums[code[r]], _BARELY * evidence[r])


@inner
def add_inputs(plan, words, floats, inputs, code, sums):
    """Add the path attributions of the model's inputs to their reasons' sums."""
    parts = shift(sums, plan[P_CODES])
    for i in range(plan[P_INPUTS]):
        parts[i] = 0.0
    attribute(shift(words, plan[P_TREES]), shift(floats, plan[P_TREE_FLOATS]), inputs, parts)
    for i in range(plan[P_INPUTS]):
        sums[code[i]] += parts[i]
