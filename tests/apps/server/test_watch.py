"""What runs beside requests, and what it tells."""

from __future__ import annotations

import io
import json
import logging

import pytest

from bonafide.apps.server.logs import forward_others, open_log
from bonafide.apps.server.watch import Watch
from tests.apps.server.client import Client, encoded, payment


def told(client: Client) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in client.logged.getvalue().splitlines()]
    client.logged.truncate(0)
    client.logged.seek(0)
    return lines


def watch_of(client: Client) -> Watch:
    return Watch(client.service, open_log(out=client.logged), lambda: client.seconds)


def test_refusals_are_told_together_and_once() -> None:
    client = Client()
    watch = watch_of(client)
    client.post(encoded(payment("p1", amount=-1), payment("p2", amount=-2), {**payment("p3"), "Zhang San": 1}))
    watch.tell()
    (line,) = told(client)
    assert list(line)[:3] == ["time", "level", "event"]
    assert line["by"] == [
        {"reason": "invalid-field", "field": "amount", "records": 2},
        {"reason": "unknown-field", "field": "(unknown)", "records": 1},
    ]
    watch.tell()
    assert told(client) == []


def test_a_change_of_state_is_told_once() -> None:
    client = Client()
    watch = watch_of(client)
    for state, because in (("ready", ""), ("ready", ""), ("read-only", "the disk is full"), ("ready", "")):
        client.runtime.state, client.runtime.not_ready_because = state, because  # type: ignore[assignment]
        watch.note_state()
    lines = told(client)
    assert [(line["state"], line["level"]) for line in lines] == [
        ("ready", "info"), ("read-only", "error"), ("ready", "info"),
    ]  # fmt: skip
    assert lines[1]["because"] == "the disk is full"


def test_stalls_slow_commits_and_what_was_turned_away_are_told() -> None:
    client = Client()
    watch = watch_of(client)
    watch.note_lag(0.01)
    watch.note_lag(0.3)
    client.runtime.figures.commit_seconds.add(0.001)
    client.runtime.figures.commit_seconds.add(0.9)
    client.runtime.figures.turned_away["read-only"] += 7
    client.service.counts.reads_failed, client.service.counts.reads_failed_because = 3, "the store is away"
    watch.tell()
    watch.tell()
    stall, away, reads, slow = told(client)
    assert (stall["event"], stall["milliseconds"]) == ("loop-stalled", 300)
    assert (away["event"], away["read_only"]) == ("events-turned-away", 7)
    assert (reads["event"], reads["requests"], reads["because"]) == ("reads-failed", 3, "the store is away")
    assert (slow["event"], slow["commits"]) == ("commits-slow", 1)
    assert client.service.counts.loop_lag_max_s == 0.3


def test_what_libraries_say_is_told_without_its_text() -> None:
    out = io.StringIO()
    forward_others(open_log(out=out))
    try:
        raise ValueError("Zhang San")
    except ValueError as error:
        logging.getLogger("uvicorn.error").error("about Zhang San", exc_info=error)
    logging.getLogger("uvicorn.error").info("nothing")
    (line,) = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (line["event"], line["library"], line["failed"]) == ("library-warned", "uvicorn.error", "ValueError")
    assert "Zhang San" not in out.getvalue()


def test_what_our_own_parts_warn_of_is_a_line_like_all_others() -> None:
    out = io.StringIO()
    forward_others(open_log(out=out))
    logging.getLogger("bonafide.office.journal.event_ids").warning("%s is made anew", "ids.db")
    (line,) = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (line["event"], line["part"]) == ("warned", "bonafide.office.journal.event_ids")
    assert line["told"] == "ids.db is made anew"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), BrokenPipeError(), ValueError("closed")])
def test_a_log_that_cannot_be_written_stops_nothing(error: Exception) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise error

        def flush(self) -> None:
            raise error

    open_log(out=Full()).error("told", what="nobody")


def test_text_for_people_stays_on_one_line() -> None:
    out = io.StringIO()
    open_log("warning", "text", out).warning("told", what="a\nb")
    open_log("warning", "text", out).info("not told")
    assert out.getvalue().count("\n") == 1
    assert "event='told'" in out.getvalue()
