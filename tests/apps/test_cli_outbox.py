"""`bonafide outbox`: what each command prints where, how it ends, and what stays out of sight."""

from __future__ import annotations

import json
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bonafide.apps.cli.main import app
from bonafide.apps.outbox.worker import open_outbox, reach_of
from bonafide.apps.settings import Settings, read_settings
from bonafide.core.errors import ConfigError
from bonafide.core.pseudonym import show_token
from bonafide.core.secret import Secret
from bonafide.office.audit.entry import ITSELF
from bonafide.office.audit.log import AuditLog
from bonafide.office.journal import Journal
from bonafide.office.outbox.carrier import Came, Kind
from bonafide.office.outbox.ladder import LADDER, TRIES_MAX
from bonafide.office.outbox.reach import Reach
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.office.vault.opening import open_vault
from bonafide.office.vault.pseudonym import pseudonym_of
from tests.office.outbox.kit import ANN, Clock, decided

URL = "https://pay.example.org/hooks"


def told(*arguments: object, env: dict[str, str] | None = None) -> Result:
    result = CliRunner().invoke(app, ["outbox", *map(str, arguments)], env={"COLUMNS": "100", **(env or {})})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def json_of(*arguments: object, ends: int = 0) -> dict[str, Any]:
    result = told(*arguments, "--json")
    assert result.exit_code == ends, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


class Site:
    """A data directory whose journal has alerts, with somebody in the vault."""

    def __init__(self, folder: Path) -> None:
        self.data = DataDir.open(folder)
        self.clock = Clock()
        self.key = self.data.read_secret()
        self.journal = Journal.open(folder)
        with Store.open(self.data.office) as store:
            open_vault(store, self.data, None).remember(ITSELF, "user", "u-canary")

    def append(self, events: int) -> None:
        begin = self.journal.next_seq
        token = show_token(pseudonym_of("u-canary", self.key))
        records = [decided(seq, token, alert=True, n=seq) for seq in range(begin, begin + events)]
        self.journal.append(records, **({} if begin else {"bundle": "ab" * 32}))  # type: ignore[arg-type]

    def tail(self) -> None:
        with (
            Store.open(self.data.office) as store,
            open_outbox(self.data, store, Settings(), lambda _: {}, self.clock) as box,
        ):
            while box.tailer.step():
                pass

    def give_up(self) -> None:
        """Let everything that is to be sent be refused until it is a dead letter."""
        with (
            Store.open(self.data.office) as store,
            open_outbox(self.data, store, Settings(), lambda _: {}, self.clock) as box,
        ):
            for _ in range(4 * TRIES_MAX):
                claims = box.deliveries.claim(self.clock(), 100, 100)
                box.deliveries.settle([(one, Came(Kind.REFUSED, "answered 422")) for one in claims], self.clock())
                self.clock.now_ms += 2 * LADDER[-1].wait_ms


@pytest.fixture
def site(tmp_path: Path) -> Any:
    found = Site(tmp_path / "data")
    yield found
    found.journal.close()


def test_a_receiver_is_added_listed_paused_resumed_rotated_and_removed(site: Site) -> None:
    data = ("--data", site.data.folder)
    result = told("receiver", "add", URL, "--topics", "alert,notice", "--note", "the app", *data)
    assert result.exit_code == 0
    assert result.stdout.startswith("whsec_")
    assert result.stdout.strip() not in result.stderr
    (row,) = json_of("receiver", "list", *data)["receivers"]
    assert (row["url"], row["topics"], row["state"], row["note"]) == (URL, ["alert", "notice"], "active", "the app")
    receiver = row["receiver_id"]
    assert receiver in result.stderr
    assert told("receiver", "pause", receiver, *data).stdout == f"{receiver} is paused\n"
    assert json_of("receiver", "resume", receiver, *data)["state"] == "active"
    rotated = json_of("receiver", "rotate", receiver, "--overlap", "2h", *data)
    assert not Secret(rotated["secret"]).matches(Secret(result.stdout.strip()))
    table = told("receiver", "list", *data).stdout
    assert table.splitlines()[1].split() == [receiver, "active", "alert,notice", "-", URL, "the", "app"]
    assert "whsec" not in table
    assert told("receiver", "remove", receiver, *data).stdout == f"{receiver} is removed, with 0 deliveries\n"
    assert told("receiver", "list", *data).stdout.startswith("no receivers")
    with Store.open(site.data.office) as store:
        whats = [entry.what for entry in AuditLog(store).newest(5)]
    assert whats == [f"receiver.{one}" for one in ("add", "pause", "resume", "rotate", "remove")]


