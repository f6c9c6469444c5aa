"""Registration numbers: examples that are published, mistakes of typing, and whatever else somebody writes there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.business_numbers.china import USCC_ALPHABET, is_uscc, organisation_check, uscc_check
from bonafide.core.business_numbers.europe import VAT, is_vat
from bonafide.core.business_numbers.reading import neighbours, normal_number, read_number

COMPANIES = ("91110000600037341L", "9144030071526726XG", "91330100799655058B")
VAT_NUMBERS = str.split(
    "ATU13585627 BE0428759497 BG175074752 CY10259033P CZ25123891 DE136695976 DK13585628 EE100931558 EL094259216 "
    "EL023456780 ES54362315K ESX2482300W ESJ99216582 ESB58378431 FI20774740 FR40303265045 FR23334175221 HR33392005961 "
    "HU12892312 IE6433435F IE6433435OA IE8D79739I IT00743110157 LT119511515 LT100001919017 LT100004801610 LU15027442 "
    "LV40003521600 MT11679112 NL004495445B01 NL002455799B11 PL8567346215 PT501964843 RO18547290 SE123456789701 "
    "SI50223054 SK2022749619 XI980780684"
)


@pytest.mark.parametrize("number", COMPANIES)
def test_codes_of_known_companies_hold(number: str) -> None:
    assert read_number(number) == (number, "valid", "uscc", "CN")


@pytest.mark.parametrize("number", VAT_NUMBERS)
def test_published_examples_of_vat_numbers_hold(number: str) -> None:
    found = read_number(number)
    assert (found.state, found.scheme) == ("valid", "eu_vat")


def test_there_is_an_example_of_every_state() -> None:
    assert {number[:2] for number in VAT_NUMBERS} == set(VAT)


@pytest.mark.parametrize("number", [n for n in VAT_NUMBERS if n[:2] not in {"BG", "CZ", "LV", "RO"}])
def test_of_ten_last_digits_few_hold(number: str) -> None:
    at = {"NL": 10, "SE": 11}.get(number[:2]) or max(place for place, sign in enumerate(number) if sign.isdigit())
    held = [digit for digit in "0123456789" if is_vat(number[:at] + digit + number[at + 1 :])]
    assert 1 <= len(held) <= 2, number


def test_numbers_without_a_public_check_digit_say_so() -> None:
    told = {n: read_number(n).state for n in ("12-3456789", "FRK7399859412", "BG7523169263", "CZ991231123")}
    assert set(told.values()) == {"unchecked"}, told


@pytest.mark.parametrize("number", ["07-3456789", "000000000", "00-0000000", "12-0000000"])
def test_an_ein_of_no_office_is_malformed(number: str) -> None:
    assert read_number(number).state == "malformed"


@pytest.mark.parametrize("garbage", ["", "x", "N/A", "无", "pending", "0" * 18, "1" * 18, "见附件", "\x00"])
def test_garbage_is_told_from_a_mistake(garbage: str) -> None:
    assert read_number(garbage).state == "malformed"


@pytest.mark.parametrize("number", ["CHE123456788", "HRB 86891", "JP1234567890123", "GB980780684"])
def test_forms_of_other_countries_are_unknown_and_no_fault(number: str) -> None:
    assert read_number(number).state == "unknown"


def test_how_a_number_is_written_counts_for_nothing() -> None:
    assert read_number(" 9144 0300-7152.6726 xg ") == read_number("9144030071526726XG")
    assert read_number("gr094259216") == read_number("EL 094259216")
    assert normal_number("ＤＥ １３６６９５９７６") == "DE136695976"


@given(st.text(USCC_ALPHABET, min_size=8, max_size=8).filter(lambda body: len(set(body)) > 3), st.data())
def test_every_single_mistake_in_a_code_is_seen_and_called_one(organisation: str, data: st.DataObject) -> None:
    body = f"91330106{organisation}{organisation_check(organisation)}"
    number = body + uscc_check(body)
    assert is_uscc(number)
    at = data.draw(st.integers(0, 16))
    sign = data.draw(st.sampled_from(USCC_ALPHABET).filter(lambda one: one != number[at]))
    wrong = number[:at] + sign + number[at + 1 :]
    assert read_number(wrong).state in ("typo", "unknown")  # a letter in front may be a register's
    if number[at] != number[at + 1]:
        swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        assert read_number(swapped).state in ("typo", "unknown")


@given(st.sampled_from([n for n in VAT_NUMBERS if n[:2] not in {"BG", "CZ", "LV", "FR", "XI"}]), st.data())
def test_a_wrong_vat_number_is_never_taken_for_its_right_one(number: str, data: st.DataObject) -> None:
    wrong = data.draw(st.sampled_from(sorted(set(neighbours(number[2:], "0123456789")))))
    assert read_number(number[:2] + wrong).state in ("typo", "valid", "unchecked", "malformed")
    assert number[2:] in set(neighbours(wrong, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")) or wrong == number[2:]


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    found = read_number(text)
    assert found == read_number(text)
    assert found.normal == found.normal.upper()


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-", max_size=24))
def test_any_text_of_such_signs_is_read(text: str) -> None:
    assert read_number(text).state in ("valid", "unchecked", "typo", "malformed", "unknown")
