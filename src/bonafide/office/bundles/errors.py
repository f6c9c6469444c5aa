"""What the life of a bundle refuses."""

from __future__ import annotations

from bonafide.core.errors import MissingError, OpposedError


class NotNowError(OpposedError):
    """How things stand is against the step that was asked for; it is no matter of how it was asked."""


class UnknownBundleError(MissingError):
    """There is no proposal of this bundle."""
