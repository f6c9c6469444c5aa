"""The office as the service's routes call it: its services over one store."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bonafide.core.errors import StateError
from bonafide.office.access.keys import Keys, now_ms
from bonafide.office.audit.entry import Actor, Details
from bonafide.office.audit.log import AuditLog, append
from bonafide.office.audit.unusual import UnusualLooks
from bonafide.office.lists.changes import Lists
from bonafide.office.outbox.dead_letters import DeadLetters
from bonafide.office.outbox.destinations import Destinations
from bonafide.office.outbox.reach import Reach
from bonafide.office.people.oidc import OidcDesk
from bonafide.office.people.oidc_provider import Provider
from bonafide.office.people.passwords import Passwords
from bonafide.office.people.people import People
from bonafide.office.people.services import Services, open_services
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.office.vault.vault import LOOKING


class Office(NamedTuple):
    """Everything that routes need of the office. All of it may be called by any thread; all of it may wait."""

    people: People
    log: AuditLog
    keys: Keys
    secret: Services | None
    """Sign-in and vault; None while the master key that the store was written with is not at hand."""
    receivers: Destinations
    dead_letters: DeadLetters
    unusual: UnusualLooks
    data: DataDir
    store: Store
    clock: Callable[[], int]
    oidc: OidcDesk | None = None
    """Where people sign in who come from a provider of identities; None where there is none."""

    def lists(self) -> Lists | None:
        """Who is allowed, blocked or watched; None while the master key is not at hand."""
        if self.secret is None:
            return None
        return Lists(self.store, self.data.read_secret(), self.secret.vault.keyring, clock=self.clock)

    def note(
        self, actor: Actor, what: str, on_what: str, *, outcome: str = "done", details: Details | None = None
    ) -> None:
        """An entry in the audit log for what is done elsewhere than in its store; StoreError where it cannot be."""
        with self.store.writing() as connection:
            append(connection, actor, what, on_what, self.clock(), outcome=outcome, details=details)


def open_office(
    store: Store, data: DataDir, keys: Keys, master_key: str | None, *, clock: Callable[[], int] = now_ms,
    passwords: Passwords | None = None, reach: Reach | None = None, provider: Provider | None = None,
) -> Office:  # fmt: skip
    """The office of a data directory whose store is open; `master_key` as `open_vault` takes it, `reach` what receivers
    may be: by default what stands in the public internet.

    Without the right master key people cannot sign in and nothing clear is shown; machines are let in all the same.
    """
    held = passwords or Passwords()
    try:
        secret = open_services(store, data, master_key, clock=clock, passwords=held)
    except StateError:
        secret = None
    people = People(store, clock=clock, passwords=held)
    receivers = Destinations(store, data.read_secret(), reach or Reach(), clock)
    oidc = None
    if secret is not None and provider is not None:
        oidc = OidcDesk(store, secret.vault.keyring, provider, clock=clock)
    return Office(
        people, AuditLog(store), keys, secret, receivers, DeadLetters(store), UnusualLooks(store, LOOKING), data, store,
        clock, oidc,
    )  # fmt: skip
