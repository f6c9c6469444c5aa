"""Personal data that is sent to a server stands in clear nowhere but in the answers to whoever sent it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.core.door import convert_event, decode_event
from bonafide.core.fields import FIELDS
from bonafide.core.pseudonym import personal_texts, show_token, with_texts
from bonafide.office.audit.entry import Actor
from bonafide.office.journal.intake import read_intake
from bonafide.office.journal.journal import Journal
from bonafide.office.journal.records import Record
from bonafide.office.journal.sealing import open_sealer
from bonafide.office.journal.view import view_journal
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.office.store.tables import subject_texts, subjects
from bonafide.office.vault.opening import open_vault
from bonafide.office.vault.pseudonym import pseudonym_of
from bonafide.office.vault.subjects import Subject
from tests.until import until

WAIT_S = 90.0
TOOL = [sys.executable, "-c", "from bonafide.apps.cli import main; main()"]
SEEDED = {
    "user": "zhangwei-seed", "inviter": "wangfang-seed", "merchant": "merchant-seed", "device": "device-seed",
    "ip": "203.0.113.77", "address": "addr-seed", "account": "6222-seed-0001", "other": "6222-seed-0002",
    "phone": "13812340077", "person": "110101-seed-0077", "tracking": "SF-seed-77", "licence": "licence-seed",
    "legal": "种子商贸有限公司", "registration": "91310000SEED77", "street": "上海市种子路七号",
    "bad": "x" * 90 + "seed" * 12,
}  # fmt: skip


def command(*arguments: object) -> Result:
    """A command, run here."""
    return CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200"})


def seeded(now: int) -> list[dict[str, Any]]:
    """An event of every type that names somebody, and payments that are held and get a measure."""
    s, at = SEEDED, {"time": now - 60_000}
    pair = {"user_id": s["user"], "merchant_id": s["merchant"]}
    events: list[dict[str, Any]] = [
        {"type": "registration", "user_id": s["user"], "phone_id": s["phone"], "device_id": s["device"],
         "ip": s["ip"], "address_id": s["address"], "invited_by": s["inviter"]},
        {"type": "merchant_application", "merchant_id": s["merchant"], "legal_name": s["legal"],
         "registration_no": s["registration"], "representative_id": s["person"], "category": "food",
         "address": s["street"], "account_id": s["account"], "phone_id": s["phone"],
         "documents": [{"kind": "licence", "id": s["licence"]}]},
        {"type": "account_link", "account_id": s["other"], "owner_type": "person", "owner_id": s["person"]},
        {"type": "login", "subject_type": "user", "subject_id": s["user"], "ip": s["ip"], "device_id": s["device"]},
        {"type": "credit_line", "user_id": s["user"], "limit": 500_000, "currency": "CNY", "reason": "grant"},
        *({"type": "payment", **pair, "order_id": f"o{i}", "amount": 49_900, "currency": "CNY", "ip": s["ip"],
           "credit_limit": 500_000, "credit_used": i * 49_900, "goods": "virtual", "device_id": s["device"]}
          for i in range(10)),
        {"type": "shipment", **pair, "order_id": "o1", "status": "created", "tracking_no": s["tracking"],
         "address_id": s["address"]},
        {"type": "refund", **pair, "order_id": "o1", "amount": 49_900, "currency": "CNY", "account_id": s["other"]},
        {"type": "payout", "merchant_id": s["merchant"], "account_id": s["account"], "amount": 400_000,
         "currency": "CNY"},
        {"type": "transfer", "from_account_id": s["account"], "to_account_id": s["other"], "amount": 300_000,
         "currency": "CNY"},
        {"type": "complaint", **pair},
    ]  # fmt: skip
    return [{"event_id": f"s{i}", **at, **event} for i, event in enumerate(events)]


def refused(now: int) -> list[Any]:
    """Records that are refused although they name somebody: bad values, unknown fields, a token, a conflict."""
    s = SEEDED
    good = {"type": "credit_line", "event_id": "r1", "time": now, "user_id": s["user"], "limit": 1, "currency": "CNY",
            "reason": "grant"}  # fmt: skip
    return [
        {**good, "user_id": s["bad"]}, {**good, "limit": -1}, {**good, "phone": s["phone"]},
        {**good, "user_id": "~00000000000000ff"}, {**good, "user_id": f"{s['user']}\n"},
        {**seeded(now)[5], "user_id": s["inviter"]},
    ]  # fmt: skip


@contextmanager
def served(data: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server in a process of its own, and its port."""
    run = [*TOOL, "serve", "--data", str(data), "--port", "0", "--log-level=info"]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("ready http://127.0.0.1:"), process.communicate()
            yield process, int(line.rpartition(":")[2])
        finally:
            process.kill()


