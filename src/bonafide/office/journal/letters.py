"""Conflicts and dead letters: written in the journal's transactions, sealed row by row, read by anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from bonafide.core.errors import StateError
from bonafide.office.journal.errors import damaged
from bonafide.office.journal.reading import Reader
from bonafide.office.journal.records import DEAD_LETTER_BYTES_MAX, Conflict, DeadLetter, SealedLetter, pack, seal
from bonafide.office.journal.sealing import Sealer

DEAD_LETTERS_MAX: Final = 100_000
"""Dead letters kept; with more the expired go first, then the oldest, which are counted."""
DROPPED_AT_ONCE: Final = 1_000
"""The oldest go by so many, so that not every new one makes room for itself."""
DROPPED: Final = "dead_letters_dropped"
_COUNTS: Final = """SELECT (SELECT count(*) FROM conflicts),
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'conflicts'), 0), (SELECT count(*) FROM dead_letters),
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'dead_letters'), 0)"""
_LEAST: Final = -(2**63)
"""Where a list begins that begins at the beginning: damage may have moved a row there."""
Execute = Callable[..., Any]
_unpack_conflict: Final = msgspec.msgpack.Decoder(Conflict).decode
_unpack_sealed: Final = msgspec.msgpack.Decoder(SealedLetter).decode
_unpack_clear: Final = msgspec.msgpack.Decoder(DeadLetter).decode
_CLEAR: Final = 0x97
"""How an entry begins that was written before entries were sealed: an array of seven."""
_unpack_told: Final = msgspec.msgpack.Decoder(tuple[str | None, str, bytes]).decode
NOT_AT_HAND: Final = "the key that it was sealed with is not at hand"


class Kept(NamedTuple):
    """How many conflicts and dead letters there are and were."""

    conflicts: int
    dead_letters: int
    """In the journal now."""
    dead_letters_ever: int
    dead_letters_dropped: int
    """That had to go before they expired."""


class KeptConflict(NamedTuple):
    """A conflict with its number."""

    id: int
    conflict: Conflict


class KeptLetter(NamedTuple):
    """A dead letter with its number, and when it was sent through again, if it was."""

    id: int
    letter: DeadLetter
    redriven_ms: int | None


def read_kept(reader: Reader) -> Kept:
    """The counts of a journal."""
    conflicts, ever, letters, letters_ever = reader.query(_COUNTS)[0]  # at once: another process may be writing
    if conflicts != ever:
        raise damaged(reader.path, f"of {ever} conflicts it holds {conflicts}")
    numbers = (conflicts, letters, letters_ever, reader.head_values().get(DROPPED, "0"))
    try:
        return Kept(*(int(str(number)) for number in numbers))
    except ValueError:
        raise damaged(reader.path, "the count of its dead letters is none") from None


def write_letters(
    execute: Execute, kept: Kept, conflicts: Sequence[Conflict], letters: Sequence[DeadLetter], sealer: Sealer
) -> Kept:  # fmt: skip
    """Write conflicts and dead letters inside a transaction; returns the counts that hold once it is committed."""
    for number, conflict in enumerate(conflicts, kept.conflicts + 1):
        entry = pack(conflict)
        execute("INSERT INTO conflicts VALUES (?, ?, ?)", (number, entry, seal(number, entry)))
    for number, letter in enumerate(letters, kept.dead_letters_ever + 1):
        told = (letter.field, letter.message, letter.body[:DEAD_LETTER_BYTES_MAX])
        box = sealer.seal(pack(told), _place(number))
        entry = pack(SealedLetter(letter.received_ms, letter.sender, letter.reason, letter.expires_ms, box))
        row = (number, letter.expires_ms, None, entry)
        execute("INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?)", (*row, seal(*row)))
    now = kept._replace(
        conflicts=kept.conflicts + len(conflicts),
        dead_letters=kept.dead_letters + len(letters),
        dead_letters_ever=kept.dead_letters_ever + len(letters),
    )
    if now.dead_letters <= DEAD_LETTERS_MAX:
        return now
    return _make_room(execute, now, max(letter.received_ms for letter in letters))


def expire_letters(execute: Execute, kept: Kept, now_ms: int) -> Kept:
    """Delete dead letters whose time is over, at most DROPPED_AT_ONCE of them, inside a transaction."""
    due = "SELECT id FROM dead_letters WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?"
    gone = execute(f"DELETE FROM dead_letters WHERE id IN ({due})", (now_ms, DROPPED_AT_ONCE)).rowcount
    return kept._replace(dead_letters=kept.dead_letters - gone)


def mark_redriven(execute: Execute, reader: Reader, ids: Sequence[int], now_ms: int) -> None:
    """Note of dead letters that they were sent through again, inside a transaction."""
    for wanted in ids:
        for number, expires_ms, _, entry in _checked_letters(reader, wanted - 1, 1):
            if number == wanted:
                sealed = seal(number, expires_ms, now_ms, entry)
                execute("UPDATE dead_letters SET redriven_ms = ?, seal = ? WHERE id = ?", (now_ms, sealed, number))


def read_letters(reader: Reader, sealer: Sealer, after_id: int = 0, limit: int = 1_000) -> list[KeptLetter]:
    """The dead letters numbered after `after_id`, oldest first, checked and opened.

    Of one whose key is not at hand, `message` says so, and field and body are empty.
    """
    return [
        KeptLetter(number, _opened(reader, sealer, number, entry), redriven_ms)
        for number, _, redriven_ms, entry in _checked_letters(reader, after_id, limit)
    ]


def _opened(reader: Reader, sealer: Sealer, number: int, entry: bytes) -> DeadLetter:
    if entry[0] == _CLEAR:
        return _unpack_clear(entry)
    letter = _unpack_sealed(entry)
    try:
        told = sealer.unseal(letter.box, _place(number))
    except StateError:
        raise damaged(reader.path, f"dead letter {number} does not open") from None
    field, message, body = (None, NOT_AT_HAND, b"") if told is None else _unpack_told(told)
    return DeadLetter(letter.received_ms, letter.sender, letter.reason, field, message, body, letter.expires_ms)


def _place(number: int) -> str:
    """What the box of a dead letter is bound to."""
    return f"dead letter {number}"


def _checked_letters(reader: Reader, after_id: int, limit: int) -> list[tuple[int, int, int | None, bytes]]:
    """The rows of dead letters: number, when it expires, when it was sent through again, entry."""
    found = []
    rows = reader.query(
        "SELECT id, expires_ms, redriven_ms, entry, seal FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?",
        after_id or _LEAST, limit,
    )  # fmt: skip
    for number, expires_ms, redriven_ms, entry, sealed in rows:
        if sealed != seal(number, expires_ms, redriven_ms, entry):
            raise damaged(reader.path, f"dead letter {number} is not what was written")
        found.append((number, expires_ms, redriven_ms, entry))
    return found


def read_conflicts(reader: Reader, after_id: int = 0, limit: int = 1_000) -> list[KeptConflict]:
    """The conflicts numbered after `after_id`, oldest first, checked."""
    found = []
    rows = reader.query(
        "SELECT id, entry, seal FROM conflicts WHERE id > ? ORDER BY id LIMIT ?", after_id or _LEAST, limit
    )  # fmt: skip
    for number, entry, sealed in rows:
        after_id += 1
        if number != after_id or sealed != seal(number, entry):
            raise damaged(reader.path, f"conflict {after_id} is not what was written")
        found.append(KeptConflict(number, _unpack_conflict(entry)))
    return found


def every_letter(reader: Reader, sealer: Sealer) -> Iterator[KeptLetter]:
    """All dead letters, oldest first, a thousand at a time."""
    after = 0
    while some := read_letters(reader, sealer, after):
        yield from some
        after = some[-1].id


def every_conflict(reader: Reader) -> Iterator[KeptConflict]:
    """All conflicts, oldest first, a thousand at a time."""
    after = 0
    while some := read_conflicts(reader, after):
        yield from some
        after = some[-1].id


def _make_room(execute: Execute, kept: Kept, now_ms: int) -> Kept:
    kept = expire_letters(execute, kept, now_ms)
    over = kept.dead_letters - DEAD_LETTERS_MAX
    if over <= 0:
        return kept
    oldest = "SELECT id FROM dead_letters ORDER BY id LIMIT ?"
    going = max(over, min(DROPPED_AT_ONCE, DEAD_LETTERS_MAX))
    gone = execute(f"DELETE FROM dead_letters WHERE id IN ({oldest})", (going,)).rowcount
    dropped = str(kept.dead_letters_dropped + gone)
    execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", (DROPPED, dropped, seal(DROPPED, dropped)))
    return kept._replace(dead_letters=kept.dead_letters - gone, dead_letters_dropped=int(dropped))
