"""The review of an application: findings, what they rest on, and the decision that they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from bonafide.core.business_numbers.reading import read_number
from bonafide.core.moment import DAY_MS, HOUR_MS, show_moment
from bonafide.office.merchants.application import Application, Merchant, Owner, is_other_number
from bonafide.office.merchants.checklist import NAMES, check_papers, fold_word
from bonafide.office.merchants.drift import Drift
from bonafide.office.merchants.index import SIMILARITY_MIN, similarity
from bonafide.office.merchants.kinship import kinship
from bonafide.office.merchants.names import fold
from bonafide.office.merchants.register import Register
from bonafide.office.merchants.screening import Hit, Screening
from bonafide.office.merchants.table import (
    FINDINGS,
    OUTCOME_OF,
    SEVERITIES,
    Decision,
    Outcome,
    Severity,
    strictest,
)
from bonafide.office.merchants.texts import TEXTS

YOUNG_MS: Final = 90 * DAY_MS
"""A business younger than this is admitted with limits."""
SKEW_MS: Final = DAY_MS
"""A date of opening may be so far ahead: it has no zone."""
OPENED_MIN_MS: Final = -170 * 366 * DAY_MS
"""Nothing that applies today opened before about 1800."""
ANSWER_WITHIN_MS: Final = 14 * DAY_MS
ANSWERED_TO_PEOPLE: Final = frozenset({"question_open", "ticket_drift", "category_drift", "category_undeclared"})
"""What no application answers by itself: a person looks at what comes."""
HOLD_MS: Final = 72 * HOUR_MS
"""How long a proposed refusal holds an application; after that the applicant is asked for information instead."""

Found = tuple[str, dict[str, Any]]
"""A code of `table.FINDINGS`, and what it rests on."""


class Finding(msgspec.Struct, frozen=True):
    """One thing found."""

    code: str
    rests_on: dict[str, Any] = {}
    """For whoever reviews: it may name other merchants, and is never told to the applicant."""

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return FINDINGS[self.code].severity

    @property
    def asks(self) -> Decision:
        """The decision that it asks for."""
        return FINDINGS[self.code].asks

    def reason(self) -> dict[str, str]:
        """What the applicant is told of it."""
        return {"code": self.code, **TEXTS[self.code]._asdict()}

    def to_wire(self) -> dict[str, Any]:
        """The finding as the office's JSON shows it."""
        row = FINDINGS[self.code]
        return {**self.reason(), "severity": row.severity, "family": row.family, "asks": row.asks,
                "rests_on": self.rests_on}  # fmt: skip


