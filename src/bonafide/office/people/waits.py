"""Who fails to sign in waits longer and longer, but never for good.

Tries are counted before the password is looked at, so that many at once do not pass as one. Two counts are kept: of a
name from one place, which soon waits long, and of a name from everywhere, which waits a little, so that a stranger who
keeps failing under somebody's name elsewhere costs its owner half a minute at most.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import delete, func, select, text, update

from bonafide.core.moment import DAY_MS, MINUTE_MS, SECOND_MS
from bonafide.office.people.errors import SlowDownError
from bonafide.office.store.tables import sign_in_waits

if TYPE_CHECKING:
    from sqlalchemy import Connection

FORGOTTEN_AFTER_MS: Final = DAY_MS
"""Failures count for nothing when so long has passed without another."""
BUCKETS_MAX: Final = 10_000
"""Counts that are kept; beyond, the one that failed longest ago is dropped."""

# Two who are first at the same moment both go on to wait for one row.
_NEW: Final = text(
    "INSERT INTO sign_in_waits (bucket, failures, failed_ms, until_ms) VALUES (:bucket, 0, :now, 0)"
    " ON CONFLICT (bucket) DO NOTHING"
)


class Rule(NamedTuple):
    """So many tries are free; after that the wait doubles from `first_ms` up to `most_ms`."""

    free: int
    first_ms: int
    most_ms: int

    def wait_ms(self, failures: int) -> int:
        """How long to wait after so many failures."""
        over = failures - self.free
        return 0 if over < 0 else min(self.first_ms << min(over, 20), self.most_ms)


FROM_ONE_PLACE: Final = Rule(free=5, first_ms=SECOND_MS, most_ms=15 * MINUTE_MS)
FROM_EVERYWHERE: Final = Rule(free=50, first_ms=SECOND_MS, most_ms=30 * SECOND_MS)


def count_try(connection: Connection, name: str, origin: str, now_ms: int) -> None:
    """Count a try as failed, until `passed` says otherwise. SlowDownError, and nothing counted, while it is to wait."""
    found = [(rule, bucket, *_count(connection, bucket, now_ms)) for rule, bucket in _buckets(name, origin)]
    until = max(until_ms for *_, until_ms in found)
    if now_ms < until:
        raise SlowDownError(until - now_ms)
    for rule, bucket, failures, _ in found:
        until = now_ms + rule.wait_ms(failures + 1)
        values = {"failures": failures + 1, "failed_ms": now_ms, "until_ms": until}
        connection.execute(update(sign_in_waits).where(sign_in_waits.c.bucket == bucket).values(**values))


def passed(connection: Connection, name: str, origin: str) -> None:
    """A try was right: from this place the name begins anew; what strangers failed elsewhere still counts."""
    (_, here), (rule, everywhere) = _buckets(name, origin)
    connection.execute(delete(sign_in_waits).where(sign_in_waits.c.bucket == here))
    ours = sign_in_waits.c.bucket == everywhere
    found = connection.execute(select(sign_in_waits).where(ours)).one_or_none()
    if found is not None:
        left = max(found.failures - 1, 0)
        until = found.failed_ms + rule.wait_ms(left)
        connection.execute(update(sign_in_waits).where(ours).values(failures=left, until_ms=until))


def _buckets(name: str, origin: str) -> tuple[tuple[Rule, str], tuple[Rule, str]]:
    return (
        (FROM_ONE_PLACE, sha256(f"{name}\n{origin}".encode("utf-8", "replace")).hexdigest()),
        (FROM_EVERYWHERE, sha256(name.encode("utf-8", "replace")).hexdigest()),
    )


def _count(connection: Connection, bucket: str, now_ms: int) -> tuple[int, int]:
    """Failures that count, and until when to wait; others wait for the row until the transaction ends."""
    table = sign_in_waits
    if not connection.scalar(select(func.count()).where(table.c.bucket == bucket)):
        _make_room(connection, now_ms)
        connection.execute(_NEW, {"bucket": bucket, "now": now_ms})
    found = connection.execute(select(table).where(table.c.bucket == bucket).with_for_update()).one()
    if now_ms >= found.failed_ms + FORGOTTEN_AFTER_MS:
        return 0, 0
    # A clock that was put back makes nobody wait longer than the rule says.
    return found.failures, min(found.until_ms, now_ms + FROM_ONE_PLACE.most_ms)


def _make_room(connection: Connection, now_ms: int) -> None:
    table = sign_in_waits
    connection.execute(delete(table).where(table.c.failed_ms <= now_ms - FORGOTTEN_AFTER_MS))
    over = (connection.scalar(select(func.count()).select_from(table)) or 0) - BUCKETS_MAX + 1
    if over > 0:
        oldest = connection.scalars(select(table.c.bucket).order_by(table.c.failed_ms).limit(over)).all()
        connection.execute(delete(table).where(table.c.bucket.in_(oldest)))
