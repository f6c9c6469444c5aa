"""Applications, reviews and decisions as the store keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from sqlalchemy import func, select, update

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.core.pseudonym import show_token
from bonafide.office.merchants.application import Standing
from bonafide.office.merchants.limits import ENDS_AFTER_DAYS, limits_at, lists_at, wind_down
from bonafide.office.merchants.review import ANSWER_WITHIN_MS, HOLD_MS, Finding, Review
from bonafide.office.merchants.table import ADMITTED, OUTCOME_OF, Decision
from bonafide.office.store.tables import (
    merchant_applications,
    merchant_outcomes,
    merchant_reviews,
    merchant_votes,
    merchants,
)
from bonafide.office.vault.subjects import Subject
from bonafide.office.vault.under import open_under, seal_under

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.vault.vault import Vault

FAMILY: Final = "merchants"
"""Its version grows when people settle something: who keeps standings in memory asks for that number."""
Cause = Literal["application", "account", "drift", "again"]
State = Literal["admitted", "admitted_with_limits", "waits_for_answer", "held", "lapsed", "refused"]
"""Where a review stands now: see `KeptReview.state`."""
Settled = Literal["admit", "admit_with_limits", "refuse"]


class _Kept(msgspec.Struct, frozen=True):
    """What of a review is sealed."""

    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    again: bool
    known: bool | None = None
    since_ms: int | None = None
    in_force: Decision | None = None


_read_kept: Final = msgspec.json.Decoder(_Kept).decode


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """What one person decided."""

    number: int
    person: str
    decision: Decision
    note: str | None
    """None where the merchant was forgotten since."""
    made_ms: int

    def to_wire(self) -> dict[str, Any]:
        """The vote as JSON shows it."""
        return {"person": self.person, "decision": self.decision, "note": self.note, "made": show_moment(self.made_ms)}


class KeptReview(msgspec.Struct, frozen=True, kw_only=True):
    """A review with what people made of it."""

    number: int
    merchant: int
    """The pseudonym."""
    application: int
    cause: Cause
    event_id: str
    made_ms: int
    proposed: Decision
    review: Review | None
    """None where the merchant was forgotten since: nothing of it can be read any more."""
    lapsed_ms: int | None
    votes: tuple[Vote, ...]
    settled: Settled | None
    settled_ms: int | None

    @property
    def token(self) -> str:
        """What stands for the merchant."""
        return show_token(self.merchant)

    def decision(self, now_ms: int) -> Decision:
        """The decision in force: what people settled on, else what the review proposes. A proposed refusal whose hold
        has ended without two people is a request for information, which somebody has to look at."""
        if self.settled is not None:
            return self.settled
        lapsed = self.proposed == "refuse" and now_ms >= self.hold_until_ms
        return "request_information" if lapsed or self.asked_ms is not None else self.proposed

    def state(self, now_ms: int) -> State:
        """Where it stands."""
        told: dict[Decision, State] = {
            "admit": "admitted", "admit_with_limits": "admitted_with_limits",
            "refuse": "refused" if self.settled is not None else "held",
        }  # fmt: skip
        found = told.get(self.decision(now_ms))
        if found is not None:
            return found
        return "lapsed" if now_ms >= self.answer_by_ms else "waits_for_answer"

    @property
    def latest_votes(self) -> list[Vote]:
        """What each person said last, the newest last: who has changed their mind counts once."""
        last = {vote.person: vote for vote in self.votes}
        return sorted(last.values(), key=lambda vote: vote.number)

    @property
    def asked_ms(self) -> int | None:
        """When a person asked for information, which ends the hold of a proposed refusal too."""
        asked = [vote.made_ms for vote in self.latest_votes if vote.decision == "request_information"]
        return asked[-1] if asked else None

    def still_open(self, now_ms: int) -> str | None:
        """What a later review has to find of this one (`Review.still_open`); nothing once people have settled."""
        if self.settled is not None or self.review is None:
            return None
        if self.asked_ms is not None:
            return "question_open"
        return self.review.still_open(now_ms) or ("question_open" if self.is_refused_by_one else None)

    @property
    def is_refused_by_one(self) -> bool:
        """Whether somebody's refusal waits for a second."""
        return self.settled is None and any(vote.decision == "refuse" for vote in self.latest_votes)

    @property
    def stands(self) -> Decision:
        """What people settled on, else what the machine proposed: who was asked something since was admitted still."""
        return self.settled or self.proposed

    @property
    def answer_by_ms(self) -> int:
        """Until when an answer is awaited, where one is."""
        asked = self.hold_until_ms if self.proposed == "refuse" else self.made_ms
        return (self.asked_ms or asked) + ANSWER_WITHIN_MS

    @property
    def hold_until_ms(self) -> int:
        """When the hold of a proposed refusal ends."""
        return self.made_ms + HOLD_MS

    @property
    def is_of_newcomer(self) -> bool:
        """Whether limits that it admits with are a newcomer's: not of who was admitted by it a ramp's length ago."""
        review, ramp_ms = self.review, ENDS_AFTER_DAYS[False] * DAY_MS
        if self.proposed in ADMITTED and self.settled_ms is not None and self.settled_ms - self.made_ms >= ramp_ms:
            return False
        return review is not None and not (review.again if review.known is None else review.known)

    @property
    def limits_since_ms(self) -> int:
        """When limits that it admits with began."""
        inherited = None if self.review is None else self.review.since_ms
        settled = self.settled_ms if self.settled == "admit_with_limits" else None
        return inherited or settled or self.made_ms

    def lists(self, now_ms: int) -> dict[str, int]:
        """The engine's lists that such limits put the merchant on, each with its end; those that have not ended."""
        return lists_at(self.limits_since_ms, now_ms, known=not self.is_of_newcomer)

    def _limits(self, now_ms: int) -> dict[str, Any] | None:
        decision = self.decision(now_ms)
        goes_on = self.review is not None and self.review.since_ms is not None and self.settled is None
        if self.review is None or not (decision == "admit_with_limits" or goes_on):
            return None
        return limits_at(self.limits_since_ms, now_ms, known=not self.is_of_newcomer)

    def to_wire(self, now_ms: int, *, inside: bool) -> dict[str, Any]:
        """The review as JSON shows it; what findings rest on, and who decided, only for the office's own."""
        decision = self.decision(now_ms)
        told: dict[str, Any] = {
            "number": self.number, "merchant_id": self.token, "event_id": self.event_id, "cause": self.cause,
            "made": show_moment(self.made_ms), "proposed": self.proposed, "decision": decision,
            "outcome": OUTCOME_OF[decision], "state": self.state(now_ms),
            "decided_by": "machine" if self.settled is None else "people",
            "settled": None if self.settled_ms is None else show_moment(self.settled_ms),
            "hold_until": show_moment(self.hold_until_ms) if self.state(now_ms) == "held" else None,
            "limits": self._limits(now_ms),
        }  # fmt: skip
        review = self.review
        if review is None:
            return {**told, "answer_by": None, "reasons": [], "papers_missing": [], "forgotten": True}
        wire, asks = review.to_wire(), told["state"] in ("waits_for_answer", "lapsed")
        told |= {"answer_by": show_moment(self.answer_by_ms) if asks else None,
                 "reasons": review.reasons(), "papers_missing": wire["papers_missing"], "forgotten": False}  # fmt: skip
        if inside:
            told |= {"findings": wire["findings"], "votes": [vote.to_wire() for vote in self.votes]}
        return told


