"""The outbox's thread: reads the log, sends what is due, notes what came of it, and goes on after every trouble.

It has a loop of its own, because it waits for the office's store, which the service's loop must not.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

from bonafide.core.errors import StateError
from bonafide.core.moment import DAY_MS
from bonafide.office.outbox.deliveries import Deliveries
from bonafide.office.outbox.expiry import Expiry
from bonafide.office.outbox.sender import Sender
from bonafide.office.outbox.tail import Tailer

IDLE_S: Final = 0.25
"""How soon it looks again where nothing woke it: half of this is what a message waits on average. A look costs about a
millisecond."""
TROUBLE_S: Final = 2.0
"""How long it waits after the store or the journal could not be used."""
STEPS_AT_ONCE: Final = 8
"""Steps of reading between two looks at what is to be sent."""
KEEP_DAYS: Final = 90
"""How long messages can be pulled, and settled deliveries and dead letters are kept."""
EXPIRE_EVERY_MS: Final = 3_600_000
GRACE_S: Final = 5.0


class OutboxWorker:
    """Runs a tailer and a sender until it is told to stop. `start`, `wake` and `stop` may be called by any thread."""

    def __init__(
        self, tailer: Tailer, sender: Sender, deliveries: Deliveries, expiry: Expiry, clock: Callable[[], int], *,
        keep_days: int = KEEP_DAYS,
    ) -> None:  # fmt: skip
        self._tailer = tailer
        self._sender = sender
        self._deliveries = deliveries
        self._expiry = expiry
        self._clock = clock
        self._keep_ms = keep_days * DAY_MS
        self._expired_ms = 0
        self._recovered = False
        self._loop = asyncio.new_event_loop()
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self.trouble: str | None = None
        """Why it does not get on now, in a sentence; None where it does."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Something was appended to the journal, or is to be sent: look at once."""
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._woken.set)

    @property
    def is_running(self) -> bool:
        """Whether it works; it ends only when told to, or by a mistake of ours that `trouble` names."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Finish the sends under way within GRACE_S and end; the rest is sent by whoever comes next."""
        if self._thread.is_alive():
            with suppress(RuntimeError):  # it may be ending by itself
                self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()
        elif self._thread.ident is None:  # it was never started
            self._loop.close()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._work())
        except Exception as error:
            self.trouble = f"the outbox ended: {type(error).__name__}: {error}"
            raise
        finally:
            self._loop.close()

    async def _work(self) -> None:
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            while not stopped.done():
                await self._round(stopped)
            await self._sender.stop(GRACE_S)
            self.trouble = None
        except StateError as error:
            self.trouble = str(error)
        finally:
            stopped.cancel()

    async def _round(self, stopped: asyncio.Task[Literal[True]]) -> None:
        """One turn, and the wait after it. Trouble waits for its time to be over whatever happens meanwhile."""
        self._woken.clear()
        try:
            busy = self._turn()
            self.trouble = None
        except StateError as error:  # a full disk, a database that is away: nothing is lost, all is tried again
            self.trouble = str(error)
            await asyncio.wait({stopped}, timeout=TROUBLE_S)
            return
        if busy:
            await asyncio.sleep(0)
            return
        woken, sent = asyncio.ensure_future(self._woken.wait()), asyncio.ensure_future(self._sender.wait(IDLE_S))
        await asyncio.wait((stopped, woken, sent), timeout=IDLE_S, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()
        sent.cancel()

    def _turn(self) -> bool:
        """One round of everything; whether there was something to do."""
        if not self._recovered:
            self._deliveries.recover(self._clock())
            self._recovered = True
        read = self._read()
        done = self._sender.step()
        return self._expire() or bool(read or done)

    def _read(self) -> int:
        read = 0
        for _ in range(STEPS_AT_ONCE):
            step = self._tailer.step()
            if not step:
                break
            read += step
        return read

    def _expire(self) -> bool:
        """Delete what is past its time, now and then; whether there is more of it."""
        now_ms = self._clock()
        if now_ms - self._expired_ms < EXPIRE_EVERY_MS:
            return False
        more = self._expiry.step(now_ms - self._keep_ms)
        if not more:
            self._expired_ms = now_ms
        return more
