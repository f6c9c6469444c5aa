"""Reviews looked at and decided by people. One person may admit, or ask for more; a refusal takes two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace
from sqlalchemy import func, select

from bonafide.core.errors import BonafideError, MissingError, UsageError
from bonafide.core.pseudonym import read_token, show_token
from bonafide.core.text import is_tidy, to_nfc
from bonafide.office.access.checks import check_said
from bonafide.office.admission.limiting import follow_limits
from bonafide.office.admission.past import Past
from bonafide.office.admission.rows import (
    FAMILY,
    KeptMerchant,
    KeptReview,
    find_merchant,
    find_review,
    next_number,
    put_merchant,
    put_review,
    reviews_of,
    subject_of,
)
from bonafide.office.admission.told import message_of
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.merchants.application import Standing
from bonafide.office.merchants.review import Review
from bonafide.office.merchants.table import Decision
from bonafide.office.outbox.placing import place_messages
from bonafide.office.people.matrix import Deed, check_may
from bonafide.office.people.rows import may_now
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import StoreError
from bonafide.office.store.tables import merchant_applications, merchant_outcomes, merchant_votes, merchants
from bonafide.office.vault.pseudonym import pseudonym_of
from bonafide.office.vault.under import seal_under

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.vault.vault import Vault

NOTE_LENGTH_MAX: Final = 500
REVIEWS_SHOWN: Final = 50
"""Of one merchant; older ones are in the store."""
_ROUTE: Final = "POST /v1/merchants/{id}/decide"
_STANDS: Final[dict[Decision, Standing]] = {"admit": "active", "admit_with_limits": "active", "refuse": "refused"}


class Admissions:
    """The reviews of one data directory. All of it may be called by several threads; none is a coroutine."""

    def __init__(self, vault: Vault, secret: bytes, *, clock: Callable[[], int] | None = None) -> None:
        self._vault = vault
        self._store = vault.store
        self._secret = secret
        self._clock = clock or vault.clock

    def pseudonym_of(self, merchant: str) -> int:
        """The pseudonym that a token says or an id has. UsageError for what is neither."""
        found = read_token(merchant) or read_token(f"~{merchant}")
        if found is not None:
            return found
        text = to_nfc(merchant, 128)
        if not 1 <= len(text) <= 128 or not is_tidy(text):
            raise UsageError("merchant: give its id, or the token that stands for it")
        return pseudonym_of(text, self._secret)

    def merchants(
        self, standing: Standing | None = None, before: int | None = None, limit: int = 100
    ) -> list[tuple[KeptMerchant, KeptReview | None]]:  # fmt: skip
        """Merchants with their newest review, those first of which something changed last; before the review of a
        number, which the last of a page gives."""
        wanted = [] if standing is None else [merchants.c.standing == standing]
        wanted += [] if before is None else [func.coalesce(merchants.c.review, 0) < before]
        with self._store.reading() as connection:
            asked = select(merchants).where(*wanted)
            asked = asked.order_by(func.coalesce(merchants.c.review, 0).desc(), merchants.c.merchant).limit(limit)
            found = [KeptMerchant(**row._asdict()) for row in connection.execute(asked).all()]
            return [(one, None if one.review is None else find_review(connection, self._vault, one.review))
                    for one in found]  # fmt: skip

    def page(self, standing: Standing | None, before: int | None, limit: int) -> dict[str, Any]:
        """Merchants as JSON shows them, each with its newest review, and the number to go on before."""
        found = self.merchants(standing, before, limit + 1)
        shown, now = found[:limit], self._clock()
        told = [
            {**one.to_wire(), "reviews": [] if kept is None else [kept.to_wire(now, inside=True)]}
            for one, kept in shown
        ]
        last = shown[-1][0].review if len(found) > limit else None
        return {"merchants": told, "next_before": last or None}

    def show(self, merchant: str, *, inside: bool = True) -> dict[str, Any]:
        """A merchant with its reviews, as JSON shows it. MissingError where it has not applied."""
        with self._store.reading() as connection:
            found = self._known(connection, merchant)
            reviews = reviews_of(connection, self._vault, found.merchant, REVIEWS_SHOWN if inside else 1)
        now = self._clock()
        told = [one.to_wire(now, inside=inside) for one in reviews]
        return {**found.to_wire(), "reviews": told}

    def decide(self, who: Session, origin: str, merchant: str, decision: Decision, note: str) -> KeptReview:
        """Decide about the newest review of a merchant. One that is settled is opened again, so that a refusal can be
        taken back and an admission ended.

        `refuse` stands when another person refuses too; the first is a vote. Whatever is settled, the platform is told
        at once. MissingError, ForbiddenError, NotNowError where the same person has said the same already.
        """
        with self._acting(who, origin, merchant) as (connection, now, actor):
            check_said("note", note, NOTE_LENGTH_MAX)
            known = self._known(connection, merchant)
            if known.review is None:
                raise NotNowError("the application has not been reviewed yet; it takes a minute at most")
            kept = self._open(connection, known, decision, now)
            self._vote(connection, kept, who, decision, note, now)
            kept = self._settle(connection, known, self._review(connection, kept.number), decision, now)
            details = {"review": kept.number, "decision": decision, "settled": kept.settled or "no"}
            append(connection, actor, "merchant.decide", f"merchant:{kept.token}", now, details=details)
            return kept

    def _open(self, connection: Connection, known: KeptMerchant, decision: Decision, now: int) -> KeptReview:
        kept = self._review(connection, known.review or 0)
        if kept.settled is None:
            return kept
        if kept.settled == decision:
            raise NotNowError(f"review {kept.number}: is settled so already")
        if kept.review is None:
            raise NotNowError(f"review {kept.number}: of what it rested on nothing is kept any more")
        again = Past.of(connection, self._vault, kept.merchant, now).continued(_again(kept, now))
        number = put_review(
            connection, self._vault, kept.merchant, kept.application, again, "again", f"again:{kept.number}"
        )
        if number is None:
            raise NotNowError(f"review {kept.number}: the merchant is to be forgotten")
        put_merchant(connection, kept.merchant, now, review=number)
        return self._review(connection, number)

    def _vote(
        self, connection: Connection, kept: KeptReview, who: Session, decision: Decision, note: str, now: int
    ) -> None:  # fmt: skip
        if any(vote.person == who.name and vote.decision == decision for vote in kept.votes):
            why = "; somebody else has to refuse it too" if decision == "refuse" else ""
            stands = any(vote.person == who.name and vote.decision == decision for vote in kept.latest_votes)
            told = "you have decided so already" if stands else "you have decided so before, and otherwise since"
            raise NotNowError(f"review {kept.number}: {told}{why}")
        number = next_number(connection, merchant_votes)
        box = seal_under(self._vault, connection, subject_of(kept.merchant), f"vote {number}", note.encode())
        if box is None:
            raise NotNowError("the merchant was forgotten, or is to be; nothing is decided about it any more")
        row = {"number": number, "review": kept.number, "person": who.name, "decision": decision, "note": box,
               "made_ms": now}  # fmt: skip
        connection.execute(merchant_votes.insert().values(**row))

    def _settle(
        self, connection: Connection, known: KeptMerchant, kept: KeptReview, decision: Decision, now: int
    ) -> KeptReview:  # fmt: skip
        said = [vote for vote in kept.latest_votes if vote.decision == decision]
        # Nobody is refused by who may not sign in any more.
        same = [vote for vote in said if may_now(connection, vote.person, Deed("route", _ROUTE))]
        settles = decision in _STANDS and (decision != "refuse" or len(same) >= 2)
        if settles:
            two = decision == "refuse"
            row = {"review": kept.number, "decision": decision, "first": same[0].number if two else same[-1].number,
                   "second": same[-1].number if two else None, "made_ms": now}  # fmt: skip
            connection.execute(merchant_outcomes.insert().values(**row))
            standing = _STANDS[decision]
            if standing == "refused" and known.standing in ("active", "suspended", "closed"):
                standing = "closed"
            put_merchant(connection, kept.merchant, now, standing=standing)
            kept = self._review(connection, kept.number)
            follow_limits(connection, self._vault, kept, now)
        if settles or decision == "request_information":
            down = self._known(connection, show_token(kept.merchant)).wind_down if kept.settled == "refuse" else None
            told = message_of(kept, self._seq(connection, kept), now, self._secret, down)
            place_messages(connection, [told], now)
        return kept

    def _seq(self, connection: Connection, kept: KeptReview) -> int:
        table = merchant_applications.c
        return int(connection.scalar(select(table.seq).where(table.number == kept.application)) or 0)

    def _review(self, connection: Connection, number: int) -> KeptReview:
        found = find_review(connection, self._vault, number)
        if found is None:
            raise MissingError(f"review {number}: there is none of this number")
        return found

    def _known(self, connection: Connection, merchant: str) -> KeptMerchant:
        found = find_merchant(connection, self.pseudonym_of(merchant))
        if found is None:
            raise MissingError("merchant: none of this id has applied; bonafide merchant list shows them")
        return found

    @contextmanager
    def _acting(self, who: Session, origin: str, merchant: str) -> Iterator[tuple[Connection, int, Actor]]:
        actor = Actor(f"person:{who.name}", origin)
        try:
            who.check_complete()
            check_may(who.role, Deed("route", _ROUTE))
            with self._store.writing(FAMILY) as connection:
                yield connection, self._clock(), actor
        except BonafideError as error:
            with suppress(StoreError, UsageError), self._store.writing() as connection:
                on_what = f"merchant:{show_token(self.pseudonym_of(merchant))}"
                append(connection, actor, "merchant.decide", on_what, self._clock(), outcome="refused",
                       details={"why": type(error).__name__})  # fmt: skip
            raise


def _again(kept: KeptReview, now: int) -> Review:
    """The same review, opened by one person. An admission stays in force meanwhile: to end it takes two. Who was
    refused is asked, until somebody decides."""
    assert kept.review is not None
    stays: Decision | None = kept.settled if kept.settled != "refuse" else "request_information"
    return replace(kept.review, made_ms=now, again=True, in_force=stays)
