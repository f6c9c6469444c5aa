"""The vault of a data directory, with the keys that open it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from bonafide.office.access.keys import now_ms
from bonafide.office.journal import JOURNAL_FILE
from bonafide.office.journal.connection import connect
from bonafide.office.journal.errors import database_errors
from bonafide.office.journal.intake import newest_row
from bonafide.office.journal.reading import Reader
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.office.vault.keyring import Keyring
from bonafide.office.vault.master import open_master_keys
from bonafide.office.vault.vault import Vault


def open_vault(store: Store, data: DataDir, master_key: str | None, *, clock: Callable[[], int] = now_ms) -> Vault:
    """The vault in a store. `master_key` is what the environment says in MASTER_KEY_VARIABLE, None where nothing.

    StateError where the master key that the store was written with is not at hand: nothing can be opened then.
    """
    keyring = Keyring(store, open_master_keys(data, master_key))

    def newest_waiting() -> int:
        path = data.folder / JOURNAL_FILE
        if not path.exists():
            return 0
        with database_errors(path), closing(Reader(path, connect(path, readonly=True))) as reader:
            return newest_row(reader)

    return Vault(store, keyring, data.read_secret(), clock=clock, newest_waiting=newest_waiting)
