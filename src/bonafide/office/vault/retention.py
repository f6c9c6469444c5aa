"""How long clear data of a subject is kept, by class: what the law asks at least, and what we keep at most."""

from __future__ import annotations

from typing import Final, NamedTuple

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS
from bonafide.core.text import show_value

YEAR_MS: Final = 366 * DAY_MS
"""The longer of the two, so that a year by this count is never short of one by the calendar."""


class Retention(NamedTuple):
    """A class. Both spans begin with the end of the relation with the subject."""

    name: str
    minimum_ms: int
    """Not forgotten before, whoever asks; 0 where no law asks for it."""
    maximum_ms: int
    """Forgotten by itself then, unless a hold stands."""
    basis: str

    def may_forget_from(self, ended_ms: int | None) -> int | None:
        """The moment from which on it may be forgotten; None where that is not known, since the relation goes on."""
        if self.minimum_ms == 0:
            return 0
        return None if ended_ms is None else ended_ms + self.minimum_ms


RETENTION: Final = {
    one.name: one
    for one in (
        Retention("link", 0, 3 * YEAR_MS, "no duty of ours: the platform itself keeps what the law asks for"),
        Retention("applicant", 0, YEAR_MS, "no duty: a merchant who was not admitted"),
        Retention("duty", 10 * YEAR_MS, 10 * YEAR_MS, "anti-money-laundering law of the PRC, article 34"),
    )
}
DEFAULT_RETENTION: Final = "link"


def check_retention(name: str) -> Retention:
    """The class of this name; UsageError where there is none."""
    found = RETENTION.get(name)
    if found is None:
        raise UsageError(f"retention: {show_value(name)} is no class; give one of {', '.join(RETENTION)}")
    return found
