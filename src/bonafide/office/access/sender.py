"""Who sends: what a key's holder may do, and what its events are made to say."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import msgspec

from bonafide.core.events import Fact, Verdict
from bonafide.core.text import shorten
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.access.roles import CLIENT_TYPES

F = TypeVar("F", bound=Fact)


class Sender(NamedTuple):
    """The holder of a key that holds now."""

    key_id: str
    role: str
    types: frozenset[str]
    """The event types that it may send."""
    routes: frozenset[str] | None
    """The routes that it may use; None where its role says it all."""
    source: str | None
    """The `source` that its verdicts get; None where it sends none."""
    rate_per_s: int | None
    """Events a second; None where the settings say it."""

    def may_send(self, event_type: str) -> bool:
        """Whether it may send events of this type."""
        return event_type in self.types

    def may_use(self, route: str) -> bool:
        """Whether its key lets it use a route, given by its path.

        A key made for `/v1/events` may use that and what stands under it: `/v1/events:batch`, `/v1/events/e1`.
        """
        if self.routes is None:
            return True
        return any(route == one or route.startswith((f"{one}/", f"{one}:")) for one in self.routes)

    def check_may_send(self, event_type: str) -> None:
        """ForbiddenError, which says what it may send instead, unless it may send events of this type."""
        if event_type not in self.types:
            may = ", ".join(name for name in CLIENT_TYPES if name in self.types) or "no events"
            raise ForbiddenError(f"this key (role {self.role}) may not send {shorten(event_type)}; it may send {may}")

    def check_may_use(self, route: str) -> None:
        """ForbiddenError, which says where it is taken instead, unless it may use a route."""
        if not self.may_use(route):
            may = ", ".join(sorted(self.routes or ()))
            raise ForbiddenError(f"this key may not use {shorten(route)}; it was made for {may}")

    def signed(self, event: F) -> F:
        """The event as it is taken in: a verdict says who its sender is, anything else is returned as it is.

        Who may not send verdicts has none to sign: ask `may_send` first.
        """
        if event.__class__ is Verdict and self.source is not None:
            return msgspec.structs.replace(event, source=self.source)
        return event
