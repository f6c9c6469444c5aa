"""Why an event that came through the door was not taken in, in words."""

from __future__ import annotations

from bonafide.core.errors import InputError
from bonafide.core.moment import show_moment
from bonafide.core.text import show_value
from bonafide.engine.codes import CONFLICT


def refusal_of(status: int, event_id: str, time_ms: int, latest_ms: int, lateness: str) -> InputError:
    """Why the engine did not take an event in.

    status: CONFLICT or TOO_LATE; latest_ms: the latest time in the log when it came; lateness: how far behind that an
    event may lie, as a span.

    >>> print(refusal_of(CONFLICT, "p1", 0, 0, "30d"))
    event_id: 'p1' was taken before with other content, and an id names one event; give a new id, or send it unchanged
    """
    if status == CONFLICT:
        told = "was taken before with other content, and an id names one event; give a new id, or send it unchanged"
        shown = show_value(event_id)
        return InputError("conflict", f"event_id: {shown} {told}", "event_id", shown, event_id)
    shown = show_moment(time_ms)
    told = f"lies more than {lateness} behind {show_moment(latest_ms)}, the latest time in the log before it"
    return InputError("too-late", f"time: {shown} {told}", "time", shown, event_id)
