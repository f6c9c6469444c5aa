"""The receiver of docs/outbox.md runs as it stands there, and takes what is sent and nothing else."""

from __future__ import annotations

import re
import threading
import time
from http.client import HTTPConnection
from http.server import HTTPServer
from pathlib import Path
from typing import Any

from bonafide.office.outbox import deliveries, kafka, ladder, post, sender, worker
from bonafide.office.outbox.carrier import Kind, Parcel
from bonafide.office.outbox.clear import UNKNOWN_WAIT_S
from bonafide.office.outbox.messages import TOPICS
from bonafide.office.outbox.signing import secret_for, sign
from bonafide.office.outbox.webhooks import Webhooks
from bonafide.office.people.matrix import COMMANDS
from bonafide.testing.webhooks.__main__ import KILLS, MESSAGES, SUBJECTS
from bonafide.testing.webhooks.faults import FAULTS, PRIVATE
from bonafide.testing.webhooks.killed import NAME
from tests.house.tree import ROOT
from tests.office.outbox.kit import HERE, KEY, run

PAGE = (ROOT / "docs" / "outbox.md").read_text(encoding="utf-8")
SECRET = secret_for(KEY, "s")
BODY = b'{"type":"alert.raised"}'


def served(receiver: Any, work: Any) -> None:
    server = HTTPServer(("127.0.0.1", 0), receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        work(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def the_receiver(folder: Path) -> Any:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(source, str(folder / "receiver.py"), "exec"), names)
    receiver = names["Receiver"]
    receiver.secret = SECRET.reveal()
    receiver.log_message = lambda *_: None
    return receiver


def test_the_receiver_takes_what_is_signed_once(tmp_path: Path) -> None:
    receiver = the_receiver(tmp_path)

    def work(port: int) -> None:
        parcel = Parcel(f"http://127.0.0.1:{port}/hooks", "msg_1", "user:u1", BODY)
        now_ms = time.time_ns() // 1_000_000
        kinds = [run(Webhooks(HERE).carry(parcel, [SECRET], now_ms)).kind for _ in range(2)]
        kinds.append(run(Webhooks(HERE).carry(parcel, [secret_for(KEY, "other")], now_ms)).kind)
        kinds.append(run(Webhooks(HERE).carry(parcel, [SECRET], now_ms - 301_000)).kind)
        kinds.append(run(Webhooks(HERE).carry(parcel, [secret_for(KEY, "new"), SECRET], now_ms)).kind)
        assert kinds == [Kind.TAKEN, Kind.TAKEN, Kind.REFUSED, Kind.REFUSED, Kind.TAKEN]

    served(receiver, work)
    assert receiver.seen == {"msg_1": BODY}


def test_the_receiver_refuses_what_was_changed(tmp_path: Path) -> None:
    receiver = the_receiver(tmp_path)

    def work(port: int) -> None:
        headers = sign([SECRET], "msg_1", int(time.time()), BODY)
        for changed, body in [({"webhook-id": "msg_2"}, BODY), ({}, BODY + b" "), ({"webhook-signature": ""}, BODY)]:
            connection = HTTPConnection("127.0.0.1", port)
            connection.request("POST", "/", body, headers | changed)
            assert connection.getresponse().status == 401
            connection.close()

    served(receiver, work)
    assert receiver.seen == {}


def test_the_page_names_every_topic_and_every_bound() -> None:
    assert all(f"`{topic}`" in PAGE for topic in TOPICS)
    waits = [step.wait_ms // 1_000 for step in ladder.LADDER]
    shown = [f"{s} s" if s < 60 else f"{s // 60} min" if s < 3_600 else f"{s // 3_600} h" for s in waits]
    assert f"{', '.join(shown[:-1])} and {shown[-1]}" in PAGE.replace("\n", " ")
    bounds = post.Timeouts()
    assert (
        f"{bounds.connect:.0f} s to connect, {bounds.first_byte:.0f} s to the first byte, {bounds.whole:.0f} s" in PAGE
    )
    assert f"{post.HEAD_BYTES_MAX >> 10} KiB of head and {post.BODY_BYTES_MAX >> 10} KiB of body" in PAGE
    assert f"{sender.SENDS_MAX} sends at one time, {sender.SENDS_EACH_MAX} of them" in PAGE
    assert 2 * 1_000 * bounds.whole < deliveries.LEASE_MS
    assert f"held back for {UNKNOWN_WAIT_S} s at most" in PAGE
    assert f"kept for {worker.KEEP_DAYS} days" in PAGE
    assert f"confirmed within {kafka.MESSAGE_TIMEOUT_S:.0f} s" in PAGE
    assert deliveries.LEASE_MS == 120_000
    assert "two minutes later at most" in PAGE
    assert f"every {worker.TROUBLE_S:.0f} seconds".replace("2", "two") in PAGE
    assert 1_000 * kafka.WHOLE_S < deliveries.LEASE_MS


def test_the_page_shows_every_fault_of_the_drill() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [\d,]+ \| [\d,]+ \| 0 \| [\d,]+ \| 0 \| 0 \| 0 \| .* \|$", PAGE, re.MULTILINE)
    assert rows == [*FAULTS, NAME]
    assert f"fail in {len(FAULTS)} ways" in PAGE.replace("\n", " ")
    assert f"names led to {len(PRIVATE)} private addresses" in PAGE
    assert (KILLS, MESSAGES, SUBJECTS) == (20, 200, 20)


def test_the_page_names_every_command() -> None:
    commands = [name.removeprefix("outbox ") for name in COMMANDS if name.startswith("outbox ")]
    assert len(commands) == 10
    assert all(f"bonafide outbox {name}" in PAGE for name in commands)
