"""The mistakes that analysts make most, read from a file, each told as a colleague would tell it.

Word for word in golden/ten_mistakes.txt. After a wanted change of a text: `UPDATE_GOLDEN=1 pytest` on this file.
"""

from __future__ import annotations

from pathlib import Path

from bonafide.core.mistakes import Mistake, show_mistakes
from bonafide.engine.features.spec import parse_features, quantity_of
from bonafide.engine.rules.cost import too_costly
from bonafide.engine.rules.language import ExpressionError, Problem, Vocabulary, parse_located
from bonafide.engine.rules.sense import look_for_nonsense
from bonafide.engine.rules.source import read_yaml_with_places
from tests.engine.kit import assert_golden

FOLDER = Path(__file__).parent / "ten_mistakes"
GOLDEN = Path(__file__).parent / "golden" / "ten_mistakes.txt"
COSTLY = " or ".join(f"max(amount, {i}) > min(credit_limit, {i + 1}) * 2" for i in range(41))


def problems_of(text: str, vocabulary: Vocabulary) -> tuple[Problem, ...]:
    """Everything that is wrong with a condition, as a bundle's check finds it."""
    try:
        located = parse_located(text, vocabulary)
    except ExpressionError as error:
        return error.problems
    costly = too_costly(located)
    return (costly,) if costly else look_for_nonsense(located, vocabulary)


def test_each_mistake_is_told_with_its_line_and_a_way_out() -> None:
    features = parse_features(read_yaml_with_places((FOLDER / "features.yaml").read_bytes(), "f.yaml"), "f.yaml")
    vocabulary = Vocabulary({f.name: quantity_of(f) for f in features}, {"known_bad_merchants": ("m1", "m2")})
    content = (FOLDER / "rules.yaml").read_text(encoding="utf-8").replace("COSTLY)", f"{COSTLY})")
    document = read_yaml_with_places(content.encode(), "rules.yaml")
    mistakes: list[Mistake] = []
    for i, rule in enumerate(document.value):
        found = problems_of(rule["when"], vocabulary)
        assert found, rule["id"]
        for p in found:
            place = document.text_place((i, "when"), p.column, p.width)
            told = Mistake(p.code, p.message, "rules.yaml", *place, p.help, p.severity, f"rule {rule['id']}")
            mistakes.append(told)
    shown = show_mistakes(mistakes, {"rules.yaml": document.text})
    assert_golden(GOLDEN, shown + "\n")
    lines = document.text.split("\n")
    for mistake in mistakes:
        assert mistake.line is not None
        assert mistake.column is not None
        under = lines[mistake.line - 1][mistake.column - 1 : mistake.column - 1 + mistake.width]
        assert 0 < len(under) == len(under.strip()), mistake
