"""Which changes from one bundle to another may harm somebody, each with its reason in plain words.

Something harms when it may treat an event or a subject harder than before. What cannot be shown to be milder, or to be
nothing but words, counts as harm: the price is a waiting period, and the other way it would be paid by customers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from bonafide.core.decision import OUTCOMES, RISK_LEVELS
from bonafide.core.moment import parse_span
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.diff import Change, challenger_of, diff_bundles
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.lists import SNOOZED
from bonafide.engine.bundles.rules import MONITOR
from bonafide.engine.rules.language import Apply, Equals, Node, names_in
from bonafide.engine.rules.tree import Number
from bonafide.engine.scheme import ALWAYS

WORDS_OF_BUNDLE: Final = frozenset({"name", "note", "trial"})
"""A trial is judged by what is tried."""
WORDS_OF_RULE: Final = frozenset({"typology", "source", "note"})
WORDS_OF_FEATURE: Final = frozenset({"note"})
WORDS_OF_POLICY: Final = frozenset({"note"})
WORDS_OF_LADDER: Final = frozenset({"note", "appeal", "reasons"})
PEOPLE_FILES: Final = ("README.md", "NOTICE", "examples/", "model/card.")
"""Files whose change decides nothing."""
READ_ELSEWHERE: Final = frozenset(
    {"bundle.yaml", "features.yaml", "rules.yaml", "policy.yaml", "ladder.yaml", "reasons.yaml"}
)
"""Files that differ here in comments and layout only: what they say is told by the other sections."""


def harm_between(old: tuple[Sources, Bundle], new: tuple[Sources, Bundle]) -> tuple[str, ...]:
    """Why a change from one bundle to another may harm; empty where it cannot.

    A rollout may harm as its challenger would that decided alone, unless nobody comes to it who was not there before;
    a shadow decides for nobody, and who leaves a trial goes back to the champion, which is judged by itself.
    """
    return (*harm_of(old[1], new[1], diff_bundles(old, new)), *_of_trial(old, new))


def _of_trial(old: tuple[Sources, Bundle], new: tuple[Sources, Bundle]) -> Iterator[str]:
    trial, before, tried = new[1].trial, old[1].trial, challenger_of(new)
    if trial is None or tried is None or not trial.is_rollout or not trial.share:
        return
    why = [f"challenger: {told}" for told in harm_of(old[1], tried[1], diff_bundles(old, tried))]
    if before is None or not before.is_rollout or before.challenger.hash != trial.challenger.hash:
        yield from why
        return
    more = []
    if trial.salt != before.salt:
        more.append("trial: with another salt others are decided by the challenger")
    if trial.share > before.share:
        more.append(f"trial: {trial.percent} of 100 instead of {before.percent} are decided by the challenger")
    if trial.control < before.control:
        more.append(f"trial: the control group has {trial.percent_control} of 100 instead of {before.percent_control}")
    if why and more:
        yield from (*more, *why)


def harm_of(old: Bundle, new: Bundle, changes: Sequence[Change]) -> tuple[str, ...]:
    """Why each change of a diff that may harm does so; empty where none can.

    `changes` are those of `diff_bundles` from `old` to `new`.
    """
    return tuple(told for change in changes for told in _OF[change.section](old, new, change))


def _bundle(old: Bundle, new: Bundle, change: Change) -> Iterator[str]:
    was, now = change.keys[change.name]
    if change.name in WORDS_OF_BUNDLE:
        return
    if change.name == "purpose":
        more = sorted(set(now or ()) - set(was or ()))
        if more:
            yield f"bundle.yaml: {', '.join(more)} may be read besides"
        return
    yield f"bundle.yaml: {change.name} changes what is counted"


def _features(old: Bundle, new: Bundle, change: Change) -> Iterator[str]:
    if change.kind != "changed" or change.name == "order" or set(change.keys) <= WORDS_OF_FEATURE:
        return  # what is new or gone is read by rules or inputs that have changed themselves
    read: set[str] = set().union(*(names_in(rule.when) for rule in new.rules))
    read |= set().union(*(names_in(node) for node in new.inputs.nodes))
    read |= {carried.name for feature in new.features for carried in feature.carried}
    if change.name in read:
        yield f"feature {change.name}: counts in another way, and something reads it"


def _rules(old: Bundle, new: Bundle, change: Change) -> Iterator[str]:
    if change.name == "order" or change.kind == "removed":
        return
    if change.kind == "added":
        yield f"rule {change.name}: is new"
        return
    for key, (was, now) in change.keys.items():
        if key == "weight" and now > was:
            yield f"rule {change.name}: weighs {now} instead of {was}"
        elif key == "effect" and _strict(now) > _strict(was):
            yield f"rule {change.name}: has the effect {now or 'allow'} instead of {was or 'allow'}"
        elif key == "when" and not _narrower(_when(old, change.name), _when(new, change.name)):
            yield f"rule {change.name}: may hold where it did not"
        elif key not in {"weight", "effect", "when", "reason"} | WORDS_OF_RULE:
            yield f"rule {change.name}: {key} changes"


def _when(bundle: Bundle, name: str) -> Node:
    return next(rule.when for rule in bundle.rules if rule.id == name)


def _narrower(was: Node, now: Node) -> bool:
    """Whether the new condition holds only where the old one did, as far as that can be seen from its form."""
    if was == now:
        return True
    needed = _all_of(now)
    return all(any(_implies(have, part) for have in needed) for part in _all_of(was))


def _all_of(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, Apply) and node.op == "and" else (node,)


def _implies(now: Node, was: Node) -> bool:
    """Whether one condition is the other, or the same comparison with a constant that is harder to reach."""
    if now == was:
        return True
    if isinstance(now, Equals) and isinstance(was, Equals):
        same = (now.field, now.other, now.list_name) == (was.field, was.other, was.list_name)
        return same and now.other is None and now.list_name is None and set(now.values) <= set(was.values)
    if not (isinstance(now, Apply) and isinstance(was, Apply) and now.op == was.op and len(now.parts) == 2):
        return False
    (left, right), (left_was, right_was) = now.parts, was.parts
    if left != left_was or not (isinstance(right, Number) and isinstance(right_was, Number)):
        return False
    if now.op in (">", ">="):
        return right.value >= right_was.value
    return now.op in ("<", "<=") and right.value <= right_was.value


def _policy(old: Bundle, new: Bundle, change: Change) -> Iterator[str]:
    was, now = change.keys[change.name]
    match change.name:
        case "outcomes":
            yield from _of_bands(was, now, "outcome", OUTCOMES.index)
        case "risk_levels":
            yield from _of_bands(was, now, "level", RISK_LEVELS.index)
        case "hold_for":
            if parse_span(now) > parse_span(was):
                yield f"policy.yaml: events are held for {now} instead of {was}"
        case "measures":
            yield from _of_measures(was or {}, now or {})
        case name if name not in WORDS_OF_POLICY:
            yield f"policy.yaml: {name} changes"


def _of_bands(
    was: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]], key: str, rank: Callable[[Any], int]
) -> Iterator[str]:  # fmt: skip
    def at(bands: Sequence[dict[str, Any]], score: float) -> Any:
        return next(band[key] for band in reversed(bands) if band["from"] <= score)

    for score in sorted({float(band["from"]) for band in (*was, *now)}):
        before, after = at(was, score), at(now, score)
        if rank(after) > rank(before):
            yield f"policy.yaml: a score of {score:g} means {after} instead of {before}"


def _of_measures(was: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]) -> Iterator[str]:
    for outcome, proposal in now.items():
        before = was.get(outcome)
        if before is None:
            yield f"policy.yaml: {outcome} proposes {proposal['measure']}"
        elif proposal["measure"] != before["measure"]:
            yield f"policy.yaml: {outcome} proposes {proposal['measure']} instead of {before['measure']}"
        elif parse_span(proposal["lasts"]) > parse_span(before["lasts"]):
            yield f"policy.yaml: {outcome} proposes {proposal['measure']} for {proposal['lasts']}"


def _lists(old: Bundle, new: Bundle, change: Change) -> Iterator[str]:
    """A rule that asks whether somebody is in a list holds for more where it grows, one that asks whether they are not
    where it shrinks; a list that blocks and one that spares are like these."""
    asked = {positive for rule in new.rules for positive in _asks(rule.when, change.name)}
    asked |= {row.effect == "block" for row in new.policy.lists if row.list == change.name and row.effect != "watch"}
    if any(True for node in new.inputs.nodes for _ in _asks(node, change.name)):
        asked = {True, False}  # a model may go either way
    added, removed = change.keys["added"][1] or (), change.keys["removed"][0] or ()
    if added and True in asked:
        yield f"list {change.name}: {len(added)} more in it, and a rule holds for who is"
    if removed and False in asked:
        yield f"list {change.name}: {len(removed)} fewer in it, and a rule holds for who is not"
    if asked and any(_ends_worse(old, new, change.name, entry, asked) for entry in change.keys["changed"][1] or ()):
        yield f"list {change.name}: an entry ends at another time, and somebody may fare worse for it"


def _ends_worse(old: Bundle, new: Bundle, name: str, entry: str, asked: set[bool]) -> bool:
    """Whether who is on a list for longer, or not for as long, may fare worse."""
    was, now = (
        next(one.until for one in bundle.entries[name] if one.id == entry) or ALWAYS for bundle in (old, new)
    )  # fmt: skip
    return (now > was and True in asked) or (now < was and False in asked)


def _ladder(old: Bundle, new: Bundle, change: Change) -> Iterator[str]:
    if change.name not in WORDS_OF_LADDER:
        yield f"ladder.yaml: {change.name} changes, and harder measures may be proposed"


def _asks(node: Node, name: str, positive: bool = True) -> Iterator[bool]:
    """How a condition asks for a list: whether something is in it, or is not."""
    if isinstance(node, Equals) and node.list_name == name:
        yield positive
    if isinstance(node, Apply):
        turned = not positive if node.op == "not" else positive
        for part in node.parts:
            yield from _asks(part, name, turned)
            if node.op not in {"and", "or", "not"}:
                yield from _asks(part, name, not turned)


def _files(old: Bundle, new: Bundle, change: Change) -> Iterator[str]:
    if change.name == SNOOZED and not set(old.snoozes) <= set(new.snoozes):
        yield f"{SNOOZED}: a rule counts again, or sooner, for somebody who was spared it"
    if change.name in READ_ELSEWHERE or change.name.startswith((*PEOPLE_FILES, "lists/")):
        return
    yield f"{change.name}: is {'another' if change.kind == 'changed' else change.kind}, and may score or propose more"


def _nothing(old: Bundle, new: Bundle, change: Change) -> Iterator[str]:
    return iter(())


def _strict(outcome: str | None) -> int:
    """How hard an effect is; one that only watches is milder than none, since what hits then counts for nothing."""
    if outcome == MONITOR:
        return -1
    return 0 if outcome is None else OUTCOMES.index(outcome)


_OF: Final[dict[str, Callable[[Bundle, Bundle, Change], Iterator[str]]]] = {
    "bundle": _bundle, "features": _features, "rules": _rules, "policy": _policy, "reasons": _nothing,
    "ladder": _ladder, "lists": _lists, "files": _files, "challenger": _nothing,
}  # fmt: skip
