"""Who is shown a piece and who is held out, and which piece: pure functions of the data directory's secret.

The holdout group is drawn by a keyed hash of the subject under the bundle's salt. So a draw can be repeated by whoever
has the secret and told by nobody else; it does not depend on what somebody did, so the groups are alike but for chance;
and whoever is drawn stays in the group for as long as the salt does.
"""

from __future__ import annotations

import hmac
from typing import Final, Literal

from bonafide.engine.bundles.education import Education, Level, Piece

Arm = Literal["shown", "held_out"]
_DOMAIN: Final = b"bonafide education 1\n"
_DRAWN_FROM: Final = 2**64


def arm_of(secret: bytes, education: Education, subject: str) -> Arm:
    """Whether a subject is shown pieces or held out."""
    percent = education.holdout_percent
    return "held_out" if _drawn(secret, "arm", education.salt, subject) * 100 < percent else "shown"


def piece_of(
    secret: bytes, education: Education, subject: str, level: Level, typologies: frozenset[str], number: int,
    last: str | None,
) -> Piece:  # fmt: skip
    """The piece for somebody who was to be told something `number` times before, `last` of it the last time.

    They rotate, from a place that is each subject's own, and never say the same twice in a row where there is another.
    """
    pieces = education.pieces_for(level, typologies)
    begin = int(_drawn(secret, "piece", education.salt, subject) * len(pieces))
    found = pieces[(begin + number) % len(pieces)]
    return found if found.id != last or len(pieces) == 1 else pieces[(begin + number + 1) % len(pieces)]


def _drawn(secret: bytes, what: str, salt: str, subject: str) -> float:
    """A number from 0 up to 1, not included."""
    told = hmac.digest(secret, _DOMAIN + f"{what}\n{salt}\n{subject}".encode(), "sha256")
    return int.from_bytes(told[:8], "big") / _DRAWN_FROM * (1 - 2**-53)
