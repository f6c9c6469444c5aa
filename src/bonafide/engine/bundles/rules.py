"""rules.yaml and reasons.yaml: conditions, what they point to, how much they weigh, and what people are told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Annotated, Final, Literal, NamedTuple

from msgspec import Meta, Struct

from bonafide.core.decision import Outcome
from bonafide.core.text import did_you_mean, shorten, show_value
from bonafide.engine.bundles.files import Sources
from bonafide.engine.codes import REASON_BITS
from bonafide.engine.rules.cost import BUNDLE_COST_MAX, cost_of_all, too_costly
from bonafide.engine.rules.language import ExpressionError, Node, Problem, Vocabulary, parse_located
from bonafide.engine.rules.source import Document
from bonafide.engine.bundles.shapes import fit

RULES: Final = "rules.yaml"
REASONS: Final = "reasons.yaml"
RULES_MAX: Final = 1_000
TEXT_MAX: Final = 200
"""Longest text told to the person concerned: a notice holds four of them and stays short."""
CODES_MAX: Final = 2**REASON_BITS - 2
"""As many reasons as a verdict can name, but for one that stands for no reason."""
REASON_CODES: Final = tuple(f"RC{number:02}" for number in range(1, 13))
"""The codes whose meaning is the same for every bundle; others are a bundle's own."""
TYPOLOGIES: Final = (
    "user_merchant_loop", "drain_the_line", "intensive_burst", "repay_and_drain", "shaped_amounts",
    "cash_out_merchant", "broker_ring", "self_purchase", "no_delivery", "refund_elsewhere", "burst_then_payout",
    "bought_traffic", "off_hours", "bust_out", "perfect_bill", "account_farm",
)  # fmt: skip

MONITOR: Final = "monitor"
Effect = Literal["allow", "warn", "verify", "hold", "decline", "monitor"]
_REASON: Final = re.compile("[A-Z][A-Z0-9-]{1,31}")
_Text = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, description=f"a text of 1 to {TEXT_MAX} characters")]
_Submit = Annotated[str, Meta(max_length=TEXT_MAX, description=f"a text of at most {TEXT_MAX} characters")]


class ReasonText(Struct, frozen=True, forbid_unknown_fields=True):
    """A reason code's words for the person concerned, and what they may hand in."""

    zh: _Text
    en: _Text
    submit_zh: _Submit = ""
    submit_en: _Submit = ""