def ask(port: int, key: str, method: str, path: str, body: bytes | None = None) -> bytes:
    with closing(HTTPConnection("127.0.0.1", port, timeout=WAIT_S)) as connection:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        connection.request(method, path, body, headers)
        return connection.getresponse().read()


def clear_in(text: bytes) -> list[str]:
    """The seeded texts that stand in some bytes."""
    return [one for one in SEEDED.values() if one.encode() in text or json.dumps(one)[1:-1].encode() in text]


def in_files(folder: Path) -> dict[str, list[str]]:
    """Which seeded texts stand in which files of a folder."""
    found = {path.name: clear_in(path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    return {name: texts for name, texts in found.items() if texts}


def test_the_seeds_are_in_every_personal_field() -> None:
    named = {name for event in seeded(0) for name in event} | {"owner_id", "subject_id"}
    unseeded = {"entry"}  # a control record's, which no client sends
    assert {name for name, field in FIELDS.items() if field.personal} - unseeded <= named
    events = [convert_event(event) for event in seeded(100_000)]
    texts = {text for event in events for _, _, text in personal_texts(event)}
    assert texts == set(SEEDED.values()) - {SEEDED["bad"]}


def test_nothing_seeded_is_found_outside_of_sealed_rows_and_three_ways_give_the_same_decisions(tmp_path: Path) -> None:
    data, now = tmp_path / "d", int(time.time() * 1_000)
    key = json.loads(command("access", "key", "create", "--role", "platform", "--data", data, "--json").stdout)["key"]
    log = seeded(now)
    with served(data) as (process, port):
        answers = json.loads(ask(port, key, "POST", "/v1/events", json.dumps(log).encode()))
        again = json.loads(ask(port, key, "POST", "/v1/events", json.dumps(log).encode()))
        problems = ask(port, key, "POST", "/v1/events", json.dumps(refused(now)).encode())
        decision = ask(port, key, "GET", f"/v1/decisions/{measured(answers)[0]['event_id']}")
        metrics = ask(port, key, "GET", "/metrics")
        running = in_files(data)
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate(timeout=WAIT_S)
    assert again == answers
    assert measured(answers)[0]["measures"][0]["subject_id"] == SEEDED["user"]
    assert json.loads(decision) == measured(answers)[0]
    assert [one["status"] for one in json.loads(problems)] == [422, 422, 422, 422, 422, 409]
    for told in (problems, metrics, out.encode(), err.encode()):
        assert clear_in(told) == []
    assert running == in_files(data) == {}
    with served(data) as (process, port):  # recovered from tokens
        assert json.loads(ask(port, key, "POST", "/v1/events", json.dumps(log).encode())) == answers
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=WAIT_S)
    assert clear_in(out.encode() + err.encode()) == []
    assert in_files(data) == {}
    check_ways(tmp_path, data, log, answers)
    letters = command("journal", "dead-letters", "--data", data).stdout
    assert SEEDED["bad"] in letters


def test_of_who_was_forgotten_nothing_can_be_opened_and_decisions_stay_the_same(tmp_path: Path) -> None:
    data, now = tmp_path / "d", int(time.time() * 1_000)
    key = json.loads(command("access", "key", "create", "--role", "platform", "--data", data, "--json").stdout)["key"]
    log, gone = seeded(now), ("user", "inviter", "merchant", "person", "other")
    with served(data) as (process, port):
        answers = json.loads(ask(port, key, "POST", "/v1/events", json.dumps(log).encode()))
        until(lambda: opened(data)[0] == set(SEEDED.values()) - {SEEDED["bad"]})
        held = command("subject", "hold", SEEDED["user"], "--case", "C-1", "--reason", "court", "--until", "1d",
                       "--data", data, "--json")  # fmt: skip
        refused_to = command("subject", "forget", SEEDED["user"], "--data", data)
        assert refused_to.exit_code == 1
        assert "case C-1 holds it until" in refused_to.output
        command("subject", "lift", json.loads(held.stdout)["hold_id"], "--data", data)
        for name, kind in zip(gone, ("user", "user", "merchant", "person", "account"), strict=True):
            forgotten = command("subject", "forget", SEEDED[name], "--type", kind, "--data", data)
            assert forgotten.exit_code == (1 if name == "other" else 0), forgotten.output
        assert "nothing is kept" in forgotten.output  # the account went with the user and the person
        assert opened(data)[0] == set()
        until(lambda: opened(data) == (set(), set()))  # what the vault has leaves the journal within a second
        again = json.loads(ask(port, key, "POST", "/v1/events", json.dumps(log).encode()))
        decision = json.loads(ask(port, key, "GET", f"/v1/decisions/{measured(answers)[0]['event_id']}"))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=WAIT_S)
    assert again == answers
    assert decision["measures"][0]["subject_id"].startswith("~")
    assert {**decision, "measures": 0} == {**measured(answers)[0], "measures": 0}
    assert clear_in(out.encode() + err.encode()) == []
    assert opened(data) == (set(), set())
    check_ways(tmp_path, data, log, answers)
    assert command("audit", "verify", "--data", data).exit_code == 0
    assert command("journal", "verify", "--data", data).exit_code == 0