class Review(msgspec.Struct, frozen=True):
    """What was found about one application, at one moment."""

    merchant: str
    made_ms: int
    findings: tuple[Finding, ...]
    """The gravest first."""
    missing: tuple[str, ...] = ()
    """Kinds of paper that are asked for."""
    again: bool = False
    """Whether the merchant was reviewed before."""
    known: bool | None = None
    """Whether it was admitted before and is no newcomer any more; None: as `again` says."""
    since_ms: int | None = None
    """When the newcomer's ramp began that it is on; None: it begins when this review admits with limits."""
    in_force: Decision | None = None
    """What people had settled on where one of them opens it again: it holds until they settle on something else."""

    @property
    def decision(self) -> Decision:
        """The strictest decision that a finding asks for; `refuse` is a proposal to people."""
        return self.in_force or strictest({one.asks for one in self.findings})

    @property
    def outcome(self) -> Outcome:
        """The decision in the words of events."""
        return OUTCOME_OF[self.decision]

    @property
    def answer_by_ms(self) -> int | None:
        """Until when an answer is awaited; None where nothing is asked."""
        return self.made_ms + ANSWER_WITHIN_MS if self.decision == "request_information" else None

    @property
    def hold_until_ms(self) -> int | None:
        """Until when a proposed refusal holds the application; None where none is proposed."""
        return self.made_ms + HOLD_MS if self.decision == "refuse" else None

    def still_open(self, now_ms: int) -> str | None:
        """What a later review has to find of this one, where people have not decided: no application ends what they
        are to look at."""
        if self.hold_until_ms is not None:
            return "refusal_open" if now_ms < self.hold_until_ms else "refusal_lapsed"
        codes = {one.code for one in self.findings}
        if "refusal_lapsed" in codes:
            return "refusal_lapsed"
        return None if codes.isdisjoint(ANSWERED_TO_PEOPLE) else "question_open"

    def on_ramp(self, since_ms: int, *, known: bool = False) -> Review:
        """The same of a merchant whose limits began then and go on, a newcomer's ramp or those of who is known: no
        machine lets anybody off them."""
        still = Finding("ramp_unfinished", {"since_ms": since_ms})
        findings = sorted({one.code: one for one in (*self.findings, still)}.values(), key=_gravest_first)
        return replace(self, findings=tuple(findings), known=known, since_ms=since_ms)

    def reasons(self) -> list[dict[str, str]]:
        """What the applicant is told: the findings that ask for something, without what others have to do with it."""
        return [one.reason() for one in self.findings if one.asks != "admit"]

    def to_wire(self) -> dict[str, Any]:
        """The review as the office's JSON shows it."""
        papers = [{"kind": kind, "zh": NAMES[kind][0], "en": NAMES[kind][1]} for kind in self.missing]
        ends = {name: None if at is None else show_moment(at)
                for name, at in (("answer_by", self.answer_by_ms), ("hold_until", self.hold_until_ms))}  # fmt: skip
        return {"merchant": self.merchant, "made": show_moment(self.made_ms), "proposed": self.decision,
                "outcome": self.outcome, **ends, "papers_missing": papers, "again": self.again,
                "findings": [one.to_wire() for one in self.findings]}  # fmt: skip


class Beside(NamedTuple):
    """What a review knows beside the application and the register."""

    owner: Owner | None = None
    """Whose the payout account is; None where nobody has said."""
    before: Merchant | None = None
    """What the merchant said when it was last admitted, or else at first; None at its first application."""
    drifts: Sequence[Drift] = ()
    """How its trade has changed."""
    identity: str = ""
    """The representative's id in clear, for lists, where the application has something else in its place."""
    open: str | None = None
    """What people still have to decide about it, as a code of `table.FINDINGS` (`Review.still_open`)."""


NOTHING: Final = Beside()
_NO_LISTS: Final = Screening()


def review(
    application: Application, register: Register, now_ms: int, *, screening: Screening = _NO_LISTS,
    beside: Beside = NOTHING,
) -> Review:  # fmt: skip
    """Review an application against the merchants of a register and the entries of lists, as of a moment.

    The same arguments give the same review. It decides nothing: `Review.decision` is what its findings ask for, and
    a refusal is a proposal to people.

    >>> one = Application(merchant="m1", legal_name="上海明华贸易有限公司", registration_no="91110000600037341L",
    ...                   representative="r1", category="toys", opened_on_ms=0)
    >>> found = review(one, Register(), 1_767_601_800_000)
    >>> found.decision, [finding.code for finding in found.findings]
    ('request_information', ['documents_missing'])
    """
    papers = check_papers(application.category, [one.kind for one in application.papers])
    found = [
        *_qualification(application, now_ms), *_account(application, beside.owner, register),
        *kinship(register.relatives(application)),
        *_screened(screening.hits(application, beside.identity)), *_changes(application, beside),
    ]  # fmt: skip
    asked = {one.code for one in beside.drifts} & ANSWERED_TO_PEOPLE
    if beside.open is not None and not (beside.open == "question_open" and asked):
        found.append((beside.open, {}))
    if papers.missing:
        found.append(("documents_missing", {"kinds": list(papers.missing)}))
    if papers.other_category:
        found.append(("licence_category", {"kinds": list(papers.other_category), "category": application.category}))
    once = dict(reversed(found))
    findings = sorted((Finding(code, rests_on) for code, rests_on in once.items()), key=_gravest_first)
    return Review(application.merchant, now_ms, tuple(findings), papers.missing, beside.before is not None)


