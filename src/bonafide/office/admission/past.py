"""What a merchant's earlier reviews mean for the next one: what it is compared with, what people still have to decide,
and where its limits stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace
from sqlalchemy import func, select

from bonafide.office.admission.rows import KeptReview, reviews_of
from bonafide.office.merchants.review import Review
from bonafide.office.merchants.table import ADMITTED
from bonafide.office.store.tables import merchant_outcomes, merchant_reviews

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.vault.vault import Vault

REVIEWS_MAX: Final = 50
"""Of one merchant, that are looked back on for its limits: they last 90 days at most."""


class Past(NamedTuple):
    """The earlier reviews of a merchant, as of a moment; of who was forgotten, those since."""

    reviews: list[KeptReview]
    """The newest first."""
    accepted: int | None
    """The number of the application that the merchant was last admitted with, or else of its first; None before that.
    What was sent since and is in question is no measure of what changed: it would only have to be sent often."""
    now_ms: int

    @classmethod
    def of(cls, connection: Connection, vault: Vault, merchant: int, now_ms: int) -> Past:
        """Those that the store has of a merchant."""
        found = reviews_of(connection, vault, merchant, REVIEWS_MAX)
        forgotten = max((one.number for one in found if one.review is None), default=0)
        accepted = _accepted(connection, merchant, forgotten)
        return cls([one for one in found if one.number > forgotten], accepted, now_ms)

    @property
    def still_open(self) -> str | None:
        """What people have not decided yet, as a finding: no application ends it."""
        return self.reviews[0].still_open(self.now_ms) if self.reviews else None

    def continued(self, review: Review) -> Review:
        """A review that says where the merchant's limits stand: they go on through later reviews, and nobody is known
        for having been asked for papers. Known is whom a review admitted, once a newcomer's ramp is over.
        """
        if not review.again:
            return review
        for one in self.reviews:
            if one.stands == "admit_with_limits" and one.lists(self.now_ms):
                if one.is_of_newcomer:
                    return review.on_ramp(one.limits_since_ms)
                if review.decision == "admit":
                    return review.on_ramp(one.limits_since_ms, known=True)
            if one.stands in ADMITTED:
                return replace(review, known=True)
        return replace(review, known=False)


def _accepted(connection: Connection, merchant: int, forgotten: int) -> int | None:
    """The application of the newest review that admitted the merchant, else that of its oldest, behind a review."""
    table, outcome = merchant_reviews.c, merchant_outcomes.c
    ours = (table.merchant == merchant, table.number > forgotten)
    joined = select(table.application).outerjoin_from(
        merchant_reviews, merchant_outcomes, outcome.review == table.number
    )
    admitted = func.coalesce(outcome.decision, table.proposed).in_(ADMITTED)
    newest = connection.scalar(joined.where(*ours, admitted).order_by(table.number.desc()).limit(1))
    if newest is not None:
        return int(newest)
    oldest = connection.scalar(select(table.application).where(*ours).order_by(table.number).limit(1))
    return None if oldest is None else int(oldest)
