"""A real service whose PostgreSQL dies and comes back: events are decided all the while, and the rest catches up."""

from __future__ import annotations

import json
import signal
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bonafide.office.audit.log import AuditLog
from bonafide.office.store.database import Store
from bonafide.office.store.tables import subjects
from bonafide.testing.faults.server import Launch, Server
from tests.apps.server.client import encoded, payment
from tests.office.databases import running_cluster

DEATHS = 4
EVENTS = 40
"""Sent while the server is away, and as many while it is there."""
WAIT_S = 90.0
HALF_S = 0.5


class Sender:
    """Sends payments, each of a user of its own, and counts what comes back."""

    def __init__(self, port: int, key: str) -> None:
        self.port, self.sent, self.longest_s = port, 0, 0.0
        self.headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def send(self, events: int, span_s: float) -> list[int]:
        statuses = []
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)) as connection:
            for _ in range(events):
                began, number, now_ms = time.monotonic(), self.sent, int(time.time() * 1_000)
                event = payment(f"p{number}", time=now_ms, user_id=f"u{number}", order_id=f"o{number}")
                connection.request("POST", "/v1/events", encoded(event), self.headers)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
                self.sent += 1
                self.longest_s = max(self.longest_s, time.monotonic() - began)
                time.sleep(span_s / events)
        return statuses


@pytest.mark.drill
def test_events_are_decided_while_the_store_is_away_and_what_waits_catches_up(tmp_path: Path) -> None:
    with running_cluster() as cluster:
        launch = Launch(environment={"BONAFIDE_STORE_URL": cluster.url()})
        made = launch.run("access", "key", "create", "--role", "platform", "--data", str(tmp_path / "d"), "--json")
        with Server(tmp_path / "d", launch) as server:
            assert server.start() is not None
            sender = Sender(server.port, json.loads(made)["key"])
            statuses = sender.send(EVENTS, HALF_S)
            for number in range(DEATHS):
                (cluster.stop if number % 2 else cluster.kill)()
                statuses += sender.send(EVENTS, 4 * HALF_S)  # longer than keys are taken to be those of the store
                cluster.start()
                statuses += sender.send(EVENTS, HALF_S)
            assert statuses == [200] * sender.sent
            with Store.open(cluster.url()) as store:
                ends = time.monotonic() + WAIT_S
                while (known := _users(store)) < sender.sent and time.monotonic() < ends:
                    time.sleep(HALF_S)
                assert known == sender.sent
                AuditLog(store).verify()
            server.signal(signal.SIGTERM)
            assert server.wait() == 0
        told = server.log.read_text()
    assert told.count("the worker gets on again") >= 1
    assert "Traceback" not in told
    print(f"deaths {DEATHS}, events {sender.sent}, all decided, ids in the vault {known}, "
          f"longest answer {sender.longest_s:.2f} s")  # fmt: skip


def _users(store: Store) -> int:
    with store.reading() as connection:
        return connection.scalar(select(func.count()).where(subjects.c.subject_type == "user")) or 0
