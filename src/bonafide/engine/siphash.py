"""SipHash-2-4 (Aumasson and Bernstein, 2012) over bytes and over words, keyed with the data directory's secret.

State is keyed by these 64-bit hashes: no identifier is kept, and nobody without the secret can aim at a collision.
Two ids share a hash with probability 2**-64; answers never depend on the secret otherwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bonafide.core.pseudonym import TOKEN_LENGTH, TOKEN_MARK
from bonafide.engine.kernel import inner

HashKey = NDArray[np.uint64]
"""The two words of a secret that texts are hashed with."""
_MARK = ord(TOKEN_MARK)
ABSENT = np.int64(-(2**63))
_C0 = np.uint64(0x736F6D6570736575)
_C1 = np.uint64(0x646F72616E646F6D)
_C2 = np.uint64(0x6C7967656E657261)
_C3 = np.uint64(0x7465646279746573)
_FINAL = np.uint64(0xFF)
_B13, _B16, _B17, _B21, _B32 = np.uint64(13), np.uint64(16), np.uint64(17), np.uint64(21), np.uint64(32)
_B64 = np.uint64(64)
_B56 = np.uint64(56)
_B8 = np.uint64(8)


@inner
def _rotate(x, b):
    return (x << b) | (x >> (_B64 - b))


@inner
def _round(v0, v1, v2, v3):
    v0 += v1
    v1 = _rotate(v1, _B13) ^ v0
    v0 = _rotate(v0, _B32)
    v2 += v3
    v3 = _rotate(v3, _B16) ^ v2
    v0 += v3
    v3 = _rotate(v3, _B21) ^ v0
    v2 += v1
    v1 = _rotate(v1, _B17) ^ v2
    v2 = _rotate(v2, _B32)
    return v0, v1, v2, v3


@inner
def start(k0, k1):
    """The four words of a fresh state."""
    return k0 ^ _C0, k1 ^ _C1, k0 ^ _C2, k1 ^ _C3


@inner
def absorb(v0, v1, v2, v3, m):
    """Take in one word."""
    v3 ^= m
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ m, v1, v2, v3


@inner
def finish(v0, v1, v2, v3):
    """The hash as a signed word, never the one that stands for an absent field."""
    v2 ^= _FINAL
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    h = np.int64(v0 ^ v1 ^ v2 ^ v3)
    return np.int64(1) if h == ABSENT or h == 0 else h


@inner
def hash_bytes(data, begin, end, k0, k1):
    """SipHash-2-4 of data[begin:end] (uint8)."""
    v0, v1, v2, v3 = start(k0, k1)
    length = end - begin
    whole = begin + (length & ~7)
    i = begin
    while i < whole:
        m = np.uint64(0)
        for j in range(8):
            m |= np.uint64(data[i + j]) << (np.uint64(j) * _B8)
        v0, v1, v2, v3 = absorb(v0, v1, v2, v3, m)
        i += 8
    m = np.uint64(length & 0xFF) << _B56
    for j in range(end - whole):
        m |= np.uint64(data[whole + j]) << (np.uint64(j) * _B8)
    v0, v1, v2, v3 = absorb(v0, v1, v2, v3, m)
    return finish(v0, v1, v2, v3)


@inner
def token_hash(data, at, length):
    """The hash that a token says (`core.pseudonym`); 0, which no hash is, where the text is none."""
    if length != TOKEN_LENGTH or data[at] != _MARK:
        return np.int64(0)
    value = np.uint64(0)
    for i in range(1, TOKEN_LENGTH):
        byte = np.int64(data[at + i])
        digit = byte - 0x30 if 0x30 <= byte <= 0x39 else byte - 0x57 if 0x61 <= byte <= 0x66 else np.int64(-1)
        if digit < 0:
            return np.int64(0)
        value = (value << np.uint64(4)) | np.uint64(digit)
    h = np.int64(value)
    return np.int64(0) if h == ABSENT else h


@inner
def hash_personal(data, begin, end, k0, k1):
    """The hash of a text that may be a token."""
    h = token_hash(data, begin, end - begin)
    return h if h != 0 else hash_bytes(data, begin, end, k0, k1)


@inner
def spread(value, key, seed):
    """Of what is a keyed hash already, another: a bijection (the finaliser of MurmurHash3) for each seed. Never 0."""
    x = np.uint64(value) ^ np.uint64(key) ^ (np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15))
    x = (x ^ (x >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    x = (x ^ (x >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    h = np.int64(x ^ (x >> np.uint64(33)))
    return h if h != 0 else np.int64(1)
