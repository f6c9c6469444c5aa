"""Arms of a rollout: who is decided by whom, drawn once and remembered.

A subject is drawn by the salt and the place in the log of its first event that is decided under that salt. So the draw
depends on the log alone, not on the ids, of which journals hold tokens, nor on the secret that makes these; and since
a place in the log says nothing about who stands there, arms are alike but for chance.

A draw is a number from 0 to UNITS. The lowest `control` of them are the control group and the highest `share` the
challenger's, so that a growing share takes subjects from the champion's arm only.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.fields import ABSENT, FIELDS
from bonafide.engine.bundles.trial import UNITS, Trial

CHAMPION, CHALLENGER, CONTROL = 0, 1, 2
ARMS: Final = ("champion", "challenger", "control")
SUBJECTS_MAX: Final = 2**20
"""Subjects whose draw is remembered; who comes when there are so many is with the champion."""
_USER, _MERCHANT = FIELDS["user_id"].place, FIELDS["merchant_id"].place
_UNDRAWN: Final = UNITS + 1
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(tuple[str, bytes, bytes]).decode


def draw(salt: str, seq: int) -> int:
    """What a subject draws whose first event stands at `seq`: from 0 up to UNITS, not included.

    >>> draw("a", 17), draw("b", 17)
    (1118, 407)
    """
    digest = sha256(f"{seq} {salt}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") * UNITS) >> 64


def arm_of(drawn: int, trial: Trial) -> int:
    """The arm of a subject that drew a number; an index into ARMS."""
    if drawn < trial.control:
        return CONTROL
    return CHALLENGER if UNITS - trial.share <= drawn < UNITS else CHAMPION


def subjects_of(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whose arm decides each row: the user's it names, else the merchant's, else nobody's (ABSENT)."""
    user, merchant = rows[:, _USER], rows[:, _MERCHANT]
    # A user and a merchant of the same id have the same hash.
    return np.where(user != ABSENT, user, np.where(merchant != ABSENT, ~merchant, ABSENT))


class Draws:
    """What subjects drew under one salt, in the order in which they came."""

    def __init__(self) -> None:
        self.salt = ""
        self._drawn: dict[int, int] = {}
        self.turned_away = 0
        """Decisions since the process began for subjects that came when the table was full."""

    def __len__(self) -> int:
        return len(self._drawn)

    def begin(self, salt: str) -> None:
        """Draw by this salt from now on; what was drawn by another is forgotten."""
        if salt != self.salt:
            self.salt = salt
            self._drawn.clear()

    def arms(self, subjects: Sequence[int], seqs: Sequence[int], trial: Trial) -> list[int]:
        """The arms of the subjects of some decided events, in the order of the log; who is new draws.

        seqs: the places of the events in the log.
        """
        return [
            CHAMPION if subject == ABSENT else arm_of(self._of(subject, seq), trial)
            for subject, seq in zip(subjects, seqs, strict=True)
        ]

    def _of(self, subject: int, seq: int) -> int:
        drawn = self._drawn.get(subject)
        if drawn is not None:
            return drawn
        if len(self._drawn) >= SUBJECTS_MAX:
            self.turned_away += 1
            return _UNDRAWN
        drawn = self._drawn[subject] = draw(self.salt, seq)
        return drawn

    def save(self) -> bytes:
        """Everything, as bytes."""
        subjects = np.fromiter(self._drawn, np.int64, len(self._drawn))
        drawn = np.fromiter(self._drawn.values(), np.uint16, len(self._drawn))
        return _pack((self.salt, subjects.tobytes(), drawn.tobytes()))

    def load(self, saved: bytes) -> None:
        """Put back what `save` gave."""
        self.salt, subjects, drawn = _unpack(saved)
        told = np.frombuffer(subjects, np.int64).tolist(), np.frombuffer(drawn, np.uint16).tolist()
        self._drawn = dict(zip(*told, strict=True))
