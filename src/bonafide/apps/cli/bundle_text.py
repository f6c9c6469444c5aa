"""Bundles and their differences as people and programs read them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from bonafide.core.decision import OUTCOMES
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.diff import SECTIONS, Change, Kind
from bonafide.engine.bundles.example_files import read_examples
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.trial import Trial
from bonafide.engine.ladder.rules import LadderRules
from bonafide.engine.ladder.words import GRADES, MEASURES, SUBJECTS
from bonafide.engine.rules.cost import cost_of, cost_of_all

HEADINGS: Final = {
    "bundle": "bundle.yaml", "features": "features", "rules": "rules", "policy": "policy", "ladder": "ladder",
    "reasons": "reasons",
    "lists": "lists", "files": "other files, comments and layout", "challenger": "challenger",
}  # fmt: skip
SWAPS: Final = {
    "at-once": "A running engine can change over at once: every feature is there, or its measures are kept already.",
    "warm": "A running engine must warm new features from the log first; until then it goes on with the old bundle.",
}
ENTRIES_SHOWN_MAX: Final = 5
"""Of what joined or left a list."""
_SIGNS: Final[dict[Kind, str]] = {"added": "+", "removed": "-", "changed": "~"}


class _Examples(NamedTuple):
    """How many examples fire a rule, and how many must not."""

    number: int
    hits: Counter[str]
    silent: Counter[str]


def _examples_of(sources: Sources) -> _Examples:
    examples = read_examples(sources)
    sources.raise_mistakes()
    hits = Counter(rule for e in examples for rule in e.expected.hits)
    return _Examples(len(examples), hits, Counter(rule for e in examples for rule in e.expected.not_hits))


def bundle_as_json(bundle: Bundle, sources: Sources) -> dict[str, Any]:
    """What `bundle show --json` prints."""
    examples = _examples_of(sources)
    return {
        "name": bundle.name,
        "hash": bundle.hash,
        "currency": bundle.settings.currency,
        "purpose": list(bundle.purpose),
        "features": [{"name": f.name, "by": list(f.by), "take": f.take} for f in bundle.features if f.name[0] != "_"],
        "rules": [
            {
                "id": r.id, "typology": r.typology, "weight": r.weight,
                "effect": "monitor" if r.is_monitor else r.effect, "reason": r.reason,
                "when": " ".join(r.text.split()), "source": r.source, "cost": cost_of(r.when),
                "examples": {"fire": examples.hits[r.id], "silent": examples.silent[r.id]},
            }
            for r in bundle.rules
        ],
        "cost": cost_of_all(rule.when for rule in bundle.rules),
        "lists": {name: len(entries) for name, entries in bundle.lists.items() if entries},
        "examples": examples.number,
        "outcomes": [{"from": band.from_, "outcome": band.outcome} for band in bundle.policy.outcomes],
        "rows": len(bundle.policy.rows),
        "snoozes": [{"rule": s.rule, s.subject: s.entry.id, "until": s.entry.until} for s in bundle.snoozes],
        "ladder": {} if bundle.ladder is None else ladder_as_json(bundle.ladder),
        "trial": None if bundle.trial is None else trial_as_json(bundle.trial),
    }  # fmt: skip


def bundle_as_text(bundle: Bundle, sources: Sources) -> str:
    """What `bundle show` prints."""
    examples = _examples_of(sources)
    keys = sorted({" + ".join(f.by) for f in bundle.features})
    lists = ", ".join(f"{name} ({len(entries)})" for name, entries in bundle.lists.items() if entries) or "none"
    cost = cost_of_all(rule.when for rule in bundle.rules)
    lines = [
        f"{bundle.name}  {bundle.hash}",
        *([] if bundle.trial is None else [trial_as_text(bundle.trial)]),
        f"{len(bundle.feature_names)} features over {', '.join(keys)}; amounts in {bundle.settings.currency}",
        f"{len(bundle.rules)} rules, at most {cost} instructions an event; lists: {lists}; {examples.number} examples",
        "",
        f"{'rule':<22}{'typology':<21}{'weight':>6}{'cost':>6}{'fires/silent':>14}  {'reason':<7}"
        "told to the person concerned",
    ]
    for rule in bundle.rules:
        text = bundle.reasons[rule.reason]
        shown = f"{examples.hits[rule.id]}/{examples.silent[rule.id]}"
        lines.append(
            f"{rule.id:<22}{rule.typology:<21}{rule.weight:>6.2f}{cost_of(rule.when):>6}{shown:>14}  {rule.reason:<7}"
            f"{text.en} / {text.zh}"
        )
    lines += ["", *(f"from score {band.from_:.2f}: {band.outcome}" for band in bundle.policy.outcomes)]
    if bundle.policy.rows:
        lines.append(f"{len(bundle.policy.rows)} rows of the policy come before these bands")
    if bundle.ladder is not None:
        lines += ["", *ladder_as_text(bundle.ladder)]
    return "\n".join(lines)


def trial_as_json(trial: Trial) -> dict[str, Any]:
    """How a challenger is tried, and which."""
    told: dict[str, Any] = {"mode": trial.mode, "challenger": trial.challenger.name, "hash": trial.challenger.hash}
    if trial.is_rollout:
        told |= {"percent": float(trial.percent), "control": float(trial.percent_control), "salt": trial.salt}
    return told


def trial_as_text(trial: Trial) -> str:
    """The same as a sentence."""
    who = f"challenger {trial.challenger.name} {trial.challenger.hash[:12]}"
    if not trial.is_rollout:
        return f"{who}: in shadow; it decides for nobody"
    return (
        f"{who}: decides for {trial.percent} of 100 subjects; {trial.percent_control} of 100 stay with the champion as "
        f"control; salt {json.dumps(trial.salt, ensure_ascii=False)}"
    )


def ladder_as_json(ladder: LadderRules) -> dict[str, Any]:
    """The hardest measure after so many offences, by kind of subject and grade."""
    return {
        kind: [
            {"offences": number, **{grade: MEASURES[_hardest(ladder, i, number, g)] for g, grade in enumerate(GRADES)}}
            for number in range(1, ladder.subjects[i].most + 1)
        ]
        for i, kind in enumerate(SUBJECTS)
    }


def ladder_as_text(ladder: LadderRules) -> Iterator[str]:
    """The same as a table."""
    yield f"{'hardest measure after':<22}" + "".join(f"{grade:<22}" for grade in GRADES).rstrip()
    for kind, rows in ladder_as_json(ladder).items():
        for row in rows:
            last = " or more" if row["offences"] == len(rows) else ""
            what = f"{kind}: {row['offences']}{last}"
            yield f"{what:<22}" + "".join(f"{row[grade]:<22}" for grade in GRADES).rstrip()


def _hardest(ladder: LadderRules, kind: int, offences: int, grade: int) -> int:
    """What the steps give at most, and the grade bears with the largest amount."""
    subject = ladder.subjects[kind]
    step = max(subject.step(offences, grade, outcome) for outcome in range(len(OUTCOMES)))
    return min(step, subject.limit(grade, subject.starts[-1]))


def changes_as_json(old: Bundle, new: Bundle, changes: Sequence[Change], swap: str) -> dict[str, Any]:
    """What `bundle diff --json` prints."""
    told = [
        {**c._asdict(), "keys": {key: {"old": was, "new": now} for key, (was, now) in c.keys.items()}} for c in changes
    ]
    return {
        "same": old.hash == new.hash,
        "old": {"name": old.name, "hash": old.hash},
        "new": {"name": new.name, "hash": new.hash},
        "swap": swap,
        "changes": told,
    }


def changes_as_text(old: Bundle, new: Bundle, changes: Sequence[Change], swap: str) -> str:
    """What `bundle diff` prints."""
    lines = [f"{old.name} {old.hash[:12]} -> {new.name} {new.hash[:12]}"]
    if old.hash == new.hash:
        return "\n".join([*lines, "the same"])
    for section in SECTIONS:
        found = [change for change in changes if change.section == section]
        if found:
            counts = Counter(change.kind for change in found)
            told = ", ".join(f"{counts[kind]} {kind}" for kind in _SIGNS if counts[kind])
            lines += ["", f"{HEADINGS[section]}: {told}"]
            lines += [line for change in found for line in _change_lines(change)]
    return "\n".join([*lines, "", SWAPS[swap]])


def _change_lines(change: Change) -> Iterator[str]:
    sign = _SIGNS[change.kind]
    if change.section == "lists":
        yield f"  {sign} {change.name}: {_list_told(change)}"
    elif change.name == "order":
        yield f"  {sign} the order of those in both"
    elif change.section == "rules" or (change.section == "reasons" and change.kind == "changed"):
        yield f"  {sign} {change.name}"
        for key, (was, now) in change.keys.items():
            if change.kind != "changed" or key == "when":
                yield f"      {key}: {_shown(was if now is None else now)}"
                yield from [f"      was: {_shown(was)}"] if change.kind == "changed" else []
            else:
                yield f"      {key}: {_shown(was)} -> {_shown(now)}"
    elif change.kind == "changed":
        pairs = change.keys.items()
        if [key for key, _ in pairs] == [change.name]:
            yield f"  {sign} " + "".join(f"{key}: {_shown(was)} -> {_shown(now)}" for key, (was, now) in pairs)
        else:
            told = ", ".join(f"{key}: {_shown(was)} -> {_shown(now)}" for key, (was, now) in pairs)
            yield f"  {sign} {change.name}" + (f"  {told}" if told else "")
    else:
        told = ", ".join(f"{key}: {_shown(was if now is None else now)}" for key, (was, now) in change.keys.items())
        yield f"  {sign} {change.name}" + (f"  {told}" if told else "")


def _list_told(change: Change) -> str:
    was, now = change.keys["entries"]
    joined, left = change.keys["added"][1], change.keys["removed"][0]
    counts = f"{0 if was is None else was} -> {0 if now is None else now} entries"
    signs = (("+", joined), ("-", left), ("~", change.keys["changed"][1]))
    named = [f"{sign}{entry}" for sign, entries in signs for entry in entries]
    more = f", ... {len(named) - ENTRIES_SHOWN_MAX} more" if len(named) > ENTRIES_SHOWN_MAX else ""
    order = "" if named else "the order"
    return f"{counts}; {', '.join(named[:ENTRIES_SHOWN_MAX])}{more}{order}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
