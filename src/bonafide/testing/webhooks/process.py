"""`python -m bonafide.testing.webhooks.process FOLDER USERS`: the outbox's worker over a folder, to be killed.

It says `working` when it has begun and ends in order when its standard input does. Its clock is the wall's and what
stands in the file `ahead` in milliseconds, so that who looks after it can move time on.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from random import SystemRandom
from typing import Final

from bonafide.office.outbox.deliveries import Deliveries
from bonafide.office.outbox.destinations import Destinations
from bonafide.office.outbox.expiry import Expiry
from bonafide.office.outbox.log import open_log
from bonafide.office.outbox.sender import Sender
from bonafide.office.outbox.tail import Tailer
from bonafide.office.outbox.webhooks import Webhooks
from bonafide.office.outbox.worker import OutboxWorker
from bonafide.office.store.database import Store
from bonafide.testing.webhooks.made import KEY, Vault
from bonafide.testing.webhooks.site import HOST, OUTSIDE, REACH, Names

WORKING: Final = "working"
AHEAD: Final = "ahead"
STORE: Final = "office.db"


class MovedClock:
    """The wall clock, moved on by what a file says."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / AHEAD

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    @property
    def ahead_ms(self) -> int:
        """By how much; 0 where nobody has said."""
        return int(self._file.read_text(encoding="ascii")) if self._file.exists() else 0

    def move(self, by_ms: int) -> None:
        """Move it on."""
        beside = self._file.with_suffix(".new")
        beside.write_text(str(self.ahead_ms + by_ms), encoding="ascii")
        beside.replace(self._file)


def main(arguments: list[str]) -> None:
    """Work until standard input ends."""
    folder, users = Path(arguments[0]), int(arguments[1])
    clock = MovedClock(folder)
    vault = Vault(("merchant", "m1"), *(("user", f"u{number}") for number in range(users)))
    with Store.open(folder / STORE) as store, open_log(folder) as log:
        deliveries, destinations = Deliveries(store, SystemRandom()), Destinations(store, KEY, REACH, clock)
        carrier = Webhooks(REACH, resolver=Names([OUTSIDE]))
        sender = Sender(deliveries, destinations, carrier, clock, vault)
        worker = OutboxWorker(Tailer(store, log, KEY, clock), sender, deliveries, Expiry(store), clock)
        worker.start()
        print(WORKING, flush=True)
        sys.stdin.read()
        worker.stop()
        if worker.trouble is not None:
            sys.exit(f"{HOST}: {worker.trouble}")


if __name__ == "__main__":
    main(sys.argv[1:])
