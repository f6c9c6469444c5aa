"""Cases over HTTP: split, files, measures, lists as files; and a stored script that never runs."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bonafide.apps.server.case_shapes import CaseAnswer, CaseFileAnswer, CaseNoticeAnswer, WholeCaseAnswer
from bonafide.apps.server.measure_shapes import MeasureStandingAnswer
from bonafide.office.cases.opening import CaseOpener
from bonafide.office.journal.journal import Journal
from bonafide.office.outbox.log import open_log
from tests.apps.server.bureau import Bureau, opened
from tests.apps.server.client import NOW_MS, Answer
from tests.office.appeals.test_documents import png
from tests.office.cases.kit import alerting, token

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://x.example")'


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bureau]:
    with opened(tmp_path) as one:
        for name, role in (("ann", "analyst"), ("bob", "senior")):
            one.settle(name, role)
        records = [alerting(f"{SCRIPT}{i}", user_id=f"u{i}", merchant_id=f"{SCRIPT}m", at=NOW_MS) for i in range(3)]
        with closing(Journal.open(one.data.folder)) as journal:
            journal.append(records, bundle="ab" * 32)
        with open_log(one.data.folder) as log:
            opener = CaseOpener(one.store, log, lambda bundle, hits: 0, clock=lambda: NOW_MS)
            while opener.step():
                pass
        yield one


def as_(desk: Bureau, name: str, method: str, path: str, body: Any = None) -> Answer:
    return desk.as_person(desk.session(name), method, path, body)


def shown(got: Answer, shape: Any, status: int = 200) -> Any:
    """What an answer says, which fits its description and is taken for nothing else."""
    assert got.status == status, got
    assert got.headers["content-type"] == "application/json"
    assert got.headers["x-content-type-options"] == "nosniff"
    msgspec.convert(got.json, shape, strict=False)
    return got.json


def test_a_case_is_worked_on_to_a_measure(desk: Bureau) -> None:
    shown(as_(desk, "ann", "POST", "/v1/cases/1/assign", {}), CaseAnswer)
    new = shown(as_(desk, "ann", "POST", "/v1/cases/1/split", {"subjects": [token("u2")]}), CaseAnswer)
    assert (new["number"], new["events"]) == (2, 1)
    got = shown(as_(desk, "ann", "POST", "/v1/cases/1/split", {"events": [f"{SCRIPT}0"], "note": "x"}), CaseAnswer)
    assert shown(as_(desk, "ann", "POST", "/v1/cases/2/merge", {"other": got["number"]}), CaseAnswer)["events"] == 2
    for body in ({}, {"subjects": ["~0"]}, {"subjects": [token("u1")]}, {"subjects": 5}):
        assert as_(desk, "ann", "POST", "/v1/cases/1/split", body).status == 422
    assert as_(desk, "ann", "POST", "/v1/cases/1/merge", {"other": 9}).status == 404
    body = {"case": 1, "subject": token("u1"), "measure": "limit_credit", "note": "three loops"}
    for wrong, status in (({"subject": "u1"}, 422), ({"measure": "jail"}, 422), ({"case": 99}, 404),
                          ({"measure": "hold_reserve"}, 422)):  # fmt: skip
        assert as_(desk, "ann", "POST", "/v1/measures", body | wrong).status == status
    asked = f"/v1/cases/1/notice?measure=limit_credit&about={token('u1')}"
    told = shown(as_(desk, "ann", "GET", asked), CaseNoticeAnswer)
    assert (told["subject_type"], told["measure_id"]) == ("user", None)
    made = shown(as_(desk, "ann", "POST", "/v1/measures", body), MeasureStandingAnswer, 201)
    assert (made["state"], made["opened_by"], made["case"]) == ("proposed", "ann", 1)
    assert as_(desk, "bob", "POST", "/v1/measures", body).status == 409
    path = f"/v1/measures/{made['measure_id']}/confirm"
    assert shown(as_(desk, "bob", "POST", path, {"note": "so do I"}), MeasureStandingAnswer)["state"] == "requested"
    sent = as_(desk, "ann", "GET", f"/v1/measures/{made['measure_id']}").json["notices"][0]
    assert sent["text"] == told["text"]  # what was shown before is what left
    assert shown(as_(desk, "ann", "GET", asked), CaseNoticeAnswer)["measure_id"] == made["measure_id"]
    for wrong, status in ((f"/v1/cases/9/notice?measure=notice&about={token('u1')}", 404),
                          (f"/v1/cases/1/notice?measure=notice&about={token('u2')}", 422),
                          (f"/v1/cases/1/notice?measure=hold_reserve&about={token('u1')}", 422),
                          ("/v1/cases/1/notice?measure=notice&about=u1", 422)):  # fmt: skip
        assert as_(desk, "ann", "GET", wrong).status == status


def test_a_stored_script_is_data_wherever_it_stands(desk: Bureau) -> None:
    file = {"name": f"{SCRIPT}.png", "content_base64": base64.b64encode(png()).decode(), "note": SCRIPT}
    kept = shown(as_(desk, "ann", "POST", "/v1/cases/1/files", file), CaseFileAnswer, 201)
    assert kept["name"] == f"{SCRIPT}.png"
    for wrong in (
        {"content_base64": "?"},
        {"content_base64": base64.b64encode(SCRIPT.encode()).decode()},
        {"name": ""},
    ):
        got = as_(desk, "ann", "POST", "/v1/cases/1/files", file | wrong)
        assert (got.status, got.headers["content-type"]) == (422, "application/problem+json")
    shown(as_(desk, "ann", "POST", "/v1/cases/1/note", {"note": FORMULA}), CaseAnswer)
    whole = shown(as_(desk, "ann", "GET", "/v1/cases/1"), WholeCaseAnswer)
    less = shown(as_(desk, "ann", "GET", "/v1/cases/1?aggregates=false"), WholeCaseAnswer)
    assert (less["aggregates"], less | {"aggregates": whole["aggregates"]}) == ({}, whole)
    assert [one["name"] for one in whole["files"]] == [f"{SCRIPT}.png"]
    assert {one["note"] for one in whole["steps"]} == {SCRIPT, FORMULA}
    assert SCRIPT in whole["event_list"][0]["event_id"]
    got = as_(desk, "bob", "GET", f"/v1/cases/1/files/{kept['file']}")
    assert (got.status, got.body, got.headers["content-type"]) == (200, png(), "image/png")
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in got.headers["content-security-policy"]
    for path in ("/v1/cases/2/files/", "/v1/cases/1/files/x"):
        assert as_(desk, "bob", "GET", path + kept["file"]).status == 404
    assert as_(desk, "bob", "GET", "/v1/cases/1/files/..%2f..%2foffice.sqlite3").status == 404


def test_lists_come_as_files(desk: Bureau) -> None:
    for form, kind in (("csv", "text/csv"), ("xlsx", "application/vnd.openxmlformats-officedocument")):
        got = as_(desk, "ann", "GET", f"/v1/cases.{form}?sort=money")
        assert (got.status, got.headers["content-type"].startswith(kind)) == (200, True)
        assert got.headers["content-disposition"] == f"attachment; filename=cases.{form}"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert as_(desk, "ann", "GET", f"/v1/cases.{form}?sort=x").status == 422
    assert zipfile.is_zipfile(io.BytesIO(got.body))
    assert [deed[:2] for deed in desk.deeds()].count(("person:ann", "case.export")) == 2
