"""Names: the same name in many writings, others that only look the same, and an index that passes nothing over."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.office.merchants.index import SIMILARITY_MIN, NameIndex, edits_max, similarity
from bonafide.office.merchants.names import fold, fold_address
from bonafide.testing.applications.twin import slow_near


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("上海明华贸易有限公司", "上海明華貿易有限公司"), ("上海明华贸易有限公司", "上海明华贸易有限责任公司"),
        ("上海明华贸易（集团）有限公司", "上海明华贸易(集团)有限公司"), ("ＡＢＣ商行", "abc 商行"),
        ("Müller & Söhne GmbH", "MULLER SOHNE"), ("Acme Trading Ltd.", "Trading ACME Limited"),
        ("Foo S.à r.l.", "FOO SARL"), ("Société Étoile S.A.S.", "societe etoile sas"), ("Orlen Sp. z o.o.", "ORLEN"),
    ],
)  # fmt: skip
def test_one_name_in_two_writings_is_one(one: str, other: str) -> None:
    assert similarity(fold(one).plain, fold(other).plain) >= 0.9


@pytest.mark.parametrize("name", ["Rosа Bella GmbH", "Paypa1 Ltd", "ACMЕ Inc", "Αlpen Nord"])
def test_a_name_that_looks_like_another_has_its_skeleton_only(name: str) -> None:
    plain = {"Rosа Bella GmbH": "Rosa Bella", "Paypa1 Ltd": "Paypal", "ACMЕ Inc": "ACME", "Αlpen Nord": "Alpen Nord"}[
        name
    ]
    assert fold(name).plain != fold(plain).plain
    assert fold(name).skeleton == fold(plain).skeleton


def test_letters_of_two_scripts_in_one_word_are_seen() -> None:
    assert fold("Rosа Bella").mixed
    assert not fold("Rosa Белла").mixed  # two words, each in its own script
    assert not fold("上海ABC贸易").mixed
    assert not fold("Nutella 2000").mixed


def test_a_name_that_is_all_legal_form_keeps_something() -> None:
    assert fold("GmbH").plain
    assert fold("有限公司").plain
    assert fold("...").plain == ""


def test_an_address_in_two_writings_is_one() -> None:
    assert fold_address("上海市 黄浦区 人民路１２號") == fold_address("上海市黄浦区人民路12号")
    assert fold_address("1, Rue de la Paix") == fold_address("1 rue de la paix")


@given(st.text(max_size=60))
def test_any_text_is_folded_and_folding_changes_nothing_more(text: str) -> None:
    found = fold(text)
    assert fold(text) == found
    assert len(found.plain) <= 20 * len(text)


_NAMES = st.text("ab明华cd e", min_size=0, max_size=14)


@settings(max_examples=80)
@given(st.dictionaries(st.integers(0, 60).map(str), _NAMES, max_size=40), _NAMES, st.sets(st.integers(0, 60).map(str)))
def test_the_index_finds_what_comparing_with_all_finds(
    names: dict[str, str], asked: str, gone: set[str]
) -> None:  # fmt: skip
    index: NameIndex[str] = NameIndex()
    for key, name in names.items():
        index.add(key, name)
    for key in gone & set(names):
        index.discard(key, names[key])
    left = {key: name for key, name in names.items() if key not in gone}
    found = {one.key: round(one.similarity, 9) for one in index.near(asked)}
    assert found == {one.key: round(one.similarity, 9) for one in slow_near(left, asked)}


@given(st.integers(0, 200), st.integers(0, 60))
def test_as_many_edits_as_may_be_are_near_and_more_are_not(length: int, edits: int) -> None:
    longest = length + edits
    near = longest > 0 and 1 - edits / longest >= SIMILARITY_MIN - 1e-9
    assert near == (longest > 0 and edits <= edits_max(length))
