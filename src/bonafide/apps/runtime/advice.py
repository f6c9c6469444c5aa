"""What the platform is advised when no decision is there in time: the policy's fail modes, and what they let by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from bonafide.apps.problems import Reply, problem
from bonafide.core.errors import InputError
from bonafide.core.events import Fact
from bonafide.core.moment import show_moment
from bonafide.engine.bundle import Bundle

USERS_COUNTED_MAX: Final = 65_536
"""Users whose allowance of today is remembered; where there are more, the longest unseen begins anew."""


class Advisor:
    """Advises under one bundle, and counts what it let through for whom."""

    def __init__(self, bundle: Bundle) -> None:
        self._modes = bundle.policy.fail_modes
        self._allowed: dict[tuple[str, int], int] = {}

    def go_on_with(self, bundle: Bundle) -> None:
        """Advise under another bundle; what was let through today still counts."""
        self._modes = bundle.policy.fail_modes

    def replies(self, events: Sequence[Fact | InputError]) -> list[Reply]:
        """A problem for each event that says what is advised; it is no acknowledgement."""
        return [self._reply(event) for event in events]

    def _reply(self, event: Fact | InputError) -> Reply:
        told = problem("overloaded", "no decision was on disk by the deadline; send the same event again to get it")
        told["degraded"] = ["deadline"]
        if isinstance(event, InputError):
            return Reply(503, msgspec.json.encode(told))
        key = (getattr(event, "user_id", ""), self._modes.day_of(event.time))
        advice = self._modes.advice(event, self._allowed.get(key, 0))
        if advice is None:
            return Reply(503, msgspec.json.encode(told))
        if advice.counted:
            self._count(key, advice.counted)
        told["event_id"] = event.event_id
        told["outcome"] = advice.outcome
        told["release_by"] = None if advice.hold_ms is None else show_moment(event.time + advice.hold_ms)
        return Reply(503, msgspec.json.encode(told))

    def _count(self, key: tuple[str, int], amount: int) -> None:
        allowed = self._allowed.pop(key, 0) + amount
        while len(self._allowed) >= USERS_COUNTED_MAX:
            self._allowed.pop(next(iter(self._allowed)))
        self._allowed[key] = allowed
