"""What the journal costs: `python -m benches.journal [FOLDER] [EVENTS]`, a line a figure.

Processor time is of the whole process, so the journal's second thread counts. On a file system in memory (`/dev/shm`)
a sync is free: there it is what the journal itself costs; on a disk it is what a commit takes.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bonafide.office.journal import Journal, Record

EVENTS: Final = 200_000
SIZES: Final = (1, 32, 256, 1_024)
FOUND: Final = 2_000
SHORT_RUN_FRACTION: Final = 0.02
"""Commits of one event are measured on this part of the events."""
_CONTENT: Final = (
    b'{"type":"payment","event_id":"%s","time":1767601800000,"user_id":"u123456","merchant_id":"m12345",'
    b'"order_id":"o1234567","amount":12500,"currency":"CNY","credit_limit":500000,"credit_used":100000,'
    b'"device_id":"d1234567","ip":"10.1.2.3","address_id":"a123456","goods":"physical","channel":"app"}'
)
_ANSWER: Final = (
    b'{"event_id":"%s","seq":17,"time":"2026-01-05T08:30:00.000Z","outcome":"allow","score":0.731204,'
    b'"risk_level":"low","credit_score":512,"alert":false,"reasons":[],"hits":[],"measures":[],"faults":[],'
    b'"degraded":[],"release_by":null,"bundle":"' + b"9" * 64 + b'","digest":"' + b"a" * 64 + b'"}'
)
Batch = tuple[list[str], list[Record]]


def batches(events: int, size: int) -> list[Batch]:
    """Records of payments with random ids, by commit."""
    chance = random.Random(size)
    made = []
    for _ in range(events // size):
        ids = [f"{chance.getrandbits(96):024x}" for _ in range(size)]
        texts = [one.encode() for one in ids]
        made.append((ids, [Record(1_767_601_800_000, "k1234567", _CONTENT % t, _ANSWER % t) for t in texts]))
    return made


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """(processor seconds, seconds) of some work."""
    begun = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - begun[0], time.perf_counter() - begun[1]


def say(title: str, count: int, spent: tuple[float, float], unit: str = "event") -> None:
    """A line: microseconds for each of `count`."""
    print(f"{title:<52} {spent[0] / count * 1e6:9.2f} us processor, {spent[1] / count * 1e6:9.2f} us per {unit}")


def plain(path: Path, made: list[Batch], *, indexed: bool) -> tuple[float, float]:
    """The same commits as a row for each event; with an index the ids are unique."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    key = "TEXT UNIQUE" if indexed else "TEXT"
    connection.execute(f"CREATE TABLE events (seq INTEGER PRIMARY KEY, id {key}, content BLOB, answer BLOB)")

    def work() -> None:
        for ids, records in made:
            connection.execute("BEGIN")
            rows = [(one, r.content, r.answer) for one, r in zip(ids, records, strict=True)]
            connection.executemany("INSERT INTO events (id, content, answer) VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")

    spent = timed(work)
    connection.close()
    return spent


def appended(journal: Journal, made: list[Batch]) -> tuple[float, float]:
    """Append all of them."""

    def work() -> None:
        for ids, records in made:
            journal.append(records, event_ids=ids)

    return timed(work)


def looked_up(journal: Journal, ids: list[str]) -> tuple[float, float]:
    """Find each of some ids."""
    return timed(lambda: [journal.find(one) for one in ids])


def measure(root: Path, events: int) -> Iterator[None]:
    """Each step says its figures."""
    for size in SIZES:
        count = int(events * SHORT_RUN_FRACTION) if size == 1 else events
        made = batches(count, size)
        count = len(made) * size
        journal = Journal.open(root / f"of{size}")
        say(f"append, {size} in a commit", count, appended(journal, made))
        if size == SIZES[-1]:
            known = [ids[n % size] for n, (ids, _) in enumerate(made)]
            several = [one for ids, _ in made[-2:] for one in ids]
            say("find, each in another commit", len(known), looked_up(journal, known), "id")
            say("find, commit after commit", len(several), looked_up(journal, several), "id")
            say("find what is not there", FOUND, looked_up(journal, [f"no{n}" for n in range(FOUND)]), "id")
            say("verify", count, timed(journal.verify))
        journal.close()
        again: list[Journal] = []
        spent = timed(lambda size=size, again=again: again.append(Journal.open(root / f"of{size}")))  # type: ignore[misc]
        print(f"{f'open again, with {count} events':<52} {spent[1] * 1e3:9.2f} ms")
        again[0].close()
        say(f"plain rows, {size} in a commit", count, plain(root / f"plain{size}.db", made, indexed=False))
        say(f"plain rows with unique ids, {size} in a commit", count, plain(root / f"id{size}.db", made, indexed=True))
        yield


def main(folder: str | None = None, events: str = str(EVENTS)) -> None:
    """Measure in a new folder inside `folder`, which is taken away at the end."""
    with tempfile.TemporaryDirectory(dir=folder) as root:
        for _ in measure(Path(root), int(events)):
            pass


if __name__ == "__main__":
    main(*sys.argv[1:])
