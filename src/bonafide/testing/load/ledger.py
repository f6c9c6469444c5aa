"""What a client was promised: the ids that were acknowledged, each with the answer it got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final
from zlib import crc32

import msgspec

LEDGER_MAX: Final = 2_000_000
"""Ids that a ledger holds unless told otherwise; beyond, it keeps every second one, then every fourth, and so on."""
EXAMPLES_MAX: Final = 20
_DIGEST_KEY: Final = b'"digest":"'
_DIGEST_BYTES: Final = 16
"""Kept of each digest: enough that no two meet by chance."""


class Answer(msgspec.Struct, gc=False):
    """What a client reads of one answer: of a decision its digest, of a taught event its place, else the status."""

    event_id: str | None = None
    seq: int | None = None
    digest: str | None = None
    status: int | str | None = None

    @property
    def mark(self) -> bytes | None:
        """What must never change of an acknowledged answer; None where this acknowledges nothing."""
        if self.digest is not None:
            return bytes.fromhex(self.digest)[:_DIGEST_BYTES]
        return None if self.seq is None or self.status != "taught" else self.seq.to_bytes(8, "big")


read_answer: Final = msgspec.json.Decoder(Answer).decode
_read_array: Final = msgspec.json.Decoder(list[Answer]).decode


def decision_mark(digest: str) -> bytes:
    """The mark of a decision with this digest (hex)."""
    return bytes.fromhex(digest)[:_DIGEST_BYTES]


class Ledger:
    """Ids and marks. An id that is acknowledged twice must bear the same mark; `changed` holds examples that did not.

    >>> ledger = Ledger()
    >>> ledger.note_one("p1", 202, b'{"event_id":"p1","seq":4,"status":"taught"}')
    True
    >>> ledger.note_one("p1", 202, b'{"event_id":"p1","seq":5,"status":"taught"}')
    True
    >>> ledger.changes, ledger.acknowledged
    (1, 1)
    """

    def __init__(self, limit: int = LEDGER_MAX) -> None:
        self.marks: dict[str, bytes] = {}
        self.acknowledged = 0
        """Ids acknowledged, also those that are not kept any more."""
        self.again = 0
        """Acknowledged once more, with the same mark."""
        self.changes = 0
        self.changed: list[str] = []
        self.refused: Counter[int | str] = Counter()
        """By status: of whole requests, and of elements of arrays."""
        self._limit = limit
        self._skip = 0

    def note(self, ids: Sequence[str], array: bool, status: int, body: bytes) -> bool:
        """Take an answer in; whether it acknowledged every event of its request."""
        return self._note_array(ids, status, body) if array else self.note_one(ids[0], status, body)

    def note_one(self, event_id: str, status: int, body: bytes) -> bool:
        """Take the answer to one event in; whether it was acknowledged."""
        if status == 200:
            place = body.rfind(_DIGEST_KEY) + len(_DIGEST_KEY)
            self._acknowledge(event_id, bytes.fromhex(body[place : place + 2 * _DIGEST_BYTES].decode()))
            return True
        mark = read_answer(body).mark if status == 202 else None
        if mark is None:
            self.refused[status] += 1
            return False
        self._acknowledge(event_id, mark)
        return True

    def ids(self, at_most: int | None = None) -> Iterator[str]:
        """Ids that it holds, in the order of acknowledgement; with a limit, spread over all of them."""
        step = 1 if at_most is None else max(1, len(self.marks) // at_most)
        return (event_id for i, event_id in enumerate(self.marks) if i % step == 0)

    def _note_array(self, ids: Sequence[str], status: int, body: bytes) -> bool:
        if status != 200:
            self.refused[status] += 1
            return False
        answers = _read_array(body)
        whole = len(answers) == len(ids)
        if not whole:
            self.refused["short array"] += 1
        for event_id, answer in zip(ids, answers, strict=False):
            mark = answer.mark
            if mark is None or answer.event_id != event_id:
                whole = False
                self.refused[answer.status if answer.status is not None else "unreadable"] += 1
            else:
                self._acknowledge(event_id, mark)
        return whole

    def _acknowledge(self, event_id: str, mark: bytes) -> None:
        if self._skip and crc32(event_id.encode()) & self._skip:
            self.acknowledged += 1
            return
        before = self.marks.setdefault(event_id, mark)
        if before is mark:
            self.acknowledged += 1
            if len(self.marks) > self._limit:
                self._thin()
        elif before == mark:
            self.again += 1
        else:
            self.changes += 1
            if len(self.changed) < EXAMPLES_MAX:
                self.changed.append(event_id)

    def _thin(self) -> None:
        self._skip = 2 * self._skip + 1
        self.marks = {name: mark for name, mark in self.marks.items() if not crc32(name.encode()) & self._skip}
