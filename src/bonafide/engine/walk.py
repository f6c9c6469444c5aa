"""The walk: one kernel call carries events through everything, one by one, in the order of the log.

For each event: is its id known, is it too late; its keys are found, evict what left their windows and answer; rules
vote; then the keys take the event in. Nothing is decided by wall clock, chance or memory addresses.
"""

from __future__ import annotations

from math import isnan
from typing import Final

import numpy as np

from bonafide.core.fields import FIELDS, TYPE_CODE, WORD_CODE
from bonafide.engine.arena import (
    FAMILIES_MAX, H_EARLIEST, H_EVENTS, H_KEYS, H_LATEST, H_PENDING, H_SEQ, allocate, allocate_row, has_room, release,
    release_row,
)  # fmt: skip
from bonafide.engine.features.answers import answer_all
from bonafide.engine.features.layout import (
    F_IDLE_MS, F_PART, F_PARTS, F_RING_BITS, F_ROW_WORDS, F_SEED, F_STRIDE, F_WINDOWS, FOREVER, P_CODE_END, P_CURRENCY, P_DECIDED,
    P_FAMILIES, P_FAMILY, P_KEY0, P_KEY1, P_KNOWN_MS, P_LATENESS_MS, P_NEED, P_NEEDS,
    P_OFFSET_MS, P_RATE, P_RATES, P_RESULT, P_RULE, P_RULES, P_SLACK, P_WHERE_END, ROW_FAMILY, ROW_LATEST,
)  # fmt: skip
from bonafide.engine.features.plan import COMPLETED_CODE
from bonafide.engine.features.rings import close_ring, evict, matching, take_in
from bonafide.engine.features.totals import forget_silent, totals_enter
from bonafide.engine.index import I_COUNT, S_SLOTS, SLOTS, find, index_open, insert, next_segment, reinsert
from bonafide.engine.kernel import inner
from bonafide.engine.lookahead import (
    AHEAD, AHEAD_WORDS, KEYS_AHEAD, RINGS_AHEAD, ROWS_AHEAD, ask_rings, ask_rows, ask_slot,
)  # fmt: skip
from bonafide.engine.rules.program import LOCAL_DAY, LOCAL_HOUR, ROW_WIDTH, TYPE, run
from bonafide.engine.siphash import ABSENT, absorb, finish, start

# What became of an event.
TAKEN: Final = 0
DUPLICATE: Final = 1
CONFLICT: Final = 2
TOO_LATE: Final = 3

# A verdict's words: what became of it, its place in the log, its fault bits, its score, then the hits by 62.
V_STATUS: Final = 0
V_SEQ: Final = 1
V_FAULTS: Final = 2
V_SCORE: Final = 3
V_HITS: Final = 4
HITS_PER_WORD: Final = 62
FAULT_CURRENCY: Final = 1
SCORE_UNIT: Final = 1_000_000

# How an event is walked.
DERIVED: Final = 0
"""Established by what was read before (a label that became known): it teaches, and takes no place in the count."""
READ: Final = 1
ANSWERED: Final = 2
"""Read, and its features are wanted although its type only teaches."""

KEY_SLOT: Final = 2  # hash, row
EVENT_SLOT: Final = 3  # hash, fingerprint, time
PENDING_SLOT: Final = 3  # hash, what waits, its time
STATUS_FIRST: Final = -1
"""What waits is a status whose payment has not come; otherwise it is the block that holds a payment's fields."""
SETTLED: Final = -2
"""Nothing waits: they have met."""
SCRATCH_WORDS: Final = ROW_WIDTH + AHEAD_WORDS + FAMILIES_MAX
"""A row, the hashes and rows of coming events, the rows of this one."""
SWEEP_EVERY: Final = 256
DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000

TIME: Final = FIELDS["time"].place
EVENT_ID: Final = FIELDS["event_id"].place
PAYMENT_ID: Final = FIELDS["payment_id"].place
STATUS: Final = FIELDS["status"].place
CURRENCY: Final = FIELDS["currency"].place
MONEY: Final = tuple(f.place for f in FIELDS.values() if f.kind == "money")
PAYMENT: Final = TYPE_CODE["payment"]
PAYMENT_STATUS: Final = TYPE_CODE["payment_status"]
COMPLETED: Final = WORD_CODE["completed"]


