"""`bonafide merchant`: files reviewed without a data directory; reviews shown and decided; lists checked and kept."""

from __future__ import annotations

import gzip
import json
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from bonafide.apps.cli.merchant_ids import Ids
from bonafide.core.door import convert_event
from bonafide.core.errors import InputError
from bonafide.core.events import Tick
from bonafide.core.pseudonym import ClearText, party_of, personal_texts, show_token, with_texts
from bonafide.engine.compiled import KNOWN_MS
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run
from bonafide.office.admission.watch import MerchantWatch
from bonafide.office.journal import Record
from bonafide.office.journal.intake import IntakeRow
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.office.vault.learning import Learner
from bonafide.office.vault.opening import open_vault
from bonafide.office.vault.pseudonym import pseudonym_of
from bonafide.testing.webhooks.made import MadeLog
from tests.apps.test_cli_bundle_life import json_of, quick_hashes, set_up, told
from tests.office.admission.kit import application

__all__ = ["quick_hashes"]
AT = 1_767_601_800_000


@pytest.fixture
def files(tmp_path: Path) -> Path:
    events = [
        application("m1", AT), {"type": "account_link", "account_id": "acc-m2", "owner_type": "user", "owner_id": "u1"},
        application("m2", AT + 5), application("m3", AT + 9, representative_id="rep-old"),
    ]  # fmt: skip
    lines = [json.dumps({"event_id": f"e{n}", "time": AT + n, **one}) for n, one in enumerate(events)]
    (tmp_path / "events.ndjson").write_text("\n".join([*lines, "nonsense", '{"type": "merchant_application"}']) + "\n")
    old = {key: value for key, value in application("old", AT).items() if key != "type"}
    (tmp_path / "register.ndjson").write_text(json.dumps({**old, "standing": "closed"}) + "\n[]\n")
    (tmp_path / "list.csv").write_text("id,schema,name,identifiers\nQ1,Company,Alpen Nord GmbH,\nbad\n")
    return tmp_path


def test_files_are_reviewed_in_their_order_and_bad_lines_refused_alone(files: Path) -> None:
    given = ("merchant", "review", files / "events.ndjson", "--register", files / "register.ndjson")
    found = json_of(*given, ends=3)
    assert (found["reviewed"], found["refused"]) == (3, 3)
    assert [one["proposed"] for one in found["reviews"]] == ["admit", "request_information", "refuse"]
    assert found["reviews"][2]["findings"][0]["rests_on"]["merchants"][0]["merchant"] == "old"
    shown = told(*given, "--lang", "zh")
    assert "结算账户不在申请人或其代表人名下" in shown.stdout
    assert "events.ndjson:5: not JSON" in shown.stderr
    assert "register.ndjson:2" in shown.stderr


def test_a_parquet_file_is_reviewed_too(files: Path) -> None:
    lines = (files / "events.ndjson").read_text().splitlines()[:4]
    pl.DataFrame([json.loads(line) for line in lines], infer_schema_length=None).write_parquet(files / "e.parquet")
    found = json_of("merchant", "review", files / "e.parquet", "--now", AT)
    assert [one["proposed"] for one in found["reviews"]] == ["admit", "request_information", "admit"]


def test_what_was_simulated_is_reviewed_and_nearly_all_is_in_order(tmp_path: Path) -> None:
    write_run(Simulation(scenario("small", 50, 60, 3), 1), tmp_path, lambda done, total: None)
    found = json_of("merchant", "review", tmp_path / "events.parquet")
    assert (found["reviewed"], found["refused"]) == (60, 0)
    proposed = Counter(one["proposed"] for one in found["reviews"])
    assert proposed["admit"] + proposed["admit_with_limits"] >= 50
    assert proposed["refuse"] == 0


def test_what_is_no_file_of_events_is_said_to_be_so(files: Path) -> None:
    assert told("merchant", "review", files / "none.ndjson").exit_code == 2
    shown = told("merchant", "review", files / "list.csv")
    assert (shown.exit_code, "--mapping" in shown.stderr) == (2, True)


def test_a_table_is_reviewed_with_a_mapping(files: Path) -> None:
    columns = {
        "event_id": "id", "merchant_id": "shop", "legal_name": "name", "registration_no": "number", "category": "trade",
        "representative_id": "person",
    }  # fmt: skip
    row = ("e1", "m1", "Acme Ltd", "DE136695976", "toys", "r1", "2026-01-05T08:30:00Z")
    (files / "shops.csv").write_text(f"{','.join((*columns.values(), 'when'))}\n{','.join(row)}\n")
    fields = "".join(f"  {name}: {{column: {column}}}\n" for name, column in columns.items())
    fields += "  time: {column: when}\n"
    (files / "m.yaml").write_text(f"event: merchant_application\nfields:\n{fields}")
    found = json_of("merchant", "review", files / "shops.csv", "--mapping", files / "m.yaml")
    assert (found["reviewed"], found["reviews"][0]["proposed"]) == (1, "request_information")


