"""The law of links, obeyed the obvious way: every resource keeps the times at which each member used it.

The twin of engine.links. It knows nothing of blocks, indexes or sweeping; it is slow and meant to be read.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from bonafide.core.events import (
    AccountLink,
    Fact,
    Login,
    MerchantApplication,
    Payment,
    Payout,
    Refund,
    Registration,
)  # fmt: skip
from bonafide.core.moment import DAY_MS

LATENESS_MS: Final = 30 * DAY_MS
TERM_MS: Final = 180 * DAY_MS
MOST: Final = {"user": 12, "merchant": 8}
PUBLIC_KINDS: Final = ("ip", "address")

Resource = tuple[str, str]
"""Its kind and its id."""


class Member(NamedTuple):
    """Who uses a resource, and as what: a user and a merchant of the same name are two."""

    role: Literal["user", "merchant"]
    id: str


class Found(NamedTuple):
    """What an event established: that a user and a merchant share a kind of resource."""

    user_id: str
    merchant_id: str
    shared: str


class Told(NamedTuple):
    """What one event gave: the kinds through which a payment is linked to its own merchant, and what it established."""

    shares: int | None
    found: list[Found]


class Row:
    """A resource: its latest use by anybody, whether it is public, and the uses of its members in order of joining."""

    def __init__(self) -> None:
        self.latest: int | None = None
        self.public = False
        self.members: dict[Member, list[int]] = {}


def uses_of(event: Fact) -> tuple[Member, list[tuple[str, str | None]]] | None:
    """Who uses what by an event; resources in the order in which links are found, None for those it does not name."""
    match event:
        case Payment() | Registration():
            phone = event.phone_id if isinstance(event, Registration) else None
            named = [("device", event.device_id), ("ip", event.ip), ("address", event.address_id), ("phone", phone)]
            return Member("user", event.user_id), named
        case Login(success=success) if success is not False:
            return Member(event.subject_type, event.subject_id), [("device", event.device_id), ("ip", event.ip)]
        case MerchantApplication():
            named = [("address", event.address), ("phone", event.phone_id), ("account", event.account_id)]
            return Member("merchant", event.merchant_id), named
        case AccountLink(owner_type="user" | "merchant" as role):
            return Member(role, event.owner_id), [("account", event.account_id)]
        case Payout():
            return Member("merchant", event.merchant_id), [("account", event.account_id)]
        case Refund():
            return Member("user", event.user_id), [("account", event.account_id)]
        case _:
            return None


class LinksTwin:
    """Feeds events one by one; ids must be new, since it does not ask whether it knows them."""

    def __init__(self, *, lateness_ms: int = LATENESS_MS) -> None:
        self.lateness_ms = lateness_ms
        self.latest: int | None = None
        self.rows: dict[Resource, Row] = {}

    def feed(self, event: Fact) -> Told:
        """Take an event in, unless it is too late."""
        if self.latest is not None and event.time < self.latest - self.lateness_ms:
            return Told(None, [])
        self.latest = event.time if self.latest is None else max(self.latest, event.time)
        shares, found = 0, []
        told = uses_of(event)
        for kind, resource in told[1] if told else ():
            if told and resource is not None:
                row = self.rows.setdefault((kind, resource), Row())
                pairs = use(row, told[0], event.time, may_be_public=kind in PUBLIC_KINDS)
                found += [Found(*pair, kind) for pair in pairs]
                if isinstance(event, Payment):
                    shares += Member("merchant", event.merchant_id) in row.members
        return Told(shares if isinstance(event, Payment) else None, found)


def use(row: Row, member: Member, time: int, *, may_be_public: bool) -> list[tuple[str, str]]:
    """A member uses a resource; the pairs of user and merchant that come to share it."""
    if row.public and row.latest is not None and time < row.latest + TERM_MS:
        row.latest = max(row.latest, time)
        return []
    row.public = False
    row.latest = time if row.latest is None else max(row.latest, time)
    oldest = row.latest - TERM_MS
    row.members = {known: times for known, times in row.members.items() if max(times) > oldest}
    if member in row.members:
        row.members[member].append(time)
        return []
    alike = [known for known in row.members if known.role == member.role]
    others = [known for known in row.members if known.role != member.role]
    if len(alike) == MOST[member.role]:
        if may_be_public:
            row.public, row.members = True, {}
            return []
        del row.members[min(alike, key=lambda known: max(row.members[known]))]
    row.members[member] = [time]
    return [(member.id, o.id) if member.role == "user" else (o.id, member.id) for o in others]