@pytest.mark.parametrize(
    "arguments",
    [("receiver", "add", "http://pay.example.org/"), ("receiver", "add", "https://10.0.0.1/"),
     ("receiver", "add", "kafka://10.0.0.1/alerts"), ("receiver", "add", URL, "--topics", "gossip"),
     ("receiver", "pause", "nobody"), ("receiver", "remove", "nobody"), ("receiver", "rotate", "nobody"),
     ("pull", "--limit", "0"), ("pull", "--after", "-1"), ("pull", "--topics", "gossip"),
     ("begin-at", "7"), ("begin-at", "-1"), ("begin-at", "soon")],
)  # fmt: skip
def test_what_is_used_wrongly_is_refused(site: Site, arguments: tuple[str, ...]) -> None:
    result = told(*arguments, "--data", site.data.folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "bonafide: " in result.stderr or result.stderr.startswith("Usage: ")


def test_networks_of_ones_own_are_read_from_the_settings_of_the_data_directory(site: Site) -> None:
    site.data.settings.write_text('webhook_networks = "10.20.0.0/16"\nwebhook_ports = "443,8443"\n')
    data = ("--data", site.data.folder)
    assert told("receiver", "add", "https://10.20.0.7:8443/hooks", *data).exit_code == 0
    assert told("receiver", "add", "http://10.20.0.7:8443/hooks", *data).exit_code == 2
    allowed = {"BONAFIDE_WEBHOOK_HTTP": "allowed"}
    assert told("receiver", "add", "http://10.20.0.7:8443/hooks", *data, env=allowed).exit_code == 0
    assert told("receiver", "add", "http://10.21.0.7:8443/hooks", *data, env=allowed).exit_code == 2
    assert told("receiver", "list", *data, env={"BONAFIDE_WEBHOOK_PORTS": "no"}).exit_code == 2


def test_settings_say_where_messages_may_go(tmp_path: Path) -> None:
    assert reach_of(Settings()) == Reach()
    given = {"webhook_networks": "10.0.0.0/8,fd00::/8", "webhook_ports": "443, 80", "webhook_http": "allowed",
             "kafka_brokers": "Kafka-1:9092,10.0.0.7:9092"}  # fmt: skip
    assert reach_of(read_settings(None, {}, given)) == Reach(
        (ip_network("10.0.0.0/8"), ip_network("fd00::/8")), frozenset({80, 443}), True,
        frozenset({"kafka-1:9092", "10.0.0.7:9092"}),
    )  # fmt: skip
    file = tmp_path / "kafka.properties"
    file.write_text("# ours\nsasl.username = u\n")
    assert read_settings(None, {}, {"kafka_properties": str(file)}).kafka_properties == str(file)
    for wrong in ("acks=1", "enable.idempotence = false", "bootstrap.servers=x", "nothing", "=x"):
        file.write_text(wrong)
        with pytest.raises(ConfigError, match="kafka_properties"):
            read_settings(None, {}, {"kafka_properties": str(file)})


def test_messages_are_printed_with_pseudonyms_and_with_ids_where_asked_which_is_noted(site: Site) -> None:
    site.append(3)
    site.tail()
    data = ("--data", site.data.folder)
    result = told("pull", "--limit", 2, *data)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["seq"] for line in lines] == [0, 1]
    assert lines[0]["message"]["type"] == "alert.raised"
    assert "2 messages, more are there; next: bonafide outbox pull --after 2" in result.stderr
    assert "canary" not in result.stdout
    page = json_of("pull", "--after", 2, *data)
    assert ([one["seq"] for one in page["messages"]], page["cursor"], page["has_more"]) == ([2], 3, False)
    clear = json_of("pull", "--clear", *data)["messages"]
    assert [one["message"]["data"]["user_id"] for one in clear] == ["u-canary"] * 3
    assert {one["subject"] for one in clear} == {"user:u-canary"}
    with Store.open(site.data.office) as store:
        (look,) = AuditLog(store).newest(1)
    assert look.what == "subject.look"


