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
        ("上海明华投资合伙企业（有限合伙）", "上海明华投资有限公司"), ("明华小吃店（个体工商户）", "明华小吃店"),
        ("Foo Gesellschaft mit beschränkter Haftung", "Foo GmbH"), ("Foo Spółka Akcyjna", "Foo S.A."),
        ("Foo Spółka z ograniczoną odpowiedzialnością", "Foo Sp. z o.o."), ("Foo & Co. KG", "Foo"),
        ("Foo GmbH & Co. KG", "Foo"), ("Foo Société anonyme", "Foo SA"), ("Łódź Meble", "Lodz Meble SA"),
        ("Foo Société à responsabilité limitée", "Foo SARL"), ("Ørsted Handel A/S", "Orsted Handel"),
        ("Общество с ограниченной ответственностью Ромашка", "ООО Ромашка"),
        ("Foo S.à r.l.", "FOO SARL"), ("Société Étoile S.A.S.", "societe etoile sas"), ("Orlen Sp. z o.o.", "ORLEN"),
    ],
)  # fmt: skip
def test_one_name_in_two_writings_is_one(one: str, other: str) -> None:
    assert similarity(fold(one).plain, fold(other).plain) >= 0.9


def test_long_legal_forms_fold_away_like_short_ones() -> None:
    assert fold("Foo Gesellschaft mit beschränkter Haftung").plain == fold("Foo Spółka Akcyjna").plain == "foo"
    assert fold("明华（有限合伙）").plain == fold("明华合伙企业").plain == "明华"


@pytest.mark.parametrize("sign", [*"\u200b\u200c\u200d\u2060\u00ad\u034f\ufe0f\u200e\u202a\u202c\u202e\u2066\u3164",
                                  *"\u2800\u180e\uffa0\ufeff\ufff9\x00\U000e0041\ue000"])  # fmt: skip
@pytest.mark.parametrize("name", ["Golden Lotus Exchange", "北京天禄昌盛贸易有限公司", "Волхов Морские"])
def test_what_nobody_sees_makes_no_other_name(name: str, sign: str) -> None:
    told = fold(sign.join(name))
    assert told.plain == fold(name).plain
    assert told.skeleton == fold(name).skeleton
    assert told.hidden
    assert fold(sign * 300 + name).plain == fold(name).plain
    assert fold_address(sign.join(name)) == fold_address(name)


@pytest.mark.parametrize("name", ["می‌خواهم", "क्‍ष", "Nokia™️ Store", "葛󠄀城", "Caf\u00e9 ❤️", "👩‍🍳 Küche", "ร้าน\u200bค้า",
                                  "\u200fבית קפה", "Gewöhnlich GmbH", "上海 明华"])  # fmt: skip
def test_what_spelling_asks_for_is_not_hidden(name: str) -> None:
    assert not fold(name).hidden


@given(st.text(max_size=40), st.data())
def test_signs_that_nobody_sees_change_no_fold(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    sign = data.draw(st.sampled_from("\u200b\u2060\u00ad\u202e\u3164\u2800\U000e0100"))
    told = fold(text[:at] + sign + text[at:])
    assert (told.plain, told.skeleton, told.mixed) == fold(text)[:3]


@pytest.mark.parametrize("name", ["GoIden Lotus", "Go1den Lotus", "GOLDEN LOTUS", "golden Iotus"])
def test_strokes_look_alike(name: str) -> None:
    assert fold(name).skeleton == fold("Golden Lotus").skeleton


def test_letters_that_run_together_look_like_another() -> None:
    assert fold("Rnaritirne LIMlTED").skeleton == fold("Maritime Limited").skeleton
    assert fold("Rnaritirne").plain != fold("Maritime").plain
    assert fold("Arrns GrnbH").skeleton == fold("Arms GmbH").skeleton
    assert fold("Gᴏʟᴅᴇɴ").skeleton == fold("Golden").skeleton
    assert fold("Svveet Hone").skeleton == fold("Sweet Hone").skeleton
    assert fold("SI Trading").skeleton != fold("Trading").skeleton


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
