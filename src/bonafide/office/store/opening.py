"""Which store a data directory's office has: `office.db` in it, or a PostgreSQL database that the settings name.

A data directory whose store is elsewhere says so in a small file, so that a command that does not find the setting
stops, and does not begin a second, empty store beside the real one.
"""

from __future__ import annotations

from bonafide.core.errors import UsageError
from bonafide.core.secret import Secret
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir, write_once

_SHOWN_MAX = 200


def open_store(data: DataDir, url: Secret | None) -> Store:
    """The store of a data directory; `url` is the setting `store_url`, or None where it is not set.

    Raises UsageError where the directory's store is another than the one that is asked for, and what Store.open raises.
    """
    if url is None:
        if data.elsewhere.exists():
            told = f"the office's store of this data directory is {_where(data)}, and store_url is not set"
            raise UsageError(f"{data.folder}: {told}; set it in {data.settings.name}, or as BONAFIDE_STORE_URL")
        return Store.open(data.office)
    if not data.elsewhere.exists() and data.office.exists():
        told = "the office's store of this data directory is this file, and store_url names another"
        raise UsageError(f"{data.office}: {told}; take store_url away, or move the file away to begin an empty store")
    store = Store.open(url)
    write_once(data.elsewhere, store.name.encode("ascii", "backslashreplace").decode() + "\n")
    return store


def _where(data: DataDir) -> str:
    return data.elsewhere.read_text(encoding="ascii", errors="replace").strip()[:_SHOWN_MAX]
