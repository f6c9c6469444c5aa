"""Messages that follow from a step of the office, put with it: in one transaction, in the order of all messages."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from bonafide.core.moment import show_moment
from bonafide.office.outbox.messages import TAG_BYTES, Message, body_of
from bonafide.office.outbox.placing import place_messages

if TYPE_CHECKING:
    from sqlalchemy import Connection

_DOMAIN: Final = b"bonafide office message 1\n"


def put_message(
    connection: Connection, key: bytes, name: str, topic: str, kind: str, subject: str, seq: int,
    data: dict[str, object], now_ms: int,
) -> None:  # fmt: skip
    """Have a message leave, from within the transaction of the step that it follows from; as `message_named` has it."""
    place_messages(connection, [message_named(key, name, topic, kind, subject, seq, data, now_ms)], now_ms)


def message_named(
    key: bytes, name: str, topic: str, kind: str, subject: str, seq: int, data: dict[str, object], now_ms: int
) -> Message:  # fmt: skip
    """A message of the office.

    `name` tells it from every other message of this data directory, whose secret is `key`; one of a name that is there
    already is the same one. `subject` is as `user:~0123456789abcdef`, and `data` names subjects by tokens.
    """
    tag = hmac.digest(key, _DOMAIN + name.encode(), "sha256")[:TAG_BYTES].hex()
    return Message(f"msg_{name}_{tag}", topic, subject, seq, body_of(kind, show_moment(now_ms), data))
