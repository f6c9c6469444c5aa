"""What somebody would be told of a measure, before anybody asks for it: nothing is written, and nothing leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from bonafide.office.access.keys import now_ms
from bonafide.office.measures.changes import Turn
from bonafide.office.measures.opening import (
    ReasonsOf,
    Wish,
    check_wish,
    end_by_itself,
    newest_about,
    open_one,
    told_by_people,
)
from bonafide.office.notices.render import Told, render
from bonafide.office.store.database import Store


def preview(store: Store, wish: Wish, reasons_of: ReasonsOf, *, clock: Callable[[], int] = now_ms) -> dict[str, Any]:
    """The notice with which such a measure begins, as JSON shows it, and the measure of the kind that is open already.

    MissingError for a case that there is not, UsageError for what cannot be asked about the subject.
    """
    now = clock()
    with store.reading() as connection:
        kind = check_wish(Turn(connection, now, b""), wish)
        known = open_one(connection, wish, kind)
        reasons = reasons_of([row.seq for row in newest_about(connection, wish, kind)])
    said = msgspec.to_builtins(told_by_people(reasons))
    told = Told(
        measure=wish.measure, measure_id="", until_ms=end_by_itself(wish, now), automated=False,
        **{name: said[name] for name in ("reasons", "why", "submit", "appeal")},
    )  # fmt: skip
    return {
        "measure": wish.measure, "subject_type": kind, "text": render("begun", told)["text"],
        "measure_id": None if known is None else known.measure_id,
    }  # fmt: skip
