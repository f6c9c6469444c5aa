"""From the journal's intake to the vault: clear texts are handed over in batches, and deleted when it has them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from bonafide.engine.pseudonyms import Known
from bonafide.office.journal.intake import IntakeRow
from bonafide.office.journal.journal import Journal

EVERY_S: Final = 1.0
"""How often the intake is emptied: each time costs a commit of the journal."""
AFTER_FAILURE_S: Final = 30.0
"""How long it waits when the vault did not take them."""
ROWS_AT_ONCE: Final = 256
"""Rows that are in memory at a time."""
CLEAR_EVERY_ROUNDS: Final = 3_600
"""Rounds between two times that what is known may be forgotten, which lets every text come once more."""


class Vault(Protocol):
    """Where clear texts lie. Its methods are called from threads that wait for them; any exception of `learn` means
    that nothing is certain to be there."""

    def learn(self, texts: Sequence[tuple[int, str, str]]) -> None:
        """Take (hash, kind, text) in, durably when it returns; those that are there already, too."""
        ...

    def clear_of(self, kind: str, value: int) -> str | None:
        """The text that a hash stands for; None where it is not known, or was forgotten."""
        ...

    def forgotten(self) -> int:
        """A number that is another one when something has been forgotten since."""
        ...


class HandOver:
    """Empties the intake in a thread of its own."""

    def __init__(self, journal: Journal, vault: Vault, known: Known, say: Callable[[str], None]) -> None:
        self._journal = journal
        self._vault = vault
        self._known = known
        self._say = say
        self._forgotten: int | None = None
        self._rounds = 0
        self._failing = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Hand over what waits, and end."""
        self._end.set()
        self._thread.join()

    def step(self) -> bool:
        """Hand over what waits; False where the vault did not take all of it, which is told once."""
        try:
            self._look_for_forgotten()
            after = 0
            while rows := self._journal.intake(after, ROWS_AT_ONCE):
                after = rows[-1].id
                self._hand_over([row for row in rows if row.texts is not None])
        except Exception as error:  # noqa: BLE001  (whatever it is: the texts are safe where they are)
            if not self._failing:
                self._say(f"the vault takes no ids ({type(error).__name__}); they wait in the journal, sealed")
            self._failing = True
            return False
        if self._failing:
            self._say("the vault takes ids again")
        self._failing = False
        return True

    def _hand_over(self, rows: Sequence[IntakeRow]) -> None:
        if rows:
            self._vault.learn([(one.hash, one.kind, one.text) for row in rows for one in row.texts or ()])
            self._journal.handed_over(rows)

    def _look_for_forgotten(self) -> None:
        """Somebody who was forgotten may come back: then the id is new again."""
        self._rounds += 1
        now = self._vault.forgotten()
        if self._forgotten is None:
            self._forgotten = now
        elif now != self._forgotten and self._rounds >= CLEAR_EVERY_ROUNDS:
            self._forgotten, self._rounds = now, 0
            self._known.clear()

    def _run(self) -> None:
        while not self._end.is_set():
            self._end.wait(EVERY_S if self.step() else AFTER_FAILURE_S)
        self.step()
