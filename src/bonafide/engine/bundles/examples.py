"""Examples of a bundle, played: each on an engine of its own, so that no example knows another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from bonafide.core.decision import Decision
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.files import CHALLENGER, Sources
from bonafide.engine.engine import Engine
from bonafide.engine.bundles.example_files import Example, read_examples
from bonafide.engine.bundles.example_reasons import why_silent
from bonafide.engine.kernels import Kernels, load_kernels


class ExampleResult(NamedTuple):
    """What came of one example."""

    name: str
    path: str
    line: int
    rules: tuple[str, ...]
    """Rules that it covers: those that must hit and those that must not."""
    passed: bool
    message: str
    """What differs, in plain words; empty where nothing does."""


def run_examples(
    bundle: Bundle, rule_ids: Collection[str] | None = None, kernels: Callable[[], Kernels] = load_kernels
) -> list[ExampleResult]:
    """Play a bundle's examples, all or those that cover one of `rule_ids`, and say what came of each; those of a
    challenger that is tried beside it, too.

    Raises ConfigError with every mistake where an example cannot be read.
    """
    if bundle.trial is not None:
        ours, theirs = (run_examples(part, rule_ids, kernels) for part in bundle.parts)
        return [*ours, *(one._replace(path=f"{CHALLENGER}/{one.path}") for one in theirs)]
    sources = Sources(dict(bundle.examples))
    examples = read_examples(sources)
    sources.raise_mistakes()
    chosen = [e for e in examples if rule_ids is None or not covers(e).isdisjoint(rule_ids)]
    return play_examples(bundle, chosen, kernels)


def play_examples(
    bundle: Bundle, examples: Collection[Example], kernels: Callable[[], Kernels] = load_kernels
) -> list[ExampleResult]:
    """Play examples that were read already; `kernels` is asked for them when there is something to play."""
    ready = kernels() if examples else None
    return [_play(bundle, example, ready) for example in examples]


def covers(example: Example) -> set[str]:
    """The rules that an example says something about."""
    return {*example.expected.hits, *example.expected.not_hits}


def _play(bundle: Bundle, example: Example, kernels: Kernels | None) -> ExampleResult:
    engine = Engine(bundle, kernels=kernels)
    *past, answer = engine.decide((*example.past, example.event))
    refused = [receipt for receipt in past if receipt.__class__ is not Decision and receipt.status != "taught"]  # type: ignore[union-attr]
    if refused:
        told = [f"event {refused[0].event_id} of its past was refused: {refused[0].status}"]  # type: ignore[union-attr]
    elif isinstance(answer, Decision):
        told = [*_differences(example, answer), *_numbers(bundle, example, answer, kernels)]
    else:
        told = [f"its event was refused: {answer.status}"]
    rules = tuple(dict.fromkeys((*example.expected.hits, *example.expected.not_hits)))
    return ExampleResult(example.name, example.path, example.place.line, rules, not told, "; ".join(told))


def _numbers(bundle: Bundle, example: Example, got: Decision, kernels: Kernels | None) -> Iterator[str]:
    """Of each rule that was to hit and did not, the parts of its condition that do not hold, with their numbers."""
    for rule in bundle.rules:
        if kernels is not None and rule.id in example.expected.hits and rule.id not in got.hits:
            why = why_silent(bundle, example, rule, kernels)
            if why:
                yield f"of {rule.id}, {why}"


def _differences(example: Example, got: Decision) -> Iterator[str]:
    """What an answer has that the example does not expect, or lacks."""
    expected = example.expected
    faults = f"; {', '.join(got.faults)}" if got.faults else ""
    hits = (", ".join(got.hits) or "no hit") + faults
    missed = [rule for rule in expected.hits if rule not in got.hits]
    if missed:
        yield f"expected a hit of {', '.join(missed)}, got {hits}"
    wrong = [rule for rule in expected.not_hits if rule in got.hits]
    if wrong:
        yield f"expected no hit of {', '.join(wrong)}, got {hits}"
    if expected.outcome is not None and expected.outcome != got.outcome:
        yield f"expected outcome {expected.outcome}, got {got.outcome} (score {got.score:.6f}, {hits})"
    if expected.risk_level is not None and expected.risk_level != got.risk_level:
        yield f"expected risk level {expected.risk_level}, got {got.risk_level} (score {got.score:.6f})"
    codes = [reason.code for reason in got.reasons]
    lacking = [code for code in expected.reasons if code not in codes]
    if lacking:
        yield f"expected reason {', '.join(lacking)}, got {', '.join(codes) or 'none'}"
    score = expected.score
    if score is not None and not score.from_ <= got.score <= score.to:
        yield f"expected a score from {score.from_} to {score.to}, got {got.score:.6f}"
