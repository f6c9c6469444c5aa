"""Suggestions as a file of rules that can be pasted into rules.yaml, and as a table for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bonafide.engine.bundle import Bundle
from bonafide.engine.rules.cost import RULE_COST_MAX, cost_of
from bonafide.engine.rules.language import ExpressionError, parse_located
from bonafide.engine.rules.sense import look_for_nonsense
from bonafide.lab.report import numbers
from bonafide.lab.suggest.study import Counts, Suggested, Suggestions


def rules_yaml(told: Suggestions, source: str) -> str:
    """The rules as YAML; `source` is the command that found them."""
    lines = [
        f"# Found by: {_one_line(source)}",
        f"# Payments before {told.split} were searched, those after it judged, {_labels(told)}.",
        "# A weight is the lower end of the share of cash-out among all that the rule held on. Give each rule an",
        "# example that fires it and one that does not before it goes into a bundle.",
        "",
    ]
    for rule in told.rules:
        lines += [
            f"- id: {rule.id}",
            f"  when: {_quoted(rule.found.text)}",
            f"  typology: {rule.typology}",
            f"  weight: {rule.weight:g}",
            f"  reason: {rule.reason}",
            f"  source: {_quoted(f'mined from {sum(told.payments):,} payments, split at {told.split[:10]}')}",
            f"  note: {_quoted(note_of(rule, told))}",
        ]
    return "\n".join(lines if told.rules else [*lines, "[]"]) + "\n"


def note_of(rule: Suggested, told: Suggestions) -> str:
    """The figures of a rule in one sentence each part."""
    return f"before: {_part(rule.early, told.currency)}; after: {_part(rule.late, told.currency)}"


def _part(one: Counts, currency: str | None) -> str:
    return (
        f"{one.cash_out:,} cash-out of {one.people:,} payers and {one.honest:,} other payments "
        f"(precision {numbers.percent(one.precision, 0)}, {one.own:,} of {one.own_all:,} of its kind), "
        f"{numbers.money(one.money, currency)}"
    )


def suggestions_text(told: Suggestions) -> str:
    """The result as people read it."""
    lines = [
        f"{told.payments[0]:,} payments before {told.split} searched, {told.payments[1]:,} after it judged; "
        f"{_labels(told)}",
        "",
    ]
    if told.rules:
        lines.append(
            f"{'rule':<28}{'weight':>7}{'cash-out':>10}{'others':>8}{'precision':>11}{'later:':>8}{'cash-out':>10}"
            f"{'others':>8}{'precision':>11}{'recall':>8}{'money':>20}"
        )
    for rule in told.rules:
        late = rule.late
        lines.append(
            f"{rule.id:<28}{rule.weight:>7.2f}{rule.early.cash_out:>10,}{rule.early.honest:>8,}"
            f"{numbers.percent(rule.early.precision, 0):>11}{'':>8}{late.cash_out:>10,}{late.honest:>8,}"
            f"{numbers.percent(late.precision, 0):>11}{numbers.percent(late.recall, 0):>8}"
            f"{numbers.money(late.money, told.currency):>20}"
        )
        lines.append(f"  {' and '.join(condition.text for condition in rule.found.conditions)}")
    lines += ["", *_others(told)]
    return "\n".join(line.rstrip() for line in lines)


def _others(told: Suggestions) -> Iterator[str]:
    if told.fell_apart:
        yield f"left out, because they did not hold up later: {_named(told.fell_apart)}"
    if told.too_few:
        few = ", ".join(f"{name} ({number})" for name, number in told.too_few.items())
        yield f"too few payments known to be of the kind: {few}"
    if told.none:
        yield f"no rule found: {', '.join(told.none)}"


def _named(rules: Sequence[Suggested]) -> str:
    return ", ".join(f"{rule.id} ({numbers.percent(rule.late.precision, 0)})" for rule in rules)


def _labels(told: Suggestions) -> str:
    if told.labels == "latent":
        return "by the truth"
    return "by the labels that had arrived; what nobody knew of counts as honest unless rules find it odd"


def _quoted(text: str) -> str:
    """A YAML text on one line; JSON's double quotes are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def without_mistakes(told: Suggestions, bundle: Bundle) -> tuple[Suggestions, list[str]]:
    """The suggestions that `rules check` has nothing against when they stand in a bundle, and the ids of the others."""
    vocabulary = bundle.vocabulary
    lacking: list[str] = []
    for rule in told.rules:
        try:
            located = parse_located(rule.found.text, vocabulary)
        except ExpressionError:
            lacking.append(rule.id)
            continue
        if look_for_nonsense(located, vocabulary) or cost_of(located.node) > RULE_COST_MAX:
            lacking.append(rule.id)
    return told._replace(rules=[rule for rule in told.rules if rule.id not in lacking]), lacking


def as_builtins(told: Suggestions) -> dict[str, Any]:
    """Everything for JSON."""

    def plain(rule: Suggested) -> dict[str, Any]:
        parts = {
            name: {**part._asdict(), "precision": part.precision, "own_precision": part.own_precision,
                   "recall": part.recall}
            for name, part in (("early", rule.early), ("late", rule.late))
        }  # fmt: skip
        return {"id": rule.id, "when": rule.found.text, "typology": rule.typology, "weight": rule.weight,
                "reason": rule.reason, **parts}  # fmt: skip

    return {
        "split": told.split, "labels": told.labels, "payments": list(told.payments), "currency": told.currency,
        "rules": [plain(rule) for rule in told.rules], "fell_apart": [plain(rule) for rule in told.fell_apart],
        "too_few": told.too_few, "none": told.none,
    }  # fmt: skip
