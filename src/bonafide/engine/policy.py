"""Policy: from a score and the rules that hit to what happens to the event, and what is proposed for the subject."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod
from types import MappingProxyType
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from bonafide.core.decision import OUTCOMES, RISK_LEVELS, SCORE_UNIT, Outcome, RiskLevel
from bonafide.core.mistakes import Mistake
from bonafide.core.moment import SPAN_PATTERN, DAY_MS, parse_span, show_span
from bonafide.engine.bundles.shapes import Path, fit
from bonafide.engine.compiled import Settings
from bonafide.engine.fail_modes import TYPES, DeclaredFailModes, FailModes, faults_of, made_of, strictness
from bonafide.engine.rules.source import Document

MeasureName = Literal["notice", "request_information"]
"""What this policy may propose by itself; anything harder needs the ladder."""
LASTS_MAX_MS: Final = 3_650 * DAY_MS
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


class DeclaredPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """The policy file: bands in rising order, the first from 0."""

    outcomes: tuple[OutcomeBand, ...]
    risk_levels: tuple[RiskBand, ...]
    hold_for: _Span
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
        """The least score, in millionths, at which something happens to an event; None where nothing ever does."""
        return next((round(b.from_ * SCORE_UNIT) for b in self.outcomes if b.outcome != "allow"), None)


class Ruling(NamedTuple):
    """What a policy says about an event and its subject."""

    outcome: Outcome
    risk_level: RiskLevel
    alert: bool
    proposal: Proposal | None
    hold_ms: int | None


def read_policy(document: Document, name: str, settings: Settings | None = None) -> tuple[Policy | None, list[Mistake]]:
    """The policy that a YAML document says, and everything that is wrong with it; None where something is.

    `settings` are the bundle's, whose currency the amounts of fail modes are in.
    """
    policy, mistakes = fit(document, DeclaredPolicy, name)
    if policy is None:
        return None, mistakes
    places = [(document.place(path), told) for path, told in _faults_of(policy)]
    mistakes = [Mistake("out-of-range", told, name, at.line, at.column, at.width) for at, told in places]
    if mistakes:
        return None, mistakes
    fails = made_of(policy.fail_modes, parse_span(policy.hold_for), settings)
    return Policy(policy.outcomes, policy.risk_levels, policy.hold_for, policy.measures, fails), []


def _faults_of(policy: DeclaredPolicy) -> list[tuple[Path, str]]:
    """What is wrong with a policy of the right shape, each with its place."""
    outcomes = [(band.from_, OUTCOMES.index(band.outcome)) for band in policy.outcomes]
    levels = [(band.from_, RISK_LEVELS.index(band.level)) for band in policy.risk_levels]
    faults = [*_faults_of_bands(("outcomes",), outcomes), *_faults_of_bands(("risk_levels",), levels)]
    spans: dict[Path, str] = {("hold_for",): policy.hold_for}
    spans |= {("measures", outcome, "lasts"): proposal.lasts for outcome, proposal in policy.measures.items()}
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


def rule_on(policy: Policy, band: int, level: RiskLevel, at_least: Outcome) -> Ruling:
    """What becomes of an event in the outcomes' band number `band`, whose subject has a risk level; `at_least` is the
    strictest outcome that a rule which hit demands."""
    outcome = max(at_least, policy.outcomes[band].outcome, key=OUTCOMES.index)
    return Ruling(
        outcome,
        level,
        OUTCOMES.index(outcome) >= ALERT_FROM,
        policy.measures.get(outcome),
        parse_span(policy.hold_for) if outcome == "hold" else None,
    )
