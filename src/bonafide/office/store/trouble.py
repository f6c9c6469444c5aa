"""What a database says of itself, in plain words and with the way out; never a value that was written."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DBAPIError

from bonafide.office.store.engines import BUSY_TIMEOUT_MS

TOLD_MAX: Final = 300
"""Characters of what a database says of itself."""
_FULL: Final = "the disk is full; make room and try again"
_AWAY: Final = "the server was stopped or cannot be reached; nothing was changed; try again when it is there"
ONLY_READS: Final = "the server only reads, as a replica does; name the one that writes"
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
    "25006": ONLY_READS,
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
    code, diagnosis = getattr(error.orig, "sqlstate", None), getattr(error.orig, "diag", None)
    told = str(error.orig)
    if error.connection_invalidated:
        way: str | None = _AWAY
    elif diagnosis is None:
        way = next((way for word, way in _OF_SQLITE.items() if word in told), None)
    else:
        way = _OF_POSTGRESQL.get(code or "")
        told = getattr(diagnosis, "message_primary", None) or (told if code is None else type(error.orig).__name__)
        way = ONLY_READS if way is None and "during recovery" in told else way  # it has become one
    if way is not None:
        return way.format(wait=f"{BUSY_TIMEOUT_MS / 1_000:.0f}")
    return f"cannot be used: {' '.join(told.split())[:TOLD_MAX]}"
