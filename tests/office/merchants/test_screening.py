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


@pytest.mark.parametrize("name", ['[null, "Okay Corp"]', '["Okay Corp", null]', "[7]", '[["x"]]', '[{"a": null}]'])
def test_a_name_that_is_no_text_refuses_its_entry_alone(tmp_path: Path, name: str) -> None:
    bad = f'{{"id": "k", "schema": "Company", "properties": {{"name": {name}}}}}'
    found = read_list(written(tmp_path, "list.ftm.json", "\n".join([bad, json.dumps(FTM[0])])))
    assert found.counts() == {"read": 2, "taken": 1, "passed_over": 0, "refused": 1}
    assert "is no text" in found.refused[0].why


@pytest.mark.parametrize(
    ("name", "text"),
    [("x.csv", "id,schema,name\nQ1,Company,Société\nQ2,Company,Beta\n"),
     ("x.json", "\n{}\n{}".format(*(json.dumps({"id": f"Q{n}", "schema": "Company", "properties": {"name": [name]}},
                                               ensure_ascii=False) for n, name in ((1, "Société"), (2, "Beta")))))],
)  # fmt: skip
def test_a_line_that_is_no_utf_8_is_refused_and_not_mangled(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode("latin-1"))
    found = read_list(path)
    assert [(one.line, one.why) for one in found.refused] == [(2, "is no UTF-8; save the file as UTF-8")]
    assert [one.names for one in found.entities] == [("Beta",)]


def test_a_header_that_is_no_utf_8_and_a_quotation_that_never_ends_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("id,schema,name,größe\n".encode("latin-1"))
    with pytest.raises(UsageError, match="is no UTF-8"):
        read_list(path)
    found = read_list(written(tmp_path, "y.csv", 'id,schema,name\nQ1,Company,"Alpha\nQ2,Company,Beta\n'))
    assert [one.why for one in found.refused] == ["goes over several lines; a quotation mark is not closed"]


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


def test_people_are_found_by_number_and_never_by_name() -> None:
    person = Entity("Q2", "Person", ("Ivan Petrovich Test",), frozenset(), ("4509 123456", "349552619"))
    company = Entity("Q1", "Company", ("Ivan Petrovich Test Co",))
    lists = Screening([person, company])
    assert [h.entity_id for h in lists.hits(applicant(legal_name="Ivan Petrovich Test"))] == ["Q1"]
    assert [h.entity_id for h in lists.hits(applicant(representative="4509-123456"))] == ["Q2"]
    assert lists.hits(applicant(registration_no="DE349552619")) == []  # a passport's number, perhaps


@pytest.mark.parametrize(
    ("listed", "told"),
    [("EL094259216", "GR094259216"), ("12-3456789", "US12-3456789"), ("349552619", "DE349552619"),
     ("DE349552619", "349552619"), ("DE136695976", "DE\u2011136\u200b695976"), ("RU-77", "ru 77")],
)  # fmt: skip
def test_a_number_hits_in_every_writing(listed: str, told: str) -> None:
    lists = Screening([Entity("Q1", "Company", ("Qqq",), frozenset(), (f"{listed}", "RU-5512345"))])
    found = lists.hits(applicant(registration_no=told))
    assert [(h.entity_id, h.by) for h in found] == ([("Q1", "identifier")] if listed != "RU-77" else [])


_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
)
_ENTRY = st.fixed_dictionaries(
    {"id": _VALUE | st.just("x"), "schema": st.sampled_from(["Company", "Person", "Address", None])},
    optional={"properties": st.dictionaries(st.sampled_from(["name", "alias", "country", "idNumber", "topics"]),
                                            st.lists(_VALUE, max_size=3) | _VALUE, max_size=4)},
)  # fmt: skip


@given(st.lists(_ENTRY, max_size=6), st.sampled_from(["utf-8", "utf-16", "latin-1"]))
def test_any_entries_are_taken_or_refused_and_can_be_asked(
    tmp_path_factory: pytest.TempPathFactory, entries: list[object], encoding: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.json"
    path.write_bytes("\n".join(json.dumps(one, ensure_ascii=False) for one in entries).encode(encoding, "replace"))
    found = read_list(path)
    assert found.read == len(found.entities) + found.passed_over + len(found.refused)
    assert Screening(found.entities).hits(applicant()) is not None


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_are_read_or_refused_line_by_line(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.json"
    path.write_bytes(b"\n".join(lines))
    found = read_list(path)
    assert found.read == len(found.entities) + found.passed_over + len(found.refused)


@given(st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=200))
def test_any_rows_are_read_or_refused_row_by_row(tmp_path_factory: pytest.TempPathFactory, rows: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(b"id,schema,name,aliases\n" + rows)
    found = read_list(path)
    assert found.read == len(found.entities) + found.passed_over + len(found.refused)
