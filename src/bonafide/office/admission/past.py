"""What a merchant's earlier reviews mean for the next one: what it is compared with, what people still have to decide,
and where its limits stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from bonafide.office.admission.rows import KeptReview, reviews_of
from bonafide.office.merchants.review import Review

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.vault.vault import Vault

REVIEWS_MAX: Final = 50
"""Of one merchant, that are looked back on."""
_ADMITTED: Final = ("admit", "admit_with_limits")


class Past(NamedTuple):
    """The earlier reviews of a merchant, as of a moment."""

    reviews: list[KeptReview]
    """The newest first."""
    now_ms: int

    @classmethod
    def of(cls, connection: Connection, vault: Vault, merchant: int, now_ms: int) -> Past:
        """Those that the store has of a merchant."""
        return cls(reviews_of(connection, vault, merchant, REVIEWS_MAX), now_ms)

    @property
    def accepted(self) -> int | None:
        """The number of the application that the merchant was last admitted with, or else of its first; None before
        that. What was sent since and is in question is no measure of what changed: it would only have to be sent twice.
        """
        admitted = (one for one in self.reviews if one.decision(self.now_ms) in _ADMITTED)
        found = next(admitted, self.reviews[-1] if self.reviews else None)
        return None if found is None else found.application

    @property
    def still_open(self) -> str | None:
        """What people have not decided yet, as a finding: no application ends it."""
        return self.reviews[0].still_open(self.now_ms) if self.reviews else None

    def continued(self, review: Review) -> Review:
        """A review that says where the merchant's limits stand: a newcomer's ramp goes on through later reviews, and
        nobody is known for having been asked for papers. Known is whom a review admitted, once its ramp is over.
        """
        if not review.again:
            return review
        for one in self.reviews:
            decision = one.decision(self.now_ms)
            if decision == "admit_with_limits" and one.is_of_newcomer and one.lists(self.now_ms):
                return review.on_ramp(one.limits_since_ms)
            if decision in _ADMITTED:
                return replace(review, known=True)
        return replace(review, known=False)
