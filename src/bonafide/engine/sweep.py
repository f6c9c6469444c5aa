"""Sweeping: state that nothing can ask for any more is given back, one index segment at a time."""

from __future__ import annotations

from typing import Final

from bonafide.engine.admission import EVENT_SLOT
from bonafide.engine.arena import H_EARLIEST, H_EVENTS, H_FUNDS, H_KEYS, H_LATEST, H_LINKS, H_PENDING, release_row
from bonafide.engine.completion import PENDING_SLOT, drop_pending, is_forgotten
from bonafide.engine.features.layout import (
    FOREVER, F_IDLE_MS, F_STRIDE, P_FAMILY, P_KNOWN_MS, P_LATENESS_MS, P_WAIT_MS, ROW_FAMILY, ROW_LATEST,
)  # fmt: skip
from bonafide.engine.features.rings import close_ring
from bonafide.engine.funds.layout import AGE_MS, N_NOW, PLACE_SLOT
from bonafide.engine.funds.places import close_place, is_linked
from bonafide.engine.index import I_COUNT, I_FILLED, S_SLOTS, SLOTS, next_segment, reinsert
from bonafide.engine.kernel import inner
from bonafide.engine.keys import KEY_SLOT
from bonafide.engine.links import LINK_TERM_MS, sweep_links

SWEEP_EVERY: Final = 64
"""Slots filled between two steps of an index's hand. A step looks at a whole segment, 96 to 192 filled slots, so that
the hand outruns what comes, and an index settles at about twice what it has to keep."""


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
def _sweep_pending(mem, plan):
    """Forget the payments of one segment whose status is no longer waited for."""
    segment = next_segment(mem, H_PENDING)
    gone = 0
    for s in range(SLOTS):
        at = segment + S_SLOTS + s * PENDING_SLOT
        if mem[at] != 0 and is_forgotten(mem, plan, at):
            drop_pending(mem, plan, at)
            mem[at] = 0
            gone += 1
    if gone:
        mem[H_PENDING + I_COUNT] -= gone
        reinsert(mem, H_PENDING, segment, PENDING_SLOT)


@inner
def _sweep_funds(mem, plan, latest):
    """Forget the places of one segment whose money is no longer followed; whose an account is, is known for longer."""
    segment = next_segment(mem, H_FUNDS)
    oldest, linked = latest - plan[P_LATENESS_MS] - AGE_MS, latest - plan[P_LATENESS_MS] - plan[P_WAIT_MS]
    gone = 0
    for s in range(SLOTS):
        at = segment + S_SLOTS + s * PLACE_SLOT
        if mem[at] != 0:
            place = mem[at + 1]
            if mem[place + N_NOW] < (linked if is_linked(mem, place) else oldest):
                close_place(mem, place)
                mem[at] = 0
                gone += 1
    if gone:
        mem[H_FUNDS + I_COUNT] -= gone
        reinsert(mem, H_FUNDS, segment, PLACE_SLOT)


@inner
def _is_due(mem, ix):
    """Whether enough slots of an index were filled for its hand to move on."""
    if mem[ix + I_FILLED] < SWEEP_EVERY:
        return False
    mem[ix + I_FILLED] -= SWEEP_EVERY
    return True


@inner
def sweep(mem, plan):
    """Move the hand of each index that is due, once the log is long enough for something to be forgotten."""
    latest = mem[H_LATEST]
    span = latest - mem[H_EARLIEST]
    while _is_due(mem, H_EVENTS):
        if span > plan[P_KNOWN_MS]:
            _sweep_events(mem, latest - plan[P_KNOWN_MS])
    while _is_due(mem, H_PENDING):
        if span > plan[P_KNOWN_MS]:
            _sweep_pending(mem, plan)
    while _is_due(mem, H_FUNDS):
        if span > plan[P_LATENESS_MS] + AGE_MS:
            _sweep_funds(mem, plan, latest)
    while _is_due(mem, H_KEYS):
        if span > plan[P_LATENESS_MS]:
            _sweep_keys(mem, plan, latest - plan[P_LATENESS_MS])
    while _is_due(mem, H_LINKS):
        if span > plan[P_LATENESS_MS] + LINK_TERM_MS:
            sweep_links(mem, latest - plan[P_LATENESS_MS])
