"""Snapshots: all that an engine remembers, as one checked stream of bytes; a cache of the log, not an exchange format.

A snapshot fits an engine with the same features, the same settings and the same secret. Rules, policy and texts may
differ: they read the state and do not shape it. Restoring changes no later answer.
"""

from __future__ import annotations

import hashlib
from typing import BinaryIO, Final

import msgspec
import numpy as np

from bonafide.core.errors import StateError
from bonafide.engine.engine import Engine

MAGIC: Final = b"bonafide snapshot 3\n"
HEADER_BYTES_MAX: Final = 65_536
"""Enough for the names of as many degraded parts as a record may have."""


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    shape: str
    """Hash of the features and settings that shape the state."""
    secret: str
    """Hash of the secret."""
    words: int
    seq: int
    degraded: tuple[str, ...]
    """Parts that do not answer."""
    sha256: str
    """Of the names of these parts and of what follows the header."""


def write_snapshot(engine: Engine, file: BinaryIO) -> None:
    """Write what an engine remembers."""
    words = engine.state.save()
    body = words.data.cast("B")
    parts = engine.degraded
    header = _Header(
        _shape(engine), _secret_mark(engine), len(words), engine.state.seq, parts, _digest(parts, body)
    )  # fmt: skip
    file.write(MAGIC + msgspec.json.encode(header) + b"\n")
    file.write(body)


def read_snapshot(engine: Engine, file: BinaryIO) -> None:
    """Put back what `write_snapshot` wrote; nothing is changed unless all of it is right.

    Raises StateError for what is no snapshot, is cut off or damaged, or belongs to other features, settings or another
    secret; the way out is to replay the log.
    """
    if file.readline(len(MAGIC)) != MAGIC:
        raise _refusal("it is no snapshot of this version")
    try:
        header = msgspec.json.decode(file.readline(HEADER_BYTES_MAX), type=_Header)
    except msgspec.DecodeError:
        raise _refusal("its header is damaged") from None
    if header.secret != _secret_mark(engine):
        raise _refusal("it was made with another secret")
    if header.shape != _shape(engine):
        raise _refusal("it was made with other features or settings")
    if not 0 < header.words < len(engine.state.memory):
        raise _refusal("it is larger than the address space of this process")
    body = bytearray(header.words * 8)
    if file.readinto(body) != len(body) or file.read(1):  # type: ignore[attr-defined]
        raise _refusal("it is not complete")
    if _digest(header.degraded, body) != header.sha256:
        raise _refusal("its content is damaged")
    engine.state.load(np.frombuffer(body, dtype=np.int64))
    engine.degrade(header.degraded)


def _digest(degraded: tuple[str, ...], body: memoryview | bytearray) -> str:
    digest = hashlib.sha256(msgspec.json.encode(degraded))
    digest.update(body)
    return digest.hexdigest()


def _refusal(why: str) -> StateError:
    return StateError(f"the snapshot cannot be used: {why}; replay the log instead")


def _shape(engine: Engine) -> str:
    compiled = engine.state.compiled
    return hashlib.sha256(repr((compiled.features.layout, compiled.settings)).encode()).hexdigest()


def _secret_mark(engine: Engine) -> str:
    key = np.array(engine.state.bound.key, dtype=np.uint64).tobytes()
    return hashlib.sha256(MAGIC + key).hexdigest()[:16]
