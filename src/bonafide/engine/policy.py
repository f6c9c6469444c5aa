"""Policy: from a score, the rules that hit, the amount and the payer's level to what happens to the event.

In this order: the first row that fits, else the band of the score; never milder than what rules, faults and a model's
rules alone demand; at most `allow` for who is on an allow list; at least what a block list says.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import prod
from types import MappingProxyType
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from bonafide.core.decision import OUTCOMES, RISK_LEVELS, SCORE_UNIT, Outcome, RiskLevel
from bonafide.core.fields import FIELDS
from bonafide.core.mistakes import Mistake
from bonafide.core.moment import SPAN_PATTERN, DAY_MS, parse_span, show_span
from bonafide.core.text import did_you_mean
from bonafide.engine.bundles.shapes import Path, fit
from bonafide.engine.compiled import Settings
from bonafide.engine.fail_modes import TYPES, DeclaredFailModes, FailModes, faults_of, made_of, strictness
from bonafide.engine.policy_rows import (
    Cell, PolicyRow, amount_cuts, faults_of_rows, may_fit, row_of, score_cuts,
)  # fmt: skip
from bonafide.engine.rules.source import Document

MeasureName = Literal["notice", "request_information"]
"""What this policy may propose by itself; anything harder needs the ladder."""
HoldDefault = Literal["allow", "warn", "verify"]
"""What a held event goes on as when its time is over: nothing is declined that nobody decided on."""
LASTS_MAX_MS: Final = 3_650 * DAY_MS
HOLDS_MAX_MS: Final = 3 * DAY_MS
"""As long as a rule may have an event held: as long as a measure lasts that no two people confirmed."""
ALERT_FROM: Final = OUTCOMES.index("verify")

_Score = Annotated[float, Meta(ge=0, le=1, description="a score from 0 to 1")]
_Span = Annotated[
    str,
    Meta(
        pattern=f"^{SPAN_PATTERN}$",
        description="a span: a whole number and a unit, such as 30m, 24h or 7d",
    ),
]


class OutcomeBand(Struct, frozen=True, forbid_unknown_fields=True):
    """From this score on, this outcome."""

    from_: _Score = msgspec.field(name="from")
    outcome: Outcome


class RiskBand(Struct, frozen=True, forbid_unknown_fields=True):
    """From this score on, this risk level."""

    from_: _Score = msgspec.field(name="from")
    level: RiskLevel


class Proposal(Struct, frozen=True, forbid_unknown_fields=True):
    """What an outcome proposes for the subject, and for how long."""

    measure: MeasureName
    lasts: _Span


class FaultRow(Struct, frozen=True, forbid_unknown_fields=True):
    """The mildest outcome where something that decides was missing or did not answer."""

    missing_currency: Outcome = "allow"
    degraded: dict[str, Outcome] = {}
    """By the name of the part."""


class ListRow(Struct, frozen=True, forbid_unknown_fields=True):
    """What follows for events whose field has a value that is on a list."""

    list: Annotated[str, Meta(description="the name of a list in lists/")]
    of: Annotated[str, Meta(description="a field that holds a text, such as merchant_id")]
    effect: Literal["allow", "watch", "block"]
    outcome: Literal["verify", "hold", "decline"] | None = None
    """Of a block list; `hold` without it."""


class DeclaredPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """The policy file: bands in rising order, the first from 0."""

    outcomes: tuple[OutcomeBand, ...]
    risk_levels: tuple[RiskBand, ...]
    hold_for: _Span
    rows: tuple[PolicyRow, ...] = ()
    hold_default: HoldDefault = "allow"
    holds: dict[str, _Span] = {}
    """How long instead, where one of these rules hit."""
    faults: FaultRow = FaultRow()
    lists: tuple[ListRow, ...] = ()
    measures: dict[Outcome, Proposal] = {}
    fail_modes: DeclaredFailModes | None = None


class Policy(NamedTuple):
    """A policy that was checked: bands in rising order, the first from 0."""

    outcomes: tuple[OutcomeBand, ...]
    risk_levels: tuple[RiskBand, ...]
    hold_for: str
    """After this span a hold ends by itself, and the event goes on."""
    measures: Mapping[Outcome, Proposal] = MappingProxyType({})
    fail_modes: FailModes = FailModes()
    rows: tuple[PolicyRow, ...] = ()
    hold_default: HoldDefault = "allow"
    """What becomes of a held event that nobody has decided on."""
    faults: FaultRow = FaultRow()
    lists: tuple[ListRow, ...] = ()
    holds: Mapping[str, str] = MappingProxyType({})
    """How long a hold lasts instead where one of these rules hit; of several the longest counts."""

    def hold_ms(self, hits: Iterable[str]) -> int:
        """How long an event is held that these rules hit."""
        own = [parse_span(self.holds[rule]) for rule in hits if rule in self.holds]
        return max(own, default=parse_span(self.hold_for))

    @property
    def cuts(self) -> list[int]:
        """The scores, in millionths, from which on a band or a row may say something else; the first is 0."""
        return sorted({*self.outcome_starts, *score_cuts(self.rows)})

    @property
    def amounts(self) -> list[int]:
        """The amounts that rows ask for, rising."""
        return amount_cuts(self.rows)

    @property
    def outcome_starts(self) -> list[int]:
        """Where each outcome's band begins, in millionths."""
        return [round(band.from_ * SCORE_UNIT) for band in self.outcomes]

    @property
    def level_starts(self) -> list[int]:
        """Where each risk level's band begins, in millionths."""
        return [round(band.from_ * SCORE_UNIT) for band in self.risk_levels]

    @property
    def line_e6(self) -> int | None:
        """The least score, in millionths, at which something happens to a payment, which is what models score; None
        where nothing ever does."""
        starts = [round(b.from_ * SCORE_UNIT) for b in self.outcomes if b.outcome != "allow"]
        about = [row for row in self.rows if row.outcome != "allow" and may_fit(row, "payment")]
        rows = [round(row.score.from_ * SCORE_UNIT) if row.score else 0 for row in about]
        return min([*starts, *rows], default=None)


