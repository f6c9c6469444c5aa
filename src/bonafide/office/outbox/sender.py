"""Takes what is due, sends it with bounded concurrency, and notes what came of it.

All that a send needs of the store (clear ids, secrets) is read before a delivery is taken, so that a store that is away
costs no try, and no message leaves with a token because of it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from bonafide.core.secret import Secret
from bonafide.office.outbox.carrier import Came, Carrier, Kind, Parcel
from bonafide.office.outbox.clear import Clear, ClearTexts, Draft, put_in
from bonafide.office.outbox.deliveries import Claim, Deliveries
from bonafide.office.outbox.destinations import Destinations

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

    def begin(self) -> int:
        """Begin to send what is due, as far as there is room; returns how many, with those that wait for an id.

        Raises StateError where the store or the vault cannot be read or written: nothing is sent then.
        """
        room = self._sends_max - self.under_way
        if room <= 0:
            return 0
        now_ms, busy = self._clock(), Counter(claim.destination_id for claim in self._under_way.values())
        due = self._deliveries.due(now_ms, room, self._each_max, busy)
        if not due:
            return 0
        clear = dict(zip(due, put_in([Draft(one.subject, one.body) for one in due], self._clear_texts), strict=True))
        early = [(one, wait) for one in due if (wait := clear[one].waits_ms(one.created_ms, now_ms))]
        ready = [one for one in due if not clear[one].waits_ms(one.created_ms, now_ms)]
        receivers = {one.destination_id for one in ready}
        secrets = {receiver: self._destinations.secrets_of(receiver, now_ms) for receiver in receivers}
        taken = self._deliveries.take(ready, now_ms, early)
        for claim in taken:
            send = self._send(claim, clear[claim], secrets[claim.destination_id], now_ms)
            self._under_way[asyncio.create_task(send)] = claim
        return len(taken) + len(early)

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

    async def _send(self, claim: Claim, clear: Clear, secrets: Sequence[Secret], now_ms: int) -> Came:
        parcel = Parcel(claim.url, claim.message_id, claim.subject, clear.body)
        try:
            return await self._carrier.carry(parcel, secrets, now_ms)
        except Exception as error:  # noqa: BLE001  (one message that cannot be carried must not stop the others)
            return Came(Kind.REFUSED, f"it could not be sent: {type(error).__name__}")
