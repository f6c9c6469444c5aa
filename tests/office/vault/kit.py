"""A vault over a store of one test, with a clock that the test moves."""

from __future__ import annotations

from bonafide.office.audit.entry import Actor
from bonafide.office.store.database import Store
from bonafide.office.vault.keyring import Keyring
from bonafide.office.vault.master import MasterKeys
from bonafide.office.vault.vault import Vault
from tests.office.audit.kit import Clock

ANN = Actor("person:ann", "127.0.0.1")
MASTER = bytes(range(32))
SECRET = bytes(range(16))
CLEAR = {"name": "Zhāng Wěi", "phone": "+86 139-0000-1111", "address": "幸福路 7 号", "id_no": "11010519491231002X"}


def open_vault(store: Store, clock: Clock | None = None, master: MasterKeys | None = None) -> Vault:
    """A vault as another process has it."""
    return Vault(store, Keyring(store, master or MasterKeys([MASTER])), SECRET, clock=clock or Clock())
