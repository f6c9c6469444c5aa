"""Mistakes as they are shown; how the carets stand; which are shown."""

from __future__ import annotations

import pickle
import unicodedata
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import ConfigError
from bonafide.core.mistakes import LINE_BREAK, LINE_WIDTH_MAX, SHOWN_MAX, Mistake, show_mistakes
from tests.engine.kit import assert_golden

GOLDEN = Path(__file__).parent / "golden" / "mistakes.txt"
TEXT = (
    "- id: U-DRAIN\n"
    "  when: type == 'payment' and user_payment_cout_1h >= 4\n"
    "\tnote: 商户‘甲’的 amout > 5\n"
    "é́  combining: e\u0301e\u0301 amout\n"
    "  hidden: \x1b[31m amout\r\n"
    f"  long: {'amount > 5 and ' * 20}amout > 5 {'and amount > 5 ' * 20}\n"
    "  last: 1"
)


def at(word: str, nth: int = 0, **told: object) -> Mistake:
    """A mistake about the nth place of a word."""
    lines = LINE_BREAK.split(TEXT)
    found = [(i, line.index(word)) for i, line in enumerate(lines, 1) if word in line]
    line, column = found[nth]
    mistake = Mistake("unknown-name", f"unknown name {word}", "rules.yaml", line, column + 1, len(word))
    return mistake._replace(**told)  # type: ignore[arg-type]


def test_mistakes_are_shown_word_for_word() -> None:
    mistakes = [
        at("user_payment_cout_1h", subject="rule U-DRAIN", help="write user_payment_count_1h"),
        *(at("amout", nth) for nth in range(4)),
        at("甲", message="full width"), at("last", severity="warning", message="without a column", column=None),
        Mistake("missing-file", "the bundle has no such file", "policy.yaml"),
        Mistake("x", "a line that is not there", "rules.yaml", 99, 1),
        Mistake("x", "past the end", "rules.yaml", 7, 99),
        Mistake("x", "wider than its line", "rules.yaml", 7, 3, 500), at("amout"),
    ]  # fmt: skip
    assert_golden(GOLDEN, show_mistakes(mistakes, {"rules.yaml": TEXT}) + "\n")


def columns(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@given(
    st.text("abc 商é\u0301，\t", max_size=300), st.text("abc商", min_size=1, max_size=20),
    st.text("abc 商\u0301，", max_size=300),
)  # fmt: skip
def test_carets_stand_under_what_they_mean(before: str, marked: str, after: str) -> None:
    line = before + marked + after
    mistake = Mistake("x", "m", "f", 1, len(before) + 1, len(marked))
    shown = show_mistakes([mistake], {"f": line}).split("\n")
    text, carets = shown[2].removeprefix("1 | "), shown[3].removeprefix("  | ").rstrip("\n")
    assert columns(text.replace("\t", "")) <= LINE_WIDTH_MAX + 6
    blank = carets.rstrip("^")
    assert set(blank) <= {" ", "\t"}
    under = len(carets) - len(blank)
    assert under == columns(marked)
    stands = [i for i in range(len(text)) if text.startswith(marked, i)]
    assert blank in ["".join("\t" if c == "\t" else " " * columns(c) for c in text[:i]) for i in stands]


def test_mistakes_are_ordered_and_told_once() -> None:
    late, early = Mistake("x", "late", "b", 9, 1), Mistake("x", "early", "b", 2, 5)
    first, other = Mistake("x", "first", "b", 2, 1), Mistake("x", "other", "a")
    shown = show_mistakes([late, early, first, late, other], {})
    assert [line.rsplit(" ", 1)[-1] for line in shown.split("\n") if line] == ["other", "first", "early", "late"]


def test_of_very_many_mistakes_the_first_are_shown() -> None:
    shown = show_mistakes([Mistake("x", f"number {i}", "f", i) for i in range(1, SHOWN_MAX + 8)], {})
    assert shown.endswith("... and 7 more")
    assert shown.count("error: ") == SHOWN_MAX


def test_an_error_carries_its_mistakes_and_reads_as_they_are_shown() -> None:
    mistake = Mistake("x", "is wrong", "f.yaml", 1, 1)
    shown = show_mistakes([mistake], {})
    error = ConfigError("f.yaml", shown, None, (mistake,))
    again = pickle.loads(pickle.dumps(error))
    assert (str(error), str(again), again.mistakes) == (shown, shown, (mistake,))
    assert (ConfigError("f", "no").mistakes, str(ConfigError("f", "no", "line 1"))) == ((), "f: line 1: no")