class DeclaredRule(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule as it is written."""

    id: Annotated[
        str,
        Meta(
            pattern=r"^[A-Z][A-Z0-9-]{1,31}$",
            description="an id of 2 to 32 capital letters, digits and -, that begins with a letter",
        ),
    ]
    when: Annotated[str, Meta(description="a condition such as amount > 100")]
    typology: Annotated[str, Meta(description="the name of a typology, such as drain_the_line")]
    weight: Annotated[float, Meta(ge=0, lt=1, description="a number from 0 up to 1 (not 1)")]
    reason: Annotated[str, Meta(description="a code of reasons.yaml")]
    source: Annotated[str, Meta(min_length=1, description="a text that says where the rule comes from")]
    effect: Effect = "allow"
    note: str | None = None


class Rule(NamedTuple):
    """A named condition, what it points to and how much it weighs."""

    id: str
    when: Node
    text: str
    typology: str
    weight: float
    effect: Outcome
    """The mildest outcome that an event it hits may have."""
    reason: str
    source: str
    note: str | None = None
    is_monitor: bool = False
    """It alerts, and does nothing else."""


def read_reasons(sources: Sources) -> tuple[dict[str, ReasonText], Collection[str] | None]:
    """The reason texts and all codes declared, those with mistakes too; None where the file cannot be read."""
    document = sources.document(REASONS)
    if document is None:
        return {}, None
    told = document.value
    if not isinstance(told, dict):
        sources.fit(REASONS, dict[str, ReasonText])
        return {}, None
    if len(told) > CODES_MAX:
        text = f"{len(told)} reasons; at most {CODES_MAX}"
        sources.note("out-of-range", text, REASONS, document.place(()))
        return {}, None
    texts: dict[str, ReasonText] = {}
    for code in told:
        if not isinstance(code, str) or not _REASON.fullmatch(code):
            text = f"{show_value(code)} is no code; a code has 2 to 32 capital letters, digits and -, such as RC03"
            place = document.key_place((code,)) if isinstance(code, str) else document.place(())
            sources.note("out-of-range", text, REASONS, place)
            continue
        value, mistakes = fit(document, ReasonText, REASONS, (code,), f"reason {code}")
        sources.mistakes += mistakes
        if value is not None:
            texts[code] = value
    return texts, [code for code in told if isinstance(code, str)]


def read_rules(sources: Sources, vocabulary: Vocabulary | None, codes: Collection[str] | None) -> tuple[Rule, ...]:
    """The rules that hold no mistake; what is wrong with the others is noted.

    Without a vocabulary (features.yaml cannot be read) conditions are not looked at.
    """
    document = sources.document(RULES)
    if document is None:
        return ()
    told = document.value
    if not isinstance(told, list) or not told:
        text = "expected a list of rules, each with id, when, typology, weight, reason and source"
        sources.note("wrong-type", text, RULES, document.place(()))
        return ()
    if len(told) > RULES_MAX:
        sources.note("out-of-range", f"{len(told)} rules; at most {RULES_MAX}", RULES, document.place((RULES_MAX,)))
        return ()
    rules: list[Rule] = []
    taken: dict[str, int] = {}
    for i, item in enumerate(told):
        rule = _read_rule(sources, document, i, vocabulary, codes)
        name = item.get("id") if isinstance(item, dict) else None
        if isinstance(name, str) and taken.setdefault(name, i) != i:
            line = document.place((taken[name], "id")).line
            text = f"the id is taken already (line {line}); each rule has its own"
            sources.note("duplicate", text, RULES, document.place((i, "id")), subject=f"rule {shorten(name)}")
        if rule is not None:
            rules.append(rule)
    total = cost_of_all([rule.when for rule in rules])
    if total > BUNDLE_COST_MAX:
        text = f"all rules together take {total} instructions for each event; at most {BUNDLE_COST_MAX}"
        sources.note("too-costly", text, RULES, help_="Leave out rules, or split the bundle.")
    return tuple(rules)


def _read_rule(
    sources: Sources, document: Document, i: int, vocabulary: Vocabulary | None, codes: Collection[str] | None
) -> Rule | None:
    item = document.value[i]
    name = item.get("id") if isinstance(item, dict) else None
    subject = f"rule {shorten(name)}" if isinstance(name, str) else f"rule number {i + 1}"
    told, mistakes = fit(document, DeclaredRule, RULES, (i,), subject)
    sources.mistakes += mistakes
    if told is None:
        _condition_of(sources, document, i, subject, vocabulary)
        return None
    if told.typology not in TYPOLOGIES:
        near = did_you_mean(told.typology, TYPOLOGIES) or f"; the typologies are {', '.join(TYPOLOGIES)}"
        text = f"typology: unknown {shorten(told.typology)}{near}"
        sources.note("unknown-typology", text, RULES, document.place((i, "typology")), subject=subject)
    if codes is not None and told.reason not in codes:
        near = did_you_mean(told.reason, codes)
        text = f"reason: {shorten(told.reason)} has no text in {REASONS}{near}"
        sources.note("unknown-reason", text, RULES, document.place((i, "reason")), subject=subject)
    if told.effect == MONITOR and told.weight:
        text = f"effect: a monitor only watches, so that it weighs 0, not {told.weight:g}"
        sources.note("out-of-range", text, RULES, document.place((i, "weight")), subject=subject)
    node = _condition_of(sources, document, i, subject, vocabulary)
    if node is None:
        return None
    effect: Outcome = "allow" if told.effect == MONITOR else told.effect
    return Rule(
        told.id, node, told.when, told.typology, told.weight, effect, told.reason, told.source, told.note,
        told.effect == MONITOR,
    )  # fmt: skip


def _condition_of(
    sources: Sources, document: Document, i: int, subject: str, vocabulary: Vocabulary | None
) -> Node | None:
    item = document.value[i]
    text = item.get("when") if isinstance(item, dict) else None
    if vocabulary is None or not isinstance(text, str):
        return None
    try:
        located = parse_located(text, vocabulary)
    except ExpressionError as error:
        problems: Iterable[Problem] = error.problems
        node = None
    else:
        problems = filter(None, [too_costly(located)])
        node = located.node
    for p in problems:
        place = document.text_place((i, "when"), p.column, p.width)
        sources.note(p.code, p.message, RULES, place, help_=p.help, severity=p.severity, subject=subject)
    return node
