"""A subject's pseudonym: SipHash-2-4 of its id with the data directory's secret, as the engine computes it.

Plain Python for the office, which has no kernels compiled and hashes few ids; a test holds it against the engine's.
"""

from __future__ import annotations

from typing import Final

_WORD: Final = (1 << 64) - 1
_START: Final = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def pseudonym_of(subject_id: str, secret: bytes) -> int:
    """The signed 64-bit number that stands for an id under a secret of 16 bytes.

    Like the engine's it is never 0 nor -2**63, which stand for an absent field.

    >>> pseudonym_of("u1", bytes(16)) == pseudonym_of("u1", bytes(16)) != pseudonym_of("u2", bytes(16))
    True
    """
    found = siphash(subject_id.encode("utf-8"), secret)
    signed = found - (1 << 64) if found >> 63 else found
    return 1 if signed in (0, -(1 << 63)) else signed


def show_pseudonym(pseudonym: int) -> str:
    """A pseudonym in 16 hex digits.

    >>> show_pseudonym(-1), show_pseudonym(255)
    ('ffffffffffffffff', '00000000000000ff')
    """
    return f"{pseudonym & _WORD:016x}"


def siphash(data: bytes, key: bytes) -> int:
    """SipHash-2-4 (Aumasson and Bernstein, 2012) as an unsigned number; the key has 16 bytes.

    >>> f"{siphash(bytes(range(15)), bytes(range(16))):016x}"  # the example in the paper
    'a129ca6149be45e5'
    """
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:16], "little")
    state = (k0 ^ _START[0], k1 ^ _START[1], k0 ^ _START[2], k1 ^ _START[3])
    whole = len(data) & ~7
    for at in range(0, whole, 8):
        state = _absorbed(state, int.from_bytes(data[at : at + 8], "little"))
    last = int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56
    v0, v1, v2, v3 = _absorbed(state, last)
    v0, v1, v2, v3 = _rounds((v0, v1, v2 ^ 0xFF, v3), 4)
    return v0 ^ v1 ^ v2 ^ v3


_State = tuple[int, int, int, int]


def _absorbed(state: _State, word: int) -> _State:
    v0, v1, v2, v3 = _rounds((*state[:3], state[3] ^ word), 2)
    return v0 ^ word, v1, v2, v3


def _rounds(state: _State, times: int) -> _State:
    v0, v1, v2, v3 = state
    for _ in range(times):
        v0 = (v0 + v1) & _WORD
        v2 = (v2 + v3) & _WORD
        v1 = _turned(v1, 13) ^ v0
        v3 = _turned(v3, 16) ^ v2
        v0 = _turned(v0, 32)
        v2 = (v2 + v1) & _WORD
        v0 = (v0 + v3) & _WORD
        v1 = _turned(v1, 17) ^ v2
        v3 = _turned(v3, 21) ^ v0
        v2 = _turned(v2, 32)
    return v0, v1, v2, v3


def _turned(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _WORD
