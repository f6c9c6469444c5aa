"""What the office's routes do, and who the audit log says did it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bonafide.apps.server.logs import open_log
from bonafide.apps.server.office import open_office
from bonafide.apps.server.watch import Watch
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.core.secret import Secret
from bonafide.office.access.keys import Keys
from bonafide.office.audit.checkpoint import Checkpoint
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.datadir import DataDir
from bonafide.office.vault.master import write_master_keys
from bonafide.office.vault.vault import LOOKS_USUAL
from tests.apps.server.bureau import ROOT, Browser, Bureau, opened
from tests.apps.server.client import NOW_MS, Client, encoded, payment

NOBODY = "/v1/subjects/user/00000000000000ff"


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    with opened(tmp_path) as one:
        yield one


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """For what changes nothing."""
    with opened(tmp_path_factory.mktemp("office")) as one:
        yield one


@pytest.fixture
def lena(bureau: Bureau) -> Browser:
    return bureau.signed_in("lena", "legal")


def known(bureau: Bureau, subject_id: str = "u1", **fields: str) -> str:
    """The path of a subject whose clear data is kept."""
    return f"/v1/subjects/{bureau.vault.remember(ROOT, 'user', subject_id, fields)}"


def test_people_are_made_shown_in_parts_and_given_a_new_beginning(bureau: Bureau) -> None:
    key = bureau.key("admin")
    for name in ("cem", "ann", "bob"):
        made = bureau.as_machine(key, "POST", "/v1/people", {"name": name, "role": "analyst"})
        assert (made.status, made.json["state"], len(made.json["one_time_password"])) == (201, "invited", 29)
    assert bureau.as_machine(key, "POST", "/v1/people", {"name": "ann", "role": "senior"}).problem == "conflict"
    first = bureau.as_machine(key, "GET", "/v1/people?limit=2").json
    assert ([one["name"] for one in first["people"]], first["next_after"]) == (["ann", "bob"], "bob")
    rest = bureau.as_machine(key, "GET", "/v1/people?limit=2&after=bob").json
    assert ([one["name"] for one in rest["people"]], rest["next_after"]) == (["cem"], None)
    assert all("one_time_password" not in one for one in first["people"])
    again = bureau.as_machine(key, "POST", "/v1/people/ann/reset").json["one_time_password"]
    assert bureau.desk.sign_in("ann", Secret(again), "here").session.name == "ann"
    (who,) = {who for who, what, *_ in bureau.deeds() if what in ("person.create", "person.reset")}
    assert who.startswith("key:")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/people/nobody/disable"), ("POST", "/v1/people/x y/reset"), ("POST", "/v1/keys/nokey/rotate"),
     ("POST", "/v1/keys/nokey/revoke"), ("GET", "/v1/keys?after=nokey"), ("GET", NOBODY), ("GET", f"{NOBODY}/export"),
     ("POST", f"{NOBODY}/forget"), ("GET", "/v1/subjects/users/00000000000000ff"), ("GET", "/v1/subjects/user/ff"),
     ("POST", "/v1/holds/nohold/lift")],
)  # fmt: skip
def test_what_is_not_there_is_not_found(shared: Bureau, method: str, path: str) -> None:
    role = "legal" if "subjects" in path or "holds" in path else "admin"
    got = shared.as_machine(shared.key(role), method, path, {} if method == "POST" else None)
    assert got.problem == "not-found"
    assert "no" + "key" not in got.json["detail"]


def test_keys_are_made_replaced_ended_and_shown_without_themselves(bureau: Bureau) -> None:
    admin = bureau.signed_in("ann")
    body = {"role": "platform", "types": ["payment", "verdict"], "routes": ["/v1/events"], "rate_per_s": 5,
            "expires": show_moment(bureau.now_ms + 9 * DAY_MS), "note": "till"}  # fmt: skip
    made = bureau.as_person(admin, "POST", "/v1/keys", body).json
    assert (made["types"], made["routes"], made["rate_per_s"], made["state"]) == (
        ["payment", "verdict"], ["/v1/events"], 5, "live"
    )  # fmt: skip
    turned = bureau.as_person(admin, "POST", f"/v1/keys/{made['key_id']}/rotate", {"overlap_s": 0})
    assert (turned.status, turned.json["replaces"]) == (201, made["key_id"])
    again = bureau.as_person(admin, "POST", f"/v1/keys/{made['key_id']}/rotate", {})
    assert (again.problem, again.json["detail"].startswith("is expired")) == ("conflict", True)
    event = payment(time=bureau.now_ms)
    assert bureau.as_machine(made["key"], "POST", "/v1/events", event).status == 401
    assert bureau.as_machine(turned.json["key"], "POST", "/v1/events", event).status == 200
    listed = bureau.as_person(admin, "GET", "/v1/keys?limit=1")
    assert [one["key_id"] for one in listed.json["keys"]] == [listed.json["next_after"]]
    assert made["key"].encode() not in listed.body
    assert {who for who, what, *_ in bureau.deeds() if what.startswith("key.")} == {"person:ann"}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/keys", {"role": "chief"}, "role"), ("/v1/keys", {}, "role"),
        ("/v1/keys", {"role": "platform", "types": ["tick"]}, "types"),
        ("/v1/keys", {"role": "partner", "types": ["payment"]}, "types"),
        ("/v1/keys", {"role": "platform", "routes": ["events"]}, "routes"),
        ("/v1/keys", {"role": "platform", "routes": []}, "routes"),
        ("/v1/keys", {"role": "platform", "expires": "2026-01-05T08:30:00Z"}, "expires"),
        ("/v1/keys", {"role": "platform", "expires": "2027-01-05T08:30:00"}, "expires"),
        ("/v1/keys", {"role": "platform", "expires": 1_900_000_000_000}, "expires"),
        ("/v1/keys", {"role": "platform", "rate_per_s": 0}, "rate_per_s"),
        ("/v1/keys", {"role": "platform", "rate_per_s": 1.5}, "rate_per_s"),
        ("/v1/people", {"name": "Ann", "role": "analyst"}, "name"),
        ("/v1/people", {"name": "ann", "role": "platform"}, "role"),
        ("/v1/subjects:search", {"field": "id", "value": "u1"}, "type"),
        ("/v1/subjects:search", {"field": "name", "value": "x", "type": "user"}, "type"),
        ("/v1/subjects:search", {"field": "note", "value": "x"}, "field"),
        (f"{NOBODY}/holds", {"case_id": "C", "reason": "r", "expires": "2020-01-01T00:00:00Z"}, "expires"),
        (f"{NOBODY}/holds", {"case_id": "", "reason": "r", "expires": "2027-01-01T00:00:00Z"}, "case_id"),
        ("/v1/audit/verify", {"checkpoint": 5}, "checkpoint"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(shared: Bureau, path: str, body: object, field: str) -> None:
    role = "legal" if "subjects" in path else "admin"
    got = shared.as_machine(shared.key(role), "POST", path, body)
    assert (got.status, got.json.get("field")) == (422, field)


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (b'{"role":"platform","role":"platform"}', 400, "malformed"), (b'{"role":"platform"', 400, "malformed"),
        (b'{"role":"platform","x":1}', 422, "unknown-field"), (b"[]", 422, "invalid-field"),
        (b'{"role":"\xff"}', 400, "malformed"), (b"[" * 50_000, 422, "invalid-field"),
        (b'{"role":"platform","note":' + b"[" * 50_000, 422, "invalid-field"),
        (b'{"role":"platform","note":"' + b"x" * 70_000 + b'"}', 413, "too-large"),
    ],
)  # fmt: skip
def test_a_body_is_read_strictly(shared: Bureau, body: bytes, status: int, name: str) -> None:
    key = shared.key("admin")
    got = shared.ask("POST", "/v1/keys", body, key=key, content_type="application/json")
    assert (got.status, got.problem) == (status, name)
    assert shared.service.admission.gate.bytes == 0
    assert shared.ask("POST", "/v1/keys", body, key=key, content_type="text/plain").status == 415


def test_the_audit_log_is_read_in_parts_verified_and_marked(bureau: Bureau) -> None:
    auditor, admin = bureau.key("auditor"), bureau.key("admin")
    for name in ("ann", "bob", "cem"):
        bureau.as_machine(admin, "POST", "/v1/people", {"name": name, "role": "analyst"})
    first = bureau.as_machine(auditor, "GET", "/v1/audit?limit=3").json
    assert ([one["number"] for one in first["entries"]], first["next_after"]) == ([0, 1, 2], 2)
    rest = bureau.as_machine(auditor, "GET", "/v1/audit?limit=3&after=2").json
    assert ([one["number"] for one in rest["entries"]], rest["next_after"]) == ([3, 4], None)
    newest = bureau.as_machine(auditor, "GET", "/v1/audit?limit=1&newest=true").json["entries"]
    assert [(one["what"], one["on"], one["from"]) for one in newest] == [("person.create", "person:cem", "127.0.0.1")]
    of = bureau.as_machine(auditor, "GET", "/v1/audit?what=person.create&on=person:ann").json["entries"]
    assert [one["details"] for one in of] == [{"role": "analyst"}]
    marked = bureau.as_machine(auditor, "GET", "/v1/audit/checkpoint").json
    assert Checkpoint.read(marked["text"]).size == marked["size"] == 5
    assert bureau.deeds()[-1][1:] == ("audit.checkpoint", "audit", "done")
    whole = bureau.as_machine(auditor, "POST", "/v1/audit/verify", {"checkpoint": marked["text"]}).json
    assert whole == {"whole": True, "size": 6, "message": None, "against_checkpoint": 5, "marks": None}
    other = Checkpoint(5, bytes(32)).show()
    wrong = bureau.as_machine(auditor, "POST", "/v1/audit/verify", {"checkpoint": other}).json
    assert (wrong["whole"], wrong["size"], "are not those" in wrong["message"]) == (False, None, True)
    assert bureau.as_machine(auditor, "POST", "/v1/audit/verify", {"checkpoint": "x"}).status == 422


def test_a_log_that_was_changed_gives_no_checkpoint(bureau: Bureau) -> None:
    key = bureau.key("auditor")
    with bureau.store.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_entries_update")
        connection.exec_driver_sql("UPDATE audit_entries SET who = 'person:eve'")
    got = bureau.as_machine(key, "GET", "/v1/audit/checkpoint")
    assert (got.problem, got.json["detail"]) == ("conflict", "entry 0 is not what was written")
    assert bureau.as_machine(key, "POST", "/v1/audit/verify", {}).json["whole"] is False


def test_a_subject_is_found_shown_and_written_out_and_the_log_says_by_whom(bureau: Bureau, lena: Browser) -> None:
    path = known(bureau, name="Zhang Wei", phone="138 1234 0077")
    found = bureau.as_person(lena, "POST", "/v1/subjects:search", {"field": "phone", "value": "13812340077"})
    by_id = bureau.as_person(lena, "POST", "/v1/subjects:search", {"field": "id", "value": "u1", "type": "user"})
    assert found.json == by_id.json == {"subjects": [path.removeprefix("/v1/subjects/")]}
    none = bureau.as_person(lena, "POST", "/v1/subjects:search", {"field": "id", "value": "u9", "type": "user"})
    assert none.json == {"subjects": []}
    shown = bureau.as_person(lena, "GET", f"{path}?case=C-17")
    assert shown.json["fields"] == {"id": "u1", "name": "Zhang Wei", "phone": "138 1234 0077"}
    assert bureau.as_person(lena, "GET", path.replace("user/", "user/~")).json == shown.json
    written = bureau.as_person(lena, "GET", f"{path}/export").json
    assert (written["fields"], written["holds"]) == (shown.json["fields"], 0)
    entries = [entry for entry in bureau.log.entries(who="person:lena") if entry.what.startswith("subject.")]
    assert [entry.what for entry in entries] == ["subject.search"] * 3 + ["subject.look"] * 2 + ["subject.export"]
    assert entries[3].details == {"fields": "id,name,phone", "case": "C-17"}
    assert "Zhang" not in json.dumps([entry.to_wire() for entry in entries])


def test_a_hold_keeps_a_subject_from_being_forgotten(bureau: Bureau, lena: Browser) -> None:
    path = known(bureau)
    hold = {"case_id": "C-17", "reason": "court order", "expires": show_moment(bureau.now_ms + DAY_MS)}
    placed = bureau.as_person(lena, "POST", f"{path}/holds", hold)
    assert (placed.status, placed.json["placed_by"], placed.json["stands"]) == (201, "person:lena", True)
    held = bureau.as_person(lena, "POST", f"{path}/forget")
    assert (held.status, held.problem) == (409, "conflict")
    assert "case C-17 holds it until" in held.json["detail"]
    assert [one["hold_id"] for one in bureau.as_person(lena, "GET", "/v1/holds").json["holds"]] == [
        placed.json["hold_id"]
    ]
    assert bureau.as_person(lena, "POST", f"/v1/holds/{placed.json['hold_id']}/lift").json["stands"] is False
    done = bureau.as_person(lena, "POST", f"{path}/forget")
    assert (done.status, done.json["fields"], done.json["scrubbed"]) == (200, 1, True)
    assert bureau.as_person(lena, "GET", path).status == 404
    assert [deed[1:] for deed in bureau.deeds() if deed[1] == "subject.forget"] == [
        ("subject.forget", f"subject:{path.removeprefix('/v1/subjects/')}", "refused"),
        ("subject.forget", f"subject:{path.removeprefix('/v1/subjects/')}", "done"),
    ]


def test_what_the_law_asks_to_keep_is_used_for_nothing_and_not_forgotten(bureau: Bureau, lena: Browser) -> None:
    path = f"/v1/subjects/{bureau.vault.remember(ROOT, 'user', 'u1', retention='duty')}"
    assert "the law asks to keep it" in bureau.as_person(lena, "POST", f"{path}/forget").json["detail"]
    assert bureau.as_person(lena, "GET", path).problem == "conflict"


def test_unusual_looking_is_counted_and_told_without_a_name(bureau: Bureau, lena: Browser) -> None:
    path, watch = known(bureau), Watch(bureau.service, open_log(out=bureau.logged), lambda: 0.0)

    for _ in range(LOOKS_USUAL):
        assert bureau.as_person(lena, "GET", path).status == 200
    asyncio.run(watch.tell_looks())
    assert "bonafide_unusual_looks_total 0.0" in bureau.ask("GET", "/metrics").body.decode()
    assert bureau.logged.getvalue() == ""
    for _ in range(2):
        bureau.as_person(lena, "GET", path)
    asyncio.run(watch.tell_looks())
    asyncio.run(watch.tell_looks())
    assert "bonafide_unusual_looks_total 2.0" in bureau.ask("GET", "/metrics").body.decode()
    (line,) = bureau.logged.getvalue().splitlines()
    assert json.loads(line)["looks"] == 2
    assert "lena" not in line


def test_what_is_done_to_the_engine_is_in_the_audit_log_first(bureau: Bureau) -> None:
    admin = bureau.signed_in("ann")
    bureau.as_person(admin, "PUT", "/v1/degraded", {"parts": ["model"]})
    bureau.as_person(admin, "PUT", "/v1/degraded", {"parts": ["modle"]})
    bureau.post(encoded(payment("p1", amount=-1)), key=bureau.key("platform"))
    assert bureau.as_person(admin, "POST", "/v1/dead-letters/1/redrive").status == 422
    assert bureau.as_person(admin, "POST", "/v1/dead-letters/2/redrive").status == 404
    bureau.runtime.full = True
    degrade = bureau.runtime.degrade

    async def failing(parts: object) -> object:
        raise ValueError

    bureau.runtime.degrade = failing  # type: ignore[assignment, method-assign]
    assert bureau.as_person(admin, "PUT", "/v1/degraded", {"parts": []}).status == 500
    bureau.runtime.degrade = degrade  # type: ignore[method-assign]
    assert [deed for deed in bureau.deeds() if deed[1].startswith(("engine", "letter"))] == [
        ("person:ann", "engine.degrade", "engine", "begun"), ("person:ann", "engine.degrade", "engine", "done"),
        ("person:ann", "letter.redrive", "letter:1", "begun"), ("person:ann", "letter.redrive", "letter:1", "refused"),
        ("person:ann", "engine.degrade", "engine", "begun"), ("person:ann", "engine.degrade", "engine", "failed"),
    ]  # fmt: skip


def test_what_cannot_be_noted_is_not_done(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    key = bureau.key("admin")

    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("bonafide.apps.server.office.append", full)
    got = bureau.as_machine(key, "PUT", "/v1/degraded", {"parts": ["model"]})
    assert (got.status, got.problem, bureau.runtime.degraded) == (503, "overloaded", ())


def test_while_it_starts_the_office_answers_and_the_engine_does_not(bureau: Bureau) -> None:
    key = bureau.key("admin")
    bureau.runtime.state = "starting"
    assert bureau.as_machine(key, "GET", "/v1/audit").status == 200
    assert bureau.as_machine(key, "GET", "/v1/degraded").status == 503


def test_without_the_master_key_machines_are_let_in_and_nothing_clear_is_shown(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "d")
    with Store.open(data.office) as store:
        Bureau(data, store)
    write_master_keys(data, [bytes(32)])
    with Store.open(data.office) as store:
        keys = Keys(store, cache_ms=0, clock=lambda: NOW_MS)
        office = open_office(store, data, keys, None, clock=lambda: NOW_MS)
        assert office.secret is None
        client = Client(keys=keys, office=office)  # type: ignore[arg-type]
        admin, legal = (keys.create(role)[0].reveal() for role in ("admin", "legal"))
        assert client.ask("GET", "/v1/people", key=admin).status == 200
        for method, path, key in (("GET", NOBODY, legal), ("POST", "/v1/session", None)):
            got = client.ask(method, path, b'{"name":"ann","password":"x"}', key=key)
            assert (got.status, "master key" in got.json["detail"]) == (503, True)
