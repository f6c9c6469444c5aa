"""Rule texts and bundle files changed at random: a plain message or a sound program, never a crash, never a read or a
write outside. `make test` plays a fixed few hundred seeds; `make fuzz` plays fresh ones for MINUTES."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import pytest

from bonafide.core.errors import ConfigError
from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, TYPE_NAMES, WORD_CODE
from bonafide.core.mistakes import show_mistakes
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.bundles.check import check_bundle
from bonafide.engine.codes import READ
from bonafide.engine.compiled import hash_words
from bonafide.engine.engine import Engine
from bonafide.engine.features.spec import Feature
from bonafide.engine.kernels import load_kernels
from bonafide.engine.rules.cost import RULE_COST_MAX, cost_of, too_costly
from bonafide.engine.rules.language import ExpressionError, parse_located
from bonafide.engine.rules.operations import LOCAL_DAY, LOCAL_HOUR, ROW_WIDTH, TYPE
from bonafide.engine.rules.program import Builder
from bonafide.engine.rules.sense import look_for_nonsense
from bonafide.engine.rules.utilisation import expand
from bonafide.engine.rules.wording import explain
from bonafide.engine.shipped import shipped_bundle
from bonafide.testing.rules_twin import evaluate
from tests.engine.kit import SECRET
from tests.engine.mutations import condition, files, read_files, shipped_conditions
from tests.engine.rules.bounds import assert_in_bounds
from tests.engine.tiny import TINY

MINUTES: Final = float(os.environ.get("FUZZ_MINUTES", "1"))
SEED: Final = int(os.environ.get("FUZZ_SEED", time.time_ns()))
CONDITIONS: Final = shipped_conditions()


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle("paylater")


def seeds_for(minutes: float) -> Iterator[int]:
    """Seeds from FUZZ_SEED on, by default ones that no earlier run had, until the time is over."""
    begin = time.monotonic()
    for seed in itertools.count(SEED):
        if time.monotonic() - begin > minutes * 60:
            return
        yield seed


# ---- conditions


def record_of(rng: random.Random) -> dict[str, Any]:
    """An event with about half of all fields, as the twin reads it."""
    record: dict[str, Any] = {"type": rng.choice(TYPE_NAMES), "local_hour": rng.randrange(24), "local_day": 20_000}
    for name, field in FIELDS.items():
        if rng.random() < 0.5:
            match field.kind:
                case "text":
                    record[name] = f"x{rng.randrange(3)}"
                case "word":
                    record[name] = rng.choice(field.words)
                case "flag":
                    record[name] = rng.random() < 0.5
                case "fraction":
                    record[name] = rng.randrange(10**9 + 1)
                case "list":
                    pass
                case _:
                    record[name] = rng.choice((0, 1, 500, 10_000, 10**12, rng.randrange(10**6)))
    return record


def row_of(record: dict[str, Any], key: Any) -> Any:
    """The same event as the kernel reads it."""
    row = np.full((1, ROW_WIDTH), ABSENT, dtype=np.int64)
    row[0, TYPE], row[0, LOCAL_HOUR], row[0, LOCAL_DAY] = TYPE_CODE[record["type"]], record["local_hour"], 20_000
    for name in record.keys() & FIELDS.keys():
        if FIELDS[name].kind == "text":
            load_kernels().hash_texts(record[name].encode(), row, FIELDS[name].place, key)
        else:
            row[0, FIELDS[name].place] = WORD_CODE[record[name]] if FIELDS[name].kind == "word" else record[name]
    return row[0]


def play_condition(seed: int, bundle: Bundle) -> str:
    """What became of one condition: "refused", "costly" or "ran"; an AssertionError names what went wrong."""
    features = {f.name: f for f in bundle.features if not f.name.startswith("_")}
    text = condition(seed, CONDITIONS, list(features))
    try:
        located = parse_located(text, bundle.vocabulary)
    except ExpressionError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.message
            assert "\n" not in problem.message
            assert 0 <= problem.column <= len(text)
            assert problem.width >= 1
        return "refused"
    look_for_nonsense(located, bundle.vocabulary)
    assert (too_costly(located) is not None) == (cost_of(located.node) > RULE_COST_MAX)
    if cost_of(located.node) > RULE_COST_MAX:
        return "costly"
    assert explain(located.node, features, "CNY", "zh")
    assert explain(located.node, features, "CNY", "en")
    assert_same_as_twin(random.Random(seed), bundle.features, expand(located.node))
    return "ran"


def assert_same_as_twin(rng: random.Random, features: tuple[Feature, ...], node: Any) -> None:
    columns = {f.name: i for i, f in enumerate(features)}
    key = np.frombuffer(SECRET, dtype="<u8")
    builder = Builder(columns)
    builder.add(node)
    program = builder.build()
    assert_in_bounds(program)
    gated = Builder(columns, skips=True)
    gated.add(node)
    gated.add(node)
    assert_in_bounds(gated.build())
    words = hash_words(program.words, key, load_kernels().hash_texts)
    for _ in range(3):
        record = record_of(rng)
        given = {name: rng.choice((None, 0.0, 1.0, 3.0, 86_400.0, 1e6, rng.random())) for name in columns}
        try:
            expected = evaluate(node, record, given)
        except OverflowError:  # the twin rounds by way of integers, which have no infinity
            continue
        registers = program.fresh_registers()
        answers = np.array([np.nan if value is None else value for value in given.values()])
        load_kernels().evaluate(program.code, words, row_of(record, key), answers, registers)
        got = registers[program.results[0]]
        assert np.isnan(got) if expected is None else got == expected, (record, given, expected, got)


def test_changed_conditions(bundle: Bundle) -> None:
    became = [play_condition(seed, bundle) for seed in range(400)]
    assert min(became.count("refused"), became.count("ran")) > 50


@pytest.mark.fuzz
def test_changed_conditions_for_long(bundle: Bundle) -> None:
    for seed in seeds_for(MINUTES / 2):
        try:
            play_condition(seed, bundle)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


# ---- files


def play_files(seed: int, sources: dict[str, bytes]) -> str:
    """What became of one damaged bundle: "refused", "doubted" or "sound"."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path, content in files(seed, sources).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        mistakes = check_bundle(folder)
        texts = {path: content.decode("utf-8", "replace") for path, content in read_files(folder).items()}
        assert bool(show_mistakes(mistakes, texts)) == bool(mistakes)
        try:
            bundle = load_bundle(folder)
        except ConfigError as error:
            assert str(error).strip()
            assert any(mistake.severity == "error" for mistake in mistakes)
            return "refused"
    for program in (bundle.compiled.wheres, bundle.compiled.rules):
        assert_in_bounds(program)
    decide_something(seed, bundle)
    return "doubted" if mistakes else "sound"