class KeptMerchant(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant that has applied."""

    merchant: int
    standing: Standing
    application: int
    review: int | None
    changed_ms: int

    def to_wire(self) -> dict[str, Any]:
        """The merchant as JSON shows it."""
        return {"merchant_id": show_token(self.merchant), "standing": self.standing,
                "changed": show_moment(self.changed_ms), "wind_down": self.wind_down}  # fmt: skip

    @property
    def wind_down(self) -> dict[str, Any] | None:
        """How it is wound down, as JSON shows it; None where it was not closed."""
        return wind_down(self.changed_ms) if self.standing == "closed" else None


def subject_of(merchant: int) -> Subject:
    """The merchant as the vault knows it."""
    return Subject("merchant", merchant)


def next_number(connection: Connection, table: Any) -> int:
    """The number after the last one of a table, from 1."""
    return int(connection.scalar(select(func.max(table.c.number))) or 0) + 1


def put_review(
    connection: Connection, vault: Vault, merchant: int, application: int, review: Review, cause: Cause, trigger: str
) -> int | None:  # fmt: skip
    """Keep a review; its number, or None where the merchant is not known (any more), or the trigger has had its one."""
    table = merchant_reviews
    if connection.scalar(select(table.c.number).where(table.c.trigger == trigger)) is not None:
        return None
    number = next_number(connection, table)
    told = (review.findings, review.missing, review.again, review.known, review.since_ms, review.in_force)
    kept = msgspec.json.encode(_Kept(*told))
    box = seal_under(vault, connection, subject_of(merchant), f"review {number}", kept)
    if box is None:
        return None
    row = {"number": number, "merchant": merchant, "application": application, "cause": cause, "trigger": trigger,
           "made_ms": review.made_ms, "proposed": review.decision, "findings": box, "lapsed_ms": None}  # fmt: skip
    connection.execute(table.insert().values(**row))
    return number


def put_merchant(connection: Connection, merchant: int, now_ms: int, **values: Any) -> None:
    """Write what has changed of a merchant; one that was not there is made, and has applied."""
    row = {**values, "changed_ms": now_ms}
    table = merchants
    if not connection.execute(update(table).where(table.c.merchant == merchant).values(**row)).rowcount:
        connection.execute(table.insert().values(**{"merchant": merchant, "standing": "applied", "review": None} | row))


def find_merchant(connection: Connection, merchant: int) -> KeptMerchant | None:
    """A merchant; None where it has not applied."""
    row = connection.execute(select(merchants).where(merchants.c.merchant == merchant)).one_or_none()
    return None if row is None else KeptMerchant(**row._asdict())


_JOINED: Final = (
    select(merchant_reviews, merchant_outcomes.c.decision.label("settled"),
           merchant_outcomes.c.made_ms.label("settled_ms"), merchant_applications.c.event_id)
    .join(merchant_applications, merchant_applications.c.number == merchant_reviews.c.application)
    .outerjoin(merchant_outcomes, merchant_outcomes.c.review == merchant_reviews.c.number)
)  # fmt: skip


def reviews_of(connection: Connection, vault: Vault, merchant: int, limit: int) -> list[KeptReview]:
    """The newest reviews of a merchant, the newest first."""
    asked = _JOINED.where(merchant_reviews.c.merchant == merchant).order_by(merchant_reviews.c.number.desc())
    return [_kept(connection, vault, row) for row in connection.execute(asked.limit(limit))]


def find_review(connection: Connection, vault: Vault, number: int) -> KeptReview | None:
    """A review by its number."""
    row = connection.execute(_JOINED.where(merchant_reviews.c.number == number)).one_or_none()
    return None if row is None else _kept(connection, vault, row)


def _kept(connection: Connection, vault: Vault, row: Any) -> KeptReview:
    subject = subject_of(row.merchant)
    box = open_under(vault, connection, subject, f"review {row.number}", bytes(row.findings))
    review = None
    if box is not None:
        told = _read_kept(box)
        review = Review(show_token(row.merchant), row.made_ms, *msgspec.structs.astuple(told))
    asked = select(merchant_votes).where(merchant_votes.c.review == row.number).order_by(merchant_votes.c.number)
    votes = [_vote(connection, vault, subject, one) for one in connection.execute(asked).all()]
    return KeptReview(
        number=row.number, merchant=row.merchant, application=row.application, cause=row.cause, event_id=row.event_id,
        made_ms=row.made_ms, proposed=row.proposed, review=review, lapsed_ms=row.lapsed_ms, votes=tuple(votes),
        settled=row.settled, settled_ms=row.settled_ms,
    )  # fmt: skip


def _vote(connection: Connection, vault: Vault, subject: Subject, row: Any) -> Vote:
    note = open_under(vault, connection, subject, f"vote {row.number}", bytes(row.note))
    return Vote(number=row.number, person=row.person, decision=row.decision,
                note=None if note is None else note.decode(), made_ms=row.made_ms)  # fmt: skip
