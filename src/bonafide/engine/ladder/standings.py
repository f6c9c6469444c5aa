"""Where everybody stands who stands on the ladder: one bounded table by the hash of the subject, in the order in which
they were looked at last.

A standing lies packed, some two hundred bytes, and is unpacked when something happens to its subject; beside it lies
until when nothing of it ends, so that the hand passes most without looking inside, and what more evidence may say that
changes nothing (`Calm`), so that evidence of which nothing follows is laid beside it and added when next it is
unpacked. Whoever joins moves a hand on over those who have not been looked at for longest, and lets go of the ones of
whom nothing holds any more. Beyond SUBJECTS_MAX the one at the hand gives way even so, unless a measure is in force, an
appeal was upheld that no decision has told of yet, or people were asked to decide; whoever gives way is a first
offender again.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.engine.ladder.rules import LadderRules
from bonafide.engine.ladder.standing import Calm, Standing

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


class Kept(NamedTuple):
    """What lies in the table of one subject."""

    packed: bytes
    due: int
    """Until when `forget` would let go of nothing."""
    rules: LadderRules | None
    """Under which this holds."""
    calm: Calm | None
    """What may come, and what came, without that anything follows."""

    def unpacked(self) -> Standing:
        """The standing with all its evidence."""
        standing = _unpack(self.packed)
        for evidence, now in self.calm.came() if self.calm is not None else ():
            if now >= self.due:
                standing.forget(self.rules, now)
            standing.offences[-1].add(evidence, now)
        return standing


class Standings:
    """The table."""

    def __init__(self) -> None:
        self._kept: dict[Key, Kept] = {}
        self._order: deque[Key] = deque()
        self.waiting: dict[Key, None] = {}
        """Those whose next decision has something to say."""
        self.marks: NDArray[np.int32] = np.zeros(MARKS, dtype=np.int32)
        """How many stand there with these low bits of their hash."""

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def get(self, key: Key, rules: LadderRules | None, now: int) -> Standing:
        """Where a subject stands as of now; a fresh standing where it is not on the ladder."""
        kept = self._kept.get(key)
        if kept is None:
            return Standing()
        standing = kept.unpacked()
        if now >= kept.due or kept.rules is not rules:
            standing.forget(rules, now)
        return standing

    def adds(self, key: Key, rules: LadderRules | None, found: tuple[int, int, int, int], now: int) -> bool:
        """Whether nothing follows from evidence, which then is added; else all is as it was.

        found: event, amount, typologies and outcome, as `Evidence` has them.
        """
        kept = self._kept.get(key)
        if kept is None:
            return False
        _, _, under, calm = kept
        return calm is not None and under is rules and calm.takes(found, now)

    def put(
        self, key: Key, standing: Standing, rules: LadderRules | None, now: int, calm: Calm | None = None
    ) -> None:  # fmt: skip
        """Remember where a subject stands. Of whom nothing holds any more, the hand lets go."""
        if key not in self._kept:
            if standing.is_nothing:
                return
            self._make_room(rules, now)
            self._order.append(key)
            self.marks[key[1] & (MARKS - 1)] += 1
        self._kept[key] = Kept(_pack(standing), standing.due(rules), rules, calm)
        if standing.waits:
            self.waiting[key] = None
        else:
            self.waiting.pop(key, None)

    def _make_room(self, rules: LadderRules | None, now: int) -> None:
        """Move the hand on; where the table is full, until one has given way."""
        full = len(self._kept) >= SUBJECTS_MAX
        for step in range(min(FORCED_STEPS_MAX if full else HAND_STEPS, len(self._order))):
            key = self._order.popleft()
            if self._gives_way(key, rules, now, full=full):
                del self._kept[key]
                self.marks[key[1] & (MARKS - 1)] -= 1
                self.waiting.pop(key, None)
                full = False
            else:
                self._order.append(key)
            if not full and step + 1 >= HAND_STEPS:
                break

    def _gives_way(self, key: Key, rules: LadderRules | None, now: int, *, full: bool) -> bool:
        kept = self._kept[key]
        if now < kept.due and kept.rules is rules and not full:
            return False  # whoever was put in was not nothing, and nothing of it has ended
        standing = kept.unpacked()
        standing.forget(rules, now)
        return standing.is_nothing or (full and not standing.is_kept)

    def save(self) -> bytes:
        """Everything, as bytes."""
        return _pack([(*key, self._whole(key), key in self.waiting) for key in self._order])

    def _whole(self, key: Key) -> bytes:
        """A packed standing with all its evidence."""
        kept = self._kept[key]
        return kept.packed if kept.calm is None else _pack(kept.unpacked())

    def load(self, saved: bytes) -> None:
        """Put back what `save` gave."""
        self._kept.clear()
        self._order.clear()
        self.waiting.clear()
        self.marks.fill(0)
        for kind, subject, packed, waits in _unpack_all(saved):
            key = (kind, subject)
            self._kept[key] = Kept(packed, 0, None, None)
            self._order.append(key)
            self.marks[subject & (MARKS - 1)] += 1
            if waits:
                self.waiting[key] = None