@inner
def fingerprint(event, k0, k1):
    """A keyed hash of an event's whole content, so that the same id with other content is noticed."""
    v0, v1, v2, v3 = start(k0, k1)
    present = np.uint64(0)
    for place in range(LOCAL_HOUR):
        if place & 63 == 0:
            v0, v1, v2, v3 = absorb(v0, v1, v2, v3, present)
            present = np.uint64(0)
        if event[place] != ABSENT:
            v0, v1, v2, v3 = absorb(v0, v1, v2, v3, np.uint64(event[place]))
            present |= np.uint64(1) << np.uint64(place & 63)
    v0, v1, v2, v3 = absorb(v0, v1, v2, v3, present)
    v0, v1, v2, v3 = absorb(v0, v1, v2, v3, np.uint64(event[TYPE]))
    return finish(v0, v1, v2, v3)


@inner
def _admit(mem, plan, event):
    """Whether an event's id is new and it is not too late; if so, its id is remembered and the log's time moves on."""
    time, h = event[TIME], event[EVENT_ID]
    latest = mem[H_LATEST]
    content = fingerprint(event, np.uint64(plan[P_KEY0]), np.uint64(plan[P_KEY1]))
    slot = find(mem, H_EVENTS, h, EVENT_SLOT)
    if slot and mem[slot + 2] >= latest - plan[P_KNOWN_MS]:
        return DUPLICATE if mem[slot + 1] == content else CONFLICT
    if latest >= 0 and time < latest - plan[P_LATENESS_MS]:
        return TOO_LATE
    if not slot:
        slot = insert(mem, H_EVENTS, h, EVENT_SLOT)
    mem[slot + 1] = content
    mem[slot + 2] = time
    mem[H_LATEST] = max(latest, time)
    mem[H_EARLIEST] = time if latest < 0 else min(mem[H_EARLIEST], time)
    return TAKEN


@inner
def _set_local(plan, event):
    """The local day and hour of an event's time."""
    local = event[TIME] + plan[P_OFFSET_MS]
    event[LOCAL_DAY] = local // DAY_MS
    event[LOCAL_HOUR] = local % DAY_MS // HOUR_MS


@inner
def _complete_row(plan, event):
    """Fill an event's derived fields and bring its money into the bundle's currency; returns its fault bits."""
    _set_local(plan, event)
    currency = event[CURRENCY]
    if currency == ABSENT or currency == plan[P_CURRENCY]:
        return 0
    rate = plan[P_RATE]
    for _ in range(plan[P_RATES]):
        if plan[rate] == currency:
            over = plan[rate + 2]
            for place in MONEY:
                if event[place] != ABSENT:
                    event[place] = (2 * event[place] * plan[rate + 1] + over) // (2 * over)
            return 0
        rate += 3
    for place in MONEY:
        event[place] = ABSENT
    return FAULT_CURRENCY


@inner
def _key(plan, fam, event):
    """The keyed hash of a family's key as an event names it; 0 when it names none."""
    v0, v1, v2, v3 = start(np.uint64(plan[P_KEY0]), np.uint64(plan[P_KEY1]))
    v0, v1, v2, v3 = absorb(v0, v1, v2, v3, np.uint64(plan[fam + F_SEED]))
    for i in range(plan[fam + F_PARTS]):
        part = event[plan[plan[fam + F_PART] + i]]
        if part == ABSENT:
            return np.int64(0)
        v0, v1, v2, v3 = absorb(v0, v1, v2, v3, np.uint64(part))
    return finish(v0, v1, v2, v3)


@inner
def _row_of(mem, plan, fam, family, h, event):
    """The row of a key, made if it is new; `h` is its hash, 0 when the event names none."""
    if h == 0:
        return np.int64(0)
    slot = find(mem, H_KEYS, h, KEY_SLOT)
    if not slot:
        slot = insert(mem, H_KEYS, h, KEY_SLOT)
        row = allocate_row(mem, family, plan[fam + F_ROW_WORDS])
        mem[row + ROW_LATEST] = event[TIME]
        mem[row + ROW_FAMILY] = family
        mem[slot + 1] = row
    return mem[slot + 1]


