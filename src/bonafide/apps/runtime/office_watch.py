"""What people have decided in the office, carried out by the deciding service: activations, lists, records for the log.

The wish stands in the store, whoever wrote it and from where: a route of this service, or a command in another process.
The service looks at a counter for each twice a second. What it did is written back, and what it could not do, and why.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from bonafide.apps.runtime.activation import giving_way
from bonafide.core.errors import BonafideError, ConfigError, StateError
from bonafide.core.events import Fact
from bonafide.engine.bundle import Bundle
from bonafide.office.bundles.kept import load_kept
from bonafide.office.bundles.life import BundleLife
from bonafide.office.bundles.steps import BentError, in_force
from bonafide.office.lists.changes import Lists
from bonafide.office.records.records import Records
from bonafide.office.store.database import StoreError

EVERY_S: Final = 0.5
STOP_S: Final = 2.0


class Deciding(Protocol):
    """The runtime, as far as this needs it. Its methods wait."""

    @property
    def bundle(self) -> Bundle: ...
    def activate(self, bundle: Bundle, by: str | None = None) -> int: ...
    def note(self, event_id: str, make: Callable[[int], Fact]) -> int: ...


class OfficeWatch:
    """Looks at the store from a thread of its own, between `start` and `stop`."""

    def __init__(
        self, life: BundleLife | None, lists: Lists | None, records: Records, data: Path, say: Callable[[str], None]
    ) -> None:  # fmt: skip
        """`life` None: four eyes do not apply; `lists` None: the master key is not at hand."""
        self._life = life
        self._lists = lists
        self._records = records
        self._data = data
        self._say = say
        self._deciding: Deciding | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="office-watch", daemon=True)
        self._seen: dict[str, int] = {}
        self._trouble: str | None = None

    def over(self, deciding: Deciding) -> None:
        """Say what decides, before `start`."""
        self._deciding = deciding

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more. What takes longer than STOP_S is given up when the runtime stops, and comes again."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
                self._tell(None)
            except Exception as error:  # noqa: BLE001  (the runtime may be closed under what is given up)
                if not self._ended.is_set():
                    self._tell(str(error) if isinstance(error, BonafideError) else f"{type(error).__name__}: {error}")
            self._ended.wait(EVERY_S)

    def look(self) -> None:
        """Carry out what is new. What cannot be done now raises, and comes again."""
        deciding = self._deciding
        assert deciding is not None, "nobody said what decides"
        for name, source, act in (
            ("bundles", self._life, self._activate), ("lists", self._lists, self._change),
            ("records", self._records, self._write),
        ):  # fmt: skip
            version = None if source is None else source.version()
            if version is not None and self._seen.get(name) != version:
                act(deciding)
                self._seen[name] = version

    def _activate(self, deciding: Deciding) -> None:
        assert self._life is not None
        steps, outcomes = self._life.read()
        step = in_force(steps, outcomes)
        if step is None or step.number in outcomes:
            return
        try:
            with giving_way():
                seq = deciding.activate(load_kept(self._data, step.hash), f"person:{step.person}")
        except (StoreError, BentError):
            raise
        except (StateError, ConfigError) as error:
            if self._ended.is_set():
                return
            self._say(f"the bundle {step.hash} does not take over: {error}")
            self._life.note_outcome(step, None, error.message)
        else:
            self._life.note_outcome(step, seq)

    def _change(self, deciding: Deciding) -> None:
        assert self._lists is not None
        while pending := self._lists.pending():
            for change in pending:
                self._lists.note_outcome(change, deciding.note(change.event_id, change.record))

    def _write(self, deciding: Deciding) -> None:
        while pending := self._records.pending():
            for wanted in pending:
                self._records.note_outcome(wanted.number, deciding.note(wanted.event_id, wanted.record))

    def _tell(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self._trouble:
            self._say(f"the office is not looked at: {trouble}; it is tried again")
        self._trouble = trouble
