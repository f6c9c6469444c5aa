"""`bonafide measure` and `bonafide appeal`: what they print and do, over a store as the worker leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bonafide.apps.stores import open_office
from bonafide.office.access.keys import now_ms
from bonafide.office.audit.entry import Actor
from bonafide.office.measures.steps import Measures
from bonafide.office.measures.upkeep import Upkeep
from bonafide.office.people.passwords import Passwords
from bonafide.office.people.services import open_services
from bonafide.office.store.datadir import DataDir
from bonafide.testing.webhooks.made import MadeLog
from tests.apps.server.test_measure_routes import proposals
from tests.apps.test_cli_bundle_life import json_of, set_up, told
from tests.office.appeals.test_documents import pdf
from tests.office.people.kit import quick

PLATFORM = Actor("key:jgudwygmv73a", "::1")


@pytest.fixture(scope="module", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hashes of passwords that cost nothing."""
    hashes = dict(quick().__dict__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Passwords, "__init__", lambda self: self.__dict__.update(hashes))
        yield


def test_measures_and_appeals_from_a_terminal(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "data")
    at = ["--data", data.folder]
    people = {"ann": "analyst", "bob": "senior", "cy": "senior", "lee": "legal"}
    as_ = {name: [*at, "--session-file", set_up(data.folder, name, role)] for name, role in people.items()}
    with open_office(data) as store:
        vault = open_services(store, data, None).vault
        log, begun = MadeLog(), now_ms()
        names = proposals(vault, log, begun, "notice", "limit_credit", "refer")
        upkeep = Upkeep(store, log, data.read_secret(), now_ms)
        while upkeep.step():
            pass
        Measures(store, data.read_secret(), vault.keyring).tell(PLATFORM, names[1], "applied")
    listed = json_of("measure", "list", *at)
    assert {one["measure"]: one["state"] for one in listed["measures"]} == {
        "notice": "requested", "limit_credit": "applied", "refer": "proposed"
    }  # fmt: skip
    assert names[1] in told("measure", "list", "--waiting", *at).stdout
    assert told("measure", "list", "--state", "gone", *at).exit_code == 2
    assert told("measure", "confirm", names[1], "--note", "x", *at).exit_code == 2  # nobody
    assert json_of("measure", "confirm", names[1], "--note", "looked", *as_["ann"])["state"] == "applied"
    assert told("measure", "confirm", names[1], "--note", "looked", *as_["ann"]).exit_code != 0
    assert "confirmed by ann and bob" in told("measure", "confirm", names[1], "--note", "looked", *as_["bob"]).stdout
    later = ["--until", json_of("measure", "show", names[2], *at)["until"]]
    assert json_of("measure", "delay-notice", names[2], "--basis", "order 5", *later, *as_["lee"])["steps"]
    assert json_of("measure", "refuse", names[2], "--note", "too hard", *as_["ann"])["state"] == "refused"
    bill = tmp_path / "bill.pdf"
    bill.write_bytes(pdf())
    made = json_of("appeal", "submit", names[1], "--statement", "I bought shoes", "--document", bill, *as_["lee"])
    number = made["appeal_id"]
    assert number in told("appeal", "list", "--waiting", *at).stdout
    assert told("appeal", "assign", number, "--to", "ann", *as_["bob"]).exit_code != 0
    assert json_of("appeal", "assign", number, "--to", "cy", *as_["bob"])["assignee"] == "cy"
    papers = tmp_path / "papers"
    assert "I bought shoes" in told("appeal", "show", number, "--save", papers, *as_["cy"]).stdout
    assert [file.read_bytes() for file in papers.iterdir()] == [pdf()]
    assert told("appeal", "decide", number, "upheld", "--note", "real", *as_["cy"]).exit_code == 0
    text = told("measure", "show", names[1], *at).stdout
    assert "lifted" in text
    assert "申诉成立" in text
    lift = told("measure", "lift", names[0], "--note", "x", *as_["ann"])
    assert "is lifted" in lift.stdout
    assert json_of("appeal", "list", *at)["figures"]["upheld"] == 1