@inner
def _hash_keys(plan, event, hashes):
    """Hash every key that an event names."""
    for family in range(plan[P_FAMILIES]):
        hashes[family] = _key(plan, plan[P_FAMILY] + family * F_STRIDE, event)


@inner
def _find_rows(mem, plan, event, hashes, rows):
    """Find or make the row of every key the event names, and bring each up to the moment of the read."""
    for family in range(plan[P_FAMILIES]):
        fam = plan[P_FAMILY] + family * F_STRIDE
        row = _row_of(mem, plan, fam, family, hashes[family], event)
        rows[family] = row
        if row:
            as_of = max(event[TIME], mem[row + ROW_LATEST])
            forget_silent(mem, plan, fam, row, as_of)
            if plan[fam + F_WINDOWS]:
                evict(mem, plan, fam, row, as_of)


@inner
def _look_ahead(mem, plan, events, i, hashes, rows):
    """Ask for what the events after number i need; `hashes` and `rows` are AHEAD x FAMILIES_MAX words each."""
    n = events.shape[0]
    if i + KEYS_AHEAD < n:
        _look_at_keys(mem, plan, events[i + KEYS_AHEAD], hashes[_ahead(i + KEYS_AHEAD) :])
    if i + ROWS_AHEAD < n:
        at = _ahead(i + ROWS_AHEAD)
        ask_rows(mem, plan, H_KEYS, KEY_SLOT, hashes[at:], rows[at:])
    if i + RINGS_AHEAD < n:
        ask_rings(mem, plan, rows[_ahead(i + RINGS_AHEAD) :])


@inner
def _look_at_keys(mem, plan, event, hashes):
    """Hash an event's keys and ask for their slots, and for those of its id."""
    ask_slot(mem, H_EVENTS, event[EVENT_ID], EVENT_SLOT)
    if plan[P_NEEDS]:
        ask_slot(mem, H_PENDING, event[EVENT_ID], PENDING_SLOT)
    _hash_keys(plan, event, hashes)
    for family in range(plan[P_FAMILIES]):
        if hashes[family] != 0:
            ask_slot(mem, H_KEYS, hashes[family], KEY_SLOT)


@inner
def _ahead(i):
    """Where the hashes and rows of event number i are remembered."""
    return (i & (AHEAD - 1)) * FAMILIES_MAX


@inner
def _answer(mem, plan, event, rows, answers):
    for family in range(plan[P_FAMILIES]):
        fam = plan[P_FAMILY] + family * F_STRIDE
        row = rows[family]
        as_of = max(event[TIME], mem[row + ROW_LATEST]) if row else np.int64(0)
        answer_all(mem, plan, fam, row, event, as_of, answers)


@inner
def _take_in(mem, plan, event, kind, rows, registers):
    """Let every key the event names take it in, as an event of type code `kind`."""
    for family in range(plan[P_FAMILIES]):
        row = rows[family]
        if row:
            fam = plan[P_FAMILY] + family * F_STRIDE
            as_of = max(event[TIME], mem[row + ROW_LATEST])
            mem[row + ROW_LATEST] = as_of
            flags = matching(plan, fam, event, kind, registers, plan[P_RESULT])
            if flags:
                totals_enter(mem, plan, fam, row, event, flags, event[TIME])
                if flags & plan[fam + F_RING_BITS]:
                    take_in(mem, plan, fam, row, event, flags, event[TIME], as_of)


