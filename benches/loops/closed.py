"""Which payments' loops are closed by a log, and by which event: as the kernel says, and as the twin does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from bonafide.core.events import Event, Fact
from bonafide.engine.codes import READ, TAKEN, V_SEQ, V_STATUS
from bonafide.engine.compiled import Settings, compile_bundle
from bonafide.engine.engine import DEFAULT_SECRET, loops_of
from bonafide.engine.features.spec import parse_features
from bonafide.engine.funds.layout import RETURNS_MAX, SERVED_MAX, SETTLED_MAX, TAGS_MAX
from bonafide.engine.intake import rows_of_events
from bonafide.engine.kernels import Kernels, load_kernels
from bonafide.engine.state import State
from bonafide.testing.funds_twin import Caps, FundsTwin, Law

SHIPPED_CAPS: Final = Caps(TAGS_MAX, SERVED_MAX, RETURNS_MAX, SETTLED_MAX)
CHUNK: Final = 8_192
"""Events in one call of the kernel."""
_FOLLOWS: Final = [{"name": "loops", "event": "loop_closed", "by": "user_id", "take": "count", "over": "30d"}]
"""The least that a bundle asks of funds, so that nothing else takes time."""


class Closed(NamedTuple):
    """A loop that an event closed."""

    payment_id: str
    way: tuple[str, ...]
    """Ids of the events that its money came by, the payment first, the closing one last."""


def by_twin(events: Iterable[Fact], caps: Caps = SHIPPED_CAPS, law: Law | None = None) -> list[Closed]:
    """Loops that the twin closes, in the order of the log, in which no event stands twice."""
    twin, ids, closed = FundsTwin(caps, law or Law()), list[str](), list[Closed]()
    for seq, event in enumerate(events):
        ids.append(event.event_id)
        for loop in twin.feed(event, seq).loops:
            if loop.closes:
                closed.append(Closed(loop.payment_id, tuple(ids[step.seq] for step in loop.path)))
    return closed


def by_kernel(events: Sequence[Event], currency: str = "CNY", kernels: Kernels | None = None) -> list[Closed]:
    """Loops that the kernel closes; of an event that brings many payments home the first TRAIL_OF_EVENT."""
    compiled = compile_bundle(parse_features(_FOLLOWS, "benches.loops"), [], Settings(currency))
    state = State(compiled, DEFAULT_SECRET, kernels or load_kernels())
    ids, closed = dict[int, str](), list[Closed]()
    for first in range(0, len(events), CHUNK):
        part = events[first : first + CHUNK]
        walked = state.walk(rows_of_events(part, state.kernels, state.bound.key), np.full(len(part), READ))
        status, seqs = walked.verdicts[:, V_STATUS], walked.verdicts[:, V_SEQ].tolist()
        ids |= {seq: event.event_id for seq, event, code in zip(seqs, part, status, strict=True) if code == TAKEN}
        for loops in loops_of(walked.ways).values():
            for loop in loops:
                if loop.closes:
                    way = tuple(ids[step.seq] for step in loop.path)
                    closed.append(Closed(way[0], way))
    return closed
