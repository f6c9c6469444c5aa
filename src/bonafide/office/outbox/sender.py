"""Takes what is due, sends it with bounded concurrency, and notes what came of it.

All that a send needs of the store (clear ids, secrets) is read before a delivery is taken, so that a store that is away
costs no try, and no message leaves with a token because of it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from bonafide.core.errors import StateError
from bonafide.core.secret import Secret, unprinted
from bonafide.office.outbox.carrier import Came, Carrier, Kind, Parcel
from bonafide.office.outbox.clear import ClearTexts, Draft, put_in
from bonafide.office.outbox.deliveries import Claim, Deliveries
from bonafide.office.outbox.destinations import Destinations

SENDS_MAX: Final = 16
"""Sends under way at one time."""
SENDS_EACH_MAX: Final = 4
"""Of them to one receiver, so that a slow one does not hold up the others."""


class _Ready(NamedTuple):
    """A delivery with all that is needed to send it."""

    claim: Claim
    body: bytes
    secrets: tuple[Secret, ...]

    def __repr__(self) -> str:
        return unprinted(self)  # ids stand in the body


class Sender:
    """Sends the deliveries of one store. All its work on the store is done in short steps between sends."""

    def __init__(
        self,
        deliveries: Deliveries,
        destinations: Destinations,
        carrier: Carrier,
        clock: Callable[[], int],
        clear_texts: ClearTexts,
        *,
        sends_max: int = SENDS_MAX,
        sends_each_max: int = SENDS_EACH_MAX,
    ) -> None:
        self._deliveries = deliveries
        self._destinations = destinations
        self._carrier = carrier
        self._clock = clock
        self._clear_texts = clear_texts
        self._sends_max = sends_max
        self._each_max = sends_each_max
        self._under_way: dict[asyncio.Task[Came], Claim] = {}

    @property
    def under_way(self) -> int:
        """Sends that were begun and are not noted yet."""
        return len(self._under_way)

    def step(self) -> int:
        """Note the sends that are done and begin those that are due, as far as there is room, in one transaction.

        Returns how many, with those that wait for an id. Raises StateError where the store or the vault cannot be read
        or written: nothing more is sent then, and what could not be noted stays to be.
        """
        done = [task for task in self._under_way if task.done()]
        came = [(self._under_way[task], task.result()) for task in done]
        now_ms = self._clock()
        try:
            ready, later = self._prepare(now_ms, self._sends_max - len(self._under_way) + len(done), done)
        except StateError:
            self._deliveries.settle(came, now_ms)
            self._forget(done)
            raise
        taken = self._deliveries.turn(came, [one.claim for one in ready], now_ms, later)
        self._forget(done)
        prepared = {one.claim: one for one in ready}
        for claim in taken:
            self._under_way[asyncio.create_task(self._send(prepared[claim], now_ms))] = claim
        return len(done) + len(taken) + len(later)

    def _prepare(
        self, now_ms: int, room: int, done: Sequence[asyncio.Task[Came]]
    ) -> tuple[list[_Ready], list[tuple[Claim, int]]]:  # fmt: skip
        """What may be sent now with all that is needed for it, and what waits for an id, each for how long."""
        busy = Counter(claim.destination_id for task, claim in self._under_way.items() if task not in done)
        due = self._deliveries.due(now_ms, room, self._each_max, busy) if room > 0 else []
        if not due:
            return [], []
        ready: list[_Ready] = []
        later: list[tuple[Claim, int]] = []
        secrets: dict[str, tuple[Secret, ...]] = {}
        clear_of = put_in([Draft(one.subject, one.body) for one in due], self._clear_texts)
        for claim, clear in zip(due, clear_of, strict=True):
            receiver, wait = claim.destination_id, clear.waits_ms(claim.created_ms, now_ms)
            if wait:
                later.append((claim, wait))
                continue
            if receiver not in secrets:
                secrets[receiver] = self._destinations.secrets_of(receiver, now_ms)
            ready.append(_Ready(claim, clear.body, secrets[receiver]))
        return ready, later

    def _forget(self, done: Sequence[asyncio.Task[Came]]) -> None:
        for task in done:
            del self._under_way[task]

    async def wait(self, timeout_s: float | None = None) -> None:
        """Wait for a send to be done, or for a time."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        elif timeout_s is not None:
            await asyncio.sleep(timeout_s)

    async def drain(self) -> int:
        """Send all that is due now, and what becomes due by that; returns how many sends there were."""
        sends = 0
        while self.step() or self._under_way:
            await self.wait()
            sends += sum(task.done() for task in self._under_way)
        return sends

    async def stop(self, grace_s: float) -> None:
        """Wait for sends under way, for so long at most; the others are sent again by whoever comes next."""
        if not self._under_way:
            return
        done, left = await asyncio.wait(self._under_way, timeout=grace_s)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        self._forget(list(left))
        self._deliveries.settle([(self._under_way[task], task.result()) for task in done], self._clock())
        self._forget(list(done))

    async def _send(self, ready: _Ready, now_ms: int) -> Came:
        claim = ready.claim
        parcel = Parcel(claim.url, claim.message_id, claim.subject, ready.body)
        try:
            return await self._carrier.carry(parcel, ready.secrets, now_ms)
        except Exception as error:  # noqa: BLE001  (one message that cannot be carried must not stop the others)
            return Came(Kind.REFUSED, f"it could not be sent: {type(error).__name__}")