def written(path: Path, *events: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in events))
    return path


def test_an_application_is_reviewed_once_and_an_id_names_one_event(tmp_path: Path) -> None:
    one = {"event_id": "e1", "time": AT, **application("m1", AT)}
    link = {"event_id": "l1", "time": AT, "type": "account_link", "account_id": "a", "owner_type": "user",
            "owner_id": "u1"}  # fmt: skip
    first = written(tmp_path / "a.ndjson", one, link, one, {**one, "legal_name": "Another Ltd"}, link)
    again = written(tmp_path / "b.ndjson", one, {**one, "event_id": "l1"})
    found = json_of("merchant", "review", first, again, ends=3)
    counts = {name: found[name] for name in ("read", "reviewed", "taught", "duplicate", "refused")}
    assert counts == {"read": 7, "reviewed": 1, "taught": 1, "duplicate": 3, "refused": 2}
    shown = told("merchant", "review", first, again)
    assert "a.ndjson:4: event_id: 'e1' was taken before with other content" in shown.stderr
    assert "b.ndjson:2: event_id: 'l1' was taken before with other content" in shown.stderr
    assert "read before, and passed over: 3" in shown.stderr
    assert shown.stdout.count("m1  ") == 1


def test_ids_are_known_for_a_while_and_so_many_at_once() -> None:
    ids = Ids(most=2)
    assert [ids.is_new(Tick(event_id=name, time=0)) for name in ("a", "b", "a", "c", "a")] == [
        True, True, False, True, True,
    ]  # fmt: skip
    with pytest.raises(InputError, match="with other content"):
        ids.is_new(Tick(event_id="a", time=1))
    assert ids.is_new(Tick(event_id="d", time=KNOWN_MS + 1))
    assert ids.is_new(Tick(event_id="a", time=1))


def test_refused_lines_of_lists_and_registers_are_told(files: Path) -> None:
    alone = written(files / "one.ndjson", {"event_id": "e1", "time": AT, **application("m1", AT)})
    given = ("merchant", "review", alone, "--list", files / "list.csv")
    found = json_of(*given, ends=3)
    assert (found["read"], found["reviewed"], found["refused"]) == (2, 1, 1)
    assert "list.csv:3: has 1 fields and the header 4" in told(*given).stderr
    (files / "cut.ndjson.gz").write_bytes(gzip.compress(b"[]\n" * 3)[:-4])
    shown = told("merchant", "review", alone, "--register", files / "cut.ndjson.gz")
    assert (shown.exit_code, "cut.ndjson.gz:4: the gzip data are damaged" in shown.stderr) == (3, True)
    assert "refused lines: 4" in shown.stderr


@pytest.mark.parametrize("option", ["", "--register", "--list", "--mapping"])
@pytest.mark.parametrize("name", ["none.csv", "folder"])
def test_a_file_that_is_not_there_is_said_plainly(files: Path, option: str, name: str) -> None:
    (files / "folder").mkdir()
    alone = written(files / "one.ndjson", {"event_id": "e1", "time": AT, **application("m1", AT)})
    shown = told("merchant", "review", alone, *([option] if option else []), files / name)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert name in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    assert "incomplete" not in shown.stderr


def test_a_list_that_is_not_there_is_not_asked_and_not_kept(files: Path) -> None:
    shown = told("merchant", "screen", files / "none.csv", "--name", "Acme")
    assert (shown.exit_code, "none.csv: there is no such file" in shown.stderr) == (2, True)


def test_events_of_the_future_are_refused(files: Path) -> None:
    alone = written(files / "late.ndjson", {"event_id": "e1", "time": "2099-01-01T00:00:00Z", **application("m1", AT)})
    assert json_of("merchant", "review", alone)["reviewed"] == 1
    found = json_of("merchant", "review", alone, "--now", "2026-01-05T00:00:00Z", ends=3)
    assert (found["read"], found["reviewed"], found["refused"]) == (1, 0, 1)


