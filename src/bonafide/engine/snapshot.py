"""Snapshots: all that an engine remembers, as one checked stream of bytes; a cache of the log, not an exchange format.

A snapshot fits an engine with the same features, the same settings and the same secret. Rules, policy and texts may
differ: they read the state and do not shape it. Restoring changes no later answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import BinaryIO, Final

import msgspec
import numpy as np

from bonafide.core.errors import StateError
from bonafide.engine.engine import Engine

MAGIC: Final = b"bonafide snapshot 6\n"
HEADER_BYTES_MAX: Final = 65_536
"""Enough for the names of as many degraded parts as a record may have."""
CHECKED_BYTES: Final = 2**20
"""Read at a time by whoever only checks."""


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    shape: str
    """Hash of the features and settings that shape the state."""
    secret: str
    """Hash of the secret."""
    words: int
    seq: int
    log: str
    """What stands for the log up to there, in the words of whoever keeps it; "" where nobody says."""
    degraded: tuple[str, ...]
    """Parts that do not answer."""
    beside: int
    """Bytes that tell where everybody stands on the ladder, what was changed on lists, and what subjects drew in a
    rollout; they follow the words."""
    sha256: str
    """Of the log, the names of these parts and what follows the header."""


def write_snapshot(engine: Engine, file: BinaryIO, log: str = "") -> None:
    """Write what an engine remembers; `log` stands for the log that it took in, such as a hash of it."""
    words = engine.state.kept
    body = words.data.cast("B")
    parts, beside = engine.degraded, engine.save()
    digest = _begin(log, parts, body, beside).hexdigest()
    header = _Header(
        _shape(engine), _secret_mark(engine), len(words), engine.state.seq, log, parts, len(beside), digest
    )  # fmt: skip
    file.write(MAGIC + msgspec.json.encode(header) + b"\n")
    file.write(body)
    file.write(beside)


def read_snapshot(engine: Engine, file: BinaryIO, log_at: Callable[[int], str] | None = None) -> None:
    """Put back what `write_snapshot` wrote; nothing is changed unless all of it is right.

    log_at: given the place where the snapshot stands, what stands for the log there; it must be what was written.
    Raises StateError for what is no snapshot, is cut off or damaged, or belongs to other features, settings, another
    secret or another log; the way out is to replay the log.
    """
    header = _read_header(file)
    if log_at is not None and log_at(header.seq) != header.log:
        raise _refusal(f"it was taken beside another log, or one that went on beyond event {header.seq}")
    if header.secret != _secret_mark(engine):
        raise _refusal("it was made with another secret")
    if header.shape != _shape(engine):
        raise _refusal("it was made with other features or settings")
    if not 0 < header.words < len(engine.state.memory):
        raise _refusal("it is larger than the address space of this process")
    body, beside = bytearray(header.words * 8), bytearray(header.beside)
    if any(file.readinto(part) != len(part) for part in (body, beside)) or file.read(1):  # type: ignore[attr-defined]
        raise _refusal("it is not complete")
    if _begin(header.log, header.degraded, body, beside).hexdigest() != header.sha256:
        raise _refusal("its content is damaged")
    engine.state.load(np.frombuffer(body, dtype=np.int64))
    engine.load(bytes(beside))
    engine.degrade(header.degraded)


def check_snapshot(file: BinaryIO) -> None:
    """Read a snapshot to its end without an engine; raises StateError unless it is whole and as it was written."""
    header = _read_header(file)
    digest, left = _begin(header.log, header.degraded), header.words * 8 + header.beside
    while piece := file.read(min(left, CHECKED_BYTES)):
        digest.update(piece)
        left -= len(piece)
    if left or file.read(1):
        raise _refusal("it is not complete")
    if digest.hexdigest() != header.sha256:
        raise _refusal("its content is damaged")


def _read_header(file: BinaryIO) -> _Header:
    if file.readline(len(MAGIC)) != MAGIC:
        raise _refusal("it is no snapshot of this version")
    try:
        return msgspec.json.decode(file.readline(HEADER_BYTES_MAX), type=_Header)
    except msgspec.DecodeError:
        raise _refusal("its header is damaged") from None


def _begin(log: str, degraded: tuple[str, ...], *parts: memoryview | bytearray | bytes) -> hashlib._Hash:
    """The digest of a snapshot, begun with its header and, where they are at hand, the parts of its body."""
    digest = hashlib.sha256(msgspec.json.encode((log, degraded)))
    for part in parts:
        digest.update(part)
    return digest


def _refusal(why: str) -> StateError:
    return StateError(f"the snapshot cannot be used: {why}; replay the log instead")


def _shape(engine: Engine) -> str:
    compiled = engine.state.compiled
    return hashlib.sha256(repr((compiled.features.layout, compiled.settings)).encode()).hexdigest()


def _secret_mark(engine: Engine) -> str:
    key = engine.state.bound.key.tobytes()
    return hashlib.sha256(MAGIC + key).hexdigest()[:16]
