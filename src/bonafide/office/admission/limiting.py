"""Limits as the engine learns of them: a merchant that is admitted with limits joins lists, each entry with its end.

The records are written with the review in one transaction, and the service puts them into the log (office/records).
From there on rules hold payouts beyond the limits, in a replay as in the service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from bonafide.core.events import ListChanged
from bonafide.office.admission.past import REVIEWS_MAX
from bonafide.office.admission.rows import KeptReview, reviews_of
from bonafide.office.records.records import want

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.vault.vault import Vault


def follow_limits(connection: Connection, vault: Vault, kept: KeptReview, now_ms: int) -> None:
    """Have the engine told what a review means for the merchant's lists: joined where it admits with limits, left at
    once where a person admits without. Whatever else leaves them as they were: they end by themselves."""
    decision = kept.decision(now_ms)
    if decision == "admit_with_limits" and kept.review is not None:
        for name, until in kept.lists(now_ms).items():
            want(connection, _change(kept, "add", name, until), now_ms)
    if kept.settled == "admit":
        past = reviews_of(connection, vault, kept.merchant, REVIEWS_MAX)
        ends: dict[str, int] = {}
        for one in past:
            if "admit_with_limits" in (one.proposed, one.settled):
                ends |= {name: max(until, ends.get(name, until)) for name, until in one.lists(now_ms).items()}
        for name, until in sorted(ends.items()):
            want(connection, _change(kept, "remove", name, until), now_ms)


def _change(kept: KeptReview, action: Literal["add", "remove"], name: str, until: int) -> ListChanged:
    """The record of one list. Leaving has an end as well, when what was joined would have ended: the engine forgets
    both."""
    why = "made" if kept.settled is None else "settled"
    by = None if kept.settled is None or not kept.votes else f"person:{kept.votes[-1].person}"
    return ListChanged(
        event_id=f"limits:{kept.number}:{why}:{name}", time=0, list=name, action=action, entry=kept.token,
        expires=until, by=by,
    )  # fmt: skip
