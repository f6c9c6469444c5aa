"""Money as people read it, and the list of currencies."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.money import AMOUNT_MAX, Currency, minor_digits, show_money

CODES = get_args(Currency)


def test_currencies_are_distinct_iso_codes_in_order() -> None:
    assert list(CODES) == sorted(set(CODES))
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CODES)
    assert {"CNY", "EUR", "USD", "JPY", "KWD", "CZK", "HKD", "XCG", "ZWG"} <= set(CODES)
    assert not {"XAU", "XXX", "XTS", "RMB", "BTC"} & set(CODES)


@pytest.mark.parametrize(("code", "digits"), [("CNY", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("CLF", 4), ("XAF", 0)])
def test_minor_digits_follow_iso_4217(code: str, digits: int) -> None:
    assert minor_digits(code) == digits


@given(st.integers(-AMOUNT_MAX, AMOUNT_MAX), st.sampled_from(CODES))
def test_a_shown_amount_reads_back_exactly(amount: int, code: str) -> None:
    number, _, currency = show_money(amount, code).partition(" ")
    _, _, fraction = number.partition(".")
    assert currency == code
    assert len(fraction) == minor_digits(code)
    assert int(number.replace(",", "").replace(".", "")) == amount
