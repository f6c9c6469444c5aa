"""The walk: one kernel call carries events through everything, one by one, in the order of the log.

For each event: is its id known, is it too late; its keys are found, evict what left their windows and answer; rules
vote; then the keys take the event in. Nothing is decided by wall clock, chance or memory addresses.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.engine.admission import EVENT_ID, EVENT_SLOT, TIME, admit, complete_row
from bonafide.engine.arena import (
    FAMILIES_MAX, H_EVENTS, H_FUNDS, H_KEYS, H_LATEST, H_LINKS, H_ORDER, H_PENDING, H_SEQ, H_TAKEN, clear, has_room,
)  # fmt: skip
from bonafide.engine.codes import (
    ANSWERED, DERIVED, HITS_PER_WORD, READ, TAKEN, V_FAULTS, V_HITS, V_SEQ, V_STATUS,
)  # fmt: skip
from bonafide.engine.completion import PAYMENT, PENDING_SLOT, completes
from bonafide.engine.derived import Q_COUNT, QUEUE_WORDS, drain
from bonafide.engine.features.carried import carry
from bonafide.engine.features.layout import (
    F_CARRIES, F_FEATURES, P_ASSUME, P_BLOCKS, P_CARD_INPUTS, P_CARRY_NUMBERS, P_CARRY_TYPES, P_CODE_END, P_COLUMNS,
    P_DECIDED, P_FAMILIES, P_FEATURES, P_FUNDS, P_GENUINE, P_INPUTS, P_LINKS, P_MERCHANT_INPUTS, P_NEEDS,
    P_READ_FAMILIES, P_REGISTERS, P_RULE, P_RULES, P_SLACK, P_WEIGHTS, P_WHERE_END,
)  # fmt: skip
from bonafide.engine.funds.layout import PLACE_SLOT, TRAIL_MAX, TRAIL_OF_EVENT, WORK_WORDS
from bonafide.engine.funds.moves import ask_takings, follow, start
from bonafide.engine.groups import establish_group
from bonafide.engine.index import index_open
from bonafide.engine.kernel import inner, pointer, shift
from bonafide.engine.keys import KEY_SLOT, answer_keys, find_derived, find_rows, hash_keys, take_in_all
from bonafide.engine.links import LINK_SLOT, ask_links, ask_members, observe
from bonafide.engine.lookahead import (
    AHEAD, AHEAD_WORDS, KEYS_AHEAD, RINGS_AHEAD, ROWS_AHEAD, ask_rings, ask_rows, ask_slot,
)  # fmt: skip
from bonafide.engine.rules.machine import COLUMN, run, run_columns
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.engine.scoring import settle
from bonafide.engine.sweep import sweep

COLUMNS_FROM: Final = 8
"""Batches of fewer events vote one by one: a column costs the same however little of it is used."""
ROWS_AT: Final = ROW_WIDTH + AHEAD_WORDS
WORK_AT: Final = ROWS_AT + FAMILIES_MAX
QUEUE_AT: Final = WORK_AT + WORK_WORDS
SCRATCH_WORDS: Final = QUEUE_AT + QUEUE_WORDS
"""A row, the hashes and rows of coming events, the rows of this one, a movement of money, the derived events that this
one establishes."""


@inner
def look_ahead(mem, plan, events, n, i, hashes, rows):
    """Ask for what the events after number i need; `hashes` and `rows` are AHEAD x FAMILIES_MAX words each."""
    if i + KEYS_AHEAD < n:
        look_at_keys(mem, plan, nth(events, i + KEYS_AHEAD), shift(hashes, ahead(i + KEYS_AHEAD)))
    if i + ROWS_AHEAD < n:
        at = ahead(i + ROWS_AHEAD)
        ask_rows(mem, plan, H_KEYS, KEY_SLOT, shift(hashes, at), shift(rows, at))
        if plan[P_LINKS]:
            ask_members(mem, plan, nth(events, i + ROWS_AHEAD))
    if i + RINGS_AHEAD < n:
        ask_rings(mem, plan, shift(rows, ahead(i + RINGS_AHEAD)))


@inner
def begin_looking(mem, plan, events, n, hashes, rows):
    """Ask for what the first events of a batch need."""
    for i in range(min(KEYS_AHEAD, n)):
        look_at_keys(mem, plan, nth(events, i), shift(hashes, ahead(i)))
    for i in range(min(ROWS_AHEAD, n)):
        ask_rows(mem, plan, H_KEYS, KEY_SLOT, shift(hashes, ahead(i)), shift(rows, ahead(i)))
    for i in range(min(RINGS_AHEAD, n)):
        ask_rings(mem, plan, shift(rows, ahead(i)))


@inner
def nth(events, i):
    """The row of event number i."""
    return shift(events, i * ROW_WIDTH)


@inner
def look_at_keys(mem, plan, event, hashes):
    """Hash an event's keys and ask for their slots, and for those of its id."""
    ask_slot(mem, H_EVENTS, event[EVENT_ID], EVENT_SLOT)
    if plan[P_NEEDS]:
        ask_slot(mem, H_PENDING, event[EVENT_ID], PENDING_SLOT)
    if plan[P_LINKS]:
        ask_links(mem, plan, event)
    if plan[P_FUNDS]:
        ask_takings(mem, plan, event)
    hash_keys(plan, event, hashes)
    for family in range(plan[P_FAMILIES]):
        if hashes[family] != 0:
            ask_slot(mem, H_KEYS, hashes[family], KEY_SLOT)