def decide_something(seed: int, bundle: Bundle) -> None:
    """The bundle decides on rows of anything."""
    rng = np.random.default_rng(seed % 2**32)
    engine = Engine(bundle)
    rows = rng.integers(0, 1_000, (40, ROW_WIDTH))
    rows[rng.random(rows.shape) < 0.3] = ABSENT
    rows[:, TYPE] = rng.integers(0, len(TYPE_NAMES), 40)
    rows[:, FIELDS["event_id"].place] = rng.integers(1, 2**62, 40)
    rows[:, FIELDS["time"].place] = np.sort(rng.integers(10**12, 10**12 + 10**8, 40))
    walked = engine.state.walk(rows, np.full(40, READ, dtype=np.int64))
    assert walked.answers.shape == (40, len(bundle.features) + len(bundle.compiled.input_registers))


@pytest.fixture(scope="module", params=["tiny", "paylater"])
def sources(request: pytest.FixtureRequest, bundle: Bundle) -> dict[str, bytes]:
    if request.param == "tiny":
        return read_files(TINY)
    # Examples take a second to play; damage to them is another test's.
    folder = TINY.parents[3] / "bundles" / "paylater"
    return {path: text for path, text in read_files(folder).items() if not path.startswith("examples/")}


def test_changed_files(sources: dict[str, bytes]) -> None:
    became = [play_files(seed, sources) for seed in range(24)]
    assert became.count("refused") > 5
    assert len(became) - became.count("refused") > 2


@pytest.mark.fuzz
def test_changed_files_for_long(sources: dict[str, bytes]) -> None:
    for seed in seeds_for(MINUTES / 4):
        try:
            play_files(seed, sources)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