Because = Literal["band", "row", "rules", "fault", "list"]


class Known(NamedTuple):
    """What the rows and lists of a policy may name."""

    rules: tuple[str, ...]
    lists: tuple[str, ...]
    reasons: tuple[str, ...]


class Ruling(NamedTuple):
    """What a policy says about an event and its subject."""

    outcome: Outcome
    risk_level: RiskLevel
    alert: bool
    proposal: Proposal | None
    hold_ms: int | None
    because: tuple[Because, str] = ("band", "")
    """What gave the outcome, and which: a band's start, a row's number, rules, a fault, a list."""
    release: Outcome | None = None
    """Of a hold: what becomes of the event when it ends by itself."""


class Case(NamedTuple):
    """What a policy rules on."""

    cell: Cell
    """Its score is that of the cut that the event's has reached."""
    level: RiskLevel
    at_least: Outcome = "allow"
    """The strictest that rules demand by their effects and weights, and which do."""
    demanding: tuple[str, ...] = ()
    is_watched: bool = False
    """Whether a monitor hit."""
    missing_currency: bool = False
    degraded: tuple[str, ...] = ()
    lists: tuple[int, ...] = ()
    """The numbers of the policy's lists that the event is on."""


def read_policy(
    document: Document, name: str, settings: Settings | None = None, known: Known | None = None
) -> tuple[Policy | None, list[Mistake]]:  # fmt: skip
    """The policy that a YAML document says, and everything that is wrong with it; None where something is.

    `settings` are the bundle's, whose currency the amounts of fail modes are in; `known` is what its rows and lists may
    name, None: nobody can say.
    """
    policy, mistakes = fit(document, DeclaredPolicy, name)
    if policy is None:
        return None, mistakes
    found = [*_faults_of(policy), *([] if known is None else _faults_of_names(policy, known))]
    places = [(document.place(path), told) for path, told in found]
    mistakes = [Mistake("out-of-range", told, name, at.line, at.column, at.width) for at, told in places]
    if mistakes:
        return None, mistakes
    fails = made_of(policy.fail_modes, parse_span(policy.hold_for), settings)
    return Policy(
        policy.outcomes, policy.risk_levels, policy.hold_for, policy.measures, fails, policy.rows, policy.hold_default,
        policy.faults, policy.lists, policy.holds,
    ), []  # fmt: skip


def _faults_of(policy: DeclaredPolicy) -> list[tuple[Path, str]]:
    """What is wrong with a policy of the right shape, each with its place."""
    outcomes = [(band.from_, OUTCOMES.index(band.outcome)) for band in policy.outcomes]
    levels = [(band.from_, RISK_LEVELS.index(band.level)) for band in policy.risk_levels]
    faults = [*_faults_of_bands(("outcomes",), outcomes), *_faults_of_bands(("risk_levels",), levels)]
    spans: dict[Path, str] = {("hold_for",): policy.hold_for}
    spans |= {("measures", outcome, "lasts"): proposal.lasts for outcome, proposal in policy.measures.items()}
    for rule, span in policy.holds.items():
        if parse_span(span) > HOLDS_MAX_MS:
            told = f"holds.{rule}: {span} is longer than {show_span(HOLDS_MAX_MS)}, without two people"
            faults.append((("holds", rule), told))
    for path, span in spans.items():
        if parse_span(span) > LASTS_MAX_MS:
            told = f"{'.'.join(map(str, path))}: {span} is longer than {show_span(LASTS_MAX_MS)}"
            faults.append((path, told))
    if policy.fail_modes is not None:
        for kind in TYPES:
            bands = policy.fail_modes.bands_of(kind)
            if bands is not None:
                faults += _faults_of_bands(("fail_modes", kind), strictness(bands), "amount")
        faults += faults_of(policy.fail_modes)
    return faults


