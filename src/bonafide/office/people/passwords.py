"""Passwords: argon2id hashes, what a password must be, and one-time passwords.

The parameters are the second that RFC 9106, section 4, recommends: 3 passes over 64 MiB with 4 lanes. A hash made with
others is made anew when its password is next given. At most HASHING_MAX hashes are computed at a time, which bounds the
memory that strangers can make us take.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.low_level import Type

from bonafide.core.errors import UsageError
from bonafide.core.secret import Secret

PASSES: Final = 3
MEMORY_KIB: Final = 65_536
LANES: Final = 4
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32
HASHING_MAX: Final = 2
PASSWORD_LENGTH_MIN: Final = 12
PASSWORD_LENGTH_MAX: Final = 128
"""In characters, in NFC (NIST SP 800-63B): a sentence is welcome, no kind of character is asked for."""
DIFFERENT_CHARACTERS_MIN: Final = 5
_ONE_TIME_BYTES: Final = 15

_hashing: Final = BoundedSemaphore(HASHING_MAX)


class Passwords:
    """Makes and checks hashes with one set of parameters."""

    def __init__(self, passes: int = PASSES, memory_kib: int = MEMORY_KIB, lanes: int = LANES) -> None:
        self._hasher = PasswordHasher(passes, memory_kib, lanes, HASH_BYTES, SALT_BYTES, type=Type.ID)

        self.nobody: Final = _of_nobody(passes, memory_kib, lanes)
        """Who names nobody is held against this hash, and waits as long as who names somebody."""

    def hashed(self, password: Secret) -> str:
        """The hash to be kept, with its parameters and salt."""
        with _hashing:
            return self._hasher.hash(_normal(password))

    def matches(self, password: Secret, kept: str) -> bool:
        """Whether a password is the one that a hash was made of."""
        if len(_normal(password)) > PASSWORD_LENGTH_MAX:
            password = Secret("")  # the same work, and no more of it, for what nobody can have
        try:
            with _hashing:
                return self._hasher.verify(kept, _normal(password))
        except (Argon2Error, InvalidHashError):
            return False

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than these."""
        return self._hasher.check_needs_rehash(kept)


def _of_nobody(passes: int, memory_kib: int, lanes: int) -> str:
    """A hash that was computed of nothing: to find that a password does not fit takes as long as with any other."""
    salt, hashed = (base64.b64encode(bytes(size)).decode("ascii").rstrip("=") for size in (SALT_BYTES, HASH_BYTES))
    return f"$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hashed}"


def _normal(password: Secret) -> str:
    return unicodedata.normalize("NFC", password.reveal()).encode("utf-8", "replace").decode("utf-8")


def check_password(password: Secret, name: str) -> None:
    """UsageError, which says what is accepted and nothing of the password, for one that is too easy to guess."""
    text = _normal(password)
    if not PASSWORD_LENGTH_MIN <= len(text) <= PASSWORD_LENGTH_MAX:
        accepted = f"{PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters; a sentence is good"
        raise UsageError(f"the password has {len(text)} characters; give one of {accepted}")
    if name.casefold() in text.casefold():
        raise UsageError("the password holds the name of its owner; give another")
    if len(set(text)) < DIFFERENT_CHARACTERS_MIN:
        raise UsageError(f"the password has fewer than {DIFFERENT_CHARACTERS_MIN} different characters; give another")


def one_time_password(draw: Callable[[int], bytes]) -> Secret:
    """A password to begin with: 120 random bits as six groups of letters and digits that are easy to type."""
    text = base64.b32encode(draw(_ONE_TIME_BYTES)).decode("ascii").lower()
    return Secret("-".join(text[at : at + 4] for at in range(0, len(text), 4)))
