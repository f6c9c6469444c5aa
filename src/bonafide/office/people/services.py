"""The office's services over one data directory, as routes and commands call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bonafide.office.access.keys import now_ms
from bonafide.office.audit.log import AuditLog
from bonafide.office.people.first_admin import password_chosen
from bonafide.office.people.passwords import Passwords
from bonafide.office.people.people import People
from bonafide.office.people.sign_in import SignIn
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.office.vault.opening import open_vault
from bonafide.office.vault.vault import Vault


class Services(NamedTuple):
    """People, their sign-in, the vault and the audit log. All may be called by several threads; none is a coroutine."""

    people: People
    desk: SignIn
    vault: Vault
    log: AuditLog


def open_services(
    store: Store,
    data: DataDir,
    master_key: str | None,
    *,
    clock: Callable[[], int] = now_ms,
    passwords: Passwords | None = None,
) -> Services:
    """The services of a data directory, whose store is open; `master_key` as `open_vault` takes it.

    A service that starts calls `ensure_first_admin(services.people, data)` next, and says where the file lies, never
    what stands in it.
    """
    held = passwords or Passwords()
    vault = open_vault(store, data, master_key, clock=clock)
    people = People(store, clock=clock, passwords=held)
    desk = SignIn(store, vault.keyring, clock=clock, passwords=held, password_chosen=password_chosen(data))
    return Services(people, desk, vault, AuditLog(store))
