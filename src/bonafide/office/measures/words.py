"""The words of the office's measures: states, how long the platform is asked, and what a person may do."""

from __future__ import annotations

from typing import Final, Literal, get_args

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS

State = Literal["proposed", "requested", "applied", "confirmed", "expired", "lifted", "refused"]
STATES: Final[tuple[State, ...]] = get_args(State)
IN_FORCE: Final[tuple[State, ...]] = ("applied", "confirmed")
ENDED: Final[tuple[State, ...]] = ("expired", "lifted", "refused")
OPEN: Final[tuple[State, ...]] = ("proposed", "requested", "applied", "confirmed")
End = Literal["expired", "lifted", "refused"]

FRICTION: Final = ("notice", "request_information")
"""What limits nobody. What is harder ends MACHINE_MS after its event, unless CONFIRMERS people have confirmed it."""
MACHINE_MS: Final = 72 * HOUR_MS
CONFIRMERS: Final = 2
"""Both as the ladder has them (engine/ladder/words.py); a test holds them together."""
LAST_CALL_MS: Final = 10 * MINUTE_MS
"""So long before its end nobody confirms a measure any more: the log's clock may be ahead of this one's by what events
may be ahead (5 minutes), and what ends there has ended."""
REVIEW_MS: Final = 30 * DAY_MS
"""When a measure that people have confirmed is looked at again, where they do not say."""
REVIEW_MAX_MS: Final = 90 * DAY_MS

ASK_AGAIN_MS: Final = (10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS)
"""How long the platform's answer is waited for after each time it was asked; after the last it is raised to people."""
PlatformStatus = Literal["applied", "refused", "lifted"]
PLATFORM_STATUSES: Final[tuple[PlatformStatus, ...]] = get_args(PlatformStatus)

Action = Literal["confirm", "lift", "refuse", "delay"]
NOTE_LENGTH_MAX: Final = 500
DELAY_MAX_MS: Final = 90 * DAY_MS
"""No notice is delayed for longer without a person looking again."""
FAMILY: Final = "measures"


def is_hard(measure: str) -> bool:
    """Whether a measure limits somebody.

    >>> is_hard("notice"), is_hard("limit_credit")
    (False, True)
    """
    return measure not in FRICTION