def _gravest_first(finding: Finding) -> tuple[int, str]:
    return -SEVERITIES.index(finding.severity), finding.code


def _qualification(application: Application, now_ms: int) -> Iterator[Found]:
    number = read_number(application.registration_no)
    if number.state != "valid":
        yield f"registration_{number.state}", {"scheme": number.scheme}
    name = fold(application.legal_name)
    if name.mixed:
        yield "name_mixed_scripts", {}
    if name.hidden or not name.plain:
        yield "name_hidden_signs", {}
    opened = application.opened_on_ms
    if opened is None:
        yield "age_unknown", {}
    elif opened > now_ms + SKEW_MS:
        yield "opened_in_future", {"opened_ms": opened}
    elif opened < OPENED_MIN_MS:
        yield "opened_impossible", {"opened_ms": opened}
    elif opened > now_ms - YOUNG_MS:
        yield "business_young", {"days": max(0, now_ms - opened) // DAY_MS}


def _account(application: Application, owner: Owner | None, register: Register) -> Iterator[Found]:
    if application.account is None:
        return
    if owner is None:
        yield "account_unproven", {}
    elif not is_ones_own(application, owner, register):
        yield "account_of_other", {"owner_type": owner.owner_type, "owner": owner.owner_id}


def is_ones_own(application: Application, owner: Owner, register: Register) -> bool:
    """Whether an account of this owner is the applicant's own, its representative's, or another of their shops'."""
    if owner in (("merchant", application.merchant), ("person", application.representative)):
        return True
    shop = register.get(owner.owner_id) if owner.owner_type == "merchant" else None
    return shop is not None and shop.application.representative == application.representative


def _screened(hits: Sequence[Hit]) -> Iterator[Found]:
    for code, by in (("screening_identifier", "identifier"), ("screening_name", "name")):
        entries = [{"entity": hit.entity_id, "score": hit.score} for hit in hits if hit.by == by]
        if entries:
            yield code, {"entries": entries}


def _changes(application: Application, beside: Beside) -> Iterator[Found]:
    for one in beside.drifts:
        yield one.code, {"measure": one.measure, "orders_before": one.before, "orders_after": one.after}
    if beside.before is None:
        return
    old = beside.before.application
    if beside.before.standing in ("refused", "closed"):
        itself = {"merchant": application.merchant, "standing": beside.before.standing, "shared": ["merchant"],
                  "name_similarity": 1.0}  # fmt: skip
        yield "relative_of_closed", {"merchants": [itself], "count": 1}
    admitted = beside.before.standing != "applied"
    changed = [
        name
        for name, is_so in (
            ("registration_no", is_other_number(old, application, admitted=admitted)),
            ("legal_name", _is_other_name(old.legal_name, application.legal_name, admitted=admitted)),
            ("representative", old.representative != application.representative),
        )
        if is_so
    ]
    if changed:
        yield "owner_changed", {"fields": changed}
    if old.account is not None and old.account != application.account:
        yield "account_changed", {}
    if fold_word(old.category) != fold_word(application.category):
        yield "category_changed", {"from": old.category, "to": application.category}


def _is_other_name(before: str, now: str, *, admitted: bool) -> bool:
    """Whether two names of a merchant are not one, written in two ways. A name that was asked about is put right, but
    not once the merchant was admitted with it."""
    first, second = fold(before), fold(now)
    asked = not admitted and (first.mixed or first.hidden or not first.plain)
    if asked or first.skeleton == second.skeleton:
        return False
    return similarity(first.plain, second.plain) < SIMILARITY_MIN
