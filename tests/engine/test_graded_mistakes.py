"""What a person reads when the merchants' card is wrong, word for word, in golden/graded_mistakes.txt.

After a wanted change: `UPDATE_GOLDEN=1 pytest tests/engine/test_graded_mistakes.py`, then read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bonafide.core.mistakes import Mistake, show_mistakes
from bonafide.engine.graded import DeclaredGraded, Graded, read_graded
from bonafide.engine.rules.source import read_yaml_with_places
from tests.engine.kit import assert_golden

GOLDEN = Path(__file__).parent / "golden" / "graded_mistakes.txt"
FILE = "model/merchant_scorecard.yaml"
FINE = """\
base: 640
inputs:
  - {name: complaints, at: [0, 0.1, 0.5], points: [0, -20, -60], missing: 0}
  - {name: good_sales, at: [0, 100], points: [0, 50], missing: -3}
levels:
  - {below: 600, level: high}
  - {below: 650, level: medium}
"""
DECLARED = (
    DeclaredGraded("complaints", "up", "RC01", "service"), DeclaredGraded("good_sales", "down", "RC06", "trading"),
)  # fmt: skip
CASES: list[tuple[str, str, str]] = [
    ("no card", FINE, "[]\n"),
    ("a base that is no score", "base: 640", "base: 64"),
    ("a key misspelt", "missing: 0", "mising: 0"),
    ("an input misspelt", "complaints", "complaint"),
    ("an input that is none", "complaints", "shoe_size"),
    ("an input twice", "good_sales, at: [0, 100], points: [0, 50]", "complaints, at: [0], points: [0]"),
    ("places that do not rise", "[0, 0.1, 0.5]", "[0, 0.1, 0.1]"),
    ("points forgotten", "[0, -20, -60]", "[0, -20]"),
    ("a place without end", "[0, 0.1, 0.5]", "[0, 0.1, .inf]"),
    ("points with a fraction", "[0, -20, -60]", "[0, -20.5, -60]"),
    ("points against `up`", "[0, -20, -60]", "[0, 20, -60]"),
    ("points against `down`", "[0, 50]", "[0, -50]"),
    ("no places", "at: [0, 100], points: [0, 50]", "at: [], points: []"),
    ("a level that nobody can have", "below: 600", "below: 301"),
]


def told(text: str) -> tuple[Graded | None, list[Mistake]]:
    return read_graded(read_yaml_with_places(text.encode(), FILE), FILE, DECLARED)


def test_a_card_without_mistakes_is_read() -> None:
    graded, mistakes = told(FINE)
    assert mistakes == []
    assert graded is not None
    assert graded.words.tolist() == [640, 2, 0, 0, 3, 0, 1, 6, 2, -3]
    assert graded.floats.tolist() == [0, 0.1, 0.5, 0, -20, -60, 0, 100, 0, 50]


@pytest.mark.parametrize(("title", "before", "after"), CASES, ids=[title for title, _, _ in CASES])
def test_each_mistake_is_found(title: str, before: str, after: str) -> None:
    assert before in FINE
    graded, mistakes = told(FINE.replace(before, after))
    assert graded is None
    assert mistakes


def test_what_a_person_reads() -> None:
    parts = []
    for title, before, after in CASES:
        text = FINE.replace(before, after)
        parts.append(f"# {title}\n{show_mistakes(told(text)[1], {FILE: text})}\n")
    assert_golden(GOLDEN, "\n".join(parts))
