"""The text of a key, `bf_<key_id>_<secret>`: how it is made, hashed, and found in a request's header.

The id is public and says which row to look at; the secret is 256 random bits in base64url. Only the SHA-256 of the
whole text is kept, which is enough for a secret that nobody can guess; slow hashes are for passwords.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from bonafide.core.secret import Secret
from bonafide.office.access.errors import UnauthenticatedError

KEY_PREFIX: Final = "bf_"
KEY_ID_LENGTH: Final = 12
"""Characters a-z and 2-7: 60 bits, so that two keys never have the same id."""
SECRET_BYTES: Final = 32
SECRET_LENGTH: Final = 43
KEY_LENGTH: Final = len(KEY_PREFIX) + KEY_ID_LENGTH + 1 + SECRET_LENGTH

_ID_BYTES: Final = 8
_BEGINNING: Final = b"bearer bf_"
"""The scheme and the prefix, which are no secret; the scheme counts in any case."""
_KEY_AT: Final = len(b"bearer ")
_ID_AT: Final = len(_BEGINNING)
_ID_END: Final = _ID_AT + KEY_ID_LENGTH
_HEADER_LENGTH: Final = _KEY_AT + KEY_LENGTH
_WANTED: Final = "send it as `Authorization: Bearer KEY`, the key as `bonafide access key create` printed it"


def new_key(draw: Callable[[int], bytes]) -> tuple[str, Secret]:
    """The id and the whole text of a new key; `draw` gives so many random bytes."""
    key_id = base64.b32encode(draw(_ID_BYTES)).decode("ascii")[:KEY_ID_LENGTH].lower()
    secret = base64.urlsafe_b64encode(draw(SECRET_BYTES)).decode("ascii").rstrip("=")
    return key_id, Secret(f"{KEY_PREFIX}{key_id}_{secret}")


def hash_of(key: Secret) -> bytes:
    """What is kept of a key."""
    return sha256(key.reveal().encode("ascii")).digest()


def read_authorization(authorization: str | bytes | None) -> tuple[bytes, bytes]:
    """The key id and the hash of the key that a header holds; UnauthenticatedError where it holds nothing like a key.

    What comes back has the form of a key and may still be nobody's. The scheme counts in any case, and spaces around
    the key count for nothing (RFC 9110, section 11.4).
    """
    if authorization is None:
        raise UnauthenticatedError(f"the request has no key; {_WANTED}")
    given = authorization.encode("utf-8", "replace") if isinstance(authorization, str) else authorization
    if len(given) != _HEADER_LENGTH:
        given = b" ".join(given.split())
    beginning = given[:_ID_AT]
    if len(given) != _HEADER_LENGTH or beginning.lower() != _BEGINNING:
        raise UnauthenticatedError(f"the Authorization header holds no key of Bonafide's form; {_WANTED}")
    return given[_ID_AT:_ID_END], sha256(given[_KEY_AT:]).digest()
