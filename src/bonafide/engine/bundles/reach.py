"""What nothing in a bundle ever reaches: rules without effect, bands above every score, measures for no outcome.

Only what is certain is said: a score is at most what all rules that can hit one type of event weigh together.
"""

from __future__ import annotations

from math import prod

from bonafide.core.decision import OUTCOMES, SCORE_UNIT
from bonafide.core.fields import FIELDS
from bonafide.engine.bundle import POLICY, Bundle
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.rules import RULES, Rule
from bonafide.core.mistakes import Severity
from bonafide.core.text import did_you_mean, shorten
from bonafide.engine.policy_rows import tangles
from bonafide.engine.rules.facts import Facts
from bonafide.engine.rules.language import DECIDED_TYPES


def types_hit(bundle: Bundle, rule: Rule) -> frozenset[str]:
    """The types of decided events that a rule can hit, as far as its condition tells; none where it never holds."""
    facts = Facts(bundle.vocabulary)
    if not facts.assume(rule.when):
        return frozenset()
    keys = {feature.name: feature.by for feature in bundle.features}
    types = facts.types & set(DECIDED_TYPES)
    for name, present in facts.present.items():
        for field in keys.get(name, ()) if present else ():
            types &= set(FIELDS[field].types)  # an event that does not name the key reads missing
    return frozenset(types)


def note_unreachable(sources: Sources, bundle: Bundle) -> None:
    """Note what nothing reaches."""
    reached = {rule.id: types_hit(bundle, rule) for rule in bundle.rules}
    _note_rules(sources, bundle, reached)
    _note_policy(sources, bundle, reached)


def _note_rules(sources: Sources, bundle: Bundle, reached: dict[str, frozenset[str]]) -> None:
    document = sources.document(RULES)
    told = {m.subject for m in sources.mistakes if m.code in {"contradiction", "unreachable"}}
    for i, rule in enumerate(bundle.rules):
        subject = f"rule {rule.id}"
        if document is None or subject in told:
            continue
        if rule.weight == 0 and rule.effect == "allow" and not rule.is_monitor:
            text = "weighs nothing and demands nothing, so nothing ever comes of it"
            help_ = "Give it a weight, or an effect such as verify, or monitor."
            sources.note(
                "unreachable", text, RULES, document.place((i, "weight")), help_=help_, subject=subject
            )  # fmt: skip
        if not reached[rule.id]:
            text = "no event that is decided on has all that the condition reads"
            help_ = f"Decided on are {', '.join(DECIDED_TYPES)}; a feature is missing where an event lacks its key."
            sources.note("unreachable", text, RULES, document.place((i, "when")), help_=help_, subject=subject)


def _note_policy(sources: Sources, bundle: Bundle, reached: dict[str, frozenset[str]]) -> None:
    document = sources.document(POLICY)
    if document is None:
        return
    highest, kind = highest_score(bundle, reached)
    told = f"no score reaches it; the most is {highest:.6g}, where all rules about a {kind} hit"
    policy = bundle.policy
    for key, starts in (
        ("outcomes", [band.from_ for band in policy.outcomes]),
        ("risk_levels", [band.from_ for band in policy.risk_levels]),
    ):
        for i, start in enumerate(starts):
            if round(start * SCORE_UNIT) > round(highest * SCORE_UNIT):
                text = f"{key}: the band from {start:g}: {told}"
                sources.note("unreachable", text, POLICY, document.place((key, i)))
    for code, path, text in tangles(policy.rows, reached):
        severity: Severity = "error" if code == "unreachable" else "warning"
        sources.note(code, text, POLICY, document.place(path), severity=severity)
    for rule in policy.holds:
        if rule not in reached:
            text = f"holds: there is no rule {shorten(rule)}{did_you_mean(rule, list(reached))}"
            sources.note("unused", text, POLICY, document.key_place(("holds", rule)), severity="warning")
    for i, row in enumerate(policy.rows):
        if row.score is not None and round(row.score.from_ * SCORE_UNIT) > round(highest * SCORE_UNIT):
            sources.note("unreachable", f"rows[{i}].score: {told}", POLICY, document.place(("rows", i, "score")))
    outcomes = {band.outcome for band in policy.outcomes if band.from_ <= highest}
    outcomes |= {rule.effect for rule in bundle.rules if reached[rule.id]}
    outcomes |= {row.outcome for row in policy.rows} | {row.outcome or "hold" for row in policy.lists}
    outcomes |= {policy.faults.missing_currency, *policy.faults.degraded.values()}
    for outcome in policy.measures:
        if outcome not in outcomes:
            happen = ", ".join(sorted(outcomes, key=OUTCOMES.index))
            text = f"measures: the outcome {outcome} never happens; these do: {happen}"
            sources.note("unreachable", text, POLICY, document.key_place(("measures", outcome)))


def highest_score(bundle: Bundle, reached: dict[str, frozenset[str]]) -> tuple[float, str]:
    """The highest score that an event can have, and the type of that event."""
    scores = {
        kind: 1 - prod(1 - rule.weight for rule in bundle.rules if kind in reached[rule.id]) for kind in DECIDED_TYPES
    }
    return max((score, kind) for kind, score in scores.items())
