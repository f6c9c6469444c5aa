"""What the office's routes have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

from fastapi import Query, Request

from bonafide.apps.server.answers import refused, retry_after
from bonafide.apps.server.callers import Caller, SignedIn
from bonafide.core.errors import StateError, UsageError
from bonafide.core.moment import moment_of

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service
    from bonafide.apps.server.office import Office
    from bonafide.office.me.about import Kind
    from bonafide.office.people.services import Services
    from bonafide.office.people.sign_in import SignIn
    from bonafide.office.vault.vault import Vault

T = TypeVar("T")

PAGE_MAX: Final = 1_000
"""Most of anything in one answer."""
PAGE_DEFAULT: Final = 100
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
After = Annotated[str, Query(max_length=40, pattern=r"^[a-z0-9._-]*$")]


def office_of(service: Service) -> Office:
    """The office; Refused (503) where the service has none."""
    if service.office is None:
        raise refused("overloaded", "the office is not open", retry_after(1))
    return service.office


def desk_of(service: Service) -> SignIn:
    """Where people sign in; Refused (503) while the master key is not at hand."""
    return _secret_of(service).desk


def vault_of(service: Service) -> Vault:
    """The clear data; Refused (503) while the master key is not at hand."""
    return _secret_of(service).vault


def _secret_of(service: Service) -> Services:
    found = office_of(service).secret
    if found is None:
        raise refused("overloaded", "the master key is not at hand; the server's log says more", retry_after(1))
    return found


def named(subject: str, kind: Kind, pseudonym_of: Callable[[str], int]) -> str:
    """A subject that a path names; Refused (404) for what `pseudonym_of` finds to be neither an id nor a token."""
    try:
        pseudonym_of(subject)
    except UsageError:
        raise refused("not-found", f"path: give a {kind}'s id, or the token that stands for it") from None
    return subject


def caller_of(request: Request) -> Caller:
    """Who asks."""
    caller: Caller = request.state.caller
    return caller


def signed_in(request: Request) -> SignedIn:
    """The session that a route about one's own session was asked with."""
    found = caller_of(request).signed_in
    assert found is not None, "a route of a session was reached without one"
    return found


def page(rows: Sequence[T], name_of: Callable[[T], str], after: str, limit: int) -> tuple[Sequence[T], str | None]:
    """The rows behind the one called `after`, and the name to go on after, or None. 404 where there is none of it."""
    at = next((place + 1 for place, row in enumerate(rows) if name_of(row) == after), 0 if not after else None)
    if at is None:
        raise refused("not-found", "after: there is none of this id")
    part = rows[at : at + limit]
    return part, name_of(part[-1]) if at + limit < len(rows) else None


def currency_of(service: Service) -> str | None:
    """The currency that the bundle decides in: the platform's own. None while the service starts."""
    try:
        return str(service.runtime.engine.bundle.settings.currency)
    except StateError:
        return None


def moment_ms(given: datetime | None) -> int | None:
    """A time of a body in milliseconds."""
    return None if given is None else moment_of(given)
