"""What leaves, over HTTP: messages with clear ids, receivers with secrets shown once, and what nobody took."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from bonafide.core.pseudonym import show_token
from bonafide.office.outbox.deliveries import DEAD
from bonafide.office.outbox.tail import Tailer
from bonafide.office.store.tables import outbox_deliveries
from tests.apps.server.bureau import ROOT, Bureau, opened
from tests.office.outbox.kit import MadeLog, decided

URL = "https://pay.example.org/hooks/seed-in-the-path"


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    with opened(tmp_path) as one:
        yield one


def filled(bureau: Bureau, records: int = 3) -> None:
    """Alerts and notices about one user, whose id the vault knows."""
    subject = bureau.vault.remember(ROOT, "user", "u1")
    token = show_token(subject.pseudonym)
    log = MadeLog()
    log.append(*(decided(seq, alert=True, measures=[("notice", "user", token)]) for seq in range(records)))
    tailer = Tailer(bureau.store, log, bureau.data.read_secret(), lambda: bureau.now_ms)
    while tailer.step():
        pass


def test_messages_are_pulled_by_a_cursor_with_the_platforms_own_ids(bureau: Bureau) -> None:
    filled(bureau)
    bureau.now_ms += 60_000  # what the vault does not know is not waited for any more
    key = bureau.key("platform")
    first = bureau.as_machine(key, "GET", "/v1/messages?limit=4").json
    assert ([one["number"] for one in first["messages"]], first["cursor"], first["has_more"]) == ([1, 2, 3, 4], 4, True)
    rest = bureau.as_machine(key, "GET", f"/v1/messages?after={first['cursor']}").json
    assert ([one["number"] for one in rest["messages"]], rest["cursor"], rest["has_more"]) == ([5, 6], 6, False)
    notices = bureau.as_machine(key, "GET", "/v1/messages?topic=notice").json["messages"]
    assert {(one["topic"], one["subject"], one["message"]["data"]["subject_id"]) for one in notices} == {
        ("notice", "user:u1", "u1")
    }
    both = bureau.as_machine(key, "GET", "/v1/messages?topic=notice&topic=alert").json["messages"]
    assert len(both) == 6
    wrong = bureau.as_machine(key, "GET", "/v1/messages?topic=gossip")
    assert (wrong.status, wrong.json["field"]) == (422, "topic")
    assert [deed for deed in bureau.deeds() if deed[1] == "subject.look"] == []


def test_receivers_are_added_paused_resumed_rotated_and_removed_and_the_log_says_by_whom(bureau: Bureau) -> None:
    ann = bureau.signed_in("ann")
    made = bureau.as_person(ann, "POST", "/v1/receivers", {"url": URL, "topics": ["alert"], "note": "till"})
    assert (made.status, made.json["state"], made.json["topics"]) == (201, "active", ["alert"])
    assert made.json["secret"].startswith("whsec_")
    path = f"/v1/receivers/{made.json['receiver_id']}"
    assert bureau.as_person(ann, "POST", f"{path}/pause").json["state"] == "paused"
    assert bureau.as_person(ann, "POST", f"{path}/resume").json["state"] == "active"
    turned = bureau.as_person(ann, "POST", f"{path}/rotate", {"overlap_s": 60})
    assert (turned.status, turned.json["secret"] != made.json["secret"]) == (201, True)
    listed = bureau.as_person(ann, "GET", "/v1/receivers")
    assert [one["url"] for one in listed.json["receivers"]] == [URL]
    assert b"whsec_" not in listed.body
    for _ in range(3):
        last = bureau.as_person(ann, "POST", f"{path}/rotate", {})
    assert last.problem == "conflict"
    assert bureau.as_person(ann, "POST", f"{path}/remove").json == {
        "receiver_id": made.json["receiver_id"],
        "given_up": 0,
    }
    for deed in ("pause", "resume", "rotate"):
        assert bureau.as_person(ann, "POST", f"{path}/{deed}", {}).problem == "not-found"
    assert bureau.as_person(ann, "POST", "/v1/receivers/nobody/remove").problem == "not-found"
    entries = [entry for entry in bureau.log.entries(who="person:ann") if entry.what.startswith("receiver.")]
    assert [entry.what.removeprefix("receiver.") for entry in entries] == [
        "add", "pause", "resume", "rotate", "rotate", "rotate", "remove",
    ]  # fmt: skip
    assert "seed" not in str(entries)
    assert {entry.from_where for entry in entries} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://pay.example.org/"}, "url"), ({"url": "https://10.0.0.7/"}, "url"), ({}, "url"),
        ({"url": "https://user:seed-secret@pay.example.org/"}, "url"), ({"url": URL, "topics": []}, "topics"),
        ({"url": URL, "topics": ["gossip"]}, "topics"), ({"url": URL, "note": "x" * 300}, "note"),
    ],
)  # fmt: skip
def test_what_nothing_is_sent_to_is_refused_without_repeating_it(
    bureau: Bureau, body: dict[str, object], field: str
) -> None:
    got = bureau.as_machine(bureau.key("admin"), "POST", "/v1/receivers", body)
    assert (got.status, got.json["field"]) == (422, field)
    assert b"seed" not in got.body


def test_what_nobody_took_is_shown_in_whole_messages_and_sent_again(bureau: Bureau) -> None:
    admin = bureau.key("admin")
    ids = [bureau.as_machine(admin, "POST", "/v1/receivers", {"url": URL}).json["receiver_id"] for _ in range(2)]
    filled(bureau)
    with bureau.store.writing() as connection:
        gone = {"state": DEAD, "attempts": 11, "done_ms": bureau.now_ms, "error": "answered 500"}
        connection.execute(update(outbox_deliveries).values(**gone))
    seen, after = [], 0
    while after is not None:
        page = bureau.as_machine(admin, "GET", f"/v1/messages/dead-letters?limit=3&after={after}").json
        seen += [(one["number"], one["receiver_id"]) for one in page["dead_letters"]]
        after = page["next_after"]
    assert seen == [(number, receiver) for number in range(1, 7) for receiver in sorted(ids)]
    one = bureau.as_machine(admin, "GET", f"/v1/messages/dead-letters?receiver={ids[0]}").json["dead_letters"]
    assert {(letter["tries"], letter["error"]) for letter in one} == {(11, "answered 500")}
    assert all(letter["subject"].startswith("user:~") for letter in one if letter["topic"] == "notice")
    resend = "/v1/messages/dead-letters/resend"
    assert bureau.as_machine(admin, "POST", resend, {"receiver_id": ids[0], "number": 1}).json == {"resent": 1}
    assert bureau.as_machine(admin, "POST", resend, {"receiver_id": ids[0]}).json == {"resent": 5}
    assert bureau.as_machine(admin, "POST", resend).json == {"resent": 6}
    assert bureau.as_machine(admin, "POST", resend).json == {"resent": 0}
    assert [deed[1] for deed in bureau.deeds()].count("receiver.resend") == 3
