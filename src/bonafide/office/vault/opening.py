"""The vault of a data directory, with the keys that open it."""

from __future__ import annotations

from collections.abc import Callable

from bonafide.office.access.keys import now_ms
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
    return Vault(store, keyring, data.read_secret(), clock=clock)
