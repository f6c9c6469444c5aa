"""From the log to the office's measures: what decisions say is taken once, in one transaction with the place.

A measure is known by its name, which the event's place and time make. So a log that is read again, after it was
restored, brings nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from bonafide.office.measures.changes import Turn, doubt, end, request
from bonafide.office.measures.measure import read_measure
from bonafide.office.measures.proposals import News, Written, news_in, written_in
from bonafide.office.measures.words import IN_FORCE
from bonafide.office.outbox.log import Log
from bonafide.office.outbox.messages import speaking
from bonafide.office.outbox.places import BEGINNING, LogPlace, put_place, read_place
from bonafide.office.store.database import Store
from bonafide.office.store.tables import measures

if TYPE_CHECKING:
    pass

EVENTS_AT_ONCE: Final = 4_096
PLACE: Final = "measures"


class Taker:
    """Takes in what the log says of measures. Several may run: one of them takes each step."""

    def __init__(self, store: Store, log: Log, key: bytes, clock: Callable[[], int]) -> None:
        self._store = store
        self._log = log
        self._key = key
        self._clock = clock

    def step(self) -> int:
        """Take in the next events; how many were read, 0 where there are none. StateError where something cannot be
        read or written: the same events come again then."""
        with self._store.reading() as connection:
            begin = read_place(connection, PLACE)
        # Of a journal that was restored all is read anew: what is known is not taken twice.
        after, end_ = begin if begin.is_of(self._log) else BEGINNING, self._log.next_seq()
        if after.next_seq >= end_:
            return 0
        said: list[News | Written] = []
        seq = after.next_seq
        for first_seq, records in self._log.commits(after.next_seq, end_):
            for place, record in speaking(first_seq, records):
                written = written_in(record)
                said += news_in(place, record, self._key) if written is None else [written]
            seq = first_seq + len(records)
            if seq - after.next_seq >= EVENTS_AT_ONCE:
                break
        return seq - after.next_seq if self._write(begin, seq, said) else 0

    def _write(self, begin: LogPlace, seq: int, said: list[News | Written]) -> bool:
        chain = self._log.chain_at(seq)
        with self._store.writing() as connection:
            if read_place(connection, PLACE) != begin:
                return False
            turn = Turn(connection, self._clock(), self._key)
            for one in said:
                take(turn, one)
            put_place(connection, PLACE, LogPlace(seq, chain))
        return True


def take(turn: Turn, said: News | Written) -> None:
    """Do what one saying of the log asks for."""
    known = turn.connection.scalar(select(measures.c.measure_id).where(measures.c.measure_id == said.measure_id))
    if isinstance(said, Written):
        if known is not None:
            _check_in_time(turn, said)
    elif said.status == "proposed":
        if known is None:
            _take_proposal(turn, said.row)
    elif known is not None:
        _take_end(turn, said)


def _take_proposal(turn: Turn, row: dict[str, Any]) -> None:
    new = row | {"state": "proposed", "made_ms": turn.now, "platform_has": False, "asks": 0}
    turn.connection.execute(measures.insert().values(**new))
    found = read_measure(turn.connection, row["measure_id"])
    if found.machine_until_ms <= turn.now:
        end(turn, found, "expired", "time")
    elif not found.needs_person:
        request(turn, found)


def _take_end(turn: Turn, said: News) -> None:
    """What nothing bears any longer ends, unless people stand behind it: they are to look again. What an upheld appeal
    has ended in the engine ends."""
    found = read_measure(turn.connection, said.measure_id)
    if not found.is_open:
        return
    if said.status == "lift_proposed" and found.confirmers:
        doubt(turn, found)
    else:
        end(turn, found, "lifted", "engine")


def _check_in_time(turn: Turn, said: Written) -> None:
    """A record that reached the log when, by the log's time, the measure had ended, has put nothing in force there; so
    nothing may stay in force here."""
    if said.status != "applied" and not said.second:
        return
    found = read_measure(turn.connection, said.measure_id)
    if found.state in IN_FORCE and said.time >= found.machine_until_ms:
        end(turn, found, "expired", "time")
