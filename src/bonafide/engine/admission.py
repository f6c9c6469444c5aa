"""Admission: is an event's id new, does it come in time, and what do its derived fields and its money say."""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.core.fields import FIELDS, FRACTION_UNIT
from bonafide.engine.arena import H_EARLIEST, H_EVENTS, H_LATEST
from bonafide.engine.codes import CONFLICT, DUPLICATE, FAULT_CURRENCY, TAKEN, TOO_LATE
from bonafide.engine.features.layout import (
    P_CURRENCY, P_KEY0, P_KEY1, P_KNOWN_MS, P_LATENESS_MS, P_OFFSET_MS, P_RATE, P_RATES, P_TYPE_FIELDS,
)  # fmt: skip
from bonafide.engine.index import find, insert
from bonafide.engine.kernel import inner
from bonafide.engine.rules.operations import LINE_IN_USE, LOCAL_DAY, LOCAL_HOUR, TYPE
from bonafide.engine.siphash import ABSENT, absorb, finish, start

EVENT_SLOT: Final = 3  # hash, fingerprint, time
TYPE_BITS: Final = 8
"""Bits of a fingerprint's word of presence that hold the type; one for each of its fields stands above them."""
DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
TIME: Final = FIELDS["time"].place
EVENT_ID: Final = FIELDS["event_id"].place
CURRENCY: Final = FIELDS["currency"].place
CREDIT_LIMIT: Final = FIELDS["credit_limit"].place
CREDIT_USED: Final = FIELDS["credit_used"].place
LINE_IN_USE_MAX: Final = 1_000.0
"""More than a thousand lines in use counts as a thousand."""
MONEY: Final = tuple(f.place for f in FIELDS.values() if f.kind == "money")


@inner
def fingerprint(event, plan):
    """A keyed hash of an event's whole content, so that the same id with other content is noticed."""
    v0, v1, v2, v3 = start(np.uint64(plan[P_KEY0]), np.uint64(plan[P_KEY1]))
    fields = plan[plan[P_TYPE_FIELDS] + event[TYPE]]
    present = np.uint64(event[TYPE])
    for i in range(plan[fields]):
        value = event[plan[fields + 1 + i]]
        if value != ABSENT:
            v0, v1, v2, v3 = absorb(v0, v1, v2, v3, np.uint64(value))
            present |= np.uint64(1) << np.uint64(TYPE_BITS + i)
    v0, v1, v2, v3 = absorb(v0, v1, v2, v3, present)
    return finish(v0, v1, v2, v3)


@inner
def admit(mem, plan, event):
    """Whether an event's id is new and it is not too late; if so, its id is remembered and the log's time moves on."""
    time, h = event[TIME], event[EVENT_ID]
    latest = mem[H_LATEST]
    content = fingerprint(event, plan)
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
def set_local(plan, event):
    """The local day and hour of an event's time."""
    local = event[TIME] + plan[P_OFFSET_MS]
    event[LOCAL_DAY] = local // DAY_MS
    event[LOCAL_HOUR] = local % DAY_MS // HOUR_MS


@inner
def complete_row(plan, event):
    """Fill an event's derived fields and bring its money into the bundle's currency; returns its fault bits."""
    set_local(plan, event)
    limit, used = event[CREDIT_LIMIT], event[CREDIT_USED]
    if used != ABSENT and limit != ABSENT and limit > 0:
        event[LINE_IN_USE] = np.int64(np.rint(min(used / limit, LINE_IN_USE_MAX) * FRACTION_UNIT))
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
