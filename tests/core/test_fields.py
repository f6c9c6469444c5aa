"""The field table says about the structs what the structs say."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from bonafide.core.events import DERIVED_CLASS, EVENT_CLASS
from bonafide.core.fields import (
    ABSENT,
    COMPLETED_CODE,
    FIELDS,
    FRACTION_UNIT,
    PERSONAL_KINDS,
    TYPE_CODE,
    TYPE_NAMES,
    WORD_CODE,
    WORDS,
)
from bonafide.core.moment import MOMENT_MAX
from bonafide.core.money import AMOUNT_MAX
from tests.house.tree import ROOT

# Kinds other than text, said a second time so that a slip in the reading of the structs shows.
KINDS = {
    "word": "currency pay_with goods channel status to speed owner_type reason subject_type label source grade action"
    " measure answer via shared",
    "money": "amount credit_limit credit_used limit",
    "integer": "instalments weight_g days_past_due views visits return_hops return_delay_s",
    "fraction": "confidence score returned_share recycled_share",
    "flag": "success human_only one_to_one",
    "moment": "time due_time opened_on from_time to_time valid_until expires until",
    "list": "documents parts",
}


def test_the_table_holds_every_field_of_every_type_and_no_other() -> None:
    for name, cls in (EVENT_CLASS | DERIVED_CLASS).items():
        listed = {field.name: name in field.required for field in FIELDS.values() if name in field.every_type}
        info: Any = msgspec.inspect.type_info(cls)
        assert listed == {field.name: field.required for field in info.fields}
    assert all(name == field.name and field.every_type for name, field in FIELDS.items())
    assert all(field.required <= set(field.every_type) for field in FIELDS.values())
    assert all(set(f.types) <= set(EVENT_CLASS) and set(f.derived) <= set(DERIVED_CLASS) for f in FIELDS.values())


def test_places_count_from_nought_without_gaps() -> None:
    assert [field.place for field in FIELDS.values()] == list(range(len(FIELDS)))


def test_kinds_are_as_expected() -> None:
    kinds = {name: kind for kind, names in KINDS.items() for name in names.split()}
    assert {name: field.kind for name, field in FIELDS.items() if field.kind != "text"} == kinds


def test_words_are_those_that_some_type_accepts() -> None:
    assert {name for name, field in FIELDS.items() if field.words} == set(KINDS["word"].split())
    assert set(FIELDS["status"].words) >= {"completed", "delivered", "late", "revoked", "lifted", "upheld"}
    assert len(FIELDS["status"].words) == len(set(FIELDS["status"].words))
    assert [WORDS[code] for code in WORD_CODE.values()] == list(WORD_CODE) == list(WORDS) == sorted(set(WORDS))


def test_types_have_codes_in_their_order() -> None:
    assert list(TYPE_NAMES) == list(EVENT_CLASS) == sorted(TYPE_NAMES, key=TYPE_CODE.__getitem__)
    assert [TYPE_CODE[name] for name in TYPE_NAMES] == list(range(len(TYPE_NAMES)))
    derived = [TYPE_CODE[name] for name in DERIVED_CLASS]
    assert [COMPLETED_CODE, *derived] == list(range(len(TYPE_NAMES), len(TYPE_CODE) + 1))


def test_no_accepted_number_can_pass_for_absent() -> None:
    assert min(0, -AMOUNT_MAX, -MOMENT_MAX, -FRACTION_UNIT) > ABSENT == -(2**63)


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("amount", "contract"), ("credit_limit", "credit"), ("days_past_due", "credit"),
        ("device_id", "anti_fraud_duty"), ("legal_name", "public"), ("invited_by", "consent"), ("user_id", "contract"),
    ],
)  # fmt: skip
def test_a_field_carries_its_legal_origin(name: str, origin: str) -> None:
    assert FIELDS[name].origin == origin


def test_only_what_can_be_summed_or_compared_is_a_number() -> None:
    numbers = {name for kind in ("money", "integer", "fraction", "moment") for name in KINDS[kind].split()}
    assert {field.name for field in FIELDS.values() if field.is_number} == numbers


def test_personal_fields_are_those_of_the_page() -> None:
    page = (ROOT / "docs" / "journal.md").read_text(encoding="utf-8")
    table = page.partition("| names | fields |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (\w+) \| (.*) \|$", table, re.MULTILINE)
    told = {name: kind for kind, cells in rows for name in re.findall(r"`(\w+)`", cells.partition(" (")[0])}
    assert told == {name: field.personal for name, field in FIELDS.items() if field.personal is not None}


def test_every_field_that_names_somebody_is_personal_and_nothing_else_is() -> None:
    kept = "event_id order_id payment_id category traffic_source carrier kind indicator_id typology group_id method"
    kept += " bundle by list measure_id appeal_id"
    texts = {name for name, field in FIELDS.items() if field.kind == "text"}
    assert {name for name in texts if FIELDS[name].personal is None} == set(kept.split())
    assert [name for name, field in FIELDS.items() if field.personal and field.kind == "list"] == ["documents"]


def test_kinds_are_what_the_fields_say() -> None:
    assert set(PERSONAL_KINDS) == {
        "user", "merchant", "device", "account", "address", "phone", "ip", "person", "legal_name", "registration_no",
        "street", "tracking_no", "document", "entry",
    }  # fmt: skip
    for name, said in (("owner_id", "owner_type"), ("subject_id", "subject_type")):
        for cls in EVENT_CLASS.values():
            fields = cls.__struct_fields__
            # Whoever reads an event in the order of its fields knows the kind when the text comes.
            assert name not in fields or fields.index(said) < fields.index(name)
