"""The office's signing key: Ed25519, private half in a file of the data directory, public halves in the store.

People do not hold keys: a statement names the person whom a session identified, and the office signs that it was so.
A statement says which key signed it, so that keys of people can be told apart from the office's when there are any.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from bonafide.core.errors import StateError
from bonafide.office.audit.entry import ITSELF
from bonafide.office.audit.log import append
from bonafide.office.store.datadir import DataDir, write_once
from bonafide.office.store.tables import signing_keys

if TYPE_CHECKING:
    from sqlalchemy import Connection

SIGNING_KEY_FILE: Final = "signing.key"
KEY_BYTES: Final = 32
DOMAIN: Final = b"bonafide bundle step v1\n"
"""What is signed begins with this, so that a signature of one kind passes for no other."""
_HEX: Final = re.compile(f"[0-9a-f]{{{2 * KEY_BYTES}}}")


class SigningKey:
    """The private half. Nothing prints it."""

    def __init__(self, private: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = key_id_of(self.public)

    def sign(self, statement: str) -> bytes:
        """The signature of a statement, 64 bytes."""
        return self._key.sign(DOMAIN + statement.encode())

    def enter(self, connection: Connection, now_ms: int) -> None:
        """Have the store know the public half, in a transaction that has begun."""
        if connection.scalar(select(signing_keys.c.key_id).where(signing_keys.c.key_id == self.key_id)) is None:
            row = {"key_id": self.key_id, "public": self.public, "begun_ms": now_ms}
            connection.execute(signing_keys.insert().values(**row))
            append(connection, ITSELF, "signing_key.begin", f"signing_key:{self.key_id}", now_ms,
                   details={"public": self.public.hex()})  # fmt: skip


def key_id_of(public: bytes) -> str:
    """A public key's name: part of its hash, in 16 hex digits."""
    return sha256(b"bonafide signing key id" + public).hexdigest()[:16]


def public_pem(public: bytes) -> str:
    """A public key as other programs read it."""
    key = Ed25519PublicKey.from_public_bytes(public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def fits(public: bytes, statement: str, signature: bytes) -> bool:
    """Whether a signature is that of a statement under a public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, DOMAIN + statement.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def open_signing_key(data: DataDir, draw: Callable[[int], bytes] = secrets.token_bytes) -> SigningKey:
    """The signing key of a data directory, made where there is none. Raises StateError for what is no key."""
    path = data.folder / SIGNING_KEY_FILE
    if not path.exists():
        write_once(path, draw(KEY_BYTES).hex() + "\n")
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise StateError(f"{path}: cannot be read: {error.strerror}") from None
    if not _HEX.fullmatch(text):
        raise StateError(f"{path}: holds no signing key; remove it to begin a new one, which the audit log will show")
    return SigningKey(bytes.fromhex(text))
