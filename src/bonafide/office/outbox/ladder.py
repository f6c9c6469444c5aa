"""When a message that was not taken is sent again, and after how many tries it is a dead letter."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

_S: Final = 1_000
_MIN: Final = 60 * _S
_H: Final = 60 * _MIN


class Step(NamedTuple):
    """One step of the ladder: how long to wait before the next try."""

    name: str
    wait_ms: int


LADDER: Final = (
    Step("moment", 5 * _S), Step("half a minute", 30 * _S), Step("minutes", 5 * _MIN), Step("half an hour", 30 * _MIN),
    Step("hours", 2 * _H), Step("morning", 5 * _H), Step("day", 10 * _H), Step("night", 14 * _H),
    Step("day and night", 20 * _H), Step("next day", 24 * _H),
)  # fmt: skip
"""About that of Standard Webhooks: the first tries bridge a restart, the last ones a weekend."""
TRIES_MAX: Final = len(LADDER) + 1
"""After so many tries a message is a dead letter, three days after the first."""
JITTER_FRACTION: Final = 0.2
"""Up to so much is added to a wait, so that what failed together does not come back together."""
REST_AFTER: Final = 3
"""Sends in a row that do not reach a receiver before it is left in peace: one at a time, after a rest."""
REST_MS: Final = 10 * _S
REST_MS_MAX: Final = 5 * _MIN
"""A rest doubles up to this, so that whoever comes back is noticed within minutes."""
RETRY_AFTER_MS_MAX: Final = LADDER[-1].wait_ms
"""A receiver may ask for more patience than the ladder has, up to a day."""


def wait_ms(tries: int, random: Random, asked_ms: int = 0) -> int | None:
    """How long after the given number of tries the next one comes; None where there is none.

    `asked_ms` is what the receiver asked for (Retry-After).

    >>> wait_ms(1, Random(1)) == wait_ms(1, Random(1)), wait_ms(TRIES_MAX, Random(1))
    (True, None)
    """
    if tries >= TRIES_MAX:
        return None
    step = LADDER[tries - 1].wait_ms
    return max(step + int(step * JITTER_FRACTION * random.random()), min(asked_ms, RETRY_AFTER_MS_MAX))


def rest_ms(failures: int) -> int:
    """How long a receiver is left in peace after so many failures in a row.

    >>> [rest_ms(n) // 1_000 for n in (1, 2, 3, 4, 5, 99)]
    [0, 0, 10, 20, 40, 300]
    """
    if failures < REST_AFTER:
        return 0
    return min(REST_MS << min(failures - REST_AFTER, 16), REST_MS_MAX)