def test_dead_letters_are_shown_and_sent_again(site: Site) -> None:
    data = ("--data", site.data.folder)
    assert told("dead-letters", *data).stdout == "no dead letters\n"
    receiver = json_of("receiver", "add", URL, *data)["receiver_id"]
    site.append(3)
    site.tail()
    site.give_up()
    shown = told("dead-letters", *data).stdout
    assert shown.count("answered 422") == 3
    assert "canary" not in shown
    letters = json_of("dead-letters", "--after", 1, "--receiver", receiver, *data)["dead_letters"]
    assert [(one["number"], one["tries"], one["receiver_id"]) for one in letters] == [
        (number, TRIES_MAX, receiver) for number in (2, 3)
    ]
    assert json_of("dead-letters", "--resend", "--receiver", "nobody", *data) == {"resent": 0}
    result = told("dead-letters", "--resend", *data)
    assert result.stdout == "3 dead letters are sent again\n"
    assert "Sending 3 dead letters again" in result.stderr
    assert json_of("status", *data)["deliveries"]["dead"] == 0


def test_status_says_how_far_and_what_is_wrong(site: Site) -> None:
    data = ("--data", site.data.folder)
    site.append(2)
    receiver = json_of("receiver", "add", URL, *data)["receiver_id"]
    site.tail()
    site.append(1)
    found = json_of("status", *data)
    assert (found["read"], found["events"], found["behind_events"], found["messages"]) == (2, 3, 1, 2)
    assert found["behind_ms"] > 0
    assert (found["deliveries"]["waiting"], found["deliveries"]["queued"], found["trouble"]) == (1, 1, [])
    assert found["oldest_waiting"] == "2026-01-05T08:30:00.000Z"
    text = told("status", *data).stdout
    assert "events read    2 of 3" in text
    assert receiver in text
    with (
        Store.open(site.data.office) as store,
        open_outbox(site.data, store, Settings(), lambda _: {}, site.clock) as box,
    ):
        (claim,) = box.deliveries.claim(site.clock(), 1, 1)
        box.deliveries.settle([(claim, Came(Kind.GONE, "the receiver answered 410"))], site.clock())
    (trouble,) = json_of("status", *data, ends=1)["trouble"]
    assert trouble.startswith(
        f"receiver {receiver} is paused: the receiver answered 410; bonafide outbox receiver resume"
    )


def test_after_a_restore_status_says_how_to_begin_anew_and_so_it_goes_on(site: Site, tmp_path: Path) -> None:
    data = ("--data", site.data.folder)
    site.append(2)
    site.append(2)
    site.tail()
    site.journal.close()
    for file in site.data.folder.glob("journal.*"):
        file.unlink()
    (site.data.folder / "ids.db").unlink(missing_ok=True)
    site.journal = Journal.open(site.data.folder)
    site.append(3)
    result = told("status", *data)
    assert result.exit_code == 1
    assert "has read 4 events of another journal" in result.stdout
    assert "bonafide outbox begin-at 3" in result.stdout
    assert told("begin-at", 2, *data).exit_code == 2
    assert json_of("begin-at", "end", *data) == {"from": 4, "to": 3, "events": 3}
    assert told("status", *data).exit_code == 0
    site.append(1)
    site.tail()
    seqs = [m["seq"] for m in json_of("pull", *data)["messages"]]
    assert seqs == [0, 1, 2, 3]  # event 3 came again as it was
    assert told("begin-at", 0, *data).stdout == "the outbox goes on at event 0; it had read 4, and the log has 4\n"
    with Store.open(site.data.office) as store:
        assert [entry.what for entry in AuditLog(store).newest(2)] == ["outbox.begin_at"] * 2


def test_where_there_is_no_journal_it_says_so(tmp_path: Path) -> None:
    DataDir.open(tmp_path / "data")
    assert told("status", "--data", tmp_path / "data").exit_code == 2
    assert told("status", "--data", tmp_path / "nothing").exit_code == 2
    assert ANN.who == "person:ann"
