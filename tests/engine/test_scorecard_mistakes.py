"""What a person reads when a scorecard is wrong, word for word, in golden/scorecard_mistakes.txt.

After a wanted change: `UPDATE_GOLDEN=1 pytest tests/engine/test_scorecard_mistakes.py`, then read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bonafide.core.mistakes import Mistake, show_mistakes
from bonafide.engine.rules.source import read_yaml_with_places
from bonafide.engine.scorecard import Scorecard, read_scorecard
from bonafide.testing.scorecard_twin import ScorecardInput
from tests.engine.kit import assert_golden

GOLDEN = Path(__file__).parent / "golden" / "scorecard_mistakes.txt"
FILE = "model/scorecard.yaml"
FINE = """\
base: 640
inputs:
  - {name: user_missed_90d, cuts: [1, 3], points: [12, -40, -130], missing: 3}
  - {name: user_since_first, cuts: [86400], points: [-20, 10], missing: -20}
levels:
  - {below: 520, level: critical}
  - {below: 560, level: high}
  - {below: 640, level: medium}
"""
DECLARED = (
    ScorecardInput("user_missed_90d", "credit_history", "RC11", direction="up"),
    ScorecardInput("user_since_first", "habits", "RC04", direction="down"),
    ScorecardInput("user_merchants_30d", "habits", "RC04"),
)
# Title, what is written, and what is written instead.
CASES: list[tuple[str, str, str]] = [
    ("no scorecard", FINE, "[]\n"),
    ("a base that is no score", "base: 640", "base: 64"),
    ("a base with a fraction", "base: 640", "base: 640.5"),
    ("a key misspelt", "missing: 3", "mising: 3"),
    ("no inputs", FINE[: FINE.index("levels")], "base: 640\ninputs: []\n"),
    ("an input misspelt", "user_missed_90d", "user_mised_90d"),
    ("an input that is none", "user_missed_90d", "shoe_size"),
    ("an input twice", "user_since_first, cuts: [86400], points: [-20, 10]", "user_missed_90d, cuts: [], points: [0]"),
    ("cuts that do not rise", "cuts: [1, 3]", "cuts: [3, 3]"),
    ("a cut without end", "cuts: [1, 3]", "cuts: [1, .inf]"),
    ("a cut that is no number", "cuts: [1, 3]", "cuts: [1, .nan]"),
    ("too many cuts", "cuts: [1, 3]", f"cuts: {list(range(32))}"),
    ("points of a bin forgotten", "[12, -40, -130]", "[12, -40]"),
    ("points with a fraction", "[12, -40, -130]", "[12, -40.5, -130]"),
    ("points beyond the range", "[12, -40, -130]", "[12, -40, -601]"),
    ("points against `up`", "[12, -40, -130]", "[12, -40, -39]"),
    ("points against `down`", "[-20, 10]", "[10, -20]"),
    ("a level that is none", "level: high", "level: hihg"),
    ("the rest named as a level", "level: medium", "level: low"),
    ("levels that do not rise", "below: 560", "below: 520"),
    ("levels that grow stricter", "level: high", "level: critical"),
    ("a level that nobody can have", "below: 520", "below: 520".replace("520", "301")),
    ("a level above all scores", "below: 640", "below: 700"),
    ("a level between that nobody can have", FINE[FINE.index("levels") :],
     "levels:\n  - {below: 664, level: high}\n  - {below: 800, level: medium}\n"),
    ("two mistakes at once", FINE, FINE.replace("[1, 3]", "[3, 1]").replace("[-20, 10]", "[-20]")),
]  # fmt: skip


def told(text: str) -> tuple[Scorecard | None, list[Mistake]]:
    return read_scorecard(read_yaml_with_places(text.encode(), FILE), FILE, DECLARED)


def test_a_scorecard_without_mistakes_is_read() -> None:
    scorecard, mistakes = told(FINE)
    assert mistakes == []
    assert scorecard is not None
    assert scorecard.words.tolist() == [640, 2, 0, 0, 2, 12, 3, 1, 2, 1, 15, -20, 12, -40, -130, -20, 10]
    assert scorecard.floats.tolist() == [1, 3, 86400]


def test_a_free_input_may_have_points_in_any_order() -> None:
    scorecard, mistakes = told(FINE.replace("user_missed_90d", "user_merchants_30d").replace("-40, -130", "-130, -40"))
    assert (scorecard is not None, mistakes) == (True, [])


def test_mistakes_are_told_word_for_word() -> None:
    shown = []
    for title, old, new in CASES:
        assert old in FINE, title
        text = FINE.replace(old, new, 1)
        scorecard, mistakes = told(text)
        assert scorecard is None, title
        assert mistakes, title
        shown.append(f"# {title}\n{show_mistakes(mistakes, {FILE: text})}\n")
    assert_golden(GOLDEN, "\n".join(shown))


@pytest.mark.parametrize("title", [title for title, _, _ in CASES])
def test_every_mistake_has_its_line(title: str) -> None:
    old, new = next((old, new) for name, old, new in CASES if name == title)
    _, mistakes = told(FINE.replace(old, new, 1))
    assert all(mistake.path == FILE and mistake.line is not None for mistake in mistakes)