def opened(data: Path) -> tuple[set[str], set[str]]:
    """All that whoever has every key can open: of the vault, and of what waits for it."""
    folder = DataDir(data)
    with Store.open(folder.office) as store, store.reading() as connection:
        vault = open_vault(store, folder, None)
        found = {Subject(*row) for row in connection.execute(select(subjects.c.subject_type, subjects.c.pseudonym))}
        found |= {Subject(*row) for row in connection.execute(select(subject_texts.c.kind, subject_texts.c.hash))}
        known = set(vault.clear_texts(sorted(found)).values())
    with view_journal(data) as view:
        rows = read_intake(view.reader, open_sealer(data), 0, 1_000)
    return known, {text.text for row in rows for text in row.texts or ()}


def measured(answers: list[Any]) -> list[Any]:
    """The answers that propose a measure."""
    return [answer for answer in answers if answer.get("measures")]


def check_ways(folder: Path, data: Path, log: list[dict[str, Any]], answers: list[Any]) -> None:
    """The clear log and the exported tokens replay to the decisions that the server gave."""
    clear, tokens = folder / "clear.ndjson", folder / "tokens.ndjson"
    clear.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in log), encoding="utf-8")
    exported = command("journal", "export", "--data", data, "--out", tokens)
    assert exported.exit_code == 0
    assert f"--secret-file {data / 'secret'}" in exported.output
    assert clear_in(tokens.read_bytes()) == []
    told = []
    for name, file, options in (("a", clear, ()), ("b", tokens, ("--secret-file", data / "secret")), ("c", tokens, ())):
        run = command("replay", file, "--out", folder / name, "--json", *options)
        assert run.exit_code == 0, run.output
        told.append(json.loads(run.stdout))
    assert len({one["digest"] for one in told}) == 1
    assert told[0]["decided"] == sum("digest" in answer for answer in answers)


def test_an_export_in_clear_has_what_the_vault_knows_and_tokens_for_the_rest(tmp_path: Path) -> None:
    data, out = DataDir.open(tmp_path / "d"), tmp_path / "log.ndjson"
    secret = data.read_secret()
    event = convert_event({**seeded(100_000)[5], "device_id": "device-seed"})
    held = with_texts(event, lambda kind, text: show_token(pseudonym_of(text, secret)))
    journal = Journal.open(data.folder)
    journal.append([Record(1, "k", msgspec.json.encode(held), b"{}")])
    journal.close()
    with Store.open(data.office) as store:
        open_vault(store, data, None).remember(Actor("test", "terminal"), "user", SEEDED["user"])
    assert command("journal", "export", "--data", data.folder, "--out", out, "--clear").exit_code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert decode_event(out.read_bytes()) == msgspec.structs.replace(held, user_id=SEEDED["user"])
    looked = command("audit", "show", "--data", data.folder, "--json").stdout
    assert "journal.export" in looked
    assert clear_in(looked.encode()) == []