@inner
def _completes(mem, plan, event, kind, scratch, hashes, rows, code, words, registers):
    """Remember a payment until its status comes, or a status until its payment does; when both are there, the
    completed payment is taken in as a derived event at the payment's own time. Completed once is completed."""
    is_payment = kind == PAYMENT
    if not is_payment and (kind != PAYMENT_STATUS or event[STATUS] != COMPLETED):
        return
    h = event[EVENT_ID] if is_payment else event[PAYMENT_ID]
    slot = find(mem, H_PENDING, h, PENDING_SLOT)
    if not slot:
        slot = insert(mem, H_PENDING, h, PENDING_SLOT)
    elif mem[slot + 2] < mem[H_LATEST] - plan[P_KNOWN_MS]:
        _drop_pending(mem, plan, slot)
    else:
        _settle(mem, plan, event, is_payment, slot, scratch, hashes, rows, code, words, registers)
        return
    mem[slot + 2] = event[TIME]
    mem[slot + 1] = STATUS_FIRST
    if is_payment:
        block = allocate(mem, plan[P_NEEDS])
        mem[slot + 1] = block
        for i in range(plan[P_NEEDS]):
            mem[block + i] = event[plan[plan[P_NEED] + i]]


@inner
def _drop_pending(mem, plan, slot):
    """Forget a payment that waits for its status."""
    if mem[slot + 1] > 0:
        release(mem, mem[slot + 1], plan[P_NEEDS])
    mem[slot + 1] = 0


@inner
def _settle(mem, plan, event, is_payment, slot, scratch, hashes, rows, code, words, registers):
    """A payment and its `completed` status have met, unless they did before."""
    block = mem[slot + 1]
    if is_payment and block == STATUS_FIRST:
        _take_in(mem, plan, event, COMPLETED_CODE, rows, registers)
    elif not is_payment and block > 0:
        for place in range(ROW_WIDTH):
            scratch[place] = ABSENT
        for i in range(plan[P_NEEDS]):
            scratch[plan[plan[P_NEED] + i]] = mem[block + i]
        scratch[TYPE] = PAYMENT
        _set_local(plan, scratch)
        run(code, 0, plan[P_WHERE_END], words, scratch, registers, registers)
        _hash_keys(plan, scratch, hashes)
        _find_rows(mem, plan, scratch, hashes, rows)
        _take_in(mem, plan, scratch, COMPLETED_CODE, rows, registers)
    else:
        return
    _drop_pending(mem, plan, slot)
    mem[slot + 1] = SETTLED