def test_a_date_of_opening_that_cannot_be_is_found(files: Path) -> None:
    alone = written(
        files / "old.ndjson", {"event_id": "e1", "time": AT, **application("m1", AT, opened_on="1602-03-20")}
    )
    (review,) = json_of("merchant", "review", alone)["reviews"]
    assert [one["code"] for one in review["findings"]] == ["opened_impossible", "account_unproven"]


def test_documents_of_parquet_may_be_json_text(files: Path) -> None:
    given = {"event_id": "e1", "time": AT, **application("m1", AT)}
    lists, texts = files / "lists.parquet", files / "texts.parquet"
    pl.DataFrame([given]).write_parquet(lists)
    pl.DataFrame([{**given, "documents": json.dumps(given["documents"])}]).write_parquet(texts)
    found = json_of("merchant", "review", texts)
    assert found == json_of("merchant", "review", lists)
    assert (found["reviews"][0]["proposed"], found["reviews"][0]["papers_missing"]) == ("admit", [])


def test_a_list_is_checked_asked_and_kept(files: Path) -> None:
    DataDir.open(files / "data")
    given = ("merchant", "screen", files / "list.csv", "--name", "ALPEN NORD", "--data", files / "data")
    found = json_of(*given, ends=3)
    assert found["lists"][str(files / "list.csv")] == {"read": 2, "taken": 1, "passed_over": 0, "refused": 1}
    assert found["hits"] == [{"entity": "Q1", "score": 1.0, "by": "name"}]
    kept = files / "data" / "screening" / "list.csv"
    assert kept.read_bytes() == (files / "list.csv").read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    shown = told(*given)
    assert "read 2, taken 1" in shown.stdout
    assert "list.csv:3:" in shown.stderr
    (files / "bad.txt").write_text("x")
    assert told("merchant", "screen", files / "bad.txt", "--data", files / "data").exit_code in (2, 3)


@contextmanager
def worked(folder: DataDir, *events: dict[str, Any]) -> Iterator[None]:
    """A data directory whose worker has reviewed applications."""
    secret, log = folder.read_secret(), MadeLog()
    with Store.open(folder.office) as store:
        vault = open_vault(store, folder, None)
        learner = Learner(vault)
        for n, given in enumerate(events, 1):
            event = convert_event({"event_id": f"e{n}", "time": AT, **given})
            party = party_of(event)
            assert party is not None
            texts = []
            for _, kind, text in personal_texts(event):
                whose = ("", 0) if (kind, text) == party else (party[0], pseudonym_of(party[1], secret))
                texts.append(ClearText(pseudonym_of(text, secret), kind, text, *whose))
            learner.learn([IntakeRow(n, len(texts), tuple(texts), b"%032d" % n)])
            content = with_texts(event, lambda _, text: show_token(pseudonym_of(text, secret)))
            log.append(Record(AT, "k", msgspec.json.encode(content), b'{"status":"taught"}'))
        watch = MerchantWatch(vault, log, folder.folder, secret, vault.clock)
        while watch.step():
            pass
        yield


def test_reviews_are_listed_shown_and_decided_by_people(tmp_path: Path) -> None:
    folder = DataDir.open(tmp_path / "data")
    data = folder.folder
    with worked(folder, application("m1", AT), application("m2", AT, documents=[])):
        pass
    ann, bob = set_up(data, "ann", "merchant_ops"), set_up(data, "bob", "senior")
    rows = told("merchant", "list", "--data", data).stdout.splitlines()
    assert len(rows) == 2
    assert "waits_for_answer  documents_missing" in rows[0]
    assert "more: --before 2" in told("merchant", "list", "--limit", 1, "--data", data).stdout
    assert told("merchant", "list", "--standing", "closed", "--data", data).stdout == "nothing\n"
    assert "missing: business licence" in told("merchant", "show", "m2", "--data", data).stdout
    assert "缺少：营业执照" in told("merchant", "show", "m2", "--lang", "zh", "--data", data).stdout
    refuse = ("merchant", "decide", "m2", "refuse", "--note", "no shop", "--data", data, "--session-file")
    assert "waits for a second person" in told(*refuse, ann).stdout
    assert "somebody else has to refuse it too" in told(*refuse, ann).stderr
    assert told(*refuse, bob).stdout == "review 2: refused\n"
    assert json_of("merchant", "show", "m2", "--data", data)["standing"] == "refused"
    assert "ann: refuse: no shop" in told("merchant", "show", "m2", "--data", data).stdout
    assert told("merchant", "show", "m9", "--data", data).exit_code == 2
    nobody = told("merchant", "decide", "m2", "admit", "--note", "x", "--data", data)
    assert nobody.exit_code == 2
    assert "--as" in nobody.stderr
