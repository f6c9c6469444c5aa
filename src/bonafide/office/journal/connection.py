"""Connections to the journal's databases, with the settings that its promises rest on."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

BUSY_TIMEOUT_S: Final = 10.0
"""How long to wait for another program that holds the database, such as a person's SQL shell."""
PAGE_BYTES: Final = 4_096
WAL_BYTES_KEPT: Final = 64 * 2**20
"""The write-ahead log is cut back to this when it starts over."""


def connect(path: Path, *, readonly: bool = False, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection that begins and ends transactions only when told to; other threads may use it in turn.

    - `synchronous = FULL` syncs the write-ahead log before a commit returns;
    - `fullfsync` asks macOS to empty the drive's own cache as well; elsewhere a sync does so, and the setting nothing;
    - memory-mapping stays off: a disk that fails answers with an error, not with a signal;
    - `cell_size_check` finds more of what a damaged page says, `trusted_schema = OFF` runs nothing that it says;
    - `secure_delete` overwrites what expires.
    """
    uri = f"file:{quote(str(path.absolute()))}?mode={'ro' if readonly else 'rwc'}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
    )
    try:
        connection.execute("PRAGMA mmap_size = 0")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        if not readonly:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new database; others keep theirs
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA fullfsync = ON")
            connection.execute("PRAGMA checkpoint_fullfsync = ON")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA wal_autocheckpoint = 0")  # done by a thread of its own
            connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_KEPT}")
    except BaseException:
        connection.close()
        raise
    return connection
