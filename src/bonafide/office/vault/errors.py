"""Why something of a subject is not done. No message holds clear data."""

from __future__ import annotations

from bonafide.core.errors import BonafideError


class UnknownSubjectError(BonafideError):
    """Nothing is kept of this subject: it was never remembered, or it was forgotten."""


class HeldError(BonafideError):
    """A legal hold, or a legal minimum of retention, does not let a subject be forgotten."""


class RestrictedError(BonafideError):
    """The subject is to be forgotten; until the law lets it, its data is stored and used for nothing."""
