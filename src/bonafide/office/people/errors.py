"""Why somebody is not let in yet."""

from __future__ import annotations

from bonafide.core.errors import BonafideError


class SlowDownError(BonafideError):
    """Too many tries failed; the next is taken after `retry_after_ms`. Nobody is locked out for good."""

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(f"too many tries failed; wait {-(-retry_after_ms // 1_000)} s and try again")
        self.args = (retry_after_ms,)
        self.retry_after_ms = retry_after_ms
