"""What a database says of itself, in plain words and with the way out; never a value that was written."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DBAPIError

from bonafide.office.store.engines import BUSY_TIMEOUT_MS

_FULL: Final = "the disk is full; make room and try again"
_AWAY: Final = "the server was stopped or cannot be reached; nothing was changed; try again when it is there"
UNSURE: Final = (
    "the connection broke while the change was made durable; whether it was is not known; look before you repeat it"
)

_OF_SQLITE: Final = {
    "locked": "another process has been writing for more than {wait} s; try again",
    "full": _FULL,
    "readonly": "may not be written; look at its owner and mode",
    "malformed": "is damaged; restore it from a backup",
    "not a database": "is damaged or no database; restore it from a backup",
}
"""A word of SQLite's message -> what it means."""
_OF_POSTGRESQL: Final = {
    "55P03": "another process has been writing for more than {wait} s; try again",
    "57014": "the server took too long, and was stopped; try again",
    "25P03": "the transaction waited too long, and was undone; try again",
    "25006": "the server only reads, as a replica does; name the one that writes",
    "53100": _FULL,
    "53200": "the server has no memory left; try again",
    "53300": "the server has no connection left; try again, or let it have more (max_connections)",
    "57P01": _AWAY, "57P02": _AWAY, "57P03": _AWAY,
    "42501": "this user may not; the database is to belong to the user that the URL names",
    "XX001": "is damaged; restore it from a backup", "XX002": "has a damaged index; REINDEX it",
}  # fmt: skip
"""PostgreSQL's codes (appendix A of its manual) -> what they mean."""


def plain_words(error: DBAPIError) -> str:
    """A failure of a database in a sentence.

    Of PostgreSQL's messages only the first part is taken: the others quote values.
    """
    wait = f"{BUSY_TIMEOUT_MS / 1_000:.0f}"
    code, diagnosis = getattr(error.orig, "sqlstate", None), getattr(error.orig, "diag", None)
    if error.connection_invalidated:
        return _AWAY
    if code is not None:
        primary = getattr(diagnosis, "message_primary", None) or type(error.orig).__name__
        return _OF_POSTGRESQL.get(code, f"cannot be used: {primary}").format(wait=wait)
    told = str(error.orig)
    found = next((way for word, way in _OF_SQLITE.items() if word in told and diagnosis is None), None)
    return f"cannot be used: {' '.join(told.split())}" if found is None else found.format(wait=wait)
