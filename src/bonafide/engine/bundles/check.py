"""`bundle check`: what a bundle may say and load with, but that makes no sense or does not hold.

A bundle that does not load is told why, as by `load_bundle`. One that does is asked further: conditions that can never
or always hold, rules and bands that nothing reaches, texts that are not translated, what nobody uses, and whether its
examples come out as they say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bonafide.core.mistakes import Mistake
from bonafide.core.text import did_you_mean
from bonafide.engine.bundle import POLICY, Bundle, read_bundle
from bonafide.engine.bundles.files import CHALLENGER, Sources
from bonafide.engine.bundles.ladder import codes_of, note_unreachable_steps
from bonafide.engine.bundles.model import note_model_text
from bonafide.engine.bundles.purpose import FEATURES
from bonafide.engine.bundles.reach import note_unreachable
from bonafide.engine.bundles.rules import REASONS, RULES
from bonafide.engine.bundles.example_files import Example, read_examples
from bonafide.engine.bundles.examples import ExampleResult, covers, play_examples
from bonafide.engine.features.spec import carried_vocabulary
from bonafide.engine.kernels import Kernels, load_kernels
from bonafide.engine.rules.language import ExpressionError, Node, Vocabulary, names_in, parse_located
from bonafide.engine.rules.sense import look_for_nonsense
from bonafide.engine.rules.source import Document
from bonafide.engine.bundles.shapes import Path as YamlPath

__all__ = ["POLICY", "Checked", "check_bundle", "examine_bundle"]

_CJK: Final = (("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))


class Checked(NamedTuple):
    """What a check found."""

    sources: Sources
    """The files, and in `mistakes` everything that is wrong or doubtful."""
    bundle: Bundle | None
    """None where it does not load."""
    results: tuple[ExampleResult, ...]
    """Of the examples, where they could be played."""


def check_bundle(folder: Path, kernels: Callable[[], Kernels] = load_kernels) -> list[Mistake]:
    """Everything that is wrong (errors) or doubtful (warnings) in a bundle's folder.

    Raises ConfigError only where there is no such folder.
    """
    return examine_bundle(folder, kernels).sources.mistakes


def examine_bundle(folder: Path, kernels: Callable[[], Kernels] = load_kernels) -> Checked:
    """As `check_bundle`, with the bundle and the results of its examples."""
    sources, bundle = read_bundle(folder)
    if bundle is None or bundle.trial is None:
        return Checked(sources, bundle, _examine(sources, bundle, kernels))
    results = _examine(sources, bundle.parts[0], kernels)
    inner = sources.inside(CHALLENGER)
    beside = _examine(inner, bundle.trial.challenger, kernels)
    sources.note_all(CHALLENGER, inner)
    return Checked(sources, bundle, (*results, *(one._replace(path=f"{CHALLENGER}/{one.path}") for one in beside)))


def _examine(
    sources: Sources, bundle: Bundle | None, kernels: Callable[[], Kernels]
) -> tuple[ExampleResult, ...]:  # fmt: skip
    """Note what makes no sense in one bundle, whatever is tried beside it; returns what came of its examples."""
    examples = read_examples(sources)
    if bundle is None:
        return ()
    note_model_text(sources)
    _note_nonsense(sources, bundle)
    note_unreachable(sources, bundle)
    note_unreachable_steps(sources)
    _note_translations(sources, bundle)
    _note_unused(sources, bundle)
    return _note_examples(sources, bundle, examples, kernels)


def _note_nonsense(sources: Sources, bundle: Bundle) -> None:
    """Conditions that can never or always hold, units that do not fit, divisors that can be zero; and repetitions."""
    rules, features = sources.document(RULES), sources.document(FEATURES)
    if rules is None or features is None:
        return
    first: dict[Node, tuple[str, int]] = {}
    for i, rule in enumerate(bundle.rules):
        subject = f"rule {rule.id}"
        _note_condition(sources, rules, RULES, (i, "when"), subject, bundle.vocabulary)
        other, line = first.setdefault(rule.when, (rule.id, rules.place((i, "when")).line))
        if other != rule.id:
            text = f"has the condition of rule {other} (line {line}); both always hit together"
            place = rules.place((i, "when"))
            sources.note("same-condition", text, RULES, place, severity="warning", subject=subject)
    for i, item in enumerate(features.value):
        if item.get("where"):
            words = carried_vocabulary(bundle.features[i])
            _note_condition(sources, features, FEATURES, (i, "where"), f"feature {item['name']}", words)


def _note_condition(
    sources: Sources, document: Document, name: str, path: YamlPath, subject: str, vocabulary: Vocabulary | None
) -> None:
    try:
        located = parse_located(document.value[path[0]][path[1]], vocabulary)
    except ExpressionError as error:
        raise AssertionError("a bundle that loads has conditions that can be read") from error
    for p in look_for_nonsense(located, vocabulary):
        place = document.text_place(path, p.column, p.width)
        sources.note(p.code, p.message, name, place, help_=p.help, severity=p.severity, subject=subject)


def _note_translations(sources: Sources, bundle: Bundle) -> None:
    document = sources.document(REASONS)
    if document is None:
        return
    for code, text in bundle.reasons.items():
        told = {"zh": text.zh, "en": text.en, "submit_zh": text.submit_zh, "submit_en": text.submit_en}
        for key, words in told.items():
            chinese = any(low <= letter <= high for letter in words for low, high in _CJK)
            if words and chinese != key.endswith("zh"):
                fault = "has no Chinese character" if key.endswith("zh") else "has Chinese characters"
                place = document.place((code, key))
                sources.note("translation", f"{key} {fault}", REASONS, place, subject=f"reason {code}")
        if bool(text.submit_zh) != bool(text.submit_en):
            there, lacking = ("submit_zh", "submit_en") if text.submit_zh else ("submit_en", "submit_zh")
            place = document.key_place((code, there))
            fault = f"{there} is there and {lacking} is not; give both or neither"
            sources.note("translation", fault, REASONS, place, subject=f"reason {code}")


def _note_unused(sources: Sources, bundle: Bundle) -> None:
    features, reasons = sources.document(FEATURES), sources.document(REASONS)
    if features is None or reasons is None:
        return
    read: set[str] = set().union(*(names_in(rule.when) for rule in bundle.rules))
    read |= set().union(*(names_in(one.node) for one in bundle.inputs.everything))
    read |= {carried.name for feature in bundle.features for carried in feature.carried}
    for i, item in enumerate(features.value):
        if item["name"] not in read and not item.get("note"):
            help_ = "Leave it out, or say in its note what it is kept for."
            text = "no rule and no model reads it"
            place = features.place((i, "name"))
            subject = f"feature {item['name']}"
            sources.note("unused", text, FEATURES, place, help_=help_, severity="warning", subject=subject)
    told = {rule.reason for rule in bundle.rules} | {one.reason for one in bundle.inputs.model}
    told |= {row.reason for row in bundle.policy.rows if row.reason is not None}
    told |= set() if bundle.ladder is None else codes_of(bundle.ladder)
    for code in (code for code in bundle.reasons if code not in told):
        place = reasons.key_place((code,))
        sources.note("unused", "nothing gives it", REASONS, place, severity="warning", subject=f"reason {code}")
    named = {name for rule in bundle.rules for name in _lists_in(rule.when)}
    named |= {name for one in bundle.inputs.everything for name in _lists_in(one.node)}
    named |= {row.list for row in bundle.policy.lists}
    for name in (name for name, entries in bundle.lists.items() if entries and name not in named):
        text = "no rule and no policy reads this list"
        path = next(path for path in sources.contents if path.startswith(f"lists/{name}."))
        sources.note("unused", text, path, severity="warning", subject=f"list {name}")


def _lists_in(node: Node) -> set[str]:
    name = getattr(node, "list_name", None)
    return set().union(*map(_lists_in, getattr(node, "parts", ())), {name} if name else set())


def _note_examples(
    sources: Sources, bundle: Bundle, examples: Sequence[Example], kernels: Callable[[], Kernels]
) -> tuple[ExampleResult, ...]:
    if not bundle.examples:
        text = "there are no examples/; nothing shows that the rules do what they should"
        sources.note("example", text, RULES, severity="warning")
        return ()
    _note_unknown(sources, bundle, examples)
    # Where an example cannot be read, what it would have covered is not known; a rule with an error cannot fire.
    readable = not any(mistake.path.startswith("examples/") for mistake in sources.mistakes)
    faulty = {mistake.subject for mistake in sources.mistakes if mistake.severity == "error"}
    results = play_examples(bundle, examples, kernels)
    for example, result in zip(examples, results, strict=True):
        if not result.passed:
            subject = f"example {example.name!r:.80}"
            sources.note("example", result.message, example.path, example.place, subject=subject)
    document = sources.document(RULES)
    hit = {rule for example in examples for rule in example.expected.hits}
    silent = {rule for example in examples for rule in example.expected.not_hits}
    for i, rule in enumerate(bundle.rules if readable and document is not None else ()):
        wanted = (("that fires it", hit), ("that does not fire it", silent))
        lacking = [kind for kind, ids in wanted if rule.id not in ids]
        if lacking and document is not None and f"rule {rule.id}" not in faulty:
            text = f"has no example {lacking[0]}"
            if len(lacking) > 1:
                text = "has no example that fires it and none that does not"
            help_ = f"Add {'hits' if rule.id not in hit else 'not_hits'}: [{rule.id}] to an example of examples/."
            place = document.place((i, "id"))
            sources.note("example", text, RULES, place, help_=help_, subject=f"rule {rule.id}")
    return tuple(results)


def _note_unknown(sources: Sources, bundle: Bundle, examples: Sequence[Example]) -> None:
    """Examples that name a rule or a reason that the bundle does not have."""
    ids = {rule.id for rule in bundle.rules}
    for example in examples:
        subject = f"example {example.name!r:.80}"
        for rule in sorted(covers(example) - ids):
            text = f"there is no rule {rule:.60}{did_you_mean(rule, sorted(ids))}"
            sources.note("example", text, example.path, example.place, subject=subject)
        for code in sorted(set(example.expected.reasons) - bundle.reasons.keys()):
            text = f"there is no reason {code:.60}{did_you_mean(code, sorted(bundle.reasons))}"
            sources.note("example", text, example.path, example.place, subject=subject)
