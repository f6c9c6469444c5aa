"""Money that comes home: what of a payment has, when its loop closes, and what that establishes for whom."""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.core.fields import FIELDS, FRACTION_UNIT, TYPE_CODE, WORD_CODE
from bonafide.engine.arena import H_FUNDS, allocate, release
from bonafide.engine.derived import establish
from bonafide.engine.funds.layout import (
    G_AMOUNT, G_CAME, G_HOME, G_HOPS, G_LEFT, G_MERCHANT, G_MOVE, G_MOVES, G_PAID, G_PAYER, G_PAYMENT, G_SEQ,
    L_AMOUNT, L_CLOSES, L_EVENT, L_HOME, L_RETURNED, L_STEP, L_STEPS, LOOP_WORDS, MOVE_WORDS, N_CAPACITY, N_COUNT,
    N_HASH, N_TAGS, PAYER, PLACE_SLOT, RETURN_WORDS, RETURNS_MAX, ACCOUNT, STEP_WORDS, TAG_WORDS, TRAIL_FIRST,
    TRAIL_OF_EVENT, W_AMOUNT, W_SENDER, W_SEQ, W_TIME, W_TO, W_UNSETTLED, W_VIA,
)  # fmt: skip
from bonafide.engine.funds.places import copy_words, keep, lessen, make_place, tag_of
from bonafide.engine.index import find
from bonafide.engine.kernel import inner, shift
from bonafide.engine.rules.operations import (
    BROUGHT_HOME, EARLIER_LOOPS, LOOP_DELAY_S, LOOP_HOPS, LOOP_SHARE, LOOPS_CLOSED, OWN_AMOUNT, OWN_PAYMENTS,
)  # fmt: skip
from bonafide.engine.siphash import ABSENT

USER, SHOP, PAYMENT, ACCOUNT_ID, FROM_ACCOUNT = (
    FIELDS[n].place for n in ("user_id", "merchant_id", "payment_id", "account_id", "from_account_id")
)
AMOUNT, VIA, SHARE = (FIELDS[n].place for n in ("amount", "via", "returned_share"))
HOPS, DELAY_S, ONE_TO_ONE = (FIELDS[n].place for n in ("return_hops", "return_delay_s", "one_to_one"))
BY_LINK: Final = WORD_CODE["account_link"]
MONEY_RETURNED, LOOP_CLOSED, LOOP_PASSED = (TYPE_CODE[n] for n in ("money_returned", "loop_closed", "loop_passed"))


@inner
def bring_home(mem, plan, place, i, taken, flow, tag, event, queue, trail):
    """A part of the i-th tag of a place has reached its payer with a flow; `tag` is scratch for a copy of it.

    Returns whether the tag is still where it was.
    """
    flow[W_UNSETTLED] -= taken
    copy_words(shift(mem, tag_of(place, i)), tag, TAG_WORDS)
    stays = lessen(mem, place, i, taken)
    if event[OWN_PAYMENTS] <= 0:
        clear_facts(event)
        event[EARLIER_LOOPS] = _closed_before(mem, plan, tag[G_PAYER], flow[W_TIME])
    home, closes = _add_return(mem, plan, tag, taken, flow[W_TIME])
    hops = tag[G_HOPS] + (0 if flow[W_VIA] == BY_LINK else 1)
    delay_s = max(np.int64(0), flow[W_TIME] - tag[G_PAID]) // 1000
    _tell_event(event, taken, home, tag[G_AMOUNT], closes, hops, delay_s)
    _establish(queue, MONEY_RETURNED, tag, flow, taken, taken, hops, delay_s)
    if closes:
        _establish(queue, LOOP_CLOSED, tag, flow, home, taken, hops, delay_s)
        for move in range(tag[G_MOVES]):
            _pass(queue, tag, flow, tag[G_MOVE + move * MOVE_WORDS], taken, home, delay_s)
        if tag[G_MOVES] == 0 or tag[G_MOVE + (tag[G_MOVES] - 1) * MOVE_WORDS] != flow[W_SENDER]:
            _pass(queue, tag, flow, flow[W_SENDER], taken, home, delay_s)
    _tell_way(trail, event[OWN_PAYMENTS], tag, flow, taken, home, closes)
    if flow[W_TO] != ABSENT:
        tag[G_LEFT] = taken
        tag[G_CAME] = flow[W_TIME]
        tag[G_HOME] = 1
        keep(mem, plan, ACCOUNT, flow[W_TO], tag)
    return stays


@inner
def _add_return(mem, plan, tag, taken, time):
    """(all that has come home of a payment, whether this closes its loop), as the payer's record says."""
    record = make_place(mem, plan, PAYER, tag[G_PAYER], time)
    total = mem[record + N_COUNT]
    kept = min(total, RETURNS_MAX)
    for i in range(kept):
        at = record + N_TAGS + i * RETURN_WORDS
        if mem[at] == tag[G_PAYMENT]:
            return _count_return(shift(mem, at), tag, taken)
    if kept == mem[record + N_CAPACITY] and kept < RETURNS_MAX:
        record = _grow_record(mem, record)
    at = record + N_TAGS + total % RETURNS_MAX * RETURN_WORDS
    mem[at] = tag[G_PAYMENT]
    mem[at + 1] = mem[at + 2] = 0
    mem[record + N_COUNT] = total + 1
    return _count_return(shift(mem, at), tag, taken)


