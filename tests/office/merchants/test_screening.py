"""Lists: read line by line, bad lines refused alone, and asked by name and number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import InputError, UsageError
from bonafide.office.merchants.application import Application
from bonafide.office.merchants.lists_in import check_taken, read_list
from bonafide.office.merchants.screening import Entity, Screening

FTM = [
    {"id": "Q1", "schema": "Company", "properties": {"name": ["Rosneft Test Co"], "alias": ["РН Тест"],
                                                     "country": ["ru"], "registrationNumber": ["1027700043502"]}},
    {"id": "Q2", "schema": "Person", "properties": {"name": ["Ivan Test"], "idNumber": ["4509 123456"]}},
    {"id": "A1", "schema": "Address", "properties": {"full": ["somewhere"]}},
    {"id": "Q3", "schema": "Company", "properties": {"alias": ["上海測試貿易有限公司"], "jurisdiction": ["cn"]}},
]  # fmt: skip
CSV = """id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,dataset
Q1,Company,"Rosneft Test Co","РН Тест;RN Test",,ru,,1027700043502;RU-55,,,,x
bad row,Company
Q2,Person,,,,,,,,,,x
Q4,Company,Beta Holding,,,us;gb,,,,,,x
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def applicant(**more: str) -> Application:
    told = {"merchant": "m1", "legal_name": "x", "registration_no": "91110000600037341L", "representative": "p1",
            "category": "toys", **more}  # fmt: skip
    return Application(**told)  # type: ignore[arg-type]


def test_json_lines_are_read_and_bad_ones_refused_alone(tmp_path: Path) -> None:
    bad = ["{", '{"id": "x"}', '{"id": "", "schema": "Company", "properties": {"name": ["y"]}}',
           '{"id": "n", "schema": "Company", "properties": {}}',
           '{"id":"k","schema":"Company","properties":{"name":[7]}}',
           '{"id": "m", "schema": "Company", "properties": {"name": "no list"}}', "\xff"]  # fmt: skip
    lines = [json.dumps(one, ensure_ascii=False) for one in FTM]
    found = read_list(written(tmp_path, "list.ftm.json", "\n".join([*lines[:2], *bad, "", *lines[2:]])))
    assert found.counts() == {"read": 11, "taken": 3, "passed_over": 1, "refused": 7}
    assert [one.line for one in found.refused] == [3, 4, 5, 6, 7, 8, 9]
    assert all(one.why for one in found.refused)
    assert found.entities[0].names == ("Rosneft Test Co", "РН Тест")
    assert found.entities[0].countries == {"RU"}


def test_the_simple_csv_is_read_and_bad_rows_refused_alone(tmp_path: Path) -> None:
    found = read_list(written(tmp_path, "targets.simple.csv", CSV))
    assert found.counts() == {"read": 4, "taken": 2, "passed_over": 0, "refused": 2}
    assert [one.line for one in found.refused] == [3, 4]
    assert found.entities[0].identifiers == ("1027700043502", "RU-55")
    assert found.entities[1].countries == {"US", "GB"}


def test_a_csv_of_something_else_says_which_column_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no column schema"):
        read_list(written(tmp_path, "x.csv", "id,name\n1,a\n"))


def test_a_file_of_which_nothing_can_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of its 1 lines"):
        check_taken(read_list(written(tmp_path, "x.json", "nonsense\n")), "x.json")


def test_a_name_hits_however_it_is_written_and_a_number_hits_for_certain() -> None:
    entities = [Entity("Q3", "Company", ("上海測試貿易有限公司",), frozenset({"CN"})),
                Entity("Q1", "Company", ("Rosneft Test Co",), frozenset({"RU"}), ("1027700043502",))]  # fmt: skip
    lists = Screening(entities)
    assert [(h.entity_id, h.score) for h in lists.hits(applicant(legal_name="上海测试贸易有限责任公司"))] == [
        ("Q3", 1.0)
    ]
    assert lists.hits(applicant(registration_no="1027700043502"))[0].by == "identifier"
    assert lists.hits(applicant(representative="10277 00043502"))[0].by == "identifier"
    assert lists.hits(applicant(legal_name="北京测绘有限公司")) == []


def test_another_country_takes_from_the_score_and_the_threshold_decides() -> None:
    entity = Entity("Q1", "Company", ("Alpen Nord Trading GmbH",), frozenset({"AT"}))
    german = applicant(legal_name="Alpen Nord Trading", registration_no="DE136695976")
    assert Screening([entity]).hits(german)[0].score == 0.9
    assert Screening([entity], threshold=0.95).hits(german) == []
    assert (
        Screening([entity]).hits(applicant(legal_name="Alpen Nord Trading", registration_no="ATU13585627"))[0].score
        == 1
    )


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_are_read_or_refused_line_by_line(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.json"
    path.write_bytes(b"\n".join(lines))
    found = read_list(path)
    assert found.read == len(found.entities) + found.passed_over + len(found.refused)


@given(st.text(max_size=200))
def test_any_rows_are_read_or_refused_row_by_row(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_text("id,schema,name,aliases\n" + text, encoding="utf-8", errors="replace")
    found = read_list(path)
    assert found.read == len(found.entities) + found.passed_over + len(found.refused)
