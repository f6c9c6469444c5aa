"""What the vault has taken in leaves the journal's intake. Taking it in is the worker's (`apps/worker`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from bonafide.apps.runtime.jobs import Overloaded
from bonafide.core.errors import StateError
from bonafide.engine.pseudonyms import Known
from bonafide.office.journal.journal import Journal

if TYPE_CHECKING:
    from bonafide.office.vault.subjects import Subject

EVERY_S: Final = 1.0
"""How often it is looked what was taken in: each time that there is something costs a commit of the journal."""
LOOKED_AT_ONCE: Final = 256
LOOKED_AT_MAX: Final = 10_240
"""Rows of the intake that are looked through for one text."""
CLEAR_EVERY_ROUNDS: Final = 600
"""Rounds between two times that what is known may be forgotten, which lets every text come once more. Who comes back
within them is told by a token until the next."""


class Taken(Protocol):
    """The newest row of the intake whose texts the vault has."""

    @property
    def intake_id(self) -> int: ...
    @property
    def seal(self) -> bytes: ...


class Standing(NamedTuple):
    """What the vault says of itself."""

    taken: Taken | None
    forgotten: int
    """A number that is another one when something has been forgotten since."""


class Vault(Protocol):
    """Where clear texts lie. Its methods may be called by several threads, which wait for them; they raise StateError
    where it cannot be read now."""

    def standing(self) -> Standing:
        """What it has taken in, and whether somebody was forgotten."""
        ...

    def marked(self) -> dict[Subject, int]:
        """Whose bases of decisions are to be deleted, and when they were forgotten."""
        ...

    def unmark(self, gone: Mapping[Subject, int]) -> None:
        """They are deleted."""
        ...

    def clear_of(self, kind: str, value: int) -> str | None:
        """The text that a hash stands for; None where it is not known, or was forgotten."""
        ...


def waiting_text(journal: Journal, kind: str, value: int) -> str | None:
    """The text that a hash stands for, where it waits in the intake; None where it does not.

    Looks through the newest rows: the oldest are the next that the vault has. Raises Overloaded where more waits than
    is looked through: somebody may come again when the vault has it.
    """
    waiting = journal.waiting
    passed_over = waiting.rows > LOOKED_AT_MAX
    after = waiting.last_id - LOOKED_AT_MAX if passed_over else 0
    while rows := journal.intake(after, LOOKED_AT_ONCE):
        texts = (one for row in rows for one in row.texts or ())
        found = next((one.text for one in texts if one.hash == value and one.kind == kind), None)
        if found is not None:
            return found
        after = rows[-1].id
        if after >= waiting.last_id:
            break
    if passed_over:
        raise Overloaded("many ids wait for the vault, so that not every one can be told; come again")
    return None


class HandOver:
    """Empties the intake of what was taken in, in a thread of its own."""

    def __init__(self, journal: Journal, vault: Vault, known: Known, say: Callable[[str], None]) -> None:
        self._journal = journal
        self._vault = vault
        self._known = known
        self._say = say
        self._forgotten: int | None = None
        self._scrub_after: int | None = None
        """Somebody was forgotten: once this row of the intake has gone, the write-ahead log is to be scrubbed."""
        self._done: Taken | None = None
        self._to_clear = False
        self._to_drop = False
        """Somebody was forgotten, perhaps while no service ran: bases may have to go."""
        self._rounds = CLEAR_EVERY_ROUNDS
        self._failing = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Look once more, and end."""
        self._end.set()
        self._thread.join()

    def step(self) -> bool:
        """Look once; False where the vault or the journal did not answer, which is told once."""
        try:
            standing = self._vault.standing()
            self._look_for_forgotten(standing.forgotten)
            self._drop_bases()
            self._clear_when_due()
            if standing.taken is not None and standing.taken != self._done and self._journal.waiting.rows:
                self._journal.handed_over(standing.taken.intake_id, standing.taken.seal)
            self._done = standing.taken
            self._scrub_when_due()
        except StateError as error:  # the texts are safe where they are
            if not self._failing:
                self._say(f"what waits for the vault stays in the journal, sealed: {error}")
            self._failing = True
            return False
        if self._failing:
            self._say("the vault answers again")
        self._failing = False
        return True

    def _look_for_forgotten(self, now: int) -> None:
        """Somebody who was forgotten may come back: then the id is new again."""
        self._rounds += 1
        if now == self._forgotten:
            return
        self._scrub_after = self._journal.waiting.last_id
        self._to_clear = self._forgotten is not None
        self._to_drop = True
        self._forgotten = now

    def _drop_bases(self) -> None:
        """Delete what scores about who was forgotten were reckoned from; before the write-ahead log is scrubbed."""
        if self._to_drop:
            gone = self._vault.marked()
            if gone:
                self._journal.drop_bases(gone)
                self._vault.unmark(gone)
            self._to_drop = False

    def _clear_when_due(self) -> None:
        if self._to_clear and self._rounds >= CLEAR_EVERY_ROUNDS:
            self._to_clear, self._rounds = False, 0
            self._known.clear()

    def _scrub_when_due(self) -> None:
        """What the write-ahead log has of deleted rows goes too, so that no key opens anything of who was forgotten."""
        after = self._scrub_after
        gone = after is not None and (self._journal.waiting.rows == 0 or self._oldest() > after)
        if gone and self._journal.scrub():
            self._scrub_after = None

    def _oldest(self) -> int:
        rows = self._journal.intake(0, 1)
        return rows[0].id if rows else self._journal.waiting.last_id + 1

    def _run(self) -> None:
        while not self._end.wait(EVERY_S):
            self.step()
        self.step()
