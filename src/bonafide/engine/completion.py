"""Completion: a payment and the status that says it was completed, in whichever order they come."""

from __future__ import annotations

from typing import Final

from bonafide.core.fields import COMPLETED_CODE, FIELDS, TYPE_CODE, WORD_CODE
from bonafide.engine.admission import EVENT_ID, TIME, set_local
from bonafide.engine.arena import H_LATEST, H_ORDER, H_PENDING, allocate, release
from bonafide.engine.features.layout import P_FUNDS, P_KNOWN_MS, P_NEED, P_NEEDS, P_WAIT_MS, P_WHERE_END
from bonafide.engine.funds.moves import start
from bonafide.engine.index import find, insert
from bonafide.engine.kernel import inner
from bonafide.engine.keys import find_rows, hash_keys, take_in_all
from bonafide.engine.rules.machine import run
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.engine.siphash import ABSENT

PENDING_SLOT: Final = 3  # hash, what waits, its time
STATUS_FIRST: Final = -1
"""What waits is a status whose payment has not come; otherwise it is the block that holds a payment's fields."""
SETTLED: Final = -2
"""Nothing waits: they have met."""
WAITS: Final = 2
"""What waits beside a payment's fields: its place in the order, and in the log."""
PAYMENT_ID: Final = FIELDS["payment_id"].place
STATUS: Final = FIELDS["status"].place
PAYMENT: Final = TYPE_CODE["payment"]
PAYMENT_STATUS: Final = TYPE_CODE["payment_status"]
COMPLETED: Final = WORD_CODE["completed"]


@inner
def completes(mem, plan, event, kind, seq, scratch, hashes, rows, code, words, registers, work):
    """Remember a payment until its status comes, or a status until its payment does; when both are there, the
    completed payment is taken in as a derived event at the payment's own time. Completed once is completed."""
    is_payment = kind == PAYMENT
    if not is_payment and (kind != PAYMENT_STATUS or event[STATUS] != COMPLETED):
        return
    h = event[EVENT_ID] if is_payment else event[PAYMENT_ID]
    slot = find(mem, H_PENDING, h, PENDING_SLOT)
    if not slot:
        slot = insert(mem, H_PENDING, h, PENDING_SLOT)
    elif is_forgotten(mem, plan, slot):
        drop_pending(mem, plan, slot)
    else:
        settle(mem, plan, event, is_payment, slot, seq, scratch, hashes, rows, code, words, registers, work)
        return
    mem[slot + 2] = event[TIME]
    mem[slot + 1] = STATUS_FIRST
    if is_payment:
        block = allocate(mem, plan[P_NEEDS] + WAITS)
        mem[slot + 1] = block
        for i in range(plan[P_NEEDS]):
            mem[block + i] = event[plan[plan[P_NEED] + i]]
        mem[block + plan[P_NEEDS]] = mem[H_ORDER]
        mem[block + plan[P_NEEDS] + 1] = seq


@inner
def is_forgotten(mem, plan, slot):
    """Whether a slot's time is up: what waits, waits for the term of silence; what has met is known as long as ids."""
    wait = plan[P_KNOWN_MS] if mem[slot + 1] == SETTLED else plan[P_WAIT_MS]
    return mem[slot + 2] < mem[H_LATEST] - wait


@inner
def drop_pending(mem, plan, slot):
    """Forget a payment that waits for its status."""
    if mem[slot + 1] > 0:
        release(mem, mem[slot + 1], plan[P_NEEDS] + WAITS)
    mem[slot + 1] = 0


@inner
def settle(mem, plan, event, is_payment, slot, seq, scratch, hashes, rows, code, words, registers, work):
    """A payment and its `completed` status have met, unless they did before."""
    block = mem[slot + 1]
    if is_payment and block == STATUS_FIRST:
        take_in_all(mem, plan, event, COMPLETED_CODE, rows, registers, mem[H_ORDER])
        if plan[P_FUNDS]:
            start(mem, plan, event, mem[slot + 2], seq, work)
    elif not is_payment and block > 0:
        for place in range(ROW_WIDTH):
            scratch[place] = ABSENT
        for i in range(plan[P_NEEDS]):
            scratch[plan[plan[P_NEED] + i]] = mem[block + i]
        scratch[TYPE] = PAYMENT
        set_local(plan, scratch)
        run(code, 0, plan[P_WHERE_END], words, scratch, registers)
        hash_keys(plan, scratch, hashes)
        find_rows(mem, plan, scratch, hashes, rows)
        take_in_all(mem, plan, scratch, COMPLETED_CODE, rows, registers, mem[block + plan[P_NEEDS]])
        if plan[P_FUNDS]:
            start(mem, plan, scratch, event[TIME], mem[block + plan[P_NEEDS] + 1], work)
    else:
        return
    drop_pending(mem, plan, slot)
    mem[slot + 1] = SETTLED