@inner
def ahead(i):
    """Where the hashes and rows of event number i are remembered."""
    return (i & (AHEAD - 1)) * FAMILIES_MAX


@inner
def vote(plan, code, words, floats, event, answers, verdict):
    """Run the rules over one event: set the bit of each that held, and settle what that makes of it."""
    registers = shift(floats, plan[P_REGISTERS])
    for i in range(plan[P_FEATURES]):
        registers[i] = answers[i]
    results = shift(registers, plan[P_RULE])
    for r in range(plan[P_RULES]):
        results[r] = 0.0
    run(code, plan[P_WHERE_END], plan[P_CODE_END], words, event, registers)
    genuine = 1.0
    for r in range(plan[P_RULES]):
        if results[r] == 1.0:
            genuine = add_hit(plan, floats, verdict, r, genuine)
    settle(plan, words, floats, event, registers, 1, answers, verdict, genuine)


@inner
def add_hit(plan, floats, verdict, r, genuine):
    """Note that a rule held; returns the odds that are left for a genuine trade."""
    verdict[V_HITS + r // HITS_PER_WORD] |= np.int64(1) << (r % HITS_PER_WORD)
    return genuine * (1.0 - floats[plan[P_WEIGHTS] + r])


@inner
def vote_columns(plan, code, words, floats, events, how, answers, verdicts, n, verdict_words):
    """The same as `vote` for n <= COLUMN events at once."""
    columns, width = shift(floats, plan[P_COLUMNS]), answers_width(plan)
    for i in range(plan[P_FEATURES]):
        for j in range(n):
            columns[i * COLUMN + j] = answers[j * width + i]
    run_columns(code, plan[P_WHERE_END], plan[P_CODE_END], words, events, n, columns)
    genuine, results = shift(floats, plan[P_GENUINE]), shift(columns, plan[P_RULE] * COLUMN)
    for j in range(n):
        genuine[j] = 1.0
    for r in range(plan[P_RULES]):
        for j in range(n):
            if results[r * COLUMN + j] == 1.0:
                verdict = shift(verdicts, j * verdict_words)
                if is_decided(plan, nth(events, j), how[j], verdict):
                    genuine[j] = add_hit(plan, floats, verdict, r, genuine[j])
    for j in range(n):
        verdict = shift(verdicts, j * verdict_words)
        if is_decided(plan, nth(events, j), how[j], verdict):
            own, given = shift(columns, j), shift(answers, j * width)
            settle(plan, words, floats, nth(events, j), own, COLUMN, given, verdict, genuine[j])


@inner
def answers_width(plan):
    """How many numbers an event has in the answers: its features and what the model and the scorecard read."""
    return plan[P_FEATURES] + plan[P_INPUTS] + plan[P_CARD_INPUTS] + plan[P_MERCHANT_INPUTS]


@inner
def is_decided(plan, event, how, verdict):
    """Whether an event was taken in and is one that rules vote on."""
    return verdict[V_STATUS] == TAKEN and (plan[P_DECIDED] >> event[TYPE]) & 1 and how >= READ


def open_state(mem):
    """Make the empty indexes of a fresh arena."""
    memory = pointer(mem)
    index_open(memory, H_KEYS, KEY_SLOT)
    index_open(memory, H_EVENTS, EVENT_SLOT)
    index_open(memory, H_PENDING, PENDING_SLOT)
    index_open(memory, H_FUNDS, PLACE_SLOT)
    index_open(memory, H_LINKS, LINK_SLOT)


def walk(mem, plan, code, words, floats, scratch, events, how, answers, verdicts, trail):
    """Carry events through the engine in order; returns how many were carried before the arena or the trail was full.

    mem: the arena. plan, code, words, floats: the bound bundle. scratch: SCRATCH_WORDS words. events: n x ROW_WIDTH
    integers, completed in place with derived fields and converted money. how: n of ABSORBED, DERIVED, READ, ANSWERED.
    answers: n x (features + inputs), missing as NaN, filled for decided types, and of ANSWERED others the features.
    verdicts: n x (V_HITS + words of hits). trail: TRAIL_WORDS words; the first is zeroed here and then tells how many
    ways home follow.
    """
    memory, told, rows = pointer(mem), pointer(plan), pointer(events)
    program, values, numbers, own = pointer(code), pointer(words), pointer(floats), pointer(scratch)
    ways = pointer(trail)
    ways[0] = 0
    hashes = shift(own, ROW_WIDTH)
    rows_ahead = shift(hashes, AHEAD * FAMILIES_MAX)
    n, width = events.shape[0], verdicts.shape[1]
    columnar = n >= COLUMNS_FROM
    begin_looking(memory, told, rows, n, hashes, rows_ahead)
    first, voters = 0, 0
    for i in range(n):
        if ways[0] > TRAIL_MAX - TRAIL_OF_EVENT or not has_room(memory, told[P_SLACK], told[P_BLOCKS]):
            n = i
            break
        ways[1] = i
        look_ahead(memory, told, rows, n, i, hashes, rows_ahead)
        event, given = nth(rows, i), shift(pointer(answers), i * answers.shape[1])
        verdict = shift(pointer(verdicts), i * width)
        clear(verdict, 0, width)
        keys = shift(hashes, ahead(i))
        if not step(memory, told, program, values, numbers, own, event, keys, how[i], given, verdict, ways):
            n = i
            break
        if is_decided(told, event, how[i], verdict):
            voters += 1
            if not columnar:
                vote(told, program, values, numbers, event, given, verdict)
        if columnar and (i - first == COLUMN - 1 or i == n - 1):
            if voters > 0:
                vote_block(told, program, values, numbers, rows, how, answers, verdicts, first, i + 1 - first)
            first, voters = i + 1, 0
    if columnar and voters > 0:
        vote_block(told, program, values, numbers, rows, how, answers, verdicts, first, n - first)
    return n


@inner
def vote_block(plan, code, words, floats, events, how, answers, verdicts, first, n):
    """Vote on the n events from number `first` on."""
    width = verdicts.shape[1]
    vote_columns(
        plan, code, words, floats, nth(events, first), shift(pointer(how), first),
        shift(pointer(answers), first * answers.shape[1]), shift(pointer(verdicts), first * width), n, width,
    )  # fmt: skip


@inner
def step(mem, plan, code, words, floats, scratch, event, hashes, how, answers, verdict, trail):
    """Carry one event, whose keys' hashes are known, through everything but the vote, which changes nothing; False
    where the arena was full in the middle of it."""
    verdict[V_STATUS] = admit(mem, plan, event)
    if verdict[V_STATUS] != TAKEN:
        verdict[V_SEQ] = mem[H_LATEST]
        return True
    verdict[V_SEQ] = mem[H_SEQ]
    mem[H_TAKEN] += 1
    if how != DERIVED:
        mem[H_SEQ] += 1
    kind, seq, rows = event[TYPE], verdict[V_SEQ], shift(scratch, ROWS_AT)
    work, queue = shift(scratch, WORK_AT), shift(scratch, QUEUE_AT)
    verdict[V_FAULTS] = complete_row(plan, event)
    # What the event establishes is queued here: conditions read what is then said of the event itself.
    establish_group(event, kind, queue)
    if plan[P_LINKS]:
        observe(mem, plan, event, queue)
    if plan[P_FUNDS]:
        follow(mem, plan, event, seq, work, queue, trail)
    find_rows(mem, plan, event, hashes, rows)
    if plan[P_READ_FAMILIES] < plan[P_FAMILIES]:
        find_derived(mem, plan, event, hashes, rows)
    # One call for both turns: as two, it would not be compiled into its place, and every event would pay for that.
    turn = 0 if (plan[P_CARRY_TYPES] >> kind) & 1 else 1
    turns = 2 if how == ANSWERED or is_decided(plan, event, how, verdict) else 1
    carried = shift(floats, plan[P_CARRY_NUMBERS])
    while turn < turns:
        told = F_CARRIES if turn == 0 else F_FEATURES
        answer_keys(mem, plan, event, told, rows, carried if turn == 0 else answers)
        if turn == 0:
            carry(mem, plan, event, rows, carried)
        turn += 1
    run(code, 0, plan[P_WHERE_END], words, event, floats)
    mem[H_ORDER] += 1
    take_in_all(mem, plan, event, kind, rows, floats, mem[H_ORDER])
    if plan[P_NEEDS]:
        completes(mem, plan, event, kind, seq, scratch, hashes, rows, code, words, floats, work)
    if plan[P_FUNDS] and plan[P_ASSUME] and kind == PAYMENT:
        start(mem, plan, event, event[TIME], seq, work)
    whole = queue[Q_COUNT] == 0 or drain(mem, plan, queue, code, words, floats)
    sweep(mem, plan)
    return whole
