"""A bundle: one immutable, content-hashed version of features, rules, policy, lists and texts, read from a folder.

Reading it notes every mistake of every file before it gives up; `bundles.check` looks further, at what is allowed but
makes no sense.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from bonafide.core.errors import ConfigError
from bonafide.core.fields import Origin
from bonafide.core.mistakes import Mistake
from bonafide.core.text import shorten
from bonafide.engine.asked import conditions, snoozed_of, with_silent
from bonafide.engine.bundles.education import Education, read_education
from bonafide.engine.bundles.files import (
    CHALLENGER, FILE_BYTES_MAX, FILES_MAX, OPTIONAL, Sources, content_hash, read_sources, read_yaml,
)  # fmt: skip
from bonafide.engine.bundles.head import HEAD, Head, read_head
from bonafide.engine.bundles.ladder import LADDER, read_ladder
from bonafide.engine.bundles.inputs import NO_INPUTS, Inputs, read_inputs
from bonafide.engine.bundles.lists import Entry, Snooze, endless, read_lists, read_snoozes
from bonafide.engine.bundles.model import read_scheme
from bonafide.engine.bundles.purpose import FEATURES, note_purpose
from bonafide.engine.bundles.rules import RULES_MAX, TYPOLOGIES, ReasonText, Rule, read_reasons, read_rules
from bonafide.engine.bundles.trial import Trial, join, note_trial
from bonafide.engine.compiled import NOT_FOLLOWED, Compiled, Settings, compile_bundle
from bonafide.engine.features.plan import Followed
from bonafide.engine.features.spec import Feature, parse_features, quantity_of, unreadable_reason
from bonafide.engine.ladder.rules import LadderRules
from bonafide.engine.policy import Known, Policy, read_policy
from bonafide.engine.rules.language import Node, Quantity, Vocabulary, amount_bounds
from bonafide.engine.rules.utilisation import HIDDEN, reads_utilisation
from bonafide.engine.scheme import ALWAYS

__all__ = [
    "FILES_MAX", "FILE_BYTES_MAX", "OPTIONAL", "RULES_MAX", "TYPOLOGIES", "Bundle", "ReasonText", "Rule",
    "content_hash", "load_bundle", "read_bundle", "read_yaml",
]  # fmt: skip

POLICY: Final = "policy.yaml"


class Bundle(NamedTuple):
    """A bundle as it was read and checked."""

    name: str
    hash: str
    features: tuple[Feature, ...]
    """Declared features, then the hidden ones that `utilisation` needs."""
    rules: tuple[Rule, ...]
    policy: Policy
    reasons: dict[str, ReasonText]
    settings: Settings
    compiled: Compiled
    lists: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    purpose: tuple[Origin, ...] = ()
    examples: Mapping[str, bytes] = MappingProxyType({})
    """The files of examples/, which are read when they are played."""
    inputs: Inputs = NO_INPUTS
    """What its model and its scorecards read, or will when they are trained."""
    ladder: LadderRules | None = None
    """None: the policy alone says what is proposed."""
    entries: Mapping[str, tuple[Entry, ...]] = MappingProxyType({})
    """The lists with the end, reason and author of each entry."""
    snoozes: tuple[Snooze, ...] = ()
    trial: Trial | None = None
    """The bundle that is tried beside this one, which is the champion: all else here is the champion's, but that the
    features are those of both."""
    education: Education | None = None
    """What the office has people told; the engine does not read it."""

    @property
    def besides(self) -> Followed:
        """What its challenger needs followed."""
        return NOT_FOLLOWED if self.trial is None else self.trial.challenger.compiled.features.layout.followed

    @property
    def parts(self) -> tuple[Bundle, ...]:
        """The champion, and the challenger where there is one: each may decide alone, under the hash of the whole."""
        alone = self if self.trial is None else self._replace(trial=None)
        return (alone,) if self.trial is None else (alone, self.trial.challenger._replace(hash=self.hash))

    def part_in(self, arm: str | None) -> Bundle:
        """The bundle that decides in an arm of a rollout."""
        return self.parts[-1] if arm == "challenger" else self.parts[0]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the declared features, in order."""
        return tuple(f.name for f in self.features if not f.name.startswith("_"))

    @property
    def conditions(self) -> list[tuple[Node, float]]:
        """What is asked of every event, each with its weight: the rules, then what the policy asks."""
        return conditions(self.rules, self.policy, self.lists, snoozed_of(self.snoozes))

    @property
    def vocabulary(self) -> Vocabulary:
        """What a rule of this bundle may name."""
        return _vocabulary({f.name: quantity_of(f) for f in self.features}, self.features, self.lists, self.settings)


def untrained(bundle: Bundle) -> Bundle:
    """The bundle as one that reads all that its inputs.yaml names, and scores by its rules alone: what a model is
    trained on."""
    scheme = bundle.compiled.scheme._replace(
        model_inputs=tuple(one.node for one in bundle.inputs.model), input_reasons=(0,) * len(bundle.inputs.model),
        card_inputs=tuple(one.node for one in bundle.inputs.scorecard), trees=None, knots=(), scorecard=None,
        merchant_inputs=tuple(one.node for one in bundle.inputs.merchant_scorecard), merchant_card=None,
    )  # fmt: skip
    compiled = compile_bundle(bundle.features, bundle.conditions, bundle.settings, scheme=scheme)
    return bundle._replace(compiled=compiled)


def load_bundle(folder: Path) -> Bundle:
    """Read and check a bundle's folder.

    Raises ConfigError with every mistake of every file: file, line, column, what was expected.
    """
    sources, bundle = read_bundle(folder)
    sources.raise_mistakes()
    if bundle is None:
        raise AssertionError("a bundle without mistakes can be read")
    return bundle


