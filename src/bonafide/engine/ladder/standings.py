"""Where everybody stands who stands on the ladder: one bounded table by the hash of the subject, in the order in which
they were looked at last.

A standing lies packed, some two hundred bytes, and is unpacked when something happens to its subject; beside it lies
until when nothing of it ends, so that the hand passes most without looking inside. Whoever joins
moves a hand on over those who have not been looked at for longest, and lets go of the ones of whom nothing holds any
more. Beyond SUBJECTS_MAX the one at the hand gives way even so, unless a measure is in force, an appeal was upheld that
no decision has told of yet, or people were asked to decide; whoever gives way is a first offender again.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.engine.ladder.rules import LadderRules
from bonafide.engine.ladder.standing import Standing

SUBJECTS_MAX: Final = 2**20
HAND_STEPS: Final = 2
"""How many the hand passes for each that joins: more than one, so that it outruns them."""
FORCED_STEPS_MAX: Final = 64
"""How many it passes at most to find one that may give way; if none of them may, there is one more."""
MARKS: Final = 2**16
"""Marks by the low bits of a subject's hash: whoever is not marked need not be looked for."""

Key = tuple[int, int]
"""Number of the subject's kind, hash of its id."""
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Standing).decode
_unpack_all: Final = msgspec.msgpack.Decoder(list[tuple[int, int, bytes, bool]]).decode


class Standings:
    """The table."""

    def __init__(self) -> None:
        self._packed: dict[Key, tuple[bytes, int, LadderRules | None]] = {}
        """Each packed standing, until when `forget` would let go of nothing, and under which rules."""
        self._order: deque[Key] = deque()
        self.waiting: dict[Key, None] = {}
        """Those whose next decision has something to say."""
        self.marks: NDArray[np.int32] = np.zeros(MARKS, dtype=np.int32)
        """How many stand there with these low bits of their hash."""

    def __len__(self) -> int:
        return len(self._packed)

    def __contains__(self, key: Key) -> bool:
        return key in self._packed

    def get(self, key: Key, rules: LadderRules | None, now: int) -> Standing:
        """Where a subject stands as of now; a fresh standing where it is not on the ladder."""
        found = self._packed.get(key)
        if found is None:
            return Standing()
        packed, due, under = found
        standing = _unpack(packed)
        if now >= due or under is not rules:
            standing.forget(rules, now)
        return standing

    def put(self, key: Key, standing: Standing, rules: LadderRules | None, now: int) -> None:
        """Remember where a subject stands. Of whom nothing holds any more, the hand lets go."""
        if key not in self._packed:
            if standing.is_nothing:
                return
            self._make_room(rules, now)
            self._order.append(key)
            self.marks[key[1] & (MARKS - 1)] += 1
        self._packed[key] = _pack(standing), standing.due(rules), rules
        if standing.waits:
            self.waiting[key] = None
        else:
            self.waiting.pop(key, None)

    def _make_room(self, rules: LadderRules | None, now: int) -> None:
        """Move the hand on; where the table is full, until one has given way."""
        full = len(self._packed) >= SUBJECTS_MAX
        for step in range(min(FORCED_STEPS_MAX if full else HAND_STEPS, len(self._order))):
            key = self._order.popleft()
            if self._gives_way(key, rules, now, full=full):
                del self._packed[key]
                self.marks[key[1] & (MARKS - 1)] -= 1
                self.waiting.pop(key, None)
                full = False
            else:
                self._order.append(key)
            if not full and step + 1 >= HAND_STEPS:
                break

    def _gives_way(self, key: Key, rules: LadderRules | None, now: int, *, full: bool) -> bool:
        packed, due, under = self._packed[key]
        if now < due and under is rules and not full:
            return False  # whoever was put in was not nothing, and nothing of it has ended
        standing = _unpack(packed)
        standing.forget(rules, now)
        return standing.is_nothing or (full and not standing.is_kept)

    def save(self) -> bytes:
        """Everything, as bytes."""
        told = [(*key, self._packed[key][0], key in self.waiting) for key in self._order]
        return _pack(told)

    def load(self, saved: bytes) -> None:
        """Put back what `save` gave."""
        self._packed.clear()
        self._order.clear()
        self.waiting.clear()
        self.marks.fill(0)
        for kind, subject, packed, waits in _unpack_all(saved):
            key = (kind, subject)
            self._packed[key] = packed, 0, None
            self._order.append(key)
            self.marks[subject & (MARKS - 1)] += 1
            if waits:
                self.waiting[key] = None
