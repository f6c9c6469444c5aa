"""Why a caller is turned away. No message holds any part of a secret."""

from __future__ import annotations

from bonafide.core.errors import BonafideError


class UnauthenticatedError(BonafideError):
    """Nobody knows who the caller is: no key, a key that is none, or one that does not hold any more."""


class ForbiddenError(BonafideError):
    """The caller is known, and may not do this."""
