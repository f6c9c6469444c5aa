"""All that is asked of an event: the conditions of the rules, and after them what the policy asks.

What the policy asks (has the amount reached a row's, is a field on a list) are conditions like the rules', without
weight: their bits stand behind those of the rules in a verdict, and events of which none holds cost what they did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bonafide.engine.bundles.lists import Snooze
from bonafide.engine.bundles.rules import Rule
from bonafide.engine.policy import Policy
from bonafide.engine.rules.tree import Apply, Equals, Missing, Name, Node, Number
from bonafide.engine.scheme import Scheme

Words = tuple[str | bool, ...]
"""Entries of a list: texts, and the hashes (whole numbers) of those of which the log holds no text."""
Snoozed = Mapping[tuple[str, str], Words]
"""By rule and kind of subject: who is spared it."""


def conditions(
    rules: Sequence[Rule], policy: Policy, lists: Mapping[str, Words], snoozed: Snoozed
) -> list[tuple[Node, float]]:  # fmt: skip
    """The conditions with their weights; `lists` are what is on them now."""
    spoken = [(_awake(listed(rule.when, lists), rule.id, snoozed), rule.weight) for rule in rules]
    asked: list[Node] = [Apply(">=", (Name("amount", "number"), Number(float(cut))), "truth") for cut in policy.amounts]
    asked += [Equals(row.of, lists.get(row.list, ()), None, row.list) for row in policy.lists]
    return [*spoken, *((node, 0.0) for node in asked)]


def listed(node: Node, lists: Mapping[str, Words]) -> Node:
    """A condition with what is on its named lists now."""
    match node:
        case Equals(field, _, None, str() as name) if name in lists:
            return Equals(field, lists[name], None, name)
        case Apply(op, parts, kind):
            return Apply(op, tuple(listed(part, lists) for part in parts), kind)
        case _:
            return node


def _awake(node: Node, rule: str, snoozed: Snoozed) -> Node:
    """A rule's condition that does not hold for whoever is spared it."""
    for kind in ("user", "merchant"):
        entries = snoozed.get((rule, kind), ())
        if entries:
            field = f"{kind}_id"
            spared = Apply("not", (Equals(field, entries, None),), "truth")
            node = Apply("and", (node, Apply("or", (Missing(field), spared), "truth")), "truth")
    return node


def snoozed_of(snoozes: Sequence[Snooze]) -> dict[tuple[str, str], Words]:
    """Who is spared which rule, whenever that ends."""
    found: dict[tuple[str, str], Words] = {}
    for one in snoozes:
        key = (one.rule, one.subject)
        found[key] = (*found.get(key, ()), one.entry.id)
    return found


def with_silent(scheme: Scheme, rules: Sequence[Rule], asked: int) -> Scheme:
    """The scheme of `asked` conditions, of which monitors and what the policy asks give no reason: the number behind
    that of the last reason stands for none."""
    silent = [rule.is_monitor for rule in rules] + [True] * (asked - len(rules))
    if not any(silent):
        return scheme
    given = [*scheme.rule_reasons, *([0] * (asked - len(rules)))]
    codes = tuple(scheme.reasons if quiet else code for code, quiet in zip(given, silent, strict=True))
    return scheme._replace(rule_reasons=codes, reasons=scheme.reasons + 1)
