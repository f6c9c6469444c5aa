"""Takes what is due, sends it with bounded concurrency, and notes what came of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from bonafide.office.outbox.carrier import Came, Carrier, Kind, Parcel
from bonafide.office.outbox.deliveries import Claim, Deliveries
from bonafide.office.outbox.destinations import Destinations
from bonafide.office.store.database import StoreError

SENDS_MAX: Final = 16
"""Sends under way at one time."""
SENDS_EACH_MAX: Final = 4
"""Of them to one receiver, so that a slow one does not hold up the others."""


class Sender:
    """Sends the deliveries of one store. All its work on the store is done in short steps between sends."""

    def __init__(
        self,
        deliveries: Deliveries,
        destinations: Destinations,
        carrier: Carrier,
        clock: Callable[[], int],
        *,
        sends_max: int = SENDS_MAX,
        sends_each_max: int = SENDS_EACH_MAX,
    ) -> None:
        self._deliveries = deliveries
        self._destinations = destinations
        self._carrier = carrier
        self._clock = clock
        self._sends_max = sends_max
        self._each_max = sends_each_max
        self._under_way: dict[asyncio.Task[Came], Claim] = {}

    @property
    def under_way(self) -> int:
        """Sends that were begun and are not noted yet."""
        return len(self._under_way)

    def begin(self) -> int:
        """Begin to send what is due, as far as there is room; returns how many."""
        room = self._sends_max - self.under_way
        if room <= 0:
            return 0
        busy = Counter(claim.destination_id for claim in self._under_way.values())
        claims = self._deliveries.claim(self._clock(), room, self._each_max, busy)
        for claim in claims:
            self._under_way[asyncio.create_task(self._send(claim))] = claim
        return len(claims)

    def settle(self) -> int:
        """Note the sends that are done, in one transaction; returns how many. What cannot be noted stays to be."""
        done = [task for task in self._under_way if task.done()]
        if done:
            self._deliveries.settle([(self._under_way[task], task.result()) for task in done], self._clock())
        for task in done:
            del self._under_way[task]
        return len(done)

    async def wait(self, timeout_s: float | None = None) -> None:
        """Wait for a send to be done, or for a time."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        elif timeout_s is not None:
            await asyncio.sleep(timeout_s)

    async def drain(self) -> int:
        """Send all that is due now, and what becomes due by that; returns how many sends there were."""
        sends = 0
        while self.begin() or self._under_way:
            await self.wait()
            sends += self.settle()
        return sends

    async def stop(self, grace_s: float) -> None:
        """Wait for sends under way, for so long at most; the others are sent again by whoever comes next."""
        if self._under_way:
            _, left = await asyncio.wait(self._under_way, timeout=grace_s)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            for task in left:
                del self._under_way[task]
            self.settle()

    async def _send(self, claim: Claim) -> Came:
        now_ms = self._clock()
        parcel = Parcel(claim.url, claim.message_id, claim.subject, claim.body)
        try:
            secrets = self._destinations.secrets_of(claim.destination_id, now_ms)
            return await self._carrier.carry(parcel, secrets, now_ms)
        except StoreError:  # not the receiver's fault, and told to nobody: it is tried again as any other
            return Came(Kind.UNREACHED, "its secrets could not be read: the office's store was away")
        except Exception as error:  # noqa: BLE001  (one message that cannot be carried must not stop the others)
            return Came(Kind.REFUSED, f"it could not be sent: {type(error).__name__}")