def read_bundle(folder: Path) -> tuple[Sources, Bundle | None]:
    """A bundle and its files; None with at least one mistake noted where it cannot be used.

    Raises ConfigError only where there is no such folder.
    """
    sources = read_sources(folder)
    head, bundle = _read_alone(sources)
    trial = None if head is None else head.trial
    if head is not None:
        note_trial(sources, trial)
    if sources.has(CHALLENGER):
        inner = sources.inside(CHALLENGER)
        inner_head, challenger = _read_alone(inner)
        if inner_head is not None and inner_head.trial is not None:
            inner.note("trial", "trial: a challenger has no trial of its own", HEAD)
        sources.note_all(CHALLENGER, inner)
        if bundle is not None and challenger is not None and trial is not None and not sources.mistakes:
            bundle = join(sources, trial, bundle, challenger)
    return sources, None if sources.mistakes else bundle


def _read_alone(sources: Sources) -> tuple[Head | None, Bundle | None]:
    """What bundle.yaml says, and the bundle of these files, whatever is tried beside it."""
    head = read_head(sources)
    entries = read_lists(sources)
    lists = {name: tuple(entry.id for entry in some) for name, some in entries.items()}
    features, quantities = _read_features(sources)
    reasons, codes = read_reasons(sources)
    vocabulary = None if quantities is None else _vocabulary(quantities, features, lists, head and head[1])
    rules = read_rules(sources, vocabulary, codes)
    ids = tuple(rule.id for rule in rules)
    snoozes = read_snoozes(sources, ids)
    policy = _read_policy(sources, head and head[1], Known(ids, tuple(lists), tuple(codes or ())))
    _note_endless(sources, policy, entries)
    ladder = read_ladder(sources, codes)
    if ladder is not None and policy is not None and policy.measures:
        _note_two_voices(sources)
    education = read_education(sources)
    inputs = read_inputs(sources, vocabulary, rules, codes or ())
    scheme = read_scheme(sources, inputs, rules, reasons)
    if head is not None:
        note_purpose(sources, head[0].purpose, features, rules, inputs)
    if sources.mistakes or head is None or policy is None:
        return head and head[0], None
    told, settings = head
    needs_hidden = any(map(reads_utilisation, (*(rule.when for rule in rules), *inputs.nodes)))
    hidden = parse_features(list(HIDDEN), "utilisation", hidden=True) if needs_hidden else ()
    everything = (*features, *hidden)
    line = ALWAYS if policy.line_e6 is None else policy.line_e6
    spoken = conditions(rules, policy, lists, snoozed_of(snoozes))
    scheme = with_silent(scheme._replace(line_e6=line), rules, len(spoken))
    try:
        compiled = compile_bundle(everything, spoken, settings, scheme=scheme)
    except ConfigError as error:
        sources.mistakes += error.mistakes or (Mistake("too-large", error.message, FEATURES),)
        return told, None
    return told, Bundle(
        told.name, content_hash(sources.contents), everything, rules, policy, reasons, settings, compiled, lists,
        told.purpose, {name: text for name, text in sources.contents.items() if name.startswith("examples/")}, inputs,
        ladder, entries, snoozes, education=education,
    )  # fmt: skip


def _read_features(sources: Sources) -> tuple[tuple[Feature, ...], dict[str, Quantity] | None]:
    """The features, and what a rule may expect of each declared one, those with mistakes too; None: of none."""
    document = sources.document(FEATURES)
    if document is None:
        return (), None
    try:
        features = parse_features(document, FEATURES)
    except ConfigError as error:
        sources.mistakes += error.mistakes
        declared = document.value if isinstance(document.value, list) else []
        names = [item.get("name") for item in declared if isinstance(item, dict)]
        return (), {name: Quantity("number") for name in names if isinstance(name, str)} or None
    return features, {feature.name: quantity_of(feature) for feature in features}


def _read_policy(sources: Sources, settings: Settings | None, known: Known) -> Policy | None:
    document = sources.document(POLICY)
    if document is None:
        return None
    policy, mistakes = read_policy(document, POLICY, settings, known)
    sources.mistakes += mistakes
    return policy


def _note_endless(sources: Sources, policy: Policy | None, entries: Mapping[str, tuple[Entry, ...]]) -> None:
    """Allow lists whose entries have no end: nobody is trusted for ever."""
    document = sources.document(POLICY)
    for i, row in enumerate(policy.lists if policy is not None and document is not None else ()):
        name = endless(entries, row.list) if row.effect == "allow" else None
        if name is not None and document is not None:
            text = f"lists[{i}]: the entry {shorten(name)} of the allow list {row.list} has no end; write the list as "
            text += f"lists/{row.list}.yaml, each entry with until, reason and author"
            sources.note("out-of-range", text, POLICY, document.place(("lists", i, "list")))


def _note_two_voices(sources: Sources) -> None:
    document = sources.document(POLICY)
    if document is not None:
        text = f"measures: {LADDER} says what is proposed; leave this out"
        sources.note("two-voices", text, POLICY, document.key_place(("measures",)))


def _vocabulary(
    quantities: Mapping[str, Quantity], features: tuple[Feature, ...], lists: Mapping[str, tuple[str, ...]],
    settings: Settings | None,
) -> Vocabulary:  # fmt: skip
    unreadable = {f.name: why for f in features if (why := unreadable_reason(f)) is not None}
    rates = [(rate.minor, rate.over) for rate in settings.rates] if settings else []
    return Vocabulary(quantities, lists, unreadable, amount_bounds(rates))
