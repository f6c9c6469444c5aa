"""Policy: from a score and the rules that hit to what happens to the event, and what is proposed for the subject."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from bonafide.core.decision import OUTCOMES, RISK_LEVELS, SCORE_UNIT, Outcome, RiskLevel
from bonafide.core.errors import ConfigError
from bonafide.core.moment import DAY_MS, parse_span, show_span

MeasureName = Literal["notice", "request_information"]
"""What this policy may propose by itself; anything harder needs the ladder."""
LASTS_MAX_MS: Final = 3_650 * DAY_MS
ALERT_FROM: Final = OUTCOMES.index("verify")

_Score = Annotated[float, Meta(ge=0, le=1)]
_Span = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,8}(ms|s|m|h|d)$")]


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


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """The policy file: bands in rising order, the first from 0."""

    outcomes: tuple[OutcomeBand, ...]
    risk_levels: tuple[RiskBand, ...]
    hold_for: _Span
    """After this long a hold ends by itself, and the event goes on."""
    measures: dict[Outcome, Proposal] = {}


class Ruling(NamedTuple):
    """What a policy says about a score and hits."""

    outcome: Outcome
    risk_level: RiskLevel
    alert: bool
    proposal: Proposal | None
    hold_ms: int | None


def read_policy(told: Any, source: str) -> Policy:
    """Check a policy as it comes out of YAML; ConfigError names what is wrong."""
    try:
        policy = msgspec.convert(told, Policy)
    except msgspec.ValidationError as error:
        raise ConfigError(source, str(error)) from None
    _check_bands(source, "outcomes", [(b.from_, OUTCOMES.index(b.outcome)) for b in policy.outcomes])
    _check_bands(source, "risk_levels", [(b.from_, RISK_LEVELS.index(b.level)) for b in policy.risk_levels])
    spans = {"hold_for": policy.hold_for} | {f"measures.{o}": p.lasts for o, p in policy.measures.items()}
    for where, span in spans.items():
        if parse_span(span) > LASTS_MAX_MS:
            raise ConfigError(source, f"{span} is longer than {show_span(LASTS_MAX_MS)}", where)
    return policy


def _check_bands(source: str, name: str, bands: list[tuple[float, int]]) -> None:
    if not bands or bands[0][0] != 0:
        raise ConfigError(source, "the first band starts from 0, so that every score has one", name)
    for (low, mild), (high, strict) in pairwise(bands):
        if not (low < high and mild < strict):
            raise ConfigError(source, f"the band from {high} must be higher and stricter than the one before", name)


def rule_on(policy: Policy, score_e6: int, at_least: Outcome) -> Ruling:
    """Apply a policy to a score in millionths; `at_least` is the strictest outcome that a rule which hit demands."""
    outcome = max(
        at_least,
        next(b.outcome for b in reversed(policy.outcomes) if round(b.from_ * SCORE_UNIT) <= score_e6),
        key=OUTCOMES.index,
    )
    level = next(b.level for b in reversed(policy.risk_levels) if round(b.from_ * SCORE_UNIT) <= score_e6)
    return Ruling(
        outcome,
        level,
        OUTCOMES.index(outcome) >= ALERT_FROM,
        policy.measures.get(outcome),
        parse_span(policy.hold_for) if outcome == "hold" else None,
    )