@inner
def _vote(plan, code, words, weights, event, answers, registers, verdict):
    """Run the rules: set the bit of each that held, and add their weights as independent odds: 1 - prod(1 - w)."""
    run(code, plan[P_WHERE_END], plan[P_CODE_END], words, event, answers, registers)
    genuine = 1.0
    for r in range(plan[P_RULES]):
        held = registers[plan[plan[P_RULE] + r]]
        if not isnan(held) and held != 0.0:
            verdict[V_HITS + r // HITS_PER_WORD] |= np.int64(1) << (r % HITS_PER_WORD)
            genuine *= 1.0 - weights[r]
    verdict[V_SCORE] = np.int64((1.0 - genuine) * SCORE_UNIT + 0.5)


@inner
def _sweep_keys(mem, plan, oldest_ms):
    """Free the rows of one segment whose keys have been idle for longer than anything looks back."""
    segment = next_segment(mem, H_KEYS)
    gone = 0
    for s in range(SLOTS):
        at = segment + S_SLOTS + s * KEY_SLOT
        if mem[at] != 0:
            row = mem[at + 1]
            family = mem[row + ROW_FAMILY]
            fam = plan[P_FAMILY] + family * F_STRIDE
            idle = plan[fam + F_IDLE_MS]
            if idle != FOREVER and mem[row + ROW_LATEST] < oldest_ms - idle:
                close_ring(mem, plan, fam, row)
                release_row(mem, family, row)
                mem[at] = 0
                gone += 1
    if gone:
        mem[H_KEYS + I_COUNT] -= gone
        reinsert(mem, H_KEYS, segment, KEY_SLOT)


@inner
def _sweep_events(mem, oldest_ms):
    """Forget the ids of one segment that are known for long enough."""
    segment = next_segment(mem, H_EVENTS)
    gone = 0
    for s in range(SLOTS):
        at = segment + S_SLOTS + s * EVENT_SLOT
        if mem[at] != 0 and mem[at + 2] < oldest_ms:
            mem[at] = 0
            gone += 1
    if gone:
        mem[H_EVENTS + I_COUNT] -= gone
        reinsert(mem, H_EVENTS, segment, EVENT_SLOT)


@inner
def _sweep_pending(mem, plan, oldest_ms):
    """Forget the payments of one segment whose status is no longer waited for."""
    segment = next_segment(mem, H_PENDING)
    gone = 0
    for s in range(SLOTS):
        at = segment + S_SLOTS + s * PENDING_SLOT
        if mem[at] != 0 and mem[at + 2] < oldest_ms:
            _drop_pending(mem, plan, at)
            mem[at] = 0
            gone += 1
    if gone:
        mem[H_PENDING + I_COUNT] -= gone
        reinsert(mem, H_PENDING, segment, PENDING_SLOT)


@inner
def _sweep(mem, plan):
    """Move each sweeping hand by one segment, once the log is long enough for something to be forgotten."""
    latest = mem[H_LATEST]
    if latest - mem[H_EARLIEST] > plan[P_KNOWN_MS]:
        _sweep_events(mem, latest - plan[P_KNOWN_MS])
        if plan[P_NEEDS]:
            _sweep_pending(mem, plan, latest - plan[P_KNOWN_MS])
    if latest - mem[H_EARLIEST] > plan[P_LATENESS_MS]:
        _sweep_keys(mem, plan, latest - plan[P_LATENESS_MS])


def open_state(mem):
    """Make the empty indexes of a fresh arena."""
    index_open(mem, H_KEYS, KEY_SLOT)
    index_open(mem, H_EVENTS, EVENT_SLOT)
    index_open(mem, H_PENDING, PENDING_SLOT)


def walk(mem, plan, code, words, registers, weights, scratch, events, how, answers, verdicts):
    """Carry events through the engine in order; returns how many were carried before the arena was full.

    mem: the arena. plan, code, words, weights: the bound bundle; registers: its constants and room for temporaries.
    scratch: SCRATCH_WORDS words. events: n x ROW_WIDTH integers, completed in place with derived fields and converted
    money. how: n of DERIVED, READ, ANSWERED. answers: n x features, filled for decided types and for ANSWERED, missing
    as NaN. verdicts: n x (V_HITS + words of hits), zeroed by the caller.
    """
    hashes = scratch[ROW_WIDTH:]
    rows_ahead = hashes[AHEAD * FAMILIES_MAX :]
    rows = rows_ahead[AHEAD * FAMILIES_MAX :]
    for i in range(min(KEYS_AHEAD, events.shape[0])):
        _look_at_keys(mem, plan, events[i], hashes[_ahead(i) :])
    for i in range(min(ROWS_AHEAD, events.shape[0])):
        ask_rows(mem, plan, H_KEYS, KEY_SLOT, hashes[_ahead(i) :], rows_ahead[_ahead(i) :])
    for i in range(min(RINGS_AHEAD, events.shape[0])):
        ask_rings(mem, plan, rows_ahead[_ahead(i) :])
    for i in range(events.shape[0]):
        if not has_room(mem, plan[P_SLACK]):
            return i
        _look_ahead(mem, plan, events, i, hashes, rows_ahead)
        event, verdict = events[i], verdicts[i]
        verdict[V_STATUS] = _admit(mem, plan, event)
        if verdict[V_STATUS] != TAKEN:
            continue
        verdict[V_SEQ] = mem[H_SEQ]
        if how[i] != DERIVED:
            mem[H_SEQ] += 1
        kind = event[TYPE]
        verdict[V_FAULTS] = _complete_row(plan, event)
        run(code, 0, plan[P_WHERE_END], words, event, registers, registers)
        _find_rows(mem, plan, event, hashes[_ahead(i) :], rows)
        decided = (plan[P_DECIDED] >> kind) & 1 and how[i] != DERIVED
        if decided or how[i] == ANSWERED:
            _answer(mem, plan, event, rows, answers[i])
        if decided:
            _vote(plan, code, words, weights, event, answers[i], registers, verdict)
        _take_in(mem, plan, event, kind, rows, registers)
        if plan[P_NEEDS]:
            _completes(mem, plan, event, kind, scratch, hashes[_ahead(i) :], rows, code, words, registers)
        if (mem[H_SEQ] & (SWEEP_EVERY - 1)) == 0:
            _sweep(mem, plan)
    return events.shape[0]
