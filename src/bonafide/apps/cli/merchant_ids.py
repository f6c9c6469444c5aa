"""Which events `bonafide merchant review` has read before, so that a repetition is no application of its own."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Final

import msgspec

from bonafide.core.events import Fact
from bonafide.engine.codes import CONFLICT
from bonafide.engine.compiled import KNOWN_MS
from bonafide.engine.refusals import refusal_of

IDS_MAX: Final = 1_000_000
"""Ids that are known at once, some 300 MB of them; of more the newest."""
_DIGEST_BYTES: Final = 16


class Ids:
    """The ids of events that were read, known as long as the engine knows them: KNOWN_MS of the log's time.

    >>> from bonafide.core.events import Tick
    >>> ids = Ids()
    >>> ids.is_new(Tick(event_id="t1", time=0)), ids.is_new(Tick(event_id="t1", time=0))
    (True, False)
    """

    def __init__(self, most: int = IDS_MAX) -> None:
        self.repeated = 0
        """Events that had been read before, with the same content."""
        self._most = most
        self._known: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._latest_ms = 0

    def is_new(self, event: Fact) -> bool:
        """Whether an event was not read before; InputError where its id was, with other content."""
        content = blake2b(msgspec.json.encode(event), digest_size=_DIGEST_BYTES).digest()
        before = self._known.get(event.event_id)
        if before is not None and before[1] >= self._latest_ms - KNOWN_MS:
            if before[0] != content:
                raise refusal_of(CONFLICT, event.event_id, event.time, self._latest_ms, "")
            self.repeated += 1
            return False
        self._known[event.event_id] = (content, event.time)
        self._known.move_to_end(event.event_id)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        self._latest_ms = max(self._latest_ms, event.time)
        return True
