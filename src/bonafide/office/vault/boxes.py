"""A box: bytes under AES-256-GCM that say which key opens them.

A box is one byte 1, eight bytes of the key's id, twelve of a random nonce, then the ciphertext with its tag. What the
box belongs to (its place) is authenticated with it: a box that was moved to another row does not open.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bonafide.core.errors import StateError

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 8
NONCE_BYTES: Final = 12
FORMAT: Final = b"\x01"
_CONTENT_AT: Final = len(FORMAT) + KEY_ID_BYTES + NONCE_BYTES


def key_id_of(key: bytes) -> bytes:
    """A key's public name: part of a hash, which says nothing of the key."""
    return sha256(b"bonafide key id" + key).digest()[:KEY_ID_BYTES]


def seal(key: bytes, content: bytes, place: str, draw: Callable[[int], bytes]) -> bytes:
    """A box of `content` that belongs to `place`; `draw` gives random bytes."""
    nonce = draw(NONCE_BYTES)
    return FORMAT + key_id_of(key) + nonce + AESGCM(key).encrypt(nonce, content, place.encode("utf-8"))


def box_key_id(box: bytes) -> bytes:
    """The id of the key that opens a box."""
    if box[: len(FORMAT)] != FORMAT or len(box) < _CONTENT_AT:
        raise StateError("the vault: a box is damaged, or of a later version of Bonafide")
    return box[len(FORMAT) : len(FORMAT) + KEY_ID_BYTES]


def unseal(key: bytes, box: bytes, place: str) -> bytes:
    """What is in a box; StateError where the key does not fit, the box is damaged or belongs to another place."""
    if box_key_id(box) != key_id_of(key):
        raise StateError("the vault: a box is under another key than the one at hand")
    try:
        return AESGCM(key).decrypt(box[_CONTENT_AT - NONCE_BYTES : _CONTENT_AT], box[_CONTENT_AT:], place.encode())
    except InvalidTag:
        raise StateError("the vault: a box is damaged, or was moved from another row; restore a backup") from None
