"""The keys that a process knows of: a copy of the table in memory, against which every request is held.

The store is asked at most once per KEY_CACHE_MS, however many keys there are and however many wrong ones are tried,
and then only for one number that says whether anything changed. So a stranger who sends keys that nobody has costs no
more than a client, and a key that was revoked elsewhere holds for KEY_CACHE_MS at most.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import or_, select

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.office.access.key_rows import KeyRow, row_of
from bonafide.office.access.sender import Sender
from bonafide.office.store.database import Store
from bonafide.office.store.tables import family_versions, machine_keys

FAMILY: Final = "machine_keys"
KEYS_LIVE_MAX: Final = 2_048
"""Keys that hold at one time; more are refused when they are made."""
KEYS_CACHED_MAX: Final = 2 * KEYS_LIVE_MAX
"""Keys in memory: all that hold, and of those that ended the latest, to tell their holders why they are refused."""
ENDED_TOLD_MS: Final = 30 * DAY_MS
"""For so long the holder of a key that ended is told so; afterwards the key is as unknown as any other."""

_NEVER: Final = 2**62


class Entry:
    """One key in memory."""

    __slots__ = ("ended", "ends_ms", "hash", "sender", "used_until_ms")

    def __init__(self, hash: bytes, sender: Sender, ends_ms: int, ended: str) -> None:
        self.hash = hash
        self.sender = sender
        self.ends_ms = ends_ms
        """It holds before this moment."""
        self.ended = ended
        """What its holder is told from then on."""
        self.used_until_ms = 0
        """Its use need not be noted again before this moment."""


class Known(NamedTuple):
    """All keys as of a version of the table."""

    entries: dict[bytes, Entry]
    version: int
    loaded_ms: int
    """The moment as of which the ended ones were chosen."""
    since_ms: int
    until_ms: int
    """It need not be asked again from `since_ms` to before `until_ms`."""


NOTHING: Final = Known({}, -1, 0, 0, 0)


def refresh(known: Known, store: Store, now_ms: int, cache_ms: int) -> Known:
    """The keys as of now: the same ones where nothing changed, and read anew where something did.

    A clock that was put back brings keys to life that had expired, so they are read anew then too.
    """
    if known.version >= 0 and now_ms >= known.loaded_ms and store.version(FAMILY) == known.version:
        return known._replace(since_ms=now_ms, until_ms=now_ms + cache_ms)
    return _load(known, store, now_ms, cache_ms)


def _load(known: Known, store: Store, now_ms: int, cache_ms: int) -> Known:
    expires, revoked = machine_keys.c.expires_ms, machine_keys.c.revoked_ms
    live = revoked.is_(None) & or_(expires.is_(None), expires > now_ms)
    told = ~live & or_(revoked > now_ms - ENDED_TOLD_MS, expires > now_ms - ENDED_TOLD_MS)
    newest = machine_keys.c.created_ms.desc()
    with store.reading() as connection:
        version = connection.scalar(select(family_versions.c.version).where(family_versions.c.family == FAMILY)) or 0
        found = connection.execute(select(machine_keys).where(live)).all()
        room = max(KEYS_CACHED_MAX - len(found), 0)
        found = [*found, *connection.execute(select(machine_keys).where(told).order_by(newest).limit(room))]
    entries = {row.key_id.encode("ascii"): _entry(row_of(row), row.hash) for row in found}
    for name, entry in entries.items():
        if name in known.entries:
            entry.used_until_ms = known.entries[name].used_until_ms
    return Known(entries, version, now_ms, now_ms, now_ms + cache_ms)


def _entry(row: KeyRow, hash: bytes) -> Entry:
    if row.revoked_ms is not None:
        return Entry(hash, row.sender(), 0, f"the key {row.key_id} was revoked at {show_moment(row.revoked_ms)}")
    if row.expires_ms is None:
        return Entry(hash, row.sender(), _NEVER, "")
    by = f", replaced by {row.replaced_by}" if row.replaced_by else ""
    return Entry(
        hash, row.sender(), row.expires_ms, f"the key {row.key_id} expired at {show_moment(row.expires_ms)}{by}"
    )
