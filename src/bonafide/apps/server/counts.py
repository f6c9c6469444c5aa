"""What the doors count themselves: requests, refusals, how late the loop is. Plain numbers of the loop's thread."""

from __future__ import annotations

from collections import Counter
from typing import Final

from bonafide.apps.runtime.figures import SECONDS, Histogram
from bonafide.core.errors import InputError
from bonafide.core.fields import FIELDS

UNKNOWN_FIELD: Final = "(unknown)"
"""What is counted instead of a field name that a client made up."""


class Counts:
    """The numbers of one server."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        """(route, status)."""
        self.events: Counter[int] = Counter()
        """Events by the status of their answer, in whatever form they came."""
        self.refusals: Counter[tuple[str, str]] = Counter()
        """(reason, field) of refused records; never a name that a client made up."""
        self.loop_lag = Histogram(SECONDS)
        """Seconds by which the loop woke up later than it was asked to."""
        self.loop_lag_max_s = 0.0
        self.connections_refused = 0
        """For want of room."""
        self.heads_refused = 0
        """Connections closed because a head came too slowly, was too large or was not HTTP."""
        self.reads_failed = 0
        """Requests that were told to come again since what is on disk could not be read."""
        self.reads_failed_because = ""
        """Of the last one."""

    def refuse(self, error: InputError) -> None:
        """Count a refused record."""
        self.refusals[error.reason, known_field(error.field)] += 1


def known_field(field: str | None) -> str:
    """A field of the schema by its bare name; any other name comes from a client and may say anything.

    >>> known_field("documents[3].kind"), known_field("Zhang San"), known_field(None)
    ('documents', '(unknown)', '')
    """
    if field is None:
        return ""
    bare = field.partition("[")[0].partition(".")[0]
    return bare if bare in FIELDS or bare == "type" else UNKNOWN_FIELD
