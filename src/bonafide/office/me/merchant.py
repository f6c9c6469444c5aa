"""A merchant as the office and the platform see it: its reviews, and beside them what the log says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from bonafide.core.errors import MissingError
from bonafide.core.moment import show_moment
from bonafide.core.pseudonym import show_token
from bonafide.office.access.keys import now_ms
from bonafide.office.admission.desk import Admissions
from bonafide.office.cases.listing import CaseBook
from bonafide.office.days.takings import exposure_of, has_traded
from bonafide.office.lists.cleared import cleared_until
from bonafide.office.me.about import About
from bonafide.office.me.user import undecided_cases
from bonafide.office.store.database import Store

_NOT_APPLIED: Final[dict[str, Any]] = {"standing": None, "changed": None, "wind_down": None, "reviews": []}


class Merchants:
    """The merchants of one store. Several threads may call it; none is a coroutine."""

    def __init__(
        self, store: Store, desk: Admissions, cases: CaseBook, about: About, clock: Callable[[], int] = now_ms
    ) -> None:  # fmt: skip
        self._store, self._desk, self._cases, self._about = store, desk, cases, about
        self._clock = clock

    def _has_traded(self, token: str) -> bool:
        with self._store.reading() as connection:
            return has_traded(connection, token)

    def show(self, merchant: str, *, inside: bool = True) -> dict[str, Any]:
        """A merchant as JSON shows it; `inside` with what is the office's own. MissingError where it has not applied,
        nothing was decided about it and nothing traded with it of late. Other ids than ids and tokens: UsageError."""
        number = self._desk.pseudonym_of(merchant)
        token = show_token(number)
        found = self._about.show("merchant", number, inside=inside)
        try:
            applied = self._desk.show(merchant, inside=inside)
        except MissingError:
            if found is None and not self._has_traded(token):
                raise
            applied = {"merchant_id": token, **_NOT_APPLIED}
        told = applied | (found or self._about.nothing("merchant", number, inside=inside))
        if not inside:
            return told
        with self._store.reading() as connection:
            exposure = exposure_of(connection, token)
            until = cleared_until(connection, token, self._clock())
        cleared = None if until is None else show_moment(until)
        cases = undecided_cases(self._cases, token)
        return told | {"cases": cases, "exposure": exposure, "cleared_until": cleared}
