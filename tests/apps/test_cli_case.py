"""`bonafide case`: from a log with alerts over the worker's reading to a verdict that waits for the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bonafide.core.errors import StateError
from bonafide.engine.bundle import load_bundle
from bonafide.engine.shipped import find_bundle
from bonafide.office.bundles.kept import keep_bundle
from bonafide.office.cases.opening import CaseOpener
from bonafide.office.cases.typologies import rule_bits, typologies_in
from bonafide.office.journal.journal import Journal
from bonafide.office.outbox.log import open_log
from bonafide.office.people.passwords import Passwords
from bonafide.office.records.records import Records
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from tests.apps.test_cli_bundle_life import json_of, set_up, told
from tests.office.appeals.test_documents import png
from tests.office.cases.kit import alerting, bits, token
from tests.office.people.kit import quick


@pytest.fixture(scope="module", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hashes of passwords that cost nothing."""
    hashes = dict(quick().__dict__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Passwords, "__init__", lambda self: self.__dict__.update(hashes))
        yield


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with four alerts in its log, which were read for cases."""
    folder = tmp_path / "data"
    DataDir.open(folder)
    content = load_bundle(find_bundle("starter")).hash
    keep_bundle(find_bundle("starter"), folder, content)
    with closing(Journal.open(folder)) as journal:
        records = [alerting(f"e{i}", user_id=f"u{i}", merchant_id=f"m{i}", hits=["U-BURST"]) for i in range(3)]
        journal.append([*records, alerting("quiet", user_id="u9", merchant_id="m9", alert=False)], bundle=content)
    with Store.open(DataDir.open(folder).office) as store, open_log(folder) as log:
        opener = CaseOpener(store, log, bits)
        while opener.step():
            pass
    return folder


def test_a_case_from_the_list_to_its_verdicts(data: Path, tmp_path: Path) -> None:
    ann, bob = set_up(data, "ann", "analyst"), set_up(data, "bob", "senior")
    as_ann, as_bob = ("--session-file", ann, "--data", data), ("--session-file", bob, "--data", data)
    assert [one["number"] for one in json_of("case", "list", "--data", data)["cases"]] == [1, 2, 3]
    assert json_of("case", "claim", 1, *as_ann)["assignee"] == "ann"
    json_of("case", "note", 1, "=cmd()", *as_ann)
    json_of("case", "link", 1, 2, *as_ann)
    asked = ("case", "decide", 1, "cash_out", "--grade", "confirmed", "--measure", "freeze_credit", "--about",
             token("u0"))  # fmt: skip
    assert json_of(*asked, *as_ann)["state"] == "waiting"
    assert told("case", "confirm", 1, *as_ann).exit_code == 1
    assert json_of("case", "confirm", 1, *as_bob)["second"] == "bob"
    assert json_of("case", "undo", 1, "--label", "genuine", *as_bob)["state"] == "reopened"
    shown = told("case", "show", 1, "--data", data).stdout
    assert "ann: note =cmd()" in shown
    assert "linked to: 2" in shown
    assert json_of("case", "figures", "--data", data)["queues"]["alerts"]["reopened"] == 1
    with Store.open(DataDir.open(data).office) as store:
        written = [one.event_id for one in Records(store).pending()]
        assert (written[:2], written[2].endswith(":lifted")) == (["case:1:5:0", "case:1:6:0"], True)
    csv = tmp_path / "cases.csv"
    assert told("case", "list", "--csv", csv, "--subject", "nobody", "--data", data).stdout == "nothing\n"
    assert csv.read_bytes().startswith(b'\xef\xbb\xbf"number","queue"')
    found = json_of("case", "list", "--subject", token("u2"), "--state", "open", "--data", data)["cases"]
    assert [one["number"] for one in found] == [3]
    assert told("case", "list", "--state", "lost", "--data", data).exit_code == 2


def test_a_case_is_split_has_files_and_leads_to_a_measure(data: Path, tmp_path: Path) -> None:
    ann, bob = set_up(data, "ann", "analyst"), set_up(data, "bob", "senior")
    as_ann, as_bob = ("--session-file", ann, "--data", data), ("--session-file", bob, "--data", data)
    json_of("case", "claim", 1, *as_ann)
    assert json_of("case", "merge", 1, 2, *as_ann)["events"] == 2
    new = json_of("case", "split", 1, "--subject", token("u1"), *as_ann)
    assert (new["number"], new["events"], new["assignee"]) == (4, 1, "ann")
    paper = tmp_path / "=1+1.png"
    paper.write_bytes(png())
    kept = json_of("case", "attach", 4, paper, "--note", "from the shop", *as_ann)
    assert json_of("case", "files", 4, "--save", tmp_path / "papers", *as_ann) == {"files": [kept]}
    assert [one.read_bytes() for one in (tmp_path / "papers").iterdir()] == [png()]
    paper.write_bytes(b"<script>")
    assert told("case", "attach", 4, paper, *as_ann).exit_code == 2
    asked = ("measure", "open", 1, "limit_credit", "--subject", token("u0"), "--note", "three loops", *as_ann)
    found = json_of(*asked)
    assert (found["state"], found["opened_by"], found["case"]) == ("proposed", "ann", 1)
    assert told(*asked).exit_code == 2
    confirmed = json_of("measure", "confirm", found["measure_id"], "--note", "so do I", *as_bob)
    assert (confirmed["state"], confirmed["confirmed_by"]) == ("requested", ["ann", "bob"])


def test_a_review_sample_becomes_cases_of_its_queue(data: Path, tmp_path: Path) -> None:
    look = tmp_path / "look.csv"
    look.write_text("event_id,seq\nquiet,3\ne1,1\n")
    assert json_of("case", "sample", look, "--data", data) == {"opened": 2, "cases": [4, 5], "passed_over": 0}
    assert json_of("case", "sample", look, "--data", data)["passed_over"] == 2
    found = json_of("case", "list", "--queue", "review", "--data", data)["cases"]
    assert {one["number"] for one in found} == {4, 5}
    look.write_text("event_id,seq\nquiet,2\n")
    assert told("case", "sample", look, "--data", data).exit_code == 2


def test_typologies_are_those_of_the_bundle_that_decided(tmp_path: Path) -> None:
    folder = find_bundle("starter")
    rule, bit = next(iter(rule_bits(folder).items()))
    content = load_bundle(folder).hash
    keep_bundle(folder, tmp_path, content)
    assert typologies_in(tmp_path)(content, [rule, "no such rule"]) == bit
    assert typologies_in(tmp_path)("0" * 64, [rule]) == 0
    with pytest.raises(StateError), open_log(tmp_path / "nothing"):
        pass
