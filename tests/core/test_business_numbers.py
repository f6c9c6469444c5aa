"""Registration numbers: examples that are published, mistakes of typing, and whatever else somebody writes there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.business_numbers.china import USCC_ALPHABET, is_uscc, organisation_check, uscc_check
from bonafide.core.business_numbers.europe import VAT, is_vat
from bonafide.core.business_numbers.reading import neighbours, read_number
from bonafide.core.business_numbers.same import is_same_number, number_keys
from bonafide.core.business_numbers.writing import normal_number
from bonafide.core.unseen import drop_unseen

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


@pytest.mark.parametrize(
    "garbage",
    ["", "x", "N/A", "无", "pending", "0" * 18, "1" * 18, "见附件", "\x00", "91440300", "13912345678", "384756102938",
     "35-4729"],
)  # fmt: skip
def test_garbage_is_told_from_a_mistake(garbage: str) -> None:
    assert read_number(garbage).state == "malformed"


FOREIGN = """CHE123456788; HRB 86891; JP1234567890123; GB980780684; 09446231; SC123456; CHE-116.281.710 MWST;
NO 923 609 016 MVA; 7000012050002; 124-81-00998; 27AAPFU0939F1ZV; 53 004 085 616; 33.000.167/0001-01; 201912345K;
12345678-000-01-23-4; 22099131; GODE561231GR8; 123456789RC0001; 1234567890; 7707083893; 500100732259; 1027700132195;
100123456700003; 01.234.567.8-901.000; 201901012345 (1321234-A); 2019/123456/07; 9429041561204; 30-50001091-2;
76.123.456-0; 860.034.313-7; Amtsgericht München HRB 6684; 552 081 317 66522; RCS Paris 552 081 317; 440301103097413;
71526726-X; MI-1234567; KVK 33031431; B-58378431; FN 56247t; 556016-0680; 368047; KRS 0000059307; C3268102;
FL-0002.123.456-7; IS 123456; 14360570; 京 12345678"""


@pytest.mark.parametrize("number", [number.strip() for number in FOREIGN.split(";")])
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


@pytest.mark.parametrize(
    "number", ["9I44030071526726XG", "D1E36695976", "N004495445B01", "47M3935985", "1-23456789", "123-456789"]
)
def test_a_mistake_among_letters_and_dashes_is_one_of_typing(number: str) -> None:
    assert read_number(number).state == "typo"


_ALMOST = st.sampled_from([*COMPANIES, *VAT_NUMBERS, "12-3456789"]).flatmap(
    lambda number: st.tuples(st.integers(0, len(number)), st.text(max_size=3), st.integers(0, 2)).map(
        lambda cut: number[: cut[0]] + cut[1] + number[cut[0] + cut[2] :]
    )
)
_LIKE_A_CODE = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=17, max_size=19)


@given(st.text(max_size=40) | _ALMOST | _LIKE_A_CODE | _LIKE_A_CODE.map(lambda text: f"9I440300{text[:10]}"))
def test_any_text_is_read(text: str) -> None:
    found = read_number(text)
    assert found == read_number(text)
    assert found.normal == found.normal.upper()
    assert found.state in ("valid", "unchecked", "typo", "malformed", "unknown")
    assert drop_unseen(text) == text or found == read_number(drop_unseen(text))
    assert not number_keys(text) or normal_number(text) in number_keys(text)


@given(
    st.sampled_from([*COMPANIES, *VAT_NUMBERS]),
    st.sampled_from(["٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９", "𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡"]),
)
def test_digits_of_any_script_are_digits(number: str, digits: str) -> None:
    assert read_number(number.translate(str.maketrans("0123456789", digits))) == read_number(number)


@given(st.sampled_from([*COMPANIES, *VAT_NUMBERS, "12-3456789"]), st.data())
def test_signs_between_count_for_nothing(number: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(3, len(number)))
    sign = data.draw(st.sampled_from("\u200b\u200c\u2060\u00ad\u034f\ufe0f\u202e\u3164\u2800\u00a0 "))
    told = number[:at] + sign + number[at:]
    assert normal_number(told) == normal_number(number)


@pytest.mark.parametrize("dash", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d")
def test_every_dash_is_a_dash(dash: str) -> None:
    assert read_number(f"12{dash}3456789") == read_number("12-3456789")
    assert read_number(f"DE{dash}136695976") == read_number("DE136695976")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("EL094259216", "GR094259216"), ("12-3456789", "US12-3456789"), ("34-9552619", "349552619"),
        ("US349552619", "349552619"), ("12-3456789", "123456789"), ("9144030071526726XG", "91440300715Z67Z6XG"),
        ("9111000060OO37341L", "91110000600037341L"), ("DE136695976", "136695976"), ("DE136695976", "VAT DE 136695976"),
        ("FR40303265045", "303265045"), ("FR40303265045", "30326504500017"), ("RCS Paris 303 265 045", "FR40303265045"),
        ("XI980780684", "GB980780684"), ("9144030071526726XG", "71526726-X"), ("CHE116281710", "CHE-116.281.710 MWST"),
        ("9144030071526726XG", "统一社会信用代码：9144030071526726XG"), ("BE0428759497", "BE428759497"),
        ("ATU13585627", "AT13585627"), ("ESB58378431", "B-58378431"), ("NL004495445B01", "004495445B01"),
        ("GB09446231", "09446231"), ("DE136695976", "DЕ136695976"),
    ],
)  # fmt: skip
def test_one_number_in_two_writings_is_one(one: str, other: str) -> None:
    assert is_same_number(one, other)


@pytest.mark.parametrize("number", VAT_NUMBERS)
def test_a_vat_number_is_the_same_without_its_letters(number: str) -> None:
    assert is_same_number(number, number[2:])


@pytest.mark.parametrize(
    ("one", "other"),
    [("PT501964843", "DE501964843"), ("34-9552619", "DE349552619"), ("N/A", "n.a"), ("0000000000", "00000"),
     ("1234567890", "12345678"), ("DE136695976", "DE136695967")],
)  # fmt: skip
def test_numbers_of_two_countries_and_no_numbers_are_not_one(one: str, other: str) -> None:
    assert number_keys(one).isdisjoint(number_keys(other))


@pytest.mark.parametrize(
    ("labelled", "bare"),
    [("EIN 34-9552619", "34-9552619"), ("P.IVA 00743110157", "IT00743110157"), ("TVA IT00743110157", "IT00743110157"),
     ("SIREN 303265045", "303 265 045")],
)  # fmt: skip
def test_a_label_is_no_part_of_a_number(labelled: str, bare: str) -> None:
    assert is_same_number(labelled, bare)
    assert read_number(labelled).state in ("valid", "unchecked", "unknown")


def test_an_american_number_with_its_dash_is_no_german_one_whatever_stands_before_it() -> None:
    assert not is_same_number("EIN 34-9552619", "DE349552619")
