"""How the outbox stands, as whoever looks at it from outside can tell: how far, how late, what waits, what is wrong."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from bonafide.core.errors import StateError
from bonafide.core.moment import show_moment
from bonafide.office.outbox.deliveries import Deliveries
from bonafide.office.outbox.destinations import ACTIVE, PAUSED, Destination, Destinations
from bonafide.office.outbox.lines import QUEUED, SENDING, WAITING
from bonafide.office.outbox.log import Log
from bonafide.office.outbox.tail import Tailer
from bonafide.office.store.database import Store
from bonafide.office.store.tables import outbox_deliveries, outbox_messages

UNSETTLED: Final = (QUEUED, WAITING, SENDING)


class Standing(NamedTuple):
    """How the outbox of a data directory stands at a moment."""

    read: int
    """Events of the log that have become their messages."""
    events: int
    """Events of the log."""
    behind_ms: int
    """How long ago the first event came that was not read; 0 where all were."""
    messages: int
    """How many are kept."""
    deliveries: dict[str, int]
    """How many are in each state."""
    oldest_ms: int | None
    """When the oldest message was made that somebody waits for."""
    receivers: tuple[Destination, ...]
    trouble: tuple[str, ...]
    """What keeps it from getting on, each in a sentence with the way out."""

    def to_wire(self) -> dict[str, Any]:
        """The same as JSON shows it."""
        return {"read": self.read, "events": self.events, "behind_events": self.events - self.read,
                "behind_ms": self.behind_ms, "messages": self.messages, "deliveries": self.deliveries,
                "oldest_waiting": None if self.oldest_ms is None else show_moment(self.oldest_ms),
                "receivers": [one.to_wire() for one in self.receivers], "trouble": list(self.trouble)}  # fmt: skip


def standing(
    store: Store, log: Log, tailer: Tailer, destinations: Destinations, deliveries: Deliveries, now_ms: int
) -> Standing:
    """How it stands now."""
    read, events = tailer.place().next_seq, log.next_seq()
    trouble = list(_of_the_log(tailer))
    first = next(iter(log.commits(read, events)), None) if not trouble and read < events else None
    receivers = tuple(destinations.list())
    with store.reading() as connection:
        kept = connection.scalar(select(func.count()).select_from(outbox_messages)) or 0
        waited_for = select(func.min(outbox_deliveries.c.no)).where(outbox_deliveries.c.state.in_(UNSETTLED))
        oldest_ms = connection.scalar(
            select(outbox_messages.c.created_ms).where(outbox_messages.c.no == waited_for.scalar_subquery())
        )
    return Standing(
        read, events, 0 if first is None else max(0, now_ms - first[1][0].received_ms), kept, deliveries.counts(),
        oldest_ms, receivers, (*trouble, *(told for one in receivers for told in _of_receiver(one))),
    )  # fmt: skip


def _of_the_log(tailer: Tailer) -> list[str]:
    try:
        tailer.check()
    except StateError as error:
        return [str(error)]
    return []


def _of_receiver(one: Destination) -> list[str]:
    name = f"receiver {one.destination_id}"
    if one.state == PAUSED and one.why is not None:
        return [f"{name} is paused: {one.why}; bonafide outbox receiver resume {one.destination_id} lets it go on"]
    if one.state == ACTIVE and one.failures:
        rests = f", is tried again at {show_moment(one.rests_until_ms)}" if one.rests_until_ms else ""
        return [f"{name} was not reached {one.failures} times in a row{rests}"]
    return []
