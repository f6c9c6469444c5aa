"""How a message gets to its receiver: as a webhook (`webhooks`), or as a record of a Kafka topic (`kafka`)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from bonafide.core.secret import Secret, unprinted


class Kind(Enum):
    """What came of a send."""

    TAKEN = "taken"
    """The receiver has it."""
    REFUSED = "refused"
    """The receiver answered, and did not want this message."""
    UNREACHED = "unreached"
    """No answer, or one that says that nobody can be served now."""
    GONE = "gone"
    """The receiver wants nothing any more."""


class Came(NamedTuple):
    """What came of a send, in a sentence that holds nothing of what the receiver wrote."""

    kind: Kind
    told: str = ""
    retry_after_ms: int = 0
    """How long the receiver asked to be left alone."""


class Parcel(NamedTuple):
    """A message on its way."""

    url: str
    message_id: str
    subject: str
    """Those about one subject come in their order: the key of a partition, where there are any."""
    body: bytes

    def __repr__(self) -> str:
        return unprinted(self)  # ids stand in it, and a URL may be all that a receiver asks for


class Carrier(Protocol):
    """Brings one message to its receiver, within a time of its own, and never raises for what a receiver does."""

    async def carry(self, parcel: Parcel, secrets: Sequence[Secret], now_ms: int) -> Came:
        """Send it once."""
