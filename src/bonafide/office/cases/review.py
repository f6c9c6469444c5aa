"""Cases of the model's review sample: one for each decision that was picked, in a queue of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import select

from bonafide.core.errors import MissingError, UsageError
from bonafide.office.access.keys import now_ms
from bonafide.office.cases.grouping import keys_of
from bonafide.office.cases.money import recount
from bonafide.office.cases.opening import FAMILY, add_event, open_case
from bonafide.office.cases.reading import TypologiesOf, alert_at
from bonafide.office.journal import Record
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_events, cases

if TYPE_CHECKING:
    from sqlalchemy import Connection

QUEUE: Final = "review"
PICKED_MAX: Final = 10_000


class Picked(NamedTuple):
    """A decision that people should look at."""

    event_id: str
    seq: int


def open_review(
    store: Store, read: Callable[[int], Record | None], picked: Iterable[Picked], typologies_of: TypologiesOf,
    clock: Callable[[], int] = now_ms,
) -> list[int]:  # fmt: skip
    """Open a case for each decision of a sample; their numbers. What is in the queue already is passed over.

    `read` gives the record at a place of the log. MissingError where another event stands there: the sample is of
    another log. UsageError for more than PICKED_MAX. All are opened, or none.
    """
    told = list(picked)
    if len(told) > PICKED_MAX:
        raise UsageError(f"{len(told)} decisions; give at most {PICKED_MAX} at a time")
    with store.writing(FAMILY) as connection:
        return [number for one in told if (number := _open(connection, read, one, typologies_of, clock()))]


def _open(
    connection: Connection, read: Callable[[int], Record | None], one: Picked, typologies_of: TypologiesOf, now: int
) -> int | None:  # fmt: skip
    record = read(one.seq)
    alert = None if record is None else alert_at(one.seq, record, typologies_of)
    if alert is None or alert.event_id != one.event_id:
        raise MissingError(f"event {one.event_id}: it does not stand at place {one.seq} of this log")
    known = select(case_events.c.seq).join(cases, cases.c.number == case_events.c.number)
    if connection.scalar(known.where(case_events.c.event_id == one.event_id, cases.c.queue == QUEUE)) is not None:
        return None
    number = open_case(connection, alert, QUEUE, now)
    add_event(connection, number, alert, keys_of(alert.user, alert.merchant, alert.accounts, {}))
    recount(connection, number)
    return number
