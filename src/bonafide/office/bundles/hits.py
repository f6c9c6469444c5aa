"""How often each rule held, by day and by bundle: counted from the decisions in the log, as the worker reads them.

The counts lie in one file of the data directory. It is a cache of the log and nothing more: where it is gone, or the
log is another one, they are counted anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from bonafide.core.moment import DAY_MS, parse_moment
from bonafide.office.access.keys import now_ms
from bonafide.office.journal import Record
from bonafide.office.outbox.log import Log
from bonafide.office.outbox.places import BEGINNING, LogPlace

HITS_FILE: Final = "rule_hits.json"
HIT_DAYS_KEPT: Final = 31
"""UTC days, the newest that the log has and those before it."""
EVENTS_AT_ONCE: Final = 4_096
WRITE_EVERY_MS: Final = 2_000
_DECIDED: Final = b'"outcome":'
_FORM: Final = 1
CHAMPION: Final = ""
"""The arm of whatever was decided outside of a rollout."""


class _Answer(Struct):
    """What is counted of a decision."""

    time: str
    outcome: str
    bundle: str
    alert: bool = False
    hits: tuple[str, ...] = ()
    arm: str = CHAMPION


class ArmCount(Struct):
    """What one bundle decided on one day in one arm."""

    decided: int = 0
    alerts: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)


class DayCount(Struct):
    """What one bundle decided on one day."""

    arms: dict[str, ArmCount] = field(default_factory=dict)
    hits: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Rule -> decisions on which it held, and how many of those alerted."""


class Counted(Struct):
    """All counts, and how far into the log they reach."""

    form: int = _FORM
    next_seq: int = 0
    chain: str | None = None
    days: dict[int, dict[str, DayCount]] = field(default_factory=dict)
    """Day since 1970 UTC -> bundle -> counts."""

    def take(self, records: Sequence[Record]) -> None:
        """Count the decisions among some records of the log."""
        for record in records:
            if _DECIDED in record.answer:
                with suppress(msgspec.MsgspecError):  # written by another version; nothing else waits for it
                    self._count(msgspec.json.decode(record.answer, type=_Answer))
        for day in [day for day in self.days if day <= max(self.days) - HIT_DAYS_KEPT]:
            del self.days[day]

    def over(self, bundle: str, days: int) -> list[tuple[int, DayCount]]:
        """What a bundle decided on the newest days, each with its number; none where it decided nothing then."""
        first = max(self.days, default=0) - days
        return sorted((day, told[bundle]) for day, told in self.days.items() if day > first and bundle in told)

    def _count(self, answer: _Answer) -> None:
        day = self.days.setdefault(parse_moment(answer.time) // DAY_MS, {}).setdefault(answer.bundle, DayCount())
        arm = day.arms.setdefault(answer.arm, ArmCount())
        arm.decided += 1
        arm.alerts += answer.alert
        arm.outcomes[answer.outcome] = arm.outcomes.get(answer.outcome, 0) + 1
        for rule in answer.hits:
            hits, alerts = day.hits.get(rule, (0, 0))
            day.hits[rule] = hits + 1, alerts + answer.alert


class HitCounter:
    """Follows a log and keeps the file; one at a time, which the worker's lock sees to."""

    def __init__(self, log: Log, folder: Path, clock: Callable[[], int] = now_ms) -> None:
        self._log, self._path, self._clock = log, folder / HITS_FILE, clock
        self._counted: Counted | None = None
        self._written_ms = self._written_seq = 0

    def step(self) -> int:
        """Count the next events; how many were read, 0 where there are none. StateError where the log cannot be read,
        OSError where nothing can be written: the events count again after the next start then."""
        counted = self._counted = self._counted or self._begin()
        end, begin = self._log.next_seq(), counted.next_seq
        for first_seq, records in self._log.commits(begin, end):
            counted.take(records)
            counted.next_seq = first_seq + len(records)
            if counted.next_seq - begin >= EVENTS_AT_ONCE:
                break
        read = counted.next_seq - begin
        if read:
            chain = self._log.chain_at(counted.next_seq)
            counted.chain = None if chain is None else chain.hex()
        self._write(counted)
        return read

    def _begin(self) -> Counted:
        found = read_counts(self._path.parent)
        if found is None:
            return Counted()
        place = LogPlace(found.next_seq, None if found.chain is None else bytes.fromhex(found.chain))
        return found if place == BEGINNING or place.is_of(self._log) else Counted()

    def _write(self, counted: Counted) -> None:
        """At most every WRITE_EVERY_MS, and not where nothing is new."""
        now = self._clock()
        if counted.next_seq == self._written_seq or now - self._written_ms < WRITE_EVERY_MS:
            return
        part = self._path.with_name(f".{self._path.name}.part")
        part.write_bytes(msgspec.json.encode(counted))
        part.replace(self._path)
        self._written_ms, self._written_seq = now, counted.next_seq


def read_counts(folder: Path) -> Counted | None:
    """The counts of a data directory; None where there are none yet, or of another form."""
    try:
        found = msgspec.json.decode((folder / HITS_FILE).read_bytes(), type=Counted)
    except (OSError, msgspec.MsgspecError):
        return None
    return found if found.form == _FORM else None


def tell_hits(found: Sequence[tuple[int, DayCount]]) -> dict[str, Any]:
    """Some days of one bundle together: rules and arms, as they are answered."""
    rules: dict[str, list[int]] = {}
    arms: dict[str, ArmCount] = {}
    for _, day in found:
        for rule, (hits, alerts) in day.hits.items():
            sums = rules.setdefault(rule, [0, 0])
            sums[0] += hits
            sums[1] += alerts
        for name, arm in day.arms.items():
            whole = arms.setdefault(name, ArmCount())
            whole.decided += arm.decided
            whole.alerts += arm.alerts
            for outcome, number in arm.outcomes.items():
                whole.outcomes[outcome] = whole.outcomes.get(outcome, 0) + number
    return {
        "decided": sum(arm.decided for arm in arms.values()), "alerts": sum(arm.alerts for arm in arms.values()),
        "rules": [{"id": name, "hits": hits, "alerts": alerts} for name, (hits, alerts) in sorted(rules.items())],
        "arms": [
            {"arm": name, "decided": arm.decided, "alerts": arm.alerts,
             "by_outcome": dict(sorted(arm.outcomes.items()))}
            for name, arm in sorted(arms.items()) if name != CHAMPION
        ],
    }  # fmt: skip