def _faults_of_bands(at: Path, bands: list[tuple[float, int]], of: str = "score") -> list[tuple[Path, str]]:
    """What is wrong with the order of bands (start, strictness), each with its place."""
    name = ".".join(map(str, at))
    if not bands or bands[0][0] != 0:
        place: Path = (*at, 0, "from") if bands else at
        return [(place, f"{name}: the first band starts from 0, so that every {of} has one")]
    return [
        ((*at, i), f"{name}: the band from {high} must be higher and stricter than the one before")
        for i, ((low, mild), (high, strict)) in enumerate(pairwise(bands), 1)
        if not (low < high and mild < strict)
    ]


def owed_to_rules(policy: Policy, weights: Sequence[float]) -> Outcome:
    """The mildest outcome that rules of these weights leave an event, whatever a model says of it.

    What they alone would have people look at is at least warned of.
    """
    score = 1.0 - prod(1.0 - weight for weight in weights)
    band = bisect_right(policy.outcome_starts, round(score * SCORE_UNIT)) - 1
    return "warn" if OUTCOMES.index(policy.outcomes[band].outcome) >= ALERT_FROM else "allow"


def _faults_of_names(policy: DeclaredPolicy, known: Known) -> Iterator[tuple[Path, str]]:
    """What rows and lists name that is not there."""
    yield from faults_of_rows(policy.rows, known.rules, known.reasons)
    for i, row in enumerate(policy.lists):
        if row.list not in known.lists:
            near = did_you_mean(row.list, known.lists)
            yield ("lists", i, "list"), f"lists[{i}].list: there is no list {row.list:.40} in lists/{near}"
        field = FIELDS.get(row.of)
        if field is None or field.kind != "text" or not set(field.types) & set(TYPES):
            yield ("lists", i, "of"), f"lists[{i}].of: {row.of:.40} is no field of decided events that holds a text"
        if row.outcome is not None and row.effect != "block":
            yield ("lists", i, "outcome"), f"lists[{i}].outcome: only a block list has one"


def rule_on(policy: Policy, case: Case) -> Ruling:
    """What becomes of an event."""
    number = row_of(policy.rows, case.cell)
    if number is not None:
        outcome, because = policy.rows[number].outcome, ("row", str(number))
    else:
        band = policy.outcomes[bisect_right(policy.outcome_starts, case.cell.score_e6) - 1]
        outcome, because = band.outcome, ("band", f"{band.from_:g}")
    for stricter, why in _demands(policy, case):
        if OUTCOMES.index(stricter) > OUTCOMES.index(outcome):
            outcome, because = stricter, why
    on = [policy.lists[i] for i in case.lists]
    spared = next((row.list for row in on if row.effect == "allow"), None)
    if spared is not None and outcome != "allow":
        outcome, because = "allow", ("list", spared)
    for row in on:
        blocked: Outcome = row.outcome or "hold"
        if row.effect == "block" and OUTCOMES.index(blocked) > OUTCOMES.index(outcome):
            outcome, because = blocked, ("list", row.list)
    is_watched = case.is_watched or any(row.effect == "watch" for row in on)
    return Ruling(
        outcome,
        case.level,
        OUTCOMES.index(outcome) >= ALERT_FROM or is_watched,
        policy.measures.get(outcome),
        policy.hold_ms(case.cell.rules) if outcome == "hold" else None,
        because,  # type: ignore[arg-type]
        policy.hold_default if outcome == "hold" else None,
    )


def _demands(policy: Policy, case: Case) -> Iterator[tuple[Outcome, tuple[str, str]]]:
    """The mildest outcomes that rules and faults leave an event, and why."""
    yield case.at_least, ("rules", ", ".join(case.demanding))
    if case.missing_currency:
        yield policy.faults.missing_currency, ("fault", "missing_currency")
    for part in case.degraded:
        yield policy.faults.degraded.get(part, "allow"), ("fault", part)
