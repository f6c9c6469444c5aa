"""What stands in for the runtime while it is made: probes are answered, and told that it is starting."""

from __future__ import annotations

from typing import Any, Final

from bonafide.apps.runtime.figures import Figures
from bonafide.apps.runtime.jobs import Overloaded
from bonafide.apps.runtime.runtime import State
from bonafide.core.errors import StateError

_TOLD: Final = "it is starting"


class Starting:
    """A runtime that is not there yet; whatever asks more of it than its state is refused before."""

    state: State = "starting"
    not_ready_because = _TOLD
    waiting_events = 0
    recovered = None
    degraded: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.figures = Figures()

    async def decide(self, *_: Any) -> Any:
        """Raises Overloaded."""
        raise Overloaded(_TOLD)

    degrade = redrive = decide

    def find(self, event_id: str) -> Any:
        """Raises StateError."""
        raise StateError(_TOLD)

    @property
    def journal(self) -> Any:
        """Raises StateError."""
        raise StateError(_TOLD)

    engine = journal

    def bundle_of(self, content: str) -> Any:
        """Raises StateError."""
        raise StateError(_TOLD)

    def run(self, loop: object) -> None:
        """Raises StateError."""
        raise StateError(_TOLD)

    async def stop(self) -> None:
        """There is nothing to stop."""