@inner
def _count_return(entry, tag, taken):
    home = min(tag[G_AMOUNT], entry[1] + taken)
    closes = np.int64(entry[2] == 0 and 2 * home >= tag[G_AMOUNT])
    entry[1] = home
    entry[2] |= closes
    return home, closes


@inner
def _grow_record(mem, record):
    """Move a payer's record to a block for more payments, and return it."""
    capacity = mem[record + N_CAPACITY]
    wider = min(max(2 * capacity, 4), RETURNS_MAX)
    block = allocate(mem, N_TAGS + wider * RETURN_WORDS)
    copy_words(shift(mem, record), shift(mem, block), N_TAGS + capacity * RETURN_WORDS)
    release(mem, record, N_TAGS + capacity * RETURN_WORDS)
    mem[block + N_CAPACITY] = wider
    mem[find(mem, H_FUNDS, mem[block + N_HASH], PLACE_SLOT) + 1] = block
    return block


@inner
def share_of(part, whole):
    """A part as billionths of the whole."""
    return np.int64(np.rint(part / whole * FRACTION_UNIT))


@inner
def _closed_before(mem, plan, payer, time):
    """How many loops of a payer are remembered as closed."""
    record = make_place(mem, plan, PAYER, payer, time)
    closed = np.int64(0)
    for i in range(min(mem[record + N_COUNT], RETURNS_MAX)):
        closed += mem[record + N_TAGS + i * RETURN_WORDS + 2]
    return closed


@inner
def clear_facts(event):
    """Nothing has come home with an event so far."""
    event[BROUGHT_HOME] = event[OWN_PAYMENTS] = event[OWN_AMOUNT] = event[EARLIER_LOOPS] = 0
    event[LOOPS_CLOSED] = event[LOOP_SHARE] = 0


@inner
def _tell_event(event, taken, home, amount, closes, hops, delay_s):
    """The facts of the event itself."""
    if event[OWN_PAYMENTS] == 0:
        event[LOOP_HOPS], event[LOOP_DELAY_S] = hops, delay_s
    event[BROUGHT_HOME] += taken
    event[OWN_AMOUNT] += amount
    event[OWN_PAYMENTS] += 1
    event[LOOPS_CLOSED] += closes
    event[LOOP_SHARE] = max(event[LOOP_SHARE], share_of(home, amount))
    event[LOOP_HOPS] = max(event[LOOP_HOPS], hops)
    event[LOOP_DELAY_S] = min(event[LOOP_DELAY_S], delay_s)


@inner
def _name(row, tag, amount):
    """Whose payment it is, and how much."""
    row[USER] = tag[G_PAYER]
    row[SHOP] = tag[G_MERCHANT]
    row[PAYMENT] = tag[G_PAYMENT]
    row[AMOUNT] = amount


@inner
def _pass(queue, tag, flow, account, taken, home, delay_s):
    """Queue `loop_passed` of an account on the way, unless it is the one that the money came home to."""
    if account != ABSENT and account != flow[W_TO]:
        row = establish(queue, LOOP_PASSED, flow[W_TIME])
        row[ACCOUNT_ID] = row[FROM_ACCOUNT] = account
        _name(row, tag, taken)
        row[SHARE] = share_of(home, tag[G_AMOUNT])
        row[DELAY_S] = delay_s


@inner
def _establish(queue, kind, tag, flow, amount, taken, hops, delay_s):
    """Queue `money_returned` or `loop_closed`."""
    row = establish(queue, kind, flow[W_TIME])
    _name(row, tag, amount)
    row[ACCOUNT_ID] = flow[W_TO]
    row[VIA] = flow[W_VIA]
    row[SHARE] = share_of(amount, tag[G_AMOUNT])
    row[HOPS] = hops
    row[DELAY_S] = delay_s
    row[ONE_TO_ONE] = 1 if taken == flow[W_AMOUNT] and 4 * taken >= 3 * tag[G_AMOUNT] else 0


@inner
def _tell_way(trail, place, tag, flow, taken, home, closes):
    """Write the way home into the trail; `place` is the number of this payment among the event's, from 1."""
    if place > TRAIL_OF_EVENT:
        return
    at = shift(trail, TRAIL_FIRST + trail[0] * LOOP_WORDS)
    trail[0] += 1
    at[L_EVENT] = trail[1]
    at[L_RETURNED] = taken
    at[L_HOME] = home
    at[L_AMOUNT] = tag[G_AMOUNT]
    at[L_CLOSES] = closes
    at[L_STEPS] = tag[G_MOVES] + 2
    _step(at, 0, tag[G_SEQ], tag[G_PAID], tag[G_AMOUNT])
    for i in range(tag[G_MOVES]):
        move = G_MOVE + i * MOVE_WORDS
        _step(at, 1 + i, tag[move + 1], tag[move + 2], tag[move + 3])
    _step(at, tag[G_MOVES] + 1, flow[W_SEQ], flow[W_TIME], taken)


@inner
def _step(loop, i, seq, time, amount):
    at = L_STEP + i * STEP_WORDS
    loop[at] = seq
    loop[at + 1] = time
    loop[at + 2] = amount
