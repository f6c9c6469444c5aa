"""Derived events: what an event establishes about an entity that it does not name, with a place of its own in the order.

Whatever establishes something (funds, links) writes it to the queue while the event is walked; when the event has been
taken in, the queue is drained: each derived event is taken in by the keys that it names, and by the features that
count its type. It is regenerated on replay, so it is never read or written.
"""

from __future__ import annotations

from typing import Final

from bonafide.core.fields import FIELDS
from bonafide.engine.kernel import inner, shift
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.engine.siphash import ABSENT

QUEUE_MAX: Final = 512
"""Derived events that one event can establish; what establishes them keeps within it by its own bounds."""
Q_COUNT: Final = 0
Q_ROWS: Final = 8
QUEUE_WORDS: Final = Q_ROWS + QUEUE_MAX * ROW_WIDTH
_TIME: Final = FIELDS["time"].place


@inner
def establish(queue, kind, time):
    """The row of a new derived event of type code `kind`, all of its fields absent but the time: fill in the others.
    Beyond QUEUE_MAX the last one is written over."""
    place = min(queue[Q_COUNT], QUEUE_MAX - 1)
    queue[Q_COUNT] = place + 1
    row = shift(queue, Q_ROWS + place * ROW_WIDTH)
    for i in range(ROW_WIDTH):
        row[i] = ABSENT
    row[_TIME] = time
    row[TYPE] = kind
    return row
