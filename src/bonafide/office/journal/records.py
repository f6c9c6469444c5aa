"""What the journal keeps: records of events with their answers, conflicts, dead letters; and how they are sealed."""

from __future__ import annotations

import hashlib
import struct
from typing import Final, NamedTuple

import msgspec

DEAD_LETTER_BYTES_MAX: Final = 8_192
"""How much is kept of what a client sent and was refused."""
COMMIT_BYTES_MAX: Final = 256 * 2**20
"""Of the records of one commit; SQLite ends at about a thousand million."""
_BEGINNING: Final = b"bonafide journal 1\n"
_PLACE: Final = struct.Struct(">32sqqq")
_SEAL_BYTES: Final = 16


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One event of the log: when it came, from whom, what it said, and what was answered.

    `content` is the event's canonical JSON (msgspec's encoding of its struct) and `answer` the body that was answered,
    both with tokens in place of personal texts (`core.pseudonym`); `sender` is the id of the key that it came with, ""
    for control records.
    """

    received_ms: int
    sender: str
    content: bytes
    answer: bytes


class Conflict(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An event that was refused because its id had stood for other content; `seq` is the first one's. Its content has
    tokens, as the log has: it never expires."""

    event_id: str
    seq: int
    received_ms: int
    sender: str
    content: bytes


class DeadLetter(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a client sent and was refused, and why; kept until `expires_ms`. `body` is cut to DEAD_LETTER_BYTES_MAX."""

    received_ms: int
    sender: str
    reason: str
    field: str | None
    message: str
    body: bytes
    expires_ms: int


class SealedLetter(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A dead letter as it is written: what the client sent, and what quotes it, is in the box."""

    received_ms: int
    sender: str
    reason: str
    expires_ms: int
    box: bytes


class Found(NamedTuple):
    """An event of the log by its id."""

    seq: int
    record: Record


class Commit(NamedTuple):
    """A row of the journal: the records of one group commit, still packed."""

    first_seq: int
    events: int
    """How many."""
    received_ms: int
    """When the last of them came."""
    packed: bytes
    chain: bytes


class _Named(msgspec.Struct):
    event_id: str


pack: Final = msgspec.msgpack.Encoder().encode
unpack_records: Final = msgspec.msgpack.Decoder(list[Record]).decode
_read_named: Final = msgspec.json.Decoder(_Named).decode


def event_id_of(content: bytes) -> str:
    """The id of the event that a record's content is."""
    return _read_named(content).event_id


def beginning(first_bundle: str | None) -> bytes:
    """The chain before the first commit: it holds the bundle that decided first."""
    return hashlib.sha256(_BEGINNING + (first_bundle or "").encode()).digest()


def next_chain(chain: bytes, first_seq: int, count: int, received_ms: int, packed: bytes) -> bytes:
    """The chain after a commit: SHA-256 over the chain before it and all that the commit says."""
    digest = hashlib.sha256(_PLACE.pack(chain, first_seq, count, received_ms))
    digest.update(packed)
    return digest.digest()


def seal(*parts: object) -> bytes:
    """What a row of another table is checked by: a hash over its columns."""
    return hashlib.sha256(pack(parts)).digest()[:_SEAL_BYTES]
