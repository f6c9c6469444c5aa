"""Text: its one form, its forbidden characters, its safe quotation, the nearest word."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.text import NFC_SHRINK_MAX, SHOWN_LENGTH_MAX, is_tidy, nearest, show_value, to_nfc

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.datetimes()
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(st.text(st.characters(exclude_categories=())))
def test_tidy_text_is_nfc_without_control_characters_and_half_pairs(text: str) -> None:
    forbidden = any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
    assert is_tidy(text) == (not forbidden and unicodedata.normalize("NFC", text) == text)


def test_no_character_has_a_longer_decomposition_than_the_bound_says() -> None:
    assert max(len(unicodedata.normalize("NFD", chr(code))) for code in range(0x110000)) == NFC_SHRINK_MAX


@given(st.text(), st.integers(1, 40))
def test_text_that_can_be_short_enough_becomes_nfc(text: str, length_max: int) -> None:
    composed = unicodedata.normalize("NFC", text)
    if len(composed) <= length_max:
        assert to_nfc(text, length_max) == composed
    else:
        assert len(to_nfc(text, length_max)) > length_max


def test_a_long_run_of_marks_is_left_alone() -> None:
    attack = "a" + "\u0316\u0301" * 1_000_000  # would take hours to normalise
    assert to_nfc(attack, 128) is attack


@given(anything)
def test_a_shown_value_is_short_and_printable(value: Any) -> None:
    shown = show_value(value)
    assert len(shown) <= SHOWN_LENGTH_MAX
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"), (True, "true"), (False, "false"), (0, "0"), (-5, "-5"), (1.0, "1.0"), (float("nan"), "nan"),
        ("", "''"), ("it's", '"it\'s"'), ("张伟", "'张伟'"), ("\u202ex", "'\\u202ex'"), ("\ud800", "'\\ud800'"),
        ("a" * 58, "'" + "a" * 58 + "'"), ("a" * 59, "'" + "a" * 55 + "'..."),
        ("\n" * 60, "'" + "\\n" * 27 + "'..."), (10**56, str(10**56)),
        pytest.param(10**400 - 1, "a whole number of about 400 digits", id="huge"),
        ([], "a list of 0"), ((1, 2), "a list of 2"),
        ({"a": 1}, "an object"), (b"x", "a value of type bytes"), ({1}, "a value of type set"),
        (datetime(2026, 1, 5, tzinfo=UTC), "2026-01-05T00:00:00+00:00"),
    ],
)  # fmt: skip
def test_a_value_is_shown_as(value: Any, shown: str) -> None:
    assert show_value(value) == shown


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("amout", "amount"), ("Amount", "amount"), ("AMOUNT", "amount"), ("merchantId", "merchant_id"),
        ("merchant id", "merchant_id"), ("mercant_id", "merchant_id"), ("cny", "CNY"), ("CNT", None), ("RMB", None),
        ("", None), ("zzzzzz", None), ("a" * 100_000, None),
    ],
)  # fmt: skip
def test_the_nearest_word_is(word: str, near: str | None) -> None:
    assert nearest(word, ["amount", "merchant_id", "user_id", "CNY", "RUB"]) == near
