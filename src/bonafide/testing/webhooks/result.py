"""What the drill found: one row for each fault, as a table for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

GROWTH_BYTES_MAX: Final = 48 * 2**20
"""By how much the resident memory may grow while a fault lasts: of the sender, and of the receivers beside it."""
NOTES_MAX: Final = 8
_MIB: Final = 2**20
_HEAD: Final = (
    "fault", "messages", "tries", "delivered", "lost", "again", "differing", "out of order", "to private addresses",
    "answer sent, MiB", "memory grew, MiB", "s", "",
)  # fmt: skip


class Row(Struct):
    """One fault and what became of the messages."""

    name: str
    how: str
    messages: int = 0
    tries: int = 0
    """Sends that were begun."""
    delivered: int = 0
    """Messages that the receiver took, at least once each."""
    again: int = 0
    """How often a message came once more, under the id that it had."""
    differing: int = 0
    """Requests with an id that no message has, with other bytes than the message's, or without its signature."""
    tokens: int = 0
    """Requests with a token in place of an id; differing where everybody is known."""
    unordered: int = 0
    """Messages that were taken before one that came before them about the same subject."""
    private: int = 0
    """Tries to connect to an address that is private."""
    answer_bytes: int = 0
    """What the receiver sent for a request, on average: mostly what two sockets hold, and little of it was read."""
    growth_bytes: int = 0
    """By how much the resident memory of the process grew meanwhile."""
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    """What did not end as promised in some other way."""

    @property
    def lost(self) -> int:
        """Messages that were never taken."""
        return self.messages - self.delivered

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        found = self.lost or self.differing or self.unordered or self.private or self.notes
        return not found and self.growth_bytes <= GROWTH_BYTES_MAX and self.messages > 0

    def note(self, text: str) -> None:
        """Add a sentence about what did not hold."""
        if len(self.notes) < NOTES_MAX:
            self.notes.append(text)

    def expect(self, held: bool, text: str) -> None:
        """Note what should have held where it did not."""
        if not held:
            self.note(text)


def table(rows: Sequence[Row]) -> str:
    """Rows as people read them."""
    lines = [_HEAD, *map(_cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEAD))]
    shown = ["  ".join(_aligned(cell, w, i) for i, (cell, w) in enumerate(zip(line, widths, strict=True))).rstrip()
             for line in lines]  # fmt: skip
    notes = [f"  {row.name}: {note}" for row in rows for note in row.notes]
    return "\n".join([*shown, *notes])


def _aligned(cell: str, width: int, place: int) -> str:
    return cell.ljust(width) if place == 0 else cell.rjust(width)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name, f"{row.messages:,}", f"{row.tries:,}", f"{row.delivered:,}", f"{row.lost:,}", f"{row.again:,}",
        f"{row.differing:,}", f"{row.unordered:,}", f"{row.private:,}", f"{row.answer_bytes / _MIB:.1f}",
        f"{row.growth_bytes / _MIB:.1f}", f"{row.seconds:.1f}", "held" if row.passed else "FAILED",
    )  # fmt: skip
