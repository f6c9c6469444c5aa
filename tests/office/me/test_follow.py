"""Whom decisions were about, as a plain reading of the whole log says it, however the log is cut into steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from bonafide.core.pseudonym import show_token
from bonafide.office.education.loading import NOTHING
from bonafide.office.journal import Record
from bonafide.office.me import decided
from bonafide.office.me.decided import latest_of, told_of
from bonafide.office.me.follow import Teller
from bonafide.office.me.reading import subject_of, token_of
from bonafide.office.store.database import Store
from bonafide.office.store.tables import decided_subjects, log_places, told_decisions
from bonafide.testing.webhooks.made import KEY, MadeLog

TIME = 1_767_601_800_000
OUTCOMES = ("allow", "warn", "verify", "hold", "decline")
_EVENT = st.tuples(
    st.sampled_from(["payment", "refund", "payout", "login", "transfer"]), st.integers(1, 3), st.integers(1, 2),
    st.sampled_from(OUTCOMES),
)  # fmt: skip


def record(number: int, kind: str, user: int, merchant: int, outcome: str) -> Record:
    """An event and its answer, as the journal keeps them."""
    event: dict[str, Any] = {"type": kind, "event_id": f"e{number}", "time": TIME + number}
    if kind in ("payment", "refund"):
        event |= {"user_id": show_token(user)}
    if kind in ("payment", "refund", "payout"):
        event |= {"merchant_id": show_token(100 + merchant)}
    answer: dict[str, Any] = {"event_id": f"e{number}", "seq": number, "status": "taught"}
    if kind != "login":
        answer = {"event_id": f"e{number}", "seq": number, "time": "2026-01-05T08:30:00.000Z", "outcome": outcome,
                  "hits": [], "measures": [], "bundle": "ab" * 32}  # fmt: skip
    return Record(TIME, "k", msgspec.json.encode(event), msgspec.json.encode(answer))


def plain(records: list[Record]) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """Subject -> the decisions about it: (place, outcome)."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for seq, one in enumerate(records):
        event, answer = msgspec.json.decode(one.content), msgspec.json.decode(one.answer)
        if "outcome" not in answer or event["type"] == "transfer":
            continue
        key = ("merchant", event["merchant_id"]) if event["type"] == "payout" else ("user", event["user_id"])
        found.setdefault(key, []).append((seq, answer["outcome"]))
    return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that is emptied before each history."""
    with Store.open(tmp_path_factory.mktemp("told") / "office.db") as store, pytest.MonkeyPatch.context() as changed:
        changed.setattr(decided, "DECISIONS_EACH_MAX", 4)
        yield store


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(events=st.lists(_EVENT, max_size=30), cuts=st.lists(st.integers(0, 30), max_size=3))
def test_it_knows_what_a_plain_reading_knows(kept: Store, events: list[Any], cuts: list[int]) -> None:
    with kept.writing() as connection:
        for table in (decided_subjects, told_decisions, log_places):
            connection.execute(delete(table))
    records = [record(number, *event) for number, event in enumerate(events)]
    log, done = MadeLog(), 0
    teller = Teller(kept, log, KEY, lambda _: NOTHING, lambda: TIME)
    for cut in (*sorted(cuts), len(records)):
        for one in records[done:cut]:
            log.append(one)
        done = max(done, min(cut, len(records)))
        while teller.step():
            pass
    with kept.reading() as connection:
        columns = (decided_subjects.c.subject_type, decided_subjects.c.subject)
        expected = plain(records)
        assert {(row[0], row[1]) for row in connection.execute(select(*columns))} == set(expected)
        for key, ours in expected.items():
            found = latest_of(connection, *key)
            assert found is not None
            assert (found[0], found[1].seq) == (ours[0][0], ours[-1][0])
            told = [(row.seq, row.outcome) for row in reversed(told_of(connection, *key))]
            assert told == [one for one in ours if one[1] != "allow"][-4:]


def test_an_older_log_names_subjects_in_clear() -> None:
    content = b'{"type":"payment","event_id":"e","time":1,"user_id":"u1","merchant_id":"m1"}'
    assert subject_of(content, KEY) == ("user", token_of("u1", KEY))
    assert subject_of(b'{"type":"transfer","event_id":"e","time":1}', KEY) is None


def test_a_log_that_is_another_is_read_anew(tmp_path: Path) -> None:
    with Store.open(tmp_path / "office.db") as store:
        for first in (1, 2):
            log = MadeLog()
            for number in range(3):
                log.append(record(number, "payment", first, 1, "warn"))
            teller = Teller(store, log, KEY, lambda _: NOTHING, lambda: TIME)
            while teller.step():
                pass
        with store.reading() as connection:
            assert latest_of(connection, "user", show_token(1)) is not None
