"""Derived events: what an event establishes about an entity that it does not name, with a place in the order of all.

Whatever establishes something (funds, links) writes it to the queue while the event is walked; when the event has been
taken in, the queue is drained: each derived event is taken in by the keys that it names, and by the features that
count its type. It is regenerated on replay, so it is never read or written.
"""

from __future__ import annotations

from typing import Final

from bonafide.engine.admission import TIME, set_local
from bonafide.engine.arena import H_LIMIT, H_ORDER, H_TOP, has_room
from bonafide.engine.features.layout import DERIVED_MAX, P_BLOCKS, P_FAMILIES, P_READ_FAMILIES, P_SLACK, P_WHERE_END
from bonafide.engine.kernel import inner, shift
from bonafide.engine.keys import take_in_derived
from bonafide.engine.rules.machine import run
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.engine.siphash import ABSENT

QUEUE_MAX: Final = 512
"""Derived events that one event can establish; what establishes them keeps within it by its own bounds."""
Q_COUNT: Final = 0
Q_ROWS: Final = 8
QUEUE_WORDS: Final = Q_ROWS + QUEUE_MAX * ROW_WIDTH


@inner
def establish(queue, kind, time):
    """The row of a new derived event of type code `kind`, all of its fields absent but the time: fill in the others.
    Beyond QUEUE_MAX the last one is written over."""
    place = min(queue[Q_COUNT], QUEUE_MAX - 1)
    queue[Q_COUNT] = place + 1
    row = shift(queue, Q_ROWS + place * ROW_WIDTH)
    for i in range(ROW_WIDTH):
        row[i] = ABSENT
    row[TIME] = time
    row[TYPE] = kind
    return row


@inner
def drain(mem, plan, queue, code, words, registers):
    """Take in every derived event of the queue, in its order, each with its place in the order of all; the queue is
    empty then.

    Room is kept for DERIVED_MAX of them. False where it did not suffice for more: the event that established them is
    taken in by halves, so the arena is closed, and takes in nothing any more.
    """
    count = queue[Q_COUNT]
    queue[Q_COUNT] = 0
    for i in range(count if plan[P_READ_FAMILIES] < plan[P_FAMILIES] else 0):
        if i >= DERIVED_MAX and not has_room(mem, plan[P_SLACK], plan[P_BLOCKS]):
            mem[H_LIMIT] = mem[H_TOP]
            return False
        row = shift(queue, Q_ROWS + i * ROW_WIDTH)
        set_local(plan, row)
        run(code, 0, plan[P_WHERE_END], words, row, registers)
        mem[H_ORDER] += 1
        take_in_derived(mem, plan, row, registers, mem[H_ORDER])
    return True
