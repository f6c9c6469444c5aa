"""From the log to what each subject is shown of itself, and is told: every record is read once, in one transaction with
the place up to which it was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bonafide.office.days.counting import count, forget_counts
from bonafide.office.education.giving import Giving, give, note_cancelled, note_judged
from bonafide.office.education.loading import TaughtBy
from bonafide.office.me.decided import forget_days, known_subjects, put_decided
from bonafide.office.me.history import Key
from bonafide.office.me.reading import Cancelled, Decided, Judged, Said, said
from bonafide.office.outbox.log import Log
from bonafide.office.outbox.places import BEGINNING, LogPlace, put_place, read_place
from bonafide.office.outbox.placing import place_messages
from bonafide.office.store.database import Store

EVENTS_AT_ONCE: Final = 4_096
"""Events after which a transaction ends, at the end of a commit of the journal."""
PLACE: Final = "told"


class Teller:
    """Reads a log from where the last one stopped. Several may run: one of them writes each step."""

    def __init__(
        self, store: Store, log: Log, secret: bytes, taught_by: TaughtBy, clock: Callable[[], int]
    ) -> None:  # fmt: skip
        self._store, self._log, self._secret = store, log, secret
        self._taught_by, self._clock = taught_by, clock

    def step(self) -> int:
        """Take in the next events; how many were read, 0 where there are none. StateError where something cannot be
        read or written: the same events come again then."""
        with self._store.reading() as connection:
            begin = read_place(connection, PLACE)
        # Of a journal that was restored all is read anew: what is known is not taken twice.
        after, end = begin if begin.is_of(self._log) else BEGINNING, self._log.next_seq()
        if after.next_seq >= end:
            return 0
        found: list[Said] = []
        seq = after.next_seq
        for first_seq, records in self._log.commits(after.next_seq, end):
            found += said(first_seq, records, self._secret)
            seq = first_seq + len(records)
            if seq - after.next_seq >= EVENTS_AT_ONCE:
                break
        return seq - after.next_seq if self._write(begin, seq, found) else 0

    def _write(self, begin: LogPlace, seq: int, found: Sequence[Said]) -> bool:
        chain = self._log.chain_at(seq)
        with self._store.writing() as connection:
            if read_place(connection, PLACE) != begin:
                return False
            if not begin.is_of(self._log):
                forget_days(connection)
                forget_counts(connection)
            take_in(Giving(connection, self._clock(), self._secret, self._taught_by, []), found)
            put_place(connection, PLACE, LogPlace(seq, chain))
        return True


def take_in(giving: Giving, found: Sequence[Said]) -> None:
    """Take in what the log said, in its order, in the transaction that has begun."""
    today = count(giving.connection, [one for one in found if isinstance(one, Decided)])
    decided = [one for one in found if isinstance(one, Decided) and one.subject_type]
    known = known_subjects(giving.connection, ((one.subject_type, one.subject) for one in decided))
    seen = set[Key](known)
    for one in found:
        match one:
            case Decided() if one.subject_type:
                key = (one.subject_type, one.subject)
                give(giving, one, first=key not in seen)
                seen.add(key)
            case Cancelled():
                note_cancelled(giving, one)
            case Judged():
                note_judged(giving, one)
    put_decided(giving.connection, decided, known, today)
    if giving.messages:
        place_messages(giving.connection, giving.messages, giving.now)
